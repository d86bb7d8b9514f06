"""The janitor: finds documents on their way that nothing carries any more, and gives them their job again.

It repairs by asking for work, never by deciding: the handler finds out what happened (by asking SEFAZ, if bytes may have
left). Several janitors at once do no harm: the job's unique key lets one of them through.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog

from gateway.store import documents
from gateway.store.database import Database

log = structlog.get_logger("gateway.jobs")


class Janitor:
    """Looks every `every` seconds for documents untouched for `idle` seconds without a live job."""

    def __init__(self, db: Database, *, every: float = 30.0, idle: float = 60.0) -> None:
        self._db = db
        self._every = every
        self._idle = idle
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Work until `stop`. A database that is away is tried again at the next turn."""
        while not self._stopping.is_set():
            try:
                await self.tidy()
            except Exception as error:
                log.warning("janitor.failed", error=str(error), again_in=self._every)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every):
                    await self._stopping.wait()

    async def tidy(self) -> int:
        """One turn; answers how many documents got their job back."""
        idle_ms = int(self._idle * 1000)
        stuck = await self._db.read(lambda conn: documents.stuck(conn, idle_ms))
        if not stuck:
            return 0
        # Looked up again inside the transaction: a job may have come meanwhile.
        revived = await self._db.write(
            lambda conn: [document for document in documents.stuck(conn, idle_ms) if documents.enqueue_issue(conn, document)]
        )
        if revived:
            log.warning("janitor.revived", documents=len(revived), first=revived[:5])
        return len(revived)

    def stop(self) -> None:
        """End after the turn at hand."""
        self._stopping.set()
