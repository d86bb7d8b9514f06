"""`/v1/contingency`: who issues without its authoriser, since when and why; begun and ended here or by policy."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from aiohttp import web
from msgspec import Meta, Struct

from gateway.api.auth import actor, require_branch, sees
from gateway.api.decode import read_json
from gateway.api.operation import Parameter, operation
from gateway.api.presentation import ZONES, local
from gateway.api.resources import Listing
from gateway.api.respond import bad, ok, path_cnpj
from gateway.api.routes.branches import branch_named
from gateway.api.services import SERVICES, Services
from gateway.core.errors import NotFound, NotSent, TransitionRefused
from gateway.nfe.contingency import Mode, justification, svc_refusal, ways
from gateway.store import access, contingencies

TAG = "Contingência"


class NewContingency(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Begin contingency. mode: left out, the state's first choice. reason: xJust of every note issued meanwhile.

    force: enter the SVC although it does not answer 107.
    """

    model: Literal["55", "65"]
    reason: Annotated[str, Meta(min_length=15, max_length=256)]
    mode: Literal["svc", "epec", "offline"] | None = None
    force: bool = False


class ContingencyState(Struct, frozen=True, kw_only=True):
    """`since` is dhCont; `left_at` None while it lasts. pending: notes that the buyers have and that were not transmitted yet."""

    id: str
    branch: str
    uf: str
    model: str
    environment: int
    mode: Literal["svc", "epec", "offline"]
    since: datetime
    reason: str
    entered_by: str
    left_at: datetime | None
    left_by: str | None
    pending: int


async def _states(request: web.Request, found: tuple[contingencies.Contingency, ...]) -> tuple[ContingencyState, ...]:
    def count(conn: Any) -> dict[str, int]:
        return {one.id: contingencies.pending(conn, one.id) for one in found}

    pending = await request.app[SERVICES].db.read(count)
    states = []
    for one in found:
        zone = await request.app[ZONES].of(one.branch)
        states.append(
            ContingencyState(
                id=one.id,
                branch=one.branch,
                uf=one.uf,
                model=one.model,
                environment=one.environment,
                mode=one.mode,
                since=local(one.since, zone),
                reason=one.reason,
                entered_by=one.entered_by,
                left_at=None if one.left_at is None else local(one.left_at, zone),
                left_by=one.left_by,
                pending=pending[one.id],
            )
        )
    return tuple(states)


@operation("Contingências em curso", tag=TAG, scope="nfe:read", responses={200: Listing[ContingencyState]})
async def index(request: web.Request) -> web.Response:
    """Those that last, of the branches the key covers."""
    found = await request.app[SERVICES].db.read(contingencies.active)
    return ok(Listing(items=await _states(request, tuple(one for one in found if sees(request, one.branch))), next=None))


@operation("Contingências da filial", tag=TAG, scope="nfe:read", responses={200: Listing[ContingencyState]}, problems=(404, 422))
async def show(request: web.Request) -> web.Response:
    """The branch's, newest first, ended ones too."""
    branch = await branch_named(request, path_cnpj(request, "branch"))
    found = await request.app[SERVICES].db.read(lambda conn: contingencies.of_branch(conn, branch.cnpj))
    return ok(Listing(items=await _states(request, found), next=None))


@operation(
    "Entrar em contingência",
    tag=TAG,
    scope="contingency:write",
    request=NewContingency,
    responses={200: ContingencyState, 201: ContingencyState},
    problems=(400, 403, 404, 409, 422),
)
async def enter(request: web.Request) -> web.Response:
    """From now on new notes of the model are issued in contingency; 200 when they already were. It ends by itself when SEFAZ is
    back. The SVC is asked first: while it does not answer 107 it is refused with 409 (CONTINGENCY-SVC), unless `force`."""
    cnpj = path_cnpj(request, "branch")
    require_branch(request, cnpj)
    branch = await branch_named(request, cnpj)
    asked = await read_json(request, NewContingency)
    try:
        reason = justification(asked.reason)
    except ValueError as error:
        fix = "Diga por que a SEFAZ não pôde ser usada."
        raise bad("CONTINGENCY-REASON", "$.reason", "A justificativa precisa de 15 a 256 caracteres.", fix) from error
    services = request.app[SERVICES]
    allowed = ways(branch, asked.model, services.clock.now())
    mode: Mode | None = asked.mode or next(iter(allowed), None)
    if mode is None or mode not in allowed:
        raise TransitionRefused(
            f"O modelo {asked.model} não tem essa contingência em {branch.address.uf}.",
            code="CONTINGENCY-MODE",
            fix=f"Use {' ou '.join(allowed)}." if allowed else "Espere a SEFAZ voltar.",
        )
    lasting = await services.db.read(lambda conn: contingencies.active_for(conn, branch.cnpj, branch.environment, asked.model))
    if mode == "svc" and lasting is None and not asked.force:
        await _ask_svc(services, branch.cnpj, "epec" in allowed)
    at, who = services.clock.epoch_ms(), actor(request)

    def write(conn: Any) -> tuple[contingencies.Contingency, bool]:
        found, new = contingencies.enter(conn, branch=branch, model=asked.model, mode=mode, reason=reason, who=who)
        if new:
            access.record(conn, actor=who, action="contingency.enter", subject=branch.cnpj, at=at, data={"model": asked.model})
        return found, new

    found, new = await services.db.write(write)
    (state,) = await _states(request, (found,))
    return ok(state, status=201 if new else 200)


async def _ask_svc(services: Services, branch: str, epec: bool) -> None:
    """Raises TransitionRefused unless the SVC says that it is active: a note sent before that would only be answered 114."""
    try:
        status = await services.svc_status(branch)
    except NotSent as error:
        cstat, told = None, error.detail
    else:
        cstat, told = status.cStat, status.xMotivo
    refusal = svc_refusal(cstat, told)
    if refusal is not None:
        instead = "use o EPEC (mode: epec)" if epec else "espere a SEFAZ voltar"
        raise TransitionRefused(
            refusal,
            code="CONTINGENCY-SVC",
            fix=f"Quem ativa a SVC é a SEFAZ da UF: {instead}, ou repita com force=true se ela já foi ativada.",
        )


@operation(
    "Sair da contingência",
    tag=TAG,
    scope="contingency:write",
    responses={200: ContingencyState},
    parameters=(Parameter("model", "55 or 65", required=True),),
    problems=(403, 404, 422),
)
async def leave(request: web.Request) -> web.Response:
    """Back to normal emission now; what the buyers have already is transmitted. 404 when the branch is not in contingency."""
    cnpj = path_cnpj(request, "branch")
    require_branch(request, cnpj)
    branch = await branch_named(request, cnpj)
    model = request.query.get("model", "")
    if model not in ("55", "65"):
        raise bad("GW-MODEL", "model", "Diga o modelo.", "Informe ?model=55 (NF-e) ou ?model=65 (NFC-e).")
    services = request.app[SERVICES]
    at, who = services.clock.epoch_ms(), actor(request)

    def write(conn: Any) -> contingencies.Contingency | None:
        found = contingencies.active_for(conn, branch.cnpj, branch.environment, model)
        if found is None or not contingencies.leave(conn, found.id, who):
            return None
        access.record(conn, actor=who, action="contingency.leave", subject=branch.cnpj, at=at, data={"model": model})
        return contingencies.get(conn, found.id)

    left = await services.db.write(write)
    if left is None:
        raise NotFound(f"A filial {branch.cnpj} não está em contingência no modelo {model}.")
    (state,) = await _states(request, (left,))
    return ok(state)
