"""CNPJ (numeric and alphanumeric) and CPF as text types that cannot hold a wrong check digit.

Source: NT 2026.004 v1.01 (alphanumeric CNPJ; value of a character = its ASCII code less 48).
"""

from __future__ import annotations

import re

_CNPJ = re.compile(r"[0-9A-Z]{12}[0-9]{2}")
_CPF = re.compile(r"[0-9]{11}")
_PUNCTUATION = re.compile(r"[\s./\-]")


def strip_punctuation(text: str) -> str:
    """Upper case, without blanks, dots, slashes and dashes. Letters stay: they may belong to a CNPJ."""
    return _PUNCTUATION.sub("", text).upper()


def _cnpj_digits(base: str) -> str:
    digits = ""
    for _ in range(2):
        weights = [i % 8 + 2 for i in range(len(base))]
        rest = sum((ord(char) - 48) * weight for char, weight in zip(reversed(base), weights, strict=True)) % 11
        digit = "0" if rest < 2 else str(11 - rest)
        base += digit
        digits += digit
    return digits


def _cpf_digits(base: str) -> str:
    for _ in range(2):
        rest = sum(int(char) * weight for char, weight in zip(reversed(base), range(2, 12), strict=False)) % 11
        base += "0" if rest < 2 else str(11 - rest)
    return base[-2:]


class Cnpj(str):
    """14 characters, check digits right, upper case, no punctuation."""

    __slots__ = ()

    def __new__(cls, text: str) -> Cnpj:
        value = strip_punctuation(text)
        if not _CNPJ.fullmatch(value):
            raise ValueError(f"CNPJ precisa de 12 letras ou dígitos e 2 dígitos verificadores: {text[:24]!r}")
        if len(set(value)) == 1 or _cnpj_digits(value[:12]) != value[12:]:
            raise ValueError(f"dígito verificador do CNPJ não confere: {text[:24]!r}")
        return super().__new__(cls, value)

    @property
    def root(self) -> str:
        """The first 8 characters, shared by head office and branches."""
        return self[:8]

    def formatted(self) -> str:
        """`12.ABC.345/01DE-35`."""
        return f"{self[:2]}.{self[2:5]}.{self[5:8]}/{self[8:12]}-{self[12:]}"


class Cpf(str):
    """11 digits, check digits right, no punctuation."""

    __slots__ = ()

    def __new__(cls, text: str) -> Cpf:
        value = strip_punctuation(text)
        if not _CPF.fullmatch(value):
            raise ValueError(f"CPF precisa de 11 dígitos: {text[:24]!r}")
        if len(set(value)) == 1 or _cpf_digits(value[:9]) != value[9:]:
            raise ValueError(f"dígito verificador do CPF não confere: {text[:24]!r}")
        return super().__new__(cls, value)

    def formatted(self) -> str:
        """`123.456.789-09`."""
        return f"{self[:3]}.{self[3:6]}.{self[6:9]}-{self[9:]}"


def parse_tax_id(text: str) -> Cnpj | Cpf:
    """The one of the two that `text` is, by content and check digits. Raises ValueError."""
    value = strip_punctuation(text)
    return Cpf(value) if len(value) == 11 else Cnpj(value)


def masked(tax_id: str) -> str:
    """For logs and lists: only the middle is shown of a CPF, a CNPJ is public."""
    return f"***.{tax_id[3:6]}.{tax_id[6:9]}-**" if len(tax_id) == 11 else tax_id
