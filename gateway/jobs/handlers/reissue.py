"""`reissue.settle`: of two attempts at one sale, the one that the buyer does not have is cancelled, or its number voided.

Each thing asked for has a key of its own, so that asking again, after a crash or by a second run, asks for nothing new.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from gateway.core.clock import Clock, from_epoch_ms
from gateway.core.errors import TransitionRefused, ValidationFailed
from gateway.jobs.results import Done, NeedsAttention, Result, WaitFor
from gateway.jobs.worker import Job
from gateway.nfe.branch import Branch
from gateway.nfe.contingency import OFFLINE
from gateway.nfe.events.table import event_kind
from gateway.store import documents, number_gaps, reissues, setup
from gateway.store.database import Database
from gateway.store.documents import DocumentRow
from gateway.store.event_intake import request_event, term_of
from gateway.store.number_gaps import Series
from gateway.store.voiding_intake import request_voiding

CANCEL, SUBSTITUTE = "110111", "110112"
WHY_CANCEL = "Venda emitida de novo em contingência por falta de resposta da SEFAZ"
WHY_VOID = "Nota não recebida pela SEFAZ; venda emitida de novo em contingência"
ASKED_SECONDS = 5.0
"""How soon the end of an event that was asked for is looked for."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """A sale's first attempt and the document that took its place."""

    attempt: DocumentRow
    sale: DocumentRow
    branch: Branch


class SettleAttempt:
    """The handler of `reissue.settle`."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def __call__(self, job: Job) -> Result:
        pair = await self._db.read(lambda conn: _pair(conn, job.subject))
        if pair is None:
            return Done()
        if pair.attempt.status == "rejected":
            return await self._void(pair)
        if pair.attempt.status != "authorized":
            return Done()  # cancelled, denied and voided are ends; what SEFAZ has not told yet its own job finds out
        if pair.sale.status == "authorized":
            return await self._cancel(pair)
        if pair.sale.status in ("rejected", "denied", "cancelled", "voided"):
            return _alone(pair)
        # The sale's note is on its way: should it fail, the first one is all there is.
        ended = _window(pair, CANCEL, self._clock.now())
        left = 0.0 if ended is None else (ended - self._clock.now()).total_seconds()
        return WaitFor(max(60.0, left), "A nota da venda ainda não foi autorizada.", code="REISSUE-WAITS")

    async def _cancel(self, pair: _Pair) -> Result:
        attempt, now = pair.attempt, self._clock.now()
        values: dict[str, Any] = {"nProt": attempt.protocol or "", "xJust": WHY_CANCEL}
        wanted = CANCEL
        ended = _window(pair, CANCEL, now)
        if ended is not None and now > ended:
            sold, asked = pair.sale.chave or "", pair.branch.contingency.substitution == "on"
            ended = _window(pair, SUBSTITUTE, now)
            if not asked or attempt.model != "65" or sold[34:35] != OFFLINE or (ended is not None and now > ended):
                return _late(pair)
            wanted, values = SUBSTITUTE, values | {"chNFeRef": sold}
        try:
            event, _ = await request_event(self._db, self._clock, attempt.id, wanted, values, ref=f"{attempt.id}:{wanted}")
        except (TransitionRefused, ValidationFailed) as error:
            return _refused(pair, error.detail)
        if event.status == "rejected":
            return _refused(pair, f"{event.cstat or ''} {event.reason or ''}".strip())
        if event.status == "registered":
            return Done()
        return WaitFor(ASKED_SECONDS, f"O cancelamento da nota {attempt.number} foi pedido à SEFAZ.", code="REISSUE-CANCEL")

    async def _void(self, pair: _Pair) -> Result:
        attempt, zone = pair.attempt, ZoneInfo(pair.branch.time_zone)
        assert attempt.number is not None  # a first attempt has the number it was sent with
        number, series = attempt.number, Series(attempt.branch, attempt.model, attempt.series, attempt.environment)
        if pair.branch.contingency.void == "propose":

            def propose(conn: Any) -> None:
                number_gaps.refresh(conn, pair.branch, series)

            return Done(propose)
        if pair.branch.environment != attempt.environment:
            return _unvoided(pair, "A filial mudou de ambiente depois da emissão.")
        issued = from_epoch_ms(attempt.issued_at or attempt.created_at).astimezone(zone)
        try:
            await request_voiding(
                self._db,
                self._clock,
                ref=f"{attempt.id}:void",
                branch=attempt.branch,
                model=attempt.model,
                series=attempt.series,
                first=number,
                last=number,
                reason=WHY_VOID,
                year=issued.year,
            )
        except ValidationFailed as error:
            return _unvoided(pair, error.detail)
        return Done()


def _pair(conn: Any, attempt: str) -> _Pair | None:
    doc = documents.get(conn, attempt)
    sale = None if doc is None else reissues.sale_of(conn, doc)
    branch = None if doc is None else setup.get_branch(conn, doc.branch)
    return None if doc is None or sale is None or branch is None else _Pair(doc, sale, branch)


def _window(pair: _Pair, wanted: str, now: datetime) -> datetime | None:
    term = term_of(pair.attempt, event_kind(wanted), pair.branch, now)
    return None if term is None else term.until


def _both(pair: _Pair) -> str:
    return f"A venda {pair.sale.ref} tem duas notas: {pair.attempt.number} (a primeira, autorizada) e {pair.sale.number}."


def _alone(pair: _Pair) -> Result:
    told = {"rejected": "foi recusada", "denied": "foi denegada", "cancelled": "foi cancelada", "voided": "foi inutilizada"}
    return NeedsAttention(
        "REISSUE-ALONE",
        f"{_both(pair)} A segunda {told[pair.sale.status]}.",
        "Se o comprador tem a segunda, corrija-a e tente de novo: autorizada, a primeira é cancelada sozinha. Se a primeira é a "
        "que vale, descarte esta tarefa; se a venda não vale, cancele a primeira.",
    )


def _late(pair: _Pair) -> Result:
    return NeedsAttention(
        "REISSUE-LATE",
        f"{_both(pair)} O prazo para cancelar a primeira terminou.",
        "Veja com o contador: cancelamento extemporâneo ou nota de estorno, conforme a UF; na NFC-e, por substituição.",
    )


def _refused(pair: _Pair, reason: str) -> Result:
    return NeedsAttention(
        "REISSUE-CANCEL-REFUSED",
        f"{_both(pair)} O cancelamento da primeira foi recusado: {reason}",
        f"Corrija a causa e tente de novo o evento na nota {pair.attempt.chave}; cancelada ela, esta tarefa se encerra sozinha.",
    )


def _unvoided(pair: _Pair, reason: str) -> Result:
    return NeedsAttention(
        "REISSUE-VOID",
        f"O número {pair.attempt.number} da primeira tentativa da venda {pair.sale.ref} não pôde ser inutilizado: {reason}",
        "Inutilize o número na página Numeração, ou em POST /v1/inutilizacoes.",
    )
