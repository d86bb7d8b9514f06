"""`kill -9` while a batch is posted and answered, and of the command that posts a file: gone on with, nothing is issued twice."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway import demo_data
from gateway.config import Settings
from gateway.setup_commands import initialise
from gateway.stage import Simulators
from tests.chaos.test_kill import Life, sims

__all__ = ["sims"]

LINES = 60
PATIENCE = 90.0
DEATHS = (("commit-after", 4), ("commit-before", 40), ("send-during", 12))
"""While it is posted, while its lines become documents, while they are sent."""


async def environment(tmp_path: Path, simulators: Simulators) -> tuple[dict[str, str], str]:
    """What a life needs to know, and the key of everything."""
    settings = Settings(data_dir=str(tmp_path / "data"))
    made = await initialise(settings, user="admin", test_branch=True)
    environ = os.environ | {
        "GATEWAY_DATA_DIR": settings.data_dir,
        "GATEWAY_PORT": "0",
        "GATEWAY_SEFAZ_URL": simulators.sefaz.url,
        "GATEWAY_SEFAZ_CA": str(simulators.sefaz.ca_path),
        "GATEWAY_SEFAZ_REQUERY_SECONDS": "0.2",
        "GATEWAY_SEFAZ_ABSENT_SECONDS": "0.3",
        "GATEWAY_LOG_LEVEL": "error",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    return environ, made["api_key"]


def session(url: str, key: str) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(url, headers={"Authorization": f"Bearer {key}"}, timeout=aiohttp.ClientTimeout(total=60))


async def post(http: aiohttp.ClientSession, lines: bytes) -> Any:
    headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": "lote"}
    async with http.post("/v1/batches", data=lines, headers=headers) as answer:
        assert answer.status == 202, await answer.text()
        return await answer.json()


def once_each(simulators: Simulators) -> None:
    """Every line is one note at SEFAZ, under a number of its own."""
    numbers = Counter((note.serie, note.nNF) for note in simulators.sefaz.authorized)
    assert {number: times for number, times in numbers.items() if times > 1} == {}
    assert len(numbers) == LINES


@pytest.mark.chaos
async def test_a_batch_killed_again_and_again_is_issued_once(
    tmp_path: Path, sims: Simulators, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    environ, key = await environment(tmp_path, sims)
    lines = b"".join(json.dumps(demo_data.sale(f"k-{n}")).encode() + b"\n" for n in range(LINES))
    died = 0
    for point, nth in DEATHS:
        child = Life(environ, point, nth)
        await child.start()
        try:
            async with session(child.url, key) as http:
                await post(http, lines)
            await asyncio.wait_for(child.process.wait(), PATIENCE)
        except aiohttp.ClientConnectionError:
            await asyncio.wait_for(child.process.wait(), PATIENCE)
        died += child.process.returncode == -9
        await child.end()
    assert died == len(DEATHS)
    last = Life(environ, "none", 0)
    await last.start()
    try:
        async with session(last.url, key) as http, asyncio.timeout(PATIENCE * 2):
            told = await post(http, lines)
            assert told["upload"]["new"] + told["upload"]["replayed"] == LINES
            while (found := await progress(http))["state"] != "finished":
                await asyncio.sleep(0.2)
    finally:
        await last.end()
    assert (found["total"], found["authorized"]) == (LINES, LINES)
    once_each(sims)


async def progress(http: aiohttp.ClientSession) -> Any:
    async with http.get("/v1/batches/lote") as answer:
        return await answer.json()


@pytest.mark.chaos
async def test_a_file_whose_command_was_killed_is_gone_on_with(
    tmp_path: Path, sims: Simulators, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    environ, key = await environment(tmp_path, sims)
    file, answers = tmp_path / "vendas.ndjson", tmp_path / "respostas.ndjson"
    file.write_text("".join(json.dumps(demo_data.sale(f"e-{n}")) + "\n" for n in range(LINES)), encoding="utf-8")
    child = Life(environ, "none", 0)
    await child.start()
    command = (sys.executable, "-m", "gateway", "emit", str(file), "--url", child.url, "--resume", str(answers))
    own = environ | {"GATEWAY_API_KEY": key}
    try:
        for goal in (LINES // 4, LINES // 2):
            process = await asyncio.create_subprocess_exec(*command, env=own, stderr=asyncio.subprocess.DEVNULL)
            async with asyncio.timeout(PATIENCE):
                while not answers.exists() or answers.read_bytes().count(b"\n") < goal:
                    await asyncio.sleep(0.02)
            process.kill()
            assert await process.wait() == -9
        process = await asyncio.create_subprocess_exec(*command, env=own, stderr=asyncio.subprocess.PIPE)
        _, said = await asyncio.wait_for(process.communicate(), PATIENCE * 2)
    finally:
        await child.end()
    assert process.returncode == 0, said.decode()
    assert f"{LINES} linhas: {LINES} autorizadas, 0 não" in said.decode()
    told = [json.loads(line) for line in answers.read_text(encoding="utf-8").splitlines()]
    assert {answer["line"] for answer in told if answer["status"] == "authorized"} == set(range(1, LINES + 1))
    once_each(sims)
