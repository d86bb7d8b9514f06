"""Amounts, quantities, dates and registrations as Brazilians read them. Plain ASCII blanks: a thermal printer has no U+00A0."""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from gateway.core.money import to_cents

_SWAP = str.maketrans(",.", ".,")


def money(value: Decimal) -> str:
    """`1.234,56`; half up to cents; `-1.234,56` when negative."""
    return f"{to_cents(value):,.2f}".translate(_SWAP)


def reais(value: Decimal) -> str:
    """`R$ 1.234,56`; `-R$ 1.234,56` when negative."""
    text = money(value)
    return f"-R$ {text[1:]}" if text.startswith("-") else f"R$ {text}"


def quantity(value: Decimal) -> str:
    """Up to four decimals (TDec_1104v), none that is a trailing zero: `2`, `0,655`."""
    return _trimmed(value, decimals=4, least=0)


def unit_price(value: Decimal) -> str:
    """Two to ten decimals (TDec_1110v), trailing zeros cut: `49,90`, `3,3333333333`."""
    return _trimmed(value, decimals=10, least=2)


def _trimmed(value: Decimal, *, decimals: int, least: int) -> str:
    exact = value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    whole, _, fraction = f"{exact:,f}".partition(".")
    fraction = fraction.rstrip("0").ljust(least, "0")
    return whole.replace(",", ".") + (f",{fraction}" if fraction else "")


def day(value: date) -> str:
    """`22/11/2026`."""
    return f"{value:%d/%m/%Y}"


def moment(value: datetime) -> str:
    """`22/11/2026 10:30:00`, in the offset of the value."""
    return f"{value:%d/%m/%Y %H:%M:%S}"


def tax_id(text: str) -> str:
    """A CNPJ (letters too) or CPF with its punctuation, by length; anything else as it came. Check digits are not verified."""
    if len(text) == 14:
        return f"{text[:2]}.{text[2:5]}.{text[5:8]}/{text[8:12]}-{text[12:]}"
    if len(text) == 11:
        return f"{text[:3]}.{text[3:6]}.{text[6:9]}-{text[9:]}"
    return text


def postal_code(text: str) -> str:
    """`01001-000`."""
    return f"{text[:5]}-{text[5:]}" if len(text) == 8 else text


def phone(text: str) -> str:
    """`(11) 3333-4444` or `(11) 93333-4444`; other lengths as they came."""
    if text.isdigit() and len(text) in {10, 11}:
        return f"({text[:2]}) {text[2:-4]}-{text[-4:]}"
    return text


def chave_blocks(chave: str) -> tuple[str, ...]:
    """The key in eleven blocks of four."""
    return tuple(chave[i : i + 4] for i in range(0, len(chave), 4))
