"""Answered means stored: through `kill -9`, a full disk, a locked file."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select, text

from gateway.core.errors import StorageFull
from gateway.store import sqlite
from gateway.store.database import Database, open_database
from gateway.store.tables import guards
from gateway.store.topics import touch

WRITER = """
import asyncio, sys
from sqlalchemy import insert
from gateway.store.database import open_database
from gateway.store.tables import guards

async def main():
    db = await open_database(sys.argv[1])
    async def one(i):
        await db.write(lambda conn: conn.execute(insert(guards).values(key=f"k{i:05}", until=1, reason="r")).close())
        sys.stdout.write(f"k{i:05}\\n")
        sys.stdout.flush()
    for start in range(0, 100000, 20):
        await asyncio.gather(*[one(i) for i in range(start, start + 20)])

asyncio.run(main())
"""


def keys(conn: Connection) -> list[str]:
    return list(conn.execute(select(guards.c.key).order_by(guards.c.key)).scalars())


def put(key: str, size: int = 1):
    def unit(conn: Connection) -> str:
        conn.execute(insert(guards).values(key=key, until=1, reason="x" * size))
        return key

    return unit


async def test_what_was_answered_survives_kill_9(db: Database) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", WRITER, db.url, stdout=subprocess.PIPE)
    assert process.stdout is not None
    acknowledged = [(await process.stdout.readline()).decode().strip() for _ in range(150)]
    process.send_signal(signal.SIGKILL)
    rest, _ = await process.communicate()
    acknowledged += [line for line in rest.decode().split("\n") if len(line) == 6]

    # On PostgreSQL the server may still be finishing the killed client's last transaction: it can only add.
    again = await open_database(db.url)
    try:
        stored = set(await again.read(keys))
    finally:
        await again.close()
    assert len(acknowledged) >= 150
    assert set(acknowledged) <= stored


async def test_a_full_disk_is_said_stores_nothing_and_heals(sqlite_db: Database) -> None:
    await sqlite_db.write(put("before"))
    pages = await sqlite_db.write(lambda conn: conn.execute(text("PRAGMA page_count")).scalar_one())
    await sqlite_db.write(lambda conn: conn.execute(text(f"PRAGMA max_page_count = {pages + 4}")).close())
    heard: list[str] = []
    sqlite_db.add_listener(heard.extend)

    results = await asyncio.gather(
        sqlite_db.write(put("small-1")),
        sqlite_db.write(put("huge", 4_000_000)),
        sqlite_db.write(put("small-2")),
        return_exceptions=True,
    )

    assert [type(result) for result in results] == [StorageFull] * 3
    assert "espaço" in results[1].fix
    assert heard == []
    assert await sqlite_db.read(keys) == ["before"]

    await sqlite_db.write(lambda conn: conn.execute(text("PRAGMA max_page_count = 1073741823")).close())
    await sqlite_db.write(put("huge", 4_000_000))
    assert await sqlite_db.read(keys) == ["before", "huge"]


async def test_a_file_held_by_another_process_is_said_and_heals(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "PRAGMAS", ("busy_timeout=20", *sqlite.PRAGMAS[1:]))
    database = await open_database(sqlite_url)
    holder = sqlite3.connect(tmp_path / "gateway.db", isolation_level=None)
    try:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageFull) as refused:
            await database.write(put("a"))
        assert refused.value.code == "STORAGE-BUSY"
        holder.execute("ROLLBACK")
        assert await database.write(put("a")) == "a"
    finally:
        holder.close()
        await database.close()


async def test_the_file_is_written_through_a_log_and_synced(sqlite_db: Database) -> None:
    settings = await sqlite_db.write(
        lambda conn: {
            name: conn.execute(text(f"PRAGMA {name}")).scalar_one() for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    )

    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


async def test_many_units_share_a_commit(sqlite_db: Database) -> None:
    commits: list[tuple[str, ...]] = []
    sqlite_db.add_listener(commits.append)
    await asyncio.gather(*[sqlite_db.write(lambda conn, i=i: touch(conn, f"t{i}")) for i in range(200)])

    assert sum(len(topics) for topics in commits) == 200
    assert len(commits) <= 20


@pytest.mark.postgres
async def test_a_connection_that_died_in_the_pool_is_replaced_unseen(postgres_db: Database) -> None:
    await postgres_db.write(put("a"))
    killer = await open_database(postgres_db.url)
    await killer.write(
        lambda conn: conn.execute(
            text(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
        ).close()
    )
    await killer.close()

    assert await postgres_db.write(put("b")) == "b"
    assert await postgres_db.read(keys) == ["a", "b"]


@pytest.mark.postgres
async def test_a_deadlock_is_run_again_until_both_are_through(postgres_db: Database) -> None:
    await postgres_db.write(put("a"))
    await postgres_db.write(put("b"))
    runs: list[str] = []

    def lock(first: str, second: str):
        def unit(conn: Connection) -> None:
            runs.append(first)
            conn.execute(text("set local deadlock_timeout = '50ms'"))
            conn.execute(text("update guards set until = until + 1 where key = :k"), {"k": first})
            # Long enough for the other to hold its first row: the database waits, not the test.
            conn.execute(text("select pg_sleep(0.05)"))
            conn.execute(text("update guards set until = until + 1 where key = :k"), {"k": second})

        return unit

    await asyncio.gather(postgres_db.write(lock("a", "b")), postgres_db.write(lock("b", "a")))

    assert await postgres_db.read(lambda conn: list(conn.execute(select(guards.c.until)).scalars())) == [3, 3]
    assert len(runs) >= 3
