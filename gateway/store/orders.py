"""Units of work over marketplace orders: one row per (account, external id), a timeline beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from gateway.core.errors import NotFound
from gateway.core.ids import new_id
from gateway.store.database import touch
from gateway.store.jobs import enqueue
from gateway.store.tables import order_events, orders
from gateway.workflows.marketplace_order import ORDER
from gateway.workflows.ports import Hold, MarketplaceOrder

PRODUCT_UNKNOWN = "VTEX-PRODUCT-UNKNOWN"
PRODUCT_UNDECIDED = "VTEX-PRODUCT-UNDECIDED"
RELEASE_BATCH = 500
"""Orders told at once of a new product; the others look by themselves every few minutes."""


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order as stored. `value` in reais; times in milliseconds; `raw` is the marketplace's JSON as last received."""

    id: str
    source: str
    account: str
    external_id: str
    branch: str
    state: str
    external_status: str
    value: Decimal
    customer_name: str | None
    customer_tax_id: str | None
    document: str | None
    hold_code: str | None
    hold_message: str | None
    hold_fix: str | None
    raw: bytes
    created_at: int
    updated_at: int

    @property
    def state_label(self) -> str:
        return ORDER.labels[self.state]


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """One line of an order's story."""

    seq: int
    at: int
    kind: str
    text: str
    data: dict[str, Any]


def order_key(account: str, external_id: str) -> str:
    """The key that serialises all work on one order."""
    return f"vtex:{account}:{external_id}"


def look_at(conn: Connection, account: str, external_id: str) -> str:
    """Ask for the order to be looked at now; many asks at once are one look, never before the last ask. Answers the job's id."""
    return enqueue(
        conn,
        kind="vtex.order",
        queue="marketplace",
        subject=f"order:{account}:{external_id}",
        payload={"account": account, "order_id": external_id},
        key=order_key(account, external_id),
        unique_key=f"vtex.order:{account}:{external_id}",
        again=True,
    )


def get(conn: Connection, order_id: str) -> OrderRow | None:
    """By our id."""
    return _row(conn.execute(select(orders).where(orders.c.id == order_id)).one_or_none())


def by_external(conn: Connection, account: str, external_id: str) -> OrderRow | None:
    """By the marketplace's id."""
    query = select(orders).where(orders.c.account == account, orders.c.external_id == external_id)
    return _row(conn.execute(query).one_or_none())


def by_document(conn: Connection, document: str) -> OrderRow | None:
    """The order a document was issued for."""
    return _row(conn.execute(select(orders).where(orders.c.document == document)).one_or_none())


def save(conn: Connection, order: MarketplaceOrder, *, source: str, branch: str, at: int) -> OrderRow:
    """Insert the order as `received`, or refresh what the marketplace says of a known one; our state does not change."""
    existing = by_external(conn, order.account, order.order_id)
    seen = {
        "external_status": order.status[:60],
        "value": str(order.value),
        "customer_name": order.customer.name if order.customer else None,
        "customer_tax_id": order.customer.tax_id if order.customer else None,
        "raw": order.raw,
        "updated_at": at,
    }
    if existing is None:
        order_id = new_id("ord")
        try:
            with conn.begin_nested():
                conn.execute(
                    insert(orders).values(
                        id=order_id,
                        source=source,
                        account=order.account,
                        external_id=order.order_id,
                        branch=branch,
                        state=ORDER.initial,
                        created_at=at,
                        **seen,
                    )
                )
        except IntegrityError:
            existing = by_external(conn, order.account, order.order_id)
            if existing is None:
                raise
        else:
            add_event(conn, order_id, "received", f"Pedido recebido do marketplace: {order.order_id}.", {}, at)
            existing = _must(conn, order_id)
            touch(conn, f"order:{order_id}")
            return existing
    conn.execute(update(orders).where(orders.c.id == existing.id).values(**seen))
    touch(conn, f"order:{existing.id}")
    return _must(conn, existing.id)


def move(
    conn: Connection,
    order_id: str,
    event: str,
    *,
    at: int,
    text: str,
    hold: Hold | None = None,
    document: str | None = None,
    data: Mapping[str, Any] | None = None,
) -> OrderRow:
    """Step the order's machine and write its timeline. Raises TransitionRefused and then changes nothing."""
    row = _must(conn, order_id, lock=True)
    step = ORDER.step(row.state, event)
    same_hold = hold is not None and row.state == step.next and row.hold_code == hold.code and row.hold_message == hold.message
    values: dict[str, Any] = {
        "state": step.next,
        "hold_code": hold.code if hold else None,
        "hold_message": hold.message if hold else None,
        "hold_fix": hold.fix if hold else None,
        "updated_at": at,
    }
    if document is not None:
        values["document"] = document
    conn.execute(update(orders).where(orders.c.id == order_id).values(**values))
    if not same_hold:
        add_event(conn, order_id, event, text, data or {}, at)
    touch(conn, f"order:{order_id}")
    return _must(conn, order_id)


def release_product_holds(conn: Connection) -> None:
    """A product was registered, changed or classified: look again at every order that waits for one."""
    query = select(orders.c.account, orders.c.external_id).where(
        orders.c.state == "parked", orders.c.hold_code.in_((PRODUCT_UNKNOWN, PRODUCT_UNDECIDED))
    )
    for row in conn.execute(query.limit(RELEASE_BATCH)):
        look_at(conn, row.account, row.external_id)


def add_event(conn: Connection, order_id: str, kind: str, text: str, data: Mapping[str, Any], at: int) -> None:
    """Append one line to the order's story."""
    last = conn.execute(select(func.max(order_events.c.seq)).where(order_events.c.order == order_id)).scalar()
    conn.execute(
        insert(order_events).values(
            order=order_id, seq=(last or 0) + 1, at=at, kind=kind, text=text, data=msgspec.json.encode(data).decode()
        )
    )


def events(conn: Connection, order_id: str) -> tuple[OrderEvent, ...]:
    """The order's story, oldest first."""
    query = select(order_events).where(order_events.c.order == order_id).order_by(order_events.c.seq)
    return tuple(OrderEvent(r.seq, r.at, r.kind, r.text, msgspec.json.decode(r.data)) for r in conn.execute(query))


def _must(conn: Connection, order_id: str, *, lock: bool = False) -> OrderRow:
    query = select(orders).where(orders.c.id == order_id)
    if lock:
        query = query.with_for_update()
    row = _row(conn.execute(query).one_or_none())
    if row is None:
        raise NotFound(f"Pedido {order_id} não existe.")
    return row


def _row(found: Row[Any] | None) -> OrderRow | None:
    if found is None:
        return None
    values = dict(found._mapping)
    values["value"] = Decimal(values["value"])
    return OrderRow(**values)
