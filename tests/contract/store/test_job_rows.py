"""Job rows on both engines: claimed once, in order, under a lease; finished by their holder only."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import Connection, select, text, update

from gateway.core.errors import NotFound, TransitionRefused
from gateway.store import guards, jobs
from gateway.store.claims import DUE, EXPIRED
from gateway.store.database import Database, open_database
from gateway.store.jobs import POISON_LIMIT, JobRow, LeaseLost, Settlement
from gateway.store.tables import guards as guards_table
from gateway.store.tables import jobs as table

DONE = Settlement("done", "done")


def add(conn: Connection, name: str = "a", **more: Any) -> str:
    values: dict[str, Any] = {"kind": "k", "queue": "q", "subject": name, "payload": {"name": name}, **more}
    return jobs.enqueue(conn, **values)


async def claim(db: Database, limit: int = 10, worker: str = "w", **more: Any) -> list[JobRow]:
    return await db.write(lambda conn: jobs.claim(conn, worker=worker, queues=["q"], kinds=["k"], lease=30, limit=limit, **more))


async def expire(db: Database, job_id: str) -> None:
    """What a lease that ran out looks like."""
    await db.write(lambda conn: conn.execute(update(table).where(table.c.id == job_id).values(lease_until=1)).close())


async def due(db: Database) -> None:
    """Let every waiting job's time come."""
    await db.write(lambda conn: conn.execute(update(table).values(next_at=1)).close())


async def finish(db: Database, job: JobRow, settlement: Settlement = DONE) -> None:
    await db.write(lambda conn: jobs.finish(conn, job, settlement))


async def get(db: Database, job_id: str) -> JobRow:
    return await db.read(lambda conn: jobs.get(conn, job_id))


async def subjects(db: Database, **more: Any) -> list[str]:
    return [row.subject for row in await claim(db, **more)]


async def test_a_job_is_claimed_once_with_all_it_needs(db: Database) -> None:
    job_id = await db.write(lambda conn: add(conn, payload={"n": 1, "s": "ç"}, key="K", unique_key="U"))

    (job,) = await claim(db)

    assert (job.id, job.kind, job.queue, job.subject, job.payload) == (job_id, "k", "q", "a", {"n": 1, "s": "ç"})
    assert (job.state, job.attempts, job.failures, job.crashes, job.token, job.worker) == ("running", 1, 0, 0, 1, "w")
    assert job.lease_until is not None
    assert job.lease_until - job.updated_at == 30_000
    assert await claim(db) == []
    (attempt,) = await db.read(lambda conn: jobs.attempts(conn, job_id))
    assert (attempt.n, attempt.worker, attempt.outcome, attempt.ended_at) == (1, "w", None, None)


async def test_the_end_of_a_job_is_written_with_what_it_did(db: Database) -> None:
    await db.write(add)
    (job,) = await claim(db)

    await finish(db, job, Settlement("done", "done", write=lambda conn: guards.pause(conn, "effect", 60, "r")))

    row = await get(db, job.id)
    assert (row.state, row.worker, row.lease_until, row.attempts) == ("done", None, None, 1)
    assert row.done_at is not None
    (attempt,) = await db.read(lambda conn: jobs.attempts(conn, job.id))
    assert (attempt.outcome, attempt.ended_at) == ("done", row.done_at)
    assert await db.read(lambda conn: conn.execute(select(guards_table.c.key)).scalar()) == "effect"


