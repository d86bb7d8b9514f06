"""Events, voided numbers, receipts, the cadastro and the distribution over the wire."""

from __future__ import annotations

import base64
import gzip

import pytest
from sefaz_wire_server import CHAVE, NFE, prot, replying, ret_sit, soap

from gateway.core.errors import ConfigInvalid, NotSent, OutcomeUnknown, ProtocolBroken, Refused
from gateway.nfe.answers import Authorized, Pending, Rejected, Unknown
from gateway.nfe.event_answers import (
    AfterNsu,
    EventRefused,
    EventRegistered,
    EventUnknown,
    OneChave,
    OneNsu,
    Voided,
    VoidedBefore,
    VoidingRefused,
    VoidingUnknown,
)
from gateway.nfe.ports import SignedEvent, SignedInut, Target
from gateway.nfe.sefaz.client import SefazClient
from gateway.nfe.sefaz.endpoints import Endpoints

EVENT = SignedEvent(
    f'<evento xmlns="{NFE}" versao="1.00"><infEvento Id="ID110111{CHAVE}01"><cOrgao>35</cOrgao><tpAmb>2</tpAmb></infEvento>'
    '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"></Signature></evento>'.encode()
)
AN_EVENT = SignedEvent(EVENT.replace(b"<cOrgao>35<", b"<cOrgao>91<"))
INUT = SignedInut(f'<inutNFe xmlns="{NFE}" versao="4.00"><infInut><tpAmb>2</tpAmb></infInut></inutNFe>'.encode())
RET = (
    f'<retEvento xmlns="{NFE}" versao="1.00"><infEvento><tpAmb>2</tpAmb><cOrgao>35</cOrgao><cStat>%s</cStat><xMotivo>%s</xMotivo>'
    f"<chNFe>{CHAVE}</chNFe><tpEvento>110111</tpEvento><nSeqEvento>1</nSeqEvento>"
    "<dhRegEvento>2026-11-21T10:06:00-03:00</dhRegEvento>%s</infEvento></retEvento>"
)
NPROT = "<nProt>135260000000009</nProt>"


def ret_event(cStat: str = "135", xMotivo: str = "Evento registrado", nProt: str = NPROT, lot: str = "128") -> bytes:
    inner = RET % (cStat, xMotivo, nProt) if lot == "128" else ""
    return soap(
        "NFeRecepcaoEvento4",
        f'<retEnvEvento xmlns="{NFE}" versao="1.00"><idLote>1</idLote><tpAmb>2</tpAmb><cOrgao>35</cOrgao>'
        f"<cStat>{lot}</cStat><xMotivo>Lote</xMotivo>{inner}</retEnvEvento>",
    )


def ret_inut(cStat: str, xMotivo: str, rest: str = "") -> bytes:
    return soap(
        "NFeInutilizacao4",
        f'<retInutNFe xmlns="{NFE}" versao="4.00"><infInut><tpAmb>2</tpAmb><cStat>{cStat}</cStat><xMotivo>{xMotivo}</xMotivo>'
        f"<dhRecbto>2026-11-21T10:06:00-03:00</dhRecbto>{rest}</infInut></retInutNFe>",
    )


def ret_dist(cStat: str, documents: str = "", last: str = "000000000000002", most: str = "000000000000009") -> bytes:
    lote = f"<loteDistDFeInt>{documents}</loteDistDFeInt>" if documents else ""
    return soap(
        "NFeDistribuicaoDFe",
        f'<retDistDFeInt xmlns="{NFE}" versao="1.01"><tpAmb>2</tpAmb><cStat>{cStat}</cStat><xMotivo>m</xMotivo>'
        f"<dhResp>2026-11-21T10:06:00-03:00</dhResp><ultNSU>{last}</ultNSU><maxNSU>{most}</maxNSU>{lote}</retDistDFeInt>",
    )


def doc_zip(nsu: int, schema: str, xml: bytes) -> str:
    return f'<docZip NSU="{nsu:015d}" schema="{schema}">{base64.b64encode(gzip.compress(xml)).decode()}</docZip>'


