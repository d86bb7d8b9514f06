"""Registering invoices on an order: the rules of `POST /api/oms/pvt/orders/{orderId}/invoice` and what they leave in the
packages.
"""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec

from gateway.sim.vtex.answers import ApiError, bad_request
from gateway.sim.vtex.clock import SimClock, read_stamp, stamp
from gateway.sim.vtex.handling import add_interaction, receipt
from gateway.sim.vtex.journal import Journal
from gateway.sim.vtex.orders import CANCELLATION_REQUESTS, Order, OrderBook

DATE_AND_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?")
# Letters, digits and the dash of the official example; anything else is a published trap.
SAFE_NUMBER = re.compile(r"[0-9A-Za-z-]+")
TAKES_OUTPUT = frozenset(
    {"ready-for-handling", "start-handling", "handling", "waiting-for-fulfillment", "ready-for-invoicing", "invoice"}
)
# The order takes the package and its status stays where it is: what integrators report of invoices sent at the wrong moment.
TAKES_OUTPUT_WITHOUT_MOVING = CANCELLATION_REQUESTS | {"payment-approved"}


class InvoiceItem(msgspec.Struct, kw_only=True):
    """One line: `price` is the unit price in cents, `id` the SKU."""

    id: str
    price: int
    quantity: int
    description: str | None = None


class InvoiceRequest(msgspec.Struct, kw_only=True):
    """Body of the invoice endpoint, with the specification's types; fields it does not know are tolerated."""

    type: Literal["Output", "Input"]
    issuanceDate: str
    invoiceNumber: str | None
    invoiceValue: str | int
    items: list[InvoiceItem]
    invoiceKey: str | None = None
    invoiceUrl: str | None = None
    embeddedInvoice: str | None = None
    courier: str = ""
    trackingNumber: str | None = None
    trackingUrl: str | None = None
    dispatchedDate: str | None = None


