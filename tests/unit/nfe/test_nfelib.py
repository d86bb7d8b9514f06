"""The note as a third party's parser reads it: nfelib's bindings, which only tests import."""

from __future__ import annotations

from nfelib.nfe.bindings.v4_0.nfe_v4_00 import Nfe

from gateway.nfe.certificate import Certificate
from gateway.nfe.extract import summary
from gateway.nfe.signature import sign
from tests.golden.nfe.cases import CASES
from tests.unit.nfe.made import built, sale


def test_nfelib_reads_the_same_values(certificate: Certificate) -> None:
    note = built(sale())
    read = Nfe.from_xml(sign(note.xml, certificate).xml.decode())
    body = read.infNFe
    assert body.Id == f"NFe{note.chave}"
    assert (body.ide.nNF, body.ide.serie, body.ide.dhEmi) == ("1234", "1", "2026-11-20T10:30:00-03:00")
    assert body.emit.CNPJ == "12ABC34501DE35"
    assert body.det[0].imposto.ICMS.ICMS00.vICMS == "18.00"
    assert body.total.ICMSTot.vNF == "100.00"
    assert body.pag.detPag[0].tPag == "17"


def test_nfelib_reads_every_golden_note() -> None:
    for case in CASES:
        note = case.make()
        read = Nfe.from_xml(note.xml.decode())
        assert read.infNFe.Id == f"NFe{note.chave}", case.name


def test_summary_says_the_same(certificate: Certificate) -> None:
    note = built(sale())
    signed = sign(note.xml, certificate)
    facts = summary(signed.xml)
    assert (facts.chave, facts.number, facts.series, facts.digest) == (note.chave, 1234, 1, signed.digest)
    assert (str(facts.total), facts.issuer, facts.customer) == ("100.00", "12ABC34501DE35", "52998224725")
    assert facts.dhEmi.isoformat() == "2026-11-20T10:30:00-03:00"
    assert summary(note.xml).digest is None
