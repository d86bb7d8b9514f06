"""`vtex.sweep`: the slow road. Lists what waits to be handled and empties the feed; both only say "go and look"."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from gateway.core.clock import Clock
from gateway.core.errors import Refused, Throttled
from gateway.jobs.handlers.order_intake import Account, Accounts, enter, throttle
from gateway.jobs.results import Done, Result
from gateway.jobs.worker import Job
from gateway.store import inbox, orders
from gateway.store.database import Database
from gateway.workflows.ports import Marketplace

WINDOW = timedelta(days=10)
"""A boleto may be paid days after the order was created, and the list is by creation."""
FEED_LOTS = 20


class Sweep:
    """The handler of `vtex.sweep`."""

    def __init__(self, db: Database, clock: Clock, marketplace: Marketplace, accounts: Accounts) -> None:
        self._db = db
        self._clock = clock
        self._marketplace = marketplace
        self._accounts = accounts

    async def __call__(self, job: Job) -> Result:
        name = str(job.payload["account"])
        account = await enter(self._db, self._accounts, name)
        if not isinstance(account, Account):
            return account
        try:
            await self._list(name, account)
            await self._feed(name, account)
        except Throttled as error:
            return await throttle(self._db, name, error)
        return Done()

    async def _list(self, name: str, account: Account) -> None:
        now = self._clock.now()
        for external_id in await self._marketplace.list_ready(account.access, now - WINDOW, now):
            await self._db.write(partial(_look_if_new, account=name, external_id=external_id))

    async def _feed(self, name: str, account: Account) -> None:
        """Commit only after the order is asked for durably; what we ignore is committed too."""
        for _ in range(FEED_LOTS):
            try:
                lot = await self._marketplace.feed(account.access)
            except Refused as error:
                if error.code == "VTEX-404":  # no feed configured for this key: the hook and the list are the intake
                    return
                raise
            if not lot:
                return
            at = self._clock.epoch_ms()
            await self._db.write(partial(_store_lot, account=name, lot=lot, at=at))
            await self._marketplace.commit_feed(account.access, tuple(handle for handle, _ in lot))


def _look_if_new(conn: Any, account: str, external_id: str) -> None:
    known = orders.by_external(conn, account, external_id)
    if known is None or known.state in ("received", "parked"):
        orders.look_at(conn, account, external_id)


def _store_lot(conn: Any, account: str, lot: tuple[tuple[str, str], ...], at: int) -> None:
    for handle, external_id in lot:
        if external_id:  # an event of something else is only committed
            inbox.receive(conn, f"vtex-feed:{account}", handle[:200], external_id, at)
            orders.look_at(conn, account, external_id)
