"""An item sold before for the same amounts: the same document, made of what was kept; anything said beside them is not kept."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from gateway.core.errors import ValidationFailed
from gateway.nfe import repeats, xml_writer
from gateway.nfe.build import build
from gateway.nfe.compose import compose
from gateway.nfe.sale import Sale
from tests.unit.nfe.made import AT, BRANCH, CONSUMER, MG, SHIRT, item, pays, product, sale

D = Decimal
replace = msgspec.structs.replace


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "_met", set())
    monkeypatch.setattr(repeats, "_kept", {})


def xml(of: Sale, shirt: object = SHIRT) -> str:
    draft = compose(of, BRANCH, {"CAM-1": shirt}, at=AT)  # type: ignore[dict-item]
    return build(draft, number=1, cNF="87654321", dhEmi=AT).xml.decode()


def test_the_second_time_is_kept_and_the_third_is_given_it() -> None:
    first = xml(sale())
    assert (len(repeats._met), len(repeats._kept)) == (1, 0)
    assert xml(sale()) == first
    (kept,) = repeats._kept.values()
    # vBC, vICMS (18%), vFCP, vPIS (1.65% of 82.00), vCOFINS (7.6% of 82.00), vProd, vFrete, vDesc, vOutro, vItem, and then the
    # base of IBS and CBS (100.00 - 18.00 - 1.35 - 6.23), IBS (0.1%), of the state, of the city, and CBS (0.9%).
    assert [str(value) for value in kept.row] == [
        *("100.00", "18.00", "0.00", "1.35", "6.23", "100.00", "0.00", "0.00", "0.00", "100.00"),
        *("74.42", "0.07", "0.07", "0.00", "0.67"),
    ]
    draft = compose(sale(), BRANCH, {"CAM-1": SHIRT}, at=AT)
    assert draft.det[0].prod is kept.prod and draft.det[0].imposto is kept.imposto
    assert xml(sale()) == first


def test_repeated_and_new_items_add_up_in_one_note() -> None:
    """2 x 100.00 and 30.00 are 230.00; ICMS 18.00 + 18.00 + 5.40 = 41.40."""
    for _ in range(2):
        xml(sale())
    mixed = sale(items=(item(), item("1", "30.00"), item()), payments=(pays("pix", "230.00"),))
    totals = compose(mixed, BRANCH, {"CAM-1": SHIRT}, at=AT).totals.ICMSTot
    assert (totals.vBC, totals.vICMS, totals.vProd, totals.vNF) == (D("230.00"), D("41.40"), D("230.00"), D("230.00"))
    assert [one.nItem for one in compose(mixed, BRANCH, {"CAM-1": SHIRT}, at=AT).det] == ["1", "2", "3"]


@pytest.mark.parametrize(
    "changes",
    [
        {"items": (item(note="Presente"),)},
        {"items": (item(description="Outra"),)},
        {"insurance": D("1.00"), "payments": (pays("pix", "101.00"),)},
        {"customer": replace(CONSUMER, address=MG)},
    ],
    ids=["note", "description", "insurance", "difal"],
)
def test_what_few_items_say_is_computed_each_time(changes: dict[str, object]) -> None:
    of = sale(**changes)
    assert len({xml(of) for _ in range(3)}) == 1
    assert repeats._kept == {}


def test_discount_freight_and_charges_are_part_of_the_amounts() -> None:
    plain, cheaper = sale(), sale(discount=D("10.00"), payments=(pays("pix", "90.00"),))
    for _ in range(3):
        assert "<vDesc>10.00</vDesc><indTot>" in xml(cheaper)
        assert "<vDesc>10.00" not in xml(plain)
    assert len(repeats._kept) == 2


def test_the_order_of_each_note_is_its_own() -> None:
    for number in ("A-1", "A-2", "A-3"):
        assert f"<xPed>{number}</xPed></prod>" in xml(sale(order_number=number))
    assert "xPed" not in xml(sale())


def test_another_product_object_is_other_goods_even_when_its_sku_is_the_same() -> None:
    for _ in range(3):
        assert "<pICMS>18.00" in xml(sale())
        assert "<pICMS>7.00" in xml(sale(), product(icms_rate=D(7)))
        assert "<pICMS>12.00" in xml(sale(), product(icms_rate=D(12)))


def test_a_free_item_is_not_kept_for_its_zero_has_two_signs() -> None:
    free = sale(items=(item("1", "0.00"), item()))
    assert len({xml(free) for _ in range(3)}) == 1
    assert len(repeats._kept) == 1


def test_nothing_is_kept_of_goods_with_faults() -> None:
    """Sold again after its CEST is told to be wrong, the item is still refused and still computed."""
    wrong = product(situation="st", cest="1")
    for _ in range(3):
        with pytest.raises(ValidationFailed):
            xml(sale(), wrong)
    assert (repeats._met, repeats._kept) == (set(), {})


def test_the_oldest_go_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "_MOST", 2)
    monkeypatch.setattr(repeats, "_MOST_MET", 3)
    monkeypatch.setattr(xml_writer, "_MOST_KEPT", 2)
    for price in ("10.00", "20.00", "30.00", "40.00"):
        one = sale(items=(item("1", price),), payments=(pays("pix", price),))
        assert len({xml(one) for _ in range(3)}) == 1
    assert [kept.prod.vUnCom for kept in repeats._kept.values()] == [D("30.00"), D("40.00")]
    assert len(repeats._met) <= 3
    assert len(xml_writer._texts["prod"]) == 2
