"""The simulator's own tables, read from the text files beside this one: messages, activation of rules, cClassTrib, CFOP, UFs."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Any


def _lines(name: str) -> list[str]:
    text = files(__package__).joinpath(name).read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@lru_cache(maxsize=4)
def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath(name).read_text("utf-8"))


@lru_cache(maxsize=1)
def messages() -> dict[str, str]:
    """xMotivo by cStat, accented."""
    return dict(line.split(" ", 1) for line in _lines("messages.txt"))


@lru_cache(maxsize=64)
def dormant(tpAmb: str, day: date) -> frozenset[str]:
    """Rules that do not refuse yet, or no longer, in this environment (1 or 2) on this day."""
    environment = "prod" if tpAmb == "1" else "hom"
    asleep: set[str] = set()
    for wave in _toml("activation.toml")["wave"]:
        since, until = wave.get(environment), wave.get("until")
        if since is None or day < since or (until is not None and day >= until):
            asleep.update(wave["rules"])
    return frozenset(asleep)


@dataclass(frozen=True, slots=True)
class Cst:
    """A CST of IBS/CBS and the groups it demands; what it does not demand it forbids."""

    gIBSCBS: bool
    gDif: bool
    gRed: bool
    gTransfCred: bool
    gCredPresIBSZFM: bool
    gAjusteCompet: bool


@dataclass(frozen=True, slots=True)
class ClassTrib:
    """A cClassTrib: reductions in percent, the models that may carry it, the groups it demands or allows, its validity."""

    cst: str
    red_ibs: str
    red_cbs: str
    rate: str
    since: date
    until: date | None
    models: frozenset[str]
    gTribRegular: bool
    gEstornoCred: bool
    gCredPresOper: bool


@lru_cache(maxsize=1)
def cst_table() -> dict[str, Cst]:
    """Every CST of IBS/CBS."""
    rows = (line.split() for line in _lines("cclasstrib.txt") if line.startswith("CST "))
    return {code: Cst(*(letter in flags for letter in "TDRCZA")) for _, code, flags in rows}


@lru_cache(maxsize=1)
def cclasstrib_table() -> dict[str, ClassTrib]:
    """Every cClassTrib known to the simulator."""
    table: dict[str, ClassTrib] = {}
    for line in _lines("cclasstrib.txt"):
        if line.startswith("CST "):
            continue
        code, ibs, cbs, rate, since, until, flags = line.split()
        table[code] = ClassTrib(
            cst=code[:3],
            red_ibs=ibs,
            red_cbs=cbs,
            rate=rate,
            since=date.fromisoformat(since),
            until=None if until == "-" else date.fromisoformat(until) + timedelta(days=1),
            models=frozenset({"5": "55", "6": "65"}[flag] for flag in flags if flag in "56"),
            gTribRegular="R" in flags,
            gEstornoCred="E" in flags,
            gCredPresOper="P" in flags,
        )
    return table


@lru_cache(maxsize=8)
def cfops(indicator: str) -> frozenset[str]:
    """CFOPs with an indicator of the portal's table: devolucao, retorno, anulacao, remessa, sem_ibs_cbs, nfce."""
    groups: dict[str, list[str]] = _toml("cfop.toml")[indicator]
    return frozenset(first + rest for firsts, rests in groups.items() for rest in rests for first in firsts)


@lru_cache(maxsize=256)
def ufs(list_name: str, day: date) -> frozenset[str]:
    """UFs of a dated list of `states.toml` on a day."""
    rows = _toml("states.toml")[list_name]
    return frozenset(uf for row in rows if row["since"] <= day < row.get("until", date.max) for uf in row["ufs"])


@lru_cache(maxsize=8)
def standard_rates(year: int) -> dict[str, str] | None:
    """pIBSUF, pIBSMun and pCBS of a year, as far as the law has fixed them; None for a year not tabled."""
    rates: dict[str, str] | None = _toml("states.toml")["rates"].get(str(year))
    return rates
