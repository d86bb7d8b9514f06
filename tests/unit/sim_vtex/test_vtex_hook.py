"""The hook over HTTP: ping, notification, retries, silence, forced deliveries."""

from __future__ import annotations

import pytest

CONFIG = "/api/orders/hook/config"


def config(url: str, **changes):
    whole = {
        "filter": {"type": "FromWorkflow", "status": ["ready-for-handling"]},
        "hook": {"url": url, "headers": {"key": "chave", "X-Gateway-Secret": "s3"}},
    }
    return {**whole, **changes}


async def test_ping_then_saved(http, receiver):
    async with http.post(CONFIG, json=config(receiver.url)) as answer:
        assert (answer.status, await answer.read()) == (200, b"")
    assert receiver.got == [{"hookConfig": "ping"}]
    async with http.get(CONFIG) as answer:
        assert (await answer.json())["hook"] == {"url": receiver.url, "headers": {"key": "chave", "X-Gateway-Secret": "s3"}}
    async with http.delete(CONFIG) as answer:
        assert answer.status == 204
    async with http.get(CONFIG) as answer:
        assert answer.status == 404


async def test_ping_not_answered_with_200_saves_nothing(http, receiver):
    receiver.answers = [204]
    async with http.post(CONFIG, json=config(receiver.url)) as answer:
        assert answer.status == 400
    async with http.post(CONFIG, json=config("http://127.0.0.1:1/nada")) as answer:
        assert answer.status == 400
    async with http.get(CONFIG) as answer:
        assert answer.status == 404


@pytest.mark.parametrize("url", ["http://loja.example/x", "https://10.0.0.1/x", "ftp://127.0.0.1/x", "127.0.0.1"])
async def test_only_loopback_is_notified(http, url):
    async with http.post(CONFIG, json=config(url)) as answer:
        assert answer.status == 400


async def test_https_and_key_header_by_switch(sim, http, receiver):
    sim.switch(hook_requires_https=True)
    async with http.post(CONFIG, json=config(receiver.url)) as answer:
        assert answer.status == 400
        assert (await answer.json())["error"]["message"] == "Only https scheme is accepted"
    sim.switch(hook_requires_https=False, hook_header_named_key=True)
    async with http.post(CONFIG, json=config(receiver.url, hook={"url": receiver.url, "headers": {}})) as answer:
        assert answer.status == 400
    assert receiver.got == []


async def test_mixed_filter_is_409(http, receiver):
    mixed = {"type": "FromWorkflow", "status": ["x"], "disableSingleFire": True}
    async with http.post(CONFIG, json=config(receiver.url, filter=mixed)) as answer:
        assert answer.status == 409
    assert receiver.got == []


async def test_notification_shape_and_headers(sim, http, receiver, make_order):
    await http.post(CONFIG, json=config(receiver.url))
    sim.load_order("lojax", make_order())
    sim.load_order("lojax", make_order("v900002lojax-01", status="handling"))
    await sim.wait_until(lambda: len(receiver.notifications) == 1)
    assert receiver.notifications == [
        {
            "Domain": "Marketplace",
            "OrderId": "v900001lojax-01",
            "State": "ready-for-handling",
            "LastState": "window-to-cancel",
            "LastChange": "2026-11-20T13:05:00.6119318Z",
            "CurrentChange": "2026-11-20T15:00:00.1234564Z",
            "Origin": {"Account": "lojax", "Key": "vtexappkey-lojax-AAAAAA"},
        }
    ]
    assert receiver.headers[-1]["X-Gateway-Secret"] == "s3"


async def test_no_filter_is_every_status(sim, http, receiver, make_order):
    await http.post(CONFIG, json={"hook": {"url": receiver.url}})
    sim.load_order("lojax", make_order())
    await http.post("/api/oms/pvt/orders/v900001lojax-01/start-handling")
    await sim.wait_until(lambda: len(receiver.notifications) == 3)
    assert {body["State"] for body in receiver.notifications} == {"ready-for-handling", "start-handling", "handling"}


async def test_failed_delivery_is_retried_with_a_growing_wait(sim, http, receiver, make_order):
    await http.post(CONFIG, json=config(receiver.url))
    receiver.answers = [500, 204]
    sim.load_order("lojax", make_order())
    await sim.wait_until(lambda: len(sim.hooks.attempts) == 2)
    assert sim.hooks.next_due() is not None
    sim.advance(1)
    await sim.wait_until(lambda: len(sim.hooks.attempts) == 3)
    sim.advance(1)
    await sim.wait_until(lambda: sim.hooks.next_due() is None and len(sim.hooks.attempts) == 4)
    assert [entry["status"] for entry in sim.hooks.attempts] == [200, 500, 204, 200]
    assert [entry.get("attempt") for entry in sim.hooks.attempts] == [None, 1, 2, 3]
    assert receiver.notifications[0] == receiver.notifications[2]


async def test_hook_vanishes_after_three_silent_days(sim, http, receiver, make_order):
    await http.post(CONFIG, json=config(receiver.url))
    sim.advance(3 * 86400 - 1)
    async with http.get(CONFIG) as answer:
        assert answer.status == 200
    sim.advance(1)
    async with http.get(CONFIG) as answer:
        assert answer.status == 404
    sim.load_order("lojax", make_order())
    assert sim.hooks.next_due() is None


async def test_forced_delivery_fifty_times_at_once(sim, http, receiver, make_order):
    await http.post(CONFIG, json=config(receiver.url))
    sim.load_order("lojax", make_order(), status="handling")
    async with http.post(sim.control_url + "/orders/v900001lojax-01/notify?times=50") as answer:
        assert await answer.json() == {"answers": [200] * 50}
    assert len(receiver.notifications) == 50
    assert all(body == receiver.notifications[0] for body in receiver.notifications)


async def test_forced_delivery_in_any_order(sim, http, receiver, make_order):
    await http.post(CONFIG, json=config(receiver.url))
    sim.load_order("lojax", make_order(), status="handling")
    states = ["invoiced", "ready-for-handling", "handling"]
    events = [{"orderId": "v900001lojax-01", "state": state} for state in states]
    async with http.post(sim.control_url + "/notify", json={"events": events}) as answer:
        assert await answer.json() == {"answers": [200, 200, 200]}
    assert [body["State"] for body in receiver.notifications] == states


async def test_forced_delivery_without_a_hook_is_409(sim, http, make_order):
    sim.load_order("lojax", make_order())
    async with http.post(sim.control_url + "/orders/v900001lojax-01/notify") as answer:
        assert answer.status == 409


async def test_control_makes_a_hook_vanish(sim, http, receiver):
    await http.post(CONFIG, json=config(receiver.url))
    async with http.delete(sim.control_url + "/hooks/vtexappkey-lojax-AAAAAA") as answer:
        assert answer.status == 204
    async with http.get(CONFIG) as answer:
        assert answer.status == 404


async def test_flip_flop_of_a_cancelled_order(sim, http, receiver, make_order):
    sim.switch(cancel_flip_flop=True)
    await http.post(CONFIG, json={"hook": {"url": receiver.url}})
    sim.load_order("lojax", make_order(), status="payment-pending")
    await http.post("/api/oms/pvt/orders/v900001lojax-01/cancel", json={"reason": "x"})
    await sim.wait_until(lambda: len(receiver.notifications) == 4)
    assert [s for _, s in sim.order("v900001lojax-01").history] == ["payment-pending", "canceled", "cancel", "canceled"]
