"""`nfe.issue`: from an accepted document to SEFAZ's last word on it.

The order is the promise: number and random part are stored, then the signed bytes with their chave and digest, then a
transmission row, and only then a byte leaves. Whatever is found half done is resolved by asking SEFAZ for the chave.
"""

from __future__ import annotations

import hashlib
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from gateway.core.clock import Clock, from_epoch_ms
from gateway.core.errors import EdgeError, NotSent, OperatorError, Refused, Throttled, ValidationFailed
from gateway.core.ids import new_id
from gateway.jobs.certificates import Certificates
from gateway.jobs.handlers.contingency import transmit
from gateway.jobs.handlers.effects import after_outcome, request_print
from gateway.jobs.handlers.epec import RegisterEpec
from gateway.jobs.handlers.found import Found, found
from gateway.jobs.handlers.inquiry import Inquiry, Patience, already_absent
from gateway.jobs.handlers.note_writer import NoteWriter
from gateway.jobs.handlers.outcomes import (
    AUTHORIZE,
    also,
    authorized,
    closing,
    denied,
    held_back,
    losing,
    lost,
    other_chave,
    received,
    rejected,
    service_down,
)
from gateway.jobs.handlers.shadow import Shadow
from gateway.jobs.results import Done, Result, RetryAfter, WaitFor
from gateway.jobs.schedule import result_of
from gateway.jobs.worker import Job
from gateway.nfe.answers import Authorized, Denied, Outcome, Pending, Rejected, Unknown
from gateway.nfe.branch import Branch
from gateway.nfe.certificate import Certificate
from gateway.nfe.contingency import OFFLINE, Emission
from gateway.nfe.epec import EPEC_EVENT, epec_detail
from gateway.nfe.events.compose import compose_event
from gateway.nfe.events.table import event_kind
from gateway.nfe.ports import Sefaz, SignedXml, Target
from gateway.nfe.rulebook import NoRules
from gateway.nfe.sefaz.endpoints import Endpoints
from gateway.store import contingencies, documents, fiscal_events, reissues
from gateway.store.authorizers import AuthorizerRow
from gateway.store.contingencies import Contingency
from gateway.store.database import Database
from gateway.store.documents import DocumentRow, TransmissionRow
from gateway.store.fiscal_events import FiscalEvent
from gateway.store.other_key import OTHER_KEY
from gateway.store.predictions import predict

__all__ = ["IssueNote", "Patience"]

FINAL = frozenset({"authorized", "rejected", "denied", "cancelled", "voided"})
"""Statuses in which there is nothing to do: a rejected document is put back in `processing` by whoever corrects it."""
NEVER_ARRIVED = frozenset({"not_sent", "service_down", "rejected", OTHER_KEY})
"""Outcomes of a transmission that left nothing at SEFAZ: sending may go on without asking."""
SERVICE_DOWN = frozenset({"wait_retry", "contingency"})
NO_EPEC_YET = "468"
"""The Ambiente Nacional has not told home of the EPEC yet: this note waits, and nothing is wrong with the authoriser."""
CIRCUIT_SECONDS = 15.0
"""How soon a note looks again while its authoriser's circuit is open: a probe, not a note, finds out that it is back."""


