"""A part of an item's amounts, such that the parts of several documents add up to the whole to the cent. Pure.

Each field is taken up to a point: what the parts until this one should come to, less what they already took. The part that
completes the item takes all that is left. Values that follow from a base and a rate are worked out on the base taken so far, so
that base x rate stays within the cent that the authoriser tolerates (528, 860, 1041, 1069).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar

import msgspec

from gateway.core.money import CENT, ZERO
from gateway.nfe.layout.fields import Group, Places
from gateway.nfe.layout.item import Det
from gateway.nfe.xml_writer import Kind, kinds

G = TypeVar("G", bound=Group)
_TAXED = ("imposto", "impostoDevol")
_OF_PRODUCT = ("vProd", "vFrete", "vSeg", "vDesc", "vOutro", "qTrib")
_PLACES = Places(2, 2)


@dataclass(frozen=True, slots=True)
class Step:
    """A part taken before: its size (of the item's whole) and its item as signed, None while it has no bytes yet."""

    part: Fraction
    det: Det | None = None


def part_of(whole: Det, steps: Sequence[Step], part: Fraction, quantity: Decimal) -> Det:
    """The next `part` of `whole`, after `steps`, in order. `quantity` is its qCom.

    Rates and codes stay as they are; `whole` has the very shape of what is written. Parts may pass one: a correction is no
    share.
    """
    before = sum((step.part for step in steps), Fraction(0))
    taken = [(step.part, amounts(step.det) if step.det is not None else None) for step in steps]
    cut = _Cut(taken, before, before + part)
    prod = whole.prod
    base = {"qCom": prod.qCom, "vUnCom": prod.vUnCom, "vProd": prod.vProd}
    changes: dict[str, Any] = {"qCom": quantity}
    for name in _OF_PRODUCT:
        value = getattr(prod, name)
        if value is None:
            continue
        if name == "qTrib":
            changes[name] = quantity if (prod.uTrib, value) == (prod.uCom, prod.qCom) else cut.take("prod.qTrib", value, places=4)
        else:
            changes[name] = cut.take(f"prod.{name}", value, follows=_unit(base) if name == "vProd" else None)
    fields: dict[str, Any] = {"prod": msgspec.structs.replace(prod, **changes)}
    for name in _TAXED:
        group = getattr(whole, name)
        if group is not None:
            fields[name] = _group(group, name, cut, None)
    return msgspec.structs.replace(whole, **fields)


def _unit(prod: Mapping[str, Decimal]) -> Follows | None:
    """vProd as quantity x unit price, when it is."""
    return (
        Follows(prod["qCom"], prod["vUnCom"], None)
        if cents(Fraction(prod["qCom"]) * Fraction(prod["vUnCom"])) == prod["vProd"]
        else None
    )


@dataclass(frozen=True, slots=True)
class Follows:
    """A value that is `base` x `factor`; `places` of the base as it is written, None when it is exact."""

    base: Decimal
    factor: Decimal
    places: int | None = 2


class _Cut:
    """What is taken of each field between two points of the whole."""

    def __init__(self, taken: Sequence[tuple[Fraction, Mapping[str, Decimal] | None]], before: Fraction, after: Fraction) -> None:
        self._taken = taken
        self._before = before
        self._after = after

    def take(self, path: str, whole: Decimal, *, places: int = 2, follows: Follows | None = None) -> Decimal:
        """The share of the field at `path`, whose whole amount is `whole`."""

        def until(point: Fraction) -> Decimal:
            if point == 1:
                return whole
            if follows is None:
                return cents(Fraction(whole) * point, places)
            base = Fraction(follows.base) * point
            if follows.places is not None:
                base = Fraction(cents(base, follows.places))
            return cents(base * Fraction(follows.factor), places)

        point, sum_ = Fraction(0), ZERO
        for part, amounts_ in self._taken:
            ideal = until(point + part) - until(point)
            # A part that says nothing of the field (another operation, or no bytes yet) counts as what it should have taken.
            sum_ += until(point + part) - sum_ if amounts_ is None else amounts_.get(path, ideal)
            point += part
        share = until(self._after) - sum_
        return max(share, ZERO).quantize(Decimal(1).scaleb(-places))


def cents(value: Fraction, places: int = 2) -> Decimal:
    """`value`, not negative, rounded half up to `places` decimals; exact arithmetic all the way."""
    scaled = value * 10**places
    return Decimal((scaled.numerator * 2 + scaled.denominator) // (2 * scaled.denominator)).scaleb(-places)


def _measure(name: str, kind: Kind) -> int | None:
    """Decimals of a field that is shared out: an amount (v..., in cents) or a quantity (q...); None for rates and the rest."""
    if kind.places is None:
        return None
    if name.startswith("v") and (kind.places.least, kind.places.most) == (_PLACES.least, _PLACES.most):
        return 2
    return 4 if name.startswith("q") else None


def _group(group: G, path: str, cut: _Cut, base: Decimal | None) -> G:
    changes: dict[str, Any] = {}
    own = getattr(group, "vBC", None)
    base = base if own is None else own
    for name, kind in kinds(type(group)).items():
        value = getattr(group, name)
        if isinstance(value, Group):
            changes[name] = _group(value, f"{path}.{name}", cut, base)
        elif value is not None and (places := _measure(name, kind)) is not None:
            changes[name] = cut.take(f"{path}.{name}", value, places=places, follows=_follows(group, name, value, base))
    cut_group = msgspec.structs.replace(group, **changes)
    return _added_up(cut_group)


def _follows(group: Group, name: str, value: Decimal, base: Decimal | None) -> Follows | None:
    """Base and rate of a value, when base x rate is the value within a cent."""
    tax = name[1:]
    rate = getattr(group, f"p{tax}", None)
    reduced = getattr(group, "gRed", None)
    if reduced is not None:
        rate = reduced.pAliqEfet
    if name == "vICMSUFDest":
        base = getattr(group, "vBCUFDest", None)
        rate = getattr(group, "pICMSUFDest", ZERO) - Decimal(getattr(group, "pICMSInter", "0"))
    base = getattr(group, f"vBC{tax}", None) or base
    if rate is None or base is None or name.startswith("vBC"):
        return None
    factor = Decimal(rate).scaleb(-2)
    return Follows(base, factor) if abs(base * factor - value) <= CENT else None


def _added_up(group: G) -> G:
    """Sums that a group tells of its own parts: vIBS of the shares of state and municipality (1150)."""
    state, city = getattr(group, "gIBSUF", None), getattr(group, "gIBSMun", None)
    if state is None or city is None:
        return group
    return msgspec.structs.replace(group, vIBS=state.vIBSUF + city.vIBSMun)


def amounts(det: Det) -> dict[str, Decimal]:
    """Every shared field of an item, by path."""
    prod = {f"prod.{name}": value for name in _OF_PRODUCT if (value := getattr(det.prod, name)) is not None}
    taxes = (pair for name in _TAXED if (group := getattr(det, name)) is not None for pair in _leaves(group, name))
    return prod | dict(taxes)


def _leaves(group: Group, path: str) -> Iterator[tuple[str, Decimal]]:
    for name, kind in kinds(type(group)).items():
        value = getattr(group, name)
        if isinstance(value, Group):
            yield from _leaves(value, f"{path}.{name}")
        elif value is not None and _measure(name, kind) is not None:
            yield f"{path}.{name}", value
