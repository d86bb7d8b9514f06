"""`/v1/branches/{cnpj}/csc`: the secret behind version 2 of the NFC-e's QR code."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from gateway.api.auth import actor
from gateway.api.decode import read_json
from gateway.api.operation import operation
from gateway.api.presentation import ZONES, local
from gateway.api.resources import CscSummary, CscUpload, Listing
from gateway.api.respond import ok
from gateway.api.routes.branches import TAG, branch_of
from gateway.api.services import SERVICES
from gateway.nfe.qrcode import Csc
from gateway.store import access, csc
from gateway.store.csc import CscRow


@operation(
    "Cadastrar o CSC da NFC-e",
    tag=TAG,
    scope="setup",
    request=CscUpload,
    responses={200: CscSummary},
    problems=(400, 403, 404, 413, 422),
)
async def put(request: web.Request) -> web.Response:
    """Stores the CSC sealed, in place of the one the branch had in that environment. Version 3 of the QR code needs none."""
    branch = await branch_of(request)
    body = await read_json(request, CscUpload)
    services = request.app[SERVICES]
    at, who = services.clock.epoch_ms(), actor(request)
    environment = body.environment or branch.environment
    told = Csc(body.csc_id.lstrip("0"), body.csc)

    def write(conn: Any) -> CscRow:
        row = csc.put_csc(conn, services.vault, branch.cnpj, environment, told, at)
        data = {"environment": environment, "csc_id": told.id}
        access.record(conn, actor=who, action="csc.put", subject=branch.cnpj, at=at, data=data)
        return row

    return ok(await _summary(request, await services.db.write(write)))


@operation("Ver os CSC da filial", tag=TAG, scope="setup", responses={200: Listing[CscSummary]}, problems=(404,))
async def index(request: web.Request) -> web.Response:
    """Which environments have one, and its number; never the secret."""
    branch = await branch_of(request)
    rows = await request.app[SERVICES].db.read(lambda conn: csc.branch_csc_rows(conn, branch.cnpj))
    return ok(Listing(items=tuple([await _summary(request, row) for row in rows]), next=None))


async def _summary(request: web.Request, row: CscRow) -> CscSummary:
    zone = await request.app[ZONES].of(row.branch)
    return CscSummary(environment=row.environment, csc_id=row.csc_id, updated_at=local(row.updated_at, zone))
