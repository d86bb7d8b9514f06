"""**Certificados**: what each branch signs with, until when, and a form to send the next one."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from aiohttp.web_request import FileField

from gateway.api.console.render import render
from gateway.api.console.session import SESSION
from gateway.api.routes.certificates import MAX_PFX, store
from gateway.api.services import SERVICES
from gateway.core.errors import Forbidden, GatewayError, ValidationFailed
from gateway.core.taxid import strip_punctuation
from gateway.nfe.ports import Pfx
from gateway.nfe.validity import URGENCY_LABELS, validity
from gateway.store import certificates, setup

MAX_PASSWORD = 200


async def index(request: web.Request) -> web.Response:
    """Those in use, the soonest to end first; branches without any; the form, for who administers."""
    return await _page(request)


async def _page(request: web.Request, trouble: str = "", status: int = 200) -> web.Response:
    services = request.app[SERVICES]
    now = services.clock.epoch_ms()

    def read(conn: Any) -> tuple[list[Any], list[Any]]:
        return certificates.list_certificates(conn), setup.list_branches(conn)

    rows, branches = await services.db.read(read)
    owners = {row.owner for row in rows}
    return render(
        request,
        "certificates.html",
        "certificates",
        status=status,
        rows=[(row, validity(row.not_after, now)) for row in rows],
        bare=[one for one in branches if not owners & {one.cnpj, one.cnpj[: certificates.ROOT]}],
        branches=branches,
        roots=sorted({one.cnpj[: certificates.ROOT] for one in branches}),
        urgency=URGENCY_LABELS,
        trouble=trouble,
        admin=request[SESSION].role == "admin",
    )


async def put(request: web.Request) -> web.Response:
    """Store the PFX of the form, for an admin only: it signs for a company. What is wrong with it is said on the page."""
    session = request[SESSION]
    if session.role != "admin":
        raise Forbidden("Só um administrador troca certificados.", code="GW-ROLE", fix="Peça a quem administra o gateway.")
    form = await request.post()
    file, owner = form.get("pfx"), strip_punctuation(str(form.get("owner", ""))[:20])
    if not isinstance(file, FileField) or len(owner) not in (certificates.ROOT, 14):
        return await _page(request, "Escolha a filial (ou a empresa) e o arquivo .pfx.", 422)
    body = file.file.read(MAX_PFX + 1)
    if len(body) > MAX_PFX:
        return await _page(request, f"O arquivo passa de {MAX_PFX // 1024} KiB: não é um certificado A1.", 413)
    try:
        pfx = Pfx(body, str(form.get("password", ""))[:MAX_PASSWORD])
        _, chain = await store(request.app[SERVICES], owner, pfx, f"user:{session.username}")
    except ValidationFailed as error:
        return await _page(request, " ".join(f"{fault.message} {fault.fix}" for fault in error.faults), 422)
    except GatewayError as error:
        return await _page(request, f"{error.detail} {error.fix}", 422)
    if chain is not None and chain.status != "trusted":
        return await _page(request, f"Certificado guardado e em uso. {chain.text} A SEFAZ pode recusá-lo: confira o arquivo.")
    return web.Response(status=303, headers={"Location": "/console/certificados?feito=certificate"})
