"""Each synthetic order, with the trap it carries, becomes the draft it should to the centavo."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from vtex_order_files import ACCOUNT, BRANCH, FOLDER, codes, load, paid, read, worth

from gateway.core.errors import ProtocolBroken
from gateway.nfe.sale import Intermediary
from gateway.vtex.translate import translate
from gateway.workflows.order_policy import OrderPolicy

BILLABLE: dict[str, tuple[str, list[tuple[str, str, str, str, str]], list[tuple[str, str]]]] = {
    # name: (value, rows of (sku, quantity, gross, discount, freight), payments of (method, amount))
    "group_payment_first_seller": ("54.58", [("1", "1", "69.99", "17.50", "2.09")], [("pix", "54.58")]),
    "group_payment_second_seller": (
        "62.08",
        [("2", "1", "79.99", "20.00", "2.09")],
        [("cartao_credito", "40.94"), ("vale_presente", "21.14")],
    ),
    "card_installments": ("112.80", [("3", "1", "99.90", "0", "12.90")], [("cartao_credito", "112.80")]),
    "company_with_contact_cpf": ("999.00", [("4", "10", "999.00", "0", "0")], [("boleto", "999.00")]),
    "same_sku_two_rows": (
        "51.85",
        [("6", "1", "29.90", "0", "7.00"), ("6", "1", "29.90", "14.95", "0")],
        [("pix", "51.85")],
    ),
    "gift_card_only": ("50.00", [("7", "1", "50.00", "0", "0")], [("vale_presente", "50.00")]),
    "pickup_with_billing_address": ("99.90", [("8", "1", "99.90", "0", "0")], [("pix", "99.90")]),
    "kit": ("159.80", [("900", "1", "159.90", "10.00", "9.90")], [("pix", "159.80")]),
    "service_on_a_row": ("40.98", [("10", "2", "35.98", "0", "5.00")], [("pix", "40.98")]),
    "split_order_no_payment": ("112.80", [("11", "1", "99.90", "0", "12.90")], [("outros", "112.80")]),
    "card_with_interest": ("1000.00", [("12", "1", "1000.00", "0", "0")], [("cartao_credito", "1000.00")]),
    "sold_by_measure": ("1.79", [("14", "0.9", "1.79", "0", "0")], [("pix", "1.79")]),
    "order_level_discount_and_tax": (
        "23.01",
        [("15", "1", "10.00", "3.34", "1.00"), ("16", "1", "10.00", "3.33", "1.00"), ("17", "1", "10.00", "3.33", "1.01")],
        [("pix", "23.01")],
    ),
    "free_freight_inside_discounts": ("50.00", [("21", "1", "50.00", "0", "0")], [("pix", "50.00")]),
    "rounded_selling_price_only": ("47.99", [("22", "3", "51.00", "3.01", "0")], [("pix", "47.99")]),
    "gift_and_remainder": (
        "15.00",
        [("23", "1", "10.00", "0", "5.00"), ("24", "1", "19.90", "19.90", "0")],
        [("crediario", "10.00"), ("cartao_debito", "4.00"), ("outros", "1.00")],
    ),
}
PARKED = {
    "both_documents_not_corporate": ["VTEX-BOTH-DOCUMENTS"],
    "changed_after_purchase": ["VTEX-CHANGED"],
    "external_marketplace": ["VTEX-INTERMEDIARY"],
    "masked": ["VTEX-MASKED"],
}


def test_every_file_is_expected() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.json")) == sorted([*BILLABLE, *PARKED])


@pytest.mark.req("LX-51")
@pytest.mark.parametrize("name", BILLABLE)
def test_billable(name: str) -> None:
    value, rows, payments = BILLABLE[name]
    order = read(name)
    assert codes(order) == []
    assert order.value == Decimal(value)
    draft = order.draft
    assert draft is not None
    found = [(i.sku, i.quantity, i.total, i.discount, i.freight) for i in draft.items]
    assert found == [(sku, Decimal(q), Decimal(g), Decimal(d), Decimal(f)) for sku, q, g, d, f in rows]
    assert [(p.method, p.amount) for p in draft.payments] == [(method, Decimal(amount)) for method, amount in payments]
    assert worth(draft) == order.value == paid(draft)
    assert draft.freight.amount == sum(Decimal(row[4]) for row in rows)
    assert (draft.ref, draft.branch, draft.order_number) == (f"vtex:{ACCOUNT}:{order.order_id}", BRANCH, order.order_id)
    assert draft.presence == "internet"
    assert draft.customer == order.customer is not None
    assert [(i.sku, i.gross, i.discount, i.freight) for i in order.items] == [
        (i.sku, i.total, i.discount, i.freight) for i in draft.items
    ]


@pytest.mark.parametrize("name", PARKED)
def test_parked(name: str) -> None:
    assert codes(read(name)) == PARKED[name]


def test_what_an_order_is() -> None:
    order = read("card_installments")
    assert (order.account, order.order_id, order.group, order.status) == (
        "lojateste",
        "v900003tst-01",
        "v900003tst",
        "ready-for-handling",
    )
    assert order.created_at == datetime(2026, 10, 9, 19, 25, 26, 583864, UTC)
    assert order.last_change == datetime(2026, 10, 9, 19, 26, 29, 611931, UTC)
    item = order.items[0]
    assert (item.row, item.sku, item.reference, item.gtin, item.name, item.unit) == (
        0,
        "3",
        "ERP-3",
        "7891000000003",
        "Produto 3",
        "UN",
    )
    assert order.raw == translate(order.raw, account=ACCOUNT, branch=BRANCH, policy=OrderPolicy()).raw


def test_pickup_uses_the_billing_address_and_nobody_carries() -> None:
    draft = read("pickup_with_billing_address").draft
    assert draft is not None and draft.customer is not None and draft.customer.address is not None
    address = draft.customer.address
    assert (address.city, address.uf, address.city_code, address.number) == ("São Paulo", "SP", "3550308", "SN")
    assert draft.freight.mode == "sem_frete"
    assert read("kit").draft is not None
    assert read("kit").draft.freight.mode == "emitente"  # type: ignore[union-attr]


def test_a_service_is_told_on_its_row_or_asked_about() -> None:
    draft = read("service_on_a_row").draft
    assert draft is not None
    assert draft.items[0].note == "Inclui: Gravação"
    assert codes(read("service_on_a_row", services="ask")) == ["VTEX-SERVICE"]


def test_an_external_marketplace_with_known_cnpj_is_named() -> None:
    known = Intermediary(cnpj="11222333000181", account="loja-123")
    order = read("external_marketplace", intermediaries={"MKT": known})
    assert codes(order) == []
    draft = order.draft
    assert draft is not None
    assert draft.intermediary == known
    assert draft.other == Decimal("2.50")
    assert worth(draft) == paid(draft) == Decimal("52.50")
    own = read("external_marketplace", unknown_affiliate="own_store")
    assert codes(own) == []
    assert own.draft is not None and own.draft.intermediary is None


def test_a_value_that_is_not_the_sum_waits_with_both_numbers() -> None:
    changed = load("kit") | {"value": 15981}
    order = read(changed)
    assert codes(order) == ["VTEX-VALUE-MISMATCH"]
    assert "R$ 159,81" in order.holds[0].message and "R$ 159,80" in order.holds[0].message
    assert order.draft is None


def test_rows_that_do_not_explain_the_value_wait() -> None:
    changed = load("kit")
    changed["items"][0]["priceDefinition"]["total"] = 14000
    changed["totals"][1]["value"] = 0
    changed["value"] = 16980
    assert codes(read(changed)) == ["VTEX-AMOUNTS"]


def test_a_cent_of_rounding_goes_into_the_rows() -> None:
    changed = load("card_installments")
    changed["items"][0]["priceDefinition"]["total"] = 9989
    changed["items"][0]["price"] = 9989
    order = read(changed)
    assert codes(order) == []
    assert order.draft is not None and order.draft.items[0].total == Decimal("99.90")
    assert order.draft.other == 0


@pytest.mark.parametrize("value", [0, -100])
def test_nothing_to_bill(value: int) -> None:
    changed = load("gift_card_only")
    changed["value"] = changed["totals"][0]["value"] = value
    order = read(changed)
    assert codes(order) == ["VTEX-AMOUNTS"]
    assert order.draft is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("value", 10.5),
        ("value", "abc"),
        ("value", 1e30),
        ("items", {}),
        ("totals", [{"id": "Items", "value": True}]),
        ("orderId", None),
    ],
)
def test_a_body_that_is_not_an_order_is_refused(field: str, value: object) -> None:
    with pytest.raises(ProtocolBroken) as caught:
        read(load("kit") | {field: value})
    assert caught.value.code == "VTEX-BODY"


@pytest.mark.parametrize("raw", [b"", b"<html>", b"[]", b"null", b"[" * 5000, b'{"value": NaN}', b"\xff"])
def test_garbage_is_refused(raw: bytes) -> None:
    with pytest.raises(ProtocolBroken) as caught:
        translate(raw, account=ACCOUNT, branch=BRANCH, policy=OrderPolicy())
    assert caught.value.code == "VTEX-BODY"


def test_numbers_written_as_decimals_and_ids_as_numbers_are_read() -> None:
    changed = load("kit")
    changed["value"] = 15980.0
    changed["items"][0]["id"] = 900
    changed["totals"][0]["value"] = "15990"
    order = read(changed)
    assert codes(order) == []
    assert order.items[0].sku == "900"
