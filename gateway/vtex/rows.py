"""The rows of an order in reais: what each is worth before and after its own discounts.

The net amount comes from `priceDefinition.total`: `sellingPrice` is documented to be rounded per unit. Services
(`bundleItems`) are inside VTEX's `Items` total, so they are inside the row here.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from gateway.core.money import ZERO, to_cents
from gateway.vtex.wire import BundleItem, Item, Order, measure, reais, text

_QUANTUM = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class RowAmounts:
    """One row in reais: `gross` before `discount`; `quantity` in the unit of measure; `services` are names billed with it."""

    index: int
    item: Item
    quantity: Decimal
    gross: Decimal
    discount: Decimal
    freight: Decimal = ZERO
    services: tuple[str, ...] = ()

    @property
    def net(self) -> Decimal:
        return self.gross - self.discount


def read_rows(order: Order, items_total: Decimal | None) -> tuple[RowAmounts, ...]:
    """Rows with their services. Whether a service is charged once for the row or once for each unit is not documented: the
    reading that matches VTEX's `Items` total is taken, once for the row when neither does."""
    once = tuple(_row(i, item, per_unit=False) for i, item in enumerate(order.items or ()) if _units(i, item) > 0)
    if any(row.services for row in once) and items_total is not None and sum((r.gross for r in once), ZERO) != items_total:
        each = tuple(_row(i, item, per_unit=True) for i, item in enumerate(order.items or ()) if _units(i, item) > 0)
        if sum((row.gross for row in each), ZERO) == items_total:
            return each
    return once


def _units(i: int, item: Item) -> Decimal:
    return measure(item.quantity, f"$.items[{i}].quantity")


def _row(i: int, item: Item, *, per_unit: bool) -> RowAmounts:
    units = _units(i, item)
    multiplier = f"$.items[{i}].unitMultiplier"
    scale = measure(units * measure(item.unit_multiplier, multiplier), multiplier)
    price = reais(item.price, f"$.items[{i}].price")
    listed = to_cents(price * scale)
    if item.price_definition is not None and item.price_definition.total is not None:
        net = reais(item.price_definition.total, f"$.items[{i}].priceDefinition.total")
    elif item.selling_price is not None:
        net = to_cents(reais(item.selling_price, f"$.items[{i}].sellingPrice") * scale)
    else:
        net = listed
    if listed == 0 and net == 0:  # a gift: the note shows what it is worth, wholly discounted
        listed = to_cents(reais(item.list_price, f"$.items[{i}].listPrice") * scale)
    times = units if per_unit else Decimal(1)
    names: list[str] = []
    for j, service in enumerate(item.bundle_items or ()):
        service_gross, service_net = _service(f"$.items[{i}].bundleItems[{j}]", service)
        listed += to_cents(service_gross * times)
        net += to_cents(service_net * times)
        if service_gross:
            names.append(text(service.name) or f"serviço {text(service.id)}")
    gross = max(listed, net)  # a manual price may be above the shelf's
    return RowAmounts(i, item, _quantity(scale) or units, gross, gross - net, services=tuple(names))


def _quantity(scale: Decimal) -> Decimal:
    """Four decimals, the layout's qCom, without idle zeros."""
    whole = scale.to_integral_value()
    return whole if whole == scale else scale.quantize(_QUANTUM, ROUND_HALF_UP).normalize()


def _service(path: str, service: BundleItem) -> tuple[Decimal, Decimal]:
    times = measure(service.quantity, f"{path}.quantity")
    gross = to_cents(reais(service.price, f"{path}.price") * times)
    if service.price_definition is not None and service.price_definition.total is not None:
        net = reais(service.price_definition.total, f"{path}.priceDefinition.total")
    elif service.selling_price is not None:
        net = to_cents(reais(service.selling_price, f"{path}.sellingPrice") * times)
    else:
        net = gross
    return max(gross, net), net
