"""`event.send`: from an event asked for to SEFAZ's last word on it.

As with the note itself: the signed bytes are stored before a byte leaves, and whatever is found half done is resolved by asking
SEFAZ which events the note has. Type and sequence tell them apart, and for a carta de correção its text too.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from gateway.core.chave import ChaveAcesso
from gateway.core.clock import Clock, from_epoch_ms
from gateway.core.errors import EdgeError, NotSent, OperatorError, Refused, Throttled
from gateway.jobs.certificates import Certificates
from gateway.jobs.handlers.effects import after_outcome
from gateway.jobs.handlers.outcomes import EVENTS, issuer_guard
from gateway.jobs.results import Done, NeedsAttention, Result, RetryAfter, WaitFor
from gateway.jobs.worker import Job
from gateway.nfe.answers import Authorized, Cancelled, Denied
from gateway.nfe.branch import Branch
from gateway.nfe.certificate import Certificate
from gateway.nfe.event_answers import EventRefused, EventRegistered, EventUnknown, History, RegisteredEvent
from gateway.nfe.events.compose import compose_event, sign_event
from gateway.nfe.events.proc import join_proc_evento
from gateway.nfe.events.table import event_kind
from gateway.nfe.ports import Sefaz, SignedEvent, Target
from gateway.store import documents, fiscal_events, guards, ledger, received, setup
from gateway.store.database import Database
from gateway.store.document_rows import add_event
from gateway.store.documents import DocumentRow
from gateway.store.fiscal_events import FiscalEvent

CANCELS = frozenset({"110111", "110112"})
"""Events after which the note is cancelled."""
_REGISTERED = frozenset({"124", "135", "136", "155"})
_DOWN = frozenset({"wait_retry", "contingency", "poll"})
NOTE_UNKNOWN = "494"
"""The authoriser asked does not know the note of the event."""
SVC = frozenset({"6", "7"})
"""tpEmis of notes that a SVC authorised."""
CONSUMO_INDEVIDO_SECONDS = 3600.0
_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>'


@dataclass(frozen=True, slots=True)
class Found:
    """An event on its way. doc is None for the manifestation of a note of somebody else."""

    event: FiscalEvent
    doc: DocumentRow | None
    branch: Branch
    paused: tuple[float, str] | None


class SendEvent:
    """The handler of `event.send`."""

    def __init__(self, db: Database, clock: Clock, sefaz: Sefaz, certificates: Certificates, *, first: float = 5.0) -> None:
        self._db = db
        self._clock = clock
        self._sefaz = sefaz
        self._certificates = certificates
        self._first = first

    async def __call__(self, job: Job) -> Result:
        return await self.carry(job.subject)

    async def carry(self, event: str) -> Result:
        """One step of the event, by its id: also for the job of a document that carries its own."""
        found = await self._db.read(lambda conn: _found(conn, event))
        if found is None or found.event.status in ("registered", "rejected"):
            return Done()
        if found.paused is not None:
            return WaitFor(found.paused[0], found.paused[1], code="SEFAZ-656")
        pfx, certificate = await self._certificates.of(found.event.branch)
        mod = ChaveAcesso(found.event.chave).mod
        target = Target(uf=found.branch.address.uf, tpAmb=found.event.environment, mod=mod, pfx=pfx)
        if found.event.status in ("processing", "unknown"):
            return await self._ask(found, target)
        signed = await self._signed(found, certificate)
        return await self._send(found, signed, target, asked=False)

    async def _signed(self, found: Found, certificate: Certificate) -> FiscalEvent:
        """Write, sign and store the event: from here on its bytes may have left."""
        event = found.event
        moment = _moment(self._clock.now(), found)
        composed = compose_event(
            event_kind(event.tp_evento),
            ChaveAcesso(event.chave),
            tax_id=event.branch,
            cUF=event.chave[:2],
            n_seq=event.n_seq,
            environment=event.environment,
            values=event.values,
        )
        signed = await asyncio.to_thread(sign_event, composed, certificate, moment)
        at = self._clock.epoch_ms()
        return await self._db.write(lambda conn: fiscal_events.move(conn, event.id, "sign", at=at, signed=bytes(signed)))

    async def _send(self, found: Found, event: FiscalEvent, target: Target, *, asked: bool) -> Result:
        assert event.signed is not None  # stored by whoever calls
        back = "lose" if asked else "hold"  # what may have left before stays in doubt
        at_origin = event_kind(event.tp_evento).authorizer == "origin"
        lot = self._clock.epoch_ms()
        try:
            outcome = await self._sefaz.send_event(target, SignedEvent(event.signed), idLote=lot, at_origin=at_origin)
        except (NotSent, OperatorError):
            await self._step(event, back)
            raise
        except Throttled as error:
            return self._wait(event, error.after, error.detail, error.code, back)
        except Refused:
            await self._step(event, "lose")
            raise
        except EdgeError as error:
            return await self._lost(event, f"{error.detail} [{error.code}]")
        match outcome:
            case EventRegistered():
                proc = join_proc_evento(SignedEvent(event.signed), outcome.xml)
                return self._registered(event, outcome.cStat, outcome.xMotivo, outcome.nProt, outcome.at, outcome.xml, proc)
            case EventUnknown(reason):
                return await self._lost(event, reason)
            case EventRefused():
                return await self._refused(found, event, outcome, target, asked=asked)

    async def _refused(self, found: Found, event: FiscalEvent, answer: EventRefused, target: Target, *, asked: bool) -> Result:
        at = self._clock.epoch_ms()
        reason = f"{answer.cStat} {answer.xMotivo}"
        if answer.cStat == NOTE_UNKNOWN and _authorized_elsewhere(found):
            # Home does not know the note, so it cannot have the event either: the same event goes once home was told.
            await self._step(event, "hold")
            told = f"A SEFAZ da UF ainda não recebeu esta nota, que foi autorizada em contingência: {reason}"
            return RetryAfter(f"SEFAZ-{answer.cStat}", told)
        if answer.decision in ("idempotent", "query_then_decide"):
            if asked:
                return NeedsAttention(
                    f"SEFAZ-{answer.cStat}",
                    f"A SEFAZ recusou o evento ({reason}), e a consulta da nota não mostra nem o evento nem o motivo.",
                    "Consulte a nota no portal da SEFAZ; se o evento estiver lá, descarte este trabalho.",
                )
            lost = await self._step(event, "lose")
            return await self._ask(Found(lost, found.doc, found.branch, None), target)
        if answer.decision == "stop_wait":
            return self._wait(event, CONSUMO_INDEVIDO_SECONDS, reason, "SEFAZ-656", "lose" if asked else "hold")
        if answer.decision in _DOWN:

            def hold(conn: Any) -> None:
                fiscal_events.move(conn, event.id, "lose" if asked else "hold", at=at)

            return RetryAfter(f"SEFAZ-{answer.cStat}", reason, write=hold)

        def reject(conn: Any) -> None:
            fiscal_events.move(conn, event.id, "reject", at=at, cstat=answer.cStat, reason=answer.xMotivo)
            text = f"{event_kind(event.tp_evento).label}: recusado pela SEFAZ: {reason}"
            if found.doc is not None:
                add_event(conn, found.doc.id, "event_rejected", text, {"event": event.id, "cStat": answer.cStat}, at)

        return Done(reject)

    async def _step(self, event: FiscalEvent, step: str) -> FiscalEvent:
        at = self._clock.epoch_ms()
        return await self._db.write(lambda conn: fiscal_events.move(conn, event.id, step, at=at))

    def _wait(self, event: FiscalEvent, seconds: float, reason: str, code: str, step: str) -> Result:
        """Every worker leaves the issuer's services alone for a while; the event goes again after it."""
        at = self._clock.epoch_ms()

        def stop(conn: Any) -> None:
            guards.pause(conn, _guard(event), seconds, reason)
            fiscal_events.move(conn, event.id, step, at=at)

        return WaitFor(seconds, reason, code=code, write=stop)

    async def _lost(self, event: FiscalEvent, reason: str) -> Result:
        at = self._clock.epoch_ms()

        def write(conn: Any) -> None:
            fiscal_events.move(conn, event.id, "lose", at=at, reason=reason[:1000])

        return RetryAfter("SEFAZ-NO-ANSWER", f"Sem resposta clara da SEFAZ ao evento: {reason}", self._first, write=write)

    async def _ask(self, found: Found, target: Target) -> Result:
        """Which events the note has there, and what follows from it."""
        event = found.event
        if event.signed is None:
            return NeedsAttention(
                "EVENT-NO-BYTES",
                "O evento consta como enviado e não tem bytes guardados.",
                "Chame o suporte: isto não deveria acontecer.",
            )
        history = await self._sefaz.history(target, event.chave)
        if (adopted := self._adopted(event, history)) is not None:
            return adopted
        if not isinstance(history.consultation, Authorized | Cancelled | Denied):
            told = getattr(history.consultation, "xMotivo", "") or getattr(history.consultation, "reason", "")
            return RetryAfter("SEFAZ-NO-ANSWER", f"A consulta não esclareceu o evento: {told}")
        return await self._send(found, await self._resend(event), target, asked=True)

    def _adopted(self, event: FiscalEvent, history: History) -> Result | None:
        """The event as SEFAZ lists it, when it does."""
        known = next((one for one in history.events if _same(one, event)), None)
        if known is None or known.cStat not in _REGISTERED or known.nProt is None:
            return None
        proc = _DECLARATION + known.xml
        if event.signed is not None and event.signed in known.xml:
            proc = join_proc_evento(SignedEvent(event.signed), known.answer)
        at = known.at or self._clock.now()
        return self._registered(event, known.cStat, known.xMotivo, known.nProt, at, known.answer, proc)

    async def _resend(self, event: FiscalEvent) -> FiscalEvent:
        at = self._clock.epoch_ms()

        def resend(conn: Any) -> FiscalEvent:
            if event.status == "processing":
                fiscal_events.move(conn, event.id, "lose", at=at)
            return fiscal_events.move(conn, event.id, "resend", at=at)

        return await self._db.write(resend)

    def _registered(
        self, event: FiscalEvent, cStat: str, xMotivo: str, nProt: str, when: datetime, answer: bytes, proc: bytes
    ) -> Result:
        at = self._clock.epoch_ms()

        def write(conn: Any) -> None:
            moved = fiscal_events.move(
                conn,
                event.id,
                "register",
                at=at,
                answer=answer,
                proc=proc,
                protocol=nProt,
                cstat=cStat,
                reason=xMotivo,
                registered_at=int(when.timestamp() * 1000),
            )
            if moved.document is None:
                received.manifested(conn, moved, at)
                ledger.append_proof(conn, "event", event.id, proc, at)
                return
            told = f"{event_kind(event.tp_evento).label}: registrado pela SEFAZ, protocolo {nProt} ({cStat} {xMotivo})."
            add_event(conn, moved.document, "event_registered", told, {"event": event.id, "cStat": cStat}, at)
            doc = documents.get(conn, moved.document)
            if event.tp_evento in CANCELS and doc is not None and doc.status == "authorized":
                documents.move(
                    conn, doc.id, "cancel", at=at, text=f"Nota cancelada: protocolo {nProt}.", cstat=cStat, reason=xMotivo
                )
                after_outcome(conn, doc.id, at)
            ledger.append_proof(conn, "event", event.id, proc, at)

        return Done(write)


