"""Received notes: what the distribution hands over is read, and an XML is examined against its signature and protocol."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.core.chave import ChaveAcesso
from gateway.core.errors import ProtocolBroken, TransitionRefused
from gateway.nfe.certificate import Certificate, load
from gateway.nfe.certificate_maker import make_test_pfx
from gateway.nfe.distributed import EventFacts, NoteFacts, read_distributed
from gateway.nfe.event_answers import Distributed
from gateway.nfe.events.table import event_kind
from gateway.nfe.received import RECEIVED, examine, limit_of, role_of
from gateway.nfe.sale import Customer
from gateway.nfe.signature import AlteredAfterSigning, SignatureBroken, sign, verify
from tests.unit.nfe.made import AT, BRANCH, CNPJ, SP, built, sale

NFE = "http://www.portalfiscal.inf.br/nfe"
US = "45543915000181"
COMPANY = Customer(tax_id=US, name="Comprador Exemplo Ltda", address=SP, state_registration="110042490114")


def proc(certificate: Certificate, *, digest: str | None = "", cStat: str = "100", chave: str = "") -> bytes:
    """A note of CNPJ for US, with its protocol; `digest` "" is the note's own, None leaves digVal out."""
    signed = sign(built(sale(customer=COMPANY)).xml, certificate)
    key = chave or signed.xml.split(b'Id="NFe', 1)[1][:44].decode()
    told = signed.digest if digest == "" else digest
    digVal = "" if told is None else f"<digVal>{told}</digVal>"
    protocol = (
        f'<protNFe versao="4.00"><infProt><tpAmb>2</tpAmb><verAplic>SP</verAplic><chNFe>{key}</chNFe>'
        f"<dhRecbto>2026-11-21T12:00:30-03:00</dhRecbto><nProt>135260000000001</nProt>{digVal}<cStat>{cStat}</cStat>"
        "<xMotivo>Autorizado</xMotivo></infProt></protNFe>"
    )
    return f'<nfeProc versao="4.00" xmlns="{NFE}">'.encode() + signed.xml + protocol.encode() + b"</nfeProc>"


def read(xml: bytes, schema: str = "procNFe_v4.00.xsd") -> NoteFacts:
    facts = read_distributed(Distributed(7, schema, xml))
    assert isinstance(facts, NoteFacts)
    return facts


def test_a_whole_note_is_read_to_its_facts(certificate: Certificate) -> None:
    facts = read(proc(certificate))

    assert (facts.issuer, facts.issuer_name, facts.dest, facts.whole) == (CNPJ, BRANCH.name, US, True)
    assert (facts.nProt, facts.situation, facts.tpNF) == ("135260000000001", "authorized", "1")
    assert facts.authorized_at == datetime(2026, 11, 21, 15, 0, 30, tzinfo=UTC)
    assert facts.answered_digest == facts.digest


@pytest.mark.parametrize(
    ("cStat", "situation"), [("100", "authorized"), ("150", "authorized"), ("101", "cancelled"), ("302", "denied")]
)
def test_a_protocol_rewritten_after_the_event_tells_the_situation(certificate: Certificate, cStat: str, situation: str) -> None:
    assert read(proc(certificate, cStat=cStat)).situation == situation


def test_a_good_note_is_good(certificate: Certificate) -> None:
    xml = proc(certificate)

    assert examine(xml, read(xml), US[:8]).verdict == "ok"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<emit>", b"\n  <emit>"),  # blanks that a mail program put in
        (b"<xNome>Loja", b"<xNome>loja"),
        (b"<nNF>1234</nNF>", b"<nNF>1235</nNF>"),
    ],
)
def test_what_changed_after_signing_is_told_apart_from_a_bad_signature(certificate: Certificate, old: bytes, new: bytes) -> None:
    xml = proc(certificate)
    assert old in xml
    altered = xml.replace(old, new, 1)

    check = examine(altered, read(altered), US[:8])

    assert check.verdict == "altered"
    assert check.text == (
        "A NF-e foi alterada depois de assinada: a assinatura é boa, o conteúdo é outro. Peça ao emitente o XML original."
    )
    with pytest.raises(AlteredAfterSigning):
        verify(altered)


