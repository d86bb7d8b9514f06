"""The migrations and the tables say the same, on both engines; upgrading is safe to do twice, at once, and half-way."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from gateway.core.errors import ConfigInvalid
from gateway.core.ids import new_id
from gateway.store import schema
from gateway.store.database import Database, open_database
from gateway.store.postgres import postgres_engine
from gateway.store.sqlite import sqlite_engine
from gateway.store.tables import metadata

STEPS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011", "0016")
HEAD = STEPS[-1]

SQLITE_DDL = (
    "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' AND name <> 'alembic_version' ORDER BY 1, 2"
)
POSTGRES_DDL = (
    "SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
    " UNION ALL SELECT 'constraint', conname, conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version'"
    " UNION ALL SELECT 'column', table_name || '.' || column_name, data_type || coalesce(character_maximum_length::text, '')"
    " || is_nullable FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'"
    " ORDER BY 1, 2"
)


def shape(conn: Connection) -> list[tuple[Any, ...]]:
    query = SQLITE_DDL if conn.dialect.name == "sqlite" else POSTGRES_DDL
    rows = [tuple(row) for row in conn.execute(text(query))]
    # Order of columns and constraints inside CREATE TABLE is no difference.
    return [(kind, name, sorted(" ".join(str(sql).split()).replace(",", " ").split())) for kind, name, sql in rows]


@pytest.fixture
async def other_postgres_url(postgres_server: Callable[[str], str]):
    """An empty PostgreSQL database."""
    name = new_id("t")
    connection: Any = await asyncpg.connect(postgres_server("postgres"))
    await connection.execute(f"CREATE DATABASE {name}")
    yield postgres_server(name)
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/sub/dir/empty.db"
    url: str = request.getfixturevalue("other_postgres_url")
    return url


async def test_tables_and_migrations_are_the_same(db: Database) -> None:
    differences = await db.write(lambda conn: compare_metadata(MigrationContext.configure(conn), metadata))

    assert differences == []


async def test_every_check_index_and_column_is_the_same_on_sqlite(sqlite_db: Database, tmp_path: Path) -> None:
    migrated = await sqlite_db.read(shape)
    engine = sqlite_engine(tmp_path / "models.db")
    with engine.connect() as conn:
        metadata.create_all(conn)
        modelled = shape(conn)
    engine.dispose()

    assert migrated == modelled
    assert len(migrated) > 40


@pytest.mark.postgres
async def test_every_check_index_and_column_is_the_same_on_postgres(postgres_db: Database, other_postgres_url: str) -> None:
    migrated = await postgres_db.read(shape)
    engine = postgres_engine(other_postgres_url, pooled=False)
    async with engine.begin() as conn:
        await conn.run_sync(metadata.create_all)
        modelled = await conn.run_sync(shape)
    await engine.dispose()

    assert migrated == modelled
    assert len(migrated) > 200


async def test_an_upgrade_is_said_before_and_done_once(empty_url: str) -> None:
    assert schema.current(empty_url) is None
    assert schema.pending(empty_url) == STEPS

    schema.upgrade(empty_url)
    schema.upgrade(empty_url)

    assert schema.current(empty_url) == HEAD
    assert schema.pending(empty_url) == ()
    database = await open_database(empty_url)
    try:
        assert await database.read(lambda conn: conn.execute(text("select count(*) from jobs")).scalar()) == 0
    finally:
        await database.close()


def test_asking_for_the_version_leaves_no_file_behind(tmp_path: Path) -> None:
    assert schema.current(f"sqlite:///{tmp_path}/none.db") is None
    assert list(tmp_path.iterdir()) == []


async def test_two_processes_at_once_both_end_well(empty_url: str) -> None:
    program = "import sys; from gateway.store import schema; schema.upgrade(sys.argv[1]); print(schema.current(sys.argv[1]))"
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, empty_url, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(2)
    ]

    outputs = await asyncio.gather(*[process.communicate() for process in processes])

    assert [(process.returncode, out.decode().strip()) for process, (out, _) in zip(processes, outputs, strict=True)] == [
        (0, HEAD),
        (0, HEAD),
    ], outputs


async def test_a_database_from_the_future_is_left_alone(db: Database) -> None:
    await db.write(lambda conn: conn.execute(text("update alembic_version set version_num = '9999'")).close())

    for refused in (schema.upgrade, schema.pending):
        with pytest.raises(ConfigInvalid) as error:
            refused(db.url)
        assert error.value.code == "STORAGE-NEWER"

    assert schema.current(db.url) == "9999"
