"""`contingency.transmit`: what was issued off-line or by EPEC goes to SEFAZ when normal emission is back. `contingency.deadline`:
a person is told before the law's time for it ends."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from gateway.core.clock import Clock, from_epoch_ms
from gateway.jobs.results import Done, NeedsAttention, Result, WaitFor
from gateway.jobs.worker import Job
from gateway.nfe.branch import Branch
from gateway.nfe.contingency import EPEC, OFFLINE
from gateway.store import contingencies, documents, setup
from gateway.store.database import Database, db_now

LOT = 200
BETWEEN_LOTS_SECONDS = 1.0


class Transmit:
    """The handler of `contingency.transmit`: puts the notes of an ended contingency back on their way, a lot at a time."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def __call__(self, job: Job) -> Result:
        waiting = await self._db.read(lambda conn: contingencies.waiting(conn, job.subject, LOT))
        if not waiting:
            return Done()
        at = self._clock.epoch_ms()

        def write(conn: Any) -> None:
            for document in contingencies.waiting(conn, job.subject, LOT):
                transmit(conn, document, at)
                documents.enqueue_issue(conn, document)

        return WaitFor(BETWEEN_LOTS_SECONDS, f"{len(waiting)} notas em contingência a caminho da SEFAZ.", write=write)


def transmit(conn: Any, document: str, at: int) -> None:
    """The note goes to SEFAZ from here on, byte for byte as the buyer has it."""
    text = "A SEFAZ voltou: a nota emitida em contingência será transmitida como foi entregue."
    documents.move(conn, document, "transmit", at=at, text=text)


class Deadline:
    """The handler of `contingency.deadline`: nothing to say when every note due that day was taken."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def __call__(self, job: Job) -> Result:
        branch, environment, due_at = str(job.payload["branch"]), int(job.payload["environment"]), int(job.payload["due_at"])
        tp_emis = str(job.payload.get("tpEmis", OFFLINE))

        def read(conn: Any) -> tuple[int, str | None, Branch | None, bool]:
            n, ref = contingencies.overdue(conn, branch, environment, due_at, tp_emis)
            return n, ref, setup.get_branch(conn, branch), db_now(conn) > due_at

        n, ref, owner, over = await self._db.read(read)
        if not n:
            return Done()
        assert owner is not None  # its notes hold it
        until = from_epoch_ms(due_at).astimezone(ZoneInfo(owner.time_zone))
        ends = "terminou" if over else "termina"
        if tp_emis == EPEC:
            return NeedsAttention(
                "NFE-EPEC-DUE",
                _still_here(n, branch, ref, "NF-e", "por EPEC"),
                f"O prazo de 168 horas {ends} até {until:%d/%m/%Y}: corrija as rejeitadas e confira a ligação com a SEFAZ. "
                "Vencido o prazo, o Ambiente Nacional não registra outro EPEC da empresa (142).",
            )
        return NeedsAttention(
            "NFCE-OFFLINE-DUE",
            _still_here(n, branch, ref, "NFC-e", "off-line"),
            f"O prazo {ends} em {until:%d/%m/%Y às %H:%M}: corrija as rejeitadas e confira a ligação com a SEFAZ.",
        )


def _still_here(n: int, branch: str, ref: str | None, note: str, how: str) -> str:
    if n == 1:
        return f"Uma {note} emitida {how} pela filial {branch} ainda não foi aceita pela SEFAZ: {ref}."
    return f"{n} {note} emitidas {how} pela filial {branch} ainda não foram aceitas pela SEFAZ (a primeira: {ref})."
