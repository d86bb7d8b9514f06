"""`/v1/exports`: a branch's month for the accountant, as one ZIP."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from aiohttp import web
from msgspec import Meta, Struct

from gateway.api.auth import actor, hidden, require_branch, sees
from gateway.api.decode import read_json
from gateway.api.operation import operation
from gateway.api.presentation import ZONES, local, maybe_local
from gateway.api.respond import bad, ok
from gateway.api.services import SERVICES
from gateway.core.errors import StateError
from gateway.core.taxid import strip_punctuation
from gateway.store import access, exports
from gateway.store.exports import STATE_LABELS, ExportRow

TAG = "Exportação"


class ExportRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """branch: CNPJ. month: AAAA-MM, of authorisation, in the branch's time zone."""

    branch: Annotated[str, Meta(max_length=18)]
    month: Annotated[str, Meta(max_length=7)]


class ExportLinks(Struct, frozen=True, kw_only=True):
    """file: null until the ZIP is whole."""

    self: str
    file: str | None


class Export(Struct, frozen=True, kw_only=True):
    """files: documents written so far, of total. sha256 (hex) and size (bytes) are the ZIP's, once it is done."""

    id: str
    branch: str
    month: str
    status: str
    status_label: str
    files: int
    total: int
    size: int | None
    sha256: str | None
    error: str | None
    created_at: datetime
    finished_at: datetime | None
    links: ExportLinks


@operation(
    "Pedir a exportação de um mês",
    tag=TAG,
    scope="exports",
    request=ExportRequest,
    responses={200: Export, 202: Export},
    problems=(400, 403, 404, 413, 422),
)
async def post(request: web.Request) -> web.Response:
    """202 with the export to follow; 200 with the one on its way when the same month of the branch was already asked for."""
    body = await read_json(request, ExportRequest)
    branch = strip_punctuation(body.branch)
    require_branch(request, branch)
    if not re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", body.month):
        raise bad("GW-MONTH", "$.month", "O mês não está no formato AAAA-MM.", "Exemplo: 2026-11.")
    services = request.app[SERVICES]
    who, at = actor(request), services.clock.epoch_ms()

    def write(conn: Any) -> tuple[ExportRow, bool]:
        row, new = exports.ask(conn, branch, body.month, actor=who, at=at)
        if new:
            access.record(conn, actor=who, action="export.ask", subject=branch, at=at, data={"month": body.month})
        return row, new

    row, new = await services.db.write(write)
    shown = await _shown(request, row)
    return ok(shown, status=202 if new else 200, headers={"Location": shown.links.self})


@operation("Ver uma exportação", tag=TAG, scope="exports", responses={200: Export}, problems=(404,))
async def show(request: web.Request) -> web.Response:
    """How far it is, and its file once it is whole."""
    return ok(await _shown(request, await _find(request)))


@operation("Baixar uma exportação", tag=TAG, scope="exports", responses={200: "application/zip"}, problems=(404, 409))
async def file(request: web.Request) -> web.StreamResponse:
    """The ZIP, streamed; `Range` is honoured. The newest export of the same month replaces its file."""
    row = await _find(request)
    path = Path(row.path or "")
    if row.state != "done" or not await asyncio.to_thread(path.is_file):
        raise StateError(
            "O arquivo desta exportação não está neste servidor.",
            code="EXPORT-FILE",
            fix="Espere ela terminar, ou peça de novo em POST /v1/exports.",
        )
    headers = {"Content-Disposition": f'attachment; filename="{path.name}"', "Content-Type": "application/zip"}
    return web.FileResponse(path, headers=headers)


async def _find(request: web.Request) -> ExportRow:
    name = request.match_info["id"]
    row = await request.app[SERVICES].db.read(lambda conn: exports.get(conn, name[:40]))
    if row is None or not sees(request, row.branch):
        raise hidden("A exportação", name)
    return row


async def _shown(request: web.Request, row: ExportRow) -> Export:
    zone = await request.app[ZONES].of(row.branch)
    here = f"{request.app[SERVICES].settings.public_url}/v1/exports/{row.id}"
    return Export(
        id=row.id,
        branch=row.branch,
        month=row.month,
        status=row.state,
        status_label=STATE_LABELS[row.state],
        files=row.files,
        total=row.total,
        size=row.size,
        sha256=row.sha256,
        error=row.error,
        created_at=local(row.created_at, zone),
        finished_at=maybe_local(row.finished_at, zone),
        links=ExportLinks(self=here, file=f"{here}/file" if row.state == "done" else None),
    )
