"""Hints between processes: arq carries the id of a due job to whichever worker listens. The only file that knows arq.

A hint may be lost, late or double, and nothing is: the job row is the truth, and every worker sweeps it. So publishing never
fails and never waits long, and listening goes on for ever, through any outage of Redis.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, cast

import msgspec
import structlog
from arq.connections import ArqRedis, RedisSettings
from arq.worker import Worker as ArqWorker
from arq.worker import func
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import RedisError

from gateway.core.errors import ConfigInvalid
from gateway.jobs.endings import end
from gateway.store.database import Database

log = structlog.get_logger("gateway.jobs")

QUEUE = "gateway:hints"
FUNCTION = "wake"
PUBLISH_TIMEOUT = 1.0
EXPIRES = 60
"""Seconds after which a hint says nothing any more: every worker has swept many times since."""
POLL = 0.05
MAX_PENDING = 10_000
RECONNECT_FIRST = 0.2
RECONNECT_LAST = 5.0
_OUTAGE = (RedisError, OSError, TimeoutError)

Wake = Callable[[Sequence[str]], None]


class Hints(Protocol):
    """How processes tell each other of due jobs."""

    async def start(self, wake: Wake | None = None) -> None:
        """Begin; with `wake`, also listen for the hints of others. Does not wait for the server."""
        ...

    async def publish(self, job_ids: Sequence[str]) -> bool:
        """Tell the others, within a second; never raises. False: nobody heard (the sweep will see to it)."""
        ...

    def relay(self, db: Database, unless: Callable[[], bool] | None = None) -> None:
        """Publish every job that a commit of `db` makes due; not while `unless` says that this process takes it itself."""
        ...

    async def close(self) -> None: ...


class NoHints:
    """One process, or nobody to tell: every worker sweeps by itself."""

    async def start(self, wake: Wake | None = None) -> None:
        del wake

    async def publish(self, job_ids: Sequence[str]) -> bool:
        del job_ids
        return False

    def relay(self, db: Database, unless: Callable[[], bool] | None = None) -> None:
        del db, unless

    async def close(self) -> None:
        return None


class ArqHints:
    """Hints over Redis or Valkey at `url` (`redis://`, `rediss://`, `unix://`). Raises ConfigInvalid for another address."""

    def __init__(self, url: str, *, poll: float = POLL) -> None:
        try:
            self._settings = RedisSettings.from_dsn(url)
        except (RuntimeError, ValueError) as error:
            raise ConfigInvalid(
                "O endereço da fila não pôde ser lido.", fix="Use redis://servidor:6379 ou unix:///caminho em GATEWAY_REDIS_URL."
            ) from error
        self._poll = poll
        self._pool = _client(self._settings)
        self._listening: ArqRedis | None = None
        self._pending: deque[str] = deque(maxlen=MAX_PENDING)
        self._some = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._down = False
        self._unsubscribe: Callable[[], None] = lambda: None

    async def start(self, wake: Wake | None = None) -> None:
        # arq says two lines a job at level info; a hint is worth none.
        logging.getLogger("arq.worker").setLevel(logging.WARNING)
        logging.getLogger("arq.connections").setLevel(logging.ERROR)
        self._tasks.append(asyncio.create_task(self._flush(), name="hints:publish"))
        if wake is not None:
            self._tasks.append(asyncio.create_task(self._listen(wake), name="hints:listen"))

    def relay(self, db: Database, unless: Callable[[], bool] | None = None) -> None:
        def hear(topics: tuple[str, ...]) -> None:
            if unless is not None and unless():
                return
            ids = [topic.split(":")[1] for topic in topics if topic.startswith("job:")]
            if ids:
                self._pending.extend(ids)
                self._some.set()

        db.add_listener(hear)
        self._unsubscribe = lambda: db.remove_listener(hear)

    async def publish(self, job_ids: Sequence[str]) -> bool:
        if not job_ids:
            return True
        try:
            async with asyncio.timeout(PUBLISH_TIMEOUT):
                for job_id in job_ids:
                    # Never the same id twice: arq would take the second for the first and drop it. Its answer is not looked at:
                    # None means "already queued" and "the connection died" alike.
                    hint_id = f"{job_id}:{secrets.token_hex(6)}"
                    await self._pool.enqueue_job(FUNCTION, job_id, _job_id=hint_id, _queue_name=QUEUE, _expires=EXPIRES)
        except _OUTAGE as error:
            if not self._down:
                log.warning("hints.down", error=f"{type(error).__name__}: {error}", jobs=len(job_ids))
            self._down = True
            return False
        if self._down:
            log.info("hints.up")
        self._down = False
        return True

    async def close(self) -> None:
        self._unsubscribe()
        await end(self._tasks)
        self._tasks.clear()
        await _close(self._pool)
        if self._listening is not None:
            await _close(self._listening)

    async def _flush(self) -> None:
        pause = RECONNECT_FIRST
        while True:
            await self._some.wait()
            self._some.clear()
            ids = list(dict.fromkeys(self._pending))
            self._pending.clear()
            if await self.publish(ids):
                pause = RECONNECT_FIRST
            else:
                # What could not be told is not told later: by then the sweep has found it.
                await asyncio.sleep(pause)
                pause = min(pause * 2, RECONNECT_LAST)

    async def _listen(self, wake: Wake) -> None:
        """Be an arq worker, and a new one after each outage: arq's own leaves when Redis stays away."""
        pause = RECONNECT_FIRST
        while True:
            pool = self._listening = _client(self._settings)
            worker = self._arq_worker(wake, pool)
            started = asyncio.get_running_loop().time()
            try:
                await worker.async_run()
            except _OUTAGE as error:
                log.warning("hints.listener_down", error=f"{type(error).__name__}: {error}", again_in=pause)
            except Exception:
                log.exception("hints.listener_failed", again_in=pause)
            finally:
                # Told to stop while an outage is being cleaned up, what is left is closed by `close`.
                await _end(worker)
                await _close(pool)
            if asyncio.get_running_loop().time() - started > RECONNECT_LAST:
                pause = RECONNECT_FIRST
            await asyncio.sleep(pause)
            pause = min(pause * 2, RECONNECT_LAST)

    def _arq_worker(self, wake: Wake, pool: ArqRedis) -> _Listener:
        async def carry(_context: dict[Any, Any], job_id: str) -> None:
            wake([job_id])

        return _Listener(
            functions=[func(cast("Any", carry), name=FUNCTION)],
            queue_name=QUEUE,
            redis_pool=pool,
            handle_signals=False,
            max_jobs=100,
            job_timeout=10,
            keep_result=0,
            max_tries=1_000_000,
            poll_delay=self._poll,
            health_check_interval=10,
            job_serializer=msgspec.msgpack.encode,
            job_deserializer=msgspec.msgpack.decode,
            log_results=False,
        )


