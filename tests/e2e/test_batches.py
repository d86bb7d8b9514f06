"""A batch seen from the outside: streamed in, cut and resumed, corrected, cancelled; a bad line blocks nobody."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from sqlalchemy import func, select

from gateway import demo_data
from gateway.sim.sefaz import Fault
from gateway.stage import Stage
from gateway.store.tables import documents, number_sequences
from tests.e2e.test_raw import note

NDJSON = {"Content-Type": "application/x-ndjson"}


def body(*lines: Any) -> bytes:
    return b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines)


async def post(stage: Stage, ref: str, data: Any, path: str = "/v1/batches", **headers: str) -> tuple[int, Any]:
    async with stage.http.post(path, data=data, headers={**NDJSON, "Idempotency-Key": ref, **headers}) as answer:
        return answer.status, await answer.json()


async def get(stage: Stage, path: str) -> Any:
    async with stage.http.get(path) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def ended(stage: Stage, ref: str, state: str = "finished") -> Any:
    for _ in range(600):
        found = await get(stage, f"/v1/batches/{ref}")
        if found["state"] == state and not found["pending"]:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(found)


async def answers(stage: Stage, ref: str, query: str = "") -> list[Any]:
    """Every line's answer, as the NDJSON stream gives it."""
    async with stage.http.get(f"/v1/batches/{ref}/lines{query}", headers={"Accept": "application/x-ndjson"}) as answer:
        assert (answer.status, answer.content_type) == (200, "application/x-ndjson")
        return [json.loads(line) for line in (await answer.text()).splitlines()]


async def stored(stage: Stage) -> int:
    query = select(func.count()).select_from(documents)
    return int(await stage.gateway.db.read(lambda conn: conn.execute(query).scalar_one()))


async def test_every_line_has_its_answer_and_a_bad_one_blocks_nobody(stage: Stage) -> None:
    unknown = demo_data.sale("b-3") | {"items": [{"sku": "NAO-HA", "quantity": 1}]}
    lines = body(
        demo_data.sale("b-1"),
        b"{nonsense",
        unknown,
        demo_data.sale("b-4") | {"surprise": 1},
        demo_data.nfce("b-5") | {"kind": "nfce"},
        demo_data.sale("b-1") | {"notes": "outra"},
        demo_data.sale("b-1"),
        demo_data.sale("b-8") | {"branch": "11444777000161"},
        note("b-9"),
    )
    status, told = await post(stage, "lote-1", lines)
    assert status == 202
    # Nine lines read; the seventh is the first again, so eight are kept; the sixth is told at once.
    upload = told["upload"]
    assert (upload["read"], upload["new"], upload["replayed"], upload["corrected"]) == (9, 8, 1, 0)
    assert [(one["line"], one["ref"], one["fault"]["code"]) for one in upload["told"]] == [(6, "b-1", "GW-IDEMPOTENCY")]
    found = await ended(stage, "lote-1")
    assert (found["total"], found["authorized"], found["refused"], found["conflict"], found["rejected"]) == (8, 3, 4, 1, 0)
    assert found["rate_per_minute"] > 0 and found["estimated_end"] is None and found["finished_at"] is not None
    rows = await answers(stage, "lote-1")
    assert [(row["line"], row["ref"], row["status"]) for row in rows] == [
        (1, "b-1", "authorized"),
        (2, "", "refused"),
        (3, "b-3", "refused"),
        (4, "b-4", "refused"),
        (5, "b-5", "authorized"),
        (6, "b-1", "conflict"),
        (8, "b-8", "refused"),
        (9, "b-9", "authorized"),
    ]
    codes = [row["faults"][0]["code"] for row in rows if row["faults"]]
    assert codes == ["BATCH-LINE", "NFE-PRODUCT-01", "GW-UNKNOWN-FIELD", "GW-IDEMPOTENCY", "NFE-BRANCH-02"]
    assert [row["chave_acesso"][20:22] for row in rows if row["status"] == "authorized"] == ["55", "65", "55"]
    assert [row["kind"] for row in rows if row["status"] == "authorized"] == ["nfe", "nfce", "raw"]
    assert len(stage.sims.sefaz.authorized) == 3
    assert await stored(stage) == 3
    page = await get(stage, "/v1/batches/lote-1/lines?state=refused,conflict&limit=2")
    rest = await get(stage, f"/v1/batches/lote-1/lines?state=refused,conflict&limit=200&cursor={page['next']}")
    assert [row["line"] for row in page["items"] + rest["items"]] == [2, 3, 4, 6, 8]
    (listed,) = (await get(stage, "/v1/batches"))["items"]
    assert (listed["ref"], listed["state"], listed["state_label"]) == ("lote-1", "finished", "Concluído")


