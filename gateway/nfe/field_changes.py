"""What differs between two bodies or two signed notes, field by field: values only, in the order of the document. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from gateway.nfe.reader import read_unchecked

MAX_CHANGES: Final = 200
MOVING: Final = frozenset({"dhEmi", "cNF", "cDV", "Id", "hashCSRT", "dhSaiEnt"})
"""What a rebuild changes by itself: no news between two attempts."""


@dataclass(frozen=True, slots=True)
class Change:
    """A value that differs. path: `$.items[1].product.gtin`; before or after None: it was not there."""

    path: str
    before: str | None
    after: str | None


def between(before: Any, after: Any) -> tuple[Change, ...]:
    """What differs between two structs of the same border, at most MAX_CHANGES."""
    old, new = (
        dict(_flat(msgspec.to_builtins(before, enc_hook=str), "$")),
        dict(_flat(msgspec.to_builtins(after, enc_hook=str), "$")),
    )
    paths = [*old, *(path for path in new if path not in old)]
    found = (Change(path, old.get(path), new.get(path)) for path in paths if old.get(path) != new.get(path))
    return tuple(change for change, _ in zip(found, range(MAX_CHANGES), strict=False))


def between_notes(before: bytes, after: bytes) -> tuple[Change, ...]:
    """What differs between the infNFe of two signed notes of ours, less what moves by itself. Raises as `read_unchecked`."""
    found = between(read_unchecked(before).infNFe, read_unchecked(after).infNFe)
    return tuple(change for change in found if change.path.rpartition(".")[2] not in MOVING)


def _flat(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flat(inner, f"{path}.{name}")
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _flat(inner, f"{path}[{index}]")
    elif value is not None:
        yield path, str(value)
