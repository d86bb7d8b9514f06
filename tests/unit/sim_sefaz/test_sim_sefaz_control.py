"""Scenarios, the control API, and a memory that survives the simulator's own restart."""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sim_sefaz_event import authorised, cancel, send, void
from sim_sefaz_note import AUTORIZACAO, CNPJ, NOW, STATUS, Signer, content_type, cStat, envelope, lot, query, signed, status_query

from gateway.sim.pki import TestPki
from gateway.sim.sefaz import SefazSimulator
from gateway.sim.sefaz.authorizer import Authorizer
from gateway.sim.sefaz.chave import CUF
from gateway.sim.sefaz.faults import load_scenario, scenario_names
from gateway.sim.sefaz.register import Register
from gateway.sim.sefaz.signature import SignatureJudge

Call = Callable[..., Awaitable[tuple[int, bytes]]]


# ---- scenarios


@pytest.mark.parametrize("name", scenario_names())
def test_every_scenario_loads_and_says_what_it_does(name: str) -> None:
    faults, state = load_scenario(name)

    assert faults or state


async def test_a_scenario_by_name_and_by_file(simulator: SefazSimulator, tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({"description": "um", "fault": [{"action": "reset"}], "state": {"status": "109"}}))

    simulator.load_scenario("authorise-then-drop")
    simulator.load_scenario(file)

    assert [(fault.action, fault.phase) for fault in simulator.faults] == [("drop", "after"), ("reset", "before")]
    assert simulator.state.status == "109"
    with pytest.raises(FileNotFoundError, match="cenário desconhecido"):
        simulator.load_scenario("nenhum")


def test_a_scenario_with_a_typing_error_is_refused_whole(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text('description = "x"\n[[fault]]\naction = "explode"\n')

    with pytest.raises(ValueError, match="explode"):
        load_scenario(file)


# ---- control


async def test_the_control_api_scripts_and_reads(simulator: SefazSimulator, call: Call, control: Any, signer: Signer) -> None:
    rule = {"action": "denied", "service": AUTORIZACAO, "match": {"nNF": 7}, "cStat": "301"}
    status, rules = await control("POST", "faults", rule)
    assert (status, len(rules), rules[0]["match"]["nNF"]) == (200, 1, 7)
    await control("POST", "faults", [{"action": "drop"}, {"action": "reset"}])
    assert [fault.action for fault in simulator.faults] == ["denied", "drop", "reset"]
    assert await control("DELETE", "faults") == (200, [])
    assert (await control("POST", "faults", {"scenario": "abuse"}))[1][0]["cStat"] == "656"
    await control("DELETE", "faults")
    assert (await control("POST", "state", {"status": "108"}))[1]["status"] == "108"
    assert cStat((await call(STATUS, status_query()))[1]) == ["108"]
    assert (await control("POST", "state", {"status": "107", "guard_rejections": 5}))[1]["guard_rejections"] == 5
    await call(AUTORIZACAO, lot(signed(signer)))

    _, ledger = await control("GET", "ledger")
    assert [(line["n"], line["service"], line["cStat"]) for line in ledger] == [(1, STATUS, "108"), (2, AUTORIZACAO, "100")]
    assert [line["n"] for line in (await control("GET", "ledger?after=1"))[1]] == [2]
    [record] = (await control("GET", "authorized"))[1]
    assert (record["nNF"], record["nProt"], record["vNF"]) == (1234, "135260000000001", "190.00")
    stats = (await control("GET", "stats"))[1]
    assert (stats["requests"], stats["processed"], stats["authorized"]) == (2, 2, 1)

    await control("POST", "reset")
    assert (simulator.ledger, simulator.authorized, simulator.state.guard_rejections) == ([], [], 30)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults", {"action": "explode"}),
        ("faults", {"action": "drop", "when": "now"}),
        ("faults", {"scenario": "nenhum"}),
        ("state", {"status": "999"}),
        ("state", {"colour": "red"}),
    ],
)
async def test_the_control_api_explains_what_it_refuses(simulator: SefazSimulator, control: Any, path: str, body: object) -> None:
    before = simulator.state

    status, answer = await control("POST", path, body)

    assert status == 400
    assert answer["error"]
    assert simulator.faults == []
    assert simulator.state == before
    assert (await control("GET", "ledger?limit=0"))[0] == 400


# ---- memory


