"""The body of the invoice notification, types letter for letter as the OMS endpoint wants them.

`invoiceValue` is a string of centavos, `items[].price` an integer, unit price. The PII endpoint uses other names and types:
nothing here serves it. Source: Orders API, `POST /api/oms/pvt/orders/{orderId}/invoice`.
"""

from __future__ import annotations

import re
from decimal import ROUND_FLOOR

import msgspec

from gateway.core.errors import Refused
from gateway.workflows.ports import Invoice, InvoiceLine

_NUMBER = re.compile(r"[0-9A-Za-z]{1,60}")


class InvoiceItem(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    price: int
    quantity: int
    description: str


class InvoiceBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Courier and dispatch date are left out: null is refused for the first, and nothing was dispatched yet."""

    type: str
    issuance_date: str
    invoice_number: str
    invoice_value: str
    invoice_key: str
    invoice_url: str | None
    embedded_invoice: str
    tracking_number: str = ""
    tracking_url: str = ""
    items: tuple[InvoiceItem, ...]


def invoice_body(invoice: Invoice) -> InvoiceBody:
    """The body of an Output invoice.

    Raises Refused for what VTEX would accept and never recover from: a number that is not letters and digits (the order's
    tracking breaks for ever), a value that is not positive whole centavos, a date without offset (read as UTC).
    """
    if not _NUMBER.fullmatch(invoice.number):
        raise _refused(f"O número da fatura só pode ter letras e dígitos: {invoice.number[:60]!r}.", "VTEX-INVOICE-NUMBER")
    centavos = invoice.value.scaleb(2)
    if centavos <= 0 or centavos != centavos.to_integral_value():
        raise _refused(f"O valor da fatura precisa ser positivo e ter centavos inteiros: {invoice.value}.", "VTEX-INVOICE-VALUE")
    if invoice.issued_at.tzinfo is None:
        raise _refused("A data de emissão da fatura precisa de fuso horário.", "VTEX-INVOICE-DATE")
    return InvoiceBody(
        type="Output",
        issuance_date=invoice.issued_at.isoformat(timespec="seconds"),
        invoice_number=invoice.number,
        invoice_value=str(int(centavos)),
        invoice_key=invoice.chave,
        invoice_url=invoice.url,
        embedded_invoice=invoice.xml,
        items=tuple(_line(line) for line in _by_sku(invoice.lines)),
    )


def _by_sku(lines: tuple[InvoiceLine, ...]) -> list[InvoiceLine]:
    """One line for each SKU: repeated ones block refunds later."""
    merged: dict[str, InvoiceLine] = {}
    for line in lines:
        before = merged.get(line.sku)
        if before is not None:
            quantity = before.quantity + line.quantity
            worth = before.unit_price * before.quantity + line.unit_price * line.quantity
            line = InvoiceLine(line.sku, quantity, worth / quantity, before.description)  # noqa: PLW2901
        merged[line.sku] = line
    return list(merged.values())


def _line(line: InvoiceLine) -> InvoiceItem:
    centavos = int((line.unit_price.scaleb(2)).to_integral_value(ROUND_FLOOR))
    return InvoiceItem(id=line.sku, price=centavos, quantity=line.quantity, description=line.description)


def _refused(message: str, code: str) -> Refused:
    return Refused(message, code=code, fix="Corrija a nota ou a numeração antes de enviar a fatura.")
