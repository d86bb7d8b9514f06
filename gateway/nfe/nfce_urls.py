"""Where consumers look a NFC-e up, per UF and environment: the dated table `schemas/sefaz/nfce_urls.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class ConsultAddress:
    """qr: what the QR code points to, without `?p=`. consult: urlChave, as printed on the slip."""

    qr: str
    consult: str


@cache
def rows() -> tuple[Mapping[str, Any], ...]:
    """Every row of the table."""
    return tuple(tomllib.loads((files("schemas") / "sefaz" / "nfce_urls.toml").read_text(encoding="utf-8"))["address"])


@lru_cache(maxsize=256)
def consult_address(uf: str, tpAmb: str, day: date) -> ConsultAddress:
    """The address in force on `day`. Raises LookupError when the table has none for the UF and environment."""
    alive = [row for row in rows() if row["uf"] == uf and row["tpAmb"] == tpAmb and row["since"] <= day]
    if not alive:
        raise LookupError(f"schemas/sefaz/nfce_urls.toml não tem endereço de {uf}, ambiente {tpAmb}, em {day}")
    row = max(alive, key=lambda row: row["since"])
    return ConsultAddress(row["qr"], row["consult"])