async def test_a_connection_lost_half_way_is_gone_on_with(stage: Stage) -> None:
    sales = [demo_data.sale(f"r-{n}") for n in range(250)]
    held = asyncio.Event()

    async def cut() -> AsyncIterator[bytes]:
        yield body(*sales[:220])
        await held.wait()

    posting = asyncio.create_task(post(stage, "lote-r", cut()))
    while not (found := await maybe(stage, "lote-r")) or found["total"] < 200:
        await asyncio.sleep(0.02)
    # Two hundred lines are durable; the last twenty were in the chunk that was being filled.
    posting.cancel()
    await asyncio.gather(posting, return_exceptions=True)
    assert (found["total"], found["state"], found["received_at"]) == (200, "receiving", None)
    status, told = await post(stage, "lote-r", body(*sales))
    assert (status, told["upload"]["new"], told["upload"]["replayed"]) == (202, 50, 200)
    found = await ended(stage, "lote-r")
    assert (found["total"], found["authorized"]) == (250, 250)
    assert len(stage.sims.sefaz.authorized) == 250
    again = await post(stage, "lote-r", body(*sales))
    assert (again[1]["upload"]["new"], again[1]["upload"]["replayed"]) == (0, 250)
    assert await stored(stage) == 250


async def maybe(stage: Stage, ref: str) -> Any:
    async with stage.http.get(f"/v1/batches/{ref}") as answer:
        return await answer.json() if answer.status == 200 else None


async def test_refused_and_rejected_lines_are_corrected_by_posting_them_again(stage: Stage) -> None:
    stage.sims.sefaz.push_fault(Fault(action="cstat", service="NFeAutorizacao4", cStat="805"))
    unknown = demo_data.sale("c-2") | {"items": [{"sku": "NAO-HA", "quantity": 1, "unit_price": "10.00"}]}
    unknown["payments"] = [{"method": "pix", "amount": "10.00"}]
    await post(stage, "lote-c", body(demo_data.sale("c-1"), unknown, demo_data.sale("c-3") | {"operation": "nada"}))
    found = await ended(stage, "lote-c")
    assert (found["rejected"], found["refused"], found["authorized"]) == (1, 2, 0)
    first = (await answers(stage, "lote-c"))[0]
    assert (first["status"], first["answer"]["cStat"], first["number"]) == ("rejected", "805", 1)
    # A rejected note is not corrected by the plain post: it has a number.
    told = (await post(stage, "lote-c", body(demo_data.sale("c-1") | {"notes": "corrigida"})))[1]
    assert [one["fault"]["code"] for one in told["upload"]["told"]] == ["GW-IDEMPOTENCY"]
    await ended(stage, "lote-c")
    product = {"description": "Xícara", "ncm": "69120000", "unit": "UN"}
    async with stage.http.put("/v1/products/NAO-HA", json={"sku": "NAO-HA", **product}) as answer:
        assert answer.status in (200, 201)
    fixed = body(demo_data.sale("c-1") | {"notes": "corrigida"}, demo_data.sale("c-3"), demo_data.sale("de-fora"))
    status, told = await post(stage, "-", fixed, "/v1/batches/lote-c/retry")
    assert (status, told["upload"]["corrected"], told["upload"]["new"]) == (202, 2, 0)
    assert [(one["line"], one["fault"]["code"]) for one in told["upload"]["told"]] == [(3, "BATCH-RETRY-REF")]
    await ended(stage, "lote-c")
    async with stage.http.post("/v1/batches/lote-c/retry") as answer:
        # Only the one whose product is now known is left.
        assert (await answer.json())["upload"]["corrected"] == 1
    found = await ended(stage, "lote-c")
    assert (found["total"], found["authorized"], found["refused"], found["conflict"]) == (3, 3, 0, 0)
    first = (await answers(stage, "lote-c"))[0]
    assert (first["status"], first["number"]) == ("authorized", 1)
    async with stage.http.get("/v1/nfe/c-1/xml") as answer:
        assert "<infCpl>corrigida</infCpl>" in await answer.text()
    assert await stored(stage) == 3


