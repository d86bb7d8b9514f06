"""Pauses shared by every worker, on both engines."""

from __future__ import annotations

from sqlalchemy import update

from gateway.store import guards
from gateway.store.database import Database
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
