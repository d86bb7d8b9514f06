"""The worker: claims due jobs from the database, runs their handlers, and writes what came of each under its token.

A wake-up (a commit of this process, a hint from another) makes it look at once; without any it looks every `sweep` seconds, so
it works the same while Redis is down. While a job runs its lease is renewed; a worker that stops hands its jobs back.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import structlog

from gateway.core.errors import ConfigInvalid, StorageFull, treatment
from gateway.jobs.results import NeedsAttention, Result, RetryAfter
from gateway.jobs.schedule import Schedule, halts, result_of, settlement
from gateway.store import jobs
from gateway.store.database import Database
from gateway.store.jobs import JobRow, LeaseLost, Settlement

log = structlog.get_logger("gateway.jobs")

FINISHING_GRACE = 5.0
"""Seconds that a job whose handler has answered gets to write its ending, whatever grace was left."""
HALT_GRACE = 10.0
"""Seconds for the other jobs in hand when an error halts the worker."""
HICCUP_FIRST = 0.1
HICCUP_LAST = 5.0
"""Seconds between tries while the database does not answer: doubled from the first to the last."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a handler sees of its job. `attempts` counts this run; `failures` are those before it; created_at in ms."""

    id: str
    kind: str
    key: str | None
    subject: str
    payload: Mapping[str, Any]
    attempts: int
    failures: int
    created_at: int


