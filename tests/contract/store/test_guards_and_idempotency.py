"""Pauses and remembered answers, on both engines."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import update

from gateway.core.errors import IdempotencyConflict
from gateway.store import guards, idempotency
from gateway.store.database import Database
from gateway.store.idempotency import Answer
from gateway.store.tables import guards as guards_table


async def test_a_pause_holds_for_everyone_until_it_is_over(db: Database) -> None:
    assert await db.read(lambda conn: guards.paused_for(conn, "sefaz:1")) is None

    await db.write(lambda conn: guards.pause(conn, "sefaz:1", 60, "656 Consumo indevido"))

    paused = await db.read(lambda conn: guards.paused_for(conn, "sefaz:1"))
    assert paused is not None
    assert 50 < paused[0] <= 60
    assert paused[1] == "656 Consumo indevido"
    assert await db.read(lambda conn: guards.paused_for(conn, "sefaz:2")) is None

    await db.write(lambda conn: conn.execute(update(guards_table).values(until=1)).close())
    assert await db.read(lambda conn: guards.paused_for(conn, "sefaz:1")) is None


async def test_a_shorter_pause_does_not_shorten_a_longer_one(db: Database) -> None:
    await db.write(lambda conn: guards.pause(conn, "k", 3600, "long"))
    await db.write(lambda conn: guards.pause(conn, "k", 1, "short"))
    assert (await db.read(lambda conn: guards.paused_for(conn, "k")) or (0, ""))[1] == "long"

    await db.write(lambda conn: guards.pause(conn, "k", 7200, "longer"))
    assert (await db.read(lambda conn: guards.paused_for(conn, "k")) or (0, ""))[1] == "longer"


async def test_the_first_answer_stands_for_its_key_and_client(db: Database) -> None:
    def remember(client: str, body: str):
        return lambda conn: idempotency.remember(conn, client=client, key="k", body_hash=b"h", status=202, body=body, at=1000)

    results = await asyncio.gather(*[db.write(remember("a", f"answer {i}")) for i in range(20)])

    assert len({answer for answer, _ in results}) == 1
    assert sorted(earlier for _, earlier in results) == [False] + [True] * 19
    assert await db.write(remember("b", "other client")) == (Answer(202, "other client"), False)
    assert await db.read(lambda conn: idempotency.find(conn, "a", "k", b"h")) == results[0][0]
    assert await db.read(lambda conn: idempotency.find(conn, "a", "none", b"h")) is None


async def test_another_body_under_the_same_key_is_refused(db: Database) -> None:
    def unit(body_hash: bytes):
        return lambda conn: idempotency.remember(
            conn, client="a", key="k", body_hash=body_hash, status=202, body="first", at=1000
        )

    await db.write(unit(b"h"))

    with pytest.raises(IdempotencyConflict):
        await db.write(unit(b"other"))
    with pytest.raises(IdempotencyConflict):
        await db.read(lambda conn: idempotency.find(conn, "a", "k", b"other"))

    assert await db.read(lambda conn: idempotency.find(conn, "a", "k", b"h")) == Answer(202, "first")


async def test_old_keys_are_pruned(db: Database) -> None:
    for key, at in (("old", 1000), ("new", 5000)):
        await db.write(
            lambda conn, key=key, at=at: idempotency.remember(
                conn, client="a", key=key, body_hash=b"h", status=202, body="x", at=at
            )
        )

    assert await db.write(lambda conn: idempotency.prune(conn, 2000)) == 1
    assert await db.read(lambda conn: idempotency.find(conn, "a", "old", b"h")) is None
    assert await db.read(lambda conn: idempotency.find(conn, "a", "new", b"h")) is not None