def _found(conn: Any, event: str) -> Found | None:
    found = fiscal_events.get(conn, event)
    if found is None:
        return None
    doc = None if found.document is None else documents.get(conn, found.document)
    branch = setup.get_branch(conn, found.branch)
    assert branch is not None  # fiscal_events.branch is a foreign key
    return Found(found, doc, branch, guards.paused_for(conn, _guard(found)))


def _guard(event: FiscalEvent) -> str:
    """The pause of a 656: of what goes to the Ambiente Nacional, it must not stop what goes home."""
    if event_kind(event.tp_evento).authorizer == "an":
        return f"an:{event.branch}"
    return issuer_guard(event.branch, EVENTS)


def _authorized_elsewhere(found: Found) -> bool:
    """Whether the note is authorised, by another authoriser than home, which hears of it later (SVC)."""
    return found.doc is not None and found.doc.status == "authorized" and found.event.chave[34] in SVC


def _same(known: RegisteredEvent, event: FiscalEvent) -> bool:
    if (known.tpEvento, known.n_seq) != (event.tp_evento, event.n_seq):
        return False
    text = event.values.get("xCorrecao")
    return text is None or known.correction == text


def _moment(now: datetime, found: Found) -> datetime:
    """dhEvento: now, and never before the authorisation that SEFAZ's clock dated (577, 579)."""
    zone = ZoneInfo(found.branch.time_zone)
    authorized = found.doc.authorized_at if found.doc is not None else None
    earliest = now if authorized is None else max(now, from_epoch_ms(authorized))
    return earliest.astimezone(zone).replace(microsecond=0)
