"""**Numeração**: the gaps that the law wants voided, each with its deadline, and the ranges already asked for."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from gateway.api.console.render import render
from gateway.api.console.session import SESSION
from gateway.api.event_resources import NewVoiding
from gateway.api.respond import bad
from gateway.api.routes.voidings import ask
from gateway.api.services import SERVICES
from gateway.core.ids import new_id
from gateway.store import number_gaps, setup, voidings

RECENT = 50


async def index(request: web.Request) -> web.Response:
    """Every series with something to void, looked at now; then the newest requests, and a form for any range."""
    services = request.app[SERVICES]

    def read(conn: Any) -> dict[str, Any]:
        branches = {branch.cnpj: branch for branch in setup.list_branches(conn)}
        return {
            "branches": list(branches.values()),
            "groups": [
                (branches[one.branch], one, gaps)
                for one in number_gaps.every_series(conn)
                if one.branch in branches and (gaps := number_gaps.proposals(conn, branches[one.branch], one))
            ],
            "asked": voidings.recent(conn, None, limit=RECENT),
        }

    found = await services.db.read(read)
    today = services.clock.now().astimezone(services.settings.zone).date()
    return render(request, "numbering.html", "numbers", today=today, ref=new_id("console"), **found)


async def void(request: web.Request) -> web.Response:
    """Ask for a range, as `POST /v1/inutilizacoes` does. The form carries its own ref: sent twice, it is one request."""
    form = {name: str(value).strip() for name, value in (await request.post()).items()}
    names = ("ref", "branch", "model", "series", "first", "last", "reason", "year")
    told = {name: form[name] for name in names if form.get(name)}
    try:
        body = msgspec.convert(told, NewVoiding, strict=False)
    except msgspec.ValidationError as error:
        message = f"O pedido de inutilização não está completo: {error}."
        fix = "Confira filial, série e números; a justificativa tem de 15 a 255 caracteres."
        raise bad("INUT-FORM", "$", message, fix) from error
    await ask(request.app[SERVICES], f"user:{request[SESSION].username}", body)
    return web.Response(status=303, headers={"Location": "/console/numeracao?feito=voiding"})
