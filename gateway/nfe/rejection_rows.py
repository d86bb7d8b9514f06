"""The rows of `schemas/sefaz/rejections_*.toml`: what each cStat means, in our own words, for who integrates and who sells.

Facts only: `gateway.nfe.rejections` joins them to the decision of each code. Pure: reads the packaged files once.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final, Literal

import msgspec
from msgspec import Struct

from gateway.nfe.answers import Decision

FILES: Final = ("rejections_service", "rejections_parties", "rejections_goods", "rejections_reform")


class RejectionRow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One code. cause, fix: for the integrator, tags allowed. counter: one or two sentences for the person at the counter.

    fields: paths from infNFe (`det/prod/NCM`), the most telling first. decision, message: absent where `cstat.json` has them;
    fix absent: its action. certainty: C certain, M one good source, U only the code is known.
    """

    cause: str
    counter: tuple[str, ...]
    source: str
    certainty: Literal["C", "M", "U"]
    fix: str = ""
    decision: Decision | None = None
    message: str = ""
    fields: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def rejection_rows() -> Mapping[str, RejectionRow]:
    """Every row by its code. Raises ValueError when two files have the same code."""
    found: dict[str, RejectionRow] = {}
    for name in FILES:
        text = files("schemas").joinpath("sefaz", f"{name}.toml").read_text(encoding="utf-8")
        for code, row in tomllib.loads(text).items():
            if code in found:
                raise ValueError(f"o código {code} está em dois arquivos")
            found[code] = msgspec.convert(row, RejectionRow)
    return MappingProxyType(found)
