"""Jobs, orders, the VTEX webhook and what watches: each act leaves its audit, each refusal leaves nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import select, update

from gateway.api.services import HookAnswer
from gateway.core.errors import StorageFull
from gateway.store import jobs, orders, setup
from gateway.store.tables import audit
from gateway.store.tables import jobs as jobs_table
from gateway.workflows.ports import Hold, MarketplaceOrder
from tests.unit.api.house import CNPJ, OTHER, House, sale

Client = TestClient[Any, Any]


async def stopped_job(house: House, *, kind: str = "print.slip", subject: str = "doc_x") -> str:
    """A job that waits for a person."""

    def write(conn: Any) -> str:
        job_id = jobs.enqueue(conn, kind=kind, queue="print", subject=subject, payload={})
        change = {"state": "needs_attention", "error_code": "PRINT-PAPER", "error": "Sem papel.", "fix": "Troque a bobina."}
        conn.execute(update(jobs_table).where(jobs_table.c.id == job_id).values(**change))
        return job_id

    return await house.db.write(write)


async def parked_order(house: House, external_id: str = "1234-01") -> str:
    """An order that waits for a product."""
    order = MarketplaceOrder(
        account="minhaloja",
        order_id=external_id,
        group=None,
        status="ready-for-handling",
        value=Decimal("99.90"),
        created_at=None,
        last_change=None,
        customer=None,
        customer_candidates=(),
        items=(),
        packages=(),
        draft=None,
        holds=(),
        raw=b"{}",
    )
    hold = Hold("VTEX-PRODUCT-UNKNOWN", "Produto sem cadastro: 7.", "Cadastre o produto.")
    at = house.clock.epoch_ms()

    def write(conn: Any) -> str:
        setup.put_vtex_account(
            conn,
            house.services.vault,
            "minhaloja",
            branch=CNPJ,
            config=setup.VtexAccountConfig(),
            app_key="k",
            app_token="t",
            hook_secret="s",
            at=at,
        )
        row = orders.save(conn, order, source="vtex", branch=CNPJ, at=at)
        orders.move(conn, row.id, "hold", at=at, text=hold.message, hold=hold)
        return row.id

    return await house.db.write(write)


async def audits(house: House) -> list[tuple[str, str, Any]]:
    query = select(audit.c.action, audit.c.subject, audit.c.data).order_by(audit.c.at, audit.c.id)
    rows = await house.db.read(lambda conn: conn.execute(query).all())
    return [(row.action, row.subject, msgspec.json.decode(row.data)) for row in rows]


async def test_a_job_is_seen_and_tried_again(client: Client, house: House) -> None:
    key = await house.key("jobs")
    job_id = await stopped_job(house)
    seen = await (await client.get(f"/v1/jobs/{job_id}", headers=key)).json()
    assert seen["attempts"] == []
    assert (seen["job"]["state"], seen["job"]["state_label"]) == ("needs_attention", jobs.STATE_LABELS["needs_attention"])
    assert (seen["job"]["error"], seen["job"]["fix"]) == ("Sem papel.", "Troque a bobina.")
    answer = await client.post(f"/v1/jobs/{job_id}/retry", json={"reason": "papel trocado"}, headers=key)
    assert (answer.status, (await answer.json())["state"]) == (200, "ready")
    assert await audits(house) == [("job.retry", job_id, {"reason": "papel trocado", "kind": "print.slip"})]


async def test_a_job_is_snoozed_and_discarded_once(client: Client, house: House) -> None:
    key = await house.key("jobs")
    job_id = await stopped_job(house)
    snoozed = await client.post(f"/v1/jobs/{job_id}/snooze", json={"seconds": 600}, headers=key)
    assert (await snoozed.json())["state"] == "waiting"
    discarded = await client.post(f"/v1/jobs/{job_id}/discard", json={"reason": "nota cancelada"}, headers=key)
    assert (await discarded.json())["state"] == "discarded"
    again = await client.post(f"/v1/jobs/{job_id}/retry", headers=key)
    assert (again.status, (await again.json())["code"]) == (409, "JOB-STATE")
    assert [one[0] for one in await audits(house)] == ["job.snooze", "job.discard"]
    assert (await client.post("/v1/jobs/job_none/retry", headers=key)).status == 404
    assert (await client.post(f"/v1/jobs/{job_id}/snooze", json={"seconds": 0}, headers=key)).status == 422


async def test_jobs_are_listed_across_states_and_kinds(client: Client, house: House) -> None:
    key = await house.key()
    for n in range(3):
        await client.post("/v1/nfe", json=sale(f"r{n}"), headers=key)
    stopped = [await stopped_job(house, subject=f"doc_{n}") for n in range(2)]

    async def page(query: str) -> Any:
        return await (await client.get(f"/v1/jobs?{query}", headers=key)).json()

    seen: list[str] = []
    following = ""
    for _ in range(3):
        found = await page(f"limit=2{following}")
        seen += [row["id"] for row in found["items"]]
        following = f"&cursor={found['next']}"
    assert found["next"] is None
    assert len(seen) == len(set(seen)) == 5
    assert {row["id"] for row in (await page("state=needs_attention"))["items"]} == set(stopped)
    assert {row["kind"] for row in (await page("kind=nfe.issue"))["items"]} == {"nfe.issue"}
    assert [row["id"] for row in (await page("search=doc_1"))["items"]] == [stopped[1]]
    assert (await client.get("/v1/jobs?state=nada", headers=key)).status == 422


async def test_an_order_tells_why_it_waits(client: Client, house: House) -> None:
    key = await house.key("orders")
    order_id = await parked_order(house)
    body = await (await client.get(f"/v1/orders/{order_id}", headers=key)).json()
    assert body["order"]["state"] == "parked"
    assert body["order"]["hold_code"] == "VTEX-PRODUCT-UNKNOWN"
    assert body["order"]["hold_fix"] == "Cadastre o produto."
    assert body["order"]["value"] == "99.90"
    assert body["document_ref"] is None
    assert [entry["kind"] for entry in body["timeline"]] == ["received", "hold"]
    for query in ("state=parked", "search=1234-01", "hold_code=VTEX-PRODUCT-UNKNOWN", f"branch={CNPJ}"):
        found = await (await client.get(f"/v1/orders?{query}", headers=key)).json()
        assert [row["id"] for row in found["items"]] == [order_id]
    elsewhere = await house.key("orders", branches=(OTHER,))
    assert (await client.get(f"/v1/orders/{order_id}", headers=elsewhere)).status == 404


async def test_an_order_is_looked_at_again_at_once(client: Client, house: House) -> None:
    key = await house.key("orders")
    order_id = await parked_order(house)
    waiting = await house.db.write(lambda conn: orders.look_at(conn, "minhaloja", "1234-01"))
    await house.db.write(lambda conn: jobs.snooze(conn, waiting, 300))
    stopped = await stopped_job(house, kind="vtex.invoice", subject=order_id)
    for _ in range(2):
        assert (await client.post(f"/v1/orders/{order_id}/retry", headers=key)).status == 202
    rows = await house.db.read(lambda conn: conn.execute(select(jobs_table.c.kind, jobs_table.c.state)).all())
    assert sorted(map(tuple, rows)) == [("vtex.invoice", "ready"), ("vtex.order", "ready")]
    assert (await house.db.read(lambda conn: jobs.get(conn, stopped))).state == "ready"
    assert (await client.post("/v1/orders/ord_none/retry", headers=key)).status == 404


async def test_the_hook_gets_account_headers_and_raw_body(client: Client, house: House) -> None:
    for kind in ("ping", "accepted", "ignored"):
        house.edges.hook = HookAnswer(kind)  # type: ignore[arg-type]
        answer = await client.post("/webhooks/vtex/minhaloja", data=b'{"hookConfig": "ping"}', headers={"X-Secret": "s"})
        assert (answer.status, await answer.json()) == (200, {"result": kind})
    account, headers, body = house.edges.hook_calls[0]
    assert (account, headers["x-secret"], body) == ("minhaloja", "s", b'{"hookConfig": "ping"}')


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (HookAnswer("unauthorized"), 401, "VTEX-HOOK-SECRET"),
        (HookAnswer("unknown_account"), 404, "VTEX-ACCOUNT"),
        (StorageFull("Disco cheio."), 503, "STORAGE-FULL"),
    ],
)
async def test_a_notification_that_is_not_taken(client: Client, house: House, answer: Any, status: int, code: str) -> None:
    if isinstance(answer, HookAnswer):
        house.edges.hook = answer
    else:
        house.edges.hook_error = answer
    refused = await client.post("/webhooks/vtex/x", data=b"{}")
    assert (refused.status, (await refused.json())["code"]) == (status, code)


async def test_a_large_notification_never_reaches_the_hook(client: Client, house: House) -> None:
    answer = await client.post("/webhooks/vtex/x", data=b"x" * 70_000)
    assert answer.status == 413
    assert house.edges.hook_calls == []


async def test_health_and_readiness(client: Client, house: House) -> None:
    assert await (await client.get("/healthz")).json() == {"status": "ok", "version": "9.9.9", "reasons": {}}
    assert (await client.get("/readyz")).status == 200
    house.edges.reasons["worker"] = "O trabalhador não dá sinal há 40 segundos."
    unready = await client.get("/readyz")
    assert unready.status == 503
    assert await unready.json() == {
        "status": "unavailable",
        "version": "9.9.9",
        "reasons": {"worker": "O trabalhador não dá sinal há 40 segundos."},
    }


async def test_a_database_that_is_gone_is_not_ready(client: Client, house: House) -> None:
    await house.db.close()
    answer = await client.get("/readyz")
    assert answer.status == 503
    assert "database" in (await answer.json())["reasons"]
    assert (await client.get("/healthz")).status == 200


async def test_metrics_count_routes_not_addresses(client: Client, house: House) -> None:
    key = await house.key()
    await client.post("/v1/nfe", json=sale("segredo-do-cliente"), headers=key)
    await client.get("/v1/nfe/segredo-do-cliente", headers=key)
    answer = await client.get("/metrics")
    text = await answer.text()
    assert answer.content_type == "text/plain"
    assert 'gateway_http_requests_total{method="POST",route="/v1/nfe",status="202"} 1.0' in text
    assert 'gateway_jobs{state="ready"} 1.0' in text
    assert 'gateway_documents{status="accepted"} 1.0' in text
    assert "segredo-do-cliente" not in text
