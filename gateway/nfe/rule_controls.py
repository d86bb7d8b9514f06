"""Negative controls: how to spoil a good note so that a rule must speak. Rows of `schemas/fiscal/rule_controls.toml`.

A rule that stays silent over a thousand authorised notes may be right, or may never have run; a spoilt note tells which.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, get_type_hints

import msgspec

from gateway.nfe.layout.document import InfNFe
from gateway.nfe.layout.fields import Group, Written
from gateway.nfe.tables import table
from gateway.nfe.xml_writer import kind_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One way to spoil a note, at `path` (tags of infNFe joined by dots; of a repeated group, the first).

    set: another text or number, also where there was none. blank: the tag is left out. add: reais, or units, on top. days: a
    date moved. Exactly one of them. `*` in the path is whichever group of a choice there is.
    """

    path: str
    set: str | None = None
    blank: bool = False
    add: str | None = None
    days: int | None = None


@lru_cache(maxsize=1)
def controls() -> Mapping[str, tuple[Control, ...]]:
    """Controls by rule code. Raises ValueError for a row that says no change, or two."""
    found: dict[str, tuple[Control, ...]] = {}
    for code, rows in table("rule_controls").items():
        made = tuple(Control(**row) for row in rows)
        for one in made:
            if [one.set is not None, one.blank, one.add is not None, one.days is not None].count(True) != 1:
                raise ValueError(f"o controle de {code} em {one.path} precisa de exatamente uma mudança")
        found[code] = made
    return found


def spoilt(inf: InfNFe, control: Control) -> InfNFe | None:
    """The note with one thing wrong; None when it has nothing there to spoil."""
    changed: InfNFe | None = _changed(inf, control.path.split("."), control)
    return changed


def _changed(group: Any, steps: list[str], control: Control) -> Any:
    name, rest = steps[0], steps[1:]
    if name == "*":
        name = next((field for field in group.__struct_fields__ if isinstance(getattr(group, field), Group)), "")
    if name not in group.__struct_fields__:
        return None
    value = getattr(group, name)
    repeated = isinstance(value, tuple)
    first = (value[0] if value else None) if repeated else value
    if rest:
        fresh = None if first is None else _changed(first, rest, control)
        if fresh is None:
            return None
    elif control.blank:
        if first is None:
            return None
        fresh = None
    else:
        fresh = _other(group, name, first, control)
        if fresh is None or fresh == first:
            return None
    if repeated:
        fresh = value[1:] if fresh is None else (fresh, *value[1:])
    return msgspec.structs.replace(group, **{name: fresh})


def _other(group: Any, name: str, value: Any, control: Control) -> Any:
    if control.set is not None:
        number = kind_of(_hints(group.__class__)[name]).places is not None
        return Written(control.set) if number else control.set
    if value is None:
        return None
    if control.add is not None and isinstance(value, Decimal):
        return Written(value + Decimal(control.add))
    if control.days is not None and isinstance(value, str):
        moved = datetime.fromisoformat(value) + timedelta(days=control.days)
        return moved.date().isoformat() if len(value) == 10 else moved.isoformat()
    return None


@cache
def _hints(group: type[Group]) -> dict[str, Any]:
    return get_type_hints(group, include_extras=True)
