"""Check digits of the state registration (IE), by UF, from the states' published scripts (Sintegra).

Leading zeros that the issuer left out are put back, as SEFAZ does before it counts (MOC 7.0 annex I, note *2).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

_Check = Callable[[list[int]], bool]


def _sum(digits: list[int], weights: str) -> int:
    """Weights in hexadecimal, one a digit: `a` is 10, `b` is 11."""
    return sum(d * int(w, 16) for d, w in zip(digits, weights, strict=True))


def _complement(rest: int, *, eleven: int = 0) -> int:
    digit = 11 - rest
    return eleven if digit == 11 else 0 if digit == 10 else digit


def _mod11(at: int, weights: str) -> _Check:
    """The digit at `at` closes the digits before it modulo 11; 10 and 11 become zero."""
    return lambda d: d[at] == _complement(_sum(d[: len(weights)], weights) % 11)


def _times10(at: int, weights: str) -> _Check:
    return lambda d: d[at] == _sum(d[: len(weights)], weights) * 10 % 11 % 10


def _all(*checks: _Check) -> _Check:
    return lambda d: all(check(d) for check in checks)


def _ap(d: list[int]) -> bool:
    number = int("".join(map(str, d[:8])))
    add, eleven = (5, 0) if number <= 3017000 else (9, 1) if number <= 3019022 else (0, 0)
    return d[8] == _complement((_sum(d[:8], "98765432") + add) % 11, eleven=eleven)


def _ba(d: list[int]) -> bool:
    """The second digit is found first, and enters the first; modulo 10 or 11 by the digit that begins the number."""
    size = len(d)
    modulus = 11 if d[size - 8] in (6, 7, 9) else 10
    weights = "98765432"[9 - size :]

    def closes(digits: list[int], with_weights: str) -> int:
        rest = _sum(digits, with_weights) % modulus
        return 0 if rest == 0 or (modulus == 11 and rest == 1) else modulus - rest

    body = d[: size - 2]
    return d[-1] == closes(body, weights[1:]) and d[-2] == closes([*body, d[-1]], weights)


def _go(d: list[int]) -> bool:
    number, rest = int("".join(map(str, d[:8]))), _sum(d[:8], "98765432") % 11
    if rest == 1 and number == 11094402:
        return d[8] in (0, 1)
    return d[8] == (1 if rest == 1 and 10103105 <= number <= 10119997 else _complement(rest))


def _mg(d: list[int]) -> bool:
    products = "".join(str(digit * int(weight)) for digit, weight in zip(d[:11], "12112121212", strict=True))
    first = -sum(map(int, products)) % 10
    return d[11] == first and d[12] == _complement(_sum(d[:12], "32ba98765432") % 11)


def _ro(d: list[int]) -> bool:
    return d[13] == (11 - _sum(d[:13], "6543298765432") % 11) % 10


def _rr(d: list[int]) -> bool:
    return d[8] == _sum(d[:8], "12345678") % 9


def _sp(d: list[int]) -> bool:
    return d[8] == _sum(d[:8], "1345678a") % 11 % 10 and d[11] == _sum(d[:11], "32a98765432") % 11 % 10


def _to(d: list[int]) -> bool:
    return d[10] == _complement(_sum(d[:2] + d[4:10], "98765432") % 11)


_NINE = _mod11(8, "98765432")
_THIRTEEN = _all(_mod11(11, "43298765432"), _mod11(12, "543298765432"))
_VARIANTS: dict[str, tuple[tuple[int, tuple[str, ...], _Check], ...]] = {
    "AC": ((13, ("01",), _THIRTEEN),),
    "AL": ((9, ("24",), _times10(8, "98765432")),),
    "AM": ((9, ("",), _NINE),),
    "AP": ((9, ("03",), _ap),),
    "BA": ((8, ("",), _ba), (9, ("",), _ba)),
    "CE": ((9, ("",), _NINE),),
    "DF": ((13, ("",), _THIRTEEN),),
    "ES": ((9, ("",), _NINE),),
    "GO": ((9, ("10", "11", "15", "2"), _go),),
    "MA": ((9, ("12",), _NINE),),
    "MG": ((13, ("",), _mg),),
    "MS": ((9, ("28", "50"), _NINE),),
    "MT": ((11, ("",), _mod11(10, "3298765432")),),
    "PA": ((9, ("15", "75", "76", "77", "78", "79"), _NINE),),
    "PB": ((9, ("",), _NINE),),
    "PE": ((9, ("",), _all(_mod11(7, "8765432"), _mod11(8, "98765432"))),),
    "PI": ((9, ("",), _NINE),),
    "PR": ((10, ("",), _all(_mod11(8, "32765432"), _mod11(9, "432765432"))),),
    "RJ": ((8, ("",), _mod11(7, "2765432")),),
    "RN": ((9, ("20",), _times10(8, "98765432")), (10, ("20",), _times10(9, "a98765432"))),
    "RO": ((14, ("",), _ro),),
    "RR": ((9, ("24",), _rr),),
    "RS": ((10, ("",), _mod11(9, "298765432")),),
    "SC": ((9, ("",), _NINE),),
    "SE": ((9, ("",), _NINE),),
    "SP": ((12, ("",), _sp),),
    "TO": ((9, ("29",), _NINE), (11, ("29",), _to)),
}  # fmt: skip


@lru_cache(maxsize=4096)
def valid_ie(ie: str, uf: str) -> bool:
    """Whether size, prefix and check digits are those of the UF. The rural producer's `P...` of SP is taken as it comes."""
    if uf == "SP" and ie.startswith("P"):
        return len(ie) == 13
    if not ie.isascii() or not ie.isdigit() or ie.strip("0") == "":
        return False
    for length, prefixes, check in _VARIANTS.get(uf, ()):
        padded = ie.rjust(length, "0")
        if len(padded) == length and padded.startswith(prefixes) and check([int(char) for char in padded]):
            return True
    return False
