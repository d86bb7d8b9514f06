"""What SEFAZ answers over the wire, and the value each answer becomes."""

from __future__ import annotations

import asyncio

import pytest
from sefaz_wire_server import CHAVE, DIGEST, prot, replying, ret_envi, ret_sit, ret_status, soap
from structlog.testing import capture_logs

from gateway.core.errors import NotSent, ProtocolBroken, Refused, Throttled
from gateway.nfe.answers import Authorized, Cancelled, NotFound, Pending, Rejected, ServiceStatus, Unknown
from gateway.nfe.decisions import proves

OTHER = "35261112345678000195550010000012346123456782"


async def test_authorized_note_sends_the_signed_bytes_and_keeps_the_protocol_bytes(wires, signed):
    async with wires.open(replying(ret_envi(inner=prot()))) as wire:
        outcome = await wire.client.authorize(wire.target, signed, idLote=42)
    assert isinstance(outcome, Authorized)
    assert outcome.protocol.nProt == "135260000000001"
    assert outcome.protocol.xml == prot().encode()
    assert proves(outcome.protocol, CHAVE, DIGEST)
    [seen] = wire.peer.seen
    assert seen.path == "/NFeAutorizacao4"
    assert seen.client == "Loja de teste"
    assert seen.headers["content-type"] == (
        'application/soap+xml; charset=utf-8; action="http://www.portalfiscal.inf.br/nfe/wsdl/NFeAutorizacao4/nfeAutorizacaoLote"'
    )
    assert seen.body == (
        b'<?xml version="1.0" encoding="UTF-8"?><Envelope xmlns="http://www.w3.org/2003/05/soap-envelope"><Body>'
        b'<nfeDadosMsg xmlns="http://www.portalfiscal.inf.br/nfe/wsdl/NFeAutorizacao4">'
        b'<enviNFe xmlns="http://www.portalfiscal.inf.br/nfe" versao="4.00"><idLote>42</idLote><indSinc>1</indSinc>'
        + signed
        + b"</enviNFe></nfeDadosMsg></Body></Envelope>"
    )


async def test_rejection_is_a_value_with_the_decision(wires, signed):
    rejected = prot("539", nProt=None, xMotivo=f"Rejeicao: Duplicidade de NF-e com diferenca na Chave de Acesso [chNFe:{OTHER}]")
    async with wires.open(replying(ret_envi(inner=rejected))) as wire:
        outcome = await wire.client.authorize(wire.target, signed, idLote=1)
    assert isinstance(outcome, Rejected)
    assert (outcome.cStat, outcome.decision, outcome.other_chave) == ("539", "query_then_decide", OTHER)


async def test_consumo_indevido_is_a_rejection_that_stops(wires, signed):
    async with wires.open(replying(ret_envi("656", xMotivo="Rejeicao: Consumo Indevido"))) as wire:
        outcome = await wire.client.authorize(wire.target, signed, idLote=1)
        wire.answer(replying(ret_sit("656", xMotivo="Rejeicao: Consumo Indevido")))
        asked = await wire.client.consult(wire.target, CHAVE)
    expected = Rejected("656", "Rejeicao: Consumo Indevido", "stop_wait")
    assert (outcome, asked) == (expected, expected)


async def test_receipt_is_pending_for_no_less_than_fifteen_seconds(wires, signed):
    receipt = "<infRec><nRec>351000000000001</nRec><tMed>1</tMed></infRec>"
    async with wires.open(replying(ret_envi("103", inner=receipt, xMotivo="Lote recebido com sucesso"))) as wire:
        outcome = await wire.client.authorize(wire.target, signed, idLote=1)
    assert outcome == Pending("103", "Lote recebido com sucesso", "351000000000001", 15.0)


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    b'<Envelope xmlns="http://www.w3.org/2003/05/soap-envelope"><Body>&b;</Body></Envelope>'
)
FAULT = (
    b'<Envelope xmlns="http://www.w3.org/2003/05/soap-envelope"><Body><Fault><Code><Value>Receiver</Value></Code>'
    b"<Reason><Text>Erro interno</Text></Reason></Fault></Body></Envelope>"
)
UNCLEAR = {
    "html": (b"<html><body>Em manuten\xc3\xa7\xc3\xa3o</body></html>", "html"),
    "garbage": (b"\x00\xff\x13garbage", "não é XML"),
    "empty": (b"", "não é XML"),
    "truncated": (ret_envi(inner=prot())[:-40], "não é XML"),
    "not soap": (b"<retEnviNFe/>", "retEnviNFe em lugar de um envelope"),
    "wrong root": (soap("NFeAutorizacao4", "<outra/>"), "não tem"),
    "fault": (FAULT, "falha SOAP: Receiver Erro interno"),
    "entity bomb": (BOMB, "DTD"),
    "bomb in UTF-16": (BOMB.decode().encode("utf-16"), "DTD"),
    "oversized": (b"<a>" + b" " * (1024 * 1024) + b"</a>", "mais de 1024 KiB"),
}


@pytest.mark.parametrize(("body", "reason"), UNCLEAR.values(), ids=UNCLEAR.keys())
async def test_unclear_answer_is_unknown_to_both_and_broken_protocol_to_status(wires, signed, body, reason):
    async with wires.open(replying(body)) as wire:
        outcome = await wire.client.authorize(wire.target, signed, idLote=1)
        answer = await wire.client.consult(wire.target, CHAVE)
        with pytest.raises(ProtocolBroken):
            await wire.client.status(wire.target)
    assert isinstance(outcome, Unknown)
    assert reason in outcome.reason
    assert isinstance(answer, Unknown)


