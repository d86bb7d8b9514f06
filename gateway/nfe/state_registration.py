"""Check digits of the state registration (inscrição estadual): 27 states, as the rows of `schemas/fiscal/ie.toml`. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from gateway.nfe.tables import table

_LAST_OF_BAHIA = {"bahia8": 0, "bahia9": 1}
"""Which digit of a registration of Bahia says the modulo, by rule."""
_BY_TEN = frozenset("0123458")


@dataclass(frozen=True, slots=True)
class _Check:
    at: int
    over: tuple[int, ...]
    weights: tuple[int, ...]
    rule: str


@dataclass(frozen=True, slots=True)
class _Format:
    length: int
    first: str
    zeros: bool
    checks: tuple[_Check, ...]


@dataclass(frozen=True, slots=True)
class _Range:
    rule: str
    low: int
    high: int
    add: int
    ten: int
    eleven: int


@lru_cache(maxsize=1)
def _ranges() -> Sequence[_Range]:
    return [_Range(row["rule"], row["from"], row["to"], row["add"], row["ten"], row["eleven"]) for row in table("ie")["range"]]


@lru_cache(maxsize=1)
def _formats() -> Mapping[str, Sequence[_Format]]:
    found: dict[str, list[_Format]] = {}
    for row in table("ie")["format"]:
        checks = tuple(
            _Check(one["at"], tuple(one.get("over", range(one["at"]))), tuple(one["weights"]), one["rule"])
            for one in row["digits"]
        )
        found.setdefault(row["uf"], []).append(_Format(row["length"], row.get("first", ""), row.get("zeros", True), checks))
    return found


def example(uf: str) -> str:
    """A registration of the state with the right check digits, for tests and demonstrations. Raises LookupError."""
    row = next((row for row in table("ie")["format"] if row["uf"] == uf), None)
    if row is None:
        raise LookupError(f"schemas/fiscal/ie.toml não tem a UF {uf}")
    return str(row["example"])


@lru_cache(maxsize=8192)
def valid(registration: str, uf: str) -> bool:
    """Whether `registration` (digits only) passes the check of the state `uf` in any of its formats.

    Zeros on the left may be missing or be too many. A state outside of the table passes everything. Nothing is said of whether
    the registration exists.
    """
    formats = _formats().get(uf)
    if formats is None:
        return True
    significant = registration.lstrip("0")
    if not significant:
        return False
    size = len(significant)
    able = [one for one in formats if size == one.length or (one.zeros and size < one.length)]
    return any(_fits(significant.zfill(one.length), one) for one in able)


def _fits(number: str, form: _Format) -> bool:
    return number.startswith(form.first) and all(int(number[check.at]) == _digit(number, check) for check in form.checks)


def _digit(number: str, check: _Check) -> int:
    """The check digit that belongs at `check.at`."""
    products = [int(number[index]) * weight for index, weight in zip(check.over, check.weights, strict=True)]
    total = sum(products)
    match check.rule:
        case "mod9":
            return total % 9
        case "last":
            return total % 11 % 10
        case "tens":
            return -sum(figure for product in products for figure in divmod(product, 10)) % 10
        case "eleven":
            return (11 - total % 11) % 10
        case "bahia8" | "bahia9" if number[_LAST_OF_BAHIA[check.rule]] in _BY_TEN:
            return -total % 10
        case "amapa" | "goias":
            return _in_range(int(number[: check.at]), total, check.rule)
        case _:
            return -total % 11 % 10


def _in_range(number: int, total: int, rule: str) -> int:
    here = next((one for one in _ranges() if one.rule == rule and one.low <= number <= one.high), _Range(rule, 0, 0, 0, 0, 0))
    digit = 11 - (total + here.add) % 11
    return {10: here.ten, 11: here.eleven}.get(digit, digit)
