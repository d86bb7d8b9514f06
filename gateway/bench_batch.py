"""`gateway bench batch`: thousands of sales posted at once, from the first byte to SEFAZ's last word, and who waits meanwhile.

Gateway and SEFAZ simulator run as processes of their own, on this machine, with their default engines; beside the batch a till
posts one sale at a time and waits for its 202, as a shop does while the office sends its file.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from gateway import demo_data
from gateway.bench_processes import Cost, cost, sefaz, served

REF = "bench"
SAMPLE_SECONDS = 0.5
TILL_PAUSE = 0.2
MINUTES_EACH_THOUSAND = 3.0
_LOOK_SECONDS = 0.2
_PIECE = 200


@dataclass(slots=True)
class _Watch:
    """What is seen while the batch goes on: MiB at each sample, seconds of each sale of the till."""

    rss: list[float] = field(default_factory=list)
    till: list[float] = field(default_factory=list)


async def run_batch(lines: int) -> dict[str, Any]:
    """The figures of a batch of `lines` sales of three items, on an empty database that is thrown away.

    `value`: notes authorised a second, from the first byte of the file to the last answer; `taken_rate`: lines made durable a
    second, while they are posted; `till_*_ms`: 202 of a sale posted meanwhile; `rss_*_mib`: of the gateway, idle, with a quarter
    of the lines answered, at most and in the end; `*_cpu_ms`: CPU of each process for each note, which are not of this one.

    Raises TimeoutError when a thousand lines take more than three minutes, RuntimeError when one is not authorised.
    """
    with tempfile.TemporaryDirectory(prefix="gateway-bench-") as name:
        directory = Path(name)
        async with sefaz(directory) as authority, served(directory, authority) as gateway:
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=300)
            headers = {"Authorization": f"Bearer {gateway.key}"}
            async with aiohttp.ClientSession(gateway.url, headers=headers, timeout=timeout) as http:
                await _warm(http)
                of_gateway, of_sefaz = gateway.process.pid, authority.process.pid
                before, before_sefaz = cost(of_gateway), cost(of_sefaz)
                watch = _Watch()
                seen = [asyncio.create_task(_sample(of_gateway, watch)), asyncio.create_task(_till(http, watch))]
                try:
                    async with asyncio.timeout(60 * max(1.0, lines / 1000 * MINUTES_EACH_THOUSAND)):
                        figures = await _batch(http, lines, of_gateway)
                finally:
                    for task in seen:
                        task.cancel()
                    ends = await asyncio.gather(*seen, return_exceptions=True)
                for end in ends:
                    if isinstance(end, Exception):
                        raise end
                notes = lines + len(watch.till)
                return {
                    "bench": "batch",
                    "unit": "notes/s",
                    **figures,
                    **_quantiles(watch.till),
                    "rss_idle_mib": _mib(before.rss_mib),
                    "rss_max_mib": _mib(max(watch.rss, default=None)),
                    "rss_end_mib": _mib(cost(of_gateway).rss_mib),
                    "gateway_cpu_ms": _each(before, cost(of_gateway), notes),
                    "sefaz_cpu_ms": _each(before_sefaz, cost(of_sefaz), notes),
                }


async def _warm(http: aiohttp.ClientSession) -> None:
    """A few sales whole: connections are made, code is read, tables are cached."""
    for n in range(8):
        async with http.post("/v1/nfe", json=demo_data.sale(f"warm-{n}"), headers={"Prefer": "wait=20"}) as answer:
            found = await answer.json()
            if found.get("status") != "authorized":
                raise RuntimeError(f"A venda de aquecimento não foi autorizada: {json.dumps(found, ensure_ascii=False)[:500]}")


async def _batch(http: aiohttp.ClientSession, lines: int, gateway: int) -> dict[str, Any]:
    began = time.perf_counter()
    headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": REF}
    posting = asyncio.create_task(_post(http, lines, headers))
    quarter: float | None = None
    try:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if posting.done():
                posting.result()
            async with http.get(f"/v1/batches/{REF}") as answer:
                found = await answer.json() if answer.status == 200 else None
            if found is None:
                continue
            ended = found["total"] - found["pending"]
            if quarter is None and ended * 4 >= lines:
                quarter = cost(gateway).rss_mib
            if found["finished_at"] is not None:
                break
    finally:
        posting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await posting
    seconds = time.perf_counter() - began
    if found["authorized"] != lines:
        raise RuntimeError(f"Nem toda linha foi autorizada: {json.dumps(found, ensure_ascii=False)[:800]}")
    return {
        "value": round(lines / seconds, 1),
        "n": lines,
        "seconds": round(seconds, 2),
        "taken_rate": round(lines / posting.result(), 1),
        "rss_quarter_mib": _mib(quarter),
    }


async def _post(http: aiohttp.ClientSession, lines: int, headers: dict[str, str]) -> float:
    """Post the batch; seconds until its 202."""
    began = time.perf_counter()

    async def body() -> AsyncIterator[bytes]:
        for first in range(0, lines, _PIECE):
            refs = range(first, min(lines, first + _PIECE))
            yield b"".join(json.dumps(demo_data.sale(f"bench-{n:06d}")).encode() + b"\n" for n in refs)

    async with http.post("/v1/batches", data=body(), headers=headers) as answer:
        if answer.status != 202:
            raise RuntimeError(f"O lote não foi tomado: {answer.status} {(await answer.text())[:500]}")
        await answer.read()
    return time.perf_counter() - began


async def _till(http: aiohttp.ClientSession, watch: _Watch) -> None:
    n = 0
    while True:
        began = time.perf_counter()
        async with http.post("/v1/nfe", json=demo_data.sale(f"till-{n}")) as answer:
            await answer.read()
            if answer.status != 202:
                raise RuntimeError(f"A venda do caixa não foi tomada: {answer.status}")
        watch.till.append(time.perf_counter() - began)
        n += 1
        await asyncio.sleep(TILL_PAUSE)


async def _sample(pid: int, watch: _Watch) -> None:
    while True:
        seen = cost(pid).rss_mib
        if seen is not None:
            watch.rss.append(seen)
        await asyncio.sleep(SAMPLE_SECONDS)


def _quantiles(seconds: list[float]) -> dict[str, float | None]:
    ordered = sorted(seconds)

    def at(part: float) -> float | None:
        return round(ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1000, 1) if ordered else None

    return {"till_n": len(ordered), "till_p50_ms": at(0.5), "till_p99_ms": at(0.99)}


def _mib(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _each(before: Cost, after: Cost, notes: int) -> float | None:
    if before.cpu_seconds is None or after.cpu_seconds is None:
        return None
    return round((after.cpu_seconds - before.cpu_seconds) * 1000 / notes, 2)