async def test_a_registered_event_keeps_the_bytes_both_ways(wires):
    async with wires.open(replying(ret_event())) as wire:
        outcome = await wire.client.send_event(wire.target, EVENT, idLote=7)
    assert isinstance(outcome, EventRegistered)
    assert (outcome.cStat, outcome.nProt, outcome.late, outcome.linked) == ("135", "135260000000009", False, True)
    assert outcome.xml == (RET % ("135", "Evento registrado", NPROT)).encode()
    [seen] = wire.peer.seen
    assert seen.path == "/NFeRecepcaoEvento4"
    assert f'<envEvento xmlns="{NFE}" versao="1.00"><idLote>7</idLote>'.encode() + EVENT + b"</envEvento>" in seen.body


@pytest.mark.parametrize(("cStat", "late", "linked"), [("155", True, True), ("136", False, False)])
async def test_a_late_cancel_and_an_event_without_its_note_are_successes(wires, cStat, late, linked):
    async with wires.open(replying(ret_event(cStat))) as wire:
        outcome = await wire.client.send_event(wire.target, EVENT, idLote=7)
    assert isinstance(outcome, EventRegistered)
    assert (outcome.late, outcome.linked) == (late, linked)


async def test_a_duplicate_event_is_a_question_and_not_an_error(wires):
    async with wires.open(replying(ret_event("573", "Rejeicao: Duplicidade de evento", ""))) as wire:
        outcome = await wire.client.send_event(wire.target, EVENT, idLote=7)
    assert outcome == EventRefused("573", "Rejeicao: Duplicidade de evento", "idempotent")


async def test_a_refused_lot_refuses_the_event(wires):
    async with wires.open(replying(ret_event(lot="656"))) as wire:
        outcome = await wire.client.send_event(wire.target, EVENT, idLote=7)
    assert outcome == EventRefused("656", "Lote", "stop_wait")


@pytest.mark.parametrize(
    "answer", [ret_event(nProt=""), ret_event().replace(b"<nSeqEvento>1<", b"<nSeqEvento>2<"), b"<html/>", ret_event(lot="135")]
)
async def test_what_does_not_tell_of_our_event_is_unknown(wires, answer):
    async with wires.open(replying(answer)) as wire:
        outcome = await wire.client.send_event(wire.target, EVENT, idLote=7)
    assert isinstance(outcome, EventUnknown)


async def test_an_event_whose_answer_is_lost_raises_outcome_unknown(wires):
    async def drop(_seen, writer):
        writer.transport.abort()

    async with wires.open(drop) as wire:
        with pytest.raises(OutcomeUnknown):
            await wire.client.send_event(wire.target, EVENT, idLote=7)
        with pytest.raises(OutcomeUnknown):
            await wire.client.inutilize(wire.target, INUT)
        with pytest.raises(NotSent):
            await wire.client.receipt(wire.target, CHAVE, "351000000000001")


async def test_the_ambiente_nacional_and_the_svc_have_addresses_of_their_own(pki, wires):
    async with wires.open(replying(ret_event())) as home, wires.open(replying(ret_event())) as an:
        endpoints = Endpoints(override_url=home.peer.url, override_an=f"{an.peer.url}/an", override_ca=pki.ca_file)
        client = SefazClient(endpoints, clock=home.client._clock)
        try:
            await client.send_event(home.target, AN_EVENT, idLote=1)
            await client.send_event(home.target, EVENT, idLote=1)
        finally:
            await client.close()
    assert [seen.path for seen in an.peer.seen] == ["/an/NFeRecepcaoEvento4"]
    assert [seen.path for seen in home.peer.seen] == ["/NFeRecepcaoEvento4"]
    with pytest.raises(ConfigInvalid):
        Endpoints(override_an=f"{an.peer.url}/an")


async def test_bytes_that_are_no_event_of_ours_do_not_leave(wires):
    async with wires.open(replying(ret_event())) as wire:
        with pytest.raises(Refused) as refused:
            await wire.client.send_event(wire.target, SignedEvent(b"<evento/>"), idLote=1)
    assert refused.value.code == "SEFAZ-UNFIT"
    assert wire.peer.seen == []


