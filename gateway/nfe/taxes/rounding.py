"""Shares of a base in cents. Legacy taxes round half up, IBS and CBS half even (the calculator of the Receita Federal).

Either is inside the tolerance of one cent of the rules.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

from gateway.core.money import CENT

HUNDRED = Decimal("100.00")


def share(base: Decimal, part: Decimal) -> Decimal:
    """`part` (a fraction) of `base`, in cents, half up."""
    return (base * part).quantize(CENT, ROUND_HALF_UP)


def share_even(base: Decimal, part: Decimal) -> Decimal:
    """`part` (a fraction) of `base`, in cents, half even."""
    return (base * part).quantize(CENT, ROUND_HALF_EVEN)