@pytest.mark.parametrize("status", ["500 Internal Server Error", "502 Bad Gateway", "503 Service Unavailable"])
async def test_server_error_is_unknown_to_a_note_and_no_answer_to_a_read(wires, signed, status):
    async with wires.open(replying(b"<html/>", status=status, content_type="text/html")) as wire:
        outcome = await wire.client.authorize(wire.target, signed, idLote=1)
        with pytest.raises(NotSent) as consult:
            await wire.client.consult(wire.target, CHAVE)
        with pytest.raises(NotSent) as asked:
            await wire.client.status(wire.target)
    assert outcome == Unknown(f"{wire.peer.url[8:]} respondeu HTTP {status[:3]}.")
    assert (consult.value.code, asked.value.code) == ("SEFAZ-NO-ANSWER", "SEFAZ-NO-ANSWER")
    assert len(wire.peer.seen) == 3


async def test_unknown_operation_is_refused_because_nothing_ran(wires, signed):
    body = FAULT.replace(b"Erro interno", b"Server did not recognize the value of HTTP Header SOAPAction: x")
    async with wires.open(replying(body, status="500 Internal Server Error")) as wire:
        with pytest.raises(Refused) as refused:
            await wire.client.authorize(wire.target, signed, idLote=1)
    assert refused.value.code == "SEFAZ-OPERATION"


@pytest.mark.parametrize(("status", "code"), [("403 Forbidden", "SEFAZ-HTTP-403"), ("404 Not Found", "SEFAZ-HTTP-404")])
async def test_client_error_is_refused(wires, signed, status, code):
    async with wires.open(replying(b"", status=status)) as wire:
        with pytest.raises(Refused) as refused:
            await wire.client.authorize(wire.target, signed, idLote=1)
    assert refused.value.code == code


@pytest.mark.parametrize(("header", "after"), [("Retry-After: 7\r\n", 7.0), ("", 60.0), ("Retry-After: 999999\r\n", 3600.0)])
async def test_too_many_requests_says_how_long_to_wait(wires, signed, header, after):
    async with wires.open(replying(b"", status="429 Too Many Requests", extra=header)) as wire:
        with pytest.raises(Throttled) as throttled:
            await wire.client.authorize(wire.target, signed, idLote=1)
    assert throttled.value.after == after


async def test_redirect_is_never_followed(wires, signed):
    async with wires.open(replying(ret_envi(inner=prot()))) as other:
        extra = f"Location: {other.peer.url}/NFeAutorizacao4\r\n"
        async with wires.open(replying(b"", status="307 Temporary Redirect", extra=extra)) as wire:
            with pytest.raises(ProtocolBroken) as broken:
                await wire.client.authorize(wire.target, signed, idLote=1)
        assert other.peer.seen == []
    assert broken.value.code == "SEFAZ-REDIRECT"


async def test_consultation_goes_by_key_and_brings_the_protocol(wires):
    async with wires.open(replying(ret_sit("100", inner=prot()))) as wire:
        answer = await wire.client.consult(wire.target, CHAVE)
        wire.answer(replying(ret_sit("217", xMotivo="NF-e nao consta")))
        absent = await wire.client.consult(wire.target, CHAVE)
        wire.answer(replying(ret_sit("101", inner=prot())))
        cancelled = await wire.client.consult(wire.target, CHAVE)
    assert isinstance(answer, Authorized)
    assert answer.protocol.xml == prot().encode()
    assert absent == NotFound("217", "NF-e nao consta")
    assert isinstance(cancelled, Cancelled)
    assert cancelled.protocol is not None
    assert [seen.path for seen in wire.peer.seen] == ["/NFeConsultaProtocolo4"] * 3
    assert f"<xServ>CONSULTAR</xServ><chNFe>{CHAVE}</chNFe>".encode() in wire.peer.seen[0].body


async def test_status_of_the_service(wires):
    async with wires.open(replying(ret_status())) as wire:
        running = await wire.client.status(wire.target)
        wire.answer(replying(ret_status("108", "Paralisado")))
        stopped = await wire.client.status(wire.target)
    assert running == ServiceStatus("107", "Serviço em Operação", 1, None)
    assert running.running
    assert not stopped.running
    assert b"<cUF>35</cUF><xServ>STATUS</xServ>" in wire.peer.seen[0].body


async def test_one_connection_serves_many_calls_and_many_serve_at_once(wires, signed):
    async with wires.open(replying(ret_envi(inner=prot()))) as wire:
        for lote in range(20):
            await wire.client.authorize(wire.target, signed, idLote=lote)
        assert wire.peer.connections == 1
        outcomes = await asyncio.gather(*(wire.client.authorize(wire.target, signed, idLote=lote) for lote in range(200)))
    assert all(isinstance(outcome, Authorized) for outcome in outcomes)
    assert len(wire.peer.seen) == 220
    assert wire.peer.connections <= 64


async def test_each_call_logs_one_line_without_body_or_secret(wires, signed):
    async with wires.open(replying(ret_envi(inner=prot()))) as wire:
        with capture_logs() as lines:
            await wire.client.authorize(wire.target, signed, idLote=1)
            wire.answer(replying(b"", status="403 Forbidden"))
            with pytest.raises(Refused):
                await wire.client.status(wire.target)
    assert [set(line) for line in lines] == [
        {"event", "log_level", "service", "uf", "authorizer", "host", "tpAmb", "chave", "http", "cStat", "ms"},
        {"event", "log_level", "service", "uf", "authorizer", "host", "tpAmb", "http", "error", "ms"},
    ]
    assert (lines[0]["cStat"], lines[0]["log_level"]) == ("100", "info")
    assert (lines[1]["error"], lines[1]["log_level"]) == ("SEFAZ-HTTP-403", "warning")
    assert "segredo" not in str(lines)
