"""Tasks that run for ever end when told to, even one to which the first cancellation was lost."""

from __future__ import annotations

import asyncio

import pytest

from gateway.jobs import endings


async def test_a_task_that_loses_a_cancellation_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endings, "AGAIN_SECONDS", 0.01)
    lost = 0

    async def deaf() -> None:
        nonlocal lost
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if lost == 2:
                    raise
                lost += 1

    async def broken() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise OSError("a connection that was open")

    tasks = [asyncio.create_task(deaf()), asyncio.create_task(broken())]
    await asyncio.sleep(0)
    await endings.end(tasks)
    assert (lost, [task.done() for task in tasks]) == (2, [True, True])
    assert isinstance(tasks[1].exception(), OSError)


async def test_nothing_to_end() -> None:
    over = asyncio.create_task(asyncio.Event().wait())
    over.cancel()
    await asyncio.wait([over])
    await endings.end([over])
    await endings.end([])
