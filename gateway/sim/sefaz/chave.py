"""Access keys and tax ids as the authoriser reads them. Source: MOC 7.0 annex I (A03), NT 2026.004."""

from __future__ import annotations

from dataclasses import dataclass

CUF = {
    "AC": "12", "AL": "27", "AM": "13", "AP": "16", "BA": "29", "CE": "23", "DF": "53", "ES": "32", "GO": "52",
    "MA": "21", "MG": "31", "MS": "50", "MT": "51", "PA": "15", "PB": "25", "PE": "26", "PI": "22", "PR": "41",
    "RJ": "33", "RN": "24", "RO": "11", "RR": "14", "RS": "43", "SC": "42", "SE": "28", "SP": "35", "TO": "17",
}  # fmt: skip
"""IBGE's code of each UF."""

UF_OF = {code: uf for uf, code in CUF.items()}

TRIVIAL_CNF = frozenset(
    [str(d) * 8 for d in range(10)] + ["".join(str((start + i) % 10) for i in range(8)) for start in range(10)]
)
"""cNF that rule B03-10 refuses: one digit repeated, or a run of consecutive digits (NT 2019.001)."""


@dataclass(frozen=True, slots=True)
class Key:
    """The fields inside 44 characters; nothing is checked but the length."""

    text: str

    @property
    def cUF(self) -> str:
        return self.text[:2]

    @property
    def AAMM(self) -> str:
        return self.text[2:6]

    @property
    def tax_id(self) -> str:
        return self.text[6:20]

    @property
    def mod(self) -> str:
        return self.text[20:22]

    @property
    def serie(self) -> int:
        return int(self.text[22:25])

    @property
    def nNF(self) -> int:
        return int(self.text[25:34])

    @property
    def tpEmis(self) -> str:
        return self.text[34]

    @property
    def cNF(self) -> str:
        return self.text[35:43]

    @property
    def natural(self) -> tuple[str, str, str, int, int]:
        """What may be authorised only once: UF, issuer, model, series and number."""
        return self.cUF, self.tax_id, self.mod, self.serie, self.nNF


def key_digit(first43: str) -> str:
    """cDV: modulo 11 with weights 2..9 from the right over ASCII less 48."""
    total = 0
    weight = 2
    for char in reversed(first43):
        total += (ord(char) - 48) * weight
        weight = 2 if weight == 9 else weight + 1
    rest = total % 11
    return "0" if rest in (0, 1) else str(11 - rest)


def valid_cnpj(text: str) -> bool:
    """Both check digits of a numeric or alphanumeric CNPJ; all zeros are refused."""
    if len(text) != 14 or not text.isascii() or not text[12:].isdigit() or text.strip("0") == "":
        return False
    for length in (12, 13):
        weights = [(length - 1 - i) % 8 + 2 for i in range(length)]
        rest = sum((ord(c) - 48) * w for c, w in zip(text[:length], weights, strict=True)) % 11
        if text[length] != ("0" if rest < 2 else str(11 - rest)):
            return False
    return True


def valid_cpf(text: str) -> bool:
    """Both check digits of a CPF; a repeated digit is refused."""
    if len(text) != 11 or not text.isascii() or not text.isdigit() or len(set(text)) == 1:
        return False
    for length in (9, 10):
        rest = sum(int(c) * (length + 1 - i) for i, c in enumerate(text[:length])) * 10 % 11
        if text[length] != str(rest % 10):
            return False
    return True


def valid_gtin(text: str) -> bool:
    """A GTIN of 8, 12, 13 or 14 digits whose last digit closes modulo 10 (weights 3 and 1 from the right)."""
    if len(text) not in (8, 12, 13, 14) or not text.isascii() or not text.isdigit():
        return False
    total = sum(int(c) * (3 if i % 2 == 0 else 1) for i, c in enumerate(reversed(text[:-1])))
    return text[-1] == str(-total % 10)
