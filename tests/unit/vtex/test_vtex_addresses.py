"""The note's address: billing when complete, else delivery, never the store's counter, always a municipality of IBGE."""

from __future__ import annotations

from typing import Any

import pytest
from vtex_order_files import codes, load, read

from gateway.nfe.address import Address
from gateway.workflows.ports import MarketplaceOrder


def _delivered(**address: Any) -> dict[str, Any]:
    order = load("kit")
    order["shippingData"]["address"].update(address)
    order["shippingData"]["selectedAddresses"] = []
    return order


def _address(order: MarketplaceOrder) -> Address:
    assert order.customer is not None and order.customer.address is not None
    return order.customer.address


def test_delivery_address() -> None:
    assert _address(read("kit")) == Address(
        street="Avenida Paulista",
        number="1000",
        complement="ap 12",
        district="Bela Vista",
        city="São Paulo",
        uf="SP",
        postal_code="01310100",
        city_code="3550308",
    )


def test_a_complete_billing_address_wins_and_an_incomplete_one_does_not() -> None:
    order = load("kit")
    order["invoiceData"] = {"address": {**order["shippingData"]["address"], "street": "Rua da Cobrança", "country": None}}
    assert _address(read(order)).street == "Rua da Cobrança"
    order["invoiceData"]["address"]["postalCode"] = None
    assert _address(read(order)).street == "Avenida Paulista"
    order["invoiceData"]["address"] = {"postalCode": "01310-100"}
    assert _address(read(order)).street == "Avenida Paulista"


def test_the_stores_address_is_not_the_buyers() -> None:
    order = load("pickup_with_billing_address")
    home = order["invoiceData"]["address"]
    order["invoiceData"] = None
    assert codes(read(order)) == ["VTEX-ADDRESS"]
    order["shippingData"]["availableAddresses"] = [home]
    assert _address(read(order)).street == "Avenida Paulista"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"number": None}, ("number", "SN")),
        ({"number": " "}, ("number", "SN")),
        ({"neighborhood": None}, ("district", "Não informado")),
        ({"city": "SAO PAULO", "state": "são paulo"}, ("city", "São Paulo")),
        ({"city": "embu", "state": "SP"}, ("city_code", "3515004")),
        ({"street": "Rua – “A”" + "x" * 300}, ("street", ('Rua - "A"' + "x" * 300)[:255])),
        ({"postalCode": "01310 100"}, ("postal_code", "01310100")),
    ],
)
def test_read_with_tolerance(change: dict[str, Any], expected: tuple[str, str]) -> None:
    order = read(_delivered(**change))
    assert codes(order) == []
    assert getattr(_address(order), expected[0]) == expected[1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"city": "Cidade Que Não Há"}, "não existe em SP"),
        ({"state": "XX"}, "não existe em XX"),
        ({"street": None, "postalCode": "123"}, "falta rua, CEP"),
        ({"country": "ARG"}, "fora do Brasil"),
    ],
)
def test_what_cannot_be_used_waits_with_the_reason(change: dict[str, Any], words: str) -> None:
    order = read(_delivered(**change))
    assert [(hold.code, hold.by_itself) for hold in order.holds] == [("VTEX-ADDRESS", False)]
    assert words in order.holds[0].message
    assert order.holds[0].fix
    assert order.customer is not None and order.customer.address is None


def test_no_address_at_all() -> None:
    order = read(load("kit") | {"shippingData": None})
    assert codes(order) == ["VTEX-ADDRESS"]


def test_a_masked_address_looks_again_by_itself() -> None:
    order = read(_delivered(street="A***"))
    assert [(hold.code, hold.by_itself) for hold in order.holds] == [("VTEX-MASKED", True)]
