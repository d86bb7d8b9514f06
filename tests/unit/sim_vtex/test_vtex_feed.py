"""The feed over HTTP: configuration, lots, visibility, commit, retention."""

from __future__ import annotations

import pytest

CONFIG = "/api/orders/feed/config"
FEED = "/api/orders/feed"


def config(**changes):
    whole = {
        "filter": {"type": "FromWorkflow", "status": ["ready-for-handling"]},
        "queue": {"visibilityTimeoutInSeconds": 240, "MessageRetentionPeriodInSeconds": 345600},
    }
    return {**whole, **changes}


async def read(http, lot: int = 10) -> list[dict]:
    async with http.get(FEED, params={"maxlot": str(lot)}) as answer:
        assert answer.status == 200
        return await answer.json()


async def test_no_configuration_is_404_everywhere(http):
    for method, path in (("GET", CONFIG), ("DELETE", CONFIG), ("GET", FEED + "?maxlot=10"), ("POST", FEED)):
        async with http.request(method, path, json={"handles": []} if method == "POST" else None) as answer:
            assert answer.status == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (config(queue={"visibilityTimeoutInSeconds": 240, "messageRetentionPeriodInSeconds": 345600}), 400),
        (config(queue={"visibilityTimeoutInSeconds": 240, "MessageRetentionPeriodInSeconds": 345599}), 400),
        (config(queue={"visibilityTimeoutInSeconds": 240, "MessageRetentionPeriodInSeconds": 1209601}), 400),
        (config(queue={"visibilityTimeoutInSeconds": 0, "MessageRetentionPeriodInSeconds": 345600}), 400),
        (config(filter={"type": "FromWorkflow", "status": ["x"], "expression": "status"}), 409),
        (config(filter={"type": "FromOrders", "status": ["x"], "expression": 'status = "x"'}), 409),
        (config(filter={"type": "FromOrders"}), 400),
        (config(filter={"type": "FromOrders", "expression": "value > 10"}), 400),
        (config(filter={"type": "Outro"}), 400),
    ],
)
async def test_wrong_configurations_are_refused_and_not_saved(http, body, status):
    async with http.post(CONFIG, json=body) as answer:
        assert answer.status == status
    async with http.get(CONFIG) as answer:
        assert answer.status == 404


async def test_configuration_reads_back_with_health_figures(sim, http, make_order):
    await http.post(CONFIG, json=config())
    sim.load_order("lojax", make_order())
    sim.advance(60)
    async with http.get(CONFIG) as answer:
        body = await answer.json()
    assert body["queue"] == {"visibilityTimeoutInSeconds": 240, "messageRetentionPeriodInSeconds": 345600}
    assert (body["quantity"], body["approximateAgeOfOldestMessageInSeconds"]) == (1, 60)


async def test_item_shape_and_commit(sim, http, make_order):
    await http.post(CONFIG, json=config())
    sim.load_order("lojax", make_order())
    sim.load_order("lojax", make_order("v900002lojax-01", status="handling"))
    (item,) = await read(http)
    assert {name: item[name] for name in item if name not in ("eventId", "handle")} == {
        "domain": "Marketplace",
        "state": "ready-for-handling",
        "lastState": "window-to-cancel",
        "orderId": "v900001lojax-01",
        "lastChange": "2026-11-20T13:05:00.6119318Z",
        "currentChange": "2026-11-20T15:00:00.1234564Z",
    }
    assert await read(http) == []
    async with http.post(FEED, json={"handles": [item["handle"], "desconhecido"]}) as answer:
        assert answer.status == 200
    sim.advance(241)
    assert await read(http) == []


async def test_uncommitted_items_come_back_with_another_handle(sim, http, make_order):
    await http.post(CONFIG, json=config())
    sim.load_order("lojax", make_order())
    (first,) = await read(http)
    sim.advance(239)
    assert await read(http) == []
    sim.advance(1)
    (second,) = await read(http)
    assert first["handle"] != second["handle"]
    assert {**first, "handle": ""} == {**second, "handle": ""}
    await http.post(FEED, json={"handles": [first["handle"]]})
    sim.advance(240)
    assert await read(http) == []


@pytest.mark.parametrize("query", ["", "?maxlot=0", "?maxlot=11", "?maxlot=x"])
async def test_lot_is_required_and_at_most_ten(http, query):
    await http.post(CONFIG, json=config())
    async with http.get(FEED + query) as answer:
        assert answer.status == 400


async def test_queue_drains_unordered_and_complete(sim, http, make_order):
    await http.post(CONFIG, json=config())
    ids = [f"v9{n:05}lojax-01" for n in range(25)]
    for order_id in ids:
        sim.load_order("lojax", make_order(order_id))
    seen = [item["orderId"] for _ in range(3) for item in await read(http)]
    assert len(seen) == 25
    assert seen != ids
    assert sorted(seen) == ids


async def test_empty_and_short_reads_by_switch(sim, http, make_order):
    sim.switch(feed_empty_short=True)
    await http.post(CONFIG, json=config())
    for n in range(20):
        sim.load_order("lojax", make_order(f"v9{n:05}lojax-01"))
    assert [len(await read(http)) for _ in range(5)] == [0, 5, 10, 0, 5]


async def test_duplicates_and_both_domains_by_switch(sim, http, make_order):
    sim.switch(duplicate_events=True, both_domains=True)
    await http.post(CONFIG, json=config())
    sim.load_order("lojax", make_order())
    items = await read(http)
    assert sorted(item["domain"] for item in items) == ["Fulfillment", "Fulfillment", "Marketplace", "Marketplace"]
    assert len({item["eventId"] for item in items}) == 2
    assert len({item["handle"] for item in items}) == 4


async def test_from_orders_fires_once_per_order_unless_told_not_to(sim, http, make_order):
    expression = 'status = "ready-for-handling" or status = "handling"'
    await http.post(CONFIG, json=config(filter={"type": "FromOrders", "expression": expression}))
    sim.load_order("lojax", make_order())
    sim.set_status("v900001lojax-01", "handling")
    assert [item["state"] for item in await read(http)] == ["ready-for-handling"]
    await http.post(CONFIG, json=config(filter={"type": "FromOrders", "expression": expression, "disableSingleFire": True}))
    sim.set_status("v900001lojax-01", "ready-for-handling")
    sim.set_status("v900001lojax-01", "handling")
    assert sorted(item["state"] for item in await read(http)) == ["handling", "ready-for-handling"]


async def test_each_key_has_its_own_queue(sim, http, make_order):
    sim.add_account("lojax", "segunda", "t")
    other = {"X-VTEX-API-AppKey": "segunda", "X-VTEX-API-AppToken": "t"}
    await http.post(CONFIG, json=config())
    async with http.post(CONFIG, json=config(), headers=other) as answer:
        assert answer.status == 200
    sim.load_order("lojax", make_order())
    assert len(await read(http)) == 1
    async with http.get(FEED + "?maxlot=10", headers=other) as answer:
        assert len(await answer.json()) == 1


async def test_configuration_vanishes_after_a_silent_retention_period(sim, http):
    await http.post(CONFIG, json=config())
    sim.advance(345599)
    async with http.get(CONFIG) as answer:
        assert answer.status == 200
    sim.advance(1)
    async with http.get(CONFIG) as answer:
        assert answer.status == 404


async def test_reconfiguring_keeps_queued_events(sim, http, make_order):
    await http.post(CONFIG, json=config())
    sim.load_order("lojax", make_order())
    await http.post(CONFIG, json=config(filter={"type": "FromWorkflow", "status": ["invoiced"]}))
    assert len(await read(http)) == 1
