"""A marketplace order on its way to a note and an invoice: the table, and the small decisions around it.

`docs/reference/states.md` draws it. The order's state is ours; the marketplace's own word is kept beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Literal

from gateway.core.machine import Machine, Row
from gateway.core.money import CENT
from gateway.workflows.ports import InvoiceLine, MarketplaceOrder, Package

ORDER = Machine(
    name="marketplace_order",
    version=1,
    initial="received",
    rows=(
        Row("received", "hold", "parked"),
        Row("received", "accept", "issuing", effects=("marketplace.start_handling",)),
        Row("received", "cancel", "cancelled"),
        Row("parked", "hold", "parked"),
        Row("parked", "accept", "issuing", effects=("marketplace.start_handling",)),
        Row("parked", "cancel", "cancelled"),
        Row("issuing", "hold", "parked"),
        Row("issuing", "authorize", "authorized", effects=("marketplace.invoice",)),
        Row("parked", "authorize", "authorized", effects=("marketplace.invoice",)),
        # A note that was on its way when the order was cancelled: authorised all the same, so a person must hear of it.
        Row("cancelled", "authorize", "authorized", effects=("marketplace.invoice",)),
        Row("authorized", "push", "invoicing"),
        Row("authorized", "confirm", "invoiced"),
        Row("authorized", "diverge", "divergent"),
        Row("invoicing", "confirm", "invoiced"),
        Row("invoicing", "diverge", "divergent"),
        # The note was cancelled after the marketplace had it: what it shows is no longer true.
        Row("invoiced", "diverge", "divergent"),
        Row("divergent", "push", "invoicing"),
        Row("divergent", "confirm", "invoiced"),
        Row("divergent", "diverge", "divergent"),
    ),
    labels={
        "received": "Recebido",
        "parked": "Aguardando uma pessoa",
        "issuing": "Emitindo a nota",
        "authorized": "Nota autorizada",
        "invoicing": "Fatura enviada",
        "invoiced": "Faturado",
        "divergent": "Divergente no marketplace",
        "cancelled": "Cancelado",
    },
)

CANCELLED_STATUSES = frozenset(
    {"cancel", "canceled", "cancellation-requested", "request-cancel", "waiting-for-seller-decision", "replaced"}
)
"""VTEX's own words for an order that is being or was cancelled (vtex.md 2.6)."""


@dataclass(frozen=True, slots=True)
class Push:
    """Send the invoice now."""


@dataclass(frozen=True, slots=True)
class AlreadyThere:
    """The marketplace holds our invoice; `final` when it also says the order is invoiced."""

    final: bool


@dataclass(frozen=True, slots=True)
class Diverges:
    """A person decides: what the marketplace holds contradicts the note."""

    code: str
    reason: str
    fix: str


def decide_push(order: MarketplaceOrder, *, number: str, chave: str, value: Decimal) -> Push | AlreadyThere | Diverges:
    """What to do about an invoice, given the order as just read: the idempotent procedure of VTEX's invoice call.

    Never answers `Push` when a package already carries our chave or number, when the order is being cancelled, or when the
    note is worth more than what is left to invoice.
    """
    outputs = [package for package in order.packages if package.type == "Output"]
    for package in outputs:
        if package.chave == chave:
            return AlreadyThere(order.status == "invoiced")
        if package.number == number:
            return Diverges(
                "MARKETPLACE-OTHER-INVOICE",
                f"O pedido já tem a fatura número {number}, mas com outra chave de acesso ({package.chave or 'sem chave'}).",
                "Confira no marketplace qual nota vale para o pedido.",
            )
    if order.status in CANCELLED_STATUSES:
        return Diverges(
            "MARKETPLACE-CANCELLED",
            f"O pedido está em cancelamento no marketplace ({order.status}) e a nota já foi autorizada.",
            "Cancele a nota ou recuse o cancelamento no marketplace.",
        )
    remaining = order.value - _invoiced(outputs)
    if value > remaining:
        return Diverges(
            "MARKETPLACE-VALUE",
            f"A nota vale {value} e o pedido só tem {remaining} a faturar.",
            "Confira as faturas já registradas no pedido.",
        )
    return Push()


def _invoiced(outputs: list[Package]) -> Decimal:
    return sum((package.value for package in outputs), Decimal(0))


def invoice_lines(order: MarketplaceOrder) -> tuple[InvoiceLine, ...]:
    """One line per SKU, quantities added up; the unit price is floored to cents, the residue lives in the invoice's value."""
    totals: dict[str, tuple[int, Decimal, str]] = {}
    for item in order.items:
        quantity, amount, name = totals.get(item.sku, (0, Decimal(0), item.name))
        totals[item.sku] = (quantity + item.units, amount + item.gross - item.discount, name)
    return tuple(
        InvoiceLine(sku, quantity, (amount / quantity).quantize(CENT, ROUND_FLOOR), name)
        for sku, (quantity, amount, name) in totals.items()
    )


Event = Literal["hold", "accept", "cancel", "authorize", "push", "confirm", "diverge"]
