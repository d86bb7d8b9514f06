"""Faults, the ledger, rate limits, persistence and the rest of the control API."""

from __future__ import annotations

import io
import json

import aiohttp
import pytest

from gateway.sim.vtex import Fault, VtexSimulator
from gateway.sim.vtex.journal import JournalCorruptError

ID = "v900001lojax-01"
ONE = f"/api/oms/pvt/orders/{ID}"
HEADERS = {"X-VTEX-API-AppKey": "vtexappkey-lojax-AAAAAA", "X-VTEX-API-AppToken": "segredo-inventado"}


async def test_whole_path_over_the_control_api(sim, http, make_order, make_invoice):
    control = sim.control_url
    async with http.post(control + "/accounts", json={"account": "lojaz", "appKey": "kz", "appToken": "tz"}) as answer:
        assert answer.status == 204
    async with http.post(control + "/orders?account=lojaz&status=handling", data=json.dumps(make_order(status=""))) as answer:
        assert (answer.status, await answer.json()) == (201, {"orderId": ID, "status": "handling"})
    async with http.post(
        ONE + "/invoice", json=make_invoice(), headers={"X-VTEX-API-AppKey": "kz", "X-VTEX-API-AppToken": "tz"}
    ) as answer:
        assert answer.status == 200
    async with http.get(control + f"/invoices?orderId={ID}") as answer:
        (entry,) = await answer.json()
    assert (entry["account"], entry["outcome"], entry["request"]["invoiceNumber"]) == ("lojaz", "new", "123")
    async with http.get(control + f"/orders/{ID}") as answer:
        assert (await answer.json())["body"]["status"] == "invoice"
    async with http.post(control + f"/orders/{ID}/status", json={"status": "canceled"}) as answer:
        assert (await answer.json())["status"] == "canceled"
    async with http.get(control + "/orders") as answer:
        assert await answer.json() == [{"account": "lojaz", "orderId": ID, "status": "canceled", "stuck": None}]
    async with http.post(control + "/clock", json={"seconds": 60}) as answer:
        assert await answer.json() == {"now": "2026-11-20T15:01:00.123456+00:00"}
    async with http.post(control + "/reset") as answer:
        assert answer.status == 204
    for name in ("orders", "invoices", "requests", "deliveries", "faults"):
        async with http.get(f"{control}/{name}") as answer:
            assert await answer.json() == []


@pytest.mark.parametrize(
    ("call", "body", "status"),
    [
        ("POST /orders?account=nenhuma", "{}", 404),
        ("POST /orders?account=lojax", "[]", 400),
        ("GET /orders/nenhum", "", 404),
        ("POST /orders/nenhum/notify", "", 404),
        ("POST /clock", '{"seconds": -1}', 400),
        ("PUT /switches", '{"nenhum": true}', 400),
        ("PUT /switches", '{"invoice_reads": "2"}', 400),
        ("POST /faults", '{"action": "nada"}', 400),
        ("POST /faults", '{"action": "drop", "path": "("}', 400),
        ("DELETE /faults/9", "", 404),
        ("POST /accounts", '{"account": "outra", "appKey": "vtexappkey-lojax-AAAAAA", "appToken": "t"}', 400),
        ("POST /accounts", '{"account": "a", "appKey": "b", "appToken": "t", "permissions": ["Tudo"]}', 400),
        ("GET /nada", "", 404),
    ],
)
async def test_control_refuses_what_it_does_not_understand(sim, http, call, body, status):
    method, _, path = call.partition(" ")
    async with http.request(method, sim.control_url + path, data=body) as answer:
        assert answer.status == status
    assert sim.switches.invoice_reads == 1
    assert sim.faults.all() == []


