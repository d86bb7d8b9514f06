"""The EPEC of a note: registered at the Ambiente Nacional by the note's own job, before the buyer gets the note.

Home is what is down, so a lost answer is asked of both: home may list the event, and the Ambiente Nacional, told the same bytes
again, registers them once (573 the second time).
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from gateway.core.clock import from_epoch_ms
from gateway.core.errors import EdgeError
from gateway.jobs.handlers.effects import after_outcome, request_print
from gateway.jobs.handlers.events import Found, SendEvent
from gateway.jobs.handlers.outcomes import also, other_chave
from gateway.jobs.results import Done, NeedsAttention, Result, WaitFor
from gateway.nfe.answers import Rejected
from gateway.nfe.event_answers import EventRefused
from gateway.nfe.ports import Target
from gateway.store import contingencies, documents, fiscal_events, setup
from gateway.store.document_rows import add_event
from gateway.store.documents import DocumentRow
from gateway.store.fiscal_events import FiscalEvent
from gateway.store.other_key import UNNAMED

log = structlog.get_logger("gateway.jobs")

THERE = "573"
"""The refusal that says the Ambiente Nacional has this very EPEC already: same key, type and sequence."""
TAKEN = frozenset({"485", "661"})
"""Refusals that say the number is of another note: of this very one it would have been a 573."""
_CHAVE = re.compile(r"chNFe\W{0,4}([0-9]{6}[0-9A-Z]{12}[0-9]{26})", re.IGNORECASE)


class RegisterEpec(SendEvent):
    """Carries an EPEC (`carry`), and its note with it: handed over when it is registered, rejected when it is refused."""

    async def _ask(self, found: Found, target: Target) -> Result:
        event = found.event
        if (adopted := await self._listed(event, target)) is not None:
            return adopted
        return await self._send(found, await self._resend(event), target, asked=True)

    async def _listed(self, event: FiscalEvent, target: Target) -> Result | None:
        """The event as home lists it. That home does not answer is why there is an EPEC: then nobody but the AN can tell."""
        try:
            history = await self._sefaz.history(target, event.chave)
        except EdgeError as error:
            log.info("epec.home_silent", chave=event.chave, error=error.code)
            return None
        return self._adopted(event, history)

    async def _refused(self, found: Found, event: FiscalEvent, answer: EventRefused, target: Target, *, asked: bool) -> Result:
        doc, at = found.doc, self._clock.epoch_ms()
        assert doc is not None  # an EPEC is of one of our notes
        reason = f"{answer.cStat} {answer.xMotivo}"
        named = _CHAVE.search(answer.xMotivo)
        if answer.cStat in TAKEN and (named is None or named[1] != event.chave):
            return await self._taken(doc, event, answer, UNNAMED if named is None else named[1], at)
        if answer.cStat == THERE:
            return await self._listed(event, target) or self._proved(event, answer, at)
        if answer.decision in ("idempotent", "query_then_decide"):
            return NeedsAttention(
                f"SEFAZ-{answer.cStat}",
                f"O Ambiente Nacional respondeu ao EPEC algo que o gateway não sabe tratar: {reason}",
                "Consulte a chave no portal da NF-e antes de tentar de novo.",
                write=lambda conn: _lose(conn, event, answer, at),
            )
        if answer.decision in ("stop_wait", "wait_retry", "contingency", "poll"):
            return await super()._refused(found, event, answer, target, asked=asked)

        def reject(conn: Any) -> None:
            fiscal_events.move(conn, event.id, "reject", at=at, cstat=answer.cStat, reason=answer.xMotivo)
            contingencies.disown(conn, doc.id)
            text = f"EPEC recusado pelo Ambiente Nacional: {reason}"
            data = {"event": event.id, "cStat": answer.cStat, "decision": answer.decision}
            add_event(conn, doc.id, "epec_rejected", text, data, at)
            documents.move(conn, doc.id, "reject", at=at, text=text, data=data, cstat=answer.cStat, reason=answer.xMotivo)
            after_outcome(conn, doc.id, at)

        return Done(reject)

    async def _taken(self, doc: DocumentRow, event: FiscalEvent, answer: EventRefused, other: str, at: int) -> Result:
        """The number is another note's, as in a 539: only a person knows whether it is the same sale."""
        seq = await self._db.write(lambda conn: documents.begin_transmission(conn, doc.id, kind="consult", at=at))

        def refuse(conn: Any) -> None:
            fiscal_events.move(conn, event.id, "reject", at=at, cstat=answer.cStat, reason=answer.xMotivo)
            contingencies.disown(conn, doc.id)

        refusal = Rejected(answer.cStat, answer.xMotivo, answer.decision, other)
        return also(other_chave(doc, seq, refusal, other, at), refuse)

    def _proved(self, event: FiscalEvent, answer: EventRefused, at: int) -> Result:
        """The Ambiente Nacional has this very key and does not say its protocol, which home will tell with the authorisation."""

        def write(conn: Any) -> None:
            _lose(conn, event, answer, at)
            _hand_over(conn, event, None, at)

        return WaitFor(0, f"EPEC já registrado: {answer.cStat} {answer.xMotivo}", write=write)

    def _registered(
        self, event: FiscalEvent, cStat: str, xMotivo: str, nProt: str, when: datetime, answer: bytes, proc: bytes
    ) -> Result:
        registered = super()._registered(event, cStat, xMotivo, nProt, when, answer, proc)
        at = self._clock.epoch_ms()

        def write(conn: Any) -> None:
            if registered.write is not None:
                registered.write(conn)
            _hand_over(conn, event, nProt, at)

        # One more turn: should the contingency have ended meanwhile, the note goes to SEFAZ at once.
        return WaitFor(0, "EPEC registrado.", write=write)


def _lose(conn: Any, event: FiscalEvent, answer: EventRefused, at: int) -> None:
    fiscal_events.move(conn, event.id, "lose", at=at, cstat=answer.cStat, reason=answer.xMotivo)


def _hand_over(conn: Any, event: FiscalEvent, nProt: str | None, at: int) -> None:
    """From here on the note is the buyer's: printed, and due at SEFAZ within the law's time."""
    assert event.document is not None  # an EPEC is of one of our notes
    doc = documents.get(conn, event.document)
    if doc is None or doc.status != "processing":
        return
    due_at = contingencies.due_at(conn, doc.id)
    branch = setup.get_branch(conn, doc.branch)
    assert branch is not None and due_at is not None  # documents.branch is a foreign key; an EPEC has a deadline
    until = from_epoch_ms(due_at).astimezone(ZoneInfo(branch.time_zone))
    told = "protocolo ainda não informado" if nProt is None else f"protocolo {nProt}"
    text = f"EPEC registrado pelo Ambiente Nacional, {told}: a NF-e será transmitida à SEFAZ da UF até {until:%d/%m/%Y às %H:%M}."
    data = {"event": event.id, "protocol": nProt, "due_at": due_at}
    documents.move(conn, doc.id, "issue_epec", at=at, text=text, data=data)
    request_print(conn, doc)
