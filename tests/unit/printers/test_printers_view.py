"""What is read from the XML, and what is refused."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from gateway.core.errors import InputError
from gateway.printers.view import MAX_XML, read_note

GOLDEN = Path(__file__).parents[2] / "golden" / "printers"


def sample(name: str) -> bytes:
    return (GOLDEN / f"{name}.xml").read_bytes()


def test_values_of_an_authorised_note() -> None:
    view = read_note(sample("three_items"))
    assert view.chave == "35261111222333000181550010000001241482019374"
    assert (view.mod, view.serie, view.nNF, view.tpEmis, view.homologation) == ("55", 1, 124, "1", True)
    assert view.issued_at == datetime.fromisoformat("2026-11-21T10:30:15-03:00")
    assert view.issued_at.utcoffset() == datetime.fromisoformat("2026-11-21T10:30:15-03:00").utcoffset()
    assert view.issuer.name == "Rede Exemplo Ltda"
    assert view.customer is not None
    assert view.customer.tax_id == "52998224725"
    assert view.delivery is not None
    assert view.delivery.place is not None
    assert view.delivery.place.street == "Rua do Açude"
    assert [item.quantity for item in view.items] == [Decimal(1), Decimal(2), Decimal("0.655")]
    assert view.items[0].discount == Decimal("189.99")
    assert view.items[0].notes == "Montagem inclusa em até 48 h após a entrega"
    assert view.totals.total == Decimal("3315.04")
    assert view.totals.cbs == Decimal("29.84")
    assert view.totals.selective_tax is None
    assert [(pay.method, pay.value) for pay in view.payments] == [("03", Decimal("1500.00")), ("01", Decimal("2000.00"))]
    assert view.change == Decimal("184.96")
    assert view.protocolo is not None
    assert view.protocolo.number == "135260000012345"
    assert view.protocolo.authorized


def test_a_note_without_protocol_and_with_qr() -> None:
    view = read_note(sample("type2_offline"))
    assert view.protocolo is None
    assert view.simplified_type_2
    assert view.qrCode.startswith("https://www.homologacao.nfce.fazenda.sp.gov.br/qrcode?p=35261111222333000181")
    assert view.contingency_reason == "Falha de conexão com a internet da loja"


def test_installments_and_difal() -> None:
    view = read_note(sample("alphanumeric"))
    assert [(dup.number, str(dup.due), dup.value) for dup in view.installments] == [
        ("001", "2026-12-21", Decimal("1310.00")),
        ("002", "2027-01-20", Decimal("1310.00")),
    ]
    assert (view.totals.difal, view.totals.difal_fcp) == (Decimal("209.60"), Decimal("52.40"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<vNF>", b"<vNF>x"),
        (b"<vNF>189.90</vNF>", b""),
        (b"<vProd>189.90", b"<vProd>NaN"),
        (b"2026-11-21T10:30:15-03:00", b"2026-11-21T10:30:15"),
        (b"2026-11-21T10:30:15-03:00", b"ontem"),
        (b"<nNF>123<", b"<nNF>12a<"),
        (b'Id="NFe3', b'Id="NFe'),
        (b"<chNFe>3", b"<chNFe>4"),
        (b"</NFe>", b""),
    ],
)
def test_broken_notes_are_refused(old: bytes, new: bytes) -> None:
    xml = sample("one_item")
    assert old in xml
    with pytest.raises(InputError) as caught:
        read_note(xml.replace(old, new))
    assert caught.value.code == "PRINT-XML"
    assert caught.value.fix


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        b"%PDF-1.7",
        b"<a/>",
        b'<NFe xmlns="http://www.portalfiscal.inf.br/nfe"/>',
        b'<!DOCTYPE NFe [<!ENTITY a "b">]><NFe xmlns="http://www.portalfiscal.inf.br/nfe">&a;</NFe>',
        b" " * (MAX_XML + 1),
    ],
    ids=["empty", "pdf", "other", "bare", "doctype", "huge"],
)
def test_what_is_not_a_note_is_refused(xml: bytes) -> None:
    with pytest.raises(InputError) as caught:
        read_note(xml)
    assert caught.value.code == "PRINT-XML"


def test_more_items_than_the_layout_holds() -> None:
    xml = sample("one_item")
    det = xml[xml.index(b"<det ") : xml.index(b"</det>") + 6]
    assert len(read_note(xml.replace(det, det * 990)).items) == 990
    with pytest.raises(InputError, match="991 itens"):
        read_note(xml.replace(det, det * 991))
