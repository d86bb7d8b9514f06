"""The invoice's body: letter for letter, because the neighbouring endpoint has the same names with other types."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import msgspec
import pytest

from gateway.core.errors import Refused
from gateway.vtex.invoice import invoice_body
from gateway.workflows.ports import Invoice, InvoiceLine

CHAVE = "35261011222333000181550010000000011000000017"
INVOICE = Invoice(
    number="123456",
    chave=CHAVE,
    issued_at=datetime(2026, 10, 9, 16, 30, 5, 999999, timezone(timedelta(hours=-3))),
    value=Decimal("112.80"),
    lines=(
        InvoiceLine("100", 2, Decimal("49.95"), "Camiseta P"),
        InvoiceLine("200", 1, Decimal("0.009"), "Brinde"),
    ),
    xml='<nfeProc versao="4.00">ç</nfeProc>',
)


def test_types_and_names() -> None:
    assert json.loads(msgspec.json.encode(invoice_body(INVOICE))) == {
        "type": "Output",
        "issuanceDate": "2026-10-09T16:30:05-03:00",
        "invoiceNumber": "123456",
        "invoiceValue": "11280",
        "invoiceKey": CHAVE,
        "invoiceUrl": None,
        "embeddedInvoice": '<nfeProc versao="4.00">ç</nfeProc>',
        "trackingNumber": "",
        "trackingUrl": "",
        "items": [
            {"id": "100", "price": 4995, "quantity": 2, "description": "Camiseta P"},
            {"id": "200", "price": 0, "quantity": 1, "description": "Brinde"},
        ],
    }


def test_one_line_for_each_sku_with_the_price_floored() -> None:
    lines = (InvoiceLine("1", 1, Decimal("29.90"), "A"), InvoiceLine("1", 2, Decimal("14.95"), "A"))
    (item,) = invoice_body(replace(INVOICE, lines=lines)).items
    assert (item.id, item.quantity, item.price) == ("1", 3, 1993)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"number": "12 3"}, "VTEX-INVOICE-NUMBER"),
        ({"number": "12/3"}, "VTEX-INVOICE-NUMBER"),
        ({"number": "#1"}, "VTEX-INVOICE-NUMBER"),
        ({"number": ""}, "VTEX-INVOICE-NUMBER"),
        ({"number": "1\n"}, "VTEX-INVOICE-NUMBER"),
        ({"value": Decimal(0)}, "VTEX-INVOICE-VALUE"),
        ({"value": Decimal("-1")}, "VTEX-INVOICE-VALUE"),
        ({"value": Decimal("1.005")}, "VTEX-INVOICE-VALUE"),
        ({"issued_at": datetime(2026, 10, 9)}, "VTEX-INVOICE-DATE"),  # noqa: DTZ001  (the fault under test)
    ],
)
def test_what_vtex_never_recovers_from_is_refused_before_it_leaves(change: dict[str, object], code: str) -> None:
    with pytest.raises(Refused) as caught:
        invoice_body(replace(INVOICE, **change))  # type: ignore[arg-type]
    assert caught.value.code == code