async def test_ledger_shows_requests_without_secrets(sim, http, make_order):
    sim.load_order("lojax", make_order())
    await http.get(ONE + "?a=1")
    await http.post(ONE + "/cancel", json={"reason": "ç"})
    async with http.get(sim.control_url + "/requests") as answer:
        text = await answer.text()
    assert "segredo-inventado" not in text
    got, posted = json.loads(text)
    assert (got["method"], got["path"], got["query"], got["status"], got["account"]) == ("GET", ONE, "a=1", 200, "lojax")
    assert got["headers"]["X-VTEX-API-AppToken"] == "***"
    assert json.loads(posted["body"]) == {"reason": "ç"}
    async with http.get(sim.control_url + "/requests?method=POST&path=cancel") as answer:
        assert [e["number"] for e in await answer.json()] == [2]


async def test_fault_answers_429_with_and_without_retry_after(sim, http, make_order):
    sim.load_order("lojax", make_order())
    sim.faults.add(Fault(action="answer", status=429, retry_after=7))
    sim.faults.add(Fault(action="answer", status=429, nth=2))
    async with http.get(ONE) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (429, "7")
    async with http.get(ONE) as answer:
        assert answer.status == 429
        assert "Retry-After" not in answer.headers
    async with http.get(ONE) as answer:
        assert answer.status == 200


async def test_fault_before_has_no_effect_and_after_has(sim, http, make_order, make_invoice):
    sim.load_order("lojax", make_order(), status="handling")
    fault = {"action": "answer", "status": 500, "method": "POST", "path": "/invoice$"}
    await http.post(sim.control_url + "/faults", json=fault)
    async with http.post(ONE + "/invoice", json=make_invoice()) as answer:
        assert answer.status == 500
    assert sim.order(ID).packages == []
    await http.post(sim.control_url + "/faults", json={**fault, "phase": "after"})
    async with http.post(ONE + "/invoice", json=make_invoice()) as answer:
        assert answer.status == 500
    assert len(sim.order(ID).packages) == 1
    assert [e.status for e in sim.ledger.matching("POST", "/invoice")] == [500, 500]


@pytest.mark.parametrize("action", ["drop", "reset"])
async def test_answer_withheld_after_the_effect(sim, http, make_order, make_invoice, action):
    sim.load_order("lojax", make_order(), status="handling")
    sim.faults.add(Fault(action=action, phase="after", path="/invoice"))
    with pytest.raises(aiohttp.ClientConnectionError):
        await http.post(ONE + "/invoice", json=make_invoice())
    assert len(sim.order(ID).packages) == 1
    assert sim.ledger.matching("POST", "/invoice")[0].status is None


async def test_nth_times_and_removal(sim, http, make_order):
    async def status() -> int:
        async with http.get(ONE) as answer:
            return answer.status

    sim.load_order("lojax", make_order())
    fault = sim.faults.add(Fault(action="answer", status=503, nth=2, times=2))
    assert [await status() for _ in range(5)] == [200, 503, 503, 200, 200]
    assert (fault.seen, fault.fired) == (5, 2)
    forever = sim.faults.add(Fault(action="answer", status=502, times=0))
    assert [await status() for _ in range(3)] == [502] * 3
    async with http.delete(f"{sim.control_url}/faults/{forever.id}") as answer:
        assert answer.status == 204
    assert await status() == 200


async def test_garbage_slow_and_delay(sim, http, make_order):
    sim.load_order("lojax", make_order())
    sim.faults.add(Fault(action="garbage"))
    async with http.get(ONE) as answer:
        raw = await answer.read()
    assert answer.status == 200
    with pytest.raises(UnicodeDecodeError):
        raw.decode()
    sim.faults.add(Fault(action="slow", nth=2, seconds=0.02))
    sim.faults.add(Fault(action="delay", nth=3, seconds=0.01))
    await http.get(ONE)
    for _ in range(2):
        async with http.get(ONE) as answer:
            assert (await answer.json())["orderId"] == ID


async def test_delay_beyond_the_clients_patience_keeps_the_effect(sim, http, make_order):
    sim.load_order("lojax", make_order())
    sim.faults.add(Fault(action="delay", phase="after", seconds=30, path="start-handling"))
    with pytest.raises(TimeoutError):
        await http.post(ONE + "/start-handling", timeout=aiohttp.ClientTimeout(total=0.2))
    assert sim.order(ID).status == "handling"


