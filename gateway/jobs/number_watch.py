"""The watch over numbers: every so often, each series is looked at again, and what should be voided is kept for people to see."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import structlog

from gateway.store import number_gaps, setup
from gateway.store.database import Database
from gateway.store.number_gaps import Series

log = structlog.get_logger("gateway.jobs")


class NumberWatch:
    """Looks at every series every `every` seconds, first at once."""

    def __init__(self, db: Database, *, every: float = 3600.0) -> None:
        self._db = db
        self._every = every

    async def run(self) -> None:
        """Run until cancelled; a failed round is logged and the next one comes."""
        while True:
            try:
                await self.look()
            except Exception:
                log.exception("number_watch.failed")
            await asyncio.sleep(self._every)

    async def look(self) -> int:
        """One round, a transaction a series; answers how many gaps there are."""
        found = 0
        for series in await self._db.read(number_gaps.every_series):
            found += await self._db.write(partial(_look, series=series))
        return found


def _look(conn: Any, series: Series) -> int:
    branch = setup.get_branch(conn, series.branch)
    return 0 if branch is None else len(number_gaps.refresh(conn, branch, series))
