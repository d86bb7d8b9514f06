"""SQLite: one writer thread that commits in groups, and a few readers beside it.

Every waiting unit of work runs in its own SAVEPOINT, and one COMMIT (one fsync) makes the whole batch durable: hundreds
of accepts share the price of one. A unit that fails rolls back alone; a disk that fails rolls back all.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import structlog
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, QueuePool

from gateway.core.errors import StorageFull
from gateway.store.topics import Listener, Listeners, collecting

log = structlog.get_logger("gateway.store")

T = TypeVar("T")

BATCH = 128
"""Units that share one COMMIT at most: bounds the wait of the first behind the last."""
READERS = 4
BUSY_TIMEOUT_MS = 10_000
"""How long to wait for another process (a backup, a command line) to let go of the write lock."""

PRAGMAS = (
    f"busy_timeout={BUSY_TIMEOUT_MS}",
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    # macOS acknowledges fsync before the disk has the bytes unless asked for the full one; elsewhere this does nothing.
    "fullfsync=ON",
    "journal_size_limit=67108864",
)

_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def storage_error(error: BaseException) -> StorageFull | None:
    """The StorageFull that a driver's error means, or None when the database itself is well."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(cause, sqlite3.Error):
        return None
    primary = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    if primary in _BUSY:
        return StorageFull(
            "O banco de dados está ocupado por outro processo.",
            code="STORAGE-BUSY",
            fix="Feche o programa que segura o arquivo do banco; o pedido pode ser repetido.",
        )
    if primary in _FULL:
        return StorageFull(
            f"O banco de dados não consegue gravar ({cause}).",
            fix="Libere espaço em disco e confira a permissão do diretório de dados; nada foi perdido.",
        )
    return None


def sqlite_engine(path: Path, *, readers: int = 0) -> Engine:
    """An engine with our pragmas; `readers` > 0 gives a pool of connections that cannot write.

    The driver's own transaction control is off (`isolation_level=None`): BEGIN, SAVEPOINT and COMMIT are ours.
    """
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"check_same_thread": False, "isolation_level": None},
        hide_parameters=True,  # an error must not carry a customer's data into a log
        **({"poolclass": QueuePool, "pool_size": readers, "max_overflow": 0} if readers else {"poolclass": NullPool}),
    )
    pragmas = (*PRAGMAS, "query_only=ON") if readers else PRAGMAS

    def prepare(raw: sqlite3.Connection, _record: object) -> None:
        for pragma in pragmas:
            raw.execute(f"PRAGMA {pragma}").close()

    event.listen(engine, "connect", prepare)
    return engine


@dataclass(frozen=True, slots=True)
class _Work:
    unit: Callable[[Connection], Any]
    future: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Answer:
    future: asyncio.Future[Any]
    value: Any = None
    error: BaseException | None = None