class Invoices:
    """Packages of all orders, and a ledger of every invoice that was taken, in order."""

    def __init__(self, book: OrderBook, clock: SimClock, journal: Journal) -> None:
        self.taken: list[dict[str, Any]] = []
        self._book = book
        self._clock = clock
        self._journal = journal

    def restore(self, state: dict[tuple[str, str], Any]) -> None:
        """Takes back the ledger."""
        self.taken = [value for (kind, _), value in state.items() if kind == "invoice"]

    def clear(self) -> None:
        """Empties the ledger."""
        for number in range(len(self.taken)):
            self._journal.put("invoice", str(number), None)
        self.taken.clear()

    def push(self, order: Order, request: InvoiceRequest) -> dict[str, Any]:
        """Registers an invoice and returns the receipt body. Raises ApiError 400 (nothing changed), or 500 under
        `invoice_space_500` (stored).
        """
        value = self._check_shape(request)
        if order.status in {"cancel", "canceled", "replaced"}:
            raise bad_request(f"Order is {order.status} and cannot be invoiced", code="OMS020")
        repeated = self._same_number(order, request)
        if repeated is not None and self._book.switches.invoice_repeat != "alter":
            return self._note(order, request, "repeated")
        if request.type == "Output":
            self._output(order, request, value, repeated)
        else:
            self._input(order, request, value, repeated)
        answer = self._note(order, request, "altered" if repeated is not None else "new")
        if self._book.switches.invoice_space_500 and " " in (request.invoiceNumber or ""):
            raise ApiError(500, "An error has occurred.", code="OMS999")
        return answer

    def _check_shape(self, request: InvoiceRequest) -> int:
        if not DATE_AND_TIME.fullmatch(request.issuanceDate):
            raise bad_request("issuanceDate must be a date and time without spaces")
        try:
            read_stamp(request.issuanceDate)
        except ValueError as error:
            raise bad_request("issuanceDate is not a valid date") from error
        if request.invoiceNumber is not None and not request.invoiceNumber.strip():
            raise bad_request("invoiceNumber must not be empty")
        if not request.items:
            raise bad_request("items must not be empty")
        if any(item.quantity < 1 or item.price < 0 for item in request.items):
            raise bad_request("items must have a quantity above 0 and a price of at least 0")
        return self._value_in_cents(request.invoiceValue)

    def _value_in_cents(self, value: str | int) -> int:
        if isinstance(value, int) and not self._book.switches.invoice_value_number:
            raise bad_request("invoiceValue must be a string")
        # isdigit() alone also takes digits of other scripts.
        if isinstance(value, str) and not (value.isascii() and value.isdigit() and len(value) <= 15):
            raise bad_request("invoiceValue must be an amount in cents, digits only")
        if int(value) <= 0:
            raise bad_request("invoiceValue must be greater than 0")
        return int(value)

    def _same_number(self, order: Order, request: InvoiceRequest) -> dict[str, Any] | None:
        if request.invoiceNumber is None:
            return None
        known = next((p for p in order.packages if p["invoiceNumber"] == request.invoiceNumber), None)
        if known is not None and (known["type"] != request.type or self._book.switches.invoice_repeat == "refuse"):
            raise bad_request(f"Invoice number {request.invoiceNumber} already exists in this order", code="OMS021")
        return known

    def _output(self, order: Order, request: InvoiceRequest, value: int, altered: dict[str, Any] | None) -> None:
        if order.status not in TAKES_OUTPUT | TAKES_OUTPUT_WITHOUT_MOVING and not (
            altered is not None and order.status == "invoiced"
        ):
            raise bad_request(f"Order in status '{order.status}' cannot be invoiced", code="OMS020")
        remaining = order.value - order.output_total + (altered["invoiceValue"] if altered is not None else 0)
        if value > remaining and not self._book.switches.invoice_over_value:
            raise bad_request(
                f"Invoice value {value} is greater than the remaining value {remaining} of the order", code="OMS022"
            )
        self._store(order, request, value, altered)
        if request.invoiceNumber is not None and not SAFE_NUMBER.fullmatch(request.invoiceNumber):
            order.stuck = "K 409225, 631970" if " " in request.invoiceNumber else "K 953285"
        self._settle(order)

    def _settle(self, order: Order) -> None:
        if order.status in TAKES_OUTPUT_WITHOUT_MOVING:
            order.stuck = order.stuck or ("settlement failed" if order.status == "payment-approved" else "K 1400005")
        if order.stuck is not None or order.output_total < order.value or order.status in {"invoice", "invoiced"}:
            self._book.save(order)
            return
        switches = self._book.switches
        if switches.invoice_stuck:
            order.stuck = "settlement never finishes"
            self._book.move(order, "invoice")
        else:
            self._book.move(order, "invoice", reads=switches.invoice_reads, seconds=switches.invoice_seconds, then="invoiced")

    def _input(self, order: Order, request: InvoiceRequest, value: int, altered: dict[str, Any] | None) -> None:
        returned = sum(p["invoiceValue"] for p in order.packages if p["type"] == "Input" and p is not altered)
        if returned + value > order.output_total:
            raise bad_request("Input invoice value is greater than the invoiced total", code="OMS023")
        package = self._store(order, request, value, altered)
        # Before the full amount was invoiced the return is stored and, silently, nobody is refunded.
        if order.output_total >= order.value:
            package["restitutions"] = {"Refund": {"value": value, "giftCardData": None, "items": package["items"]}}
            add_interaction(self._book, self._clock, order, "vtex", f"Refund Payment: {value}")
        self._book.save(order)

    def _store(self, order: Order, request: InvoiceRequest, value: int, altered: dict[str, Any] | None) -> dict[str, Any]:
        package: dict[str, Any] = {
            "items": self._items(order, request, value),
            "courier": request.courier or None,
            "invoiceNumber": request.invoiceNumber,
            "invoiceValue": value,
            "invoiceUrl": request.invoiceUrl,
            "issuanceDate": stamp(read_stamp(request.issuanceDate), zone="+00:00"),
            "trackingNumber": request.trackingNumber,
            "invoiceKey": request.invoiceKey,
            "trackingUrl": request.trackingUrl,
            "embeddedInvoice": request.embeddedInvoice,
            "type": request.type,
            "courierStatus": None,
            "cfop": None,
            "restitutions": {},
            "volumes": None,
            "EnableInferItems": False,
        }
        if altered is None:
            order.packages.append(package)
        else:
            order.packages[order.packages.index(altered)] = package
        return package

    @staticmethod
    def _items(order: Order, request: InvoiceRequest, value: int) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = order.body.get("items") or []
        lines = []
        for item in request.items:
            # The first row with the SKU: with the same SKU on several rows the service cannot tell which was meant (K 1008459).
            index = next((i for i, row in enumerate(rows) if row.get("id") == item.id), -1)
            # A whole-order invoice gets its descriptions rewritten (K 1330069); nothing may be recognised by them.
            description = f"{index + 1:03d}" if value >= order.value else item.description
            multiplier = rows[index].get("unitMultiplier", 1.0) if index >= 0 else 1.0
            lines.append(
                {
                    "itemIndex": index,
                    "quantity": item.quantity,
                    "price": item.price,
                    "description": description,
                    "unitMultiplier": multiplier,
                }
            )
        return lines

    def _note(self, order: Order, request: InvoiceRequest, outcome: str) -> dict[str, Any]:
        answer = receipt(self._book, self._clock, order)
        entry = {"account": order.account, "outcome": outcome, **answer, "request": msgspec.to_builtins(request)}
        self._journal.put("invoice", str(len(self.taken)), entry)
        self.taken.append(entry)
        return answer
