"""`/v1/inutilizacoes`: numbers that will never be notes, and the gaps that the law wants voided."""

from __future__ import annotations

from aiohttp import web

from gateway.api.auth import actor, branches_of, hidden, require_branch, sees
from gateway.api.decode import read_json
from gateway.api.event_resources import NewVoiding, Voiding
from gateway.api.live import LIVE
from gateway.api.operation import LIMIT, PREFER, Parameter, operation
from gateway.api.presentation import ZONES, local, maybe_local
from gateway.api.resources import Listing
from gateway.api.respond import ok, page_limit, preferred_wait
from gateway.api.services import SERVICES, Services
from gateway.core.errors import NotFound
from gateway.core.taxid import strip_punctuation
from gateway.nfe.events.lifecycle import VOIDING
from gateway.store import access, voiding_intake, voidings
from gateway.store.voidings import VoidingRow

TAG = "Numeração"
FINAL = frozenset({"registered", "rejected"})


@operation(
    "Inutilizar números",
    tag=TAG,
    scope="numbers:write",
    request=NewVoiding,
    responses={202: Voiding, 200: Voiding},
    parameters=(PREFER,),
    problems=(400, 403, 404, 409, 422, 503),
)
async def create(request: web.Request) -> web.Response:
    """Asks SEFAZ to void a range of numbers without notes, at most 10,000 a request. Numbers of rejected notes may be in it:
    those notes end `voided`. From the asking on nobody gets a number of the range. A lost answer is recovered by itself."""
    body = await read_json(request, NewVoiding)
    require_branch(request, body.branch)
    services = request.app[SERVICES]
    row, known = await ask(services, actor(request), body)
    return await _answer(request, row, replayed=known)


async def ask(services: Services, who: str, body: NewVoiding) -> tuple[VoidingRow, bool]:
    """Ask for a range and write who did; answers it, and whether this very one had been asked for before."""
    row, known = await voiding_intake.request_voiding(
        services.db,
        services.clock,
        ref=body.ref,
        branch=strip_punctuation(body.branch),
        model=body.model,
        series=body.series,
        first=body.first,
        last=body.last,
        reason=body.reason,
        year=body.year,
    )
    if not known:
        at, data = services.clock.epoch_ms(), {"first": body.first, "last": body.last, "series": body.series}
        await services.db.write(
            lambda conn: access.record(conn, actor=who, action="numbers.void", subject=row.ref, at=at, data=data)
        )
    return row, known


async def _answer(request: web.Request, row: VoidingRow, *, replayed: bool = False) -> web.Response:
    services = request.app[SERVICES]
    headers: dict[str, str] = {"Idempotent-Replayed": "true"} if replayed else {}
    seconds = preferred_wait(request, services.settings.wait_limit)
    latest = row
    if seconds and row.status not in FINAL:

        async def final() -> bool:
            nonlocal latest
            found = await services.db.read(lambda conn: voidings.get(conn, row.id))
            latest = found or latest
            return latest.status in FINAL

        await request.app[LIVE].until(f"voiding:{row.id}", final, seconds=seconds)
        headers["Preference-Applied"] = f"wait={seconds:.0f}"
    shown = await _shown(request, latest)
    headers["Location"] = shown.links["self"]
    return ok(shown, status=200 if latest.status in FINAL else 202, headers=headers)


async def _shown(request: web.Request, row: VoidingRow) -> Voiding:
    zone = await request.app[ZONES].of(row.branch)
    base = f"{request.app[SERVICES].settings.public_url}/v1/inutilizacoes/{row.id}"
    return Voiding(
        id=row.id,
        ref=row.ref,
        branch=row.branch,
        model=row.model,
        series=row.series,
        year=row.year,
        first=row.first,
        last=row.last,
        reason=row.justification,
        status=row.status,
        status_label=VOIDING.labels[row.status],
        protocolo=row.protocol,
        cStat=row.cstat,
        xMotivo=row.reason,
        registered_at=maybe_local(row.registered_at, zone),
        created_at=local(row.created_at, zone),
        updated_at=local(row.updated_at, zone),
        links={"self": base, "xml": f"{base}/xml"} if row.proc is not None else {"self": base},
    )


@operation(
    "Listar inutilizações",
    tag=TAG,
    scope="nfe:read",
    responses={200: Listing[Voiding]},
    parameters=(Parameter("branch", "CNPJ of the issuer"), LIMIT),
    problems=(403, 422),
)
async def index(request: web.Request) -> web.Response:
    """The newest first."""
    branches = branches_of(request, request.query.get("branch"))
    wanted = frozenset(branches) if branches else None
    limit = page_limit(request)
    found = await request.app[SERVICES].db.read(lambda conn: voidings.recent(conn, wanted, limit=limit))
    return ok(Listing(items=tuple([await _shown(request, row) for row in found]), next=None))


async def _found(request: web.Request) -> VoidingRow:
    name = request.match_info["id"]
    row = await request.app[SERVICES].db.read(lambda conn: voidings.get(conn, name) or voidings.by_ref(conn, name))
    if row is None or not sees(request, row.branch):
        raise hidden("A inutilização", name)
    return row


@operation(
    "Ver uma inutilização",
    tag=TAG,
    scope="nfe:read",
    responses={200: Voiding, 202: Voiding},
    parameters=(PREFER,),
    problems=(404,),
)
async def show(request: web.Request) -> web.Response:
    """By id or ref; 202 while SEFAZ has not answered."""
    return await _answer(request, await _found(request))


@operation("XML de uma inutilização", tag=TAG, scope="nfe:read", responses={200: "application/xml"}, problems=(404,))
async def xml(request: web.Request) -> web.Response:
    """The procInutNFe: the request as it was sent and the answer as it was received, byte for byte."""
    row = await _found(request)
    if row.proc is None:
        raise NotFound("A inutilização não tem XML: ou não terminou, ou só o protocolo dela pôde ser recuperado.")
    name = f"{row.branch}_{row.model}_{row.series}_{row.first}-{row.last}-procInutNFe.xml"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(body=row.proc, content_type="application/xml", charset="utf-8", headers=headers)
