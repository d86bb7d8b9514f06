"""**Lotes**: how far each batch is, and the answer to every line."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from gateway.api.console.render import query, render
from gateway.api.console.session import SESSION
from gateway.api.respond import choices
from gateway.api.routes.batches import stop, try_again
from gateway.api.services import SERVICES
from gateway.core.errors import NotFound
from gateway.store import batches, queries
from gateway.store.batch_lines import LINE_LABELS, list_lines
from gateway.store.batches import STATE_LABELS, BatchRow

PAGE = 20
LINES = 100


async def index(request: web.Request) -> web.Response:
    """Newest first, each with its bar."""
    services, cursor = request.app[SERVICES], request.query.get("cursor")
    page = await services.db.read(lambda conn: queries.list_batches(conn, cursor=cursor, limit=PAGE))
    following = query("/console/lotes", cursor=page.next) if page.next else ""
    return render(request, "batches.html", "batches", rows=page.rows, next=following, first=not cursor, labels=STATE_LABELS)


async def _find(request: web.Request) -> BatchRow:
    name = request.match_info["id"]
    row = await request.app[SERVICES].db.read(lambda conn: batches.get(conn, name))
    if row is None:
        raise NotFound(f"O lote '{name[:100]}' não existe.", fix="Procure na lista de lotes.")
    return row


async def show(request: web.Request) -> web.Response:
    """The numbers, the pace, and the lines; filters are in the address."""
    row = await _find(request)
    services = request.app[SERVICES]
    statuses = choices(request, "state", LINE_LABELS)
    after = request.query.get("depois", "0")
    after = after if after.isascii() and after.isdigit() and len(after) < 10 else "0"

    def read(conn: Any) -> tuple[Any, Any]:
        return batches.progress(conn, row.id), list_lines(conn, row.id, after=int(after), limit=LINES + 1, statuses=statuses)

    found, lines = await services.db.read(read)
    base, state = f"/console/lotes/{row.id}", request.query.get("state", "")
    following = query(base, state=state, depois=lines[LINES - 1].seq) if len(lines) > LINES else ""
    return render(
        request,
        "batch.html",
        "batches",
        batch=found,
        lines=lines[:LINES],
        labels=STATE_LABELS,
        line_labels=LINE_LABELS,
        state=state,
        base=base,
        next=following,
        first=after == "0",
        now=services.clock.epoch_ms(),
    )


async def cancel(request: web.Request) -> web.Response:
    """Stop what has no number yet."""
    row = await _find(request)
    await stop(request.app[SERVICES], row, f"user:{request[SESSION].username}", "pelo console")
    return web.Response(status=303, headers={"Location": f"/console/lotes/{row.id}?feito=batch_cancel"})


async def retry(request: web.Request) -> web.Response:
    """Try the refused and rejected lines again, as they are."""
    row = await _find(request)
    await try_again(request.app[SERVICES], row, f"user:{request[SESSION].username}")
    return web.Response(status=303, headers={"Location": f"/console/lotes/{row.id}?feito=batch_retry"})
