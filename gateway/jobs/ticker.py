"""Timers that only ask: every so often each account is asked to be swept, each queue of received notes to be read.

Many asks while one waits are one job.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import structlog

from gateway.store.database import Database
from gateway.store.jobs import enqueue

log = structlog.get_logger()


class Names(Protocol):
    """Whom to ask for: accounts to sweep, branches that receive."""

    async def names(self) -> tuple[str, ...]: ...


class Ticker:
    """Asks by `ask`, a unit of work, for each name every `every` seconds, first at once."""

    def __init__(self, db: Database, names: Names, ask: Callable[[Any, str], str], *, every: float) -> None:
        self._db = db
        self._names = names
        self._ask = ask
        self._every = every

    async def run(self) -> None:
        """Run until cancelled; a failed round is logged and the next one comes."""
        while True:
            try:
                for name in await self._names.names():
                    await self._db.write(partial(self._asked, name=name))
            except Exception:
                log.exception("ticker.failed")
            await asyncio.sleep(self._every)

    def _asked(self, conn: Any, name: str) -> str:
        return self._ask(conn, name)


def request_sweep(conn: Any, account: str) -> str:
    """Ask for one account to be swept."""
    return enqueue(
        conn,
        kind="vtex.sweep",
        queue="marketplace",
        subject=f"account:{account}",
        payload={"account": account},
        unique_key=f"vtex.sweep:{account}",
    )
