"""The simulator over real sockets: TLS, SOAP, broken connections, the control API, and a memory that survives."""

from __future__ import annotations

import asyncio
import hashlib
import json
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from lxml import etree
from sim_sefaz_note import CNPJ, NFE, NOW, SOAP, Signer, chave_of, envelope, issue, lot, query, signed, status_query

from gateway.sim.pki import TestPki
from gateway.sim.sefaz import Fault, Match, SefazSimulator
from gateway.sim.sefaz.faults import load_scenario, scenario_names

AUTORIZACAO, CONSULTA, STATUS = "NFeAutorizacao4", "NFeConsultaProtocolo4", "NFeStatusServico4"
OPERATIONS = {AUTORIZACAO: "nfeAutorizacaoLote", CONSULTA: "nfeConsultaNF", STATUS: "nfeStatusServicoNF"}
BROKEN = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, aiohttp.ClientPayloadError)

Call = Callable[..., Awaitable[tuple[int, bytes]]]


def content_type(service: str, operation: str | None = None) -> str:
    return f'application/soap+xml; charset=utf-8; action="{NFE}/wsdl/{service}/{operation or OPERATIONS[service]}"'


def cStat(body: bytes) -> list[str]:
    return [element.text or "" for element in etree.fromstring(body).iter(f"{{{NFE}}}cStat")]


@pytest.fixture(scope="session")
def client_context(pki: TestPki, signer: Signer, tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    pem = tmp_path_factory.mktemp("client") / "client.pem"
    pem.touch(mode=0o600)
    pem.write_bytes(signer.key + signer.cert)
    context = ssl.create_default_context(cafile=str(pki.ca_path))
    context.load_cert_chain(pem)
    return context


@pytest.fixture
async def simulator(pki: TestPki) -> AsyncIterator[SefazSimulator]:
    async with SefazSimulator(pki=pki, clock=lambda: NOW) as running:
        yield running


@pytest.fixture
async def call(simulator: SefazSimulator, client_context: ssl.SSLContext) -> AsyncIterator[Call]:
    """POST one message to a service; answers HTTP status and body. A new connection each time."""
    connector = aiohttp.TCPConnector(ssl=client_context, force_close=True)
    timeout = aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:

        async def post(service: str, message: bytes, *, mime: str | None = None, path: str | None = None) -> tuple[int, bytes]:
            headers = {"Content-Type": mime or content_type(service)}
            url = f"{simulator.url}/{path or service}"
            async with session.post(url, data=envelope(service, message), headers=headers) as response:
                return response.status, await response.read()

        yield post


@pytest.fixture
async def control(simulator: SefazSimulator) -> AsyncIterator[Callable[..., Awaitable[Any]]]:
    async with aiohttp.ClientSession(simulator.control_url, timeout=aiohttp.ClientTimeout(total=5)) as session:

        async def ask(method: str, path: str, body: object = None) -> tuple[int, Any]:
            async with session.request(method, f"/_control/{path}", json=body) as response:
                return response.status, await response.json()

        yield ask


# ---- SOAP and TLS


async def test_a_note_travels_and_is_authorised(simulator: SefazSimulator, call: Call, signer: Signer) -> None:
    note = signed(signer)

    status, body = await call(AUTORIZACAO, lot(note))

    assert (status, cStat(body)) == (200, ["104", "100"])
    assert etree.fromstring(body)[0][0].tag == "{%s/wsdl/%s}nfeResultMsg" % (NFE, AUTORIZACAO)
    [line] = simulator.ledger
    assert (line.service, line.chave, line.nNF, line.serie, line.cStat) == (AUTORIZACAO, chave_of(note), 1234, 1, "100")
    assert line.client.startswith("CN=LOJA DE TESTE:11222333000181")
    assert line.sha256 == hashlib.sha256(envelope(AUTORIZACAO, lot(note))).hexdigest()
    assert line.answered
    assert [record.chave for record in simulator.authorized] == [chave_of(note)]
    assert simulator.stats.processed == 1
    assert simulator.stats.busy_seconds > 0


async def test_another_services_action_is_a_soap_fault(simulator: SefazSimulator, call: Call, signer: Signer) -> None:
    status, body = await call(AUTORIZACAO, lot(signed(signer)), mime=content_type(CONSULTA))

    assert status == 400
    assert b"did not recognize" in body
    assert etree.fromstring(body).find(f".//{{{SOAP}}}Fault") is not None
    assert simulator.authorized == []


async def test_other_broken_envelopes_are_soap_faults(call: Call, signer: Signer) -> None:
    message = lot(signed(signer))

    assert (await call(AUTORIZACAO, message, mime="text/xml; charset=utf-8"))[0] == 400
    status, body = await call(CONSULTA, message, mime=content_type(AUTORIZACAO), path=AUTORIZACAO)
    assert (status, b"Unexpected element" in body) == (400, True)
    assert (await call(AUTORIZACAO, b"<enviNFe>"))[0] == 400
    assert (await call(AUTORIZACAO, message, path="NFeRecepcaoEvento4"))[0] == 404


async def test_a_client_without_certificate_is_turned_away(simulator: SefazSimulator, pki: TestPki) -> None:
    context = ssl.create_default_context(cafile=str(pki.ca_path))
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        with pytest.raises(aiohttp.ClientError):
            await session.post(f"{simulator.url}/{STATUS}", data=envelope(STATUS, status_query()), ssl=context)
    assert simulator.ledger == []


async def test_a_client_of_another_ca_is_turned_away(simulator: SefazSimulator, pki: TestPki, tmp_path: Path) -> None:
    foreign = Signer.from_pfx(issue(TestPki(tmp_path / "outra"), CNPJ), "senha")
    pem = tmp_path / "client.pem"
    pem.write_bytes(foreign.key + foreign.cert)
    context = ssl.create_default_context(cafile=str(pki.ca_path))
    context.load_cert_chain(pem)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        with pytest.raises(aiohttp.ClientError):
            await session.post(f"{simulator.url}/{STATUS}", data=envelope(STATUS, status_query()), ssl=context)


async def test_extra_ca_lets_another_chain_in(pki: TestPki, tmp_path: Path) -> None:
    other = TestPki(tmp_path / "outra")
    foreign = Signer.from_pfx(issue(other, CNPJ), "senha")
    pem = tmp_path / "client.pem"
    pem.write_bytes(foreign.key + foreign.cert)
    context = ssl.create_default_context(cafile=str(pki.ca_path))
    context.load_cert_chain(pem)
    async with (
        SefazSimulator(pki=pki, clock=lambda: NOW, extra_ca=other.ca_path) as simulator,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
        session.post(
            f"{simulator.url}/{AUTORIZACAO}",
            data=envelope(AUTORIZACAO, lot(signed(foreign))),
            headers={"Content-Type": content_type(AUTORIZACAO)},
            ssl=context,
        ) as response,
    ):
        assert cStat(await response.read()) == ["104", "100"]


# ---- broken connections


@pytest.mark.parametrize("action", ["drop", "reset", "truncate"])
async def test_authorised_and_then_the_connection_dies(
    simulator: SefazSimulator, call: Call, signer: Signer, action: Any
) -> None:
    note = signed(signer)
    simulator.push_fault(Fault(action=action, service=AUTORIZACAO, phase="after"))

    with pytest.raises(BROKEN):
        await call(AUTORIZACAO, lot(note))

    assert [record.chave for record in simulator.authorized] == [chave_of(note)]
    [line] = simulator.ledger
    assert (line.cStat, line.answered, line.fault) == ("100", False, action)
    _, found = await call(CONSULTA, query(chave_of(note)))
    assert cStat(found) == ["100", "100"]
    _, again = await call(AUTORIZACAO, lot(note))
    assert cStat(again) == ["104", "204"]


@pytest.mark.parametrize("action", ["drop", "reset"])
async def test_the_connection_dies_before_anything_is_processed(
    simulator: SefazSimulator, call: Call, signer: Signer, action: Any
) -> None:
    note = signed(signer)
    simulator.push_fault(Fault(action=action, service=AUTORIZACAO))

    with pytest.raises(BROKEN):
        await call(AUTORIZACAO, lot(note))

    assert simulator.authorized == []
    assert [(line.cStat, line.answered) for line in simulator.ledger] == [("", False)]
    _, found = await call(CONSULTA, query(chave_of(note)))
    assert cStat(found) == ["217"]
    _, again = await call(AUTORIZACAO, lot(note))
    assert cStat(again) == ["104", "100"]


async def test_a_request_that_hangs_was_processed_all_the_same(
    simulator: SefazSimulator, client_context: ssl.SSLContext, signer: Signer
) -> None:
    simulator.push_fault(Fault(action="hang", service=AUTORIZACAO, phase="after"))
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.3)) as session:
        with pytest.raises(TimeoutError):
            await session.post(
                f"{simulator.url}/{AUTORIZACAO}",
                data=envelope(AUTORIZACAO, lot(signed(signer))),
                headers={"Content-Type": content_type(AUTORIZACAO)},
                ssl=client_context,
            )
    assert len(simulator.authorized) == 1


