"""Roundings of IBS and CBS: each expression to 8 places, values to 2, percents to 4, always half even (Receita's calculator)."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from gateway.core.money import CENT

HUNDRED = Decimal(100)
_EXPRESSION = Decimal("1E-8")
_PERCENT = Decimal("0.0001")


def money(expression: Decimal) -> Decimal:
    """An exact expression in reais, as a value of the note."""
    return expression.quantize(_EXPRESSION, ROUND_HALF_EVEN).quantize(CENT, ROUND_HALF_EVEN)


def cents(exact: Decimal) -> Decimal:
    """An expression of 8 places at most, as a value of the note."""
    return exact.quantize(CENT, ROUND_HALF_EVEN)


def percent4(expression: Decimal) -> Decimal:
    """An exact percent, as the note tells it."""
    return expression.quantize(_EXPRESSION, ROUND_HALF_EVEN).quantize(_PERCENT, ROUND_HALF_EVEN)


def fraction(percent: Decimal) -> Decimal:
    """0.9 percent is 0.009."""
    return percent.scaleb(-2)
