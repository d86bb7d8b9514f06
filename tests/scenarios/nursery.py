"""The gateway's process, many times over: a parent that has everything imported forks a life of the gateway for each order.

Orders come as JSON lines on standard input; what happens to each life leaves as JSON lines on standard output. A life serves the
API and works the queues like `gateway serve`, by a clock that the test moves, and counts the places where a death would hurt:
around every commit that changes fiscal facts and around every request to SEFAZ. At the one it was told, it kills itself. The
product has no hooks for that: they are put around its functions here.
"""

from __future__ import annotations

import asyncio
import faulthandler
import json
import mmap
import os
import re
import signal
import struct
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Engine, event

from gateway import demo_data, logs
from gateway.bootstrap import Gateway
from gateway.config import Settings
from gateway.core.clock import SystemClock
from gateway.nfe import request
from gateway.nfe.events import schema
from gateway.nfe.sefaz.client import SefazClient
from gateway.store import dbclock
from gateway.store.sqlite import SqliteDatabase

SENDS = ("authorize", "receipt", "history", "send_event", "inutilize")
QUIET = frozenset({"jobs", "job_attempts", "api_keys", "sessions", "audit", "authorizers", "guards"})
"""A commit that writes nothing else changes no fiscal fact; how many there are depends on timers, not on the story."""
_WRITES = re.compile(r"\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+(\w+)", re.IGNORECASE)


def say(**what: Any) -> None:
    """One line, whole: shorter than a pipe's atomic write."""
    os.write(1, json.dumps(what).encode() + b"\n")


class Hours:
    """The clock of a story: the machine's, plus the milliseconds that a file holds and the test advances."""

    def __init__(self, path: str) -> None:
        with Path(path).open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)

    @property
    def ahead_ms(self) -> int:
        return int(struct.unpack_from("<q", self._map)[0])

    def time_ns(self) -> int:
        return time.time_ns() + self.ahead_ms * 1_000_000

    def install(self) -> None:
        dbclock.time = SimpleNamespace(time_ns=self.time_ns)  # type: ignore[attr-defined]
        SystemClock.now = lambda _: datetime.now(UTC) + timedelta(milliseconds=self.ahead_ms)  # type: ignore[method-assign]
        SystemClock.epoch_ms = lambda _: self.time_ns() // 1_000_000  # type: ignore[method-assign]


class Points:
    """Counts passages by name, writes each down, and dies at the `nth` of `fatal`."""

    def __init__(self, trace: str, fatal: str, nth: int) -> None:
        self._trace = os.open(trace, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._fatal, self._nth = fatal, nth
        self._count: Counter[str] = Counter()
        self._lock = threading.Lock()

    def passed(self, name: str) -> None:
        with self._lock:
            self._count[name] += 1
            nth = self._count[name]
        if name == self._fatal and nth == self._nth:
            os.kill(os.getpid(), signal.SIGKILL)
        os.write(self._trace, f"{name} #{nth}\n".encode())

    def install(self) -> None:
        self._around_commits()
        for name in SENDS:
            self._around_send(name)

    def _around_commits(self) -> None:
        original = SqliteDatabase.write
        seen = threading.local()

        def statement(_conn: Any, _cursor: Any, text: str, *_: Any) -> None:
            found = _WRITES.match(text)
            if found is not None and getattr(seen, "tables", None) is not None:
                seen.tables.add(found[1])

        event.listen(Engine, "before_cursor_execute", statement)

        async def write(database: Any, unit: Callable[[Any], Any]) -> Any:
            tables: set[str] = set()

            def traced(conn: Any) -> Any:
                seen.tables = tables
                try:
                    result = unit(conn)
                finally:
                    seen.tables = None
                if tables - QUIET:
                    self.passed(f"commit {'+'.join(sorted(tables))} before")
                return result

            result = await original(database, traced)
            if tables - QUIET:
                self.passed(f"commit {'+'.join(sorted(tables))} after")
            return result

        SqliteDatabase.write = write  # type: ignore[assignment,method-assign]

    def _around_send(self, name: str) -> None:
        original = getattr(SefazClient, name)

        async def send(client: Any, *args: Any, **kwargs: Any) -> Any:
            self.passed(f"send {name} before")
            try:
                return await original(client, *args, **kwargs)
            finally:
                self.passed(f"send {name} after")

        setattr(SefazClient, name, send)


async def live(order: dict[str, Any]) -> None:
    """Serve until SIGTERM, or until the gateway itself gives up. SIGUSR1: time has passed, look again."""
    gateway = Gateway(Settings(**order["settings"]))
    loop, ending = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ending.set)
    await gateway.start()
    assert gateway.worker is not None
    loop.add_signal_handler(signal.SIGUSR1, gateway.worker.wake)
    say(life=order["life"], url=gateway.url)
    halted = asyncio.create_task(gateway.halted.wait())
    asked = asyncio.create_task(ending.wait())
    await asyncio.wait([halted, asked], return_when=asyncio.FIRST_COMPLETED)
    halted.cancel()
    asked.cancel()
    await gateway.stop()
    if gateway.halted.is_set():
        raise SystemExit(3)


def born(order: dict[str, Any]) -> int:
    """A life, from fork to exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), 2)
    faulthandler.enable()
    logs.configure(level="warning", fmt="json")
    Hours(order["hours"]).install()
    Points(order["trace"], order["fatal"], order["nth"]).install()
    try:
        asyncio.run(live(order))
    except SystemExit as ended:
        return int(ended.code or 0)
    except BaseException as error:  # whatever it is, the log says it and the exit code tells it
        print(repr(error), file=sys.stderr)  # noqa: T201 to the log of this life
        return 1
    return 0


def prepare() -> None:
    """Read the tables and schemas that every life needs once, before the first fork."""
    branch, products = demo_data.branch(), {product.sku: product for product in demo_data.PRODUCTS}
    now = datetime.now(UTC)
    for model, body in (("55", demo_data.sale("x")), ("65", demo_data.nfce("x"))):
        sale = request.decode_request(json.dumps(body))
        request.dry_run(request.draft(sale, branch, products, at=now, mod=model), now)
    for key in ("evento", "inutNFe", "110110", "110111", "110112", "110140"):
        schema.check(b"<x/>", key)


def main() -> None:
    """Fork on demand, tell every death. Ends with standard input, and takes along whoever is still alive."""
    lives: dict[int, int] = {}

    def reap(*_: Any) -> None:
        with suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                say(life=lives.pop(pid, 0), exit=os.waitstatus_to_exitcode(status))

    prepare()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, reap)
    for line in sys.stdin:
        order = json.loads(line)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
        pid = os.fork()
        if pid == 0:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
            os._exit(born(order))
        lives[pid] = order["life"]
        say(life=order["life"], pid=pid)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
    for pid in list(lives):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
