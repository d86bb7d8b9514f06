"""`/v1/orders`: what the marketplaces sold, and where each order stands."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from gateway.api.auth import actor, branches_of, hidden, sees
from gateway.api.operation import CURSOR, LIMIT, Parameter, operation
from gateway.api.presentation import ZONES, local, order
from gateway.api.resources import Listing, Order, OrderDetail, TimelineEntry
from gateway.api.respond import choices, ok, page_limit
from gateway.api.services import SERVICES
from gateway.store import access, documents, jobs, orders, queries
from gateway.store.orders import OrderEvent, OrderRow
from gateway.store.queries import OrderFilter
from gateway.workflows.marketplace_order import ORDER

TAG = "Pedidos"


@operation(
    "Listar pedidos",
    tag=TAG,
    scope="orders",
    responses={200: Listing[Order]},
    parameters=(
        Parameter("state", "One or more states, comma-separated"),
        Parameter("branch", "CNPJ of the branch that bills"),
        Parameter("search", "A whole order id (ours or the marketplace's) or customer document"),
        Parameter("hold_code", "Why orders wait"),
        CURSOR,
        LIMIT,
    ),
    problems=(403, 422),
)
async def index(request: web.Request) -> web.Response:
    """Newest first, by cursor."""
    wanted = OrderFilter(
        states=choices(request, "state", ORDER.labels),
        branches=branches_of(request, request.query.get("branch")),
        search=request.query.get("search", "")[:200],
        hold_code=request.query.get("hold_code", "")[:60],
    )
    cursor, limit = request.query.get("cursor"), page_limit(request)
    page = await request.app[SERVICES].db.read(lambda conn: queries.list_orders(conn, wanted, cursor=cursor, limit=limit))
    items = [order(row, await request.app[ZONES].of(row.branch)) for row in page.rows]
    return ok(Listing(items=tuple(items), next=page.next))


async def _find(request: web.Request) -> OrderRow:
    order_id = request.match_info["id"]
    row = await request.app[SERVICES].db.read(lambda conn: orders.get(conn, order_id))
    if row is None or not sees(request, row.branch):
        raise hidden("O pedido", order_id)
    return row


@operation("Ver um pedido", tag=TAG, scope="orders", responses={200: OrderDetail}, problems=(404,))
async def show(request: web.Request) -> web.Response:
    """State, why it waits and what to do, timeline, and the ref of its note."""
    return ok(await _detail(request, await _find(request)))


async def _detail(request: web.Request, row: OrderRow) -> OrderDetail:
    zone = await request.app[ZONES].of(row.branch)
    events, ref = await request.app[SERVICES].db.read(lambda conn: story(conn, row))
    timeline = tuple(TimelineEntry(at=local(one.at, zone), kind=one.kind, text=one.text) for one in events)
    return OrderDetail(order=order(row, zone), document_ref=ref, timeline=timeline)


def story(conn: Any, row: OrderRow) -> tuple[tuple[OrderEvent, ...], str | None]:
    """An order's events and the ref of its document, when it has one."""
    found = documents.get(conn, row.document) if row.document else None
    return orders.events(conn, row.id), found.ref if found else None


@operation("Olhar o pedido de novo", tag=TAG, scope="orders", responses={202: OrderDetail}, problems=(404,))
async def retry(request: web.Request) -> web.Response:
    """Reads the order again at the marketplace and goes on from there; what is already done is not done twice."""
    row = await _find(request)
    services = request.app[SERVICES]
    await look_again(services.db, actor(request), row, services.clock.epoch_ms())
    return ok(await _detail(request, row), status=202)


async def look_again(db: Any, who: str, row: OrderRow, at: int) -> None:
    """Ask for the order to be looked at now, and wake what had stopped for a person; with the audit row, in one transaction."""

    def write(conn: Any) -> None:
        asked = orders.look_at(conn, row.account, row.external_id)
        stopped = [job.id for job in jobs.live_for(conn, row.id) if job.state == "needs_attention"]
        if jobs.get(conn, asked).state in ("waiting", "needs_attention"):
            stopped.append(asked)
        for job_id in stopped:
            jobs.retry_now(conn, job_id)
        access.record(conn, actor=who, action="order.retry", subject=row.id, at=at)

    await db.write(write)