class IssueNote:
    """The handler of `nfe.issue`."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        sefaz: Sefaz,
        certificates: Certificates,
        patience: Patience | None = None,
        shadow: Shadow | None = None,
        endpoints: Endpoints | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._sefaz = sefaz
        self._certificates = certificates
        self._patience = patience or Patience()
        self._writer = NoteWriter(db, clock, certificates)
        self._epec = RegisterEpec(db, clock, sefaz, certificates, first=self._patience.first)
        self._inquiry = Inquiry(db, clock, sefaz, self._patience)
        self._endpoints = endpoints or Endpoints()
        self._shadow = shadow or Shadow(NoRules())

    async def __call__(self, job: Job) -> Result:
        return self._shadow.following(await self._issue(job), job.subject, self._clock.epoch_ms())

    async def _issue(self, job: Job) -> Result:
        known = await self._db.read(lambda conn: found(conn, job.subject, self._endpoints))
        if known is None or known.doc.status in FINAL:
            return Done()
        doc = known.doc
        if doc.status == "contingency":
            return self._handed_over(known)
        if known.emission is not None and _never_left(doc, known.attempts):
            return self._rebuilt(doc, "A nota não chegou a sair: será montada em contingência com o mesmo número.")
        if known.wants_reissue:
            return self._reissued(doc)
        if _svc_is_gone(known):
            return self._rebuilt(doc, "A SVC foi desativada sem receber a nota: será montada em emissão normal.")
        if known.entered is not None and known.emission is not None and known.emission.tpEmis == OFFLINE and doc.chave is None:
            return await self._offline(known, known.entered, known.emission)
        if known.wants_epec:
            return await self._previous_event(known)
        if known.known is not None and known.known.open:
            return WaitFor(CIRCUIT_SECONDS, _down(known.known), code="SEFAZ-DOWN")
        target, certificate = await self._target(doc, known.branch)
        if doc.status == "unknown" or _maybe_arrived(doc, known.attempts):
            return await self._inquiry.ask(known, target, job.failures)
        if (paused := known.paused.get(AUTHORIZE)) is not None:
            return WaitFor(paused[0], paused[1], code="SEFAZ-656")
        if known.signed is not None and doc.chave is not None and doc.status == "processing":
            return await self._send(known, target, known.signed, job.failures)
        try:
            doc, signed, seq = await self._prepare(known, certificate)
        except ValidationFailed as error:
            return self._unbuildable(doc, error)
        return await self._transmit(known, doc, target, seq, signed, job.failures)

    async def _target(self, doc: DocumentRow, branch: Branch) -> tuple[Target, Certificate]:
        pfx, certificate = await self._certificates.of(doc.branch)
        return Target(uf=branch.address.uf, tpAmb=doc.environment, mod=doc.model, pfx=pfx), certificate

    def _rebuilt(self, doc: DocumentRow, text: str) -> Result:
        at = self._clock.epoch_ms()
        return WaitFor(0, text, write=lambda conn: documents.unsign(conn, doc.id, at=at, text=text))

    def _reissued(self, doc: DocumentRow) -> Result:
        at = self._clock.epoch_ms()
        text = (
            f"A nota {doc.number} ficou sem resposta e a filial está em contingência: a venda será emitida com outro número. "
            "Quando a SEFAZ voltar, a primeira será consultada e, conforme a resposta, cancelada ou inutilizada."
        )

        def write(conn: Any) -> None:
            reissues.reissue(conn, doc.id, at=at, text=text)

        return WaitFor(0, "Emitida de novo em contingência.", write=write)

    def _handed_over(self, known: Found) -> Result:
        """The buyer has it: it waits for the end of its contingency, and then goes to SEFAZ as it is."""
        if known.own is None or known.own.left_at is None:
            return Done()
        doc, at = known.doc, self._clock.epoch_ms()
        return WaitFor(0, "A contingência acabou: a nota vai à SEFAZ.", write=lambda conn: transmit(conn, doc.id, at))

    async def _previous_event(self, known: Found) -> Result:
        """Signed for EPEC and registered at the Ambiente Nacional; normal emission again when that never got it and home is
        back."""
        doc, epec = known.doc, known.epec
        if epec is not None and epec.status == "requested" and known.own is not None and known.own.left_at is not None:
            never_left = epec.id
            at, text = self._clock.epoch_ms(), "A SEFAZ voltou antes do EPEC: a nota será montada em emissão normal."

            def give_up(conn: Any) -> None:
                fiscal_events.move(conn, never_left, "reject", at=at, reason="A SEFAZ voltou antes do envio.")
                documents.unsign(conn, doc.id, at=at, text=text)

            return WaitFor(0, text, write=give_up)
        if epec is None:
            _, certificate = await self._target(doc, known.branch)
            try:
                epec = await self._with_epec(known, certificate)
            except ValidationFailed as error:
                return self._unbuildable(doc, error)
        return await self._epec.carry(epec.id)

    async def _with_epec(self, found: Found, certificate: Certificate) -> FiscalEvent:
        """Number, note and EPEC, all stored before a byte leaves. Raises ValidationFailed."""
        doc, total, built, signed = await self._writer.signed(found, certificate)
        detail = epec_detail(built.note.infNFe)
        kind, entered = event_kind(EPEC_EVENT), found.own or found.entered
        assert entered is not None and found.emission is not None  # whoever calls saw both
        compose_event(
            kind, built.chave, tax_id=doc.branch, cUF=built.chave.cUF, n_seq=1, environment=doc.environment, values=detail
        )
        at, text = self._clock.epoch_ms(), msgspec.json.encode(detail).decode()
        tp_emis, zone = found.emission.tpEmis, ZoneInfo(found.branch.time_zone)

        def store(conn: Any) -> FiscalEvent:
            documents.store_signed(conn, doc.id, chave=str(built.chave), digest=signed.digest, xml=signed.xml, at=at, total=total)
            contingencies.issued(conn, doc, entered, tp_emis, zone)
            return fiscal_events.request(
                conn,
                _existing(conn, doc.id),
                kind,
                ref=new_id("epec"),
                body_hash=hashlib.sha256(text.encode()).digest(),
                n_seq=1,
                detail=text,
                at=at,
                carried=True,
            )

        return await self._db.write(store)

    async def _offline(self, found: Found, entered: Contingency, emission: Emission) -> Result:
        """Issued and printed without SEFAZ: the buyer's document from here on, transmitted when SEFAZ is back."""
        _, certificate = await self._target(found.doc, found.branch)
        try:
            doc, total, built, signed = await self._writer.signed(found, certificate)
        except ValidationFailed as error:
            return self._unbuildable(found.doc, error)
        at = self._clock.epoch_ms()
        zone = ZoneInfo(found.branch.time_zone)

        def write(conn: Any) -> None:
            documents.store_signed(conn, doc.id, chave=str(built.chave), digest=signed.digest, xml=signed.xml, at=at, total=total)
            due_at = contingencies.issued(conn, doc, entered, emission.tpEmis, zone)
            assert due_at is not None  # an off-line note has a deadline
            until = from_epoch_ms(due_at).astimezone(zone)
            text = f"Emitida em contingência off-line: será transmitida até {until:%d/%m/%Y}."
            documents.move(conn, doc.id, "issue_offline", at=at, text=text, data={"contingency": entered.id, "due_at": due_at})
            request_print(conn, doc)

        # One more turn: should the contingency have ended meanwhile, the note goes to SEFAZ at once.
        return WaitFor(0, "Emitida off-line.", write=write)

    async def _prepare(self, found: Found, certificate: Certificate) -> tuple[DocumentRow, bytes, int]:
        """Number, build and sign. When it answers, everything that names the note is stored, and so is the send about to be."""
        doc, total, built, signed = await self._writer.signed(found, certificate)
        said = await self._shadow.predictions(built.note, doc, found.modes)
        at = self._clock.epoch_ms()
        entered, emission = found.own or found.entered, found.emission

        def store(conn: Any) -> tuple[DocumentRow, int]:
            version = documents.store_signed(
                conn, doc.id, chave=str(built.chave), digest=signed.digest, xml=signed.xml, at=at, total=total
            )
            predict(conn, doc, version, said, at)
            if entered is not None and emission is not None:
                contingencies.issued(conn, doc, entered, emission.tpEmis, ZoneInfo(found.branch.time_zone))
            seq = documents.begin_transmission(conn, doc.id, kind="authorize", at=at)
            return _existing(conn, doc.id), seq

        fresh, seq = await self._db.write(store)
        return fresh, signed.xml, seq

    def _unbuildable(self, doc: DocumentRow, error: ValidationFailed) -> Result:
        """The set-up changed between acceptance and issue: the document is refused by us, its ref can be retried."""
        fault = error.faults[0]
        reason = f"{fault.message} {fault.fix}".strip()
        at = self._clock.epoch_ms()

        def write(conn: Any) -> None:
            documents.move(conn, doc.id, "reject", at=at, text=f"Não foi possível montar a nota: {reason}", reason=reason)
            after_outcome(conn, doc.id, at)

        return Done(write)

    async def _send(self, found: Found, target: Target, signed: bytes, failures: int) -> Result:
        """Send bytes that are already stored, once more."""
        doc, at = found.doc, self._clock.epoch_ms()
        seq = await self._db.write(lambda conn: documents.begin_transmission(conn, doc.id, kind="authorize", at=at))
        return await self._transmit(found, doc, target, seq, signed, failures)

    async def _transmit(self, found: Found, doc: DocumentRow, target: Target, seq: int, signed: bytes, failures: int) -> Result:
        outcome: Outcome
        try:
            outcome = await self._sefaz.authorize(target, SignedXml(signed), idLote=_lot(doc, seq))
        except Throttled as error:
            paused = held_back(doc, AUTHORIZE, error.detail, error.after)
            return also(paused, closing(doc, seq, "not_sent", self._clock.epoch_ms(), reason=error.detail))
        except (NotSent, OperatorError, Refused) as error:
            ended = "refused" if isinstance(error, Refused) else "not_sent"
            result = also(result_of(error, failures), closing(doc, seq, ended, self._clock.epoch_ms(), reason=error.detail))
            return found.unanswered(result, error.detail) if isinstance(error, NotSent) else result
        except EdgeError as error:
            outcome = Unknown(f"{error.detail} [{error.code}]")
        return self._settle(found, doc, seq, signed, outcome)

    def _settle(self, found: Found, doc: DocumentRow, seq: int, signed: bytes, outcome: Outcome) -> Result:
        at = self._clock.epoch_ms()
        match outcome:
            case Authorized(protocol):
                return found.answered(authorized(doc, seq, signed, protocol, at))
            case Denied(protocol):
                return found.answered(denied(doc, seq, protocol, at))
            case Pending(cStat=cStat, xMotivo=xMotivo, nRec=nrec, after=after):
                reason = f"{cStat} {xMotivo}"
                if nrec is None:
                    return lost(doc, seq, reason, after, at, cstat=cStat)
                return found.answered(received(doc, seq, nrec, reason, after, at))
            case Unknown(reason):
                return found.unanswered(lost(doc, seq, reason, self._patience.first, at), reason)
            case Rejected() as answer:
                return self._rejected(found, doc, seq, signed, answer, at)

    def _rejected(self, found: Found, doc: DocumentRow, seq: int, signed: bytes, answer: Rejected, at: int) -> Result:
        reason = f"{answer.cStat} {answer.xMotivo}"
        if answer.decision in ("idempotent", "query_then_decide", "info", "poll"):
            other = answer.other_chave
            if other is not None and other != doc.chave:
                return other_chave(doc, seq, answer, other, at)
            known = closing(doc, seq, "unknown", at, cstat=answer.cStat, reason=answer.xMotivo)
            lose = losing(doc, f"A SEFAZ já conhece esta nota: {reason}", at)
            return also(also(WaitFor(0, reason, code=f"SEFAZ-{answer.cStat}"), lose), known)
        if answer.decision == "stop_wait":
            ended = closing(doc, seq, "service_down", at, cstat=answer.cStat, reason=answer.xMotivo)
            return also(held_back(doc, AUTHORIZE, reason), ended)
        if answer.cStat == NO_EPEC_YET:
            ended = closing(doc, seq, "service_down", at, cstat=answer.cStat, reason=answer.xMotivo)
            return found.answered(also(RetryAfter("SEFAZ-468", f"O EPEC ainda não chegou à SEFAZ da UF: {reason}"), ended))
        if answer.decision in SERVICE_DOWN:
            return found.unanswered(service_down(doc, seq, answer, at), reason, answer.cStat)
        return found.answered(rejected(doc, seq, signed, answer, at))


