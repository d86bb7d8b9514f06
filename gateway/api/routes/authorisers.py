"""`/v1/numbers` and `/v1/sefaz/status`: where the numbers stand, and whether the authoriser answers."""

from __future__ import annotations

import asyncio

from aiohttp import web

from gateway.api.auth import hidden, require_branch
from gateway.api.operation import Parameter, operation
from gateway.api.presentation import ZONES
from gateway.api.resources import AuthoriserStatus, HeldNumber, NumberGap, Numbers
from gateway.api.respond import bad, ok, path_cnpj
from gateway.api.services import SERVICES
from gateway.core.errors import OutcomeUnknown
from gateway.core.taxid import Cnpj
from gateway.store import queries, setup
from gateway.store.number_gaps import Series, proposals

STATUS_SECONDS = 20.0


@operation("Ver uma série", tag="NF-e", scope="nfe:read", responses={200: Numbers}, problems=(403, 404, 422))
async def numbers(request: web.Request) -> web.Response:
    """The next number, those held by notes that are not finished, and the gaps to be voided with their legal deadline, in the
    branch's environment."""
    cnpj = path_cnpj(request, "branch")
    require_branch(request, cnpj)
    model, series = request.match_info["model"], request.match_info["series"]
    if model not in ("55", "65") or not (series.isascii() and series.isdigit() and len(series) <= 3):
        raise bad("GW-SERIES", "series", "Modelo ou série inválidos.", "Use modelo 55 ou 65 e série de 0 a 999.")
    services = request.app[SERVICES]
    branch = await services.db.read(lambda conn: setup.get_branch(conn, cnpj))
    if branch is None:
        raise hidden("A filial", cnpj)
    found = await services.db.read(
        lambda conn: queries.number_series(conn, branch=cnpj, model=model, series=int(series), environment=branch.environment)
    )
    held = tuple(HeldNumber(number=number, ref=ref) for number, ref in found.held)
    proposed = await services.db.read(lambda conn: proposals(conn, branch, Series(cnpj, model, int(series), branch.environment)))
    gaps = tuple(NumberGap(first=one.first, last=one.last, ref=one.ref, year=one.year, deadline=one.deadline) for one in proposed)
    return ok(
        Numbers(
            branch=cnpj,
            model=model,
            series=int(series),
            environment=branch.environment,
            next=found.next,
            held=held,
            gaps=gaps,
        )
    )


@operation(
    "Situação da SEFAZ",
    tag="NF-e",
    scope="nfe:read",
    responses={200: AuthoriserStatus},
    parameters=(
        Parameter("branch", "CNPJ of the issuer", required=True),
        Parameter("cached", "`true`: what is known already, without asking; 404 when nothing is"),
        Parameter("model", "55 (default) or 65: some states have another authoriser for the NFC-e"),
    ),
    problems=(403, 404, 422, 502, 503, 504),
)
async def sefaz_status(request: web.Request) -> web.Response:
    """Asks the status service of the branch's authoriser, once in three minutes for all who ask; in between, and with
    `cached=true`, the last answer."""
    try:
        cnpj = Cnpj(request.query.get("branch", ""))
    except ValueError as error:
        raise bad("GW-CNPJ", "branch", f"CNPJ inválido: {error}.", "Informe ?branch= com o CNPJ da filial.") from error
    require_branch(request, cnpj)
    model = request.query.get("model", "55")
    if model not in ("55", "65"):
        raise bad("GW-MODEL", "model", f"O modelo '{model[:20]}' não existe.", "Informe 55 (NF-e) ou 65 (NFC-e).")
    services = request.app[SERVICES]
    if await services.db.read(lambda conn: setup.get_branch(conn, cnpj)) is None:
        raise hidden("A filial", cnpj)
    try:
        async with asyncio.timeout(STATUS_SECONDS):
            answer = await services.sefaz_status(cnpj, model, request.query.get("cached") == "true")
    except TimeoutError as error:
        raise OutcomeUnknown("A SEFAZ não respondeu a tempo.", fix="Tente de novo em alguns minutos.") from error
    zone = await request.app[ZONES].of(cnpj)
    return ok(
        AuthoriserStatus(
            branch=cnpj,
            running=answer.running,
            cStat=answer.cStat,
            xMotivo=answer.xMotivo,
            tMed=answer.tMed,
            dhRetorno=answer.dhRetorno.astimezone(zone) if answer.dhRetorno else None,
        )
    )
