"""What changed, told after it is durable: a unit of work touches topics, listeners hear of them after COMMIT.

Topics are plain words: `job:{id}:{queue}` (a job became due), `jobs` (a job changed state), `document:{id}`. They are hints
for screens and workers of the same process; nothing may depend on one arriving.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from sqlalchemy import Connection

log = structlog.get_logger("gateway.store")

Listener = Callable[[tuple[str, ...]], None]
"""Called on the event loop's thread with the topics of one commit, each once, in the order they were touched."""

_KEY = "gateway.topics"


def touch(conn: Connection, topic: str) -> None:
    """Remember `topic` for the listeners; forgotten when the unit of work fails."""
    conn.info.setdefault(_KEY, {})[topic] = None


def collecting(conn: Connection, unit: Callable[[Connection], Any]) -> tuple[Any, tuple[str, ...]]:
    """Run `unit` and answer its value with the topics it touched."""
    touched: dict[str, None] = {}
    # `info` outlives the unit (it belongs to the driver's connection), so what a failed unit left behind is dropped here.
    conn.info[_KEY] = touched
    value = unit(conn)
    return value, tuple(touched)


class Listeners:
    """Everyone who wants to hear of a commit."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def add(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def remove(self, listener: Listener) -> None:
        """Forget `listener`; one that is not there is no error."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def tell(self, topics: tuple[str, ...]) -> None:
        """Call each listener. The commit stands whatever a listener does: its exception is logged and goes no further."""
        if not topics:
            return
        for listener in tuple(self._listeners):
            try:
                listener(topics)
            except Exception:
                log.exception("store.listener_failed", topics=topics[:10])
