"""The access key of an NF-e or NFC-e: 44 characters that name one document for ever.

Layout: cUF(2) AAMM(4) CNPJ/CPF(14) mod(2) serie(3) nNF(9) tpEmis(1) cNF(8) cDV(1). Source: MOC 7.0 Annex I B03/A03, NT 2026.004.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from operator import mul

_PATTERN = re.compile(r"[0-9]{6}[0-9A-Z]{12}[0-9]{26}")
_SHAPE = "chave de acesso precisa de 44 caracteres no formato do MOC"

FORBIDDEN_CNF = frozenset(
    [str(d) * 8 for d in range(10)]
    + ["12345678", "23456789", "34567890", "45678901", "56789012", "67890123", "78901234", "89012345", "90123456", "01234567"]
)
"""Values of cNF that SEFAZ refuses with 897 (NT 2019.001, rule B03-10)."""


_WEIGHTS = tuple(i % 8 + 2 for i in reversed(range(43)))
_ZEROS = 48 * sum(_WEIGHTS)
_LAST = _WEIGHTS[25:]


def check_digit(first43: str) -> str:
    """cDV of exactly 43 ASCII characters: weights 2 to 9 from the right, value = ASCII less 48, modulo 11; 0 and 1 give 0."""
    return _digit(_weigh(first43, _WEIGHTS))


def _weigh(text: str, weights: tuple[int, ...]) -> int:
    return sum(map(mul, text.encode("ascii"), weights))


def _digit(weighed: int) -> str:
    rest = (weighed - _ZEROS) % 11
    return "0" if rest < 2 else str(11 - rest)


@lru_cache(maxsize=1024)
def _start(cUF: str, year: int, month: int, tax_id: str, mod: str, serie: int) -> tuple[str, int]:
    """The first 25 characters and what they weigh: the same for all notes of a series in a month. Raises ValueError."""
    text = f"{cUF}{year % 100:02d}{month:02d}{tax_id:0>14}{mod}{serie:03d}"
    if len(text) != 25 or not _PATTERN.fullmatch(text.ljust(44, "0")):
        raise ValueError(_SHAPE)
    return text, _weigh(text, _WEIGHTS)


class ChaveAcesso(str):
    """44 characters whose check digit is right."""

    __slots__ = ()

    def __new__(cls, text: str) -> ChaveAcesso:
        if not _PATTERN.fullmatch(text):
            raise ValueError(_SHAPE)
        if check_digit(text[:43]) != text[43]:
            raise ValueError("dígito verificador da chave de acesso não confere")
        return super().__new__(cls, text)

    @classmethod
    def build(
        cls, *, cUF: str, dhEmi: datetime, tax_id: str, mod: str, serie: int, nNF: int, tpEmis: str, cNF: str
    ) -> ChaveAcesso:
        """Compose the key. `dhEmi` gives AAMM in its own offset; `tax_id` is a CNPJ or a CPF without punctuation."""
        start, weighed = _start(cUF, dhEmi.year, dhEmi.month, tax_id, mod, serie)
        end = f"{nNF:09d}{tpEmis}{cNF}"
        if len(end) != 18 or not (end.isascii() and end.isdigit()):
            raise ValueError(_SHAPE)
        # The digit is right by construction: `__new__` would compute it again.
        return super().__new__(cls, f"{start}{end}{_digit(weighed + _weigh(end, _LAST))}")

    @property
    def cUF(self) -> str:
        return self[:2]

    @property
    def tax_id(self) -> str:
        return self[6:20]

    @property
    def mod(self) -> str:
        return self[20:22]

    @property
    def serie(self) -> int:
        return int(self[22:25])

    @property
    def nNF(self) -> int:
        return int(self[25:34])

    @property
    def tpEmis(self) -> str:
        return self[34]

    @property
    def cNF(self) -> str:
        return self[35:43]

    def grouped(self) -> str:
        """Eleven blocks of four, as printed on a DANFE."""
        return " ".join(self[i : i + 4] for i in range(0, 44, 4))


def cnf_allowed(cNF: str, nNF: int) -> bool:
    """Whether SEFAZ accepts this cNF: 8 digits, not in the refused list, not equal to nNF."""
    return len(cNF) == 8 and cNF.isdigit() and cNF not in FORBIDDEN_CNF and int(cNF) != nNF
