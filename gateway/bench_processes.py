"""The product's own processes, as a measure starts them: a gateway and the SEFAZ simulator, each apart, and what each costs.

Memory and CPU are read from `/proc`; where there is none (macOS, Windows) they are None.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import msgspec

from gateway.config import Settings
from gateway.demo_data import TEST_CNPJ
from gateway.setup_commands import make_test_branch, opened
from gateway.sim.pki import TestPki

READY_SECONDS = 60.0
STOP_SECONDS = 60.0
_ROOT = Path(__file__).resolve().parent.parent
_SAID = "Gateway no ar: "
_TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process has used so far: MiB resident, seconds of CPU."""

    rss_mib: float | None
    cpu_seconds: float | None


def cost(pid: int) -> Cost:
    """Of a process that runs."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        times = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return Cost(None, None)
    resident = next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS:")), None)
    return Cost(resident, (int(times[11]) + int(times[12])) / _TICK)


@dataclass(frozen=True, slots=True)
class Sefaz:
    """The simulator in its own process, verifying signatures by its faster path."""

    process: Process
    url: str
    ca: str


@dataclass(frozen=True, slots=True)
class Served:
    """A gateway in its own process, with one test branch; `key` opens everything."""

    process: Process
    url: str
    key: str


@contextlib.asynccontextmanager
async def sefaz(directory: Path) -> AsyncIterator[Sefaz]:
    """The SEFAZ simulator, with its PKI in `directory`/pki. Raises TimeoutError when it does not come up."""
    command = (sys.executable, "-m", "gateway.sim.sefaz", "--dir", str(directory))
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=DEVNULL)
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), READY_SECONDS)
        told = msgspec.json.decode(line, type=dict[str, str])
        timeout = aiohttp.ClientTimeout(total=READY_SECONDS)
        async with (
            aiohttp.ClientSession(timeout=timeout) as http,
            http.post(f"{told['control_url']}/_control/state", json={"verifier": "fast"}) as answer,
        ):
            answer.raise_for_status()
        yield Sefaz(process, told["url"], told["ca_path"])
    finally:
        await _stop(process)


@contextlib.asynccontextmanager
async def served(directory: Path, of: Sefaz, environ: Mapping[str, str] | None = None) -> AsyncIterator[Served]:
    """`gateway serve` on an empty database in `directory`/dados, with the PKI of the simulator beside it.

    Raises TimeoutError when it does not come up, and what the set-up raises.
    """
    data = directory / "dados"
    data.mkdir(mode=0o700)
    settings = Settings(data_dir=str(data), sefaz_url=of.url, sefaz_ca=of.ca)
    async with opened(settings) as (db, vault):
        pki = await asyncio.to_thread(TestPki, directory / "pki")
        made = await make_test_branch(db, vault, data, cnpj=TEST_CNPJ, pki=pki)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    ours = {
        "GATEWAY_DATA_DIR": str(data),
        "GATEWAY_PORT": "0",
        "GATEWAY_SEFAZ_URL": of.url,
        "GATEWAY_SEFAZ_CA": of.ca,
        "GATEWAY_LOG_LEVEL": "error",
        # A configuration where the measure was started is of another installation; the code is the one at work.
        "PYTHONPATH": str(_ROOT),
    }
    async with running({**inherited, **ours, **(environ or {})}, directory) as (process, url):
        yield Served(process, url, made["api_key"])


@contextlib.asynccontextmanager
async def running(environ: Mapping[str, str], directory: Path) -> AsyncIterator[tuple[Process, str]]:
    """`gateway serve` in `directory` with this environment, and its address. It is asked to stop in the end."""
    command = (sys.executable, "-m", "gateway", "serve")
    process = await asyncio.create_subprocess_exec(*command, env=dict(environ), cwd=directory, stdout=DEVNULL, stderr=PIPE)
    drain: asyncio.Task[None] | None = None
    try:
        assert process.stderr is not None
        async with asyncio.timeout(READY_SECONDS):
            while True:
                line = (await process.stderr.readline()).decode(errors="replace")
                if not line:
                    raise TimeoutError("O gateway parou antes de ficar pronto.")
                if line.startswith(_SAID):
                    break
        drain = asyncio.create_task(_drain(process.stderr))
        yield process, line.removeprefix(_SAID).split()[0]
    finally:
        await _stop(process)
        if drain is not None:
            await drain


async def _drain(stream: asyncio.StreamReader) -> None:
    while await stream.read(65536):
        pass


async def _stop(process: Process) -> None:
    """Ask the process to stop and wait; one that does not is killed."""
    if process.returncode is None:
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