async def test_rate_limit_is_per_account_and_minute(sim, http, make_order):
    sim.load_order("lojax", make_order())
    sim.add_account("lojay", "ky", "ty")
    sim.switch(rate_per_minute=2)
    await http.get(ONE)
    sim.advance(20)
    await http.get(ONE)
    async with http.get(ONE) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (429, "40")
    async with http.get(ONE, headers={"X-VTEX-API-AppKey": "ky", "X-VTEX-API-AppToken": "ty"}) as answer:
        assert answer.status == 404
    sim.switch(rate_retry_after=False)
    async with http.get(ONE) as answer:
        assert answer.status == 429
        assert "Retry-After" not in answer.headers
    sim.advance(40)
    async with http.get(ONE) as answer:
        assert answer.status == 200


async def test_body_above_the_limit_is_413(sim, http, make_order):
    sim.load_order("lojax", make_order())
    async with http.post(ONE + "/cancel", data=io.BytesIO(bytes(16 * 1024 * 1024 + 1))) as answer:
        assert answer.status == 413
    assert sim.order(ID).status == "ready-for-handling"
    assert sim.ledger.matching("POST", "/cancel")[0].status == 413


async def test_state_survives_a_restart(tmp_path, receiver, make_order, make_invoice):
    path = tmp_path / "state" / "vtex.jsonl"
    feed = {"queue": {"visibilityTimeoutInSeconds": 240, "MessageRetentionPeriodInSeconds": 345600}}

    async def started() -> VtexSimulator:
        simulator = VtexSimulator(state_path=path, time_scale=3600)
        simulator.add_account("lojax", HEADERS["X-VTEX-API-AppKey"], HEADERS["X-VTEX-API-AppToken"])
        await simulator.start()
        return simulator

    first = await started()
    async with aiohttp.ClientSession(first.url, headers=HEADERS) as http:
        await http.post("/api/orders/feed/config", json=feed)
        await http.post("/api/orders/hook/config", json={"hook": {"url": receiver.url}})
        receiver.answers = [500]
        first.load_order("lojax", make_order())
        await first.wait_until(lambda: len(first.hooks.attempts) == 2)
        first.load_order("lojax", make_order("v900002lojax-01"), status="handling")
        await first.wait_until(lambda: len(receiver.notifications) == 2)
        async with http.post("/api/oms/pvt/orders/v900002lojax-01/invoice", json=make_invoice()) as answer:
            receipt = (await answer.json())["receipt"]
        await first.wait_until(lambda: len(receiver.notifications) == 3)
    await first.stop()
    with path.open("ab") as file:
        file.write(b'["order","lojax/v9')  # the line a crash cut short

    second = await started()
    assert second.order(ID).status == "ready-for-handling"
    assert second.order("v900002lojax-01").packages[0]["invoiceNumber"] == "123"
    assert [entry["receipt"] for entry in second.invoices.taken] == [receipt]
    assert second.hooks.next_due() is not None
    async with aiohttp.ClientSession(second.url, headers=HEADERS) as http:
        async with http.get("/api/orders/feed?maxlot=10") as answer:
            assert len(await answer.json()) == 3
        statuses = []
        for _ in range(2):
            async with http.get("/api/oms/pvt/orders/v900002lojax-01") as answer:
                statuses.append((await answer.json())["status"])
        assert statuses == ["invoice", "invoiced"]
        second.load_order("lojax", make_order("v900003lojax-01"), status="handling")
        async with http.post("/api/oms/pvt/orders/v900003lojax-01/invoice", json=make_invoice()) as answer:
            assert (await answer.json())["receipt"] != receipt
    await second.stop()


async def test_a_damaged_state_file_stops_the_start(tmp_path):
    path = tmp_path / "vtex.jsonl"
    path.write_bytes(b"isto nao\n[]\n")
    simulator = VtexSimulator(state_path=path)
    with pytest.raises(JournalCorruptError, match="linha 1"):
        await simulator.start()
    assert path.read_bytes() == b"isto nao\n[]\n"