async def test_a_worker_that_lost_its_lease_writes_nothing(db: Database) -> None:
    await db.write(add)
    (stale,) = await claim(db, worker="slow")
    await expire(db, stale.id)
    (fresh,) = await claim(db, worker="quick")
    assert (fresh.id, fresh.token, fresh.crashes, fresh.attempts) == (stale.id, 2, 1, 2)

    effect = Settlement("done", "done", write=lambda conn: guards.pause(conn, "effect", 60, "r"))
    with pytest.raises(LeaseLost):
        await finish(db, stale, effect)
    with pytest.raises(LeaseLost):
        await db.write(lambda conn: jobs.hand_back(conn, stale))
    assert await db.write(lambda conn: jobs.heartbeat(conn, stale.id, stale.token, 30)) is False

    assert await db.read(lambda conn: conn.execute(select(guards_table.c.key)).scalar()) is None
    assert await get(db, fresh.id) == fresh
    assert [(row.worker, row.outcome) for row in await db.read(lambda conn: jobs.attempts(conn, fresh.id))] == [
        ("slow", "lost"),
        ("quick", None),
    ]
    await finish(db, fresh)
    with pytest.raises(LeaseLost):
        await finish(db, fresh)


async def test_an_effect_that_fails_leaves_the_job_with_its_holder(db: Database) -> None:
    await db.write(add)
    (job,) = await claim(db)

    def breaks(conn: Connection) -> None:
        guards.pause(conn, "half", 60, "r")
        raise TransitionRefused("não")

    with pytest.raises(TransitionRefused):
        await finish(db, job, Settlement("done", "done", write=breaks))

    assert await get(db, job.id) == job
    assert await db.read(lambda conn: conn.execute(select(guards_table.c.key)).scalar()) is None


async def test_a_heartbeat_keeps_the_lease(db: Database) -> None:
    await db.write(add)
    (job,) = await claim(db)
    await expire(db, job.id)

    assert await db.write(lambda conn: jobs.heartbeat(conn, job.id, job.token, 30)) is True

    assert await claim(db) == []


async def test_a_failure_counts_and_comes_back_later(db: Database) -> None:
    await db.write(add)
    (job,) = await claim(db)

    await finish(db, job, Settlement("ready", "retry", delay=60, code="X", reason="falhou", failed=True))

    row = await get(db, job.id)
    assert (row.state, row.failures, row.attempts, row.error_code, row.error) == ("ready", 1, 1, "X", "falhou")
    assert 59_000 <= row.next_at - row.updated_at <= 60_000
    assert await claim(db) == []
    await due(db)
    (again,) = await claim(db)
    assert (again.attempts, again.failures, again.token) == (2, 1, 2)


async def test_waiting_and_handing_back_burn_no_attempt(db: Database) -> None:
    await db.write(add)
    for _ in range(4):
        (job,) = await claim(db)
        assert job.attempts == 1
        await finish(db, job, Settlement("waiting", "waiting", delay=60, code="W", reason="espera", burned=False))
        assert (await get(db, job.id)).state == "waiting"
        assert await claim(db) == []
        await due(db)
    for _ in range(2):
        (job,) = await claim(db)
        await db.write(lambda conn, job=job: jobs.hand_back(conn, job))

    (job,) = await claim(db)
    assert (job.attempts, job.failures, job.crashes) == (1, 0, 0)
    outcomes = [row.outcome for row in await db.read(lambda conn: jobs.attempts(conn, job.id))]
    assert outcomes == ["waiting", "handed_back", "handed_back", None]


async def test_a_job_that_keeps_crashing_its_worker_waits_for_a_person(db: Database) -> None:
    await db.write(add)
    for crashes in range(POISON_LIMIT):
        (job,) = await claim(db)
        assert job.crashes == crashes
        await expire(db, job.id)

    assert await claim(db) == []

    row = await get(db, job.id)
    assert (row.state, row.error_code, row.crashes, row.worker) == ("needs_attention", "JOB-POISON", POISON_LIMIT, None)
    assert row.fix
    with pytest.raises(LeaseLost):
        await finish(db, job)


async def test_an_orderly_end_forgets_the_crashes(db: Database) -> None:
    await db.write(add)
    (job,) = await claim(db)
    await expire(db, job.id)
    (job,) = await claim(db)
    assert job.crashes == 1

    await finish(db, job, Settlement("ready", "retry", failed=True))

    assert (await get(db, job.id)).crashes == 0


