"""The tables of approximate taxes that IBPT publishes by state (Lei 12.741/2012), and what a row says of a product. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from gateway.nfe.product import ApproximateTax, Product

_FOREIGN: Final = frozenset({"1", "2", "6", "7"})
"""Origins of goods from abroad; 3, 5 and 8 are made here with imported parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproximateRate:
    """A row: rates in percent of the price. code: NCM (kind `0`), NBS (`1`) or service of LC 116 (`2`); ex: its exception, or
    empty. since, until: both days count. source, version, key: of the publication, as it asks to be named."""

    code: str
    ex: str
    kind: Literal["0", "1", "2"]
    national: Decimal
    imported: Decimal
    state: Decimal
    municipal: Decimal
    since: date
    until: date
    source: str
    version: str
    key: str


Rates = Mapping[str, ApproximateRate]
"""Rows of a state that count on a day, without exceptions, by NCM."""
NO_RATES: Final[Rates] = {}


def ncm_of(product: Product) -> str:
    """The digits of its NCM."""
    return "".join(each for each in product.ncm if each.isdigit())


def taxes_of(product: Product, rates: Rates) -> ApproximateTax | None:
    """Its own rates, or else the table's; None when neither says anything."""
    if product.approximate_tax is not None:
        return product.approximate_tax
    row = rates.get(ncm_of(product))
    if row is None:
        return None
    federal = row.imported if product.origin in _FOREIGN else row.national
    source = " ".join(part for part in (row.source, row.key) if part)[:60]
    return ApproximateTax(federal=federal, state=row.state, municipal=row.municipal, source=source)
