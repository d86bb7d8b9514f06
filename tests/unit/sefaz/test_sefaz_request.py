"""What is sent: messages, envelope, and the guard before the socket."""

from __future__ import annotations

from importlib.resources import files

import pytest
from lxml import etree

from gateway.core.chave import ChaveAcesso
from gateway.core.errors import Refused
from gateway.nfe.ports import Pfx, SignedXml, Target
from gateway.nfe.sefaz.endpoints import Endpoints
from gateway.nfe.sefaz.guard import check_request, check_target
from gateway.nfe.sefaz.messages import chave_of, cons_sit_nfe, cons_stat_serv, envi_nfe
from gateway.nfe.sefaz.soap import content_type, envelope

CHAVE = ChaveAcesso("35261112345678000195550010000012341123456781")
SIGNED = SignedXml(
    f'<NFe xmlns="http://www.portalfiscal.inf.br/nfe"><infNFe versao="4.00" Id="NFe{CHAVE}"><ide><tpAmb>2</tpAmb></ide>'
    "<x>&quot;á&#39;</x></infNFe></NFe>".encode()
)


def schema(name: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(files("nfelib") / "nfe" / "schemas" / "v4_0" / name)))


@pytest.mark.parametrize(
    ("message", "xsd"),
    [
        (cons_sit_nfe(CHAVE, 2), "consSitNFe_v4.00.xsd"),
        (cons_stat_serv("35", 1), "consStatServ_v4.00.xsd"),
    ],
)
def test_questions_are_valid_by_the_official_schema(message, xsd):
    schema(xsd).assertValid(etree.fromstring(message))


def test_lot_holds_the_signed_bytes_as_they_are():
    assert envi_nfe(SIGNED, 7) == (
        b'<enviNFe xmlns="http://www.portalfiscal.inf.br/nfe" versao="4.00"><idLote>7</idLote><indSinc>1</indSinc>'
        + SIGNED
        + b"</enviNFe>"
    )
    with pytest.raises(Refused):
        envi_nfe(SIGNED, 10**15)


def test_envelope_leaves_the_canonical_form_of_the_note_alone():
    endpoint = Endpoints().url_for("SP", "55", 2, "NFeAutorizacao4")
    body = envelope(endpoint, envi_nfe(SIGNED, 7))
    inside = next(etree.fromstring(body).iter("{http://www.portalfiscal.inf.br/nfe}infNFe"))
    alone = etree.fromstring(SIGNED)[0]
    assert inside.nsmap == alone.nsmap
    assert SIGNED in body
    assert content_type(endpoint) == (
        'application/soap+xml; charset=utf-8; action="http://www.portalfiscal.inf.br/nfe/wsdl/NFeAutorizacao4/nfeAutorizacaoLote"'
    )


def test_key_of_the_document():
    assert chave_of(SIGNED) == CHAVE
    with pytest.raises(Refused):
        chave_of(SignedXml(SIGNED.replace(b"Id=", b"id=")))


def test_guard_wants_host_environment_and_size():
    endpoints = Endpoints()
    endpoint = endpoints.url_for("SP", "55", 2, "NFeAutorizacao4")
    body = envelope(endpoint, envi_nfe(SIGNED, 7))
    check_request(endpoint, hosts=endpoints.hosts(2), tpAmb=2, body=body)
    for hosts, tpAmb, bad in (
        (endpoints.hosts(1), 2, body),
        (endpoints.hosts(2), 1, body),
        (endpoints.hosts(2), 2, body.replace(b"<tpAmb>2", b"<tpAmb>1")),
        (endpoints.hosts(2), 2, body.replace(b"<tpAmb>2</tpAmb>", b"")),
        (endpoints.hosts(2), 2, body.replace(b"<x>", b"<tpAmb>1</tpAmb><x>")),
        (endpoints.hosts(2), 2, body + b" " * 1024 * 1024),
    ):
        with pytest.raises(Refused) as refused:
            check_request(endpoint, hosts=hosts, tpAmb=tpAmb, body=bad)
        assert refused.value.code == "SEFAZ-GUARD"


def test_guard_wants_the_branch_of_the_key():
    check_target(CHAVE, Target("SP", 2, "55", Pfx(b"", "")), "35")
    with pytest.raises(Refused):
        check_target(CHAVE, Target("RJ", 2, "55", Pfx(b"", "")), "33")
    with pytest.raises(Refused):
        check_target(CHAVE, Target("SP", 2, "65", Pfx(b"", "")), "35")
