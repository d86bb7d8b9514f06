"""Reading orders, start-handling, cancellation, the list: driven over HTTP."""

from __future__ import annotations

import json

import aiohttp
import pytest

from gateway.sim.vtex import ALL_PERMISSIONS, VtexSimulator

ORDERS = "/api/oms/pvt/orders"
ONE = ORDERS + "/v900001lojax-01"
UNAUTHORIZED = {"error": {"code": "1", "message": "Unauthorized access", "exception": None}}


async def test_order_comes_back_as_it_was_loaded(sim, http, make_order):
    given = make_order()
    sim.load_order("lojax", json.dumps(given).encode())
    async with http.get(ONE) as answer:
        assert answer.status == 200
        body = await answer.text()
    assert json.loads(body) == {**given, "packageAttachment": {"packages": []}}
    assert '"weight": 10.0' in body
    async with http.get(ORDERS + "/seq900001") as answer:
        assert (await answer.json())["orderId"] == "v900001lojax-01"


async def test_only_status_and_packages_change_on_loading(sim, http, make_order):
    given = make_order(status="", packageAttachment={"packages": [{"type": "Input", "invoiceNumber": "1", "invoiceValue": 5}]})
    sim.load_order("lojax", given)
    async with http.get(ONE) as answer:
        assert await answer.json() == {**given, "packageAttachment": {"packages": []}}
    sim.load_order("lojax", given, status="handling", keep_packages=True)
    async with http.get(ONE) as answer:
        assert await answer.json() == {**given, "status": "handling"}


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"orderId": 5}', b'{"orderId": "a", "value": 1.5}'])
def test_not_an_order_is_refused(body):
    simulator = VtexSimulator()
    with pytest.raises(ValueError):
        simulator.load_order("lojax", body)
    assert simulator.book.all() == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-VTEX-API-AppKey": "vtexappkey-lojax-AAAAAA"},
        {"X-VTEX-API-AppKey": "vtexappkey-lojax-AAAAAA", "X-VTEX-API-AppToken": "outro"},
        {"X-VTEX-API-AppKey": "desconhecida", "X-VTEX-API-AppToken": "segredo-inventado"},
    ],
)
async def test_401_without_the_right_key_and_token(sim, headers, make_order):
    sim.load_order("lojax", make_order())
    async with aiohttp.ClientSession(sim.url, headers=headers) as session, session.get(ONE) as answer:
        assert (answer.status, await answer.json()) == (401, UNAUTHORIZED)


@pytest.mark.parametrize(
    ("missing", "method", "path"),
    [
        ({"View order", "Orders Full Access"}, "GET", ONE),
        ({"View order", "Orders Full Access"}, "GET", ORDERS + "/order-group/v900001lojax"),
        ({"List Orders"}, "GET", ORDERS),
        ({"Change order workflow status"}, "POST", ONE + "/start-handling"),
        ({"Cancel order"}, "POST", ONE + "/cancel"),
        ({"Notify invoice"}, "POST", ONE + "/invoice"),
        ({"Notify invoice"}, "PATCH", ONE + "/invoice/1"),
        ({"Orders Full Access"}, "POST", ONE + "/interactions"),
        ({"Feed v3 and Hook Admin"}, "GET", "/api/orders/hook/config"),
        ({"Feed v3 and Hook Admin"}, "GET", "/api/orders/feed?maxlot=10"),
    ],
)
async def test_403_when_the_role_lacks_the_resource(sim, make_order, missing, method, path):
    sim.load_order("lojax", make_order())
    sim.add_account("lojax", "fraca", "t", ALL_PERMISSIONS - missing)
    headers = {"X-VTEX-API-AppKey": "fraca", "X-VTEX-API-AppToken": "t"}
    async with aiohttp.ClientSession(sim.url, headers=headers) as session, session.request(method, path) as answer:
        assert answer.status == 403
        assert (await answer.json())["error"]["code"] == "1"
    assert sim.order("v900001lojax-01").status == "ready-for-handling"


async def test_token_rotation_accepts_both_until_the_old_one_is_retired(sim, http, make_order):
    sim.load_order("lojax", make_order())
    sim.add_account("lojax", "vtexappkey-lojax-AAAAAA", "novo")
    async with http.get(ONE) as answer:
        assert answer.status == 200
    async with http.get(ONE, headers={"X-VTEX-API-AppToken": "novo"}) as answer:
        assert answer.status == 200
    sim.accounts.retire_token("vtexappkey-lojax-AAAAAA", "segredo-inventado")
    async with http.get(ONE) as answer:
        assert answer.status == 401


async def test_another_accounts_order_is_not_found(sim, http, make_order):
    sim.add_account("lojay", "vtexappkey-lojay-BBBBBB", "t")
    sim.load_order("lojay", make_order())
    async with http.get(ONE) as answer:
        assert answer.status == 404
    async with http.post(ONE + "/start-handling") as answer:
        assert answer.status == 404
    assert sim.order("v900001lojax-01").status == "ready-for-handling"


async def test_order_group_is_an_array_of_the_accounts_orders(sim, http, make_order):
    for order_id in ("v900001lojax-01", "v900001lojax-02"):
        sim.load_order("lojax", make_order(order_id))
    async with http.get(ORDERS + "/order-group/v900001lojax") as answer:
        assert [order["orderId"] for order in await answer.json()] == ["v900001lojax-01", "v900001lojax-02"]
    async with http.get(ORDERS + "/order-group/nenhum") as answer:
        assert answer.status == 404


