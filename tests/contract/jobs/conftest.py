"""What the workers' tests begin with: workers that are always stopped, and jobs to give them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from gateway.jobs.results import Result
from gateway.jobs.schedule import Schedule
from gateway.jobs.worker import Handler, Kind, Worker
from gateway.store import jobs
from gateway.store.database import Database
from gateway.store.jobs import JobRow

SOON = Schedule((0.0,), limit=4, jitter=0.0)


class Bench:
    """A database with workers around it."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.exits = AsyncExitStack()

    def kind(self, handler: Handler, name: str = "k", queue: str = "q", timeout: float = 10.0, schedule: Schedule = SOON) -> Kind:
        return Kind(name, queue, handler, timeout, schedule)

    async def worker(self, *kinds: Kind, db: Database | None = None, **more: Any) -> Worker:
        """A running worker, stopped with the test."""
        settings: dict[str, Any] = {"name": "w", "concurrency": {"q": 4}, "sweep": 30.0, **more}
        worker = Worker(db or self.db, kinds, rng=random.Random(1), **settings)  # noqa: S311
        task = asyncio.create_task(worker.run())
        self.exits.push_async_callback(self._end, worker, task)
        return worker

    async def _end(self, worker: Worker, task: asyncio.Task[None]) -> None:
        await worker.stop(0)
        await task

    async def add(self, subject: str = "a", **more: Any) -> str:
        values: dict[str, Any] = {"kind": "k", "queue": "q", "subject": subject, "payload": {}, **more}
        return await self.db.write(lambda conn: jobs.enqueue(conn, **values))

    async def get(self, job_id: str) -> JobRow:
        return await self.db.read(lambda conn: jobs.get(conn, job_id))

    async def outcomes(self, job_id: str) -> list[str | None]:
        return [row.outcome for row in await self.db.read(lambda conn: jobs.attempts(conn, job_id))]

    async def until(self, job_id: str, *states: str, ended: int = 0, heard: Database | None = None) -> JobRow:
        """Wait for the job to reach one of `states` with `ended` runs behind it, looking again at each commit (of `heard`)."""
        told = heard or self.db
        changed = asyncio.Event()

        def hear(topics: tuple[str, ...]) -> None:
            if "jobs" in topics:
                changed.set()

        told.add_listener(hear)
        try:
            async with asyncio.timeout(60):
                while True:
                    changed.clear()
                    row = await self.get(job_id)
                    if row.state in states and sum(map(bool, await self.outcomes(job_id))) >= ended:
                        return row
                    await changed.wait()
        finally:
            told.remove_listener(hear)


@pytest.fixture
async def bench(db: Database) -> AsyncIterator[Bench]:
    """On each engine in turn."""
    made = Bench(db)
    async with made.exits:
        yield made


@pytest.fixture
async def sqlite_bench(sqlite_db: Database) -> AsyncIterator[Bench]:
    """On SQLite, for what no engine changes."""
    made = Bench(sqlite_db)
    async with made.exits:
        yield made


@pytest.fixture
def answering() -> Callable[[Result | Exception], Callable[[Any], Awaitable[Result]]]:
    """A handler that always gives the same answer, or raises it."""

    def make(answer: Result | Exception) -> Callable[[Any], Awaitable[Result]]:
        async def handler(_job: Any) -> Result:
            if isinstance(answer, Exception):
                raise answer
            return answer

        return handler

    return make
