"""`kill -9` at seeded points of the path while SEFAZ drops answers: nothing accepted is lost, nothing is issued twice."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway import demo_data
from gateway.config import Settings
from gateway.setup_commands import initialise
from gateway.sim.pki import TestPki
from gateway.sim.sefaz import Fault
from gateway.stage import APP_KEY, APP_TOKEN, HOOK_SECRET, Simulators
from tests.chaos.child import POINTS

SEEDS = [int(text) for text in os.environ.get("CHAOS_SEEDS", "1").split()]
KILLS = int(os.environ.get("CHAOS_POINTS", "6"))
SALES_PER_LIFE = 4
PASSAGES = dict.fromkeys(POINTS, 1) | {
    "commit-before": 40,
    "commit-after": 40,
    "send-before": 4,
    "send-during": 4,
    "send-after": 4,
}
"""How often one life is sure to pass each point: the fatal passage is drawn from these."""
CHILD = Path(__file__).with_name("child.py")


class Life:
    """One life of the gateway process, killed by itself at a point, or ended by us."""

    def __init__(self, environ: dict[str, str], point: str, nth: int) -> None:
        self._environ = environ
        self._args = (point, str(nth))
        self.process: asyncio.subprocess.Process
        self.url = ""

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, str(CHILD), *self._args, env=self._environ, stderr=asyncio.subprocess.PIPE
        )
        assert self.process.stderr is not None
        while line := await asyncio.wait_for(self.process.stderr.readline(), 60):
            text = line.decode()
            if text.startswith("Gateway no ar: "):
                self.url = text.split()[3]
                self._drain = asyncio.create_task(self._swallow())
                return
        # It may die while it starts: that is one of the points.

    async def _swallow(self) -> None:
        assert self.process.stderr is not None
        while await self.process.stderr.read(65536):
            pass

    @property
    def dead(self) -> bool:
        return self.process.returncode is not None

    async def end(self) -> None:
        """Ask it to stop, and see that it is gone; one that does not stop is killed and fails the test."""
        if not self.dead:
            self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), 60)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
            raise


@pytest.fixture
async def sims(tmp_path: Path) -> AsyncIterator[Simulators]:
    simulators = Simulators(tmp_path / "sim", pki=TestPki(tmp_path / "data" / "pki"))
    await simulators.start()
    yield simulators
    await simulators.stop()


@pytest.mark.chaos
@pytest.mark.parametrize("seed", SEEDS)
async def test_killed_anywhere_every_accepted_sale_is_authorised_once(
    seed: int, tmp_path: Path, sims: Simulators, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(seed)  # noqa: S311  the seed is the point
    settings = Settings(data_dir=str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    made = await initialise(settings, user="admin", test_branch=True)
    environ = os.environ | {
        "GATEWAY_DATA_DIR": settings.data_dir,
        "GATEWAY_PORT": "0",
        "GATEWAY_SEFAZ_URL": sims.sefaz.url,
        "GATEWAY_SEFAZ_CA": str(sims.sefaz.ca_path),
        "GATEWAY_VTEX_URL": sims.vtex.url,
        "GATEWAY_SEFAZ_REQUERY_SECONDS": "0.2",
        "GATEWAY_SEFAZ_ABSENT_SECONDS": "0.3",
        "GATEWAY_VTEX_SWEEP_SECONDS": "1",
        "GATEWAY_LOG_LEVEL": "error",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    attempted: set[str] = set()
    orders: set[str] = set()
    points = sorted(POINTS)
    for life in range(KILLS):
        for _ in range(rng.randint(1, 2)):
            sims.sefaz.push_fault(Fault(action="drop", service="NFeAutorizacao4", phase="after"))
        point = points[(life * 5 + seed) % len(points)]
        child = Life(environ, point, rng.randint(1, PASSAGES[point]))
        await child.start()
        await use(child, made["api_key"], life, seed, attempted, orders, sims, wait_for_death=8)
        await child.end()
    last = Life(environ, "none", 0)
    await last.start()
    try:
        statuses = await settle(last, made["api_key"], attempted)
        await settle_orders(sims, orders)
    finally:
        await last.end()

    assert {ref: status for ref, status in statuses.items() if status != "authorized"} == {}
    authorised = sims.sefaz.authorized
    numbers = Counter((note.serie, note.nNF) for note in authorised)
    assert {number: times for number, times in numbers.items() if times > 1} == {}
    assert len(authorised) == len(attempted) + len(orders)
    invoices = Counter(invoice["orderId"] for invoice in sims.vtex.invoices.taken)
    assert invoices == Counter(dict.fromkeys(orders, 1))


async def use(
    child: Life,
    key: str,
    life: int,
    seed: int,
    attempted: set[str],
    orders: set[str],
    sims: Simulators,
    *,
    wait_for_death: float,
) -> None:
    """Post sales and put one order at the marketplace, then wait for the process to die."""
    if child.url:
        timeout = aiohttp.ClientTimeout(total=10)
        async with aiohttp.ClientSession(child.url, headers={"Authorization": f"Bearer {key}"}, timeout=timeout) as http:
            if life == 0:
                account = {"account": demo_data.ACCOUNT, "app_key": APP_KEY, "app_token": APP_TOKEN, "hook_secret": HOOK_SECRET}
                try:
                    async with http.put(f"/v1/branches/{demo_data.TEST_CNPJ}/vtex", json=account) as answer:
                        answer.raise_for_status()
                except aiohttp.ClientConnectionError:
                    pass
            order: dict[str, Any] = demo_data.order(f"v{seed}{life:02d}chaos-01", datetime.now(UTC))
            for item in order["items"]:
                item["refId"] = "CANECA"
            orders.add(order["orderId"])
            sims.vtex.load_order(demo_data.ACCOUNT, order)
            for n in range(SALES_PER_LIFE):
                ref = f"caos-{seed}-{life}-{n}"
                attempted.add(ref)
                try:
                    async with http.post("/v1/nfe", json=demo_data.sale(ref)) as answer:
                        assert answer.status in (200, 202, 503), await answer.text()
                except (aiohttp.ClientConnectionError, TimeoutError):
                    break
    try:
        await asyncio.wait_for(child.process.wait(), wait_for_death)
    except TimeoutError:
        return  # this life did not pass through its point often enough; it is ended gracefully, which is a point too


async def settle(child: Life, key: str, refs: set[str]) -> dict[str, str]:
    """Post every sale again, as a store that saw no answer would, and wait until none of them moves any more."""
    statuses: dict[str, str] = {}
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(child.url, headers={"Authorization": f"Bearer {key}"}, timeout=timeout) as http:
        for ref in sorted(refs):
            async with http.post("/v1/nfe", json=demo_data.sale(ref)) as answer:
                assert answer.status in (200, 202), await answer.text()
        async with asyncio.timeout(240):
            while any(statuses.get(ref) not in ("authorized", "rejected", "denied") for ref in refs):
                for ref in refs:
                    if statuses.get(ref) != "authorized":
                        async with http.get(f"/v1/nfe/{ref}") as answer:
                            statuses[ref] = (await answer.json())["status"]
                await asyncio.sleep(0.2)
    return statuses


async def settle_orders(sims: Simulators, orders: set[str]) -> None:
    async with asyncio.timeout(240):
        while any(sims.vtex.order(order_id).status != "invoiced" for order_id in orders):
            await asyncio.sleep(0.2)
