"""`kill -9` in the middle of a contingency: one note of the sale stays, and both of its numbers are explained."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import aiohttp
import msgspec
import pytest

from gateway import demo_data
from gateway.config import Settings
from gateway.nfe.branch import ContingencySettings
from gateway.setup_commands import initialise
from gateway.sim.sefaz import Fault
from gateway.stage import Simulators
from tests.chaos.test_kill import Life, sims
from tests.chaos.test_kill_events import until

__all__ = ["sims"]

WHY = "SEFAZ de origem e SVC sem resposta"


@pytest.mark.chaos
@pytest.mark.skipif("CHAOS_SEEDS" not in os.environ, reason="two leases have to run out: part of make chaos")
async def test_killed_after_the_epec_and_after_the_cancellation_one_note_stays(
    tmp_path: Path, sims: Simulators, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first send got no answer and was authorised; the sale left again by EPEC. The process dies when the EPEC was sent, and
    again when the cancellation of the first note was: neither answer was ever written down."""
    settings = Settings(data_dir=str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    made = await initialise(settings, user="admin", test_branch=True)
    environ = os.environ | {
        "GATEWAY_DATA_DIR": settings.data_dir,
        "GATEWAY_PORT": "0",
        "GATEWAY_SEFAZ_URL": sims.sefaz.url,
        "GATEWAY_SEFAZ_AN_URL": f"{sims.sefaz.url}/an",
        "GATEWAY_SEFAZ_CA": str(sims.sefaz.ca_path),
        "GATEWAY_SEFAZ_REQUERY_SECONDS": "0.2",
        "GATEWAY_SEFAZ_ABSENT_SECONDS": "0.3",
        "GATEWAY_SEFAZ_PROBE_SECONDS": "0.5",
        "GATEWAY_LOG_LEVEL": "error",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    headers = {"Authorization": f"Bearer {made['api_key']}"}
    changed = msgspec.structs.replace(demo_data.branch(), contingency=ContingencySettings(reissue="reissue", failures=1))
    sims.sefaz.push_fault(Fault(action="drop", service="NFeAutorizacao4", phase="after"))
    sims.sefaz.push_fault(Fault(action="drop", face="root", times=0))

    first = Life(environ, "event-after", 1)
    await first.start()
    async with aiohttp.ClientSession(first.url, headers=headers) as http:
        here = f"/v1/branches/{demo_data.TEST_CNPJ}"
        async with http.put(here, json=msgspec.to_builtins(changed)) as answer:
            assert answer.status == 200, await answer.text()
        async with http.post("/v1/nfe", json=demo_data.sale("venda")) as answer:
            assert answer.status == 202, await answer.text()
        await until(http, "/v1/nfe/venda", frozenset({"unknown"}))
        body = {"model": "55", "mode": "epec", "reason": WHY}
        async with http.post(f"/v1/contingency/{demo_data.TEST_CNPJ}", json=body) as answer:
            assert answer.status == 201, await answer.text()
    await asyncio.wait_for(first.process.wait(), 30)
    assert first.process.returncode == -9
    (epec,) = sims.sefaz._register.events
    assert epec.tpEvento == "110140"
    sims.sefaz.clear_faults()

    second = Life(environ, "event-after", 2)  # the same EPEC again, and the cancellation
    await second.start()
    await asyncio.wait_for(second.process.wait(), 90)
    assert second.process.returncode == -9

    third = Life(environ, "none", 0)
    await third.start()
    try:
        async with aiohttp.ClientSession(third.url, headers=headers) as http:
            sale = await until(http, "/v1/nfe/venda", frozenset({"authorized"}))
            attempt = await until(http, f"/v1/nfe/{sale['attempts'][0]['ref']}", frozenset({"cancelled"}))
    finally:
        await third.end()
    assert (sale["number"], sale["chave_acesso"]) == (2, epec.chave)
    assert (attempt["number"], attempt["chave_acesso"][34]) == (1, "1")
    register = sims.sefaz._register
    assert sorted(event.tpEvento for event in register.events) == ["110111", "110140"]
    assert register.cancellation(attempt["chave_acesso"]) is not None
    assert register.cancellation(epec.chave) is None
