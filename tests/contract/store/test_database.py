"""What both engines promise about a unit of work."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import Connection, func, insert, select

from gateway.core.errors import ConfigInvalid, StorageFull
from gateway.store.database import Database, db_now, open_database, touch
from gateway.store.tables import guards


def put(key: str):
    def unit(conn: Connection) -> str:
        conn.execute(insert(guards).values(key=key, until=1, reason="r"))
        touch(conn, f"put:{key}")
        return key

    return unit


def keys(conn: Connection) -> list[str]:
    return list(conn.execute(select(guards.c.key).order_by(guards.c.key)).scalars())


async def test_a_write_answers_the_value_of_its_unit_and_is_read_back(db: Database) -> None:
    assert await db.write(put("a")) == "a"
    assert await db.read(keys) == ["a"]


async def test_a_unit_that_fails_stores_nothing_and_harms_no_other(db: Database) -> None:
    def bad(conn: Connection) -> None:
        put("half")(conn)
        raise LookupError("no")

    results = await asyncio.gather(
        *[db.write(put(f"k{i}")) if i % 3 else db.write(bad) for i in range(30)], return_exceptions=True
    )

    assert [type(result) for result in results[:4]] == [LookupError, str, str, LookupError]
    assert await db.read(keys) == sorted(f"k{i}" for i in range(30) if i % 3)


async def test_the_databases_own_refusal_rolls_back_one_unit_only(db: Database) -> None:
    await db.write(put("a"))

    results = await asyncio.gather(db.write(put("b")), db.write(put("a")), db.write(put("c")), return_exceptions=True)

    assert [isinstance(result, str) for result in results] == [True, False, True]
    assert await db.read(keys) == ["a", "b", "c"]


async def test_listeners_hear_of_a_commit_once_and_of_a_failure_never(db: Database) -> None:
    heard: list[str] = []
    db.add_listener(heard.extend)

    def twice(conn: Connection) -> None:
        touch(conn, "x")
        touch(conn, "x")
        touch(conn, "y")

    def bad(conn: Connection) -> None:
        touch(conn, "never")
        raise LookupError

    await db.write(twice)
    with pytest.raises(LookupError):
        await db.write(bad)
    await db.write(put("a"))

    assert heard == ["x", "y", "put:a"]
    db.remove_listener(heard.extend)


async def test_a_listener_that_raises_hurts_nobody(db: Database) -> None:
    heard: list[str] = []

    def broken(_topics: tuple[str, ...]) -> None:
        raise RuntimeError("listener")

    db.add_listener(broken)
    db.add_listener(heard.extend)

    assert await db.write(put("a")) == "a"
    assert heard == ["put:a"]


async def test_a_read_cannot_write(db: Database) -> None:
    with pytest.raises(StorageFull):
        await db.read(put("a"))
    assert await db.read(keys) == []


async def test_many_writers_at_once_all_get_their_own_answer(db: Database) -> None:
    answers = await asyncio.gather(*[db.write(put(f"k{i:03}")) for i in range(300)])

    assert answers == [f"k{i:03}" for i in range(300)]
    assert await db.read(lambda conn: conn.execute(select(func.count()).select_from(guards)).scalar_one()) == 300


async def test_the_clock_moves_forward_in_milliseconds(db: Database) -> None:
    first = await db.write(db_now)
    second = await db.write(db_now)

    assert 1_700_000_000_000 < first <= second < first + 60_000


async def test_close_finishes_what_was_submitted(db_url: str) -> None:
    database = await open_database(db_url)
    writes = [asyncio.create_task(database.write(put(f"k{i}"))) for i in range(20)]
    await asyncio.gather(*writes)
    await database.close()
    await database.close()

    again = await open_database(db_url)
    try:
        assert len(await again.read(keys)) == 20
    finally:
        await again.close()


async def test_a_cancelled_caller_does_not_disturb_the_others(db: Database) -> None:
    tasks = [asyncio.create_task(db.write(put(f"k{i}"))) for i in range(10)]
    await asyncio.sleep(0)
    tasks[3].cancel()

    results = await asyncio.gather(*tasks, return_exceptions=True)

    assert [i for i, result in enumerate(results) if isinstance(result, asyncio.CancelledError)] == [3]
    stored = await db.read(keys)
    assert set(stored) >= {f"k{i}" for i in range(10) if i != 3}


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://localhost/x", "nonsense"])
async def test_an_address_that_cannot_be_used_is_refused_with_a_fix(url: str) -> None:
    with pytest.raises(ConfigInvalid) as refused:
        await open_database(url)
    assert "sqlite:///" in refused.value.fix


async def test_a_server_that_is_not_there_is_said_so(tmp_path) -> None:
    with pytest.raises(StorageFull) as refused:
        await open_database(f"postgresql://postgres@/postgres?host={tmp_path}")
    assert refused.value.code == "STORAGE-UNAVAILABLE"


async def test_a_directory_in_the_place_of_the_file_is_said_so(tmp_path) -> None:
    with pytest.raises(StorageFull):
        await open_database(f"sqlite:///{tmp_path}")
