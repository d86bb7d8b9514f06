"""The synthetic orders of this folder, and small changes over one of them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from gateway.core.money import ZERO
from gateway.nfe.sale import Sale
from gateway.vtex.translate import translate
from gateway.workflows.order_policy import OrderPolicy
from gateway.workflows.ports import MarketplaceOrder

FOLDER = Path(__file__).parent / "orders"
BRANCH = "11222333000181"
ACCOUNT = "lojateste"


def load(name: str) -> dict[str, Any]:
    """The JSON of an order file, to be changed by a test."""
    loaded: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def read(order: dict[str, Any] | str, **policy: Any) -> MarketplaceOrder:
    """Translate a file by name, or a changed order."""
    raw = json.dumps(load(order) if isinstance(order, str) else order).encode()
    return translate(raw, account=ACCOUNT, branch=BRANCH, policy=OrderPolicy(**policy))


def codes(order: MarketplaceOrder) -> list[str]:
    """Codes of the holds, in order."""
    return [hold.code for hold in order.holds]


def worth(sale: Sale | None) -> Decimal:
    """What the draft adds up to: items, freight and other expenses."""
    assert sale is not None
    return sum(((item.total or ZERO) - item.discount + (item.freight or ZERO) for item in sale.items), ZERO) + sale.other


def paid(sale: Sale | None) -> Decimal:
    """What the payments add up to."""
    assert sale is not None
    return sum((payment.amount for payment in sale.payments), ZERO)
