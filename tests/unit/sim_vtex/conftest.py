"""A simulator with one account, a client that holds its key, and invented orders."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from gateway.sim.vtex import VtexSimulator

HEADERS = {"X-VTEX-API-AppKey": "vtexappkey-lojax-AAAAAA", "X-VTEX-API-AppToken": "segredo-inventado"}
NOON = datetime(2026, 11, 20, 15, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _loopback(socket_enabled: None) -> None:
    """These tests speak HTTP to a server of their own."""


@pytest.fixture
async def sim() -> AsyncIterator[VtexSimulator]:
    """A started simulator whose clock stands still until it is moved."""
    simulator = VtexSimulator(clock=lambda: NOON, time_scale=0.001, hook_timeout=2.0)
    simulator.add_account("lojax", HEADERS["X-VTEX-API-AppKey"], HEADERS["X-VTEX-API-AppToken"])
    await simulator.start()
    yield simulator
    await simulator.stop()


@pytest.fixture
async def http(sim: VtexSimulator) -> AsyncIterator[aiohttp.ClientSession]:
    """A client with the account's key; paths are relative to the simulator."""
    async with aiohttp.ClientSession(sim.url, headers=HEADERS, timeout=aiohttp.ClientTimeout(total=10)) as session:
        yield session


def _item(sku: str, price: int, quantity: int) -> dict[str, Any]:
    definition = {"total": price * quantity, "sellingPrices": [{"value": price, "quantity": quantity}]}
    return {
        "uniqueId": f"U{sku}",
        "id": sku,
        "name": f"Produto {sku}",
        "quantity": quantity,
        "price": price,
        "priceDefinition": definition,
    }


@pytest.fixture
def make_order() -> Callable[..., dict[str, Any]]:
    """Builds an order: two SKUs, freight, one invented buyer."""

    def build(order_id: str = "v900001lojax-01", **changes: Any) -> dict[str, Any]:
        items = [_item("100", 5000, 2), _item("200", 1250, 1)]
        order: dict[str, Any] = {
            "orderId": order_id,
            "sequence": order_id[1:7],
            "orderGroup": order_id.partition("-")[0],
            "origin": "Marketplace",
            "salesChannel": "1",
            "status": "ready-for-handling",
            "value": 12000,
            "creationDate": "2026-11-20T13:00:00.5838646+00:00",
            "lastChange": "2026-11-20T13:05:00.6119318+00:00",
            "totals": [{"id": "Items", "value": 11250}, {"id": "Discounts", "value": 0}, {"id": "Shipping", "value": 750}],
            "items": items,
            "clientProfileData": {"firstName": "Vitória", "lastName": "Inventada", "document": "52998224725"},
            "isCompleted": True,
            "hostname": "lojax",
            "weight": 10.0,
        }
        order.update(changes)
        return order

    return build


@pytest.fixture
def make_invoice() -> Callable[..., dict[str, Any]]:
    """Builds a valid Output invoice of the whole order of `make_order`."""

    def build(**changes: Any) -> dict[str, Any]:
        invoice: dict[str, Any] = {
            "type": "Output",
            "issuanceDate": "2026-11-20T12:00:00-03:00",
            "invoiceNumber": "123",
            "invoiceValue": "12000",
            "invoiceKey": "35261111222333000181550010000001231000001230",
            "invoiceUrl": "https://loja.example/danfe.pdf",
            "embeddedInvoice": "<nfeProc/>",
            "items": [
                {"id": "100", "price": 5000, "quantity": 2, "description": "Camiseta"},
                {"id": "200", "price": 1250, "quantity": 1},
            ],
        }
        invoice.update(changes)
        return {name: value for name, value in invoice.items() if value is not ...}

    return build


class Receiver:
    """A hook receiver: keeps what it got and answers what it was told."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answers: list[int] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        self.got.append(await request.json())
        self.headers.append(dict(request.headers))
        return web.Response(status=self.answers.pop(0) if self.answers else 200)

    @property
    def notifications(self) -> list[dict[str, Any]]:
        return [body for body in self.got if "hookConfig" not in body]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A started receiver on loopback."""
    target = Receiver()
    app = web.Application()
    app.router.add_post("/hooks/x", target.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    target.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hooks/x"
    yield target
    await runner.cleanup()
