"""`/v1/branches/{cnpj}/operations`: what each operation is to the fisco in a branch, and the branch's own rows."""

from __future__ import annotations

from datetime import date
from typing import Any

from aiohttp import web

from gateway.api.auth import actor
from gateway.api.decode import decode, read_body
from gateway.api.operation import Parameter, operation
from gateway.api.operations_csv import checked, read_csv, written_own, written_used
from gateway.api.presentation import ZONES
from gateway.api.resources import Operations
from gateway.api.respond import bad, ok
from gateway.api.routes.branches import TAG, branch_of
from gateway.api.services import SERVICES
from gateway.nfe.operations import BranchOperation, explain, names
from gateway.store import access
from gateway.store.branch_operations import operations_of, put_operations

CSV = "text/csv"
_AT = Parameter("at", "Day, AAAA-MM-DD; today in the branch by default", schema={"type": "string", "format": "date"})
_ROWS = Parameter(
    "rows",
    "In CSV: `used` is what counts for every operation, `own` the branch's rows as they are imported",
    schema={"type": "string", "enum": ["used", "own"], "default": "used"},
)


@operation(
    "Ver as operações da filial",
    tag=TAG,
    scope="setup",
    responses={200: Operations},
    parameters=(_AT, _ROWS),
    problems=(404, 422),
)
async def index(request: web.Request) -> web.Response:
    """What will be used of each operation on a day, and why. With `Accept: text/csv` the same as a CSV file."""
    branch = await branch_of(request)
    services = request.app[SERVICES]
    own = await services.db.read(lambda conn: operations_of(conn, branch.cnpj))
    zone = await request.app[ZONES].of(branch.cnpj)
    day = _day(request, services.clock.now().astimezone(zone).date())
    used = tuple(explain(own, name, day) for name in names(day))
    which = request.query.get("rows", "used")
    if which not in ("used", "own"):
        raise bad("GW-ENUM", "rows", f"'{which[:40]}' não é um valor de `rows`.", "Use: used, own.")
    if CSV not in request.headers.get("Accept", ""):
        return ok(Operations(at=day, items=used, own=own))
    text = written_own(own) if which == "own" else written_used(used)
    return _csv(text, f"operacoes-{branch.cnpj}.csv")


@operation(
    "Trocar as linhas de operação da filial",
    tag=TAG,
    scope="setup",
    request=list[BranchOperation],
    responses={200: Operations},
    problems=(400, 403, 404, 413, 422),
)
async def put(request: web.Request) -> web.Response:
    """Replaces all of the branch's own rows, or none when any has a fault. As CSV (`Content-Type: text/csv`), one row a line."""
    branch = await branch_of(request)
    body = await read_body(request)
    rows = read_csv(body) if request.content_type == CSV else checked(decode(body, list[BranchOperation]))
    services = request.app[SERVICES]
    at, who = services.clock.epoch_ms(), actor(request)

    def write(conn: Any) -> tuple[BranchOperation, ...]:
        put_operations(conn, branch.cnpj, rows, at)
        access.record(conn, actor=who, action="operations.put", subject=branch.cnpj, at=at, data={"rows": len(rows)})
        return operations_of(conn, branch.cnpj)

    own = await services.db.write(write)
    zone = await request.app[ZONES].of(branch.cnpj)
    day = services.clock.now().astimezone(zone).date()
    return ok(Operations(at=day, items=tuple(explain(own, name, day) for name in names(day)), own=own))


def _day(request: web.Request, today: date) -> date:
    text = request.query.get("at", "")
    if not text:
        return today
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise bad("GW-DATE", "at", "`at` não é uma data.", "Use AAAA-MM-DD.") from error


def _csv(text: str, name: str) -> web.Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(body=text.encode(), content_type=CSV, charset="utf-8", headers=headers)
