"""What else can be known of a document whose body already has faults: its own faults, and not what follows from those. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Final

from gateway.core.faults import Fault
from gateway.nfe.sale import Sale

_ITEM = re.compile(r"^\$\.(?:items|infNFe\.det)\[(\d+)\]")
_AMOUNTS = re.compile(r"^\$\.(?:(?:items|returns|discount|other|insurance|freight)\b|infNFe\.det\b.*\.[vqp][A-Z]\w*$)")
"""Where a fault leaves the totals, and what is paid of them, unknown."""
_SUMS = re.compile(
    r"^\$\.(?:payments(?:$|\[\d+\]\.amount$)|billing\b(?!.*\.due$)"
    r"|infNFe\.(?:total\b|pag$|pag\.(?:.*\.)?v[A-Z]\w*$|cobr$|cobr\..*\.v[A-Z]\w*$))"
)
_UNWRITTEN = frozenset({"NFE-RAW-01"})
"""Faults of a value that nobody can compute with: nothing else of its item is known."""
_STAND_IN = ("NFE-OP-01", "NFE-OP-02", "NFE-OP-04", "NFE-RET-")
"""Faults of the operation itself, or of the note that is given back: the document was composed as another one."""


class Known:
    """The faults of a body. `same`: items (from 0) that sell the product of another: its faults are told at one of them."""

    def __init__(self, faults: Sequence[Fault] = (), same: Mapping[int, Sequence[int]] | None = None) -> None:
        self.faults = tuple(faults)
        self._same = {} if same is None else same

    @property
    def hopeless(self) -> bool:
        """Whether they leave too little to compose: what was composed in its place is not what was asked."""
        return any(fault.code.startswith(_STAND_IN) for fault in self.faults)

    def allows(self, path: str) -> bool:
        """Whether something wrong at `path` (of the caller's body) would be so without these faults too.

        Not at, above or below a path that has one; not in the totals and payments when an amount has one.
        """
        if not self.faults:
            return True
        if path in ("$", "$.infNFe") or (self._amounts and _SUMS.match(path)):
            return False
        item = _ITEM.match(path)
        if item is not None and item.group() in self._unwritten:
            return False
        return not any(_within(path, other) or _within(other, path) for other in self._paths)

    @cached_property
    def _paths(self) -> frozenset[str]:
        return frozenset(self._everywhere())

    def _everywhere(self) -> Iterable[str]:
        for fault in self.faults:
            yield fault.path
            item = _ITEM.match(fault.path)
            if item is not None and fault.path.removeprefix(item.group()).startswith((".product", ".sku")):
                twins = self._same.get(int(item.group(1)), ())
                yield from (f"$.items[{other}]{part}" for other in twins for part in (".product", ".sku"))

    @cached_property
    def _amounts(self) -> bool:
        return any(_AMOUNTS.match(fault.path) for fault in self.faults)

    @cached_property
    def _unwritten(self) -> frozenset[str]:
        found = (_ITEM.match(fault.path) for fault in self.faults if fault.code in _UNWRITTEN)
        return frozenset(item.group() for item in found if item is not None)


NONE: Final = Known()
"""Of a body without faults: everything is told."""


def _within(path: str, other: str) -> bool:
    return path == other or (other != "$" and path.startswith((f"{other}.", f"{other}[")))


def twins(sale: Sale) -> Mapping[int, Sequence[int]]:
    """The other items that sell the same product, of each item of `sale`."""
    selling: dict[object, list[int]] = {}
    for place, item in enumerate(sale.items):
        selling.setdefault(item.sku, []).append(place)
    return {place: [other for other in places if other != place] for places in selling.values() for place in places}
