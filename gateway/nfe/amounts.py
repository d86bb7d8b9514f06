"""Numbers and texts of a caller, checked into what the layout holds; what is wrong becomes a fault, never an exception."""

from __future__ import annotations

from decimal import Decimal

from gateway.core.money import CENT, MAX_REAIS, NOTHING, ZERO, to_cents
from gateway.core.text import clean_text
from gateway.nfe.findings import Findings

_MAX_QUANTITY = Decimal(10) ** 11
_ONE = Decimal(1)
_PLACES = {2: CENT, 3: Decimal("0.001"), 4: Decimal("0.0001"), 10: Decimal("1E-10")}


def has_places(value: Decimal, places: int) -> bool:
    """Whether a finite `value` of the layout's size is exact in that many decimals."""
    return value.quantize(_PLACES[places]) == value


def reais(value: Decimal, name: str, path: str, findings: Findings) -> Decimal:
    """`value` with two decimals, from 0 to the layout's largest; zero, with a fault, when it is not."""
    if not value:
        return NOTHING
    if value.same_quantum(CENT) and ZERO <= value <= MAX_REAIS:
        return value
    if not value.is_finite() or abs(value) > MAX_REAIS:
        findings.add("NFE-AMOUNT-01", path, name=name, value=value)
    elif value < 0:
        findings.add("NFE-AMOUNT-02", path, name=name, value=value)
    elif not has_places(value, 2):
        findings.add("NFE-AMOUNT-03", path, name=name, value=value, places=2)
    else:
        return to_cents(value)
    return NOTHING


def is_count(value: Decimal) -> bool:
    """Whether `value` is a whole quantity above zero, written as the layout has it."""
    return value.same_quantum(_ONE) and 0 < value < _MAX_QUANTITY


def is_price(value: Decimal) -> bool:
    """Whether `value` is a price of two decimals, from zero on."""
    return value.same_quantum(CENT) and 0 <= value < _MAX_QUANTITY


def quantity(value: Decimal, path: str, findings: Findings) -> Decimal | None:
    """A quantity above zero, up to four decimals, in plain notation without zeros to spare (TDec_1104v)."""
    if is_count(value):
        return value
    if not value.is_finite() or abs(value) >= _MAX_QUANTITY:
        findings.add("NFE-ITEM-01", path, value=value)
    elif value <= 0:
        findings.add("NFE-ITEM-02", path, value=value)
    elif not has_places(value, 4):
        findings.add("NFE-ITEM-03", path, value=value)
    else:
        short = value.normalize()
        return short if short.as_tuple().exponent <= 0 else short.quantize(_ONE)  # type: ignore[operator]
    return None


def unit_price(value: Decimal, path: str, findings: Findings) -> Decimal | None:
    """A price from zero on, up to ten decimals (TDec_1110v)."""
    if is_price(value):
        return value
    if value.is_finite() and 0 <= value < _MAX_QUANTITY and has_places(value, 10):
        return plain(value)
    findings.add("NFE-ITEM-05", path, value=value)
    return None


def plain(price: Decimal) -> Decimal:
    """Without zeros after the second decimal, never in exponent notation."""
    short = price.normalize()
    return short if short.as_tuple().exponent < -2 else price.quantize(CENT)  # type: ignore[operator]


def percent(value: Decimal, limit: int = 100) -> bool:
    """Whether `value` is a percentage the layout holds (TDec_0302a04)."""
    return value.is_finite() and 0 <= value <= limit and has_places(value, 4)


def text(value: str, limit: int, name: str, path: str, findings: Findings, *, least: int = 1) -> str:
    """`value` cleaned and cut for a compulsory field; a fault when less than `least` characters are left."""
    cleaned = clean_text(value, limit)
    if len(cleaned) < least:
        findings.add("NFE-TEXT-01", path, name=name, least=least)
    return cleaned


def optional_text(value: str, limit: int) -> str | None:
    """`value` cleaned and cut, None when nothing is left: the tag is omitted."""
    return (clean_text(value, limit) or None) if value else None


def digits(value: str) -> str:
    """Only the digits 0 to 9 of `value`."""
    return value if value.isdigit() and value.isascii() else "".join(char for char in value if "0" <= char <= "9")
