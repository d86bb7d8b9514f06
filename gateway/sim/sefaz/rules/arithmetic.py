"""How the manual compares a value with its calculation. Source: MOC 7.0 annex I, note (*4)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from gateway.sim.sefaz.document import Node, amount

CENT = Decimal("0.01")
HUNDRED = Decimal(100)


def differs(value: Decimal, expected: Decimal, tolerance: Decimal = CENT) -> bool:
    """The calculation is rounded to the centavo, then a centavo to either side is tolerated."""
    return abs(value - expected.quantize(CENT, ROUND_HALF_UP)) > tolerance


def percent(element: Node, base: str, rate: str) -> Decimal:
    """`base` x `rate` / 100, both fields of the same group; absent counts as zero."""
    return amount(element, base) * amount(element, rate) / HUNDRED
