"""The tables' versions: which one the database has, which ones are missing, and bringing it up to date.

An upgrade is one transaction under a lock: of two processes that start at once, the second waits and finds nothing to do,
and a step that fails leaves the database as it was. There is no way back down: restore a backup instead.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from gateway.core.errors import ConfigInvalid
from gateway.store import postgres, sqlite
from gateway.store.database import engine_of, sqlite_path

T = TypeVar("T")

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK_KEY = 0x6669736361  # "fisca": any constant of our own
WAIT_SECONDS = 120


def upgrade(url: str) -> None:
    """Run every step the database lacks; creates a SQLite file that does not exist. Blocks: not for the event loop's thread.

    Raises StorageFull when the database cannot be reached or written, ConfigInvalid when it is newer than this program.
    """
    _run(url, _upgrade, create=True)


def current(url: str) -> str | None:
    """The version the database has, or None when it has no tables yet. Blocks."""
    return _run(url, _current, create=False)


def pending(url: str) -> tuple[str, ...]:
    """Versions that `upgrade` would run, oldest first. Blocks. Raises ConfigInvalid when the database is the newer one."""
    return _missing(current(url))


def draft(connection: Connection, message: str, version: str) -> None:
    """For developers: write the next step from the difference between the tables and a database that is up to date."""
    command.revision(_config(connection), message=message, autogenerate=True, rev_id=version)


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "v%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    _missing(_current(connection))
    command.upgrade(_config(connection), "head")


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _missing(version: str | None) -> tuple[str, ...]:
    known = [script.revision for script in reversed(list(ScriptDirectory.from_config(_config()).walk_revisions()))]
    if version is None:
        return tuple(known)
    if version not in known:
        raise ConfigInvalid(
            f"O banco está na versão {version}, que este programa não conhece: ele foi usado por uma versão mais nova.",
            code="STORAGE-NEWER",
            fix="Atualize o programa, ou restaure a cópia de segurança feita antes da atualização.",
        )
    return tuple(known[known.index(version) + 1 :])


def _run(url: str, work: Callable[[Connection], T], *, create: bool) -> T:
    if engine_of(url) == "sqlite":
        return _run_sqlite(sqlite_path(url), work, create=create)
    # A loop of its own in a thread of its own: the caller may or may not have one running.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _run_postgres(url, work)).result()


def _run_sqlite(path: Path, work: Callable[[Connection], T], *, create: bool) -> T:
    if not create and not path.exists():
        # Looking must not leave an empty database behind.
        path = Path(":memory:")
    engine = sqlite.sqlite_engine(path)
    try:
        if create:
            path.parent.mkdir(parents=True, exist_ok=True)
        with engine.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA busy_timeout={WAIT_SECONDS * 1000}")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                value = work(connection)
            except BaseException:
                connection.exec_driver_sql("ROLLBACK")
                raise
            connection.exec_driver_sql("COMMIT")
            return value
    except (OSError, sqlite3.Error, DBAPIError) as error:
        raise sqlite.storage_error(error) or error from error
    finally:
        engine.dispose()


async def _run_postgres(url: str, work: Callable[[Connection], T]) -> T:
    engine = postgres.postgres_engine(url, pooled=False)
    try:
        async with engine.begin() as connection:
            await connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{WAIT_SECONDS}s'")
            await connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK_KEY})")
            return await connection.run_sync(work)
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise postgres.unreachable(error) from error
    except DBAPIError as error:
        raise postgres.storage_error(error) or error from error
    finally:
        await engine.dispose()
