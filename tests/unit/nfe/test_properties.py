"""What holds for any sale: sums of items are the totals, and W16-10 gives vNF."""

from __future__ import annotations

import re
from decimal import Decimal

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.core.money import ZERO
from gateway.nfe.product import Product
from gateway.nfe.sale import Freight, Payment, Sale
from gateway.nfe.signature import NFE, with_placeholder
from gateway.nfe.xsd import validate
from tests.unit.nfe.made import BRANCH, CONSUMER, RJ, SIMPLES, built, composed, item, product, sale

D = Decimal
SITUATIONS = ("tributada", "reduzida", "isenta", "nao_tributada", "st")
GOODS: tuple[Product, ...] = tuple(
    product(name, situation=name, cest="2803800", icms_reduction=D("41.1765")) for name in SITUATIONS
)
cents = st.integers(0, 500_000).map(lambda units: D(units).scaleb(-2))


@st.composite
def sales(draw: st.DrawFn) -> Sale:
    items = []
    total = ZERO
    for _ in range(draw(st.integers(1, 6))):
        gross = draw(st.integers(1, 900_000).map(lambda units: D(units).scaleb(-2)))
        quantity = draw(st.integers(1, 50_000).map(lambda units: D(units).scaleb(-draw(st.integers(0, 4)))))
        discount = min(draw(cents), gross)
        items.append(item(str(quantity), None, total=gross, discount=discount, sku=draw(st.sampled_from(SITUATIONS))))
        total += gross - discount
    discount = min(draw(cents), total)
    freight, other = draw(cents), draw(cents)
    paid = total - discount + freight + other
    customer = draw(st.sampled_from((CONSUMER, msgspec.structs.replace(CONSUMER, address=RJ))))
    return sale(
        customer=customer,
        items=tuple(items),
        discount=discount,
        other=other,
        freight=Freight(mode="emitente", amount=freight),
        presence="internet",
        payments=(Payment(method="pix" if paid else "sem_pagamento", amount=paid),),
    )


@settings(max_examples=150, deadline=None)
@given(sales(), st.sampled_from((BRANCH, SIMPLES)))
def test_totals_are_the_sums_of_the_items(of: Sale, branch: object) -> None:
    xml = built(of, branch, *GOODS).xml  # type: ignore[arg-type]
    assert validate(with_placeholder(xml)) == ()
    root = etree.fromstring(xml)

    def total(tag: str) -> Decimal:
        return D(root.findtext(f".//{{{NFE}}}total/{{{NFE}}}ICMSTot/{{{NFE}}}{tag}") or "0")

    def summed(group: str, tag: str) -> Decimal:
        return sum((D(one.text or "0") for one in root.iterfind(f".//{{{NFE}}}det//{{{NFE}}}{group}/{{{NFE}}}{tag}")), ZERO)

    for tag in ("vProd", "vDesc", "vFrete", "vOutro"):
        assert summed("prod", tag) == total(tag), tag
    for tag in ("vBC", "vICMS"):
        assert summed("ICMS00", tag) + summed("ICMS20", tag) == total(tag), tag
    assert summed("ICMSUFDest", "vICMSUFDest") == total("vICMSUFDest")
    assert summed("ICMSUFDest", "vFCPUFDest") == total("vFCPUFDest")
    assert summed("PISAliq", "vPIS") == total("vPIS")
    assert summed("COFINSAliq", "vCOFINS") == total("vCOFINS")
    assert total("vNF") == total("vProd") - total("vDesc") + total("vFrete") + total("vOutro")
    assert total("vNF") == sum((one.amount for one in of.payments), ZERO)
    for prod in root.iterfind(f".//{{{NFE}}}prod"):
        values = {etree.QName(one).localname: one.text or "" for one in prod}
        assert abs(D(values["vProd"]) - D(values["qCom"]) * D(values["vUnCom"])) <= D("0.01")
    if root.find(f".//{{{NFE}}}IBSCBSTot") is not None:
        shares = sum((D(one.text or "0") for one in root.iterfind(f".//{{{NFE}}}vItem")), ZERO)
        assert shares == D(root.findtext(f".//{{{NFE}}}vNFTot") or "-1") == total("vNF")
        for tag in ("vIBSUF", "vCBS"):
            parts = sum((D(one.text or "0") for one in root.iterfind(f".//{{{NFE}}}det//{{{NFE}}}{tag}")), ZERO)
            assert parts == D(root.findtext(f".//{{{NFE}}}IBSCBSTot//{{{NFE}}}{tag}") or "-1")


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_ends_in_a_valid_note_or_a_fault(note: str, description: str) -> None:
    of = sale(items=(item(note=note[:500], description=description[:255]),), notes=note)
    xml = built(of).xml
    assert validate(with_placeholder(xml)) == ()
    assert not re.search(rb">\s+<", xml)


def test_composing_twice_gives_the_same_document() -> None:
    assert composed(sale()) == composed(sale())
    assert built(sale()).xml == built(sale()).xml