async def test_http_status_garbage_slow_body_and_delay(simulator: SefazSimulator, call: Call, signer: Signer) -> None:
    note = lot(signed(signer))
    simulator.push_fault(Fault(action="http_status", status=503))
    simulator.push_fault(Fault(action="garbage"))
    simulator.push_fault(Fault(action="slow_body", ms=1))
    simulator.push_fault(Fault(action="delay", ms=1, phase="after", times=0))

    assert (await call(AUTORIZACAO, note))[0] == 503
    status, body = await call(AUTORIZACAO, note)
    assert status == 200
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(body)
    assert simulator.authorized == []
    status, body = await call(AUTORIZACAO, note)
    assert (status, cStat(body)) == (200, ["104", "100"])
    assert [line.fault for line in simulator.ledger] == ["delay,http_status", "delay,garbage", "delay,slow_body"]
    assert [fault.action for fault in simulator.faults] == ["delay"]


async def test_rules_choose_their_request(simulator: SefazSimulator, call: Call, signer: Signer) -> None:
    simulator.push_fault(Fault(action="cstat", cStat="301", match=Match(nNF=2)))
    simulator.push_fault(Fault(action="cstat", cStat="302", match=Match(ref="ref-zzz")))
    simulator.push_fault(Fault(action="cstat", cStat="303", service=AUTORIZACAO, match=Match(nth=4)))
    of = {n: signed(signer, {"ide/nNF": str(n)}) for n in (1, 2, 4)}
    of[3] = signed(signer, {"ide/nNF": "3", "infAdic/infCpl": "ref-zzz"})
    simulator.push_fault(Fault(action="cstat", cStat="999", match=Match(chave=chave_of(of[1])), service=CONSULTA))

    answers = [cStat((await call(AUTORIZACAO, lot(of[n])))[1])[-1] for n in (1, 2, 3, 4)]

    assert answers == ["100", "301", "302", "100"]
    assert cStat((await call(AUTORIZACAO, lot(of[2])))[1])[-1] == "100"
    assert cStat((await call(AUTORIZACAO, lot(of[3])))[1])[-1] == "303"
    assert cStat((await call(CONSULTA, query(chave_of(of[1]))))[1]) == ["999"]
    assert simulator.faults == []


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