async def test_unknown_kinds_and_other_queues_are_left_alone(db: Database) -> None:
    await db.write(lambda conn: add(conn, "new", kind="from-the-future"))
    await db.write(lambda conn: add(conn, "elsewhere", queue="other"))
    await db.write(lambda conn: add(conn, "mine"))

    assert await subjects(db) == ["mine"]


async def test_only_narrows_a_claim_to_one_job(db: Database) -> None:
    ids = [await db.write(lambda conn, n=n: add(conn, n)) for n in "abc"]

    assert await subjects(db, only=ids[1]) == ["b"]


async def test_a_unique_key_is_held_until_the_job_ends(db: Database) -> None:
    first = await db.write(lambda conn: add(conn, "a", unique_key="U"))
    assert await db.write(lambda conn: add(conn, "b", unique_key="U")) == first
    (job,) = await claim(db)
    assert await db.write(lambda conn: add(conn, "b", unique_key="U")) == first
    await finish(db, job, Settlement("needs_attention", "parked", code="X", reason="r"))
    assert await db.write(lambda conn: add(conn, "b", unique_key="U")) == first

    await db.write(lambda conn: jobs.discard(conn, first, "não serve mais"))
    second = await db.write(lambda conn: add(conn, "b", unique_key="U"))

    assert second != first
    assert (await get(db, second)).payload == {"name": "b"}


async def test_a_job_may_follow_itself_under_its_unique_key(db: Database) -> None:
    first = await db.write(lambda conn: add(conn, "a", unique_key="U"))
    (job,) = await claim(db)
    follower: list[str] = []

    await finish(db, job, Settlement("done", "done", write=lambda conn: follower.append(add(conn, "b", unique_key="U"))))

    assert follower[0] != first
    assert (await get(db, follower[0])).state == "ready"


async def test_fifty_at_once_under_one_unique_key_are_one_job(db: Database) -> None:
    ids = await asyncio.gather(*[db.write(lambda conn: add(conn, unique_key="U")) for _ in range(50)])

    assert len(set(ids)) == 1


async def test_jobs_of_a_key_run_one_at_a_time_in_order(db: Database) -> None:
    def several(conn: Connection) -> None:
        for name in "abcd":
            add(conn, name, key="K")
        add(conn, "free")

    await db.write(several)
    seen: list[str] = []
    assert sorted(await subjects(db, limit=1)) == ["a"]
    assert await subjects(db) == ["free"]
    for name in "abcd":
        running = await db.read(
            lambda conn: conn.execute(select(table.c.id).where(table.c.state == "running", table.c.key == "K")).scalar_one()
        )
        job = await get(db, running)
        seen.append(job.subject)
        await finish(db, job)
        assert await subjects(db) == ([chr(ord(name) + 1)] if name != "d" else [])

    assert seen == list("abcd")


async def test_an_older_job_that_waits_holds_the_younger_of_its_key_back(db: Database) -> None:
    await db.write(lambda conn: add(conn, "old", key="K"))
    (old,) = await claim(db)
    await db.write(lambda conn: add(conn, "young", key="K"))
    await finish(db, old, Settlement("waiting", "waiting", delay=60, burned=False))
    assert await subjects(db) == []

    await due(db)
    assert await subjects(db) == ["old"]


async def test_a_parked_job_steps_aside_for_the_others_of_its_key(db: Database) -> None:
    await db.write(lambda conn: add(conn, "old", key="K"))
    (old,) = await claim(db)
    await db.write(lambda conn: add(conn, "young", key="K"))
    heard: list[str] = []
    db.add_listener(heard.extend)

    await finish(db, old, Settlement("needs_attention", "parked", code="X", reason="r", fix="f", failed=True))

    young = (await claim(db))[0]
    assert young.subject == "young"
    assert f"job:{young.id}:q" in heard
    await db.write(lambda conn: jobs.retry_now(conn, old.id))
    assert await subjects(db) == []
    await finish(db, young)
    assert await subjects(db) == ["old"]


