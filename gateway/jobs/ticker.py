"""Timers that only ask: every so often, each account is asked to be swept. Many asks while one waits are one job."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, Protocol

import structlog

from gateway.store.database import Database
from gateway.store.jobs import enqueue

log = structlog.get_logger()


class Names(Protocol):
    """Who has accounts to sweep."""

    async def names(self) -> tuple[str, ...]: ...


class Ticker:
    """Asks for a sweep of each account every `every` seconds, first at once."""

    def __init__(self, db: Database, accounts: Names, *, every: float) -> None:
        self._db = db
        self._accounts = accounts
        self._every = every

    async def run(self) -> None:
        """Run until cancelled; a failed round is logged and the next one comes."""
        while True:
            try:
                for name in await self._accounts.names():
                    await self._db.write(partial(request_sweep, account=name))
            except Exception:
                log.exception("ticker.failed")
            await asyncio.sleep(self._every)


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