class _Listener(ArqWorker):
    """arq's worker, which also knows what it shields: a job's end goes on after the job was cancelled, on a new connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.shielded: set[asyncio.Task[Any]] = set()

    async def finish_job(self, *args: Any, **kwargs: Any) -> None:
        with self._known():
            await super().finish_job(*args, **kwargs)

    async def finish_failed_job(self, *args: Any, **kwargs: Any) -> None:
        with self._known():
            await super().finish_failed_job(*args, **kwargs)

    @contextmanager
    def _known(self) -> Iterator[None]:
        task = asyncio.current_task()
        assert task is not None
        self.shielded.add(task)
        try:
            yield
        finally:
            self.shielded.discard(task)


def _client(settings: RedisSettings) -> ArqRedis:
    """A client that connects when it is first used.

    Not arq's `create_pool`: when that is interrupted or refused, its half-open connection belongs to nobody.
    """
    return ArqRedis(
        host=str(settings.host),
        port=settings.port,
        unix_socket_path=settings.unix_socket_path,
        db=settings.database,
        username=settings.username,
        password=settings.password,
        ssl=settings.ssl,
        encoding="utf8",
        socket_connect_timeout=1,
        socket_timeout=5,
        retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), 2),
        retry_on_error=[ConnectionError, TimeoutError, OSError],
        job_serializer=msgspec.msgpack.encode,
        job_deserializer=msgspec.msgpack.decode,
        default_queue_name=QUEUE,
    )


async def _end(worker: _Listener) -> None:
    """Stop what an arq worker has running, whatever state an outage left it in: then nothing of it connects any more."""
    for tasks in ([worker.main_task, *worker.tasks.values()], worker.shielded):
        await end([task for task in tasks if task is not None])


async def _close(pool: ArqRedis) -> None:
    try:
        async with asyncio.timeout(PUBLISH_TIMEOUT):
            await pool.aclose(close_connection_pool=True)
    except _OUTAGE as error:
        log.info("hints.close_failed", error=str(error))