async def test_a_lost_lease_is_taken_over_before_an_older_job_of_the_key(db: Database) -> None:
    await db.write(lambda conn: add(conn, "old", key="K"))
    (old,) = await claim(db)
    await db.write(lambda conn: add(conn, "young", key="K"))
    await finish(db, old, Settlement("needs_attention", "parked"))
    (young,) = await claim(db)
    await db.write(lambda conn: jobs.retry_now(conn, old.id))
    await expire(db, young.id)

    assert await subjects(db) == ["young"]


async def test_eight_workers_share_the_jobs_without_a_double(db_url: str, db: Database) -> None:
    def many(conn: Connection) -> None:
        for i in range(240):
            add(conn, f"s{i}", key=f"K{i % 12}" if i % 2 else None)

    await db.write(many)
    others = [await open_database(db_url) for _ in range(2)]
    seen: list[str] = []
    order: dict[str, list[int]] = {}
    holding: Counter[str] = Counter()

    async def work(database: Database, name: str) -> None:
        while len(seen) < 240:
            for job in await claim(database, limit=5, worker=name):
                if job.key is not None:
                    holding[job.key] += 1
                    assert holding[job.key] == 1
                    order.setdefault(job.key, []).append(int(job.subject[1:]))
                seen.append(job.subject)
                await asyncio.sleep(0)
                if job.key is not None:
                    holding[job.key] -= 1
                await finish(database, job)

    try:
        async with asyncio.timeout(30):
            await asyncio.gather(*[work([db, *others][i % 3], f"w{i}") for i in range(8)])
    finally:
        for other in others:
            await other.close()

    assert Counter(seen) == Counter(f"s{i}" for i in range(240))
    assert all(numbers == sorted(numbers) for numbers in order.values())


async def test_a_person_may_try_again_now(db: Database) -> None:
    job_id = await db.write(add)
    (job,) = await claim(db)
    await finish(db, job, Settlement("needs_attention", "parked", code="X", reason="r", failed=True))
    heard: list[str] = []
    db.add_listener(heard.extend)

    row = await db.write(lambda conn: jobs.retry_now(conn, job_id))

    assert (row.state, row.failures) == ("ready", 0)
    assert heard == [f"job:{job_id}:q", "jobs"]
    assert await subjects(db) == ["a"]


async def test_a_person_may_put_a_job_off_or_away(db: Database) -> None:
    first, second = [await db.write(lambda conn, n=n: add(conn, n)) for n in "ab"]

    snoozed = await db.write(lambda conn: jobs.snooze(conn, first, 3600))
    gone = await db.write(lambda conn: jobs.discard(conn, second, "duplicada"))

    assert (snoozed.state, (snoozed.next_at - snoozed.updated_at)) == ("waiting", 3_600_000)
    assert (gone.state, gone.error, gone.done_at) == ("discarded", "duplicada", gone.updated_at)
    assert await claim(db) == []


@pytest.mark.parametrize("state", ["running", "done", "discarded"])
async def test_a_person_cannot_touch_what_runs_or_has_ended(db: Database, state: str) -> None:
    job_id = await db.write(add)
    (job,) = await claim(db)
    if state != "running":
        await finish(db, job, Settlement(state, state))  # type: ignore[arg-type]
    before = await get(db, job_id)

    for unit in (
        lambda conn: jobs.retry_now(conn, job_id),
        lambda conn: jobs.snooze(conn, job_id, 1),
        lambda conn: jobs.discard(conn, job_id, "x"),
    ):
        with pytest.raises(TransitionRefused):
            await db.write(unit)

    assert await get(db, job_id) == before
    for unit in (lambda conn: jobs.get(conn, "none"), lambda conn: jobs.retry_now(conn, "none")):
        with pytest.raises(NotFound):
            await db.write(unit)


