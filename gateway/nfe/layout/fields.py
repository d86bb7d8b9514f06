"""What a field of the layout may be; the annotation decides how it is written.

`str` is text, escaped. A `Decimal` carries `Places`. `Attribute` makes an XML attribute. A struct is a nested group, a tuple
a repeated one, `| None` an optional one.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

import msgspec


@dataclass(frozen=True, slots=True)
class Places:
    """Decimals a number is written with: at least `least`, at most `most`. `omit_zero` leaves a zero out (types `...Opc`)."""

    least: int
    most: int
    omit_zero: bool = False


@dataclass(frozen=True, slots=True)
class Attribute:
    """The field is an attribute of its group's element."""


Attr = Annotated[str, Attribute()]
Money = Annotated[Decimal, Places(2, 2)]
"""TDec_1302 and TDec1302RTC: reais, always written with two decimals."""
MoneyOpc = Annotated[Decimal, Places(2, 2, omit_zero=True)]
"""TDec_1302Opc: as Money, but zero is not allowed by the schema: the tag is left out."""
Rate = Annotated[Decimal, Places(2, 4)]
"""TDec_0302a04 and TDec_0302_04RTC: percent."""
RateOpc = Annotated[Decimal, Places(2, 4, omit_zero=True)]
"""TDec_0302a04Opc."""
Quantity = Annotated[Decimal, Places(0, 4)]
"""TDec_1104v."""
UnitPrice = Annotated[Decimal, Places(2, 10)]
"""TDec_1110v; the schema allows none, people expect two."""
Weight = Annotated[Decimal, Places(3, 3)]
"""TDec_1203: kilograms."""


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A group of the layout. Values only, so no reference cycles: the garbage collector need not watch it."""
