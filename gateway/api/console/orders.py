"""**Pedidos**: what the marketplaces sold, why an order waits, and the way to its note."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from gateway.api.console.render import query, render
from gateway.api.console.session import SESSION
from gateway.api.respond import choices
from gateway.api.routes import orders as resource
from gateway.api.services import SERVICES
from gateway.core.errors import NotFound
from gateway.store import documents, orders, queries
from gateway.store.orders import OrderRow
from gateway.store.queries import JobFilter, OrderFilter
from gateway.workflows.marketplace_order import ORDER

PAGE = 50


async def index(request: web.Request) -> web.Response:
    """Newest first; every filter is in the address."""
    shown = {name: request.query.get(name, "") for name in ("state", "search", "hold_code")}
    wanted = OrderFilter(
        states=choices(request, "state", ORDER.labels), search=shown["search"].strip()[:200], hold_code=shown["hold_code"][:60]
    )
    cursor = request.query.get("cursor")
    page = await request.app[SERVICES].db.read(lambda conn: queries.list_orders(conn, wanted, cursor=cursor, limit=PAGE))
    following = query("/console/pedidos", **shown, cursor=page.next) if page.next else ""
    return render(
        request,
        "orders.html",
        "orders",
        rows=page.rows,
        next=following,
        first=not cursor,
        shown=shown,
        states=ORDER.labels,
        filtered=any(shown.values()),
    )


async def _find(request: web.Request) -> OrderRow:
    order_id = request.match_info["id"]
    row = await request.app[SERVICES].db.read(lambda conn: orders.get(conn, order_id))
    if row is None:
        raise NotFound(f"O pedido '{order_id[:80]}' não existe.", fix="Procure na lista de pedidos.")
    return row


async def show(request: web.Request) -> web.Response:
    """State, why it waits and what to do, timeline, note and jobs."""
    row = await _find(request)

    def read(conn: Any) -> dict[str, Any]:
        found = queries.list_jobs(conn, JobFilter(search=row.id), limit=20).rows
        found += queries.list_jobs(conn, JobFilter(search=orders.order_key(row.account, row.external_id)), limit=20).rows
        by_id = {job.id: job for job in found}
        return {
            "events": orders.events(conn, row.id),
            "doc": documents.get(conn, row.document) if row.document else None,
            "jobs": sorted(by_id.values(), key=lambda job: job.created_at, reverse=True),
        }

    return render(request, "order.html", "orders", order=row, **await request.app[SERVICES].db.read(read))


async def look_again(request: web.Request) -> web.Response:
    """Read the order again at the marketplace, now."""
    row = await _find(request)
    services = request.app[SERVICES]
    await resource.look_again(services.db, f"user:{request[SESSION].username}", row, services.clock.epoch_ms())
    return web.Response(status=303, headers={"Location": f"/console/pedidos/{row.id}?feito=look"})
