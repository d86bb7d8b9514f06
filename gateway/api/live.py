"""Hearing of changes: handlers that wait for one document, and pages that follow everything.

Commits of this process are heard at once through the database's listeners; those of other processes are found by looking
every two seconds, and only while somebody watches.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog
from aiohttp import web

from gateway.core.errors import GatewayError
from gateway.store.database import Database
from gateway.store.overview import pulse

log = structlog.get_logger()

LOOK_EVERY = 2.0
TELL_EVERY = 1.0
MAX_WATCHERS = 200


class Live:
    """One per application. `start` and `stop` frame its life on the event loop."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiters: dict[str, set[asyncio.Event]] = {}
        self._watchers: set[asyncio.Event] = set()
        self._looking: asyncio.Task[None] | None = None
        self._look = asyncio.Event()
        self.closed = False

    def start(self) -> None:
        self._db.add_listener(self._heard)
        self._looking = asyncio.create_task(self._look_around(), name="live.look")

    async def stop(self) -> None:
        """Let every watcher go: their responses end, so that a graceful stop does not wait for open pages."""
        self.closed = True
        self._db.remove_listener(self._heard)
        for event in (*self._watchers, *(one for some in self._waiters.values() for one in some)):
            event.set()
        looking, self._looking = self._looking, None
        if looking is not None:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking

    def _heard(self, topics: tuple[str, ...]) -> None:
        for topic in topics:
            for event in self._waiters.get(topic, ()):
                event.set()
        for event in self._watchers:
            event.set()

    async def until(self, topic: str, ready: Callable[[], Any], *, seconds: float) -> None:
        """Wait until `await ready()` is true, looking after each commit that touched `topic` and at least every second.

        Returns, without a word, when the time is over or the process stops.
        """
        event = asyncio.Event()
        self._waiters.setdefault(topic, set()).add(event)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        try:
            while not self.closed and not await ready() and (left := deadline - loop.time()) > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(left, 1.0)):
                        await event.wait()
                event.clear()
        finally:
            self._waiters[topic].discard(event)
            if not self._waiters[topic]:
                del self._waiters[topic]

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[asyncio.Event]:
        """An event that is set whenever anything changed. Raises web.HTTPServiceUnavailable when too many watch."""
        if len(self._watchers) >= MAX_WATCHERS:
            raise web.HTTPServiceUnavailable(reason="too many watchers")
        event = asyncio.Event()
        self._watchers.add(event)
        self._look.set()
        try:
            yield event
        finally:
            self._watchers.discard(event)
            if not self._watchers:
                self._look.clear()

    async def _look_around(self) -> None:
        last: tuple[Any, ...] | None = None
        while True:
            await self._look.wait()
            try:
                now = await self._db.read(pulse)
            except GatewayError as error:
                log.warning("live.look_failed", code=error.code, detail=error.detail)
            else:
                if last is not None and now != last:
                    for event in self._watchers:
                        event.set()
                last = now
            await asyncio.sleep(LOOK_EVERY)


LIVE = web.AppKey("live", Live)
