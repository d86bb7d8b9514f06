"""`/v1/nfe`: accepted once, waited for, found by ref and chave, refused with nothing changed."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp.test_utils import TestClient

from gateway.core.errors import StorageFull
from gateway.store.jobs import live_for
from gateway.store.tables import documents, jobs
from tests.unit.api.house import CHAVE, CNPJ, OTHER, House, sale

Client = TestClient[Any, Any]


async def test_a_sale_is_accepted_with_links(client: Client, house: House) -> None:
    answer = await client.post("/v1/nfe", json=sale("loja:1/2"), headers=await house.key("nfe:write"))
    body = await answer.json()
    assert answer.status == 202
    assert answer.headers["Location"] == "/v1/nfe/loja%3A1%2F2"
    assert "Idempotent-Replayed" not in answer.headers
    assert body["ref"] == "loja:1/2"
    assert (body["status"], body["status_label"], body["final"]) == ("accepted", "Aceita", False)
    assert body["total"] == "39.8"
    assert body["customer"] == {"name": "Maria de Teste", "tax_id": "12345678909"}
    assert body["created_at"] == "2026-11-03T09:00:00-04:00"
    assert body["links"] == {"self": "/v1/nfe/loja%3A1%2F2", "xml": "/v1/nfe/loja%3A1%2F2/xml"}
    assert [event["kind"] for event in body["timeline"]] == ["accepted"]


async def test_the_same_sale_is_replayed_however_it_is_formatted(client: Client, house: House) -> None:
    key = await house.key()
    first = await client.post("/v1/nfe", json=sale(), headers=key)
    text = json.dumps(dict(reversed(sale().items())), indent=4)
    second = await client.post("/v1/nfe", data=text, headers=key)
    assert (first.status, second.status) == (202, 202)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert await second.json() == await first.json()
    assert await house.rows(documents) == 1
    assert await house.rows(jobs) == 1


async def test_another_sale_under_the_same_ref_is_a_conflict(client: Client, house: House) -> None:
    key = await house.key()
    await client.post("/v1/nfe", json=sale(), headers=key)
    answer = await client.post("/v1/nfe", json=sale(notes="outra"), headers=key)
    body = await answer.json()
    assert answer.status == 409
    assert answer.content_type == "application/problem+json"
    assert body["code"] == "GW-IDEMPOTENCY"
    assert body["title"] == "Conflito"
    assert await house.rows(documents) == 1


async def test_fifty_twins_are_one_document(client: Client, house: House) -> None:
    key = await house.key()
    answers = await asyncio.gather(*(client.post("/v1/nfe", json=sale(), headers=key) for _ in range(50)))
    assert {answer.status for answer in answers} == {202}
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == 49
    assert await house.rows(documents) == 1
    assert await house.rows(jobs) == 1


async def test_every_fault_of_the_business_rules_is_told(client: Client, house: House) -> None:
    answer = await client.post("/v1/nfe", json=sale(items=[{"sku": "desconhecido", "quantity": 1}]), headers=await house.key())
    body = await answer.json()
    assert answer.status == 422
    assert [(fault["code"], fault["path"]) for fault in body["faults"]] == [
        ("NFE-ITEM-01", "$.items[0].sku"),
        ("NFE-PAY-01", "$.payments"),
    ]
    assert await house.rows(documents) == 0


async def test_waiting_answers_200_as_soon_as_it_is_final(client: Client, house: House) -> None:
    key = await house.key()
    accepted = asyncio.Event()
    house.db.add_listener(lambda topics: accepted.set())
    waiting = asyncio.create_task(client.post("/v1/nfe", json=sale(), headers={**key, "Prefer": "wait=5"}))
    await accepted.wait()
    await house.authorize("venda-1")
    answer = await waiting
    body = await answer.json()
    assert answer.status == 200
    assert answer.headers["Preference-Applied"] == "wait=5"
    assert (body["status"], body["protocolo"], body["chave_acesso"]) == ("authorized", "135260000000001", CHAVE)
    assert body["answer"]["cStat"] == "100"
    assert body["links"]["danfe_pdf"] == "/v1/nfe/venda-1/danfe.pdf"
    assert [event["kind"] for event in body["timeline"]] == ["accepted", "number", "signed", "authorize"]


async def test_patience_is_bounded(client: Client, house: House) -> None:
    object.__setattr__(house.services.settings, "wait_limit", 0.01)
    answer = await client.post("/v1/nfe", json=sale(), headers={**await house.key(), "Prefer": "respond-async, wait=600"})
    assert answer.status == 202


async def test_a_full_disk_is_503_and_says_so(client: Client, house: House) -> None:
    house.edges.fail = StorageFull("Sem espaço em disco.", fix="Libere espaço.")
    answer = await client.post("/v1/nfe", json=sale(), headers=await house.key())
    body = await answer.json()
    assert answer.status == 503
    assert body["code"] == "STORAGE-FULL"
    assert body["fix"] == "Libere espaço."


async def test_a_defect_is_500_with_an_incident_and_no_leak(client: Client, house: House) -> None:
    house.edges.fail = RuntimeError("senha do banco: hunter2")
    answer = await client.post("/v1/nfe", json=sale(), headers=await house.key())
    text = await answer.text()
    body = json.loads(text)
    assert answer.status == 500
    assert body["code"] == "GW-DEFECT"
    assert body["incident"].startswith("inc_")
    assert "hunter2" not in text


async def test_a_note_is_found_by_ref_and_by_chave(client: Client, house: House) -> None:
    key = await house.key()
    await client.post("/v1/nfe", json=sale("a:b/c d".replace(" ", "~")), headers=key)
    await house.authorize("a:b/c~d")
    by_ref = await client.get(f"/v1/nfe/{quote('a:b/c~d', safe='')}", headers=key)
    by_chave = await client.get(f"/v1/nfe/{CHAVE}", headers=key)
    assert (by_ref.status, by_chave.status) == (200, 200)
    assert (await by_ref.json())["ref"] == (await by_chave.json())["ref"] == "a:b/c~d"


@pytest.mark.parametrize("ref", ["a%2Fxml", "100%25", "a{b}", "a+b", "?x#y", "preview"])
async def test_any_printable_ref_survives_the_address(client: Client, house: House, ref: str) -> None:
    key = await house.key()
    posted = await client.post("/v1/nfe", json=sale(ref), headers=key)
    answer = await client.get(posted.headers["Location"], headers=key)
    assert (await answer.json())["ref"] == ref


async def test_the_artefacts_of_an_authorised_note(client: Client, house: House) -> None:
    key = await house.key()
    await client.post("/v1/nfe", json=sale(), headers=key)
    early = await client.get("/v1/nfe/venda-1/xml", headers=key)
    assert (early.status, (await early.json())["code"]) == (409, "NFE-NO-XML")
    none = await client.get("/v1/nfe/venda-1/danfe.pdf", headers=key)
    assert (none.status, (await none.json())["code"]) == (409, "NFE-NO-DANFE")
    await house.authorize("venda-1")
    found = {
        name: await client.get(f"/v1/nfe/venda-1/{name}", headers=key)
        for name in ("xml", "danfe.pdf", "danfe.png", "danfe.escpos")
    }
    assert {name: (answer.status, answer.content_type) for name, answer in found.items()} == {
        "xml": (200, "application/xml"),
        "danfe.pdf": (200, "application/pdf"),
        "danfe.png": (200, "image/png"),
        "danfe.escpos": (200, "application/octet-stream"),
    }
    assert await found["xml"].read() == b"<nfeProc/>"
    assert await found["danfe.png"].read() == b"\x89PNG<nfeProc/>"
    assert await found["danfe.escpos"].read() == b"\x1b@<nfeProc/>"


async def test_retry_is_for_rejected_notes_only(client: Client, house: House) -> None:
    key = await house.key()
    await client.post("/v1/nfe", json=sale(), headers=key)
    before = await house.rows(jobs)
    answer = await client.post("/v1/nfe/venda-1/retry", headers=key)
    body = await answer.json()
    assert (answer.status, body["code"]) == (409, "GW-TRANSITION")
    assert await house.rows(jobs) == before


async def test_a_corrected_sale_keeps_ref_and_number(client: Client, house: House) -> None:
    key = await house.key()
    await client.post("/v1/nfe", json=sale(), headers=key)
    rejected = await house.reject("venda-1")
    corrected = sale(items=[{"sku": "A1", "quantity": 1, "unit_price": 10}])
    answer = await client.post("/v1/nfe/venda-1/retry", json=corrected, headers=key)
    body = await answer.json()
    assert body["number"] == rejected.number == 1
    assert body["total"] == "10"
    assert [event["kind"] for event in body["timeline"]][-2:] == ["resubmitted", "retry"]


async def test_a_retry_wakes_the_job_that_waits_for_a_person(client: Client, house: House) -> None:
    key = await house.key()
    await client.post("/v1/nfe", json=sale(), headers=key)
    row = await house.reject("venda-1")
    await house.db.write(lambda conn: conn.execute(jobs.update().values(state="needs_attention")))
    await client.post("/v1/nfe/venda-1/retry", headers=key)
    live = await house.db.read(lambda conn: live_for(conn, row.id))
    assert [(job.kind, job.state) for job in live] == [("nfe.issue", "ready")]


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [({"ref": "outra"}, "NFE-RETRY-REF", "$.ref"), ({"branch": OTHER}, "NFE-RETRY-BRANCH", "$.branch")],
)
async def test_a_correction_is_of_the_same_note(
    client: Client, house: House, change: dict[str, str], code: str, path: str
) -> None:
    key = await house.key()
    await client.post("/v1/nfe", json=sale(), headers=key)
    await house.reject("venda-1")
    answer = await client.post("/v1/nfe/venda-1/retry", json=sale(**change), headers=key)
    fault = (await answer.json())["faults"][0]
    assert (answer.status, fault["code"], fault["path"]) == (422, code, path)


async def test_the_list_is_paged_and_filtered(client: Client, house: House) -> None:
    key = await house.key()
    for n in range(5):
        await client.post("/v1/nfe", json=sale(f"r{n}"), headers=key)
        house.clock.forward(seconds=1)
    await house.authorize("r3")
    first = await (await client.get("/v1/nfe?limit=2", headers=key)).json()
    second = await (await client.get(f"/v1/nfe?limit=2&cursor={first['next']}", headers=key)).json()
    third = await (await client.get(f"/v1/nfe?limit=2&cursor={second['next']}", headers=key)).json()
    assert [[row["ref"] for row in page["items"]] for page in (first, second, third)] == [["r4", "r3"], ["r2", "r1"], ["r0"]]
    assert third["next"] is None

    async def refs(query: str) -> list[str]:
        page = await (await client.get(f"/v1/nfe?{query}", headers=key)).json()
        return [row["ref"] for row in page["items"]]

    assert await refs("status=authorized") == ["r3"]
    assert await refs(f"search={CHAVE}") == ["r3"]
    assert await refs("search=r2") == ["r2"]
    assert await refs("search=1") == ["r3"]
    assert len(await refs("search=123.456.789-09")) == 5
    assert await refs(f"branch={OTHER}") == []
    assert await refs("until=2026-11-02") == []
    assert len(await refs("since=2026-11-03&until=2026-11-03")) == 5


@pytest.mark.parametrize(
    ("query", "code", "path"),
    [
        ("status=nada", "GW-ENUM", "$query.status"),
        ("limit=0", "GW-LIMIT", "$query.limit"),
        ("limit=x", "GW-LIMIT", "$query.limit"),
        ("cursor=%21%21", "GW-CURSOR", "$.cursor"),
        ("since=ontem", "GW-DATE", "$query.since"),
    ],
)
async def test_a_wrong_filter_is_named(client: Client, house: House, query: str, code: str, path: str) -> None:
    answer = await client.get(f"/v1/nfe?{query}", headers=await house.key())
    fault = (await answer.json())["faults"][0]
    assert (answer.status, fault["code"], fault["path"]) == (422, code, path)


async def test_a_preview_stores_nothing(client: Client, house: House) -> None:
    answer = await client.post("/v1/nfe/preview", json=sale(), headers=await house.key())
    assert await answer.json() == {"xml": "<NFe/>", "total": "39.8", "warnings": []}
    assert await house.rows(documents) == 0


async def test_the_numbers_of_a_series(client: Client, house: House) -> None:
    key = await house.key()
    await client.post("/v1/nfe", json=sale("a"), headers=key)
    await client.post("/v1/nfe", json=sale("b"), headers=key)
    await house.authorize("a")
    await house.reject("b")
    body = await (await client.get(f"/v1/numbers/{CNPJ}/55/1", headers=key)).json()
    assert body == {
        "branch": CNPJ,
        "model": "55",
        "series": 1,
        "environment": 2,
        "next": 3,
        "held": [{"number": 2, "ref": "b"}],
        # Left behind in November: until the tenth of December.
        "gaps": [{"first": 2, "last": 2, "ref": "b", "year": 2026, "deadline": "2026-12-10"}],
    }


async def test_a_nfce_is_a_document_of_model_65_with_a_slip_and_no_page(client: Client, house: House) -> None:
    key = await house.key()
    answer = await client.post("/v1/nfce", json=sale("caixa-1"), headers=key)
    told = await answer.json()
    assert (answer.status, told["model"], told["links"]["self"]) == (202, "65", "/v1/nfe/caixa-1")
    await house.authorize("caixa-1")
    shown = await (await client.get("/v1/nfe/caixa-1", headers=key)).json()
    assert sorted(shown["links"]) == ["danfe_escpos", "danfe_png", "self", "xml"]
    assert (await client.get("/v1/nfe/caixa-1/danfe.png", headers=key)).status == 200
    page = await client.get("/v1/nfe/caixa-1/danfe.pdf", headers=key)
    problem = await page.json()
    assert (page.status, problem["code"]) == (409, "NFE-NO-PDF")


async def test_a_nfce_is_previewed(client: Client, house: House) -> None:
    answer = await client.post("/v1/nfce/preview", json=sale("caixa-1"), headers=await house.key())
    assert (answer.status, (await answer.json())["xml"]) == (200, "<NFe/>")
    assert await house.rows(documents) == 0
