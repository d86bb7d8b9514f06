"""Negative controls: how to spoil a good note so that a rule must speak. Rows of `schemas/fiscal/rule_controls.toml`.

A rule that stays silent over a thousand authorised notes may be right, or may never have run; a spoilt note tells which.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any, Final, get_type_hints

import msgspec

from gateway.nfe.layout.document import NFe
from gateway.nfe.layout.fields import Group
from gateway.nfe.tables import table
from gateway.nfe.xml_writer import kind_of

_MOVES: Final = frozenset({"add", "days", "same", "first", "again", "alone"})
_SUPPLEMENT: Final = "infNFeSupl"


@dataclass(frozen=True, slots=True)
class Control:
    """One way to spoil a note: every change, in order. A path is tags of infNFe joined by dots (of a repeated group, the first),
    or begins by `infNFeSupl`. A change is one of

    - a text: the tag has it, also where there was none; a number is written as text;
    - False: the tag or the group is left out;
    - `{"add": "1.00"}`: reais or units on top, of nothing when it is not there;
    - `{"days": 40}`: a date moved;
    - `{"same": "ide.dhEmi"}`: as another tag has it, `first` of its characters, moved by `days`;
    - `{"again": True}`: the first of a repeated group once more, at its end; `{"alone": True}`: the first and no other;
    - any other mapping is a group, and a sequence a repeated one, in place of what is there.
    """

    changes: Mapping[str, Any]

    def __post_init__(self) -> None:
        if not self.changes:
            raise ValueError("um controle precisa de uma mudança ao menos")
        object.__setattr__(self, "changes", MappingProxyType(dict(self.changes)))


@lru_cache(maxsize=1)
def controls() -> Mapping[str, tuple[Control, ...]]:
    """Controls by rule code. Raises ValueError for one that changes nothing."""
    return {code: tuple(Control(row) for row in rows) for code, rows in table("rule_controls").items()}


def spoilt(note: NFe, control: Control) -> NFe | None:
    """The note with what is wrong; None when it lacks what was to be spoilt, or is that way already."""
    bad = note
    for path, change in control.changes.items():
        wanted = _copied(bad, change) if isinstance(change, Mapping) and "same" in change else change
        fresh = None if wanted is None else _changed(bad, _steps(path), wanted)
        if fresh is None:
            return None
        bad = fresh
    return None if bad is note else bad


def _steps(path: str) -> list[str]:
    steps = path.split(".")
    return steps if steps[0] == _SUPPLEMENT else ["infNFe", *steps]


def _copied(note: NFe, change: Mapping[str, Any]) -> str | None:
    value: Any = note
    for name in _steps(change["same"]):
        value = getattr(value, name, None)
    if not isinstance(value, str):
        return None
    value = value[: change.get("first")]
    return _moved(value, change["days"]) if "days" in change else value


def _moved(value: str, days: int) -> str:
    moved = datetime.fromisoformat(value) + timedelta(days=days)
    return moved.date().isoformat() if len(value) == len("2026-01-01") else moved.isoformat()


def _changed(group: Any, steps: list[str], change: Any) -> Any:
    """The group with the change below it, itself when it is so already, None when it lacks what was to be changed."""
    name, rest = steps[0], steps[1:]
    if name not in group.__struct_fields__:
        return None
    value = getattr(group, name)
    if not rest:
        fresh = _other(group, name, value, change)
    elif isinstance(value, tuple):
        first = _changed(value[0], rest, change) if value else None
        fresh = None if first is None else (first, *value[1:])
    else:
        fresh = None if value is None else _changed(value, rest, change)
    if fresh is None and (rest or change is not False):
        return None
    return group if fresh == value else msgspec.structs.replace(group, **{name: fresh})


def _other(group: Any, name: str, value: Any, change: Any) -> Any:
    if change is False:
        return () if isinstance(value, tuple) else None
    hint = _hints(group.__class__)[name]
    if not (isinstance(change, Mapping) and change.keys() & _MOVES):
        return msgspec.convert(change, hint, strict=False)
    if "again" in change:
        return (*value, value[0]) if value else None
    if "alone" in change:
        return value[:1]
    if "days" in change:
        return _moved(value, change["days"]) if isinstance(value, str) else None
    if kind_of(hint).places is None:
        return None
    return (value or Decimal(0)) + Decimal(change["add"])


@cache
def _hints(group: type[Group]) -> dict[str, Any]:
    return get_type_hints(group, include_extras=True)
