"""The OpenAPI 3.1 document, made from the routes' own declarations: there is no second place to keep in step.

msgspec writes JSON Schema 2020-12, which is what 3.1 takes as it is.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import msgspec
from aiohttp import web

from gateway.api.operation import Operation, operation_of
from gateway.api.problems import TITLES, Problem
from gateway.api.services import SERVICES

_PARAMETER = re.compile(r"\{([a-z_]+)(?::[^{}]*)?\}")
_REFS = "#/components/schemas/{name}"

_ABOUT = """Gateway fiscal: NF-e, SEFAZ, VTEX, impressoras e filas.

Toda escrita tem uma chave de quem chama (`ref`, ou o próprio endereço): repetir não duplica. Erros são problem+json (RFC 9457)
com `code` estável e `faults`. Dinheiro é texto decimal em reais; listas andam por cursor."""


def operations(app: web.Application) -> list[tuple[str, str, Operation]]:
    """Every documented route as (method, OpenAPI path, operation), in the order it was added."""
    found = []
    for route in app.router.routes():
        declared = operation_of(route.handler)
        if declared is not None and route.method != "HEAD" and route.resource is not None:
            found.append((route.method.lower(), _PARAMETER.sub(r"{\1}", route.resource.canonical), declared))
    return found


def build(app: web.Application) -> dict[str, Any]:
    """The document. Pure: the same application gives the same document."""
    routes = operations(app)
    types: list[Any] = [Problem]
    for _, _, one in routes:
        types += [t for t in (one.request, *one.responses.values()) if _is_type(t) and t not in types]
    schemas, components = _schemas(tuple(types))
    schema_of = dict(zip(map(id, types), schemas, strict=True))
    paths: dict[str, Any] = {}
    for method, path, one in routes:
        paths.setdefault(path, {})[method] = _operation(method, path, one, schema_of)
    settings = app[SERVICES].settings
    return {
        "openapi": "3.1.0",
        "info": {"title": "Gateway fiscal", "version": settings.version, "description": _ABOUT},
        "servers": [{"url": settings.public_url or "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(one.tag for _, _, one in routes)],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"api_key": {"type": "http", "scheme": "bearer", "description": "`Authorization: Bearer gw_...`"}},
        },
    }


@cache
def _schemas(types: tuple[Any, ...]) -> tuple[tuple[dict[str, Any], ...], dict[str, Any]]:
    """Worked out once per process: half of what starting an application costs."""
    return msgspec.json.schema_components(types, ref_template=_REFS)


def _is_type(value: Any) -> bool:
    return value is not None and not isinstance(value, str)


def _operation(method: str, path: str, one: Operation, schema_of: dict[int, Any]) -> dict[str, Any]:
    names = _PARAMETER.findall(path)
    name = re.sub(r"[^a-z0-9]+", "_", path.lower()).strip("_")
    described: dict[str, Any] = {
        "summary": one.summary,
        "description": one.description,
        "operationId": f"{method}_{name or 'root'}",
        "tags": [one.tag],
        "security": [{"api_key": []}] if one.scope else [],
        "responses": {str(status): _response(what, schema_of) for status, what in sorted(one.responses.items())},
    }
    if one.scope:
        described["x-scope"] = one.scope
    parameters: list[dict[str, Any]] = [
        {"name": each, "in": "path", "required": True, "schema": {"type": "string"}} for each in names
    ]
    parameters += [
        {"name": p.name, "in": p.where, "required": p.required, "description": p.description, "schema": p.schema}
        for p in one.parameters
    ]
    if parameters:
        described["parameters"] = parameters
    if one.request is not None:
        described["requestBody"] = {
            "required": one.request_required,
            "content": {one.request_media: {"schema": schema_of[id(one.request)]}},
        }
    problem = schema_of[id(Problem)]
    codes = {*one.problems, *((401, 403) if one.scope else ()), 500}
    for status in sorted(codes - set(one.responses)):
        content = {"application/problem+json": {"schema": problem}}
        described["responses"][str(status)] = {"description": TITLES[status], "content": content}
    return described


def _response(what: Any, schema_of: dict[int, Any]) -> dict[str, Any]:
    if isinstance(what, str):
        return {"description": "O arquivo", "content": {what: {"schema": {"type": "string", "format": "binary"}}}}
    return {"description": "Resposta", "content": {"application/json": {"schema": schema_of[id(what)]}}}
