"""One database, two engines: a unit of work is one synchronous function of a connection, the same body on both.

`write` answers only after COMMIT: what was answered survives `kill -9` and, with `synchronous=FULL`, a power cut.
A unit may be run again after a deadlock or a lost connection, so it must have no effect outside the connection.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from gateway.core.errors import ConfigInvalid
from gateway.store.dbclock import db_now
from gateway.store.postgres import PostgresDatabase
from gateway.store.sqlite import SqliteDatabase
from gateway.store.topics import Listener, touch

__all__ = ["Database", "Listener", "db_now", "open_database", "touch"]

T = TypeVar("T")


class Database(Protocol):
    """What every part of the gateway may do with the truth.

    Raises StorageFull when the database cannot write, cannot be reached or stays busy: nothing of the unit was stored (code
    `STORAGE-COMMIT-UNKNOWN` is the one exception: the connection died during COMMIT). What the unit raises comes through.
    """

    @property
    def url(self) -> str: ...

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        ...

    async def write(self, unit: Callable[[Connection], T]) -> T:
        """Run `unit` in a transaction of its own; answers after COMMIT."""
        ...

    async def read(self, unit: Callable[[Connection], T]) -> T:
        """Run `unit` on a snapshot that cannot be written to."""
        ...

    def add_listener(self, listener: Listener) -> None:
        """Hear the topics of every commit made through this object."""
        ...

    def remove_listener(self, listener: Listener) -> None: ...

    async def close(self) -> None:
        """Finish what was submitted, then let go of every connection. Closing twice is allowed."""
        ...


def sqlite_path(url: str) -> Path:
    """The file of a `sqlite:///path` URL. Raises ConfigInvalid for a database in memory: it would keep no promise."""
    path = make_url(url).database
    if not path or path == ":memory:":
        raise ConfigInvalid(
            "O endereço do banco SQLite não diz o arquivo.",
            fix="Use sqlite:///caminho/gateway.db em GATEWAY_DATABASE_URL.",
        )
    return Path(path)


def engine_of(url: str) -> str:
    """`sqlite` or `postgresql`. Raises ConfigInvalid for anything else."""
    try:
        name = make_url(url).get_backend_name()
    except ArgumentError as error:
        raise ConfigInvalid(
            "O endereço do banco não pôde ser lido.",
            fix="Use sqlite:///caminho/gateway.db ou postgresql://usuario@servidor/banco.",
        ) from error
    if name == "postgres":
        name = "postgresql"
    if name not in ("sqlite", "postgresql"):
        raise ConfigInvalid(
            f"O banco '{name}' não é suportado.",
            fix="Use sqlite:///caminho/gateway.db ou postgresql://usuario@servidor/banco.",
        )
    return name


async def open_database(url: str) -> Database:
    """Open `sqlite:///path` or any `postgresql://` URL (also over a unix socket: `?host=/dir`).

    Does not create or upgrade tables: `gateway.store.schema.upgrade` does. Raises ConfigInvalid for a URL that cannot be
    used and StorageFull when the database cannot be reached.
    """
    if engine_of(url) == "sqlite":
        return await SqliteDatabase.open(url, sqlite_path(url))
    return await PostgresDatabase.open(url)
