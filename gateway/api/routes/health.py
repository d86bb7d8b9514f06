"""`/healthz`, `/readyz`, `/metrics`: for the machines that watch."""

from __future__ import annotations

import asyncio

from aiohttp import web

from gateway.api.live import LIVE
from gateway.api.metrics import METRICS
from gateway.api.operation import operation
from gateway.api.resources import Health
from gateway.api.respond import ok
from gateway.api.services import SERVICES
from gateway.core.errors import GatewayError

DATABASE_SECONDS = 2.0
TAG = "Operação"


@operation("O processo está vivo", tag=TAG, scope=None, responses={200: Health})
async def healthz(request: web.Request) -> web.Response:
    """Says only that the process answers: restart it when this does not."""
    return ok(Health(status="ok", version=request.app[SERVICES].settings.version))


@operation("O serviço pode trabalhar", tag=TAG, scope=None, responses={200: Health, 503: Health})
async def readyz(request: web.Request) -> web.Response:
    """The database answers and every part of this process works; otherwise 503 with the reason of each part."""
    services = request.app[SERVICES]
    reasons = dict(services.readiness())
    if request.app[LIVE].closed:
        reasons["api"] = "O processo está terminando."
    try:
        async with asyncio.timeout(DATABASE_SECONDS):
            await services.db.read(lambda conn: conn.exec_driver_sql("SELECT 1").scalar())
    except TimeoutError:
        reasons["database"] = f"O banco não respondeu em {DATABASE_SECONDS:.0f} segundos."
    except GatewayError as error:
        reasons["database"] = error.detail
    health = Health(status="unavailable" if reasons else "ok", version=services.settings.version, reasons=reasons)
    return ok(health, status=503 if reasons else 200)


@operation("Métricas (Prometheus)", tag=TAG, scope=None, responses={200: "text/plain"}, problems=(503,))
async def metrics(request: web.Request) -> web.Response:
    """Counters and gauges without any document's data."""
    body = await request.app[METRICS].render(request.app[SERVICES].db, request.app[SERVICES].clock)
    return web.Response(body=body, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})
