"""The spliced signature, judged by libraries that share nothing with it."""

from __future__ import annotations

import base64
import hashlib

import pytest
import xmlsec
from lxml import etree

from gateway.core.errors import InvariantBroken
from gateway.nfe.certificate import Certificate
from gateway.nfe.proc import join_nfe_proc
from gateway.nfe.signature import DSIG, NFE, SignatureBroken, sign, verify, with_placeholder
from gateway.nfe.xsd import validate
from tests.golden.nfe.cases import Case
from tests.golden.nfe.operation_cases import CASES as OPERATIONS
from tests.golden.nfe.return_cases import CASES as RETURNS
from tests.unit.nfe.made import BRANCH, CONSUMER, built, item, product, sale

HOSTILE = 'Pão & <queijo> "d\'água" \r\n\t— “ção” €5 🎉\x00\x07 ]]> &amp; fim'


def verify_with_xmlsec(xml: bytes, certificate: Certificate) -> None:
    root = etree.fromstring(xml)
    xmlsec.tree.add_ids(root, ["Id"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(certificate.der, xmlsec.constants.KeyDataFormatCertDer)
    context.verify(root.find(f".//{{{DSIG}}}Signature"))


def test_signature_is_good_for_xmlsec_signxml_and_the_schema(certificate: Certificate) -> None:
    signed = sign(built(sale()).xml, certificate)
    verify_with_xmlsec(signed.xml, certificate)
    assert verify(signed.xml) == certificate.der
    assert validate(signed.xml) == ()


def test_digest_is_the_one_the_document_carries(certificate: Certificate) -> None:
    signed = sign(built(sale()).xml, certificate)
    root = etree.fromstring(signed.xml)
    assert root.findtext(f".//{{{DSIG}}}DigestValue") == signed.digest
    body = root.find(f"{{{NFE}}}infNFe")
    reparsed = etree.fromstring(etree.tostring(body, with_tail=False))
    canonical = etree.tostring(reparsed, method="c14n")
    assert base64.b64encode(hashlib.sha1(canonical).digest()).decode() == signed.digest  # noqa: S324


def test_hostile_text_survives_signing(certificate: Certificate) -> None:
    hostile = sale(
        items=(item(note=HOSTILE, description=HOSTILE),),
        notes=HOSTILE,
        customer=type(CONSUMER)(tax_id=CONSUMER.tax_id, name=HOSTILE, address=CONSUMER.address),
    )
    signed = sign(built(hostile).xml, certificate)
    verify_with_xmlsec(signed.xml, certificate)
    assert verify(signed.xml) == certificate.der
    assert validate(signed.xml) == ()
    root = etree.fromstring(signed.xml)
    told = root.findtext(f".//{{{NFE}}}infCpl")
    assert told == 'Pão & <queijo> "d\'água" - "ção" EUR5 ]]> &amp; fim'
    assert root.findtext(f".//{{{NFE}}}xProd") == told


def test_lxml_c14n_of_a_sub_element_is_a_trap() -> None:
    """Why the signer never canonicalises a sub-element with lxml: it invents xmlns="" on grandchildren."""
    xml = built(sale()).xml
    body = etree.fromstring(xml).find(f"{{{NFE}}}infNFe")
    ours = b'<infNFe xmlns="' + NFE.encode() + b'"' + xml[xml.index(b" Id=") : -len(b"</NFe>")]
    assert b'xmlns=""' not in ours
    reparsed = etree.fromstring(etree.tostring(body, with_tail=False))
    assert etree.tostring(reparsed, method="c14n") == ours


def test_every_byte_of_the_body_is_covered(certificate: Certificate) -> None:
    signed = sign(built(sale()).xml, certificate)
    forged = signed.xml.replace(b"<vNF>100.00</vNF>", b"<vNF>100.01</vNF>")
    assert forged != signed.xml
    with pytest.raises(SignatureBroken):
        verify(forged)


def test_unsigned_wrapped_and_foreign_documents_are_refused(certificate: Certificate) -> None:
    note = built(sale())
    signed = sign(note.xml, certificate)
    with pytest.raises(SignatureBroken):
        verify(note.xml)
    with pytest.raises(SignatureBroken):
        verify(b"<NFe>")
    with pytest.raises(SignatureBroken):
        verify(b"<outro/>")
    body = signed.xml[signed.xml.index(b"<infNFe") : signed.xml.index(b"</infNFe>") + 9]
    wrapped = signed.xml.replace(body, body.replace(b"<vNF>100.00", b"<vNF>999.00") + body)
    with pytest.raises(SignatureBroken):
        verify(wrapped)
    doctype = b'<!DOCTYPE NFe [<!ENTITY x "y">]>' + signed.xml
    with pytest.raises(SignatureBroken):
        verify(doctype)


def test_only_our_own_text_is_signed(certificate: Certificate) -> None:
    xml = built(sale()).xml
    for foreign in (b"<NFe/>", xml.replace(b"><ide>", b">\n<ide>", 1).replace(b"<NFe xmlns", b"<NFe  xmlns"), xml[:-20]):
        with pytest.raises(InvariantBroken):
            sign(foreign, certificate)


def test_placeholder_signature_has_the_right_shape_and_no_worth() -> None:
    shaped = with_placeholder(built(sale()).xml)
    assert validate(shaped) == ()
    with pytest.raises(SignatureBroken):
        verify(shaped)


def test_proc_joins_bytes_as_sent_and_as_received(certificate: Certificate) -> None:
    note = built(sale())
    signed = sign(note.xml, certificate)
    protocol = (
        b'<protNFe xmlns="http://www.portalfiscal.inf.br/nfe" versao="4.00"><infProt><tpAmb>2</tpAmb>'
        b"<verAplic>X</verAplic><chNFe>"
        + note.chave.encode()
        + b"</chNFe><dhRecbto>2026-11-20T10:31:00-03:00</dhRecbto><nProt>135260000000001</nProt><digVal>"
        + signed.digest.encode()
        + b"</digVal><cStat>100</cStat><xMotivo>Autorizado o uso da NF-e</xMotivo></infProt></protNFe>"
    )
    proc = join_nfe_proc(signed.xml, protocol)
    assert signed.xml in proc
    assert protocol in proc
    assert validate(proc, "nfeProc") == ()
    assert verify(proc) == certificate.der
    verify_with_xmlsec(proc, certificate)


def test_alphanumeric_cnpj_is_in_the_key_and_valid(certificate: Certificate) -> None:
    note = built(sale(), BRANCH, product())
    assert note.chave == "35261112ABC34501DE35550010000012341876543215"
    assert validate(sign(note.xml, certificate).xml) == ()


@pytest.mark.parametrize("case", (*OPERATIONS, *RETURNS), ids=lambda case: case.name)
def test_every_operation_signed_is_good_for_xmlsec_and_the_schema(case: Case, certificate: Certificate) -> None:
    signed = sign(case.make().xml, certificate)
    verify_with_xmlsec(signed.xml, certificate)
    assert validate(signed.xml) == ()
