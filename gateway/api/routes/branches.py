"""`/v1/branches`: who issues."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from gateway.api.auth import actor, hidden, require_branch, sees
from gateway.api.decode import read_json
from gateway.api.operation import operation
from gateway.api.presentation import ZONES, zone_named
from gateway.api.resources import (
    Listing,
)
from gateway.api.respond import ok, path_cnpj
from gateway.api.services import SERVICES
from gateway.core.errors import ValidationFailed
from gateway.core.faults import Fault
from gateway.core.taxid import Cnpj
from gateway.nfe.branch import Branch
from gateway.store import access, setup

TAG = "Cadastro"


@operation("Listar filiais", tag=TAG, scope="setup", responses={200: Listing[Branch]})
async def index(request: web.Request) -> web.Response:
    """Branches the key covers, by CNPJ."""
    found = await request.app[SERVICES].db.read(setup.list_branches)
    return ok(Listing(items=tuple(one for one in found if sees(request, one.cnpj)), next=None))


@operation("Ver uma filial", tag=TAG, scope="setup", responses={200: Branch}, problems=(404, 422))
async def show(request: web.Request) -> web.Response:
    """The branch as it was stored."""
    return ok(await branch_of(request))


async def branch_of(request: web.Request) -> Branch:
    return await branch_named(request, path_cnpj(request))


async def branch_named(request: web.Request, cnpj: Cnpj) -> Branch:
    """The branch, if the key covers it. Raises NotFound."""
    found = await request.app[SERVICES].db.read(lambda conn: setup.get_branch(conn, cnpj))
    if found is None or not sees(request, cnpj):
        raise hidden("A filial", cnpj)
    return found


@operation(
    "Cadastrar ou alterar uma filial",
    tag=TAG,
    scope="setup",
    request=Branch,
    responses={200: Branch, 201: Branch},
    problems=(400, 403, 413, 422),
)
async def put(request: web.Request) -> web.Response:
    """Stores the branch whole: what the body leaves out goes back to its default."""
    cnpj = path_cnpj(request)
    require_branch(request, cnpj)
    branch = await read_json(request, Branch)
    if faults := _branch_faults(branch, cnpj):
        raise ValidationFailed(faults)
    branch = msgspec.structs.replace(branch, cnpj=str(cnpj))
    services = request.app[SERVICES]
    at, who = services.clock.epoch_ms(), actor(request)

    def write(conn: Any) -> bool:
        new = setup.put_branch(conn, branch, at)
        access.record(conn, actor=who, action="branch.put", subject=branch.cnpj, at=at)
        return new

    new = await services.db.write(write)
    request.app[ZONES].forget(branch.cnpj)
    return ok(branch, status=201 if new else 200)


def _branch_faults(branch: Branch, cnpj: Cnpj) -> list[Fault]:
    faults: list[Fault] = []
    try:
        if Cnpj(branch.cnpj) != cnpj:
            fix = "Use o mesmo CNPJ nos dois lugares."
            faults.append(Fault(code="BRANCH-CNPJ", path="$.cnpj", message="O CNPJ do corpo não é o do endereço.", fix=fix))
    except ValueError as error:
        faults.append(Fault(code="GW-CNPJ", path="$.cnpj", message=f"CNPJ inválido: {error}.", fix="Confira o CNPJ."))
    if zone_named(branch.time_zone) is None:
        faults.append(
            Fault(
                code="BRANCH-ZONE",
                path="$.time_zone",
                message=f"O fuso '{branch.time_zone}' não existe.",
                fix="Use um nome da IANA, por exemplo America/Sao_Paulo ou America/Manaus.",
            )
        )
    return faults