async def test_a_cancelled_batch_spends_no_more_numbers(stage: Stage) -> None:
    stage.sims.sefaz.push_fault(Fault(action="cstat", service="NFeAutorizacao4", cStat="108", times=0))
    await post(stage, "lote-x", body(*(demo_data.sale(f"x-{n}") for n in range(700))))
    while (await get(stage, "/v1/batches/lote-x"))["accepted"] < 64:
        await asyncio.sleep(0.05)
    async with stage.http.post("/v1/batches/lote-x/cancel", json={"reason": "arquivo errado"}) as answer:
        assert (answer.status, (await answer.json())["state"]) == (202, "cancelled")
    for _ in range(400):
        pending = (await get(stage, "/v1/batches/lote-x"))["pending"]
        rows = await answers(stage, "lote-x", "?state=accepted")
        if not pending or all(row["number"] for row in rows):
            break
        await asyncio.sleep(0.05)
    # What has no number was stopped, and nothing else; what has one is still on its way.
    found = await get(stage, "/v1/batches/lote-x")
    assert all(row["number"] for row in rows)
    assert found["cancelled"] + found["accepted"] == 700 and found["cancelled"] > 0
    used = await stage.gateway.db.read(lambda conn: conn.execute(select(number_sequences.c.next)).scalar())
    assert used == found["accepted"] + 1
    status, problem = await post(stage, "lote-x", body(demo_data.sale("x-novo")))
    assert (status, problem["code"]) == (409, "GW-TRANSITION")
    async with stage.http.post("/v1/batches/lote-x/retry") as answer:
        assert answer.status == 409
    assert (await get(stage, "/v1/batches/lote-x"))["total"] == 700


async def test_a_table_with_its_mapping(stage: Stage) -> None:
    mapping = """
delimiter = ";"
[columns]
ref = "pedido"
"items.0.sku" = "codigo"
"items.0.quantity" = "qtde"
"items.0.unit_price" = "preco"
"payments.0.amount" = "total"
[constants]
branch = "11222333000181"
kind = "nfce"
"payments.0.method" = "pix"
"""
    form = aiohttp.FormData()
    form.add_field("mapping", mapping, content_type="application/toml")
    form.add_field(
        "file", "pedido;codigo;qtde;preco;total\nT-1;CANECA;2;39.90;79.80\nT-2;CANECA;1;39.90;1.00\n", filename="v.csv"
    )
    async with stage.http.post("/v1/batches?ref=tabela", data=form) as answer:
        assert answer.status == 202, await answer.text()
    found = await ended(stage, "tabela")
    assert (found["total"], found["authorized"], found["refused"]) == (2, 1, 1)
    rows = await answers(stage, "tabela")
    assert [(row["line"], row["ref"], row["kind"]) for row in rows] == [(2, "T-1", "nfce"), (3, "T-2", "nfce")]