class _Writer:
    """The only thread that writes. Units arrive in order and are committed in order."""

    def __init__(self, path: Path, settle: Callable[[list[_Answer], tuple[str, ...]], None]) -> None:
        self._engine = sqlite_engine(path)
        self._settle = settle
        self._conn: Connection | None = None
        self._queue: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="gateway-writer", daemon=True)

    def start(self) -> None:
        """Open the connection here, so that a bad path is the caller's error; then write."""
        self._conn = self._engine.connect()
        self._thread.start()

    def submit(self, work: _Work) -> None:
        self._queue.put(work)

    def finish(self) -> None:
        """Commit what is queued, then end. Blocks."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        ending = False
        while not ending:
            batch: list[_Work] = []
            item = self._queue.get()
            while item is not None:
                batch.append(item)
                if len(batch) == BATCH:
                    break
                try:
                    item = self._queue.get_nowait()
                except queue.Empty:
                    break
            ending = item is None
            if batch:
                self._commit(batch)
        self._drop()
        self._engine.dispose()

    def _commit(self, batch: list[_Work]) -> None:
        try:
            answers, topics = self._transaction(batch)
        except BaseException as error:
            # Nothing of the batch is stored. Whoever waits hears it; the thread lives on for the next batch.
            known = storage_error(error)
            if known is not None:
                log.critical("store.cannot_write", units=len(batch), error=known.detail)
            else:
                log.exception("store.batch_failed", units=len(batch))
            failure = known or error
            self._roll_back()
            answers, topics = [_Answer(work.future, error=failure) for work in batch], ()
        self._settle(answers, topics)

    def _transaction(self, batch: list[_Work]) -> tuple[list[_Answer], tuple[str, ...]]:
        if self._conn is None:
            self._conn = self._engine.connect()
        conn = self._conn
        raw = cast("sqlite3.Connection", conn.connection.driver_connection)
        answers: list[_Answer] = []
        topics: dict[str, None] = {}
        raw.execute("BEGIN IMMEDIATE")
        for work in batch:
            raw.execute("SAVEPOINT unit")
            try:
                value, touched = collecting(conn, work.unit)
            except Exception as error:
                if storage_error(error) is not None:
                    raise
                raw.execute("ROLLBACK TO unit")
                answers.append(_Answer(work.future, error=error))
            else:
                topics.update(dict.fromkeys(touched))
                answers.append(_Answer(work.future, value))
            raw.execute("RELEASE unit")
        raw.execute("COMMIT")
        return answers, tuple(topics)

    def _roll_back(self) -> None:
        """Leave no transaction open; a connection that cannot even roll back is replaced at the next batch."""
        if self._conn is None:
            return
        try:
            raw = cast("sqlite3.Connection", self._conn.connection.driver_connection)
            # SQLite has already rolled back by itself after some of its errors.
            if raw.in_transaction:
                raw.execute("ROLLBACK")
        except (sqlite3.Error, DBAPIError):
            log.exception("store.rollback_failed")
            self._drop()

    def _drop(self) -> None:
        if self._conn is not None:
            self._conn.close()
            self._conn = None


class SqliteDatabase:
    """See `gateway.store.database.Database`."""

    dialect = "sqlite"

    def __init__(self, url: str, path: Path) -> None:
        self.url = url
        self._loop = asyncio.get_running_loop()
        self._listeners = Listeners()
        self._writer = _Writer(path, self._settle)
        self._read_engine = sqlite_engine(path, readers=READERS)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="gateway-reader")
        self._closed = False

    @classmethod
    async def open(cls, url: str, path: Path) -> SqliteDatabase:
        """Open (and create, if absent) the file at `path`. Raises StorageFull when it cannot be used."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            database = cls(url, path)
            database._writer.start()
        except (OSError, DBAPIError, sqlite3.Error) as error:
            raise storage_error(error) or StorageFull(
                f"O arquivo do banco não pôde ser aberto: {error}",
                code="STORAGE-UNAVAILABLE",
                fix="Confira o caminho e a permissão do diretório de dados (GATEWAY_DATA_DIR).",
            ) from error
        return database

    async def write(self, unit: Callable[[Connection], T]) -> T:
        self._refuse_when_closed()
        future: asyncio.Future[T] = self._loop.create_future()
        self._writer.submit(_Work(unit, future))
        return await future

    async def read(self, unit: Callable[[Connection], T]) -> T:
        self._refuse_when_closed()
        return await self._loop.run_in_executor(self._readers, self._read, unit)

    def add_listener(self, listener: Listener) -> None:
        self._listeners.add(listener)

    def remove_listener(self, listener: Listener) -> None:
        self._listeners.remove(listener)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        # Not the default executor: it may be full of work that waits for this very database.
        await self._loop.run_in_executor(self._readers, self._writer.finish)
        self._readers.shutdown(wait=True)
        self._read_engine.dispose()

    def _read(self, unit: Callable[[Connection], T]) -> T:
        try:
            with self._read_engine.connect() as conn:
                # One snapshot for all the statements of the unit.
                conn.exec_driver_sql("BEGIN")
                return unit(conn)
        except DBAPIError as error:
            failure = storage_error(error)
            if failure is not None:
                raise failure from error
            raise

    def _settle(self, answers: list[_Answer], topics: tuple[str, ...]) -> None:
        """From the writer's thread: hand the answers to the loop. A loop that is gone has nobody left to hear them."""
        try:
            self._loop.call_soon_threadsafe(self._answer, answers, topics)
        except RuntimeError:
            log.warning("store.nobody_listens", units=len(answers))

    def _answer(self, answers: list[_Answer], topics: tuple[str, ...]) -> None:
        for answer in answers:
            if answer.future.done():
                continue
            if answer.error is not None:
                answer.future.set_exception(answer.error)
            else:
                answer.future.set_result(answer.value)
        self._listeners.tell(topics)

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise StorageFull("O banco de dados já foi fechado: o serviço está parando.", code="STORAGE-CLOSED")
