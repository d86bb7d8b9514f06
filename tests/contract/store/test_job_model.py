"""Any mix of claims, crashes, late answers, waits and operators: nothing is lost, nothing ends twice, keys stay in order."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule
from sqlalchemy import Connection, insert, select

from gateway.store import jobs
from gateway.store.jobs import POISON_LIMIT, JobRow, LeaseLost, Settlement
from gateway.store.sqlite import sqlite_engine
from gateway.store.tables import guards, metadata
from gateway.store.tables import jobs as table

LEASE = 30.0


class JobModel(RuleBasedStateMachine):
    """The database against a ledger of what was enqueued and what took effect. Time is a number that only rules move."""

    held = Bundle("held")

    def __init__(self) -> None:
        super().__init__()
        self.directory = TemporaryDirectory()
        self.engine = sqlite_engine(Path(self.directory.name) / "model.db")
        self.conn = self.engine.connect()
        metadata.create_all(self.conn)
        self.now = 1_000_000
        self.clocks = [mock.patch(f"gateway.store.{name}.db_now", lambda _conn: self.now) for name in ("jobs", "claims")]
        for clock in self.clocks:
            clock.start()
        self.enqueued: dict[str, str | None] = {}
        self.effects: Counter[str] = Counter()
        self.owner: dict[str, int] = {}
        self.tries = 0

    def teardown(self) -> None:
        self.settle_everything()
        for clock in self.clocks:
            clock.stop()
        self.conn.close()
        self.engine.dispose()
        self.directory.cleanup()

    def unit(self, work: Any) -> Any:
        """One unit of work: all or nothing."""
        self.conn.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            value = work(self.conn)
        except BaseException:
            self.conn.exec_driver_sql("ROLLBACK")
            raise
        self.conn.exec_driver_sql("COMMIT")
        return value

    def claimed(self, limit: int) -> list[JobRow]:
        rows: list[JobRow] = self.unit(
            lambda conn: jobs.claim(conn, worker="w", queues=["q"], kinds=["k"], lease=LEASE, limit=limit)
        )
        for row in rows:
            self.owner[row.id] = row.token
        return rows

    @rule(key=st.sampled_from([None, "A", "B"]), delay=st.sampled_from([0.0, 0.0, 50.0]))
    def enqueue(self, key: str | None, delay: float) -> None:
        job_id = self.unit(lambda conn: jobs.enqueue(conn, kind="k", queue="q", subject="s", payload={}, key=key, delay=delay))
        self.enqueued[job_id] = key

    @rule(target=held, limit=st.integers(1, 3))
    def claim(self, limit: int) -> Any:
        rows = self.claimed(limit)
        rank = {job_id: i for i, job_id in enumerate(self.enqueued)}
        for row in rows:
            older = [job for job, key in self.enqueued.items() if key == row.key and rank[job] < rank[row.id]]
            if row.key is not None and row.crashes == 0:
                assert not {state for job, state in self.states().items() if job in older} & {"ready", "running", "waiting"}
        return multiple(*rows)

    @rule(seconds=st.sampled_from([1, 10, 31, 100]))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds * 1000

    @rule(
        job=held,
        ending=st.sampled_from(
            [
                Settlement("done", "done"),
                Settlement("done", "done"),
                Settlement("ready", "retry", delay=5, failed=True),
                Settlement("waiting", "waiting", delay=40, burned=False),
                Settlement("needs_attention", "parked", code="X"),
            ]
        ),
    )
    def finish(self, job: JobRow, ending: Settlement) -> None:
        """By whoever holds the row, however late: only the present owner may."""
        self.tries += 1
        effect = f"{job.id}:{self.tries}"

        def write(conn: Connection) -> None:
            conn.execute(insert(guards).values(key=effect, until=1, reason="r"))

        whole = Settlement(
            ending.state, ending.outcome, ending.delay, ending.code, failed=ending.failed, burned=ending.burned,
            write=write if ending.state == "done" else None,
        )  # fmt: skip
        if self.owner.get(job.id) == job.token:
            self.unit(lambda conn: jobs.finish(conn, job, whole))
            del self.owner[job.id]
            if ending.state == "done":
                self.effects[job.id] += 1
        else:
            with pytest.raises(LeaseLost):
                self.unit(lambda conn: jobs.finish(conn, job, whole))
            assert self.conn.execute(select(guards.c.key).where(guards.c.key == effect)).first() is None

    @rule(job=held)
    def hand_back(self, job: JobRow) -> None:
        if self.owner.get(job.id) == job.token:
            self.unit(lambda conn: jobs.hand_back(conn, job))
            del self.owner[job.id]
        else:
            with pytest.raises(LeaseLost):
                self.unit(lambda conn: jobs.hand_back(conn, job))

    @rule(job=held)
    def heartbeat(self, job: JobRow) -> None:
        alive = self.unit(lambda conn: jobs.heartbeat(conn, job.id, job.token, LEASE))
        assert alive == (self.owner.get(job.id) == job.token)

    @rule()
    def operator_retries_what_is_parked(self) -> None:
        for job_id, state in self.states().items():
            if state == "needs_attention":
                self.owner.pop(job_id, None)
                self.unit(lambda conn, job_id=job_id: jobs.retry_now(conn, job_id))

    def states(self) -> dict[str, str]:
        rows = self.conn.execute(select(table.c.id, table.c.state, table.c.crashes)).all()
        for row in rows:
            if row.state == "needs_attention" and row.crashes >= POISON_LIMIT:
                self.owner.pop(row.id, None)
        return {row.id: row.state for row in rows}

    @invariant()
    def nothing_is_lost_or_done_twice(self) -> None:
        states = self.states()
        assert set(states) == set(self.enqueued)
        stored = Counter(key.split(":")[0] for key in self.conn.execute(select(guards.c.key)).scalars())
        assert stored == self.effects
        assert all(count == 1 for count in self.effects.values())
        assert {job_id for job_id, state in states.items() if state == "done"} == set(self.effects)
        running = Counter(self.enqueued[job_id] for job_id, state in states.items() if state == "running")
        assert all(count == 1 for key, count in running.items() if key is not None)

    def settle_everything(self) -> None:
        """From wherever the rules left it, patient workers bring every job to its end."""
        for _ in range(len(self.enqueued) * 3 + 3):
            self.now += 200_000
            self.operator_retries_what_is_parked()
            for row in self.claimed(100):
                self.finish(row, Settlement("done", "done"))
        assert set(self.states().values()) <= {"done"}
        assert set(self.effects) == set(self.enqueued)


TestJobModel = JobModel.TestCase
TestJobModel.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
    phases=(Phase.generate, Phase.shrink),
)
