"""What arrives at the hook: the ping, both documented notifications, and anything else."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from gateway.core.errors import ConfigInvalid
from gateway.vtex.hook import Notification, Ping, parse
from gateway.vtex.hook_config import STATUSES, HookConfig, hook_body, read_config

GUIDE = {
    "Domain": "Marketplace",
    "OrderId": "v900001tst-01",
    "State": "payment-approved",
    "LastChange": "2026-07-29T23:17:30.0617185Z",
    "Origin": {"Account": "lojateste", "Key": "vtexappkey-lojateste-ABC"},
}
SPEC = {
    "domain": "Fulfillment",
    "orderId": "SLR-900001-01",
    "state": "ready-for-handling",
    "lastState": "window-to-cancel",
    "lastChange": "2026-08-14T17:11:39.2550122Z",
    "currentChange": "2026-08-14T17:12:48.0965893Z",
    "origin": {"account": "lojateste", "key": "vtexappkey-lojateste-ABC"},
}


@pytest.mark.parametrize("body", [b'{"hookConfig":"ping"}', b'{"HookConfig": "ping", "extra": 1}'])
def test_ping(body: bytes) -> None:
    assert parse(body) == Ping()


def test_both_documented_shapes() -> None:
    assert parse(json.dumps(GUIDE).encode()) == Notification(
        order_id="v900001tst-01",
        state="payment-approved",
        last_change=datetime(2026, 7, 29, 23, 17, 30, 61718, UTC),
        account="lojateste",
        key="vtexappkey-lojateste-ABC",
        domain="Marketplace",
    )
    assert parse(json.dumps(SPEC).encode()) == Notification(
        order_id="SLR-900001-01",
        state="ready-for-handling",
        last_change=datetime(2026, 8, 14, 17, 12, 48, 96589, UTC),
        account="lojateste",
        key="vtexappkey-lojateste-ABC",
        domain="Fulfillment",
    )


def test_a_notification_with_nothing_but_the_order_is_enough() -> None:
    assert parse(b'{"ORDERID": "v1-01", "LastChange": "ontem", "Origin": "x"}') == Notification("v1-01", "", None, "", "", "")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"ping",
        b"[]",
        b"null",
        b"{}",
        b"\xff\xfe",
        b"[" * 5000,
        b'{"OrderId": 12}',
        b'{"OrderId": ""}',
        b'{"OrderId": "../../admin"}',
        b'{"OrderId": "v1/../x"}',
        b'{"OrderId": "v1?x=1"}',
        json.dumps({"OrderId": "v" * 81}).encode(),
        json.dumps({"OrderId": "v1-01", "pad": "x" * 70_000}).encode(),
    ],
)
def test_anything_else_is_nothing(body: bytes) -> None:
    assert parse(body) is None


def test_hook_configuration() -> None:
    body = hook_body("https://gw.example/webhooks/vtex/lojateste", {"key": "segredo"})
    assert body["filter"] == {"type": "FromWorkflow", "status": list(STATUSES)}
    found = read_config(body)
    assert found == HookConfig("https://gw.example/webhooks/vtex/lojateste", STATUSES)
    assert found.same_as("https://gw.example/webhooks/vtex/lojateste")
    assert not found.same_as("https://other.example/")
    assert not HookConfig("https://gw.example/", STATUSES[1:]).same_as("https://gw.example/")
    assert read_config({"hook": {"url": ""}}) is None
    assert read_config({"hook": None, "filter": []}) is None
    assert read_config({"hook": {"url": "https://x"}, "filter": None}) == HookConfig("https://x", ())


@pytest.mark.parametrize(
    ("url", "headers"), [("http://gw.example", {"key": "s"}), ("https://gw.example", {}), ("https://gw.example", {"key": ""})]
)
def test_a_hook_that_vtex_would_refuse(url: str, headers: dict[str, str]) -> None:
    with pytest.raises(ConfigInvalid):
        hook_body(url, headers)