def _existing(conn: Any, document: str) -> DocumentRow:
    doc = documents.get(conn, document)
    assert doc is not None  # documents are never deleted
    return doc


def _maybe_arrived(doc: DocumentRow, attempts: tuple[TransmissionRow, ...]) -> bool:
    """Whether the last send may have reached SEFAZ without its answer having reached us."""
    if doc.status != "processing" or doc.chave is None or already_absent(attempts):
        return False  # processing again after a 217: the same bytes are to be sent
    sends = [row for row in attempts if row.kind == "authorize"]
    return bool(sends) and sends[-1].outcome not in NEVER_ARRIVED


def _never_left(doc: DocumentRow, attempts: tuple[TransmissionRow, ...]) -> bool:
    """Whether bytes signed for normal emission exist of which none ever left."""
    if doc.status != "processing" or doc.chave is None or doc.chave[34] != "1":
        return False
    return all(row.outcome == "not_sent" for row in attempts if row.kind == "authorize")


def _svc_is_gone(known: Found) -> bool:
    """Whether the document was signed for a SVC that took nothing in, and its contingency is over."""
    doc, own = known.doc, known.own
    if doc.status != "processing" or doc.chave is None or own is None or own.mode != "svc" or own.left_at is None:
        return False
    return all(row.outcome in ("not_sent", "service_down") for row in known.attempts if row.kind == "authorize")


def _down(known: AuthorizerRow) -> str:
    return f"O autorizador {known.name} não responde; a nota segue sozinha quando ele voltar. {known.reason or ''}".strip()


def _lot(doc: DocumentRow, seq: int) -> int:
    return (doc.number or 0) * 1000 + seq
