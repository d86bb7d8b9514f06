"""The HTTP face of the simulated service: one handler per documented endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec
from aiohttp import web

from gateway.sim.vtex import accounts
from gateway.sim.vtex.accounts import AppKey
from gateway.sim.vtex.answers import bad_request, not_found
from gateway.sim.vtex.feed import CommitRequest, FeedConfig
from gateway.sim.vtex.handling import CancelRequest, DenyRequest, Interaction
from gateway.sim.vtex.hook import HookConfig
from gateway.sim.vtex.invoices import InvoiceRequest
from gateway.sim.vtex.tracking import TrackingEvents, TrackingPatch

if TYPE_CHECKING:
    from gateway.sim.vtex.server import VtexSimulator

KEY = web.RequestKey("app_key", AppKey)
ORDERS = "/api/oms/pvt/orders"

Wire = TypeVar("Wire")


class Api:
    """Handlers. Each checks the key's permission first, then the body, then acts without giving up the event loop in between."""

    def __init__(self, sim: VtexSimulator) -> None:
        self._sim = sim

    def add_to(self, app: web.Application) -> None:
        """Registers the routes."""
        one, document = ORDERS + "/{id}", "/api/orders/pvt/document/{id}"
        app.add_routes(
            [
                web.get(ORDERS, self.list_orders),
                web.get(ORDERS + "/order-group/{group}", self.order_group),
                web.get(one, self.get_order),
                web.post(one + "/start-handling", self.start_handling),
                web.post(one + "/cancel", self.cancel),
                web.post(one + "/interactions", self.interact),
                web.post(one + "/invoice", self.invoice),
                web.patch(one + "/invoice/{number}", self.patch_tracking),
                web.put(one + "/invoice/{number}/tracking", self.put_tracking),
                web.post(document + "/deny-cancellation-request", self.deny_cancellation),
                web.get("/api/orders/hook/config", self.get_hook),
                web.post("/api/orders/hook/config", self.set_hook),
                web.delete("/api/orders/hook/config", self.delete_hook),
                web.get("/api/orders/feed/config", self.get_feed_config),
                web.post("/api/orders/feed/config", self.set_feed_config),
                web.delete("/api/orders/feed/config", self.delete_feed_config),
                web.get("/api/orders/feed", self.read_feed),
                web.post("/api/orders/feed", self.commit_feed),
            ]
        )

    async def get_order(self, request: web.Request) -> web.Response:
        """GET an order, by id or `seq<sequence>`."""
        key = request[KEY]
        key.require(accounts.VIEW_ORDER, accounts.ORDERS_FULL_ACCESS)
        return web.json_response(self._sim.book.read(self._sim.book.find(key.account, request.match_info["id"])))

    async def order_group(self, request: web.Request) -> web.Response:
        """GET every order of a purchase in this account, as an array."""
        key = request[KEY]
        key.require(accounts.VIEW_ORDER, accounts.ORDERS_FULL_ACCESS)
        group = request.match_info["group"]
        found = [order for order in self._sim.book.of_account(key.account) if order.body.get("orderGroup") == group]
        if not found:
            raise not_found("Order Group")
        return web.json_response([order.body for order in found])

    async def list_orders(self, request: web.Request) -> web.Response:
        """GET a page of the search index."""
        key = request[KEY]
        key.require(accounts.LIST_ORDERS)
        return web.json_response(self._sim.listing.page(key.account, request.query))

    async def start_handling(self, request: web.Request) -> web.Response:
        """POST: 204 without a body."""
        key = request[KEY]
        key.require(accounts.CHANGE_WORKFLOW)
        self._sim.handling.start(self._sim.book.find(key.account, request.match_info["id"]))
        return web.Response(status=204)

    async def cancel(self, request: web.Request) -> web.Response:
        """POST a cancellation, or its confirmation."""
        key = request[KEY]
        key.require(accounts.CANCEL_ORDER)
        body = decode(await request.read() or b"{}", CancelRequest)
        return web.json_response(self._sim.handling.cancel(self._sim.book.find(key.account, request.match_info["id"]), body))

    async def deny_cancellation(self, request: web.Request) -> web.Response:
        """POST the seller's refusal to cancel."""
        key = request[KEY]
        key.require(accounts.CANCEL_ORDER)
        body = decode(await request.read(), DenyRequest)
        self._sim.handling.deny(self._sim.book.find(key.account, request.match_info["id"]), body)
        return web.Response(status=200)

    async def interact(self, request: web.Request) -> web.Response:
        """POST a line of the order's timeline."""
        key = request[KEY]
        key.require(accounts.ORDERS_FULL_ACCESS)
        body = decode(await request.read(), Interaction)
        self._sim.handling.interact(self._sim.book.find(key.account, request.match_info["id"]), body)
        return web.Response(status=200)

    async def invoice(self, request: web.Request) -> web.Response:
        """POST an invoice, Output or Input."""
        key = request[KEY]
        key.require(accounts.NOTIFY_INVOICE)
        body = decode(await request.read(), InvoiceRequest)
        if body.type == "Input":
            key.require(accounts.NOTIFY_REFUND)
        return web.json_response(self._sim.invoices.push(self._sim.book.find(key.account, request.match_info["id"]), body))

    async def patch_tracking(self, request: web.Request) -> web.Response:
        """PATCH the carrier's data of an invoice."""
        key = request[KEY]
        key.require(accounts.NOTIFY_INVOICE)
        body = decode(await request.read(), TrackingPatch)
        order = self._sim.book.find(key.account, request.match_info["id"])
        return web.json_response(self._sim.tracking.patch(order, request.match_info["number"], body))

    async def put_tracking(self, request: web.Request) -> web.Response:
        """PUT events of the parcel of an invoice."""
        key = request[KEY]
        key.require(accounts.NOTIFY_INVOICE)
        body = decode(await request.read(), TrackingEvents)
        order = self._sim.book.find(key.account, request.match_info["id"])
        return web.json_response(self._sim.tracking.put(order, request.match_info["number"], body))

    async def get_hook(self, request: web.Request) -> web.Response:
        """GET this key's hook."""
        key = _broadcast_key(request)
        return web.json_response(self._sim.hooks.configuration(key.key))

    async def set_hook(self, request: web.Request) -> web.Response:
        """POST this key's hook: pings the URL first. The answer has no body."""
        key = _broadcast_key(request)
        await self._sim.hooks.configure(key, decode(await request.read(), HookConfig))
        return web.Response(status=200)

    async def delete_hook(self, request: web.Request) -> web.Response:
        """DELETE this key's hook."""
        key = _broadcast_key(request)
        self._sim.hooks.configuration(key.key)
        self._sim.hooks.drop(key.key)
        return web.Response(status=204)

    async def get_feed_config(self, request: web.Request) -> web.Response:
        """GET this key's feed configuration and its health figures."""
        return web.json_response(self._sim.feed.configuration(_broadcast_key(request).key))

    async def set_feed_config(self, request: web.Request) -> web.Response:
        """POST this key's feed configuration. The answer has no body."""
        key = _broadcast_key(request)
        self._sim.feed.configure(key, decode(await request.read(), FeedConfig))
        return web.Response(status=200)

    async def delete_feed_config(self, request: web.Request) -> web.Response:
        """DELETE this key's feed configuration."""
        self._sim.feed.remove(_broadcast_key(request).key)
        return web.Response(status=204)

    async def read_feed(self, request: web.Request) -> web.Response:
        """GET up to `maxlot` events."""
        return web.json_response(self._sim.feed.read(_broadcast_key(request).key, request.query.get("maxlot")))

    async def commit_feed(self, request: web.Request) -> web.Response:
        """POST the handles that were stored."""
        key = _broadcast_key(request)
        self._sim.feed.commit(key.key, decode(await request.read(), CommitRequest))
        return web.Response(status=200)


def decode(raw: bytes, shape: type[Wire]) -> Wire:
    """A JSON body of exactly these types. Raises the 400 answer with what is wrong and where."""
    try:
        return msgspec.json.decode(raw, type=shape)
    except msgspec.MsgspecError as error:
        raise bad_request(str(error)) from error
    except UnicodeDecodeError as error:
        raise bad_request("body is not UTF-8") from error


def _broadcast_key(request: web.Request) -> AppKey:
    key = request[KEY]
    key.require(accounts.FEED_AND_HOOK)
    return key
