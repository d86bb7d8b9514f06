from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.nfe.layout.delivery import Vol
from gateway.nfe.layout.document import InfAdic
from gateway.nfe.layout.fields import Attr, Group, MoneyOpc, Quantity, Rate, UnitPrice, Written
from gateway.nfe.layout.icms import Icms00
from gateway.nfe.xml_writer import _plain, canonical, decimal_text

D = Decimal


class Sample(Group, frozen=True, kw_only=True):
    name: Attr
    rate: Rate
    quantity: Quantity
    price: UnitPrice
    discount: MoneyOpc | None = None


def test_decimals_are_those_of_the_field_and_zeros_of_opc_types_are_left_out() -> None:
    sample = Sample(name='a"<', rate=D("18"), quantity=D("2"), price=D("0.00000001"), discount=D("0.00"))
    expected = '<x name="a&quot;&lt;"><rate>18.00</rate><quantity>2</quantity><price>0.00000001</price></x>'
    assert canonical(sample, "x") == expected
    more = Sample(name="b", rate=D("0.1234"), quantity=D("1.5000"), price=D("3.3"), discount=D("1.00"))
    assert canonical(more, "x") == (
        '<x name="b"><rate>0.1234</rate><quantity>1.5000</quantity><price>3.30</price><discount>1.00</discount></x>'
    )


@pytest.mark.parametrize(("number", "least", "most"), [("1.005", 2, 2), ("-1", 2, 2), ("NaN", 0, 4), ("Infinity", 2, 4)])
def test_a_number_that_the_field_does_not_hold_is_never_rounded(number: str, least: int, most: int) -> None:
    with pytest.raises(ValueError, match=r"casas decimais|não comporta"):
        decimal_text(D(number), least, most)


def test_exponents_are_written_in_plain_notation() -> None:
    assert decimal_text(D("1E+3"), 2, 2) == "1000.00"
    assert decimal_text(D("1E-10"), 2, 10) == "0.0000000001"
    assert decimal_text(D("5.000"), 2, 2) == "5.00"
    assert canonical(Vol(pesoL=D("1E+3")), "vol") == "<vol><pesoL>1000.000</pesoL></vol>"


def test_rounding_is_not_the_writers_business() -> None:
    with pytest.raises(ValueError, match="casas decimais"):
        canonical(Icms00(orig="0", CST="00", modBC="3", vBC=D("1.005"), pICMS=D("18"), vICMS=D("1.00")), "ICMS00")


def test_a_rate_kept_from_another_item_is_never_written_for_this_one() -> None:
    eighteen, four = D("18"), D("4.00")
    texts = []
    for rate in (eighteen, eighteen, four, eighteen, Written("18.0000"), D("18.000"), four):
        item = Icms00(orig="0", CST="00", modBC="3", vBC=D("1.00"), pICMS=rate, vICMS=D("0.18"))
        texts.append(canonical(item, "ICMS00").split("<pICMS>")[1].split("<")[0])
    assert texts == ["18.00", "18.00", "4.00", "18.00", "18.0000", "18.000", "4.00"]


def test_texts_met_before_are_bounded_and_only_those_without_escapes() -> None:
    for number in range(10_000):
        assert canonical(InfAdic(infCpl=f"a {number}"), "x") == f"<x><infCpl>a {number}</infCpl></x>"
    for _ in range(2):
        assert canonical(InfAdic(infCpl="a & b"), "x") == "<x><infCpl>a &amp; b</infCpl></x>"
        assert canonical(InfAdic(infCpl="c " * 500), "x") == f"<x><infCpl>{'c ' * 500}</infCpl></x>"
    assert len(_plain) <= 8192
    assert all(len(text) <= 120 and "&" not in text for text in _plain)


@given(
    st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="".join(map(chr, range(127, 160)))))
)
def test_text_is_its_own_canonical_form(text: str) -> None:
    written = canonical(InfAdic(infCpl=text), "infAdic").encode()
    element = etree.fromstring(written)
    assert element.findtext("infCpl") == text
    assert etree.tostring(element, method="c14n") == written


def test_carriage_return_survives_a_parser() -> None:
    written = canonical(InfAdic(infCpl="a\r\nb"), "infAdic")
    assert written == "<infAdic><infCpl>a&#xD;\nb</infCpl></infAdic>"
    assert etree.fromstring(written).findtext("infCpl") == "a\r\nb"