async def test_start_handling_once(sim, http, make_order):
    sim.load_order("lojax", make_order())
    async with http.post(ONE + "/start-handling") as answer:
        assert (answer.status, await answer.read()) == (204, b"")
    assert [status for _, status in sim.order("v900001lojax-01").history] == ["ready-for-handling", "start-handling", "handling"]
    async with http.post(ONE + "/start-handling", json={}) as answer:
        assert answer.status == 409
        message = "Order status should be ready-for-handling to perform this action"
        assert await answer.json() == {"error": {"code": "OMS003", "message": message, "exception": None}}


async def test_start_handling_shows_for_some_reads_or_for_ever(sim, http, make_order):
    async def status() -> str:
        async with http.get(ONE) as answer:
            return (await answer.json())["status"]

    sim.switch(start_handling_reads=2)
    sim.load_order("lojax", make_order())
    await http.post(ONE + "/start-handling")
    assert [await status() for _ in range(3)] == ["start-handling", "start-handling", "handling"]
    sim.switch(start_handling_stuck=True)
    sim.load_order("lojax", make_order())
    await http.post(ONE + "/start-handling")
    assert [await status() for _ in range(4)] == ["start-handling"] * 4


async def test_cancel_asks_then_confirms(sim, http, make_order):
    sim.load_order("lojax", make_order(), status="handling")
    async with http.post(ONE + "/cancel", json={"reason": "desistência", "requestedByUser": True}) as answer:
        assert answer.status == 200
        assert set(await answer.json()) == {"date", "orderId", "receipt"}
    order = sim.order("v900001lojax-01")
    assert order.status == "request-cancel"
    async with http.post(ONE + "/cancel", json={"reason": "desistência"}) as answer:
        assert answer.status == 200
    assert [status for _, status in order.history] == ["handling", "request-cancel", "cancel", "canceled"]
    assert order.body["cancellationData"]["Reason"] == "desistência"


async def test_denied_cancellation_goes_back(sim, http, make_order):
    sim.load_order("lojax", make_order(origin="Fulfillment"), status="handling")
    sim.set_status("v900001lojax-01", "cancellation-requested")
    async with http.get(ONE) as answer:
        wanted = (await answer.json())["cancellationRequests"][0]["id"]
    path = "/api/orders/pvt/document/v900001lojax-01/deny-cancellation-request"
    async with http.post(path, json={"cancellationRequestId": "outra", "denyReason": "enviado"}) as answer:
        assert answer.status == 404
    assert sim.order("v900001lojax-01").status == "cancellation-requested"
    async with http.post(path, json={"cancellationRequestId": wanted, "denyReason": "enviado"}) as answer:
        assert answer.status == 200
    assert sim.order("v900001lojax-01").status == "handling"


@pytest.mark.parametrize("status", ["invoiced", "canceled", "", "order-created"])
async def test_cancel_is_refused_and_nothing_changes(sim, http, make_order, status):
    sim.load_order("lojax", make_order(), status=status)
    async with http.post(ONE + "/cancel", json={"reason": "x"}) as answer:
        assert answer.status == 400
    assert [known for _, known in sim.order("v900001lojax-01").history] == [status]


async def test_interaction_is_kept(sim, http, make_order):
    sim.load_order("lojax", make_order())
    async with http.post(ONE + "/interactions", json={"source": "gateway", "message": "nota 123"}) as answer:
        assert answer.status == 200
    assert [(e["source"], e["message"]) for e in sim.order("v900001lojax-01").interactions] == [("gateway", "nota 123")]


async def test_list_filters_pages_and_sorts(sim, http, make_order):
    for n in range(1, 6):
        created = f"2026-11-{10 + n}T10:00:00.0000001+00:00"
        sim.load_order("lojax", make_order(f"v90000{n}lojax-01", creationDate=created), status="handling" if n == 5 else None)
    query = {
        "f_status": "ready-for-handling",
        "f_creationDate": "creationDate:[2026-11-12T00:00:00.000Z TO 2026-11-30T23:59:59.999Z]",
        "orderBy": "creationDate,asc",
        "page": "2",
        "per_page": "2",
    }
    async with http.get(ORDERS, params=query) as answer:
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
        page = await answer.json()
    assert [row["orderId"] for row in page["list"]] == ["v900004lojax-01"]
    assert page["paging"] == {"total": 3, "pages": 2, "currentPage": 2, "perPage": 2}
    assert page["list"][0]["items"] is None
    assert page["list"][0]["totalValue"] == 12000.0


@pytest.mark.parametrize(
    "query", ["page=31", "page=0", "per_page=101", "page=x", "f_creationDate=ontem", "f_creationDate=creationDate:[a TO b]"]
)
async def test_list_limits(sim, http, query):
    async with http.get(f"{ORDERS}?{query}") as answer:
        assert answer.status == 400


async def test_list_lags_and_misses(sim, http, make_order):
    async def listed() -> list[tuple[str, str]]:
        async with http.get(ORDERS, params={"orderBy": "creationDate,asc"}) as answer:
            return [(row["orderId"], row["status"]) for row in (await answer.json())["list"]]

    sim.switch(list_lag_seconds=240, list_miss_every=2)
    for n in (1, 2, 3):
        sim.load_order("lojax", make_order(f"v90000{n}lojax-01"))
    assert await listed() == []
    sim.advance(240)
    sim.set_status("v900001lojax-01", "handling")
    assert await listed() == [("v900001lojax-01", "ready-for-handling"), ("v900003lojax-01", "ready-for-handling")]
    sim.advance(240)
    assert await listed() == [("v900001lojax-01", "handling"), ("v900003lojax-01", "ready-for-handling")]


async def test_two_year_limit(sim, http, make_order):
    sim.load_order("lojax", make_order(creationDate="2024-10-09T19:25:26.5838646+00:00"))
    async with http.get(ONE) as answer:
        assert answer.status == 200
    sim.switch(two_year_limit=True)
    async with http.get(ONE) as answer:
        assert answer.status == 404
