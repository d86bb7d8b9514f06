"""What a field of the layout may be; the annotation decides how it is written.

`str` is text, escaped. A `Decimal` carries `Places`, which a `Written` one overrides. `Attribute` makes an XML attribute. A
struct is a nested group, a tuple a repeated one, `| None` an optional one.
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


class Written(Decimal):
    """A number as the document it was read from has it: it is written again with the very same digits.

    Its value is a Decimal like any other; what is computed from it is a plain Decimal, written by the field's `Places`.
    """

    __slots__ = ()


Attr = Annotated[str, Attribute()]
Money = Annotated[Decimal, Places(2, 2)]
"""TDec_1302 and TDec1302RTC: reais, always written with two decimals."""
MoneyOpc = Annotated[Decimal, Places(2, 2, omit_zero=True)]
"""TDec_1302Opc: as Money, but zero is not allowed by the schema: the tag is left out."""
Rate = Annotated[Decimal, Places(2, 4)]
"""TDec_0302a04 and TDec_0302_04RTC: percent."""
RateOpc = Annotated[Decimal, Places(2, 4)]
"""TDec_0302a04Opc: as Rate; the schema refuses `0` but takes `0.00`, which is how zero is written."""
Percent = Annotated[Decimal, Places(2, 2)]
"""TDec_0302Max100: percent with two decimals."""
ShareOpc = Annotated[Decimal, Places(0, 4, omit_zero=True)]
"""TDec_03v00a04Max100Opc: percent above zero."""
Quantity = Annotated[Decimal, Places(0, 4)]
"""TDec_1104v and TDec_1204v."""
QuantityFixed = Annotated[Decimal, Places(4, 4)]
"""TDec_1104, TDec_1204 and TDec1104RTC: always written with four decimals."""
QuantityOpc = Annotated[Decimal, Places(4, 4, omit_zero=True)]
"""TDec_1104OpRTC and TDec_1204temperatura: as QuantityFixed, above zero."""
BatchQuantity = Annotated[Decimal, Places(3, 3)]
"""TDec_0803v."""
UnitPrice = Annotated[Decimal, Places(2, 10)]
"""TDec_1110v; the schema allows none, people expect two."""
Weight = Annotated[Decimal, Places(3, 3)]
"""TDec_1203: kilograms."""


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A group of the layout. Values only, so no reference cycles: the garbage collector need not watch it."""