async def test_history_brings_every_event_with_its_bytes(wires):
    one = f'<procEventoNFe xmlns="{NFE}" versao="1.00">{EVENT.decode().replace("<tpAmb>2</tpAmb>", "<tpAmb>2</tpAmb><chNFe>" + CHAVE + "</chNFe><tpEvento>110111</tpEvento><nSeqEvento>1</nSeqEvento>")}{RET % ("135", "ok", NPROT)}</procEventoNFe>'  # noqa: E501
    async with wires.open(replying(ret_sit("101", inner=prot() + one, xMotivo="Cancelamento homologado"))) as wire:
        history = await wire.client.history(wire.target, CHAVE)
    [event] = history.events
    assert (event.tpEvento, event.n_seq, event.nProt, event.cStat) == ("110111", 1, "135260000000009", "135")
    assert event.xml == one.encode()
    assert event.answer == (RET % ("135", "ok", NPROT)).encode()


async def test_voided_numbers_and_the_protocol_of_a_lost_answer(wires):
    async with wires.open(replying(ret_inut("102", "Inutilizacao homologada", NPROT))) as wire:
        done = await wire.client.inutilize(wire.target, INUT)
        again = "Rejeicao: Ja existe pedido de Inutilizacao com a mesma faixa [nProt:135260000000009]"
        wire.answer(replying(ret_inut("563", again)))
        before = await wire.client.inutilize(wire.target, INUT)
        wire.answer(replying(ret_inut("563", "Rejeicao: Ja existe pedido", NPROT)))
        by_tag = await wire.client.inutilize(wire.target, INUT)
        wire.answer(replying(ret_inut("241", "Rejeicao: Um numero da faixa ja foi utilizado")))
        refused = await wire.client.inutilize(wire.target, INUT)
        wire.answer(replying(ret_inut("102", "sem protocolo")))
        unknown = await wire.client.inutilize(wire.target, INUT)
    assert isinstance(done, Voided)
    assert done.nProt == "135260000000009"
    assert done.xml.startswith(b"<retInutNFe ")
    assert before == VoidedBefore(again, "135260000000009")
    assert by_tag == VoidedBefore("Rejeicao: Ja existe pedido", "135260000000009")
    assert isinstance(refused, VoidingRefused)
    assert refused.cStat == "241"
    assert isinstance(unknown, VoidingUnknown)


def ret_reci(cStat: str, inner: str = "") -> bytes:
    return soap(
        "NFeRetAutorizacao4",
        f'<retConsReciNFe xmlns="{NFE}" versao="4.00"><tpAmb>2</tpAmb><nRec>351000000000001</nRec><cStat>{cStat}</cStat>'
        f"<xMotivo>m</xMotivo><cUF>35</cUF><dhRecbto>2026-11-21T10:06:00-03:00</dhRecbto>{inner}</retConsReciNFe>",
    )


async def test_a_receipt_tells_what_became_of_our_note(wires):
    async with wires.open(replying(ret_reci("104", prot()))) as wire:
        done = await wire.client.receipt(wire.target, CHAVE, "351000000000001")
        wire.answer(replying(ret_reci("105")))
        waiting = await wire.client.receipt(wire.target, CHAVE, "351000000000001")
        wire.answer(replying(ret_reci("104")))
        lost = await wire.client.receipt(wire.target, CHAVE, "351000000000001")
        wire.answer(replying(ret_reci("106")))
        gone = await wire.client.receipt(wire.target, CHAVE, "351000000000001")
        with pytest.raises(Refused):
            await wire.client.receipt(wire.target, CHAVE, "12")
    assert isinstance(done, Authorized)
    assert waiting == Pending("105", "m", "351000000000001", 15.0)
    assert isinstance(lost, Unknown)
    assert isinstance(gone, Unknown | Rejected)


