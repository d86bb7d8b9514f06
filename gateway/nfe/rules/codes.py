"""The reform's tables as the rules need them: which groups a CST or a cClassTrib asks for. Data of `schemas/fiscal/reform`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from typing import Any

import msgspec

from gateway.nfe.tables import Row, rows_on

ALWAYS_STANDARD = frozenset({"000", "200", "510", "515", "550"})
"""CST whose rates are the year's own; the uniform and fixed rates of others are not in any table of ours."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A CST or a cClassTrib. groups: of the layout it asks for. reductions: percent (IBS, CBS), of a cClassTrib that has one."""

    code: str
    groups: frozenset[str]
    models: frozenset[str]
    reductions: tuple[Decimal, Decimal]
    since: date
    until: date


def _table(name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = msgspec.json.decode(files("schemas.fiscal.reform").joinpath(name).read_bytes())["rows"]
    return rows


@lru_cache(maxsize=2)
def _kinds(name: str) -> Mapping[str, Kind]:
    found = {}
    for row in _table(name):
        cut = row.get("reduction", {})
        found[row["code"]] = Kind(
            row["code"],
            frozenset(row.get("groups", ())),
            frozenset(row.get("models", ())),
            (Decimal(cut.get("ibs", "0")), Decimal(cut.get("cbs", "0"))),
            date.fromisoformat(row["since"]),
            date.fromisoformat(row.get("until", "9999-12-31")),
        )
    return found


def situation(cst: str) -> Kind | None:
    """A CST of the table, None for one it does not have."""
    return _kinds("cst.json").get(cst)


def classification(code: str) -> Kind | None:
    """A cClassTrib of the table, None for one it does not have: the fisco may have published it since."""
    return _kinds("cclasstrib.json").get(code)


@dataclass(frozen=True, slots=True)
class Credit:
    """A presumed credit (cCredPres): of which taxes."""

    ibs: bool
    cbs: bool


@lru_cache(maxsize=1)
def credits_() -> Mapping[str, Credit]:
    """Every presumed credit by its code."""
    return {row["code"]: Credit(row["ibs"], row["cbs"]) for row in _table("credpres.json")}


@lru_cache(maxsize=64)
def _rates(day: date) -> Row:
    """The newest row that counts on the day; empty before the first."""
    return next(iter(rows_on("reform/rates", "rates", day)), {})


def rate(name: str, day: date | None) -> Decimal | None:
    """The rate of the day (`ibs_uf`, `ibs_mun`, `cbs`), percent; None when it is not written down, which is never zero."""
    told = None if day is None else _rates(day).get(name)
    return None if told is None else Decimal(told)
