"""Numbers of a tax profile that the layout does not hold, each told by its own name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from gateway.nfe.amounts import has_places, percent
from gateway.nfe.product import TaxProfile

_PER_UNIT = frozenset(
    {
        "icms_base_price",
        "price",
        "base",
        "substitute",
        "value",
        "fcp_base",
        "fcp_value",
        "destination_base",
        "destination_value",
        "unit_value",
        "pis_unit",
        "cofins_unit",
    }
)
_MOST = Decimal(10) ** 9
_MVA_MOST = 999


@dataclass(frozen=True, slots=True)
class WrongNumber:
    """`name` is the field's path in the profile (`st[0].mva`); `amount`: it is reais for a unit, and not a percentage."""

    name: str
    value: Decimal
    amount: bool


def wrong_numbers(tax: TaxProfile) -> tuple[WrongNumber, ...]:
    """Every number of the profile that does not fit, in the order of its fields."""
    return tuple(_wrong(tax, ""))


def _wrong(part: msgspec.Struct, prefix: str) -> Iterator[WrongNumber]:
    fuel = prefix == "fuel."
    for name in part.__struct_fields__:
        value = getattr(part, name)
        if isinstance(value, Decimal):
            amount = name in _PER_UNIT or (fuel and name in ("rate", "retained_rate"))
            if amount:
                fits = value.is_finite() and 0 <= value < _MOST and has_places(value, 4)
            else:
                fits = percent(value, _MVA_MOST if name == "mva" else 100)
            if not fits:
                yield WrongNumber(f"{prefix}{name}", value, amount)
        elif isinstance(value, msgspec.Struct):
            yield from _wrong(value, f"{prefix}{name}.")
        elif isinstance(value, tuple):
            for i, row in enumerate(value):
                yield from _wrong(row, f"{prefix}{name}[{i}].")
