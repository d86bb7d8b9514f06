"""`/v1/branches/{cnpj}/operations`: what each operation is to the fisco in a branch, and the branch's own rows."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from typing import Any

import msgspec
from aiohttp import web

from gateway.api.auth import actor
from gateway.api.decode import decode, read_body
from gateway.api.operation import Parameter, operation
from gateway.api.presentation import ZONES
from gateway.api.resources import Operations
from gateway.api.respond import bad, ok
from gateway.api.routes.branches import TAG, branch_of
from gateway.api.services import SERVICES
from gateway.core.errors import ValidationFailed
from gateway.core.faults import Fault
from gateway.nfe.operation_faults import faults_of
from gateway.nfe.operations import CFOPS, SCOPES, BranchOperation, Explained, explain, names
from gateway.store import access
from gateway.store.branch_operations import operations_of, put_operations

CSV = "text/csv"
MAX_ROWS = 2000
_COLUMNS = BranchOperation.__struct_fields__
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
    text = _written(_COLUMNS, [msgspec.to_builtins(row) for row in own]) if which == "own" else _written_used(used)
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
    rows = _read_csv(body) if request.content_type == CSV else _checked(decode(body, list[BranchOperation]))
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


def _checked(rows: list[BranchOperation]) -> list[BranchOperation]:
    if len(rows) > MAX_ROWS:
        raise bad("OPERATION-MANY", "$", f"São {len(rows)} linhas; o limite é {MAX_ROWS}.", "Retire as que não valem mais.")
    if faults := faults_of(rows):
        raise ValidationFailed(faults[:100])
    return rows


def _read_csv(body: bytes) -> list[BranchOperation]:
    """Rows of a CSV file in UTF-8, by comma or semicolon, empty cells left out. Faults are at `$line[n]`, n as editors count."""
    try:
        text = body.decode("utf-8-sig")
        head = text.partition("\n")[0]
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=";" if head.count(";") > head.count(",") else ",")
        read = [(reader.line_num, row) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise bad("OPERATION-CSV", "$", "O arquivo não é um CSV em UTF-8.", "Exporte de novo como CSV UTF-8.") from error
    lines = [line for line, _ in read]
    cells = [{key or "": value for key, value in row.items() if value} for _, row in read]
    values = [{key: _value(key, value) for key, value in row.items()} for row in cells]
    try:
        return _checked(decode(msgspec.json.encode(values), list[BranchOperation]))
    except ValidationFailed as error:
        raise ValidationFailed([_at_line(fault, lines) for fault in error.faults]) from error


def _value(column: str, text: Any) -> Any:
    return int(text) if column == "deadline_days" and re.fullmatch(r"[0-9]{1,9}", text) else text


def _at_line(fault: Fault, lines: list[int]) -> Fault:
    path = re.sub(r"^\$\[(\d+)\]", lambda found: f"$line[{lines[int(found[1])]}]", fault.path)
    return Fault(code=fault.code, path=path, message=fault.message, fix=fault.fix, source=fault.source)


def _written_used(used: tuple[Explained, ...]) -> str:
    rows = []
    for one in used:
        row = msgspec.to_builtins(one)
        for table in CFOPS:
            codes = row.pop(table)
            row.update({f"{table}_{scope}": codes.get(scope, "") for scope in SCOPES})
        row.update(model=" ".join(one.model), changed=" ".join(one.changed))
        rows.append(row)
    return _written(tuple(rows[0]) if rows else Explained.__struct_fields__, rows)


def _written(columns: tuple[str, ...], rows: list[dict[str, Any]]) -> str:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _csv(text: str, name: str) -> web.Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(body=text.encode(), content_type=CSV, charset="utf-8", headers=headers)
