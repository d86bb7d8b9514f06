"""Payments add up to the order, whatever VTEX repeats, adds or leaves out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from vtex_order_files import codes, load, paid, read

from gateway.nfe.sale import Card, Payment


def _paid_with(*payments: dict[str, Any], transaction: str = "T1", **order: Any) -> dict[str, Any]:
    changed = load("gift_card_only") | order
    changed["paymentData"]["transactions"] = [{"isActive": True, "transactionId": transaction, "payments": list(payments)}]
    return changed


def _payments(order: dict[str, Any], **policy: Any) -> tuple[Payment, ...]:
    read_order = read(order, **policy)
    assert codes(read_order) == []
    assert read_order.draft is not None
    assert paid(read_order.draft) == read_order.value
    return read_order.draft.payments


@pytest.mark.parametrize(
    ("group", "method"),
    [
        ("creditCard", "cartao_credito"),
        ("creditCardPaymentGroup", "cartao_credito"),
        ("debitCard", "cartao_debito"),
        ("bankInvoice", "boleto"),
        ("instantPayment", "pix"),
        ("giftCard", "vale_presente"),
        ("cash", "dinheiro"),
        ("customPrivate_501", "crediario"),
        ("promissory", "outros"),
        ("PSE", "outros"),
        (None, "outros"),
    ],
)
def test_methods(group: str | None, method: str) -> None:
    (payment,) = _payments(_paid_with({"group": group, "paymentSystemName": "Nome na loja", "value": 5000}))
    assert (payment.method, payment.amount) == (method, Decimal("50.00"))
    assert payment.description == ("Nome na loja" if method == "outros" else "")


@pytest.mark.parametrize(
    ("answers", "authorization"),
    [
        ({"Tid": "T", "authId": "A", "nsu": "N"}, "A"),
        ({"AUTHORIZATIONID": "A2", "nsu": "N"}, "A2"),
        ({"NSU": 123, "tid": "T"}, "123"),
        ({"Tid": "T", "authId": None}, "T"),
        ({"message": {"nested": 1}}, "P"),
        (None, "P"),
    ],
)
def test_authorization_whatever_the_case_of_its_key(answers: dict[str, Any] | None, authorization: str) -> None:
    payment = {"group": "creditCard", "paymentSystemName": "Visa", "value": 5000, "tid": "P", "connectorResponses": answers}
    (made,) = _payments(_paid_with(payment))
    assert made.card == Card(brand="visa", authorization=authorization)


def test_a_known_acquirer_makes_the_card_integrated() -> None:
    payment = {
        "group": "creditCard",
        "paymentSystemName": "American Express",
        "value": 5000,
        "connectorResponses": {"Acquirer": "Rede", "authId": "1"},
    }
    (made,) = _payments(_paid_with(payment), acquirers={"rede": "11.222.333/0001-81"})
    assert made.card == Card(brand="amex", authorization="1", acquirer_cnpj="11222333000181", integrated=True)


def test_only_the_part_without_interest_counts_and_inactive_transactions_do_not() -> None:
    order = _paid_with({"group": "creditCard", "paymentSystemName": "Elo", "value": 5400, "referenceValue": 5000})
    order["paymentData"]["transactions"].append({"isActive": False, "payments": [{"group": "cash", "value": 5000}]})
    assert [(p.method, p.amount) for p in _payments(order)] == [("cartao_credito", Decimal("50.00"))]


def test_interest_that_vtex_does_not_tell_apart_is_taken_off() -> None:
    order = _paid_with({"group": "creditCard", "value": 4000, "referenceValue": 0}, {"group": "giftCard", "value": 4000})
    assert [p.amount for p in _payments(order)] == [Decimal("25.00"), Decimal("25.00")]


def test_a_share_that_rounds_to_nothing_is_left_out() -> None:
    order = _paid_with({"group": "cash", "value": 1}, {"group": "instantPayment", "value": 9_999_999})
    assert [(p.method, p.amount) for p in _payments(order)] == [("pix", Decimal("50.00"))]


def test_the_rest_is_said_to_be_paid_elsewhere() -> None:
    made = _payments(_paid_with({"group": "instantPayment", "value": 4000}))
    assert [(p.method, p.amount, p.description) for p in made] == [
        ("pix", Decimal("40.00"), ""),
        ("outros", Decimal("10.00"), "Restante pago fora deste pedido"),
    ]


def test_a_split_order_names_the_purchase_or_waits() -> None:
    draft = read("split_order_no_payment").draft
    assert draft is not None
    assert draft.payments[0].description == "Pago em outro pedido da compra v900011tst"
    order = read("split_order_no_payment", no_payment="ask")
    assert codes(order) == ["VTEX-PAYMENT"]
    assert order.draft is None


@pytest.mark.parametrize("data", [None, {}, {"transactions": []}, {"transactions": [{"isActive": True, "transactionId": "T"}]}])
def test_no_payment_at_all_waits(data: dict[str, Any] | None) -> None:
    assert codes(read(load("kit") | {"paymentData": data})) == ["VTEX-PAYMENT"]


@pytest.mark.parametrize(
    ("said", "method", "description"),
    [
        ("credit-card", "cartao_credito", ""),
        ("Cartão de Débito", "cartao_debito", ""),
        ("PIX", "pix", ""),
        ("Boleto Bancário", "boleto", ""),
        ("carteira", "outros", "carteira"),
        ("pix | credit", "outros", "pix + credit"),
        (None, "outros", "Pago no marketplace MKT"),
    ],
)
def test_paid_at_an_external_marketplace(said: str | None, method: str, description: str) -> None:
    order = load("external_marketplace")
    order["customData"]["customApps"][0]["fields"] = {"marketplacePaymentMethod": said}
    made = _payments(order, unknown_affiliate="own_store")
    assert [(p.method, p.amount, p.description) for p in made] == [(method, Decimal("52.50"), description)]


def test_an_affiliates_transaction_without_payments() -> None:
    order = load("external_marketplace")
    order["paymentData"]["transactions"][0]["payments"] = []
    made = _payments(order, unknown_affiliate="own_store")
    assert made[0].card == Card(brand="visa", authorization="XYZ", acquirer_cnpj="11222333000181", integrated=True)
