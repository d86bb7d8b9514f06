"""What was stored before the chain existed enters it with the migration, and verifies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import import_module

from sqlalchemy import delete, select

from gateway.store import ledger_check
from gateway.store.custody_tables import ledger
from tests.contract.custody.house import authorize, put_branch

START = datetime(2026, 11, 3, 13, 0, tzinfo=UTC)


async def test_earlier_documents_enter_the_chain_in_the_order_they_were_stored(db, monkeypatch):
    migration = import_module("gateway.store.migrations.versions.v0011_custody")
    monkeypatch.setattr(migration, "_PAGE", 2)
    await db.write(put_branch)
    ids = [await authorize(db, n, START - timedelta(days=n)) for n in range(1, 6)]
    await db.write(lambda conn: conn.execute(delete(ledger)))
    await db.write(migration._chain)
    subjects = await db.read(lambda conn: list(conn.execute(select(ledger.c.subject).order_by(ledger.c.seq)).scalars()))
    assert subjects == [f"{one}:1" for one in reversed(ids)]
    page = await db.read(lambda conn: ledger_check.walk(conn, ledger_check.Cursor(), None))
    assert (page.findings, page.cursor.seen) == ((), 5)
    assert await db.read(ledger_check.unchained) == []
