"""One life of the gateway's process, seen from the test: born in the nursery, killed by itself or ended by us."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 100.0
HOLIDAYS = ("01-01", "04-21", "05-01", "09-07", "10-12", "11-02", "11-15", "11-20", "12-25")


class Nursery:
    """The parent of every life; one for a test session."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.scenarios.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
            bufsize=1,
        )
        self._ids = itertools.count(1)
        self._lives: dict[int, Life] = {}
        self._reader = threading.Thread(target=self._read, name="nursery", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            life = self._lives.get(told["life"])
            if life is not None:
                life.hear(told)

    async def bear(self, order: Mapping[str, Any]) -> Life:
        """A new life; answers when it serves, or when it died before it did."""
        life = Life(next(self._ids), Path(order["log"]))
        self._lives[life.id] = life
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({**order, "life": life.id}) + "\n")
        async with asyncio.timeout(PATIENCE_SECONDS):
            await life.started.wait()
        return life

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE_SECONDS)
        self._reader.join(PATIENCE_SECONDS)
        assert self._process.stdout is not None
        self._process.stdout.close()


class Life:
    """`url` is empty when it died before it served; `exit` is None while it lives, -9 when it was killed."""

    def __init__(self, number: int, log: Path) -> None:
        self.id = number
        self.log = log
        self.pid = 0
        self.url = ""
        self.exit: int | None = None
        self.started = asyncio.Event()
        self.ended = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def hear(self, told: Mapping[str, Any]) -> None:
        """From the reader's thread."""
        with suppress(RuntimeError):  # the loop of the test that bore it is gone: nobody waits
            self._loop.call_soon_threadsafe(self._heard, told)

    def _heard(self, told: Mapping[str, Any]) -> None:
        if "pid" in told:
            self.pid = told["pid"]
        if "url" in told:
            self.url = told["url"]
            self.started.set()
        if "exit" in told:
            self.exit = told["exit"]
            self.started.set()
            self.ended.set()

    @property
    def dead(self) -> bool:
        return self.exit is not None

    def tell(self, number: signal.Signals) -> None:
        if not self.dead:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def last_words(self) -> str:
        """The end of its log, for a death that nobody asked for."""
        return self.log.read_text(errors="replace")[-4000:]

    async def end(self) -> None:
        """Ask it to stop, and see that it is gone; one that does not stop is killed and fails the test.

        A life is forked from a process that has used C libraries, which the product never does: once told to stop, it may end
        badly inside one of them, and its log says where. Before that it may not.
        """
        running = self.exit is None
        self.tell(signal.SIGTERM)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self.ended.wait()
        except TimeoutError:
            self.tell(signal.SIGKILL)
            raise
        orderly = (0, -signal.SIGKILL, -signal.SIGSEGV) if running else (0, -signal.SIGKILL)
        assert self.exit in orderly, f"a vida {self.id} terminou com {self.exit}: {self.last_words()}"


def _start(now: datetime) -> datetime:
    """Ten in the morning (São Paulo) of the next Tuesday that three days follow without a holiday or the end of the month."""
    start = now.replace(hour=13, minute=0, second=0, microsecond=0)
    while True:
        start += timedelta(days=1)
        days = [start + timedelta(days=n) for n in range(4)]
        if start.weekday() == 1 and days[-1].month == start.month and not any(f"{day:%m-%d}" in HOLIDAYS for day in days):
            return start


class Hours:
    """The clock of a story, in a file that its lives read: the machine's, from a plain Tuesday on, plus what we advanced."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ahead = _start(datetime.now(UTC)) - datetime.now(UTC)
        self._write()

    def _write(self) -> None:
        with self.path.open("r+b" if self.path.exists() else "w+b") as file:
            file.write(struct.pack("<q", self.ahead // timedelta(milliseconds=1)))

    def advance(self, by: timedelta) -> None:
        self.ahead += by
        self._write()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def epoch_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self.ahead // timedelta(milliseconds=1)
