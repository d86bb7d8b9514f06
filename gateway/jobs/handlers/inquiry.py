"""Asking SEFAZ what became of a note: by its receipt while there is one, by its chave otherwise. Nothing is sent again from here:
what the answer means is written, and the next run of the job acts on it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from gateway.core.clock import Clock
from gateway.core.errors import EdgeError, NotSent, OperatorError, Throttled
from gateway.jobs.handlers.effects import after_outcome
from gateway.jobs.handlers.found import Found
from gateway.jobs.handlers.outcomes import (
    CONSULT,
    RECEIPT,
    also,
    authorized,
    closing,
    denied,
    held_back,
    losing,
    other_chave,
    rejected,
)
from gateway.jobs.results import Done, NeedsAttention, Result, RetryAfter, WaitFor
from gateway.jobs.schedule import result_of
from gateway.nfe.answers import Authorized, Cancelled, Consultation, Denied, NotFound, Outcome, Pending, Rejected, Unknown
from gateway.nfe.ports import Sefaz, Target
from gateway.store import documents, receipts
from gateway.store.database import Database
from gateway.store.documents import DocumentRow, TransmissionRow
from gateway.store.reissues import ATTEMPT

POLLS = 10
"""How often a receipt is asked about before the note is consulted by its chave."""
GROWTH = 1.5
LONGEST_POLL = 300.0
INTERRUPTED = "Envio interrompido sem resposta: a SEFAZ foi consultada pela chave."
LATER = frozenset({"wait_retry", "contingency", "poll", "info", "query_then_decide", "idempotent"})
"""Refusals of a consultation after which asking again may help; any other one is for a person."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait before asking SEFAZ about a lost answer, in seconds.

    `first`: after the send whose answer was lost. `absent`: after a 217, before asking once more (nfe-rules: 30 to 60 s).
    """

    first: float = 5.0
    absent: float = 30.0


class Inquiry:
    """Finds out what SEFAZ knows of a note that was maybe sent."""

    def __init__(self, db: Database, clock: Clock, sefaz: Sefaz, patience: Patience) -> None:
        self._db = db
        self._clock = clock
        self._sefaz = sefaz
        self._patience = patience

    async def ask(self, found: Found, target: Target, failures: int) -> Result:
        """One question and what follows from its answer. The note says that its outcome is unknown before it is asked about."""
        doc, signed, chave = found.doc, found.signed, found.doc.chave
        if chave is None or signed is None:
            return NeedsAttention(
                "DOCUMENT-NO-CHAVE",
                "O documento consta como enviado, mas não tem chave nem bytes guardados.",
                "Chame o suporte: isto não deveria acontecer.",
            )
        by_receipt = found.receipt is not None and found.receipt[1] < POLLS
        service = RECEIPT if by_receipt else CONSULT
        if (paused := found.paused.get(service)) is not None:
            return WaitFor(paused[0], paused[1], code="SEFAZ-656")
        doc, seq = await self._db.write(lambda conn: self._begin(conn, doc))
        found = replace(found, doc=doc)
        try:
            if by_receipt and found.receipt is not None:
                outcome = await self._sefaz.receipt(target, chave, found.receipt[0])
                return self._of_receipt(found, seq, signed, found.receipt, outcome)
            return self._resolve(found, seq, signed, await self._sefaz.consult(target, chave))
        except Throttled as error:
            ended = closing(doc, seq, "not_sent", self._clock.epoch_ms(), reason=error.detail)
            return also(held_back(doc, service, error.detail, error.after), ended)
        except (EdgeError, OperatorError) as error:
            ended = closing(doc, seq, "no_answer", self._clock.epoch_ms(), reason=error.detail)
            result = also(result_of(error, failures), ended)
            return found.unanswered(result, error.detail) if isinstance(error, NotSent) else result

    def _begin(self, conn: Any, doc: DocumentRow) -> tuple[DocumentRow, int]:
        at = self._clock.epoch_ms()
        losing(doc, INTERRUPTED, at)(conn)
        seq = documents.begin_transmission(conn, doc.id, kind="consult", at=at)
        moved = documents.get(conn, doc.id)
        assert moved is not None  # documents are never deleted
        return moved, seq

    def _of_receipt(self, found: Found, seq: int, signed: bytes, receipt: tuple[str, int], outcome: Outcome) -> Result:
        doc, at = found.doc, self._clock.epoch_ms()
        match outcome:
            case Authorized(protocol):
                return _forgetting(doc.id, found.answered(authorized(doc, seq, signed, protocol, at)))
            case Denied(protocol):
                return _forgetting(doc.id, found.answered(denied(doc, seq, protocol, at)))
            case Pending(cStat=cStat, xMotivo=xMotivo, after=after):
                wait = min(LONGEST_POLL, after * GROWTH ** receipt[1])
                again = also(
                    WaitFor(wait, f"{cStat} {xMotivo}", code=f"SEFAZ-{cStat}"),
                    lambda conn: receipts.polled(conn, doc.id),
                )
                return also(again, closing(doc, seq, "pending", at, cstat=cStat, reason=xMotivo))
            case Rejected(decision="stop_wait") as refusal:
                return self._stopped(found, seq, refusal, RECEIPT)
            case Rejected() as refusal if refusal.decision in LATER:
                ended = closing(doc, seq, "unknown", at, cstat=refusal.cStat, reason=refusal.xMotivo)
                return _forgetting(doc.id, also(WaitFor(0, f"{refusal.cStat} {refusal.xMotivo}"), ended))
            case Rejected() as refusal:
                return _forgetting(doc.id, found.answered(rejected(doc, seq, signed, refusal, at)))
            case Unknown(reason):  # 106 too: the lot is not known, the note may be
                ended = closing(doc, seq, "no_answer", at, reason=reason)
                return _forgetting(doc.id, also(WaitFor(self._patience.first, reason, code="SEFAZ-106"), ended))

    def _stopped(self, found: Found, seq: int, refusal: Rejected, service: str) -> Result:
        ended = closing(found.doc, seq, "service_down", self._clock.epoch_ms(), cstat=refusal.cStat, reason=refusal.xMotivo)
        return also(held_back(found.doc, service, f"{refusal.cStat} {refusal.xMotivo}"), ended)

    def _resolve(self, found: Found, seq: int, signed: bytes, answer: Consultation) -> Result:
        doc, at = found.doc, self._clock.epoch_ms()
        match answer:
            case Authorized(protocol):
                return found.answered(authorized(doc, seq, signed, protocol, at))
            case Denied(protocol):
                return found.answered(denied(doc, seq, protocol, at))
            case Cancelled(cStat=cStat, xMotivo=xMotivo):

                def cancelled(conn: Any) -> None:
                    closing(doc, seq, "cancelled", at, cstat=cStat, reason=xMotivo)(conn)
                    documents.move(conn, doc.id, "cancel", at=at, text=f"A SEFAZ informa: {cStat} {xMotivo}", cstat=cStat)
                    after_outcome(conn, doc.id, at)

                return Done(cancelled)
            case NotFound(cStat=cStat, xMotivo=xMotivo):
                return found.answered(self._absent(found, seq, cStat, xMotivo, at))
            case Rejected(decision="stop_wait") as refusal:
                return self._stopped(found, seq, refusal, CONSULT)
            case Rejected(other_chave=str() as other) as refusal if other != doc.chave:
                return other_chave(doc, seq, refusal, other, at)
            case Rejected() as refusal:
                reason = f"{refusal.cStat} {refusal.xMotivo}"
                ended = closing(doc, seq, "no_answer", at, cstat=refusal.cStat, reason=refusal.xMotivo)
                if refusal.decision in LATER:
                    result: Result = RetryAfter(f"SEFAZ-{refusal.cStat}", reason)
                    return found.unanswered(also(result, ended), reason, refusal.cStat)
                return also(_for_a_person(refusal, reason), ended)
            case Unknown(reason):
                ended = closing(doc, seq, "no_answer", at, reason=reason)
                return found.unanswered(also(RetryAfter("SEFAZ-NO-ANSWER", reason), ended), reason)

    def _absent(self, found: Found, seq: int, cStat: str, xMotivo: str, at: int) -> Result:
        doc = found.doc
        first = not already_absent(found.attempts)

        def write(conn: Any) -> None:
            closing(doc, seq, "not_found", at, cstat=cStat, reason=xMotivo)(conn)
            if not first and doc.origin == ATTEMPT:
                reason = "A SEFAZ nunca recebeu esta nota, e a venda foi emitida de novo em contingência."
                documents.move(conn, doc.id, "reject", at=at, text=reason, cstat=cStat, reason=reason)
                after_outcome(conn, doc.id, at)
            elif not first:
                text = "A SEFAZ não conhece a nota: reenviando os mesmos bytes."
                documents.move(conn, doc.id, "resend", at=at, text=text)

        if first:
            why = "A SEFAZ ainda não conhece a nota; será consultada mais uma vez antes do reenvio."
            return WaitFor(self._patience.absent, why, code="SEFAZ-217", write=write)
        if doc.origin == ATTEMPT:
            return Done(write)
        return WaitFor(0, "A SEFAZ não conhece a nota: os mesmos bytes vão de novo.", code="SEFAZ-217", write=write)


def _for_a_person(refusal: Rejected, reason: str) -> Result:
    return NeedsAttention(
        f"SEFAZ-{refusal.cStat}",
        f"A SEFAZ recusou a consulta da nota: {reason}",
        "Corrija o que a recusa aponta (certificado, cadastro ou ambiente da filial) e tente de novo.",
    )


def _forgetting(document: str, result: Result) -> Result:
    return also(result, lambda conn: receipts.forget(conn, document))


def already_absent(attempts: tuple[TransmissionRow, ...]) -> bool:
    """Whether a consultation since the last send was already answered 217."""
    for row in reversed(attempts):
        if row.kind == "authorize":
            return False
        if row.outcome == "not_found":
            return True
    return False
