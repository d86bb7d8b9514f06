"""How tasks that run for ever are ended."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

AGAIN_SECONDS = 1.0


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel `tasks` and wait until all of them are over; what they raise is not of interest any more.

    Asked again each second: a cancellation that comes just as what a task waits for happens can be lost inside a library (as
    `asyncio.wait_for` does up to Python 3.11), and a task that goes on after one would be waited for in vain.
    """
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        over, left = await asyncio.wait(left, timeout=AGAIN_SECONDS)
        for task in over:
            if not task.cancelled():
                task.exception()  # heard, so that nobody is told that it was not