async def test_documents_are_unpacked_in_order(wires):
    documents = doc_zip(1, "resNFe_v1.01.xsd", b"<resNFe/>") + doc_zip(2, "procEventoNFe_v1.00.xsd", b"<procEventoNFe/>")
    async with wires.open(replying(ret_dist("138", documents))) as wire:
        batch = await wire.client.distribute(wire.target, "12ABC34501DE35", AfterNsu(0))
        await wire.client.distribute(wire.target, "11222333000181", OneNsu(5))
        await wire.client.distribute(wire.target, "11222333000181", OneChave(CHAVE))
    assert (batch.last_nsu, batch.max_nsu) == (2, 9)
    assert [(one.nsu, one.kind, one.xml) for one in batch.documents] == [
        (1, "resNFe", b"<resNFe/>"),
        (2, "procEventoNFe", b"<procEventoNFe/>"),
    ]
    first = wire.peer.seen[0].body
    assert b'<nfeDistDFeInteresse xmlns="http://www.portalfiscal.inf.br/nfe/wsdl/NFeDistribuicaoDFe"><nfeDadosMsg>' in first
    assert b"<cUFAutor>35</cUFAutor><CNPJ>12ABC34501DE35</CNPJ><distNSU><ultNSU>000000000000000</ultNSU></distNSU>" in first
    assert b"<consNSU><NSU>000000000000005</NSU></consNSU>" in wire.peer.seen[1].body
    assert f"<consChNFe><chNFe>{CHAVE}</chNFe></consChNFe>".encode() in wire.peer.seen[2].body


@pytest.mark.parametrize(("cStat", "decision"), [("137", "info"), ("656", "stop_wait")])
async def test_no_documents_and_asked_too_soon(wires, cStat, decision):
    async with wires.open(replying(ret_dist(cStat))) as wire:
        batch = await wire.client.distribute(wire.target, "11222333000181", AfterNsu(2))
    assert (batch.cStat, batch.decision, batch.documents) == (cStat, decision, ())


BROKEN = {
    "not base64": '<docZip NSU="1" schema="resNFe_v1.01.xsd">***</docZip>',
    "not gzip": f'<docZip NSU="1" schema="resNFe_v1.01.xsd">{base64.b64encode(b"abc").decode()}</docZip>',
    "truncated": doc_zip(1, "resNFe_v1.01.xsd", b"<resNFe/>" * 9)[:-40] + "</docZip>",
    "bomb": doc_zip(1, "resNFe_v1.01.xsd", b" " * (9 * 1024 * 1024)),
    "no nsu": '<docZip schema="resNFe_v1.01.xsd">YQ==</docZip>',
}


@pytest.mark.parametrize("document", BROKEN.values(), ids=BROKEN.keys())
async def test_a_document_that_does_not_open_stops_the_batch(wires, document):
    async with wires.open(replying(ret_dist("138", document))) as wire:
        with pytest.raises(ProtocolBroken):
            await wire.client.distribute(wire.target, "11222333000181", AfterNsu(0))


CAD = (
    '<retConsCad xmlns="http://www.portalfiscal.inf.br/nfe" versao="2.00"><infCons><verAplic>x</verAplic><cStat>111</cStat>'
    "<xMotivo>Consulta cadastro com uma ocorrencia</xMotivo><UF>SP</UF><infCad><IE>110042490114</IE><CNPJ>11222333000181</CNPJ>"
    "<UF>SP</UF><cSit>1</cSit><indCredNFe>1</indCredNFe><xNome>LOJA</xNome><dIniAtiv>2020-01-02</dIniAtiv></infCad></infCons></retConsCad>"
)


async def test_the_cadastro_answers_registrations_also_without_the_namespace(wires):
    async with wires.open(replying(soap("CadConsultaCadastro4", CAD))) as wire:
        one = await wire.client.taxpayer(wire.target, "SP", "11222333000181")
        wire.answer(replying(soap("CadConsultaCadastro4", CAD.replace(f' xmlns="{NFE}"', ""))))
        of_mg = await wire.client.taxpayer(wire.target, "MG", "11222333000181")
        with pytest.raises(ConfigInvalid):
            await wire.client.taxpayer(wire.target, "RJ", "11222333000181")
    [found] = one.registrations
    assert (found.ie, found.active, found.issues_nfe, str(found.since)) == ("110042490114", True, True, "2020-01-02")
    assert of_mg.registrations == one.registrations


async def test_mato_grosso_wants_the_cadastro_wrapped(wires):
    async with wires.open(replying(soap("CadConsultaCadastro4", CAD))) as wire:
        await wire.client.taxpayer(Target("MT", 2, "55", wire.target.pfx), "MT", "11222333000181")
        await wire.client.taxpayer(wire.target, "SP", "11222333000181")
    assert b"<consultaCadastro " in wire.peer.seen[0].body
    assert b"<consultaCadastro " not in wire.peer.seen[1].body
