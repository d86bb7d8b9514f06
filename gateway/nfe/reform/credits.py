"""Codes of presumed credit (cCredPres) and the cClassTrib that each credit or debit note demands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from gateway.nfe.reform.dataset import dataset

CODES = "credpres.json"


@dataclass(frozen=True, slots=True)
class CreditCode:
    """From when each tax has it (None: never), and whether it is taken from vIBS of the item."""

    code: str
    name: str
    ibs: date | None
    cbs: date | None
    deducts: bool


@lru_cache(maxsize=1)
def credit_codes() -> Mapping[str, CreditCode]:
    """Every code by its two digits."""
    return {
        row["code"]: CreditCode(row["code"], row["name"], _day(row, "since_ibs"), _day(row, "since_cbs"), row["deducts"])
        for row in dataset(CODES)["rows"]
    }


def demanded(tpNFDebito: str, tpNFCredito: str) -> str | None:
    """The cClassTrib of a debit or credit note of this kind; None when its kind leaves it open, or it is neither."""
    for table, kind in (("debit", tpNFDebito), ("credit", tpNFCredito)):
        for row in dataset("notes.toml")[table]:
            if row["kind"] == kind:
                return str(row["cclasstrib"])
    return None


@lru_cache(maxsize=1)
def reserved() -> frozenset[str]:
    """cClassTrib that only those notes have (UB14-60)."""
    return frozenset(row["cclasstrib"] for table in ("debit", "credit") for row in dataset("notes.toml")[table])


def _day(row: Mapping[str, str], name: str) -> date | None:
    return date.fromisoformat(row[name]) if name in row else None
