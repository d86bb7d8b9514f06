"""The simulator over real sockets: TLS with client certificates, SOAP, and every way in which a connection breaks."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from lxml import etree
from sim_sefaz_note import (
    AUTORIZACAO,
    CNPJ,
    CONSULTA,
    NFE,
    NOW,
    SOAP,
    STATUS,
    Signer,
    chave_of,
    content_type,
    cStat,
    envelope,
    issue,
    lot,
    query,
    signed,
    status_query,
)

from gateway.sim.pki import TestPki
from gateway.sim.sefaz import Fault, Match, SefazSimulator

BROKEN = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, aiohttp.ClientPayloadError)

Call = Callable[..., Awaitable[tuple[int, bytes]]]


# ---- SOAP and TLS


async def test_a_note_travels_and_is_authorised(simulator: SefazSimulator, call: Call, signer: Signer) -> None:
    note = signed(signer)

    status, body = await call(AUTORIZACAO, lot(note))

    assert (status, cStat(body)) == (200, ["104", "100"])
    assert etree.fromstring(body)[0][0].tag == f"{{{NFE}/wsdl/{AUTORIZACAO}}}nfeResultMsg"
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
    assert (await call(AUTORIZACAO, message, path="NFeDownloadNF"))[0] == 404


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
