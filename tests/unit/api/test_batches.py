"""What a batch's post takes and refuses, who may see it, and that its size is nobody's memory."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import CookieJar
from aiohttp.test_utils import TestClient

from gateway.api import batch_stream
from gateway.api.app import make_app
from gateway.api.batch_stream import checked
from gateway.core.rows import Row
from gateway.store import batch_lines, batches
from gateway.store.tables import batch_lines as line_table
from gateway.store.tables import batches as table
from gateway.store.tables import jobs
from tests.unit.api.house import CNPJ, OTHER, House, sale
from tests.unit.api.test_console import enter, hidden
from tests.unit.api.test_work import audits

Client = TestClient[Any, Any]


@pytest.fixture
async def browser(house: House, aiohttp_client: Callable[..., Awaitable[Client]]) -> Client:
    return await aiohttp_client(make_app(house.services), cookie_jar=CookieJar(unsafe=True))


NDJSON = {"Content-Type": "application/x-ndjson"}


def body(*lines: Any) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


async def post(client: Client, key: dict[str, str], data: Any, ref: str = "lote", **headers: str) -> tuple[int, Any]:
    answer = await client.post("/v1/batches", data=data, headers={**key, **NDJSON, "Idempotency-Key": ref, **headers})
    return answer.status, await answer.json()


async def test_a_key_sees_its_own_batches_and_its_own_branch(client: Client, house: House) -> None:
    key, other = await house.key("nfe:write", "nfe:read", branches=(CNPJ,)), await house.key(branches=(OTHER,))
    status, told = await post(client, key, body(sale("a"), sale("b", branch=OTHER)))
    assert (status, told["batch"]["total"], told["batch"]["refused"]) == (202, 2, 1)
    path = told["batch"]["links"]["self"]
    lines = (await (await client.get(f"{path}/lines", headers=key)).json())["items"]
    assert [(one["ref"], one["status"], [f["code"] for f in one["faults"]]) for one in lines] == [
        ("a", "taken", []),
        ("b", "refused", ["GW-BRANCH"]),
    ]
    for address in (path, f"{path}/lines"):
        assert (await client.get(address, headers=other)).status == 404
    for address in ("cancel", "retry"):
        assert (await client.post(f"{path}/{address}", headers=other)).status == 404
    assert (await (await client.get("/v1/batches", headers=other)).json())["items"] == []
    status, problem = await post(client, other, body(sale("c", branch=OTHER)))
    assert (status, problem["code"]) == (409, "GW-IDEMPOTENCY")
    assert len((await (await client.get("/v1/batches", headers=await house.key("nfe:read"))).json())["items"]) == 1
    reader = await house.key("nfe:read")
    assert (await post(client, reader, body(sale("c"))))[0] == 403
    assert (await client.post(f"{path}/cancel", headers=reader)).status == 403
    assert (await house.rows(table), await house.rows(line_table), await house.rows(jobs)) == (1, 2, 1)


async def test_a_ref_that_looks_like_an_id_hides_no_batch(client: Client, house: House) -> None:
    key = await house.key()
    first = (await post(client, key, body(sale("a")), ref="primeiro"))[1]["batch"]
    second = (await post(client, key, body(sale("b"), sale("c")), ref=first["id"]))[1]["batch"]
    assert (second["id"] != first["id"], second["total"]) == (True, 2)
    found = await (await client.get(first["links"]["self"], headers=key)).json()
    assert (found["ref"], found["total"]) == ("primeiro", 1)


async def test_what_is_no_batch_is_refused(client: Client, house: House) -> None:
    key = await house.key()
    assert (await post(client, key, b"", ref=""))[1]["faults"][0]["code"] == "BATCH-REF"
    assert (await post(client, key, b"{}", **{"Content-Type": "application/pdf"}))[0] == 415
    answer = await client.post("/v1/batches?ref=a&kind=cte", data=b"{}", headers={**key, **NDJSON})
    assert (answer.status, (await answer.json())["faults"][0]["code"]) == (422, "GW-ENUM")
    assert await house.rows(line_table) == 0
    status, told = await post(client, key, b"\n\n", ref="vazio")
    assert (status, told["batch"]["total"], told["upload"]["read"]) == (202, 0, 0)
    status, told = await post(client, key, gzip.compress(body(sale("a"))), ref="gz", **{"Content-Encoding": "gzip"})
    assert (status, told["upload"]["new"]) == (202, 1)
    answer = await client.get("/v1/batches/gz/lines?cursor=x", headers=key)
    assert (answer.status, (await answer.json())["faults"][0]["code"]) == (422, "GW-CURSOR")


async def test_past_a_bound_what_was_taken_stays(client: Client, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    key = await house.key()
    monkeypatch.setattr(batch_stream, "CHUNK_LINES", 2)
    monkeypatch.setattr(batch_lines, "MAX_LINES", 3)
    status, problem = await post(client, key, body(*(sale(f"v-{n}") for n in range(5))))
    # Chunks of two: the second would make four, so it is refused whole.
    assert (status, problem["code"]) == (413, "BATCH-LINES")
    found = await (await client.get("/v1/batches/lote", headers=key)).json()
    assert (found["total"], found["state"], found["received_at"]) == (2, "receiving", None)
    monkeypatch.setattr(batch_stream, "MAX_BYTES", 100)
    status, problem = await post(client, key, body(sale("x")), ref="grande")
    assert (status, problem["code"]) == (413, "BATCH-BYTES")


async def test_a_line_that_changes_is_the_same_only_with_the_same_body(client: Client, house: House) -> None:
    key = await house.key()
    first = sale("a", discount=1.50)
    await post(client, key, body(first))
    same = json.dumps(dict(reversed(first.items()))).replace("1.5", "1.5 ").encode()
    status, told = await post(client, key, same)
    assert (told["upload"]["replayed"], told["upload"]["told"]) == (1, [])
    status, told = await post(client, key, body(first | {"discount": 2}))
    assert [(one["line"], one["ref"], one["fault"]["code"]) for one in told["upload"]["told"]] == [(1, "a", "GW-IDEMPOTENCY")]
    assert (status, told["batch"]["total"], told["batch"]["conflict"]) == (202, 2, 1)


async def test_a_bad_line_is_replaced_by_the_line_mended(client: Client, house: House) -> None:
    key = await house.key()
    await post(client, key, b'{"ref": "a"\n' + body(sale("b") | {"items": "x"}))
    status, told = await post(client, key, body(sale("a"), sale("b")))
    assert (status, told["upload"]["corrected"], told["upload"]["new"]) == (202, 2, 0)
    assert (told["batch"]["total"], told["batch"]["refused"], told["batch"]["pending"]) == (2, 0, 2)


def test_lines_that_no_text_can_hold_are_refused_alone() -> None:
    for row in (
        Row(1, {"ref": "\ud800", "branch": CNPJ}),
        Row(2, {"ref": "a", "kind": ["x"]}),
        Row(3, {"ref": "x" * 200}),
        Row(4, {"ref": {"a": 1}}),
        Row(5, json.loads('{"ref": "n", "items": [{"sku": "A", "quantity": 1e999}]}', parse_float=str)),
    ):
        line = checked(row, "nfe", lambda _branch: True)
        assert line.faults and line.body is None and len(line.ref) <= 100
    assert checked(Row(1, sale("a") | {"kind": "nfce"}), "nfe", lambda _: True).kind == "nfce"


async def test_memory_does_not_grow_with_the_lines(client: Client, house: House) -> None:
    key = await house.key()
    count = 1500

    async def many() -> AsyncIterator[bytes]:
        for n in range(count):
            yield body(sale(f"m-{n}", notes="x" * 1900, customer={"tax_id": "12345678909", "name": "N" * 200}))

    tracemalloc.start()
    try:
        status, told = await post(client, key, many())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (status, told["upload"]["new"]) == (202, count)
    # The body is 1500 x about 2.4 kB = 3.6 MB, decoded several times that; a chunk of it is 240 kB.
    assert peak < 3_000_000


async def test_the_console_shows_and_stops_a_batch(browser: Client, house: House) -> None:
    await post(browser, await house.key(), body(sale("a"), sale("b") | {"items": "x"}), ref="lote <1>")
    await house.user()
    await enter(browser)
    text = await (await browser.get("/console/lotes")).text()
    assert "lote &lt;1&gt;" in text and "1 de 2" in text and "Processando" in text
    found = await house.db.read(lambda conn: batches.get(conn, "lote <1>"))
    assert found is not None
    text = await (await browser.get(f"/console/lotes/{found.id}?state=refused")).text()
    assert ">b</td>" in text and ">a</td>" not in text
    form = {"csrf": hidden(text, "csrf")}
    answer = await browser.post(f"/console/lotes/{found.id}/cancelar", data=form, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, f"/console/lotes/{found.id}?feito=batch_cancel")
    assert "Cancelado" in await (await browser.get(answer.headers["Location"])).text()
    assert ("batch.cancel", "lote <1>") in [one[:2] for one in await audits(house)]