def test_a_signature_that_nobody_made_is_bad(certificate: Certificate) -> None:
    xml = proc(certificate)
    start = xml.index(b"<SignatureValue>") + len(b"<SignatureValue>")
    broken = xml[:start] + (b"A" if xml[start : start + 1] != b"A" else b"B") + xml[start + 1 :]

    assert examine(broken, read(broken), US[:8]).verdict == "bad_signature"
    with pytest.raises(SignatureBroken) as error:
        verify(broken)
    assert not isinstance(error.value, AlteredAfterSigning)


def test_a_note_signed_by_another_company_is_bad() -> None:
    stranger = load(make_test_pfx("60409075000152", "OUTRA EMPRESA", "segredo", at=AT))
    xml = proc(stranger)

    check = examine(xml, read(xml), US[:8])

    assert check.verdict == "bad_signature"
    assert check.text == f"Quem assinou a nota (60409075000152) não é da empresa que a emitiu ({CNPJ})."


@pytest.mark.parametrize("digest", ["AAAAAAAAAAAAAAAAAAAAAAAAAAA=", None])
def test_a_protocol_that_does_not_prove_the_note_is_told(certificate: Certificate, digest: str | None) -> None:
    xml = proc(certificate, digest=digest)

    assert examine(xml, read(xml), US[:8]).verdict == "bad_protocol"


def test_a_note_in_which_we_are_nobody_is_told(certificate: Certificate) -> None:
    xml = proc(certificate)

    assert examine(xml, read(xml), "99999999").verdict == "not_ours"
    assert role_of(read(xml), US[:8]) == "destinatario"


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        b"<resNFe/>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><resNFe xmlns="http://www.portalfiscal.inf.br/nfe"><chNFe>&a;</chNFe></resNFe>',
        f'<resNFe xmlns="{NFE}"><chNFe>{"1" * 44}</chNFe></resNFe>'.encode(),
    ],
)
def test_what_cannot_be_read_is_an_error_of_its_own(xml: bytes) -> None:
    with pytest.raises(ProtocolBroken):
        read_distributed(Distributed(7, "resNFe_v1.01.xsd", xml))


def test_an_event_is_read_from_its_proc() -> None:
    xml = (
        f'<procEventoNFe xmlns="{NFE}" versao="1.00"><evento versao="1.00"><infEvento Id="ID1101113526">'
        f"<cOrgao>35</cOrgao><CNPJ>{CNPJ}</CNPJ><chNFe>{_key()}</chNFe><dhEvento>2026-11-21T12:00:00-03:00</dhEvento>"
        "<tpEvento>110111</tpEvento><nSeqEvento>1</nSeqEvento></infEvento></evento><retEvento versao='1.00'><infEvento>"
        "<dhRegEvento>2026-11-21T12:01:00-03:00</dhRegEvento><nProt>135260000000002</nProt></infEvento></retEvento></procEventoNFe>"
    )
    facts = read_distributed(Distributed(8, "procEventoNFe_v1.00.xsd", xml.encode()))

    assert facts == EventFacts(
        chave=_key(),
        tpEvento="110111",
        n_seq=1,
        author=CNPJ,
        at=datetime(2026, 11, 21, 15, 1, tzinfo=UTC),
        nProt="135260000000002",
    )


def _key() -> ChaveAcesso:
    return ChaveAcesso.build(cUF="35", dhEmi=AT, tax_id=CNPJ, mod="55", serie=1, nNF=1, tpEmis="1", cNF="71830582")


def test_a_kind_that_says_nothing_of_notes_is_nothing() -> None:
    assert read_distributed(Distributed(9, "resCTe_v1.00.xsd", b"anything")) is None


def test_deadlines_are_ten_and_ninety_days_from_the_authorisation() -> None:
    at = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)

    assert limit_of(event_kind("210210"), "55", "SP", at) == datetime(2026, 11, 11, 12, 0, tzinfo=UTC)
    # November has 29 days left, December 31, and 30 of January make 90.
    assert limit_of(event_kind("210200"), "55", "SP", at) == datetime(2027, 1, 30, 12, 0, tzinfo=UTC)


def test_no_ciencia_after_a_conclusive_answer_and_one_conclusive_answer_after_another() -> None:
    assert RECEIVED.step("manifestado", "conclude").next == "manifestado"
    with pytest.raises(TransitionRefused):
        RECEIVED.step("manifestado", "aware")
    assert RECEIVED.step("ciente", "whole").next == "completo"
