"""Items sold before for the very same amounts: their taxes are not computed, nor their groups written, once more.

A shop sells the same goods at the same prices note after note. What `det` makes of a line is decided by its goods (product and
circumstances, resolved) and its amounts, so from the second time on it is kept, with its text and what it adds to the totals.
"""

from __future__ import annotations

from decimal import Decimal
from threading import Lock

import msgspec

from gateway.nfe.goods import Goods, det
from gateway.nfe.layout.item import Det, Imposto, Prod
from gateway.nfe.lines import Line
from gateway.nfe.taxes.sums import Row, Sums
from gateway.nfe.xml_writer import keep

_Key = tuple[int | Decimal, ...]
_MOST = 4096
_MOST_MET = 16384
_lock = Lock()


class Repeat(msgspec.Struct, frozen=True, gc=False):
    """An item without its number. goods: kept here so that its identity, in the key, is nobody else's."""

    goods: Goods
    prod: Prod
    imposto: Imposto
    vItem: Decimal | None
    row: Row


_met: set[_Key] = set()
"""Amounts met once; most of those of a sale with a discount of its own are never met again."""
_kept: dict[_Key, Repeat] = {}


def item(number: int, line: Line, goods: Goods, order: str | None, sums: Sums) -> Det:
    """As `det`, whose answer it gives."""
    key = _key(line, goods)
    if key is None:
        return det(number, line, goods, order, sums)
    known = _kept.get(key)
    if known is None:
        known = _second(key, line, goods)
        if known is None:
            return det(number, line, goods, order, sums)
    sums.take(known.row)
    prod = known.prod if order is None else msgspec.structs.replace(known.prod, xPed=order)
    return Det(nItem=str(number), prod=prod, imposto=known.imposto, vItem=known.vItem)


def _key(line: Line, goods: Goods) -> _Key | None:
    """Goods and amounts; None when the line says more than amounts, or is worth nothing (a zero has two signs and one hash)."""
    said = line.item
    gross, price = line.gross, line.unit_price
    if said.reform is not None or said.description or said.note or line.insurance is not None or not (gross and price):
        return None
    if line.discount or line.freight or line.other:
        return (id(goods), line.quantity, price, gross, line.discount, line.freight, line.other)
    return (id(goods), line.quantity, price, gross)


def _second(key: _Key, line: Line, goods: Goods) -> Repeat | None:
    """Keeps an item met before; None when it is the first time, or when its sums are of a kind that few notes have."""
    if key not in _met:
        if len(_met) >= _MOST_MET:
            _met.clear()
        _met.add(key)
        return None
    alone = Sums()
    made = det(1, line, goods, None, alone)
    row = alone.row()
    if row is None:
        return None
    known = Repeat(goods, made.prod, made.imposto, made.vItem, row)
    with _lock:
        while len(_kept) >= _MOST:
            del _kept[next(iter(_kept))]
        _kept[key] = known
    keep(made.prod, "prod")
    keep(made.imposto, "imposto")
    return known
