"""Whatever VTEX rounds or calls its totals, a draft is worth its order to the centavo, and no part is negative."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from vtex_order_files import codes, load, paid, read, worth

from gateway.core.money import ZERO

BASE = load("kit")


@st.composite
def orders(draw: st.DrawFn, *, by_row: bool = False) -> dict[str, Any]:
    """Orders that are consistent up to rounding: row and order discounts, services, taxes, freight told or not by row.

    by_row: every discount and every freight is told by the rows, so that nothing can explain a difference.
    """
    items, infos, goods, items_total = [], [], 0, 0
    for i in range(draw(st.integers(1, 8))):
        units, price = draw(st.integers(1, 50)), draw(st.integers(2, 50_000))
        multiplier = draw(st.sampled_from([1, 1, 1, 0.5, 0.3, 2.75]))
        listed = int((Decimal(price * units) * Decimal(str(multiplier)) + Decimal("0.5")).to_integral_value("ROUND_FLOOR"))
        total = draw(st.integers(0, listed))
        service = draw(st.sampled_from([0, 0, 700]))
        items.append(
            {
                "id": str(draw(st.integers(1, 4))),
                "name": f"Produto {i}",
                "quantity": units,
                "price": price,
                "unitMultiplier": multiplier,
                "priceDefinition": {"total": total},
                "bundleItems": [{"id": 1, "name": "Serviço", "price": service, "quantity": 1}] if service else [],
            }
        )
        goods += total + service
        items_total += listed + service
        infos.append({"itemIndex": i, "sellingPrice": draw(st.integers(0, 3000))})
    order_discount = 0 if by_row else draw(st.integers(0, goods // 2))
    charged = sum(i["sellingPrice"] for i in infos)
    shipping = charged if by_row else draw(st.sampled_from([charged, draw(st.integers(0, 5000))]))
    tax, change, rounding = draw(st.sampled_from([0, 0, 350])), draw(st.sampled_from([0, 0, 120])), draw(st.integers(-2, 2))
    totals = {
        "Items": items_total + rounding,
        "Discounts": goods - items_total - order_discount,
        "Shipping": shipping,
        "Tax": tax,
        "Change": change,
        "Embrulho": draw(st.sampled_from([0, 99])),
    }
    value = sum(totals.values())
    payment = draw(st.integers(1, 2 * max(value, 1)))
    return BASE | {
        "items": items,
        "value": value,
        "roundingError": rounding,
        "totals": [{"id": name, "value": amount} for name, amount in totals.items()],
        "shippingData": BASE["shippingData"] | {"logisticsInfo": draw(st.permutations(infos))},
        "paymentData": {
            "transactions": [
                {"isActive": True, "payments": [{"group": "cash", "value": payment}, {"group": "instantPayment", "value": 777}]}
            ]
        },
    }


@settings(max_examples=150, deadline=None)
@given(orders())
def test_the_draft_is_worth_the_order(order: dict[str, Any]) -> None:
    found = read(order)
    if order["value"] <= 0:
        assert codes(found) == ["VTEX-AMOUNTS"]
        return
    assert codes(found) == []
    draft = found.draft
    assert worth(draft) == paid(draft) == found.value == Decimal(order["value"]) / 100
    assert draft is not None
    assert len(draft.items) == len(order["items"])
    for item in draft.items:
        assert item.total is not None and item.freight is not None
        assert item.total > 0 and item.quantity > 0
        assert ZERO <= item.discount <= item.total
        assert item.freight >= 0
        assert item.total == item.total.quantize(Decimal("0.01"))
    assert sum((item.freight or ZERO for item in draft.items), ZERO) == draft.freight.amount
    assert all(payment.amount > 0 for payment in draft.payments)


@settings(max_examples=50, deadline=None)
@given(orders(by_row=True), st.integers(50, 100_000))
def test_an_unexplained_difference_is_never_spread(order: dict[str, Any], missing: int) -> None:
    items = order["totals"][0]
    items["value"] += missing * len(order["items"])
    order["value"] += missing * len(order["items"])
    found = read(order)
    assert codes(found) == ["VTEX-AMOUNTS"]
    assert found.draft is None
