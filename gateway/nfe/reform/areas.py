"""Incentivised areas: the Zona Franca de Manaus and the free trade areas, by municipality (IBGE)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from gateway.nfe.reform.dataset import dataset


@dataclass(frozen=True, slots=True)
class Area:
    """`kind`: `zfm` or `alc`."""

    name: str
    kind: str


@lru_cache(maxsize=1)
def _areas() -> Mapping[str, Area]:
    return {city: Area(row["name"], row["kind"]) for row in dataset("areas.toml")["area"] for city in row["cities"]}


def area_of(city: str) -> Area | None:
    """The area of an IBGE municipality, None outside of all."""
    return _areas().get(city)


def incentive_allowed(ncm: str) -> bool:
    """Whether goods of this NCM may have CBS at zero inside an area (UB56-10, exception 3)."""
    excluded = dataset("areas.toml")["excluded"]
    return ncm.startswith(tuple(excluded["except"])) or not ncm.startswith(tuple(excluded["ncm"]))
