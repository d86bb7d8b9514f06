"""The control API of the simulator, under `/_control`: what a test or a demonstration turns and reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

from gateway.sim.vtex.accounts import ALL_PERMISSIONS
from gateway.sim.vtex.answers import ApiError
from gateway.sim.vtex.api import decode
from gateway.sim.vtex.faults import Fault

if TYPE_CHECKING:
    from gateway.sim.vtex.server import VtexSimulator

PREFIX = "/_control"
MAX_TIMES = 1000


class NewAccount(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A key of an account."""

    account: str
    appKey: str
    appToken: str
    permissions: list[str] | None = None


class NewStatus(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A status an order is put in."""

    status: str


class Advance(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Seconds to move the clock forward."""

    seconds: float


class WantedEvent(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An event to deliver now, true or not."""

    orderId: str
    state: str
    account: str | None = None


class WantedEvents(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Events to deliver one after another, in this order."""

    events: list[WantedEvent]


class Control:
    """Handlers of `/_control`. They need no key: the server only listens on loopback."""

    def __init__(self, sim: VtexSimulator) -> None:
        self._sim = sim

    def add_to(self, app: web.Application) -> None:
        """Registers the routes."""
        app.add_routes(
            [
                web.post(PREFIX + "/accounts", self.add_account),
                web.get(PREFIX + "/orders", self.list_orders),
                web.post(PREFIX + "/orders", self.load_order),
                web.get(PREFIX + "/orders/{id}", self.get_order),
                web.post(PREFIX + "/orders/{id}/status", self.set_status),
                web.post(PREFIX + "/orders/{id}/notify", self.notify_order),
                web.post(PREFIX + "/notify", self.notify),
                web.get(PREFIX + "/requests", self.requests),
                web.get(PREFIX + "/invoices", self.invoices),
                web.get(PREFIX + "/deliveries", self.deliveries),
                web.delete(PREFIX + "/hooks/{key}", self.drop_hook),
                web.get(PREFIX + "/faults", self.get_faults),
                web.post(PREFIX + "/faults", self.add_fault),
                web.delete(PREFIX + "/faults", self.remove_faults),
                web.delete(PREFIX + "/faults/{number}", self.remove_faults),
                web.get(PREFIX + "/switches", self.get_switches),
                web.put(PREFIX + "/switches", self.set_switches),
                web.post(PREFIX + "/clock", self.advance),
                web.post(PREFIX + "/reset", self.reset),
            ]
        )

    async def add_account(self, request: web.Request) -> web.Response:
        """Registers a key; all permissions when none are named."""
        new = decode(await request.read(), NewAccount)
        permissions = ALL_PERMISSIONS if new.permissions is None else new.permissions
        try:
            self._sim.add_account(new.account, new.appKey, new.appToken, permissions)
        except ValueError as error:
            raise ApiError(400, str(error), code="SIM400") from error
        return web.Response(status=204)

    async def load_order(self, request: web.Request) -> web.Response:
        """`?account=` and the order's JSON; `?status=` sets its status, `?keep_packages=1` keeps the invoices it carries."""
        account = request.query.get("account", "")
        if account not in self._sim.accounts:
            raise ApiError(404, f"conta desconhecida: {account!r}; cadastre-a em {PREFIX}/accounts", code="SIM404")
        keep = request.query.get("keep_packages") == "1"
        try:
            order = self._sim.load_order(account, await request.read(), status=request.query.get("status"), keep_packages=keep)
        except ValueError as error:
            raise ApiError(400, str(error), code="SIM400") from error
        return web.json_response({"orderId": order.order_id, "status": order.status}, status=201)

    async def list_orders(self, request: web.Request) -> web.Response:
        """Every order with its status."""
        rows = [{"account": o.account, "orderId": o.order_id, "status": o.status, "stuck": o.stuck} for o in self._sim.book.all()]
        return web.json_response(rows)

    async def get_order(self, request: web.Request) -> web.Response:
        """An order with its history; reading here counts for nothing."""
        return web.json_response(self._order(request).to_json())

    async def set_status(self, request: web.Request) -> web.Response:
        """Puts an order in a status, with the event that entails."""
        order = self._order(request)
        status = decode(await request.read(), NewStatus).status
        self._sim.set_status(order.order_id, status, account=order.account)
        return web.json_response({"orderId": order.order_id, "status": order.status})

    async def notify_order(self, request: web.Request) -> web.Response:
        """`?times=` copies of the order's current notification, all at once; answers each delivery's status."""
        order = self._order(request)
        times = _times(request.query.get("times", "1"))
        answers = await self._sim.notify(order.order_id, times=times, account=order.account)
        return web.json_response({"answers": answers})

    async def notify(self, request: web.Request) -> web.Response:
        """Any events, in the order given, one after another."""
        wanted = decode(await request.read(), WantedEvents)
        events = [self._sim.event_for(e.orderId, state=e.state, account=e.account) for e in wanted.events]
        return web.json_response({"answers": await self._sim.hooks.notify(events, times=1, together=False)})

    async def requests(self, request: web.Request) -> web.Response:
        """The ledger; `?method=` and `?path=` (a part of it) narrow it down."""
        found = self._sim.ledger.matching(request.query.get("method"), request.query.get("path"))
        return web.json_response([exchange.to_json() for exchange in found])

    async def invoices(self, request: web.Request) -> web.Response:
        """Every invoice that was taken, in order; `?orderId=` narrows it down."""
        wanted = request.query.get("orderId")
        return web.json_response([entry for entry in self._sim.invoices.taken if wanted in (None, entry["orderId"])])

    async def deliveries(self, request: web.Request) -> web.Response:
        """Every POST to a hook: pings, notifications, forced ones."""
        return web.json_response(list(self._sim.hooks.attempts))

    async def drop_hook(self, request: web.Request) -> web.Response:
        """Makes a key's hook vanish, as VTEX does after three silent days."""
        self._sim.hooks.configuration(request.match_info["key"])
        self._sim.hooks.drop(request.match_info["key"])
        return web.Response(status=204)

    async def get_faults(self, request: web.Request) -> web.Response:
        """Faults in force, with their counts."""
        return web.json_response(msgspec.to_builtins(self._sim.faults.all()))

    async def add_fault(self, request: web.Request) -> web.Response:
        """Puts a fault in force; answers it with its id."""
        fault = decode(await request.read(), Fault)
        try:
            added = self._sim.faults.add(fault)
        except ValueError as error:
            raise ApiError(400, str(error), code="SIM400") from error
        return web.json_response(msgspec.to_builtins(added), status=201)

    async def remove_faults(self, request: web.Request) -> web.Response:
        """One fault by id, or all."""
        number = request.match_info.get("number")
        try:
            self._sim.faults.remove(None if number is None else int(number))
        except (KeyError, ValueError) as error:
            raise ApiError(404, f"falha {number} não existe", code="SIM404") from error
        return web.Response(status=204)

    async def get_switches(self, request: web.Request) -> web.Response:
        """All switches."""
        return web.json_response(msgspec.to_builtins(self._sim.switches))

    async def set_switches(self, request: web.Request) -> web.Response:
        """Sets the switches named in the body; the others stay."""
        changes = decode(await request.read(), dict[str, Any])
        try:
            self._sim.switch(**changes)
        except msgspec.ValidationError as error:
            raise ApiError(400, str(error), code="SIM400") from error
        return web.json_response(msgspec.to_builtins(self._sim.switches))

    async def advance(self, request: web.Request) -> web.Response:
        """Moves the clock forward."""
        seconds = decode(await request.read(), Advance).seconds
        try:
            self._sim.advance(seconds)
        except (ValueError, OverflowError) as error:
            raise ApiError(400, str(error), code="SIM400") from error
        return web.json_response({"now": self._sim.clock.now().isoformat()})

    async def reset(self, request: web.Request) -> web.Response:
        """Forgets everything but the accounts."""
        self._sim.reset()
        return web.Response(status=204)

    def _order(self, request: web.Request) -> Any:
        return self._sim.book.find_anywhere(request.match_info["id"], request.query.get("account"))


def _times(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAX_TIMES):
        raise ApiError(400, f"times precisa estar entre 1 e {MAX_TIMES}", code="SIM400")
    return int(text)
