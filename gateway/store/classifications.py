"""Who decided how IBS and CBS fall on a product, when, and by which row of the table: so that a table that changes is noticed.

The decided code itself is part of the product; this row is its story. A body that states a cClassTrib is its caller's decision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, and_, delete, insert, or_, select, update

from gateway.nfe.product import Product
from gateway.nfe.reform.classification import Classification, classifications, table_version
from gateway.store.tables import product_classifications, products

Origin = Literal["person", "product"]


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision as it was taken. `row` is the table's row of then, `version` the table's; `decided_at` in milliseconds."""

    sku: str
    cclasstrib: str
    origin: str
    actor: str
    reason: str
    version: str
    row_hash: str
    row: Mapping[str, Any]
    decided_at: int

    def changed(self) -> tuple[tuple[str, Any, Any], ...]:
        """(field, then, now) of what the packaged table says otherwise; the whole row when it is gone."""
        now: Mapping[str, Any] = _packaged(self.cclasstrib).row if self.cclasstrib in classifications() else {}
        return tuple(
            (name, self.row.get(name), now.get(name)) for name in sorted({*self.row, *now}) if self.row.get(name) != now.get(name)
        )

    @property
    def affected(self) -> bool:
        """Whether the packaged table no longer says what it said."""
        known = classifications().get(self.cclasstrib)
        return known is None or known.hash != self.row_hash


def decide(conn: Connection, product: Product, *, origin: Origin, actor: str, reason: str, at: int) -> None:
    """Record the product's `tax.cclasstrib`, which is in the packaged table, in place of any decision before."""
    known = _packaged(product.tax.cclasstrib)
    values = {
        "cclasstrib": known.code,
        "origin": origin,
        "actor": actor[:80],
        "reason": reason[:200],
        "version": table_version(),
        "row_hash": known.hash,
        "row": msgspec.json.encode(known.row).decode(),
        "decided_at": at,
    }
    table = product_classifications
    if not conn.execute(update(table).where(table.c.sku == product.sku).values(**values)).rowcount:
        conn.execute(insert(table).values(sku=product.sku, **values))


def withdraw(conn: Connection, sku: str) -> None:
    """Forget the decision."""
    conn.execute(delete(product_classifications).where(product_classifications.c.sku == sku))


def decision_of(conn: Connection, sku: str) -> Decision | None:
    """The decision on a product, if there is one."""
    found = conn.execute(select(product_classifications).where(product_classifications.c.sku == sku)).one_or_none()
    if found is None:
        return None
    values = dict(found._mapping)
    return Decision(**{**values, "row": msgspec.json.decode(values["row"])})


def affected_products(conn: Connection, *, after: str, limit: int) -> list[Product]:
    """Products whose decided row is another, or gone, in the packaged table; by sku, from the one after `after`."""
    table = product_classifications
    pairs = conn.execute(select(table.c.cclasstrib, table.c.row_hash).distinct()).all()
    known = classifications()
    stale = [pair for pair in pairs if pair.cclasstrib not in known or known[pair.cclasstrib].hash != pair.row_hash]
    if not stale:
        return []
    query = (
        select(products.c.data)
        .join(table, table.c.sku == products.c.sku)
        .where(products.c.sku > after)
        .where(or_(*(and_(table.c.cclasstrib == pair.cclasstrib, table.c.row_hash == pair.row_hash) for pair in stale[:200])))
        .order_by(products.c.sku)
        .limit(limit)
    )
    return [msgspec.json.decode(data, type=Product) for data in conn.execute(query).scalars()]


def settled(conn: Connection, product: Product, *, actor: str, at: int) -> Product:
    """The product as it is stored: its statement is recorded; without one, what a person decided before stays."""
    if product.tax.cclasstrib in classifications():
        decide(conn, product, origin="product", actor=actor, reason="", at=at)
        return product
    if product.tax.cclasstrib:
        withdraw(conn, product.sku)
        return product
    before = decision_of(conn, product.sku)
    if before is None:
        return product
    if before.origin == "product":
        withdraw(conn, product.sku)
        return product
    return classified(product, before.cclasstrib)


def classified(product: Product, cclasstrib: str) -> Product:
    """The product with this cClassTrib, and its CST; none when it is empty."""
    tax = msgspec.structs.replace(product.tax, cclasstrib=cclasstrib, ibs_cbs_cst=cclasstrib[:3])
    return msgspec.structs.replace(product, tax=tax)


def _packaged(code: str) -> Classification:
    return classifications()[code]