async def test_the_ledger_survives_a_restart(
    pki: TestPki, client_context: ssl.SSLContext, signer: Signer, tmp_path: Path
) -> None:
    path = tmp_path / "var" / "ledger.jsonl"
    first, second = signed(signer), signed(signer, {"ide/nNF": "1235"})
    headers = {"Content-Type": content_type(AUTORIZACAO)}

    async def send(simulator: SefazSimulator, note: bytes) -> list[str]:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
            session.post(
                f"{simulator.url}/{AUTORIZACAO}", data=envelope(AUTORIZACAO, lot(note)), headers=headers, ssl=client_context
            ) as response,
        ):
            return cStat(await response.read())

    async with SefazSimulator(pki=pki, clock=lambda: NOW, ledger_path=path) as simulator:
        assert await send(simulator, first) == ["104", "100"]
        port = simulator.url.rpartition(":")[2]
    with path.open("ab") as file:
        file.write(b'{"kind":"authorized","chave":"cut by a ki')

    async with SefazSimulator(pki=pki, clock=lambda: NOW, ledger_path=path, port=int(port)) as simulator:
        assert await send(simulator, first) == ["104", "204"]
        assert await send(simulator, second) == ["104", "100"]
        assert [record.nProt for record in simulator.authorized] == ["135260000000001", "135260000000002"]
        assert [(line.n, line.cStat) for line in simulator.ledger] == [(1, "100"), (2, "204"), (3, "100")]
        simulator.reset()
        assert await send(simulator, first) == ["104", "100"]

    async with SefazSimulator(pki=pki, clock=lambda: NOW, ledger_path=path) as simulator:
        assert [record.nProt for record in simulator.authorized] == ["135260000000003"]


async def test_stopping_twice_and_starting_twice(pki: TestPki) -> None:
    simulator = SefazSimulator(pki=pki)
    await simulator.start()
    with pytest.raises(RuntimeError, match="já está no ar"):
        await simulator.start()
    await simulator.stop()
    await simulator.stop()


def test_arguments_are_checked(pki: TestPki) -> None:
    with pytest.raises(ValueError, match="UF desconhecida"):
        SefazSimulator(pki=pki, uf="XX")
    with pytest.raises(ValueError, match="tpAmb"):
        SefazSimulator(pki=pki, tpAmb=3)


async def test_the_command_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "gateway.sim.sefaz",
        "--dir",
        str(tmp_path),
        "--scenario",
        "paralysed",
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    addresses = json.loads(await asyncio.wait_for(process.stdout.readline(), 20))
    async with aiohttp.ClientSession() as session, session.get(f"{addresses['control_url']}/_control/state") as response:
        assert (await response.json())["status"] == "108"
    process.terminate()
    assert await asyncio.wait_for(process.wait(), 10) == 0
    assert addresses["ca_path"] == str(tmp_path / "pki" / "ca.pem")


async def test_a_registry_given_by_the_control_api_refuses_whoever_is_not_in_it(
    call: Call, control: Callable[..., Awaitable[Any]], signer: Signer
) -> None:
    known = {"taxpayers": {"state": {CNPJ: {"ie": {"SP": "110042490114"}}}}}
    other = {"taxpayers": {"state": {"11444777000161": {"ie": {"SP": "110042490114"}}}}}

    assert (await control("POST", "state", other))[0] == 200
    assert cStat((await call(AUTORIZACAO, lot(signed(signer))))[1])[-1] == "230"
    assert (await control("POST", "state", known))[0] == 200
    assert cStat((await call(AUTORIZACAO, lot(signed(signer))))[1])[-1] == "100"


async def test_a_registry_with_an_unknown_field_is_400(control: Callable[..., Awaitable[Any]]) -> None:
    status, body = await control("POST", "state", {"taxpayers": {"nobody": {}}})

    assert status == 400
    assert "nobody" in body["error"]


def test_events_voided_numbers_and_documents_survive_a_restart(pki: TestPki, signer: Signer, tmp_path: Path) -> None:
    def opened() -> Authorizer:
        register = Register(tmp_path / "ledger.jsonl")
        register.open()
        return Authorizer(
            register=register, judge=SignatureJudge([pki.ca_path]), clock=lambda: NOW, tpAmb="2", ufs=frozenset(CUF)
        )

    first = opened()
    chave, nProt = authorised(first, signer, {"dest/CPF>": "<CNPJ>11444777000161</CNPJ>", "dest/CPF": None})
    send(first, cancel(signer, chave, nProt))
    first.process("NFeInutilizacao4", void(signer, 1, 9), CNPJ)
    told = first.process("NFeConsultaProtocolo4", query(chave), CNPJ).answer
    first.register.close()

    second = opened()

    assert second.process("NFeConsultaProtocolo4", query(chave), CNPJ).answer == told
    assert second.process("NFeInutilizacao4", void(signer, 1, 9), CNPJ).cStat == "563"
    assert [parcel.schema for parcel in second.register.parcels("11444777")] == ["resNFe_v1.01", "resEvento_v1.01"]
    assert second.register.original(chave) != ""
    assert second.register.next_protocol("35", 2026) == "135260000000004"  # the note, its event and the range had three
    second.register.close()
