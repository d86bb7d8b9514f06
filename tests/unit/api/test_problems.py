"""Everything that is refused, and how: code, path, sentence, fix, and nothing stored."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from yarl import URL

from gateway.store.tables import documents
from tests.unit.api.house import CNPJ, OTHER, House, sale

Client = TestClient[Any, Any]
ITEM = {"sku": "A1", "quantity": 1}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (sale(foo=1), [("GW-UNKNOWN-FIELD", "$.foo")]),
        (sale(items=[{**ITEM, "bar": 2}]), [("GW-UNKNOWN-FIELD", "$.items[0].bar")]),
        (
            sale(items=[ITEM, {**ITEM, "product": {"sku": "A1"}}]),
            [
                ("GW-REQUIRED", "$.items[1].product.description"),
                ("GW-REQUIRED", "$.items[1].product.ncm"),
            ],
        ),
        ({"ref": "x"}, [("GW-REQUIRED", "$.branch")]),
        (sale(items=[{}]), [("GW-REQUIRED", "$.items[0].sku"), ("GW-REQUIRED", "$.items[0].quantity")]),
        (sale(ref=""), [("GW-LENGTH", "$.ref")]),
        (sale(ref="a b"), [("GW-PATTERN", "$.ref")]),
        (sale(ref=7), [("GW-TYPE", "$.ref")]),
        (sale(presence="lua"), [("GW-ENUM", "$.presence")]),
        (sale(issued_at="ontem"), [("GW-DATE", "$.issued_at")]),
        (sale(issued_at="2026-11-03T10:00:00"), [("GW-DATE", "$.issued_at")]),
        (sale(discount="muito"), [("GW-NUMBER", "$.discount")]),
        (sale(discount="NaN"), [("GW-NUMBER", "$.discount")]),
        (sale(items=[{"sku": "A1", "quantity": "Infinity"}]), [("GW-NUMBER", "$.items[0].quantity")]),
        (sale(other="1E+400"), [("GW-NUMBER", "$.other")]),
        (
            sale(customer={"tax_id": "1" * 19, "name": "M" * 256}),
            [("GW-LENGTH", "$.customer.tax_id"), ("GW-LENGTH", "$.customer.name")],
        ),
        (sale(freight={"volumes": -1}), [("GW-RANGE", "$.freight.volumes")]),
        ([], [("GW-TYPE", "$")]),
    ],
)
async def test_a_bad_body_names_every_fault(client: Client, house: House, body: Any, expected: list[tuple[str, str]]) -> None:
    answer = await client.post("/v1/nfe", json=body, headers=await house.key())
    problem = await answer.json()
    assert answer.status == 422
    assert answer.content_type == "application/problem+json"
    assert [(fault["code"], fault["path"]) for fault in problem["faults"]] == expected
    assert all(fault["message"].endswith(".") and fault["fix"] for fault in problem["faults"])
    assert problem["code"] == "GW-VALIDATION"
    assert problem["status"] == 422
    assert await house.rows(documents) == 0


async def test_the_problem_is_exactly_this(client: Client, house: House) -> None:
    answer = await client.post("/v1/nfe", json=sale(presence="lua"), headers=await house.key())
    assert await answer.json() == {
        "type": "/docs#GW-VALIDATION",
        "title": "Dados inválidos",
        "status": 422,
        "detail": "O valor de `presence` não é um dos aceitos.",
        "code": "GW-VALIDATION",
        "faults": [
            {
                "code": "GW-ENUM",
                "path": "$.presence",
                "message": "O valor de `presence` não é um dos aceitos.",
                "fix": "Use um destes: presencial, internet, teleatendimento, entrega, presencial_fora, outros.",
                "source": "",
            }
        ],
    }


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b'{"ref":"\xff"}', b'{"ref": NaN}', b'{"items":' + b"[" * 5000], ids=repr
)
async def test_what_is_not_json_is_400(client: Client, house: House, body: bytes) -> None:
    answer = await client.post("/v1/nfe", data=body[:60] if len(body) < 60 else body, headers=await house.key())
    assert answer.status in (400, 422)
    problem = await answer.json()
    assert problem["code"] in ("GW-JSON", "GW-VALIDATION")
    assert problem["faults"][0]["fix"]


async def test_a_number_keeps_its_digits(client: Client, house: House) -> None:
    text = json.dumps(sale()).replace("19.9", "12345678901.2345678901")
    answer = await client.post("/v1/nfe", data=text, headers=await house.key())
    assert (await answer.json())["total"] == "24691357802.4691357802"


async def test_a_body_over_the_limit_is_413(client: Client, house: House) -> None:
    key = await house.key()
    plain = await client.post("/v1/nfe", data=json.dumps(sale(notes="x" * 300_000)), headers=key)
    bomb = gzip.compress(json.dumps(sale(notes="x" * 20_000_000)).encode())
    assert len(bomb) < 64 * 1024
    zipped = await client.post("/v1/nfe", data=bomb, headers={**key, "Content-Encoding": "gzip"})
    for answer in (plain, zipped):
        problem = await answer.json()
        assert (answer.status, problem["code"], problem["title"]) == (413, "GW-TOO-LARGE", "Corpo grande demais")
        assert problem["faults"][0]["path"] == "$"
    assert await house.rows(documents) == 0


async def test_a_gzip_body_within_the_limit_is_read(client: Client, house: House) -> None:
    body = gzip.compress(json.dumps(sale()).encode())
    answer = await client.post("/v1/nfe", data=body, headers={**await house.key(), "Content-Encoding": "gzip"})
    assert answer.status == 202


async def test_a_broken_gzip_body_is_400(client: Client, house: House) -> None:
    answer = await client.post("/v1/nfe", data=b"not gzip", headers={**await house.key(), "Content-Encoding": "gzip"})
    assert (answer.status, answer.content_type) == (400, "application/problem+json")


@pytest.mark.parametrize("path", ["/v1/nfe/a%00b", "/v1/nfe?search=%00", "/v1/orders?%00=a"])
async def test_a_nul_in_the_address_is_refused(client: Client, house: House, path: str) -> None:
    answer = await client.get(URL(path, encoded=True), headers=await house.key())
    assert (answer.status, (await answer.json())["code"]) == (400, "GW-URL")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nothing", 404, "GW-NO-ROUTE"),
        ("GET", "/", 404, "GW-NO-ROUTE"),
        ("DELETE", "/v1/nfe", 405, "GW-METHOD"),
        ("POST", "/healthz", 405, "GW-METHOD"),
    ],
)
async def test_no_such_address_or_method(client: Client, method: str, path: str, status: int, code: str) -> None:
    answer = await client.request(method, path)
    assert (answer.status, answer.content_type, (await answer.json())["code"]) == (status, "application/problem+json", code)
    if status == 405:
        assert answer.headers["Allow"]


async def test_every_answer_carries_the_security_headers(client: Client) -> None:
    for path in ("/healthz", "/v1/nothing", "/v1/nfe", "/console/login"):
        headers = (await client.get(path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["Server"] == "gateway"


@pytest.mark.parametrize(
    "value",
    ["", "Bearer", "Bearer x", "Basic abc", "Bearer gw_test_000000000000_" + "0" * 64, "Bearer gw_test_xyz_" + "0" * 64],
)
async def test_no_valid_key_is_401(client: Client, house: House, value: str) -> None:
    answer = await client.post("/v1/nfe", json=sale(), headers={"Authorization": value} if value else {})
    problem = await answer.json()
    assert (answer.status, problem["code"]) == (401, "GW-UNAUTHORIZED")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert await house.rows(documents) == 0


async def test_the_scope_is_enforced(client: Client, house: House) -> None:
    key = await house.key("nfe:read")
    refused = await client.post("/v1/nfe", json=sale(), headers=key)
    assert (refused.status, (await refused.json())["code"]) == (403, "GW-SCOPE")
    assert (await client.get("/v1/nfe", headers=key)).status == 200
    assert (await client.get("/v1/jobs", headers=key)).status == 403
    assert await house.rows(documents) == 0


async def test_the_branches_of_a_key_are_enforced(client: Client, house: House) -> None:
    await client.post("/v1/nfe", json=sale(), headers=await house.key())
    key = await house.key(branches=(OTHER,))
    refused = await client.post("/v1/nfe", json=sale("x", branch="11.222.333/0001-81"), headers=key)
    assert (refused.status, (await refused.json())["code"]) == (403, "GW-BRANCH")
    assert (await client.get("/v1/nfe/venda-1", headers=key)).status == 404
    assert (await client.get("/v1/nfe/venda-1/xml", headers=key)).status == 404
    assert (await client.post("/v1/nfe/venda-1/retry", headers=key)).status == 404
    assert (await client.get(f"/v1/nfe?branch={CNPJ}", headers=key)).status == 403
    assert (await (await client.get("/v1/nfe", headers=key)).json())["items"] == []
    assert (await client.get(f"/v1/branches/{CNPJ}", headers=key)).status == 404
    assert (await client.get(f"/v1/sefaz/status?branch={CNPJ}", headers=key)).status == 403
    assert await house.rows(documents) == 1
