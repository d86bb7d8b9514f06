"""The worker: at once when told, by itself when not, in order, within its limits, and through every kind of end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import select, update

from gateway.core.errors import ConfigInvalid, InvariantBroken, OutcomeUnknown, Refused, StorageFull, Throttled
from gateway.jobs.results import Discard, Done, NeedsAttention, Result, RetryAfter, WaitFor
from gateway.jobs.schedule import Schedule
from gateway.jobs.worker import Job, Worker
from gateway.store import guards, jobs
from gateway.store.database import open_database
from gateway.store.tables import guards as guards_table
from gateway.store.tables import jobs as table


class Gate:
    """A handler that says when it has begun and waits to be let through."""

    def __init__(self, answer: Result | None = None) -> None:
        self.begun: asyncio.Queue[Job] = asyncio.Queue()
        self.open = asyncio.Event()
        self.answer = answer or Done()
        self.cancelled = 0
        self.ended = asyncio.Event()
        self.at_once = 0
        self.most = 0

    async def __call__(self, job: Job) -> Result:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        self.begun.put_nowait(job)
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.at_once -= 1
            self.ended.set()
        return self.answer

    async def next(self) -> Job:
        async with asyncio.timeout(10):
            return await self.begun.get()


async def test_a_fresh_job_starts_within_milliseconds_of_its_commit(bench) -> None:
    gate = Gate()
    await bench.worker(bench.kind(gate), sweep=60.0)
    # The first look finds nothing; from here on only the commit can wake it, as the sweep is a minute away.
    await bench.db.write(lambda conn: None)
    loop = asyncio.get_running_loop()
    begun = loop.time()

    job_id = await bench.add("a", payload={"n": 1}, key="K")
    job = await gate.next()

    assert loop.time() - begun < 2
    assert (job.id, job.kind, job.key, job.subject, job.payload, job.attempts, job.failures) == (
        job_id,
        "k",
        "K",
        "a",
        {"n": 1},
        1,
        0,
    )
    gate.open.set()
    await bench.until(job_id, "done")


async def test_what_nobody_told_is_found_by_the_sweep(bench, db_url: str, answering) -> None:
    await bench.worker(bench.kind(answering(Done())), sweep=0.05)
    stranger = await open_database(db_url)
    try:
        job_id = await stranger.write(lambda conn: jobs.enqueue(conn, kind="k", queue="q", subject="a", payload={}))
    finally:
        await stranger.close()

    await bench.until(job_id, "done")


async def test_a_hint_is_enough(bench, db_url: str) -> None:
    gate = Gate()
    worker = await bench.worker(bench.kind(gate), sweep=60.0)
    await bench.db.write(lambda conn: None)
    stranger = await open_database(db_url)
    try:
        job_id = await stranger.write(lambda conn: jobs.enqueue(conn, kind="k", queue="q", subject="a", payload={}))
    finally:
        await stranger.close()

    worker.wake([job_id])

    assert (await gate.next()).id == job_id


@pytest.mark.parametrize(
    ("answer", "state", "code", "attempts", "failures"),
    [
        (Done(), "done", None, 1, 0),
        (Discard("velha"), "discarded", "JOB-DISCARDED", 1, 0),
        (WaitFor(60.0, "depois", "C"), "waiting", "C", 0, 0),
        (NeedsAttention("X", "r", "f"), "needs_attention", "X", 1, 1),
        (RetryAfter("X", "r", 60.0), "ready", "X", 1, 1),
        (Throttled("pausa", after=60.0, code="SEFAZ-656"), "waiting", "SEFAZ-656", 0, 0),
        (Refused("não", code="VTEX-400"), "needs_attention", "VTEX-400", 1, 1),
        (OutcomeUnknown("?"), "ready", "GW-OUTCOME-UNKNOWN", 1, 1),
    ],
)
async def test_each_answer_leads_to_its_state(
    bench, answering, answer: Any, state: str, code: str | None, attempts: int, failures: int
) -> None:
    job_id = await bench.add()
    await bench.worker(bench.kind(answering(answer)))

    row = await bench.until(job_id, state, ended=1)

    assert (row.state, row.error_code, row.attempts, row.failures) == (state, code, attempts, failures)


async def test_failures_follow_the_schedule_until_a_person_is_asked(bench, answering) -> None:
    job_id = await bench.add()
    await bench.worker(bench.kind(answering(ZeroDivisionError("conta"))))

    row = await bench.until(job_id, "needs_attention")

    assert (row.attempts, row.failures, row.error_code) == (4, 4, "JOB-ERROR")
    assert "ZeroDivisionError: conta" in (row.error or "")
    assert await bench.outcomes(job_id) == ["retry", "retry", "retry", "parked"]


async def test_a_handler_that_takes_too_long_is_a_failure(bench) -> None:
    gate = Gate()
    job_id = await bench.add()
    await bench.worker(bench.kind(gate, timeout=0.05, schedule=Schedule((0.0,), limit=1, jitter=0.0)))

    row = await bench.until(job_id, "needs_attention")

    assert (row.error_code, row.error) == ("JOB-TIMEOUT", "A tarefa passou do limite de 0.05 s.")
    assert gate.cancelled == 1


async def test_a_cancellation_from_inside_is_a_failure_like_any_other(bench) -> None:
    async def handler(_job: Job) -> Result:
        raise asyncio.CancelledError

    job_id = await bench.add()
    await bench.worker(bench.kind(handler, schedule=Schedule((0.0,), limit=2, jitter=0.0)))

    row = await bench.until(job_id, "needs_attention")

    assert (row.error_code, row.failures) == ("JOB-CANCELLED", 2)


async def test_what_the_handler_wants_written_is_written_with_the_end(bench, answering) -> None:
    job_id = await bench.add()
    await bench.worker(bench.kind(answering(Done(lambda conn: guards.pause(conn, "effect", 60, "r")))))

    await bench.until(job_id, "done")

    assert await bench.db.read(lambda conn: conn.execute(select(guards_table.c.key)).scalar()) == "effect"


async def test_a_write_that_fails_does_not_lose_the_job(bench, answering) -> None:
    def write(conn: Any) -> None:
        guards.pause(conn, "half", 60, "r")
        raise Refused("não pôde", code="X")

    job_id = await bench.add()
    await bench.worker(bench.kind(answering(Done(write))))

    row = await bench.until(job_id, "needs_attention")

    assert row.error_code == "X"
    assert await bench.db.read(lambda conn: conn.execute(select(guards_table.c.key)).scalar()) is None


async def test_each_queue_keeps_its_own_limit(bench) -> None:
    narrow, wide = Gate(), Gate()
    ids = [await bench.add(f"n{i}") for i in range(5)] + [await bench.add(f"w{i}", kind="w", queue="wide") for i in range(5)]
    worker = await bench.worker(bench.kind(narrow), bench.kind(wide, "w", "wide"), concurrency={"q": 2, "wide": 4})

    for gate, limit in ((narrow, 2), (wide, 4)):
        for _ in range(limit):
            await gate.next()
    assert (worker.running, worker.saturated) == (6, True)
    narrow.open.set()
    wide.open.set()
    for job_id in ids:
        await bench.until(job_id, "done")

    assert (narrow.most, wide.most) == (2, 4)
    assert (worker.running, worker.saturated) == (0, False)


async def test_a_key_runs_in_order_without_waiting_for_the_sweep(bench) -> None:
    seen: list[str] = []

    async def handler(job: Job) -> Result:
        seen.append(job.subject)
        await asyncio.sleep(0)
        return Done()

    ids = [await bench.add(f"{i}", key="K") for i in range(6)]
    await bench.worker(bench.kind(handler), sweep=60.0)
    await bench.until(ids[-1], "done")

    assert seen == [str(i) for i in range(6)]


async def test_a_short_wait_does_not_wait_for_the_sweep(bench) -> None:
    runs: list[int] = []

    async def handler(job: Job) -> Result:
        runs.append(job.attempts)
        return Done() if len(runs) == 3 else WaitFor(0.02, "já volta")

    job_id = await bench.add()
    await bench.worker(bench.kind(handler), sweep=60.0)

    row = await bench.until(job_id, "done")

    assert runs == [1, 1, 1]
    assert row.attempts == 1


async def test_kinds_and_queues_it_does_not_have_are_left_to_others(bench, answering) -> None:
    unknown = await bench.add("unknown", kind="from-the-future")
    elsewhere = await bench.add("elsewhere", kind="e", queue="other")
    mine = await bench.add("mine")
    await bench.worker(bench.kind(answering(Done())), bench.kind(answering(Done()), "e", "other"), concurrency={"q": 1})
    await bench.until(mine, "done")

    assert [(await bench.get(job_id)).state for job_id in (unknown, elsewhere)] == ["ready", "ready"]
    with pytest.raises(ConfigInvalid):
        Worker(bench.db, [bench.kind(answering(Done()))], name="w", concurrency={"none": 1})


async def test_stopping_lets_a_running_job_finish(bench) -> None:
    gate = Gate()
    job_id, waiting = await bench.add("a"), await bench.add("b")
    worker = await bench.worker(bench.kind(gate), concurrency={"q": 1})
    await gate.next()

    stopping = asyncio.create_task(worker.stop(10))
    await asyncio.sleep(0)
    gate.open.set()
    await stopping

    assert [(await bench.get(each)).state for each in (job_id, waiting)] == ["done", "ready"]
    assert gate.cancelled == 0


async def test_stopping_hands_back_what_does_not_finish(bench) -> None:
    gate = Gate()
    job_id = await bench.add()
    worker = await bench.worker(bench.kind(gate))
    await gate.next()

    await worker.stop(0.01)

    row = await bench.get(job_id)
    assert (row.state, row.attempts, row.failures, row.crashes, row.worker) == ("ready", 0, 0, 0, None)
    assert await bench.outcomes(job_id) == ["handed_back"]
    assert gate.cancelled == 1
    second = Gate()
    await bench.worker(bench.kind(second))
    assert (await second.next()).attempts == 1


async def test_cancelling_the_worker_hands_its_jobs_back(bench) -> None:
    gate = Gate()
    job_id = await bench.add()
    worker = Worker(bench.db, [bench.kind(gate)], name="w", concurrency={"q": 1})
    task = asyncio.create_task(worker.run())
    await gate.next()

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert ((await bench.get(job_id)).state, await bench.outcomes(job_id)) == ("ready", ["handed_back"])


async def test_a_lost_lease_stops_the_handler_and_writes_nothing(bench) -> None:
    gate = Gate(Done(lambda conn: guards.pause(conn, "effect", 60, "r")))
    job_id = await bench.add()
    worker = await bench.worker(bench.kind(gate), lease=0.3)
    await gate.next()

    def take_over(conn: Any) -> Any:
        conn.execute(update(table).where(table.c.id == job_id).values(lease_until=1))
        return jobs.claim(conn, worker="other", queues=["q"], kinds=["k"], lease=60, limit=1)[0]

    taken = await bench.db.write(take_over)
    async with asyncio.timeout(10):
        await gate.ended.wait()
    await worker.stop(0)

    assert gate.cancelled == 1
    assert await bench.get(job_id) == taken
    assert await bench.db.read(lambda conn: conn.execute(select(guards_table.c.key)).scalar()) is None


async def test_a_long_job_keeps_its_lease(bench) -> None:
    watched, gate = Flaky(bench.db), Gate()
    job_id = await bench.add()
    await bench.worker(bench.kind(gate), lease=0.3, db=watched)
    await gate.next()
    first = (await bench.get(job_id)).lease_until

    async with asyncio.timeout(10):
        while (await bench.get(job_id)).lease_until == first:
            await watched.written.get()
    gate.open.set()

    row = await bench.until(job_id, "done")
    assert (row.token, row.crashes) == (1, 0)


async def test_a_broken_invariant_halts_the_worker_and_parks_the_job(bench, answering) -> None:
    heard: list[BaseException] = []
    error = InvariantBroken("impossível")
    job_id = await bench.add("a")
    worker = Worker(bench.db, [bench.kind(answering(error))], name="w", concurrency={"q": 1}, on_halt=heard.append)

    async with asyncio.timeout(10):
        await worker.run()

    after = await bench.add("b")
    assert heard == [error]
    assert ((await bench.get(job_id)).state, (await bench.get(job_id)).error_code) == ("needs_attention", "GW-INVARIANT")
    assert (await bench.get(after)).state == "ready"


class Flaky:
    """A database whose writes fail while it is `down`."""

    def __init__(self, db: Any) -> None:
        self._db = db
        self.down = False
        self.refused = asyncio.Event()
        self.written: asyncio.Queue[None] = asyncio.Queue()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    async def write(self, unit: Any) -> Any:
        if self.down:
            self.refused.set()
            raise StorageFull("fora do ar")
        answer = await self._db.write(unit)
        self.written.put_nowait(None)
        return answer


async def test_an_answer_outlives_a_database_that_is_away(sqlite_bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.jobs.worker.HICCUP_FIRST", 0.01)
    flaky, gate = Flaky(sqlite_bench.db), Gate(Done(lambda conn: guards.pause(conn, "effect", 60, "r")))
    job_id = await sqlite_bench.add()
    await sqlite_bench.worker(sqlite_bench.kind(gate), db=flaky)
    await gate.next()

    flaky.down = True
    gate.open.set()
    async with asyncio.timeout(10):
        await flaky.refused.wait()
    flaky.down = False

    row = await sqlite_bench.until(job_id, "done")
    assert (row.attempts, row.failures) == (1, 0)
    assert await sqlite_bench.db.read(lambda conn: conn.execute(select(guards_table.c.key)).scalar()) == "effect"


async def test_the_loop_survives_a_database_that_is_away(sqlite_bench, answering, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.jobs.worker.HICCUP_FIRST", 0.01)
    flaky = Flaky(sqlite_bench.db)
    flaky.down = True
    await sqlite_bench.worker(sqlite_bench.kind(answering(Done())), db=flaky)
    async with asyncio.timeout(10):
        await flaky.refused.wait()

    flaky.down = False
    job_id = await sqlite_bench.add()

    await sqlite_bench.until(job_id, "done")


async def test_a_job_due_again_at_once_may_be_claimed_before_its_last_run_is_over(bench) -> None:
    """Its ending and the next claim may share one commit: the run that ends must not take the new one's place away."""
    rounds = 40

    async def again(job: Job) -> Result:
        left[job.id] = left.get(job.id, rounds) - 1
        return WaitFor(0.0, "de novo") if left[job.id] else Done()

    left: dict[str, int] = {}
    worker = await bench.worker(bench.kind(again, timeout=30.0), concurrency={"q": 8}, lease=60.0, sweep=0.2)
    ids = [await bench.add(f"a{n}") for n in range(8)]
    # A lost run would hold its job until the lease ends, a minute from now.
    async with asyncio.timeout(45):
        for job_id in ids:
            await bench.until(job_id, "done")
    assert left == dict.fromkeys(ids, 0)
    assert worker.running == 0
