"""The gateway as a child process that kills itself at one chosen point: `python child.py POINT N`.

POINT names a place on the path, N which passage through it; `none` never kills. The product has no crash hooks: they are put
around its functions here.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from gateway import cli
from gateway.nfe.sefaz.client import SefazClient
from gateway.store.sqlite import SqliteDatabase
from gateway.vtex.client import VtexClient

POINTS: dict[str, tuple[type, str, str]] = {
    "commit-before": (SqliteDatabase, "write", "before"),
    "commit-after": (SqliteDatabase, "write", "after"),
    "send-before": (SefazClient, "authorize", "before"),
    "send-during": (SefazClient, "authorize", "during"),
    "send-after": (SefazClient, "authorize", "after"),
    "consult-before": (SefazClient, "consult", "before"),
    "consult-after": (SefazClient, "consult", "after"),
    "handling-after": (VtexClient, "start_handling", "after"),
    "invoice-before": (VtexClient, "push_invoice", "before"),
    "invoice-during": (VtexClient, "push_invoice", "during"),
    "invoice-after": (VtexClient, "push_invoice", "after"),
}
AROUND: dict[str, tuple[type, str, str]] = {
    "event-before": (SefazClient, "send_event", "before"),
    "event-during": (SefazClient, "send_event", "during"),
    "event-after": (SefazClient, "send_event", "after"),
    "voiding-before": (SefazClient, "inutilize", "before"),
    "voiding-during": (SefazClient, "inutilize", "during"),
    "voiding-after": (SefazClient, "inutilize", "after"),
}
"""Points around the note: what `test_kill_events` kills at."""
DURING_SECONDS = 0.004


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def wrap(cls: type, name: str, moment: str, nth: int) -> None:
    """Make the nth call of `cls.name` fatal, before it, after it, or while it waits for its answer."""
    original: Callable[..., Awaitable[Any]] = getattr(cls, name)
    count = 0

    async def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal count
        count += 1
        fatal = count == nth
        if fatal and moment == "before":
            die()
        if fatal and moment == "during":
            asyncio.get_running_loop().call_later(DURING_SECONDS, die)
        result = await original(self, *args, **kwargs)
        if fatal and moment == "after":
            die()
        return result

    setattr(cls, name, call)


if __name__ == "__main__":
    point, nth = sys.argv[1], int(sys.argv[2])
    if point != "none":
        wrap(*(POINTS | AROUND)[point], nth)
    sys.exit(cli.main(["serve"]))
