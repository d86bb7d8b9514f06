"""Answers written by hand and the values they become."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from lxml import etree

from gateway.core.errors import Refused
from gateway.nfe.answers import Authorized, Cancelled, Denied, NotFound, Pending, Protocol, Rejected, ServiceStatus
from gateway.nfe.sefaz import parse
from gateway.nfe.sefaz.soap import Payload, Unclear, open_answer

NFE = "http://www.portalfiscal.inf.br/nfe"
CHAVE = "35261112345678000195550010000012341123456781"
OTHER = "35261112345678000195550010000012346123456782"
DIGEST = "q0vNEjRWeJCrze8SNFZ4kKvN7xI="
AT = "2026-11-22T10:00:00-03:00"
WHEN = datetime(2026, 11, 22, 10, tzinfo=timezone(timedelta(hours=-3)))


def envelope(message: str) -> bytes:
    return (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f'<s:Body><nfeResultMsg xmlns="http://www.portalfiscal.inf.br/nfe/wsdl/X">{message}</nfeResultMsg></s:Body></s:Envelope>'
    ).encode()


def prot(
    cStat: str = "100",
    *,
    nProt: str = "<nProt>135260000000001</nProt>",
    chave: str = CHAVE,
    digVal: str = f"<digVal>{DIGEST}</digVal>",
    xMotivo: str = "Autorizado",
    tail: str = "",
    attrs: str = "",
) -> str:
    return (
        f'<protNFe{attrs} versao="4.00"><infProt Id="ID1"><tpAmb>2</tpAmb><verAplic>T</verAplic><chNFe>{chave}</chNFe>'
        f"<dhRecbto>{AT}</dhRecbto>{nProt}{digVal}<cStat>{cStat}</cStat><xMotivo>{xMotivo}</xMotivo>{tail}</infProt></protNFe>"
    )


def envi(cStat: str, inner: str = "", xMotivo: str = "M", tpAmb: str = "2") -> Payload:
    return open_answer(
        envelope(
            f'<retEnviNFe xmlns="{NFE}" versao="4.00"><tpAmb>{tpAmb}</tpAmb><verAplic>T</verAplic><cStat>{cStat}</cStat>'
            f"<xMotivo>{xMotivo}</xMotivo><cUF>35</cUF><dhRecbto>{AT}</dhRecbto>{inner}</retEnviNFe>"
        ),
        "retEnviNFe",
    )


def sit(cStat: str, inner: str = "", xMotivo: str = "M") -> Payload:
    return open_answer(
        envelope(
            f'<retConsSitNFe xmlns="{NFE}" versao="4.00"><tpAmb>2</tpAmb><verAplic>T</verAplic><cStat>{cStat}</cStat>'
            f"<xMotivo>{xMotivo}</xMotivo><cUF>35</cUF><dhRecbto>{AT}</dhRecbto><chNFe>{CHAVE}</chNFe>{inner}</retConsSitNFe>"
        ),
        "retConsSitNFe",
    )


def authorize(payload: Payload):
    return parse.authorization(payload, chave=CHAVE, tpAmb=2)


def consult(payload: Payload):
    return parse.consultation(payload, chave=CHAVE, tpAmb=2)


@pytest.mark.parametrize("cStat", ["100", "150"])
def test_authorized(cStat):
    assert authorize(envi("104", prot(cStat))) == Authorized(
        Protocol(CHAVE, cStat, "Autorizado", "135260000000001", WHEN, DIGEST, "2", prot(cStat).encode())
    )


def test_authorized_with_alerts_and_seventeen_digits_without_digest():
    tail = "<cMsg>172</cMsg><xMsg>Destinatário com CNPJ</xMsg><cMsg>9</cMsg><xMsg>Outro</xMsg>"
    outcome = authorize(envi("104", prot("120", nProt="<nProt>13526000000000123</nProt>", digVal="", tail=tail)))
    assert isinstance(outcome, Authorized)
    assert outcome.protocol.alerts == (("172", "Destinatário com CNPJ"), ("9", "Outro"))
    assert outcome.protocol.nProt == "13526000000000123"
    assert outcome.protocol.digVal is None


@pytest.mark.parametrize("lot", ["104", "100"])
def test_protocol_decides_over_the_lot(lot):
    assert authorize(envi(lot, prot("778", nProt="", digVal="", xMotivo="Rejeicao: NCM"))) == Rejected(
        "778", "Rejeicao: NCM", "fix_data"
    )


def test_refusal_with_a_protocol_number_is_a_denial_and_without_one_a_rejection():
    denied = authorize(envi("104", prot("302", xMotivo="Uso Denegado")))
    assert isinstance(denied, Denied)
    assert (denied.protocol.cStat, denied.protocol.nProt) == ("302", "135260000000001")
    assert isinstance(authorize(envi("104", prot("110"))), Denied)
    assert authorize(envi("104", prot("302", nProt="", xMotivo="R"))) == Rejected("302", "R", "fix_data")


def test_denied_without_a_protocol_is_asked_about():
    assert authorize(envi("205", xMotivo="R")) == Rejected("205", "R", "query_then_decide")


def test_duplicate_names_the_other_key_when_there_is_one():
    said = f"Rejeicao: Duplicidade [nRec:1][chNFe: {OTHER}]"
    assert authorize(envi("104", prot("539", nProt="", xMotivo=said))) == Rejected("539", said, "query_then_decide", OTHER)
    assert authorize(envi("204", xMotivo="Rejeicao: Duplicidade de NF-e [nRec:351]")) == Rejected(
        "204", "Rejeicao: Duplicidade de NF-e [nRec:351]", "query_then_decide"
    )


@pytest.mark.parametrize(
    ("cStat", "decision"),
    [("108", "contingency"), ("109", "contingency"), ("114", "wait_retry"), ("656", "stop_wait"), ("225", "fix_software")],
)
def test_lot_refused_as_a_whole(cStat, decision):
    assert authorize(envi(cStat)) == Rejected(cStat, "M", decision)


def test_receipt():
    receipt = "<infRec><nRec>351000000000001</nRec><tMed>40</tMed></infRec>"
    assert authorize(envi("103", receipt)) == Pending("103", "M", "351000000000001", 40.0)
    assert authorize(envi("105", receipt)) == Pending("105", "M", "351000000000001", 40.0)
    assert authorize(envi("103")) == Pending("103", "M", None, 15.0)


UNCLEAR = {
    "processed without protocol": envi("104"),
    "authorised lot without protocol": envi("100"),
    "lot not found": envi("106"),
    "still processing, no receipt": envi("105"),
    "never seen": envi("199"),
    "not catalogued": envi("999"),
    "same number in process": envi("635"),
    "other environment": envi("104", prot(), tpAmb="1"),
    "other key": envi("104", prot(chave=OTHER)),
    "denial of another key": envi("104", prot("110", chave=OTHER)),
    "no protocol number": envi("104", prot(nProt="")),
    "bad protocol number": envi("104", prot(nProt="<nProt>12</nProt>")),
    "bad date": envi("104", prot().replace(AT, "ontem")),
    "empty protocol": envi("104", "<protNFe/>"),
    "no cStat": envi(""),
    "cStat of letters": envi("abc"),
    "cancelled as an answer to a lot": envi("104", prot("101")),
}


@pytest.mark.parametrize("payload", UNCLEAR.values(), ids=UNCLEAR.keys())
def test_what_proves_nothing_is_unclear(payload):
    with pytest.raises(Unclear):
        authorize(payload)


def event(tpEvento: str, cStat: str, chave: str = CHAVE) -> str:
    return (
        '<procEventoNFe versao="1.00"><evento versao="1.00"><infEvento><tpEvento>000000</tpEvento></infEvento></evento>'
        f'<retEvento versao="1.00"><infEvento><tpAmb>2</tpAmb><cStat>{cStat}</cStat><chNFe>{chave}</chNFe>'
        f"<tpEvento>{tpEvento}</tpEvento></infEvento></retEvento></procEventoNFe>"
    )


def test_consultation_of_an_authorised_note():
    answer = consult(sit("100", prot()))
    assert isinstance(answer, Authorized)
    assert answer.protocol.xml == prot().encode()


@pytest.mark.parametrize("cStat", ["101", "151", "155"])
def test_consultation_of_a_cancelled_note(cStat):
    answer = consult(sit(cStat, prot() + event("110111", "135")))
    assert isinstance(answer, Cancelled)
    assert answer.protocol is not None
    assert answer.protocol.xml == prot().encode()
    assert consult(sit(cStat)) == Cancelled(cStat, "M", None)


@pytest.mark.parametrize(
    ("events", "cancelled"),
    [
        (event("110111", "135"), True),
        (event("110112", "155"), True),
        (event("110110", "135") + event("110111", "136"), True),
        (event("110111", "501"), False),
        (event("110110", "135"), False),
        (event("110111", "135", OTHER), False),
        ("", False),
    ],
)
def test_registered_cancelamento_wins_over_the_first_cstat(events, cancelled):
    assert isinstance(consult(sit("100", prot() + events)), Cancelled if cancelled else Authorized)


def test_consultation_not_found_and_other_keys():
    assert consult(sit("217")) == NotFound("217", "M")
    for cStat in ("561", "562", "613"):
        said = f"Rejeicao: Chave difere [chNFe:{OTHER}]"
        assert consult(sit(cStat, xMotivo=said)) == Rejected(cStat, said, "query_then_decide", OTHER)
    assert consult(sit("526")) == Rejected("526", "M", "final_refused")
    assert consult(sit("656")) == Rejected("656", "M", "stop_wait")
    assert consult(sit("108")) == Rejected("108", "M", "contingency")


@pytest.mark.parametrize("cStat", ["110", "205", "301", "302", "303"])
def test_denial_is_final_by_key_with_or_without_its_protocol(cStat):
    whole = consult(sit(cStat, prot(cStat)))
    assert isinstance(whole, Denied)
    assert whole.protocol.nProt == "135260000000001"
    assert consult(sit(cStat)) == Denied(Protocol(CHAVE, cStat, "M", None, WHEN, None, "2", b""))


@pytest.mark.parametrize(
    "payload", [sit("100"), sit("100", prot(chave=OTHER)), sit("104"), sit("199"), sit("999"), sit("101", prot(chave=OTHER))]
)
def test_unclear_consultation(payload):
    with pytest.raises(Unclear):
        consult(payload)


def test_date_without_offset_is_of_brasilia():
    answer = consult(sit("100", prot().replace(AT, "2026-11-22T10:00:00")))
    assert isinstance(answer, Authorized)
    assert answer.protocol.dhRecbto == WHEN
    assert answer.protocol.dhRecbto.utcoffset() == timedelta(hours=-3)


def test_status_keeps_times():
    payload = open_answer(
        envelope(
            f'<retConsStatServ xmlns="{NFE}" versao="4.00"><tpAmb>2</tpAmb><verAplic>T</verAplic><cStat>109</cStat>'
            f"<xMotivo>P</xMotivo><cUF>35</cUF><dhRecbto>{AT}</dhRecbto><tMed>3</tMed><dhRetorno>{AT}</dhRetorno></retConsStatServ>"
        ),
        "retConsStatServ",
    )
    assert parse.service_status(payload, tpAmb=2) == ServiceStatus("109", "P", 3, WHEN)


# The bytes of the protocol -------------------------------------------------------------------------------------------


def kept(inner: str) -> bytes:
    outcome = authorize(envi("104", inner))
    assert isinstance(outcome, Authorized)
    return outcome.protocol.xml


@pytest.mark.parametrize(
    "text",
    [
        prot(),
        prot(attrs=f' xmlns="{NFE}"'),
        prot(xMotivo="Autorizado &#225; &quot;x&quot;  dois"),
        prot().replace('versao="4.00"', "versao='4.00'  ").replace("</protNFe>", "</protNFe >"),
        prot().replace("<infProt", "\n  <infProt"),
        prot().replace("<verAplic>T</verAplic>", "<verAplic>T</verAplic><!-- nota -->"),
        prot(tail='<x xmlns=""/>').replace('<x xmlns=""/>', "<cMsg>1</cMsg><xMsg>Á</xMsg>"),
    ],
)
def test_protocol_is_kept_byte_for_byte(text):
    assert kept(text) == text.encode()


def joined(xml: bytes) -> etree._Element:
    """As the gateway joins it."""
    return etree.fromstring(b'<nfeProc xmlns="%s" versao="4.00">%s</nfeProc>' % (NFE.encode(), xml))[0]


def test_prefixed_protocol_is_written_anew_without_prefix():
    inner = prot(attrs=f' xmlns:n="{NFE}"').replace("<", "<n:").replace("<n:/", "</n:")
    xml = kept(inner)
    assert xml.startswith(f'<protNFe xmlns="{NFE}" versao="4.00"><infProt Id="ID1"><tpAmb>2</tpAmb>'.encode())
    assert b"n:" not in xml
    assert b'xmlns=""' not in xml
    assert etree.tostring(joined(xml), method="c14n") == etree.tostring(joined(prot().encode()), method="c14n")


def test_protocol_with_an_inherited_prefix_inside_does_not_depend_on_its_ancestors():
    inner = prot().replace("<infProt ", '<infProt xsi:nil="false" ')
    assert joined(kept(inner))[0].get("Id") == "ID1"


def test_protocol_in_another_encoding_becomes_utf8():
    text = envi("104", prot(xMotivo="Autorização")).raw.decode()
    raw = b'<?xml version="1.0" encoding="ISO-8859-1"?>' + text.encode("latin-1")
    outcome = authorize(open_answer(raw, "retEnviNFe"))
    assert isinstance(outcome, Authorized)
    assert "<xMotivo>Autorização</xMotivo>".encode() in outcome.protocol.xml


@pytest.mark.parametrize("wrap", ["<![CDATA[{}]]>", "escaped"])
def test_message_as_text_inside_the_result(wrap):
    inner = envi("104", prot()).raw.decode()
    message = inner[inner.index("<retEnviNFe") : inner.index("</nfeResultMsg>")]
    text = message.replace("&", "&amp;").replace("<", "&lt;") if wrap == "escaped" else wrap.format(message)
    outcome = authorize(open_answer(envelope(text), "retEnviNFe"))
    assert isinstance(outcome, Authorized)
    assert outcome.protocol.xml == prot().encode()


# The envelope --------------------------------------------------------------------------------------------------------


def test_wrapper_and_soap_11_are_tolerated():
    raw = envi("108").raw.replace(b"http://www.w3.org/2003/05/soap-envelope", b"http://schemas.xmlsoap.org/soap/envelope/")
    raw = raw.replace(b"<nfeResultMsg", b'<r xmlns="u"><nfeResultMsg').replace(b"</nfeResultMsg>", b"</nfeResultMsg></r>")
    assert authorize(open_answer(raw, "retEnviNFe")) == Rejected("108", "M", "contingency")


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "SEFAZ-NOT-XML"),
        (b"<html>", "SEFAZ-NOT-XML"),
        (b"<html/>", "SEFAZ-NOT-SOAP"),
        (b'<Envelope xmlns="x"/>', "SEFAZ-NOT-SOAP"),
        (b'<Envelope xmlns="http://www.w3.org/2003/05/soap-envelope"><Body/></Envelope>', "SEFAZ-NOT-SOAP"),
        (envelope("<outra/>"), "SEFAZ-WRONG-ROOT"),
        (envelope("texto"), "SEFAZ-WRONG-ROOT"),
        (envelope("&lt;outra/>"), "SEFAZ-WRONG-ROOT"),
        (envelope("&lt;outra"), "SEFAZ-NOT-XML"),
        (b"<!DOCTYPE a><a/>", "SEFAZ-DTD"),
        (envelope("<a>" * 300 + "</a>" * 300), "SEFAZ-NOT-XML"),
    ],
)
def test_not_an_answer(raw, code):
    with pytest.raises(Unclear) as unclear:
        open_answer(raw, "retEnviNFe")
    assert unclear.value.code == code


def test_fault_is_unclear_unless_it_says_that_nothing_ran():
    def fault(text: str) -> bytes:
        return (
            '<Envelope xmlns="http://www.w3.org/2003/05/soap-envelope"><Body><Fault><Reason><Text>'
            f"{text}</Text></Reason></Fault></Body></Envelope>"
        ).encode()

    with pytest.raises(Unclear) as unclear:
        open_answer(fault("Object reference not set"), "retEnviNFe")
    assert unclear.value.detail == "A SEFAZ respondeu uma falha SOAP: Object reference not set"
    with pytest.raises(Refused):
        open_answer(fault("Server did not recognize the value of HTTP Header SOAPAction: a"), "retEnviNFe")