Handler = Callable[[Job], Awaitable[Result]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job: where it queues, what runs it, for how many seconds at most, and when it is tried again."""

    name: str
    queue: str
    handler: Handler
    timeout: float
    schedule: Schedule


@dataclass(slots=True)
class _Run:
    """A job in hand. `why` says who cancelled its task; `finishing`: its handler has answered, only its ending is left."""

    row: JobRow
    task: asyncio.Task[None]
    why: Literal["stop", "lost"] | None = None
    finishing: bool = False


class Worker:
    """Runs `kinds` with up to `concurrency[queue]` jobs at a time in each queue; a queue not named there is left to others.

    Jobs of a kind that is not in `kinds` are never touched. `on_halt` hears of an error after which nothing more is claimed.
    """

    def __init__(
        self,
        db: Database,
        kinds: Sequence[Kind],
        *,
        name: str,
        concurrency: Mapping[str, int],
        lease: float = 30.0,
        sweep: float = 1.0,
        on_halt: Callable[[BaseException], None] | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self._kinds = {kind.name: kind for kind in kinds if concurrency.get(kind.queue, 0) > 0}
        if not self._kinds:
            raise ConfigInvalid(
                "O worker não tem nenhuma fila para atender.", fix="Confira as filas e a concorrência configuradas."
            )
        self._db = db
        self._name = name
        self._limits = {kind.queue: concurrency[kind.queue] for kind in self._kinds.values()}
        self._lease = lease
        self._sweep = sweep
        self._on_halt = on_halt
        self._rng = rng or random.Random()  # noqa: S311 spreads retries, hides nothing
        self._runs: dict[str, _Run] = {}
        self._busy: Counter[str] = Counter()
        self._more: set[str] = set()
        self._kick = asyncio.Event()
        self._stopping = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._stopped = asyncio.Event()
        self._timers: set[asyncio.TimerHandle] = set()
        self._claiming: asyncio.Task[None] | None = None
        self._beating: asyncio.Task[None] | None = None
        self._halting: asyncio.Task[None] | None = None

    @property
    def running(self) -> int:
        """Jobs in hand now."""
        return len(self._runs)

    @property
    def saturated(self) -> bool:
        """Whether some queue has no slot left, so that others should hear of new work."""
        return any(self._busy[queue] >= limit for queue, limit in self._limits.items())

    async def run(self) -> None:
        """Work until `stop` (or an error that halts the worker). Cancelling it stops at once: jobs in hand are handed back."""
        self._db.add_listener(self._hear)
        self._claiming = asyncio.create_task(self._claim_loop(), name="worker:claim")
        self._beating = asyncio.create_task(self._heartbeat_loop(), name="worker:heartbeat")
        try:
            await self._stopped.wait()
        except asyncio.CancelledError:
            await self.stop(0.0)
            raise

    async def stop(self, grace: float = 30.0) -> None:
        """Claim nothing more, give jobs in hand `grace` seconds to finish, hand the rest back. May be called again, to hurry."""
        self._stopping.set()
        self._kick.set()
        if self._claiming is not None:
            # A claim on its way is waited for: what it brings is handed back, not left to run out its lease.
            await asyncio.wait([self._claiming])
        await self._quiet(grace)
        self._cancel_all(finishing=False)
        if not await self._quiet(FINISHING_GRACE):
            self._cancel_all(finishing=True)
            await self._idle.wait()
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.wait([self._beating])
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._db.remove_listener(self._hear)
        self._stopped.set()

    async def _quiet(self, seconds: float) -> bool:
        """Whether all jobs in hand have ended within `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    def _cancel_all(self, *, finishing: bool) -> None:
        """Stop the jobs in hand; those that only have their ending left to write are spared until `finishing`."""
        for run in self._runs.values():
            if finishing or not run.finishing:
                self._cancel(run, "stop")

    def wake(self, job_ids: Sequence[str] = ()) -> None:
        """Look for due jobs now. The ids are a hint: what is due is claimed by its order, whoever was named."""
        del job_ids
        self._more.update(self._limits)
        self._kick.set()

    def _hear(self, topics: tuple[str, ...]) -> None:
        for topic in topics:
            if topic.startswith("job:") and topic.rpartition(":")[2] in self._limits:
                self._more.add(topic.rpartition(":")[2])
                self._kick.set()

    # --- claiming

    async def _claim_loop(self) -> None:
        pause = HICCUP_FIRST
        while not self._stopping.is_set():
            self._kick.clear()
            try:
                await self._claim_once()
            except Exception as error:
                log.warning("worker.claim_failed", error=str(error), again_in=pause, exc_info=not isinstance(error, StorageFull))
                await self._sleep(self._stopping, pause)
                pause = min(pause * 2, HICCUP_LAST)
                continue
            pause = HICCUP_FIRST
            await self._sleep(self._kick, self._sweep)

    async def _claim_once(self) -> None:
        free = {queue: limit - self._busy[queue] for queue, limit in self._limits.items() if limit > self._busy[queue]}
        if not free:
            return
        self._more.difference_update(free)
        rows = await self._db.write(partial(self._claim, free))
        taken = Counter(row.queue for row in rows)
        # A queue that gave all it was asked for has more to give as soon as a slot is free.
        self._more.update(queue for queue, asked in free.items() if taken[queue] >= asked)
        for row in rows:
            self._start(row)

    def _claim(self, free: Mapping[str, int], conn: Any) -> list[JobRow]:
        rows: list[JobRow] = []
        names = list(self._kinds)
        for queue, limit in free.items():
            rows += jobs.claim(conn, worker=self._name, queues=[queue], kinds=names, lease=self._lease, limit=limit)
        return rows

    def _start(self, row: JobRow) -> None:
        self._busy[row.queue] += 1
        self._idle.clear()
        # A task cancelled before its first step never runs, so a job that comes too late is not started to be cancelled.
        work = self._hand_back(row) if self._stopping.is_set() else self._carry(row)
        task = asyncio.create_task(work, name=f"job:{row.id}")
        run = _Run(row, task)
        self._runs[row.id] = run
        task.add_done_callback(lambda _task: self._ended(run))

    def _ended(self, run: _Run) -> None:
        row = run.row
        # A job that is due again at once may be claimed before its last task is over: the entry is then of the new run.
        if self._runs.get(row.id) is run:
            del self._runs[row.id]
        self._busy[row.queue] -= 1
        if not run.task.cancelled() and run.task.exception() is not None:
            log.error("worker.job_dropped", job=row.id, kind=row.kind, exc_info=run.task.exception())
        if not self._runs:
            self._idle.set()
        if row.queue in self._more:
            self._kick.set()

    def _cancel(self, run: _Run, why: Literal["stop", "lost"]) -> None:
        if run.why is None:
            run.why = why
            run.task.cancel()

    # --- one job

    async def _carry(self, row: JobRow) -> None:
        """From claim to the row's next state: ends finished, handed back, or without the lease."""
        run = self._runs[row.id]
        try:
            result, fatal = await self._handle(row)
            run.finishing = True
            await self._finish(row, result)
        except asyncio.CancelledError:
            if run.why == "lost":
                return
            await self._hand_back(row)
            if run.why is None:
                raise
            return
        except LeaseLost:
            log.warning("worker.lease_lost", job=row.id, kind=row.kind, subject=row.subject)
            return
        if fatal is not None:
            self._halt(fatal)

    async def _handle(self, row: JobRow) -> tuple[Result, Exception | None]:
        """The handler's answer, or what its exception means; and that exception when the worker must halt for it."""
        kind = self._kinds[row.kind]
        job = Job(row.id, row.kind, row.key, row.subject, row.payload, row.attempts, row.failures, row.created_at)
        try:
            async with asyncio.timeout(kind.timeout) as deadline:
                return await kind.handler(job), None
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return RetryAfter("JOB-CANCELLED", "A execução foi interrompida por dentro."), None
        except Exception as error:
            if deadline.expired():
                return RetryAfter("JOB-TIMEOUT", f"A tarefa passou do limite de {kind.timeout:g} s."), None
            self._log(row, error)
            return result_of(error, row.failures), error if halts(error) else None

    async def _finish(self, row: JobRow, result: Result) -> None:
        kind = self._kinds[row.kind]
        ending = settlement(result, kind.schedule, row.failures, self._rng)
        try:
            await self._write_ending(row, ending)
        except (LeaseLost, StorageFull):
            raise
        except Exception as error:
            # What the handler wanted written could not be: the job itself must still end somewhere.
            self._log(row, error)
            result = result_of(error, row.failures)
            ending = settlement(result, kind.schedule, row.failures, self._rng)
            await self._write_ending(row, ending)
            if halts(error):
                self._halt(error)
        if isinstance(result, NeedsAttention):
            log.warning("worker.needs_attention", job=row.id, kind=row.kind, subject=row.subject, code=result.code)
        if ending.state in ("ready", "waiting") and ending.delay < self._sweep:
            self._wake_in(ending.delay, row.queue)

    async def _write_ending(self, row: JobRow, ending: Settlement) -> None:
        """Write it, also through a database that is away for a while: an answer of SEFAZ is worth waiting for."""
        pause = HICCUP_FIRST
        while True:
            try:
                await self._db.write(lambda conn: jobs.finish(conn, row, ending))
            except StorageFull as error:
                log.warning("worker.finish_failed", job=row.id, error=error.detail, again_in=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, HICCUP_LAST)
            else:
                return

    async def _hand_back(self, row: JobRow) -> None:
        try:
            await self._db.write(lambda conn: jobs.hand_back(conn, row))
            log.info("worker.handed_back", job=row.id, kind=row.kind)
        except LeaseLost:
            log.info("worker.nothing_to_hand_back", job=row.id, kind=row.kind)
        except StorageFull as error:
            # Its lease runs out by itself.
            log.warning("worker.hand_back_failed", job=row.id, error=error.detail)

    def _halt(self, error: Exception) -> None:
        if self._halting is not None:
            return
        log.critical("worker.halted", error=str(error))
        self._halting = asyncio.create_task(self.stop(HALT_GRACE), name="worker:halt")
        if self._on_halt is not None:
            self._on_halt(error)

    def _log(self, row: JobRow, error: Exception) -> None:
        level = treatment(error).log
        trace = None if level in ("info", "warning") else error
        getattr(log, level)("worker.job_failed", job=row.id, kind=row.kind, subject=row.subject, error=str(error), exc_info=trace)

    # --- time

    async def _heartbeat_loop(self) -> None:
        while True:
            await asyncio.sleep(self._lease / 3)
            held = [run.row for run in self._runs.values()]
            if not held:
                continue
            try:
                lost = await self._db.write(partial(self._beat, held))
            except Exception as error:
                log.warning("worker.heartbeat_failed", jobs=len(held), error=str(error))
                continue
            for row in lost:
                run = self._runs.get(row.id)
                if run is not None and run.row.token == row.token and not run.finishing:
                    log.warning("worker.lease_lost", job=row.id, kind=row.kind, subject=row.subject)
                    self._cancel(run, "lost")

    def _beat(self, held: Sequence[JobRow], conn: Any) -> list[JobRow]:
        return [row for row in held if not jobs.heartbeat(conn, row.id, row.token, self._lease)]

    async def _sleep(self, event: asyncio.Event, seconds: float) -> None:
        """Until `event` or for `seconds`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await event.wait()

    def _wake_in(self, seconds: float, queue: str) -> None:
        loop = asyncio.get_running_loop()

        def wake() -> None:
            self._timers.discard(timer)
            self._more.add(queue)
            self._kick.set()

        # The database's clock counts whole milliseconds: one more makes sure that the job is due.
        timer = loop.call_later(seconds + 0.002, wake)
        self._timers.add(timer)
