"""`batch.take`: the lines of a batch become documents, a window of them at a time, until the last has its answer.

The lines themselves are the place where it stands: whatever dies, the next run takes those that are still `taken`, and a sale
accepted twice is the same document. Only `WINDOW` documents of a batch are on their way at once, so a batch of any size keeps
the queue short: a sale from the counter waits behind a few hundred notes at most, and a cancelled batch has few to stop.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import structlog

from gateway.core.clock import Clock
from gateway.core.errors import (
    GatewayError,
    IdempotencyConflict,
    InvariantBroken,
    StorageFull,
    TransitionRefused,
    ValidationFailed,
)
from gateway.core.faults import Fault
from gateway.core.ids import new_id
from gateway.jobs.results import Done, Result, WaitFor
from gateway.jobs.worker import Job
from gateway.nfe.raw import RawNote
from gateway.nfe.request import Request
from gateway.nfe.sale import Sale
from gateway.store import batches, documents, intake, jobs
from gateway.store.batches import Answered, Work, WorkLine
from gateway.store.database import Database

log = structlog.get_logger()

PAGE = 64
"""Lines answered in one transaction."""
LANES = 8
"""Lines composed at the same time: their commits share one fsync, and the event loop is free between any two of them."""
WINDOW = 512
SLICE_SECONDS = 20.0
"""How long one run goes on before others of its queue have their turn."""
BUSY_SECONDS = 0.3
LONGEST_WAIT = 30.0
STOPPED = "Lote cancelado antes da numeração."


class TakeBatch:
    """The handler of `batch.take`."""

    def __init__(
        self, db: Database, clock: Clock, *, window: int = WINDOW, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._db = db
        self._clock = clock
        self._window = window
        self._monotonic = monotonic

    async def __call__(self, job: Job) -> Result:
        until = self._monotonic() + SLICE_SECONDS
        while True:
            work = await self._db.read(lambda conn: batches.next_work(conn, job.subject, page=PAGE, window=self._window))
            if work is None:
                return Done()
            if work.batch.cancelled_at is not None:
                await self._stop(work)
                work = Work(work.batch, (), work.in_flight)
            if not work.lines:
                return await self._rest(work)
            await self._take(work)
            if self._monotonic() > until:
                return WaitFor(0.0, "O lote continua em seguida.", code="BATCH-SLICE")

    async def _rest(self, work: Work) -> Result:
        """Nothing to take now: the window is full, or the documents on their way are waited for, or it is over."""
        at = self._clock.epoch_ms()
        if await self._db.write(lambda conn: batches.finish(conn, work.batch.id, at)):
            return Done()
        if not work.in_flight:
            return Done()  # the rest of the post, or another one, wakes a new job
        if work.in_flight >= self._window:
            return WaitFor(
                BUSY_SECONDS, "Notas do lote a caminho da SEFAZ; as próximas linhas esperam a vez.", code="BATCH-WINDOW"
            )
        age = (at - work.batch.created_at) / 1000
        wait = min(LONGEST_WAIT, max(BUSY_SECONDS, age / 60))
        return WaitFor(wait, "Esperando a resposta da SEFAZ às últimas notas do lote.", code="BATCH-ANSWERS")

    async def _take(self, work: Work) -> None:
        lines = iter(work.lines)
        answers: list[Answered] = []

        async def lane() -> None:
            for line in lines:
                answers.append(await self._one(work.batch.id, line))

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(LANES, len(work.lines))):
                    group.create_task(lane())
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from several
        at = self._clock.epoch_ms()
        answers.sort(key=lambda one: one.seq)
        await self._db.write(lambda conn: batches.answer(conn, work.batch.id, answers, at))

    async def _one(self, batch: str, line: WorkLine) -> Answered:
        """One line's answer. Whatever is wrong with it is its own; only a database or an invariant that fails is everybody's."""
        try:
            return Answered(line.seq, await self._document(batch, line))
        except (StorageFull, InvariantBroken):
            raise
        except ValidationFailed as error:
            return Answered(line.seq, faults=error.faults)
        except IdempotencyConflict as error:
            return Answered(line.seq, faults=(_fault(error),), status="conflict")
        except GatewayError as error:
            return Answered(line.seq, faults=(_fault(error),))
        except Exception:
            incident = new_id("inc")
            log.exception("batch.line_defect", batch=batch, seq=line.seq, incident=incident)
            fix = f"Informe o incidente {incident} ao suporte."
            return Answered(line.seq, faults=(Fault(code="GW-DEFECT", path="$", message="Houve um erro inesperado.", fix=fix),))

    async def _document(self, batch: str, line: WorkLine) -> str:
        known = await self._db.read(lambda conn: documents.by_ref(conn, line.ref))
        sale = _request(line)
        if line.again and known is not None and known.id == line.document:
            return await self._again(known.id, sale)
        if sale is None:
            raise InvariantBroken(f"A linha {line.seq} do lote {batch} não tem conteúdo nem documento.")
        model = "65" if line.kind == "nfce" else "55"
        doc, _ = await intake.accept_sale(self._db, self._clock, sale, origin="batch", origin_ref=batch, model=model)
        return doc.id

    async def _again(self, document: str, sale: Request | None) -> str:
        """The rejected document once more, corrected or as it is; one that moved on meanwhile is left alone."""
        try:
            await intake.retry_sale(self._db, self._clock, document, sale)
        except TransitionRefused:
            return document

        def wake(conn: Any) -> None:
            # A refusal of ours leaves the job waiting for a person, who has just asked for this.
            for job in jobs.live_for(conn, document):
                if job.kind == documents.ISSUE_KIND and job.state in ("needs_attention", "waiting"):
                    jobs.retry_now(conn, job.id)

        await self._db.write(wake)
        return document

    async def _stop(self, work: Work) -> None:
        """Put away what has no number: lines without a document, and documents whose job nobody is running."""
        batch = work.batch.id
        at = self._clock.epoch_ms()
        while await self._db.write(lambda conn: batches.put_away(conn, batch, at, self._window)):
            continue
        for document in await self._db.read(lambda conn: batches.unnumbered(conn, batch)):
            await self._db.write(partial(_stop_document, batch=batch, document=document, at=at))


def _request(line: WorkLine) -> Request | None:
    if line.body is None:
        return None
    if line.kind == "raw":
        return msgspec.json.decode(line.body, type=RawNote)
    return msgspec.json.decode(line.body, type=Sale)


def _fault(error: GatewayError) -> Fault:
    return Fault(code=error.code, path="$", message=error.detail, fix=error.fix)


def _stop_document(conn: Any, batch: str, document: str, at: int) -> None:
    doc = documents.get(conn, document)
    if doc is None or doc.status != "accepted" or (doc.origin, doc.origin_ref) != ("batch", batch):
        return
    for job in jobs.live_for(conn, document):
        try:
            jobs.discard(conn, job.id, STOPPED)
        except TransitionRefused:
            return  # it is being numbered now: it goes on to its end
    documents.move(conn, document, "reject", at=at, text=STOPPED, reason=STOPPED)
    batches.mark_cancelled(conn, batch, document, at)
