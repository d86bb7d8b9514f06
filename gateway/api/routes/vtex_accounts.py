"""`/v1/branches/{cnpj}/vtex`: the VTEX accounts a branch bills for."""

from __future__ import annotations

import re
from typing import Any

from aiohttp import web

from gateway.api.auth import actor, require_branch
from gateway.api.decode import read_json
from gateway.api.operation import operation
from gateway.api.presentation import ZONES, local
from gateway.api.resources import (
    Listing,
    VtexAccount,
    VtexAccountSummary,
)
from gateway.api.respond import bad, ok
from gateway.api.routes.branches import TAG, branch_of
from gateway.api.services import SERVICES
from gateway.store import access, setup
from gateway.store.setup import VtexAccountRow

_ADDRESS = re.compile(r"https://[^/@\s]+(/\S*)?$|http://(127\.0\.0\.1|localhost)(:\d+)?(/\S*)?$")
"""https, or plain http to this very machine: a simulator or a proxy."""


@operation(
    "Cadastrar ou alterar a conta VTEX da filial",
    tag=TAG,
    scope="setup",
    request=VtexAccount,
    responses={200: VtexAccountSummary, 201: VtexAccountSummary},
    problems=(400, 403, 404, 413, 422),
)
async def put_vtex(request: web.Request) -> web.Response:
    """Orders of this account are billed by this branch. Secrets are encrypted at rest and never read back."""
    branch = await branch_of(request)
    body = await read_json(request, VtexAccount)
    if body.config.base_url and not _ADDRESS.match(body.config.base_url):
        fix = "Use https://, ou deixe vazio para o endereço padrão da conta."
        raise bad("VTEX-BASE-URL", "$.config.base_url", "O endereço da VTEX precisa ser https.", fix)
    services = request.app[SERVICES]
    known = await services.db.read(lambda conn: setup.get_vtex_account(conn, body.account))
    if known is not None:
        # Another branch's account is not taken over by a key that does not cover that branch.
        require_branch(request, known.branch)
    at, who = services.clock.epoch_ms(), actor(request)

    def write(conn: Any) -> bool:
        new = setup.put_vtex_account(
            conn,
            services.vault,
            body.account,
            branch=branch.cnpj,
            config=body.config,
            app_key=body.app_key,
            app_token=body.app_token,
            hook_secret=body.hook_secret,
            at=at,
        )
        access.record(conn, actor=who, action="vtex.put", subject=body.account, at=at)
        return new

    new = await services.db.write(write)
    row = VtexAccountRow(body.account, branch.cnpj, body.config, known.created_at if known else at, at)
    return ok(await _account(request, row), status=201 if new else 200)


@operation("Ver as contas VTEX da filial", tag=TAG, scope="setup", responses={200: Listing[VtexAccountSummary]}, problems=(404,))
async def list_vtex(request: web.Request) -> web.Response:
    """Accounts billed by the branch, without their secrets, with the address to configure as hook."""
    branch = await branch_of(request)
    rows = await request.app[SERVICES].db.read(lambda conn: setup.list_vtex_accounts(conn, branch=branch.cnpj))
    return ok(Listing(items=tuple([await _account(request, row) for row in rows]), next=None))


async def _account(request: web.Request, row: VtexAccountRow) -> VtexAccountSummary:
    zone = await request.app[ZONES].of(row.branch)
    return VtexAccountSummary(
        account=row.account,
        branch=row.branch,
        config=row.config,
        hook_url=f"{request.app[SERVICES].settings.public_url}/webhooks/vtex/{row.account}",
        updated_at=local(row.updated_at, zone),
    )
