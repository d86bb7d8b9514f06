"""A VTEX of the test's own: records every request, answers what the test scripted, and checks requests against `schemas/vtex`."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer. `drop` closes the connection instead, `hang` holds it until the client gives up."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    hang: bool = False


def answer_json(value: Any, status: int = 200, **headers: str) -> Answer:
    """A JSON answer."""
    return Answer(status, json.dumps(value).encode(), {"Content-Type": "application/json; charset=utf-8", **headers})


class VtexServer:
    """Answers in the order scripted; a request more than that is a 500 with a sentence."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.script: list[Answer] = []
        self.url = ""
        self.released = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application(client_max_size=32 * 1024 * 1024)
        app.router.add_route("*", "/{tail:.*}", self._handle)
        self._runner = web.AppRunner(app, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    async def stop(self) -> None:
        self.released.set()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(
            Seen(request.method, request.raw_path.split("?")[0], dict(request.query), dict(request.headers), await request.read())
        )
        answer = self.script.pop(0) if self.script else answer_json({"message": "não roteirizado"}, 500)
        if answer.hang:
            await self.released.wait()
        if answer.drop:
            assert request.transport is not None
            request.transport.abort()
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)


def contract(name: str) -> dict[str, Any]:
    """The description of a call."""
    loaded: dict[str, Any] = json.loads(files("schemas.vtex").joinpath(f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def breaks(seen: Seen, name: str) -> list[str]:
    """What of the request does not fit its description; empty when all does."""
    described = contract(name)
    wrong = []
    path = re.escape(described["x-path"]).replace(re.escape("{orderId}"), "[^/]+")
    if seen.method != described["x-method"] or not re.fullmatch(path, seen.path):
        wrong.append(f"{seen.method} {seen.path}")
    if "x-query" in described:
        wrong += check(seen.query, described["x-query"], "?")
    elif seen.query:
        wrong.append(f"query {seen.query}")
    wrong += check(json.loads(seen.body) if seen.body else None, described, "$")
    for header in ("X-VTEX-API-AppKey", "X-VTEX-API-AppToken"):
        if not seen.headers.get(header):
            wrong.append(header)
    if seen.headers.get("Accept") != "application/json" or seen.headers.get("Content-Type") != "application/json":
        wrong.append("Accept/Content-Type")
    return wrong


_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "null": (type(None),),
}


def check(value: Any, schema: dict[str, Any], path: str) -> list[str]:
    """The few words of JSON Schema that `schemas/vtex` uses."""
    wanted = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if isinstance(value, bool) or not any(isinstance(value, _TYPES[name]) for name in wanted):
        return [f"{path}: {type(value).__name__} não é {wanted}"]
    wrong: list[str] = []
    if isinstance(value, dict):
        known = schema.get("properties", {})
        wrong += [f"{path}.{name}: falta" for name in schema.get("required", []) if name not in value]
        for name, item in value.items():
            if name in known:
                wrong += check(item, known[name], f"{path}.{name}")
            elif schema.get("additionalProperties") is False:
                wrong.append(f"{path}.{name}: a mais")
    elif isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            wrong.append(f"{path}: {len(value)} itens")
        for i, item in enumerate(value):
            wrong += check(item, schema["items"], f"{path}[{i}]")
    elif isinstance(value, str):
        wrong += _check_text(value, schema, path)
    elif isinstance(value, int) and value < schema.get("minimum", value):
        wrong.append(f"{path}: {value}")
    return wrong


def _check_text(value: str, schema: dict[str, Any], path: str) -> list[str]:
    fits = value in schema.get("enum", [value]) and re.search(schema.get("pattern", ""), value)
    return [] if fits and len(value) >= schema.get("minLength", 0) else [f"{path}: {value[:80]!r}"]
