"""PostgreSQL through asyncpg: each unit of work is one transaction, run again after a deadlock or a dead connection."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from gateway.core.errors import ConfigInvalid, StorageFull
from gateway.store.topics import Listener, Listeners, collecting

log = structlog.get_logger("gateway.store")

T = TypeVar("T")

POOL = 10
TRIES = 6
"""Times a unit is run when the server asks for it (serialization failure, deadlock) or the connection was already dead."""
CONNECT_TIMEOUT = 10.0
STATEMENT_TIMEOUT = 30.0

_AGAIN = {"40001", "40P01"}
_CANNOT_WRITE = {"53100", "53200", "58030", "25006"}
"""disk full, out of memory, I/O error, read-only transaction (a standby)."""
_UNREACHABLE_CLASSES = ("08", "57P", "53")
"""connection exceptions, operator intervention, insufficient resources."""


def sqlstate(error: DBAPIError) -> str:
    """The five letters of the server's error, or empty."""
    return str(getattr(error.orig, "sqlstate", None) or "")


def unreachable(error: BaseException) -> StorageFull:
    """The server did not answer, refused, or went away."""
    return StorageFull(
        f"O banco PostgreSQL não está acessível ({type(error).__name__}).",
        code="STORAGE-UNAVAILABLE",
        fix="Confira se o servidor está de pé e se GATEWAY_DATABASE_URL aponta para ele.",
    )


def storage_error(error: DBAPIError) -> StorageFull | None:
    """The StorageFull that a driver's error means, or None when the database itself is well."""
    state = sqlstate(error)
    if state in _CANNOT_WRITE:
        return StorageFull(
            f"O banco PostgreSQL não consegue gravar (código {state}).",
            fix="Libere espaço no servidor do banco; nada foi perdido.",
        )
    if error.connection_invalidated or state.startswith(_UNREACHABLE_CLASSES):
        return unreachable(error)
    return None


def postgres_engine(url: str, *, pooled: bool = True) -> AsyncEngine:
    """An engine for any URL that asyncpg reads (libpq's: `sslmode`, `host=/dir`, `application_name`, ...).

    asyncpg parses the address itself, so that no dialect of ours stands between the operator and libpq's documentation.
    """
    dsn = urlunsplit(urlsplit(url)._replace(scheme="postgresql"))

    async def connect() -> asyncpg.Connection[Any]:
        return await asyncpg.connect(
            dsn,
            timeout=CONNECT_TIMEOUT,
            command_timeout=STATEMENT_TIMEOUT + 5,
            server_settings={
                "statement_timeout": str(int(STATEMENT_TIMEOUT * 1000)),
                "idle_in_transaction_session_timeout": "60000",
            },
        )

    if pooled:
        return create_async_engine(
            "postgresql+asyncpg://",
            hide_parameters=True,  # an error must not carry a customer's data into a log
            async_creator=connect,
            pool_size=POOL,
            max_overflow=POOL,
            pool_use_lifo=True,
            pool_timeout=30,
        )
    return create_async_engine("postgresql+asyncpg://", hide_parameters=True, async_creator=connect, poolclass=NullPool)


class PostgresDatabase:
    """See `gateway.store.database.Database`."""

    dialect = "postgresql"

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine = postgres_engine(url)
        self._listeners = Listeners()

    @classmethod
    async def open(cls, url: str) -> PostgresDatabase:
        """Connect once, so that a wrong address is heard now. Raises ConfigInvalid or StorageFull."""
        database = cls(url)
        try:
            await (await database._connect()).close()
        except (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError, DBAPIError) as error:
            await database.close()
            raise ConfigInvalid(
                f"O banco PostgreSQL recusou a conexão: {error}",
                fix="Confira usuário, senha e nome do banco em GATEWAY_DATABASE_URL.",
            ) from error
        except BaseException:
            await database.close()
            raise
        return database

    async def write(self, unit: Callable[[Connection], T]) -> T:
        value, topics = await self._run(unit, commit=True)
        self._listeners.tell(topics)
        return value

    async def read(self, unit: Callable[[Connection], T]) -> T:
        value, _topics = await self._run(unit, commit=False)
        return value

    def add_listener(self, listener: Listener) -> None:
        self._listeners.add(listener)

    def remove_listener(self, listener: Listener) -> None:
        self._listeners.remove(listener)

    async def close(self) -> None:
        await self._engine.dispose()

    async def _connect(self) -> AsyncConnection:
        try:
            return await self._engine.connect()
        except (OSError, TimeoutError, PoolTimeout, asyncpg.CannotConnectNowError, asyncpg.TooManyConnectionsError) as error:
            raise unreachable(error) from error
        except DBAPIError as error:
            raise storage_error(error) or error from error

    async def _run(self, unit: Callable[[Connection], T], *, commit: bool) -> tuple[T, tuple[str, ...]]:
        for left in reversed(range(TRIES)):
            conn = await self._connect()
            committing = False
            try:
                if not commit:
                    await conn.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                answer = await conn.run_sync(collecting, unit)
                committing = commit
                if commit:
                    await conn.commit()
            except DBAPIError as error:
                again = sqlstate(error) in _AGAIN or (error.connection_invalidated and not committing)
                if again and left:
                    log.info("store.unit_again", sqlstate=sqlstate(error), left=left)
                    await asyncio.sleep(random.uniform(0, 0.02) * (TRIES - left))  # noqa: S311 spreads rivals, hides nothing
                    continue
                if error.connection_invalidated and committing:
                    raise StorageFull(
                        "A conexão com o banco caiu durante a gravação: não se sabe se ela valeu.",
                        code="STORAGE-COMMIT-UNKNOWN",
                        fix="Repita o pedido com a mesma chave: ele não será feito duas vezes.",
                    ) from error
                raise storage_error(error) or error from error
            else:
                return answer
            finally:
                await conn.close()
        raise unreachable(TimeoutError())  # not reached: the last try raises
