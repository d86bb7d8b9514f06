"""`nfe.issue`: from an accepted document to SEFAZ's last word on it.

The order is the promise: number and random part are stored, then the signed bytes with their chave and digest, then a
transmission row, and only then a byte leaves. Whatever is found half done is resolved by asking SEFAZ for the chave.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from msgspec.structs import replace

from gateway.core.clock import Clock, from_epoch_ms
from gateway.core.errors import EdgeError, NotSent, OperatorError, Refused, Throttled, ValidationFailed
from gateway.jobs.certificates import Certificates
from gateway.jobs.handlers.effects import after_outcome
from gateway.jobs.handlers.outcomes import authorized, denied, guard_key, lost, other_chave, rejected, service_down
from gateway.jobs.handlers.shadow import Shadow
from gateway.jobs.results import Done, NeedsAttention, Result, RetryAfter, WaitFor
from gateway.jobs.worker import Job
from gateway.nfe import request as requests
from gateway.nfe.answers import (
    Authorized,
    Cancelled,
    Consultation,
    Denied,
    NotFound,
    Outcome,
    Pending,
    Rejected,
    Unknown,
)
from gateway.nfe.branch import Branch
from gateway.nfe.build import Built
from gateway.nfe.certificate import Certificate
from gateway.nfe.operations import BranchOperation
from gateway.nfe.ports import Sefaz, SignedXml, Target
from gateway.nfe.product import Product
from gateway.nfe.qrcode import Csc
from gateway.nfe.request import AnyDraft, Request
from gateway.nfe.rulebook import NoRules
from gateway.nfe.rules import Mode
from gateway.nfe.signature import Signed, sign
from gateway.store import documents, guards, returned, setup
from gateway.store.branch_operations import operations_of
from gateway.store.database import Database
from gateway.store.documents import DocumentRow, TransmissionRow
from gateway.store.intake import random_cnf
from gateway.store.predictions import predict
from gateway.store.rule_modes import modes_of

log = structlog.get_logger()

FINAL = frozenset({"authorized", "rejected", "denied", "cancelled", "voided"})
"""Statuses in which there is nothing to do: a rejected document is put back in `processing` by whoever corrects it."""
NEVER_ARRIVED = frozenset({"not_sent", "service_down", "rejected"})
"""Outcomes of a transmission that left nothing at SEFAZ: sending may go on without asking."""
SERVICE_DOWN = frozenset({"wait_retry", "contingency"})
CONSUMO_INDEVIDO_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait before asking SEFAZ about a lost answer, in seconds.

    `first`: after the send whose answer was lost. `absent`: after a 217, before asking once more (nfe-rules: 30 to 60 s).
    """

    first: float = 5.0
    absent: float = 30.0


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
    ) -> None:
        self._db = db
        self._clock = clock
        self._sefaz = sefaz
        self._certificates = certificates
        self._patience = patience or Patience()
        self._shadow = shadow or Shadow(NoRules())

    async def __call__(self, job: Job) -> Result:
        return self._shadow.following(await self._issue(job), job.subject, self._clock.epoch_ms())

    async def _issue(self, job: Job) -> Result:
        found = await self._db.read(lambda conn: _found(conn, job.subject))
        if found is None or found.doc.status in FINAL:
            return Done()
        doc = found.doc
        if found.paused is not None:
            return WaitFor(found.paused[0], found.paused[1], code="SEFAZ-656")
        target, certificate = await self._target(doc, found.branch)
        if doc.status == "unknown" or _maybe_arrived(doc, found.attempts):
            return await self._ask(doc, target, found.attempts, found.signed)
        if found.signed is not None and doc.chave is not None and doc.status == "processing":
            return await self._send(doc, target, found.signed)
        try:
            doc, signed, seq = await self._prepare(found, certificate)
        except ValidationFailed as error:
            return self._unbuildable(doc, error)
        return await self._transmit(doc, target, seq, signed)

    async def _target(self, doc: DocumentRow, branch: Branch) -> tuple[Target, Certificate]:
        pfx, certificate = await self._certificates.of(doc.branch)
        return Target(uf=branch.address.uf, tpAmb=doc.environment, mod=doc.model, pfx=pfx), certificate

    async def _prepare(self, found: _Found, certificate: Certificate) -> tuple[DocumentRow, bytes, int]:
        """Number, build and sign. When it answers, everything that names the note is stored, and so is the send about to be."""
        doc = found.doc
        sale = requests.decode_request(doc.request)
        products = await self._products(sale)
        drawn = await self._draft(found, sale, products)
        draft = requests.in_series(drawn, doc.series)
        csc = await self._csc(draft, doc)
        at = self._clock.epoch_ms()
        chosen, cnf = requests.chosen_number(sale), requests.cnf_of(sale, random_cnf)
        doc = await self._db.write(lambda conn: documents.take_number(conn, doc.id, at=at, cnf=cnf, chosen=chosen))
        built, signed = await asyncio.to_thread(_build_and_sign, draft, doc, found.branch, certificate, csc)
        chave = str(built.chave)
        said = await self._shadow.predictions(built.note, doc, found.modes)

        def store(conn: Any) -> tuple[DocumentRow, int]:
            version = documents.store_signed(
                conn, doc.id, chave=chave, digest=signed.digest, xml=signed.xml, at=at, total=draft.total
            )
            predict(conn, doc, version, said, at)
            seq = documents.begin_transmission(conn, doc.id, kind="authorize", at=at)
            return _existing(conn, doc.id), seq

        fresh, seq = await self._db.write(store)
        return fresh, signed.xml, seq

    async def _draft(self, found: _Found, sale: Request, products: dict[str, Product]) -> AnyDraft:
        """As it was accepted: of earlier documents, what was left of their items when this one claimed its part."""
        doc, chaves = found.doc, requests.origins(sale)
        compose = partial(
            requests.draft,
            sale,
            found.branch,
            products,
            at=self._clock.now(),
            mod=doc.model,
            operations=found.operations,
        )
        if not chaves:
            return compose()
        kept = await self._db.read(lambda conn: returned.kept(conn, chaves, doc.branch, doc.environment, doc.id))
        return await asyncio.to_thread(compose, kept=kept)

    async def _csc(self, draft: AnyDraft, doc: DocumentRow) -> Csc | None:
        """The CSC, for a document that needs one. Raises ValidationFailed before a number is taken when there is none."""
        moment = requests.issued_at(draft) or self._clock.now()
        if not requests.needs_csc(draft, moment):
            return None
        csc = await self._certificates.csc(doc.branch, doc.environment)
        requests.require_csc(draft, csc is not None, moment)
        return csc

    async def _products(self, sale: Request) -> dict[str, Product]:
        skus = requests.skus(sale)
        if not skus:
            return {}
        return await self._db.read(lambda conn: setup.products_by_sku(conn, skus))

    def _unbuildable(self, doc: DocumentRow, error: ValidationFailed) -> Result:
        """The set-up changed between acceptance and issue: the document is refused by us, its ref can be retried."""
        fault = error.faults[0]
        reason = f"{fault.message} {fault.fix}".strip()
        at = self._clock.epoch_ms()

        def write(conn: Any) -> None:
            documents.move(conn, doc.id, "reject", at=at, text=f"Não foi possível montar a nota: {reason}", reason=reason)
            after_outcome(conn, doc.id, at)

        return Done(write)

    async def _send(self, doc: DocumentRow, target: Target, signed: bytes) -> Result:
        """Send bytes that are already stored, once more."""
        at = self._clock.epoch_ms()
        seq = await self._db.write(lambda conn: documents.begin_transmission(conn, doc.id, kind="authorize", at=at))
        return await self._transmit(doc, target, seq, signed)

    async def _transmit(self, doc: DocumentRow, target: Target, seq: int, signed: bytes) -> Result:
        outcome: Outcome
        try:
            outcome = await self._sefaz.authorize(target, SignedXml(signed), idLote=_lot(doc, seq))
        except (NotSent, OperatorError) as error:
            await self._close(doc, seq, "not_sent", reason=error.detail)
            raise
        except Throttled as error:
            await self._close(doc, seq, "not_sent", reason=error.detail)
            after, why = error.after, error.detail
            await self._db.write(lambda conn: guards.pause(conn, guard_key(doc), after, why))
            return WaitFor(after, why, code=error.code)
        except Refused as error:
            await self._close(doc, seq, "refused", reason=error.detail)
            raise
        except EdgeError as error:
            outcome = Unknown(f"{error.detail} [{error.code}]")
        return await self._settle(doc, target, seq, signed, outcome)

    async def _settle(self, doc: DocumentRow, target: Target, seq: int, signed: bytes, outcome: Outcome) -> Result:
        match outcome:
            case Authorized(protocol):
                return authorized(doc, seq, signed, protocol, self._clock.epoch_ms())
            case Denied(protocol):
                return denied(doc, seq, protocol, self._clock.epoch_ms())
            case Pending(cStat=cStat, xMotivo=xMotivo, after=after):
                return lost(doc, seq, f"{cStat} {xMotivo}", after, self._clock.epoch_ms(), cstat=cStat)
            case Unknown(reason):
                return lost(doc, seq, reason, self._patience.first, self._clock.epoch_ms())
            case Rejected() as answer:
                return await self._rejected(doc, target, seq, signed, answer)

    async def _rejected(self, doc: DocumentRow, target: Target, seq: int, signed: bytes, answer: Rejected) -> Result:
        at = self._clock.epoch_ms()
        reason = f"{answer.cStat} {answer.xMotivo}"
        if answer.decision in ("idempotent", "query_then_decide", "info", "poll"):
            await self._close(doc, seq, "unknown", cstat=answer.cStat, reason=answer.xMotivo)
            other = answer.other_chave
            if other is not None and other != doc.chave:
                return other_chave(doc, answer, other)
            text = f"A SEFAZ já conhece esta nota: {reason}"
            doc = await self._db.write(lambda conn: documents.move(conn, doc.id, "lose", at=at, text=text))
            attempts = await self._db.read(lambda conn: documents.transmissions(conn, doc.id))
            return await self._ask(doc, target, attempts, signed)
        if answer.decision == "stop_wait":
            await self._close(doc, seq, "service_down", cstat=answer.cStat, reason=answer.xMotivo)
            return await self._hold_back(doc, reason)
        if answer.decision in SERVICE_DOWN:
            return service_down(doc, seq, answer, at)

        return rejected(doc, seq, answer, at)

    async def _hold_back(self, doc: DocumentRow, reason: str) -> Result:
        """656: every worker stops calling for this issuer and service for an hour."""
        await self._db.write(lambda conn: guards.pause(conn, guard_key(doc), CONSUMO_INDEVIDO_SECONDS, reason))
        return WaitFor(CONSUMO_INDEVIDO_SECONDS, reason, code="SEFAZ-656")

    async def _ask(self, doc: DocumentRow, target: Target, attempts: tuple[TransmissionRow, ...], signed: bytes | None) -> Result:
        """Consulta protocolo by chave, and what follows from the answer."""
        if doc.chave is None or signed is None:
            return NeedsAttention(
                "DOCUMENT-NO-CHAVE",
                "O documento consta como enviado, mas não tem chave nem bytes guardados.",
                "Chame o suporte: isto não deveria acontecer.",
            )
        chave = doc.chave
        at = self._clock.epoch_ms()
        seq = await self._db.write(lambda conn: documents.begin_transmission(conn, doc.id, kind="consult", at=at))
        try:
            answer = await self._sefaz.consult(target, chave)
        except Throttled as error:
            await self._close(doc, seq, "not_sent", reason=error.detail)
            return WaitFor(error.after, error.detail, code=error.code)
        except (EdgeError, OperatorError) as error:
            await self._close(doc, seq, "no_answer", reason=error.detail)
            raise
        doc = await self._mark_unknown(doc)
        return await self._resolve(doc, target, seq, attempts, signed, answer)

    async def _mark_unknown(self, doc: DocumentRow) -> DocumentRow:
        """A crash between send and answer leaves `processing`: from here on it is `unknown`, as it should have been."""
        if doc.status != "processing":
            return doc
        at = self._clock.epoch_ms()
        text = "Envio interrompido sem resposta: a SEFAZ foi consultada pela chave."
        return await self._db.write(lambda conn: documents.move(conn, doc.id, "lose", at=at, text=text))

    async def _resolve(
        self,
        doc: DocumentRow,
        target: Target,
        seq: int,
        attempts: tuple[TransmissionRow, ...],
        signed: bytes,
        answer: Consultation,
    ) -> Result:
        at = self._clock.epoch_ms()
        match answer:
            case Authorized(protocol):
                return authorized(doc, seq, signed, protocol, self._clock.epoch_ms())
            case Denied(protocol):
                return denied(doc, seq, protocol, self._clock.epoch_ms())
            case Cancelled(cStat=cStat, xMotivo=xMotivo):

                def cancelled(conn: Any) -> None:
                    documents.end_transmission(
                        conn, doc.id, seq, outcome="cancelled", cstat=cStat, reason=xMotivo, answer=None, at=at
                    )
                    documents.move(conn, doc.id, "cancel", at=at, text=f"A SEFAZ informa: {cStat} {xMotivo}", cstat=cStat)
                    after_outcome(conn, doc.id, at)

                return Done(cancelled)
            case NotFound(cStat=cStat, xMotivo=xMotivo):
                await self._close(doc, seq, "not_found", cstat=cStat, reason=xMotivo)
                if not _already_absent(attempts):
                    return WaitFor(
                        self._patience.absent,
                        "A SEFAZ ainda não conhece a nota; será consultada mais uma vez antes do reenvio.",
                        code="SEFAZ-217",
                    )
                text = "A SEFAZ não conhece a nota: reenviando os mesmos bytes."
                doc = await self._db.write(lambda conn: documents.move(conn, doc.id, "resend", at=at, text=text))
                return await self._send(doc, target, signed)
            case Rejected(decision="stop_wait") as refusal:
                await self._close(doc, seq, "service_down", cstat=refusal.cStat, reason=refusal.xMotivo)
                return await self._hold_back(doc, f"{refusal.cStat} {refusal.xMotivo}")
            case Rejected() as refusal:
                await self._close(doc, seq, "no_answer", cstat=refusal.cStat, reason=refusal.xMotivo)
                return RetryAfter(f"SEFAZ-{refusal.cStat}", f"{refusal.cStat} {refusal.xMotivo}")
            case Unknown(reason):
                await self._close(doc, seq, "no_answer", reason=reason)
                return RetryAfter("SEFAZ-NO-ANSWER", reason)

    async def _close(
        self, doc: DocumentRow, seq: int, outcome: str, *, cstat: str | None = None, reason: str | None = None
    ) -> None:
        at = self._clock.epoch_ms()
        await self._db.write(
            lambda conn: documents.end_transmission(
                conn, doc.id, seq, outcome=outcome, cstat=cstat, reason=reason, answer=None, at=at
            )
        )


