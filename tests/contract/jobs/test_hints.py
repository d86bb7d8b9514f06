"""Hints: carried between processes by arq, and missed by nobody when Redis is gone."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from gateway.core.errors import ConfigInvalid
from gateway.jobs.embedded import EmbeddedValkey
from gateway.jobs.hints import ArqHints, NoHints
from gateway.jobs.results import Done
from gateway.store.database import open_database


@pytest.fixture
async def valkey(tmp_path: Path) -> AsyncIterator[EmbeddedValkey]:
    async with EmbeddedValkey(tmp_path / "queue") as server:
        yield server


class Woken:
    """Remembers who was woken, and can be waited for."""

    def __init__(self) -> None:
        self.ids: asyncio.Queue[str] = asyncio.Queue()

    def __call__(self, job_ids) -> None:
        for job_id in job_ids:
            self.ids.put_nowait(job_id)

    async def next(self) -> str:
        async with asyncio.timeout(60):
            return await self.ids.get()


async def test_a_hint_reaches_the_listener_of_another_process(valkey: EmbeddedValkey) -> None:
    here, there, woken = ArqHints(valkey.url), ArqHints(valkey.url, poll=0.01), Woken()
    await here.start()
    await there.start(woken)
    try:
        assert await here.publish(["job_1", "job_2"])
        assert {await woken.next(), await woken.next()} == {"job_1", "job_2"}
        assert await here.publish(["job_1"])
        assert await woken.next() == "job_1"
    finally:
        await here.close()
        await there.close()


async def test_a_commit_is_relayed_unless_this_process_takes_it(valkey: EmbeddedValkey, sqlite_bench) -> None:
    here, there, woken = ArqHints(valkey.url), ArqHints(valkey.url, poll=0.01), Woken()
    busy = False
    here.relay(sqlite_bench.db, unless=lambda: not busy)
    await here.start()
    await there.start(woken)
    try:
        await sqlite_bench.add("taken here")
        busy = True
        job_id = await sqlite_bench.add("for the others")
        assert await woken.next() == job_id
        assert woken.ids.empty()
    finally:
        await here.close()
        await there.close()


async def test_publishing_without_a_server_fails_quickly_and_quietly(tmp_path: Path) -> None:
    hints = ArqHints(f"unix://{tmp_path}/none.sock")
    await hints.start()
    loop = asyncio.get_running_loop()
    begun = loop.time()

    assert await hints.publish(["job_1"]) is False

    assert loop.time() - begun < 2
    await hints.close()


async def test_a_server_that_hangs_does_not_hold_the_caller(tmp_path: Path) -> None:
    deaf = socket.socket(socket.AF_UNIX)
    deaf.bind(str(tmp_path / "deaf.sock"))
    deaf.listen()
    hints = ArqHints(f"unix://{tmp_path}/deaf.sock")
    try:
        async with asyncio.timeout(5):
            assert await hints.publish(["job_1"]) is False
    finally:
        await hints.close()
        deaf.close()


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigInvalid):
        ArqHints("http://localhost")


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    """What another process does cannot be waited for by name: it is asked again and again."""
    async with asyncio.timeout(60):
        while not await holds():  # noqa: ASYNC110 it is Redis, in its own process, that changes
            await asyncio.sleep(0.05)


async def test_redis_killed_and_back_empty_and_work_goes_on(
    valkey: EmbeddedValkey, sqlite_bench, sqlite_url: str, answering
) -> None:
    """The worker's sweep is slow: before and after the outage a hint wakes it, and what came in between is found then too."""
    hints, listener = ArqHints(valkey.url), ArqHints(valkey.url, poll=0.01)
    own_db = await open_database(sqlite_url)
    worker = await sqlite_bench.worker(sqlite_bench.kind(answering(Done())), db=own_db, sweep=60.0)
    woken = Woken()

    def wake(ids) -> None:
        worker.wake(ids)
        woken(ids)

    hints.relay(sqlite_bench.db)
    await hints.start()
    await listener.start(wake)
    try:
        first = await sqlite_bench.add("before")
        assert await woken.next() == first
        assert valkey.pid is not None
        os.kill(valkey.pid, signal.SIGKILL)

        during = await sqlite_bench.add("during")
        await _until(lambda: hints.publish(["job_probe"]))
        while await woken.next() != "job_probe":
            pass
        after = await sqlite_bench.add("after")
        while await woken.next() != after:
            pass

        for job_id in (first, during, after):
            await sqlite_bench.until(job_id, "done", heard=own_db)
    finally:
        await hints.close()
        await listener.close()
        await worker.stop(5)
        await own_db.close()


async def test_no_hints_is_a_silent_stand_in(sqlite_bench) -> None:
    hints = NoHints()
    hints.relay(sqlite_bench.db)
    await hints.start(lambda ids: None)
    assert await hints.publish(["x"]) is False
    await hints.close()


async def test_the_embedded_server_is_private_and_keeps_nothing(valkey: EmbeddedValkey, tmp_path: Path) -> None:
    assert stat.S_IMODE(valkey.socket.stat().st_mode) == 0o700
    assert stat.S_IMODE(valkey.socket.parent.stat().st_mode) == 0o700
    assert valkey.pid is not None
    assert psutil.Process(valkey.pid).net_connections("inet") == []
    socket_path = valkey.socket

    await valkey.stop()
    await valkey.stop()

    assert not socket_path.exists()
    assert not list((tmp_path / "queue").glob("*.rdb")) + list((tmp_path / "queue").glob("append*"))


async def test_a_second_start_on_the_directory_is_refused(valkey: EmbeddedValkey, tmp_path: Path) -> None:
    second = EmbeddedValkey(tmp_path / "queue", patience=0.1)
    with pytest.raises(ConfigInvalid) as refused:
        await second.start()
    assert refused.value.code == "QUEUE-LOCKED"
    assert "GATEWAY_REDIS_URL" in refused.value.fix
    assert second.pid is None

    hints = ArqHints(valkey.url)
    assert await hints.publish(["job_1"])
    await hints.close()

    await valkey.stop()
    await second.start()
    await second.stop()


async def test_a_path_too_long_for_a_socket_gets_a_short_private_one(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    async with EmbeddedValkey(deep) as server:
        assert len(str(server.socket)) <= 100
        assert stat.S_IMODE(server.socket.parent.stat().st_mode) == 0o700
        assert EmbeddedValkey(deep).url == server.url
        hints = ArqHints(server.url)
        assert await hints.publish(["job_1"])
        await hints.close()
    server.socket.parent.rmdir()


async def test_somebody_elses_file_in_the_place_of_the_socket_is_refused(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path / ("d" * 60) / ("e" * 60))
    server.socket.parent.symlink_to(tmp_path)
    try:
        with pytest.raises(ConfigInvalid):
            await server.start()
    finally:
        server.socket.parent.unlink()
    assert server.pid is None


CHILD = """
import asyncio, sys
from pathlib import Path
from gateway.jobs.embedded import EmbeddedValkey

async def main():
    server = EmbeddedValkey(Path(sys.argv[1]))
    await server.start()
    print(server.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can tie a child's life to its parent's")
async def test_the_server_dies_with_a_killed_gateway_and_the_next_takes_over(tmp_path: Path) -> None:
    directory = tmp_path / "queue"
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", CHILD, str(directory), stdout=subprocess.PIPE)
    assert child.stdout is not None
    server = psutil.Process(int(await child.stdout.readline()))
    child.kill()
    await child.wait()

    async with EmbeddedValkey(directory, patience=10) as successor:
        assert successor.pid != server.pid
        assert not server.is_running() or server.status() == psutil.STATUS_ZOMBIE
