"""The OpenAPI document is true: every route is in it, nothing else is, and every reference leads somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast

import msgspec
import pytest
from aiohttp import web

from gateway.api.app import ROUTES, make_app
from gateway.api.openapi import build
from gateway.api.operation import operation_of
from gateway.api.services import ApiSettings, Services
from gateway.core.clock import SystemClock
from gateway.store.access import SCOPES

PLAIN = {"/docs"}
"""Addresses that answer a page for people, and so are no part of the API."""


@pytest.fixture(scope="module")
def app() -> web.Application:
    nothing = cast(Any, None)
    return make_app(
        Services(
            db=nothing,
            vault=nothing,
            clock=SystemClock(),
            settings=ApiSettings(public_url="https://gw.example", version="1.2.3"),
            renderers=nothing,
            accept_sale=nothing,
            preview_sale=nothing,
            retry_document=nothing,
            sefaz_status=nothing,
            svc_status=nothing,
            taxpayer=nothing,
            load_certificate=nothing,
            vtex_hook=nothing,
        )
    )


@pytest.fixture(scope="module")
def document(app: web.Application) -> Any:
    return msgspec.json.decode(msgspec.json.encode(build(app)))


def operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    for path, methods in document["paths"].items():
        for method, one in methods.items():
            yield method.upper(), path, one


def test_it_is_openapi_3_1(document: Any) -> None:
    assert document["openapi"] == "3.1.0"
    assert document["info"]["version"] == "1.2.3"
    assert document["servers"] == [{"url": "https://gw.example"}]


def test_every_route_is_described_and_every_description_is_a_route(document: Any) -> None:
    routes = {(method, re.sub(r"\{(\w+):[^{}]*\}", r"{\1}", path)) for method, path, _ in ROUTES}
    described = {(method, path) for method, path, _ in operations(document)}
    assert routes - described == {("GET", path) for path in PLAIN}
    assert described - routes == set()


def test_every_reference_resolves(document: Any) -> None:
    schemas = document["components"]["schemas"]

    def references(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            for name, value in node.items():
                if name == "$ref":
                    yield value
                else:
                    yield from references(value)
        elif isinstance(node, list):
            for value in node:
                yield from references(value)

    found = set(references(document))
    assert found
    assert {ref.removeprefix("#/components/schemas/") for ref in found} <= set(schemas)
    assert len(schemas) == len({ref.removeprefix("#/components/schemas/") for ref in found})


def test_every_operation_says_what_it_needs_and_answers(document: Any) -> None:
    names: set[str] = set()
    for method, path, one in operations(document):
        assert one["summary"], path
        assert one["description"], path
        assert one["operationId"] not in names, path
        names.add(one["operationId"])
        assert "500" in one["responses"], path
        declared = {p["name"] for p in one.get("parameters", []) if p["in"] == "path"}
        assert declared == set(re.findall(r"\{(\w+)\}", path)), path
        if one["security"]:
            assert one["x-scope"] in SCOPES
            assert {"401", "403"} <= set(one["responses"]), path
        else:
            assert not path.startswith("/v1/"), path
        if "requestBody" in one and path.startswith("/v1/"):
            assert {"400", "422"} <= set(one["responses"]), f"{method} {path}"
        problems = [a for s, a in one["responses"].items() if int(s) >= 400 and s != "503"]
        assert all(list(answer["content"]) == ["application/problem+json"] for answer in problems), path


def test_the_body_of_a_sale_refuses_unknown_fields_in_the_schema_too(document: Any) -> None:
    schemas = document["components"]["schemas"]
    for name in ("Sale", "SaleItem", "Customer", "Branch", "Product"):
        assert schemas[name]["additionalProperties"] is False, name
    assert schemas["Problem"]["required"] == ["type", "title", "status", "detail", "code", "faults"]


def test_the_console_is_not_part_of_the_api(app: web.Application) -> None:
    for route in app.router.routes():
        path = route.resource.canonical if route.resource else ""
        assert (operation_of(route.handler) is None) == (path.startswith("/console") or path in PLAIN), path
