"""The dated fiscal tables of `schemas/fiscal`, read once; every question carries the day it is asked for.

A row counts from its `since` on, until its `until` when it has one; the newest that counts wins. Rates are percent.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from typing import Any

Row = Mapping[str, Any]


@lru_cache(maxsize=16)
def table(name: str) -> Row:
    """The whole of `schemas/fiscal/{name}.toml`."""
    document: Row = tomllib.loads(files("schemas.fiscal").joinpath(f"{name}.toml").read_text(encoding="utf-8"))
    return document


def rows_on(name: str, kind: str, day: date) -> list[Row]:
    """Rows of `kind` that count on `day`, newest first; rows of the same day keep the order of the file."""
    alive = [row for row in table(name)[kind] if row["since"] <= day <= row.get("until", date.max)]
    return sorted(alive, key=lambda row: row["since"], reverse=True)


def _newest(name: str, kind: str, day: date, fits: Callable[[Row], bool]) -> Row | None:
    return next((row for row in rows_on(name, kind, day) if fits(row)), None)


@lru_cache(maxsize=512)
def icms_internal(uf: str, day: date) -> Decimal | None:
    """Modal internal rate of the state; None when the table has no row."""
    row = _newest("icms", "internal", day, lambda row: row["uf"] == uf)
    return None if row is None else Decimal(row["rate"])


@lru_cache(maxsize=2048)
def icms_interstate(from_uf: str, to_uf: str, origin: str, day: date) -> Decimal:
    """4, 7 or 12 percent, by the origin of the goods and the pair of states (Resoluções do Senado 22/1989 and 13/2012)."""
    for row in (row for row in table("icms")["interstate"] if row["since"] <= day):
        if "origins" in row and origin not in row["origins"]:
            continue
        if "from" in row and (from_uf not in row["from"] or to_uf not in row["to"]):
            continue
        return Decimal(row["rate"])
    raise LookupError("schemas/fiscal/icms.toml não tem a alíquota interestadual geral")


@lru_cache(maxsize=512)
def fcp(uf: str, day: date) -> Decimal:
    """FCP that the state adds to every product; zero where only some products pay it."""
    row = _newest("icms", "fcp", day, lambda row: row["uf"] == uf)
    return Decimal(0) if row is None else Decimal(row["rate"])


@lru_cache(maxsize=512)
def difal_base(uf: str, day: date) -> str:
    """`unica` or `dupla`: the row of the state, or else the row of all."""
    row = _newest("icms", "difal_base", day, lambda row: row.get("uf") == uf)
    row = row or _newest("icms", "difal_base", day, lambda row: "uf" not in row)
    return "unica" if row is None else str(row["policy"])


@lru_cache(maxsize=256)
def policy(name: str, day: date) -> Decimal:
    """The value of a debated point of the ICMS; 1 is yes and 0 is no. Raises LookupError for a name without a row."""
    row = _newest("icms", "policy", day, lambda row: row["name"] == name)
    if row is None:
        raise LookupError(f"schemas/fiscal/icms.toml não tem a política {name} em {day}")
    return Decimal(row["value"])


@dataclass(frozen=True, slots=True)
class SituationCodes:
    """What a situation becomes; empty when the row says nothing. `group`: `part` or `st`; `kind`: which CFOPs it takes."""

    cst: str
    csosn: str
    csosn_credit: str
    group: str
    kind: str


@lru_cache(maxsize=256)
def situation(name: str, day: date) -> SituationCodes | None:
    """The codes of a product's situation; None before the first row."""
    row = _newest("situations", "situation", day, lambda row: row["name"] == name)
    if row is None:
        return None
    columns = ("csosn", "csosn_credit", "group", "kind")
    return SituationCodes(row["cst"], **{column: row.get(column, "") for column in columns})


@lru_cache(maxsize=64)
def without_st(code: str, day: date) -> str:
    """The CST or CSOSN that stands for one with the issuer's own substitution where nothing is retained; else `code` itself."""
    row = _newest("situations", "without_st", day, lambda _: True)
    return code if row is None else str(row["becomes"].get(code, code))


@dataclass(frozen=True, slots=True)
class PisCofins:
    """Rates of the regime and what leaves the base."""

    pis: Decimal
    cofins: Decimal
    exclude_icms: bool
    exclude_fcp: bool
    exclude_difal: bool


@lru_cache(maxsize=64)
def pis_cofins(regime: str, day: date) -> PisCofins:
    """What `cumulativo` or `nao_cumulativo` pays on `day`. Raises LookupError when the tables do not reach that far back."""
    rates = _newest("pis_cofins", "rates", day, lambda row: row["regime"] == regime)
    base = _newest("pis_cofins", "base", day, lambda _: True)
    if rates is None or base is None:
        raise LookupError(f"schemas/fiscal/pis_cofins.toml não tem linha de {regime} em {day}")
    return PisCofins(
        Decimal(rates["pis"]), Decimal(rates["cofins"]), base["exclude_icms"], base["exclude_fcp"], base["exclude_difal"]
    )


@lru_cache(maxsize=64)
def simples_cst(crt: str, day: date) -> str | None:
    """CST of PIS and COFINS of who pays them inside the DAS; None for the regimes that pay them apart."""
    row = _newest("pis_cofins", "simples", day, lambda row: crt in row["crt"])
    return None if row is None else str(row["cst"])


@dataclass(frozen=True, slots=True)
class Means:
    """A means of payment (tPag). since: first day it is taken; nfce: the rule that refuses it in model 65, if any."""

    code: str
    card: str
    brand: bool
    change: bool
    zero: bool
    since: date
    nfce: str


@lru_cache(maxsize=1)
def means_of_payment() -> Mapping[str, Means]:
    """Every means by the API's name."""
    return {
        row["method"]: Means(
            code=row["code"],
            card=row["card"],
            brand=row.get("brand", False),
            change=row.get("change", False),
            zero=row.get("amount") == "zero",
            since=row.get("since", date.min),
            nfce=row.get("nfce", ""),
        )
        for row in table("payments")["tpag"]
    }


@lru_cache(maxsize=512)
def brand_code(name: str) -> str | None:
    """tBand of a card brand; 99 for a name nobody knows, None for no name."""
    key = "".join(char for char in name.lower() if char.isalnum())
    return str(table("payments")["tband"].get(key, "99")) if key else None


@lru_cache(maxsize=64)
def place_policy(day: date) -> str:
    """`by_address` or `in_store`: where a sale handed over in the store to a buyer of another state happens."""
    row = _newest("operations", "place", day, lambda _: True)
    return "by_address" if row is None else str(row["policy"])
