"""`/openapi.json` and `/docs`: the API described by itself, without anything from elsewhere."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from gateway.api.console.render import render
from gateway.api.operation import operation

DOCUMENT = web.AppKey("openapi", bytes)


@operation("Descrição da API (OpenAPI 3.1)", tag="Operação", scope=None, responses={200: "application/json"})
async def openapi(request: web.Request) -> web.Response:
    """This document."""
    return web.Response(body=request.app[DOCUMENT], content_type="application/json")


def encoded(document: dict[str, Any]) -> bytes:
    """The document as it is served."""
    return msgspec.json.encode(document)


async def page(request: web.Request) -> web.Response:
    """The same, for people: one page, searchable by the browser, that works without JavaScript."""
    described = msgspec.json.decode(request.app[DOCUMENT])
    groups: dict[str, list[dict[str, object]]] = {}
    for path, methods in described["paths"].items():
        for method, one in methods.items():
            groups.setdefault(one["tags"][0], []).append({"method": method.upper(), "path": path, **one})
    schemas = sorted(described["components"]["schemas"].items())
    shown = [(name, msgspec.json.format(msgspec.json.encode(schema)).decode()) for name, schema in schemas]
    return render(request, "docs.html", "", described=described, groups=groups, schemas=shown)
