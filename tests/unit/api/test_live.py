"""Hearing of changes: from this process at once, from another by looking, and never after the end."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from aiohttp.test_utils import TestClient

from gateway.api import live as module
from gateway.api.live import Live
from gateway.core.errors import StorageFull
from gateway.nfe.sale import Sale
from gateway.store import documents
from gateway.store.database import Database, open_database
from tests.unit.api.house import House, new_document, sale

Client = TestClient[Any, Any]


@pytest.fixture
async def other(house: House) -> Any:
    """The same database, opened as another process would."""
    opened = await open_database(house.db.url)
    yield opened
    await opened.close()


async def accept(db: Database, ref: str) -> None:
    new = new_document(msgspec.convert(sale(ref), Sale, strict=False))
    await db.write(lambda conn: documents.accept(conn, new, at=1_000))


async def test_another_process_is_heard_by_looking(house: House, other: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY", 0.0)
    live = Live(house.db)
    live.start()
    looked = asyncio.Event()
    read = house.db.read

    async def counted(unit: Any) -> Any:
        value = await read(unit)
        looked.set()
        return value

    monkeypatch.setattr(house.db, "read", counted)
    async with live.watching() as changed:
        await looked.wait()
        await accept(other, "x")
        await asyncio.wait_for(changed.wait(), 5)
    await live.stop()


async def test_waiting_ends_when_the_process_does(house: House) -> None:
    live = Live(house.db)
    live.start()
    asked = asyncio.Event()

    async def never() -> bool:
        asked.set()
        return False

    waiting = asyncio.create_task(live.until("document:x", never, seconds=60))
    await asked.wait()
    await live.stop()
    await asyncio.wait_for(waiting, 5)


async def test_too_many_watchers_are_refused(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WATCHERS", 1)
    live = Live(house.db)
    async with live.watching():
        with pytest.raises(Exception, match="too many watchers"):
            async with live.watching():
                pass


async def test_an_unready_database_does_not_end_the_looking(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY", 0.0)
    tries = iter((StorageFull("ocupado"), ("a",), ("b",)))
    heard = asyncio.Event()

    async def read(unit: Any) -> Any:
        value = next(tries, ("b",))
        if isinstance(value, Exception):
            raise value
        return value

    monkeypatch.setattr(house.db, "read", read)
    live = Live(house.db)
    live.start()
    async with live.watching() as changed:
        await asyncio.wait_for(changed.wait(), 5)
        heard.set()
    await live.stop()
    assert heard.is_set()
