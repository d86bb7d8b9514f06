"""The order's table and the idempotent procedure of its invoice."""

from __future__ import annotations

from decimal import Decimal

import pytest

from gateway.core.errors import TransitionRefused
from gateway.workflows.marketplace_order import ORDER, AlreadyThere, Diverges, Push, decide_push, invoice_lines
from gateway.workflows.ports import InvoiceLine, MarketplaceOrder, OrderItem, Package

CHAVE = "35261011222333000181550010000000011000000017"


def an_order(*packages: Package, status: str = "handling", items: tuple[OrderItem, ...] = ()) -> MarketplaceOrder:
    return MarketplaceOrder(
        account="loja",
        order_id="v1-01",
        group=None,
        status=status,
        value=Decimal("112.80"),
        created_at=None,
        last_change=None,
        customer=None,
        customer_candidates=(),
        items=items,
        packages=packages,
        draft=None,
        holds=(),
        raw=b"{}",
    )


def decide(order: MarketplaceOrder, value: str = "112.80") -> Push | AlreadyThere | Diverges:
    return decide_push(order, number="7", chave=CHAVE, value=Decimal(value))


def package(number: str = "7", chave: str | None = CHAVE, value: str = "112.80", type: str = "Output") -> Package:
    return Package(type, number, chave, Decimal(value))  # type: ignore[arg-type]


def test_an_order_without_packages_is_pushed() -> None:
    assert decide(an_order()) == Push()


def test_a_package_with_our_chave_is_never_pushed_again() -> None:
    assert decide(an_order(package())) == AlreadyThere(final=False)
    assert decide(an_order(package(number="outro"), status="invoiced")) == AlreadyThere(final=True)


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (an_order(package(chave=None)), "MARKETPLACE-OTHER-INVOICE"),
        (an_order(status="canceled"), "MARKETPLACE-CANCELLED"),
        (an_order(status="replaced"), "MARKETPLACE-CANCELLED"),
        (an_order(package(number="6", chave="x", value="0.01")), "MARKETPLACE-VALUE"),
    ],
)
def test_what_contradicts_the_note_waits_for_a_person(order: MarketplaceOrder, code: str) -> None:
    decision = decide(order)
    assert isinstance(decision, Diverges)
    assert decision.code == code
    assert decision.fix


def test_a_return_does_not_count_as_invoiced() -> None:
    assert decide(an_order(package(number="6", chave="x", type="Input"))) == Push()


def test_one_line_for_each_sku_with_the_unit_price_floored() -> None:
    def row(index: int, sku: str, units: int, gross: str, discount: str) -> OrderItem:
        return OrderItem(
            index, sku, None, None, f"Produto {sku}", units, Decimal(units), "UN", Decimal(gross), Decimal(discount), Decimal(0)
        )

    order = an_order(items=(row(0, "a", 1, "29.90", "0"), row(1, "b", 1, "5.00", "0"), row(2, "a", 2, "29.90", "0.01")))
    assert invoice_lines(order) == (
        InvoiceLine("a", 3, Decimal("19.93"), "Produto a"),
        InvoiceLine("b", 1, Decimal("5.00"), "Produto b"),
    )


def test_an_invoiced_order_only_leaves_by_a_cancelled_note() -> None:
    assert ORDER.events("invoiced") == ("diverge",)
    with pytest.raises(TransitionRefused):
        ORDER.step("invoiced", "push")


def test_every_state_has_a_label() -> None:
    assert set(ORDER.states()) == set(ORDER.labels)
