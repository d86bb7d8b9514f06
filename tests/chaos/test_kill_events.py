"""`kill -9` while an event or a request to void numbers is on its way: it ends once, and SEFAZ has it once."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway import demo_data
from gateway.config import Settings
from gateway.setup_commands import initialise
from gateway.stage import Simulators
from tests.chaos.child import AROUND
from tests.chaos.test_kill import Life, sims

__all__ = ["sims"]

WHY = "Cliente desistiu da compra no balcão"


async def until(http: aiohttp.ClientSession, path: str, final: frozenset[str]) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            async with http.get(path) as answer:
                found: dict[str, Any] = await answer.json()
            if found["status"] in final:
                return found
            await asyncio.sleep(0.1)


@pytest.mark.chaos
@pytest.mark.parametrize("point", sorted(AROUND))
async def test_killed_around_the_send_it_ends_once(
    point: str,
    tmp_path: Path,
    sims: Simulators,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = Settings(data_dir=str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    made = await initialise(settings, user="admin", test_branch=True)
    environ = os.environ | {
        "GATEWAY_DATA_DIR": settings.data_dir,
        "GATEWAY_PORT": "0",
        "GATEWAY_SEFAZ_URL": sims.sefaz.url,
        "GATEWAY_SEFAZ_CA": str(sims.sefaz.ca_path),
        "GATEWAY_SEFAZ_REQUERY_SECONDS": "0.2",
        "GATEWAY_SEFAZ_ABSENT_SECONDS": "0.3",
        "GATEWAY_LOG_LEVEL": "error",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    headers = {"Authorization": f"Bearer {made['api_key']}"}
    if point.startswith("event"):
        path, body = "/v1/nfe/venda/cancel", {"reason": WHY}
    else:
        path = "/v1/inutilizacoes"
        body = {"ref": "inut", "branch": demo_data.TEST_CNPJ, "series": 1, "first": 2, "last": 2, "reason": WHY}

    first = Life(environ, point, 1)
    await first.start()
    async with aiohttp.ClientSession(first.url, headers=headers) as http:
        async with http.post("/v1/nfe", json=demo_data.sale("venda")) as answer:
            assert answer.status == 202, await answer.text()
        await until(http, "/v1/nfe/venda", frozenset({"authorized"}))
        try:
            async with http.post(path, json=body) as answer:
                assert answer.status == 202, await answer.text()
        except aiohttp.ClientConnectionError:
            pass  # it died before it could say so: whoever sees no answer asks again
    await asyncio.wait_for(first.process.wait(), 30)
    assert first.process.returncode == -9

    second = Life(environ, "none", 0)
    await second.start()
    try:
        async with aiohttp.ClientSession(second.url, headers=headers) as http:
            async with http.post(path, json=body) as answer:
                assert answer.status in (200, 202), await answer.text()
                asked = await answer.json()
            link = f"/v1/nfe/venda/events/{asked['id']}" if point.startswith("event") else f"/v1/inutilizacoes/{asked['id']}"
            ended = await until(http, link, frozenset({"registered", "rejected"}))
            note = await until(http, "/v1/nfe/venda", frozenset({"authorized", "cancelled"}))
    finally:
        await second.end()
    assert ended["status"] == "registered"
    if point.startswith("event"):
        (known,) = sims.sefaz._register.events
        assert (note["status"], ended["protocolo"]) == ("cancelled", known.nProt)
    else:
        (voided,) = sims.sefaz._register.voided
        assert (note["status"], ended["protocolo"]) == ("authorized", voided.nProt)
