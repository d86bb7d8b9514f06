"""Reais as `Decimal`, never float: what enters, how it rounds, and how a whole is split so that nothing is lost."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from math import lcm

CENT = Decimal("0.01")
ZERO = Decimal(0)
NOTHING = ZERO.quantize(CENT)
"""0.00, one object for all: the writer knows its text."""
MAX_REAIS = Decimal("9999999999999.99")
"""Largest amount the layout holds (TDec_1302)."""


class AmountInvalid(ValueError):
    """Not a finite amount inside the layout's bounds."""


def amount(value: Decimal | int | str) -> Decimal:
    """A finite amount in reais, within TDec_1302's magnitude; refuses NaN, Infinity and 1E+400.

    Raises AmountInvalid. Does not round: see `to_cents`.
    """
    try:
        number = Decimal(value)
    except (InvalidOperation, ValueError, TypeError) as error:
        raise AmountInvalid(f"não é um número: {str(value)[:40]}") from error
    if not number.is_finite():
        raise AmountInvalid("o valor precisa ser um número finito")
    if abs(number) > MAX_REAIS:
        raise AmountInvalid("o valor passa de 13 dígitos inteiros")
    return number


def to_cents(value: Decimal) -> Decimal:
    """Two decimals, half up: the rounding of the legacy taxes and of every amount in the layout."""
    return value.quantize(CENT, ROUND_HALF_UP)


def from_centavos(centavos: int) -> Decimal:
    """Whole centavos (the unit of VTEX) as reais with two decimals."""
    return Decimal(centavos).scaleb(-2)


def split(total: Decimal, weights: Sequence[Decimal]) -> tuple[Decimal, ...]:
    """`total` (cents, not negative) in parts proportional to `weights`, by largest remainder: the parts add up to the whole.

    Weights that are all zero count as equal. Ties go to the earlier part, so the answer is stable.
    """
    if not weights:
        if total:
            raise ValueError("não há itens para receber o rateio")
        return ()
    if total < 0 or any(weight < 0 for weight in weights):
        raise ValueError("rateio de valor negativo")
    units = int(to_cents(total).scaleb(2))
    # Whole numbers all the way: products of two amounts pass the 28 digits of a Decimal, and a rounded share loses a cent.
    ratios = [weight.as_integer_ratio() for weight in weights]
    scale = lcm(*(denominator for _, denominator in ratios))
    whole = [numerator * (scale // denominator) for numerator, denominator in ratios]
    base = sum(whole)
    if base == 0:
        whole = [1] * len(weights)
        base = len(weights)
    parts, rests = map(list, zip(*(divmod(units * weight, base) for weight in whole), strict=True))
    for i in sorted(range(len(parts)), key=lambda i: (-rests[i], i))[: units - sum(parts)]:
        parts[i] += 1
    return tuple(Decimal(part).scaleb(-2) for part in parts)
