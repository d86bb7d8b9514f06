"""CST and cClassTrib of IBS and CBS: what each one is, and which groups it demands. Source: IT 2025.002, NT 2025.002-RTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from gateway.core.money import ZERO
from gateway.nfe.reform.dataset import dataset, row_hash

CLASSES = "cclasstrib.json"


@dataclass(frozen=True, slots=True)
class Situation:
    """A CST. `groups`: the tags it demands; what is not there it forbids. gRed and gDif are of each share of gIBSCBS."""

    code: str
    name: str
    groups: frozenset[str]
    since: date
    until: date


@dataclass(frozen=True, slots=True)
class Classification:
    """A cClassTrib. Reductions in percent; `mono`: parts of gIBSCBSMono demanded; `groups` as in Situation; `hash` of its row."""

    code: str
    cst: str
    name: str
    models: frozenset[str]
    groups: frozenset[str]
    mono: frozenset[str]
    red_ibs: Decimal
    red_cbs: Decimal
    since: date
    until: date
    hash: str
    row: Mapping[str, Any]

    def valid(self, day: date) -> bool:
        """Whether it may be written on `day`."""
        return self.since <= day <= self.until


@lru_cache(maxsize=1)
def situations() -> Mapping[str, Situation]:
    """Every CST by its code."""
    return {
        row["code"]: Situation(row["code"], row["name"], frozenset(row["groups"]), *_period(row))
        for row in dataset("cst.json")["rows"]
    }


@lru_cache(maxsize=1)
def classifications() -> Mapping[str, Classification]:
    """Every cClassTrib by its code, also those of other documents (without models)."""
    return {row["code"]: _classification(row) for row in dataset(CLASSES)["rows"]}


def table_version() -> str:
    """Which publication of the table is packaged."""
    return str(dataset(CLASSES)["version"])


def situation(code: str, day: date) -> Situation | None:
    """The CST when it exists on `day`."""
    found = situations().get(code)
    return found if found is not None and found.since <= day <= found.until else None


def classification(code: str, day: date) -> Classification | None:
    """The cClassTrib when it exists on `day`."""
    found = classifications().get(code)
    return found if found is not None and found.valid(day) else None


def _classification(row: Mapping[str, Any]) -> Classification:
    reduction = row.get("reduction", {})
    return Classification(
        code=row["code"],
        cst=row["cst"],
        name=row["name"],
        models=frozenset(row["models"]),
        groups=frozenset(row.get("groups", ())),
        mono=frozenset(row.get("mono", ())),
        red_ibs=Decimal(reduction.get("ibs", ZERO)),
        red_cbs=Decimal(reduction.get("cbs", ZERO)),
        since=date.fromisoformat(row["since"]),
        until=_period(row)[1],
        hash=row_hash(row),
        row=row,
    )


def _period(row: Mapping[str, Any]) -> tuple[date, date]:
    until = row.get("until")
    return date.fromisoformat(row["since"]), date.fromisoformat(until) if until else date.max
