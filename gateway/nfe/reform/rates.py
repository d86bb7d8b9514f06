"""Rates of IBS and CBS by day, who writes the groups, and how their values enter the item's value. Unknown is never zero."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from gateway.core.errors import InvariantBroken
from gateway.nfe.reform.dataset import dataset

NAMES = ("ibs_uf", "ibs_mun", "cbs")
"""As the overrides of a branch name them."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Percent, before any reduction; None is a rate that nobody has published."""

    ibs_uf: Decimal | None
    ibs_mun: Decimal | None
    cbs: Decimal | None

    def missing(self) -> tuple[str, ...]:
        """Names of the unknown ones."""
        return tuple(name for name in NAMES if getattr(self, name) is None)

    def known(self) -> tuple[Decimal, Decimal, Decimal]:
        """State, municipality and CBS, when all are known. Raises InvariantBroken otherwise: nobody taxes by an unknown rate."""
        if self.ibs_uf is None or self.ibs_mun is None or self.cbs is None:
            raise InvariantBroken("Alíquota de IBS ou CBS desconhecida usada em um cálculo.")
        return self.ibs_uf, self.ibs_mun, self.cbs


def rates(day: date, overrides: Mapping[str, Decimal]) -> Rates:
    """The rates of `day`: each of the branch's own where it states it, or else of the table."""
    known = _rates(day)
    return Rates(*(overrides.get(name, getattr(known, name)) for name in NAMES))


@lru_cache(maxsize=64)
def _rates(day: date) -> Rates:
    row = _newest("rates", day) or {}
    return Rates(*(Decimal(row[name]) if name in row else None for name in NAMES))


@lru_cache(maxsize=256)
def emitted(crt: str, since: date | None, day: date) -> bool:
    """Whether an issuer of this CRT writes the groups on `day`. `since`: from when the branch does by its own choice."""
    if since is not None and since <= day:
        return True
    return any(crt in row["crt"] for row in _alive("emission", day))


@lru_cache(maxsize=64)
def adds_to_item(day: date) -> bool:
    """Whether IBS, CBS and IS are added to vItem and vNFTot on `day` (VB01-10)."""
    row = _newest("item_value", day)
    return row is not None and row["policy"] == "added"


def selective_due(day: date) -> bool:
    """Whether the selective tax exists on `day`."""
    return bool(_alive("selective", day))


def _alive(kind: str, day: date) -> list[Mapping[str, Any]]:
    return [row for row in dataset("rates.toml")[kind] if row["since"] <= day <= row.get("until", date.max)]


def _newest(kind: str, day: date) -> Mapping[str, Any] | None:
    return max(_alive(kind, day), key=lambda row: row["since"], default=None)