@dataclass(frozen=True, slots=True)
class _Found:
    """The document and all that the next step depends on, read at once."""

    doc: DocumentRow
    branch: Branch
    signed: bytes | None
    attempts: tuple[TransmissionRow, ...]
    paused: tuple[float, str] | None
    operations: tuple[BranchOperation, ...]
    modes: Mapping[str, Mode]


def _found(conn: Any, document: str) -> _Found | None:
    doc = documents.get(conn, document)
    if doc is None:
        return None
    branch = setup.get_branch(conn, doc.branch)
    assert branch is not None  # documents.branch is a foreign key
    return _Found(
        doc,
        # The number is of the environment the document was accepted in: a branch that moved on since does not take it along.
        replace(branch, environment=doc.environment),
        documents.artefact(conn, doc.id, "signed"),
        documents.transmissions(conn, doc.id),
        guards.paused_for(conn, guard_key(doc)),
        operations_of(conn, doc.branch),
        modes_of(conn, doc.environment),
    )


def _existing(conn: Any, document: str) -> DocumentRow:
    doc = documents.get(conn, document)
    assert doc is not None  # documents are never deleted
    return doc


def _maybe_arrived(doc: DocumentRow, attempts: tuple[TransmissionRow, ...]) -> bool:
    """Whether the last send may have reached SEFAZ without its answer having reached us."""
    if doc.status != "processing" or doc.chave is None:
        return False
    sends = [row for row in attempts if row.kind == "authorize"]
    return bool(sends) and sends[-1].outcome not in NEVER_ARRIVED


def _already_absent(attempts: tuple[TransmissionRow, ...]) -> bool:
    """Whether a consultation since the last send was already answered 217."""
    for row in reversed(attempts):
        if row.kind == "authorize":
            return False
        if row.outcome == "not_found":
            return True
    return False


def _lot(doc: DocumentRow, seq: int) -> int:
    return (doc.number or 0) * 1000 + seq


def _build_and_sign(
    draft: AnyDraft, doc: DocumentRow, branch: Branch, certificate: Certificate, csc: Csc | None
) -> tuple[Built, Signed]:
    assert doc.number is not None and doc.cnf is not None and doc.issued_at is not None
    moment = requests.issued_at(draft) or from_epoch_ms(doc.issued_at)
    issued = moment.astimezone(ZoneInfo(branch.time_zone)).replace(microsecond=0)
    built = requests.build(draft, number=doc.number, cNF=doc.cnf, dhEmi=issued)
    built = requests.supplemented(built, draft, dhEmi=issued, csc=csc, sign=certificate.sign_sha1)
    return built, sign(built.xml, certificate)