async def test_counts_and_live_jobs_tell_what_is_left(db: Database) -> None:
    ids = [await db.write(lambda conn, n=n: add(conn, n)) for n in "abc"]
    (job,) = await claim(db, limit=1)
    await finish(db, job)
    await claim(db, limit=1)

    counted = await db.read(jobs.counts)

    assert [(row.queue, row.kind, row.state, row.n) for row in counted] == [("q", "k", "ready", 1), ("q", "k", "running", 1)]
    assert counted[0].oldest == (await get(db, ids[2])).created_at
    assert [row.id for row in await db.read(lambda conn: jobs.live_for(conn, "b"))] == [ids[1]]
    assert await db.read(lambda conn: jobs.live_for(conn, "a")) == ()


@pytest.mark.parametrize("state", ["waiting", "needs_attention"])
async def test_news_make_a_waiting_job_due_at_once(db: Database, state: str) -> None:
    job_id = await db.write(lambda conn: add(conn, unique_key="U"))
    (job,) = await claim(db)
    await finish(db, job, Settlement(state, "waiting", delay=600))  # type: ignore[arg-type]
    assert await claim(db) == []

    assert await db.write(lambda conn: add(conn, unique_key="U", again=True)) == job_id

    assert [row.id for row in await claim(db)] == [job_id]


async def test_news_of_a_running_job_make_it_run_once_more(db: Database) -> None:
    job_id = await db.write(lambda conn: add(conn, unique_key="U"))
    (job,) = await claim(db)
    assert await db.write(lambda conn: add(conn, unique_key="U", again=True)) == job_id
    assert await claim(db) == []

    await finish(db, job)

    (again,) = await claim(db)
    assert (again.id, again.token) == (job_id, 2)
    await finish(db, again)
    assert (await get(db, job_id)).state == "done"


async def test_a_subject_looks_again_but_for_what_waits_for_its_time(db: Database) -> None:
    parked, running, later, other = [await db.write(lambda conn, name=name: add(conn, name)) for name in ("s", "s", "s", "t")]
    states = {parked: "needs_attention", later: "waiting", other: "needs_attention"}
    for job_id, state in states.items():
        change = update(table).where(table.c.id == job_id).values(state=state, next_at=2**53)
        await db.write(lambda conn, change=change: conn.execute(change).close())
    (held,) = await claim(db)
    assert held.id == running
    await db.write(lambda conn: jobs.look_again(conn, "s"))
    (again,) = await claim(db)
    assert again.id == parked
    await finish(db, held)
    await finish(db, again)
    (once_more,) = await claim(db)
    assert once_more.id == running
    await finish(db, once_more)
    assert await claim(db) == []
    found = await db.read(lambda conn: {job_id: jobs.get(conn, job_id).state for job_id in (later, other)})
    assert found == {later: "waiting", other: "needs_attention"}


async def test_news_of_a_job_that_has_ended_are_a_new_job(db: Database) -> None:
    first = await db.write(lambda conn: add(conn, unique_key="U"))
    (job,) = await claim(db)
    await finish(db, job)

    assert await db.write(lambda conn: add(conn, unique_key="U", again=True)) != first


async def test_a_delayed_job_is_not_due_and_wakes_nobody(db: Database) -> None:
    heard: list[str] = []
    db.add_listener(heard.extend)

    await db.write(lambda conn: add(conn, delay=60))

    assert heard == ["jobs"]
    assert await claim(db) == []


async def test_the_claim_uses_the_indexes_of_live_jobs(sqlite_db: Database) -> None:
    for query in (DUE, EXPIRED):
        sql = (
            query.replace("/*only*/", "")
            .replace("/*by*/", "INDEXED BY ix_jobs_due")
            .replace(":queues", "('q')")
            .replace(":kinds", "('k')")
        )
        plan = await sqlite_db.read(
            lambda conn, sql=sql: [row[-1] for row in conn.execute(text("EXPLAIN QUERY PLAN " + sql), {"now": 1, "limit": 1})]
        )
        assert query is EXPIRED or "USING INDEX ix_jobs_due (next_at<?)" in plan[0], plan
        assert not any(line.startswith("SCAN") for line in plan), plan
