"""`/webhooks/vtex/{account}`: VTEX says that something happened to an order. Stored before it is answered, in under 5 s.

Contract (VTEX, orders feed v3 and hook): a ping `{"hookConfig": "ping"}` is answered 200 at once; a notification is answered
200 within 5,000 ms or delivered again. What is not understood is answered 200 too and logged: it would come back for days.
"""

from __future__ import annotations

import asyncio

import structlog
from aiohttp import web

from gateway.api.decode import read_body, too_large
from gateway.api.operation import operation
from gateway.api.resources import Received
from gateway.api.respond import ok
from gateway.api.services import SERVICES
from gateway.core.errors import NotFound, StorageFull, Unauthorized

log = structlog.get_logger()

MAX_BODY = 64 * 1024
ANSWER_SECONDS = 4.0


@operation(
    "Notificação de pedido da VTEX",
    tag="Webhooks",
    scope=None,
    request_media="application/json",
    request=dict,
    responses={200: Received},
    problems=(401, 404, 413, 503),
)
async def vtex(request: web.Request) -> web.Response:
    """Verified by the account's secret header, not by an API key. The order itself is always read from VTEX later."""
    if (request.content_length or 0) > MAX_BODY:
        raise too_large(MAX_BODY)
    body = await read_body(request)
    if len(body) > MAX_BODY:
        raise too_large(MAX_BODY)
    account = request.match_info["account"]
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            answer = await request.app[SERVICES].vtex_hook(account, headers, body)
    except TimeoutError as error:
        raise StorageFull("O banco não respondeu a tempo; a VTEX enviará de novo.", code="STORAGE-SLOW") from error
    if answer.kind == "unauthorized":
        fix = "Confira o cabeçalho secreto na configuração do hook."
        raise Unauthorized(answer.detail or "O segredo da notificação não confere.", code="VTEX-HOOK-SECRET", fix=fix)
    if answer.kind == "unknown_account":
        fix = "Cadastre a conta em PUT /v1/branches/{cnpj}/vtex ou corrija o endereço do hook."
        raise NotFound(answer.detail or f"A conta '{account[:80]}' não está cadastrada.", code="VTEX-ACCOUNT", fix=fix)
    if answer.kind == "ignored":
        log.warning("vtex.hook_ignored", account=account[:80], detail=answer.detail, bytes=len(body))
    return ok(Received(result=answer.kind))
