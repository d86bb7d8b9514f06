"""Municipalities of IBGE by name and by code: what cMun, xMun and cUF of the layout need.

The tables are data of `schemas/ibge/` (IBGE, Divisão Territorial Brasileira), read once, when first asked.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

_NOT_LETTERS = re.compile(r"[^A-Z0-9]")
_OF_WEST = re.compile(r"D[OE](?=OESTE$)")
_OF_WATER = re.compile(r"DE(?=AGUA|ALHO|ARCO)")


def _key(name: str) -> str:
    """Capital letters only, no accents: `Herval d'Oeste`, `HERVAL DO OESTE` and `herval doeste` are one."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().upper()
    letters = _NOT_LETTERS.sub("", plain)
    return _OF_WATER.sub("D", _OF_WEST.sub("D", letters))


@dataclass(frozen=True, slots=True)
class _Tables:
    code_by_key: dict[tuple[str, str], str]
    name_by_code: dict[str, str]
    uf_codes: dict[str, str]
    uf_by_name: dict[str, str]


def _rows(file: str) -> Iterator[list[str]]:
    text = files("schemas.ibge").joinpath(file).read_text(encoding="utf-8")
    return (line.split(";") for line in text.splitlines()[1:])


@lru_cache(maxsize=1)
def _tables() -> _Tables:
    uf_codes: dict[str, str] = {}
    uf_by_name: dict[str, str] = {}
    for code, uf, name in _rows("ufs.csv"):
        uf_codes[uf] = code
        uf_by_name[_key(uf)] = uf_by_name[_key(name)] = uf
    ufs = {code: uf for uf, code in uf_codes.items()}
    names: dict[str, str] = {}
    codes: dict[tuple[str, str], str] = {}
    for code, name, uf in _rows("municipios.csv"):
        names[code] = name
        codes[_key(name), uf] = code
    for code, name in _rows("municipios_outros_nomes.csv"):
        codes.setdefault((_key(name), ufs[code[:2]]), code)
    return _Tables(codes, names, uf_codes, uf_by_name)


def city_code(city: str, uf: str) -> str | None:
    """IBGE's 7 digits of `city` in the UF (two letters or the state's name), or None when there is no such one.

    Accents, case, hyphens, apostrophes and blanks do not matter; names a city had before are known. The Distrito Federal has
    a single municipality, so any of its regions (Taguatinga, Gama) answers Brasília.
    """
    sigla = uf_sigla(uf)
    if sigla is None or not city.strip():
        return None
    if sigla == "DF":
        return "5300108"
    return _tables().code_by_key.get((_key(city), sigla))


def city_name(code: str) -> str | None:
    """The name as IBGE writes it, for xMun."""
    return _tables().name_by_code.get(code)


def uf_code(uf: str) -> str | None:
    """IBGE's 2 digits of a UF (two letters or the state's name), for cUF."""
    sigla = uf_sigla(uf)
    return _tables().uf_codes[sigla] if sigla is not None else None


def uf_of(code: str) -> str | None:
    """The two letters of a UF given by IBGE's 2 digits (cUF)."""
    return next((sigla for sigla, known in _tables().uf_codes.items() if known == code), None)


def uf_sigla(text: str) -> str | None:
    """The two letters of a UF given by its letters or by its name, in any case, with or without accents."""
    return _tables().uf_by_name.get(_key(text))
