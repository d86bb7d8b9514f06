"""A VTEX order service on loopback: the documented endpoints, the documented traps, and a control API."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from gateway.sim.vtex.accounts import ALL_PERMISSIONS, Accounts
from gateway.sim.vtex.answers import ApiError
from gateway.sim.vtex.api import KEY, Api
from gateway.sim.vtex.clock import SimClock, stamp, utc_now
from gateway.sim.vtex.control import PREFIX, Control
from gateway.sim.vtex.events import OrderEvent, token
from gateway.sim.vtex.faults import Fault, Faults, apply
from gateway.sim.vtex.feed import Feed
from gateway.sim.vtex.handling import Handling
from gateway.sim.vtex.hook import ANSWER_WITHIN_SECONDS, Delivery, Hooks
from gateway.sim.vtex.invoices import Invoices
from gateway.sim.vtex.journal import Journal
from gateway.sim.vtex.ledger import Exchange, Ledger
from gateway.sim.vtex.listing import Listing
from gateway.sim.vtex.orders import CANCELLATION_REQUESTS, Order, OrderBook
from gateway.sim.vtex.rate import Rate
from gateway.sim.vtex.switches import Switches
from gateway.sim.vtex.tracking import Tracking

MAX_BODY = 16 * 1024 * 1024
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class VtexSimulator:
    """One server for any number of accounts: the AppKey header says which account a request is for.

    `clock` is the source of time; `advance` adds to it. `state_path` keeps orders, subscriptions, pending deliveries and
    invoices over
    restarts. `time_scale` shrinks the waits between hook retries; `hook_timeout` is the receiver's limit in seconds (VTEX: 5).
    """

    def __init__(
        self,
        *,
        port: int = 0,
        clock: Callable[[], datetime] = utc_now,
        state_path: Path | None = None,
        time_scale: float = 1.0,
        hook_timeout: float = ANSWER_WITHIN_SECONDS,
    ) -> None:
        self.clock = SimClock(clock)
        self.switches = Switches()
        self.accounts = Accounts()
        self.faults = Faults()
        self.ledger = Ledger()
        self._journal = Journal(state_path)
        self.book = OrderBook(self.clock, self._journal, self.switches)
        self.handling = Handling(self.book, self.clock)
        self.invoices = Invoices(self.book, self.clock, self._journal)
        self.tracking = Tracking(self.book, self.clock)
        self.listing = Listing(self.book, self.clock)
        self.feed = Feed(self.clock, self._journal, self.switches)
        self.hooks = Hooks(self.clock, self._journal, self.switches, time_scale=time_scale, timeout=hook_timeout)
        self.book.listeners += [self.feed.publish, self.hooks.publish]
        self._rate = Rate(self.clock, self.switches)
        self._port = port
        self._runner: web.AppRunner | None = None
        self._pump: asyncio.Task[None] | None = None
        self._flights: set[asyncio.Task[None]] = set()
        self._progress = asyncio.Event()

    @property
    def url(self) -> str:
        """Base address, to be used instead of `https://{account}.vtexcommercestable.com.br`."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def control_url(self) -> str:
        """Base address of the control API."""
        return self.url + PREFIX

    async def start(self) -> None:
        """Reads the state file, listens on loopback and starts delivering. Raises OSError when the port is taken,
        JournalCorruptError.
        """
        state = self._journal.open()
        for part in (self.book, self.invoices, self.feed, self.hooks):
            part.restore(state)
        self.hooks.open()
        app = web.Application(client_max_size=MAX_BODY, middlewares=[self._exchange])
        Api(self).add_to(app)
        Control(self).add_to(app)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self._pump = asyncio.create_task(self._deliver_forever())

    async def stop(self) -> None:
        """Stops delivering and listening. What the state file has is what the next start finds."""
        tasks = [task for task in (self._pump, *self._flights) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()
        await self.hooks.close()
        self._journal.close()

    def add_account(self, account: str, app_key: str, app_token: str, permissions: Iterable[str] = ALL_PERMISSIONS) -> None:
        """A key of an account; the same key again adds a valid token (rotation). Accounts are not kept in the state file.
        Raises ValueError.
        """
        self.accounts.add(account, app_key, app_token, permissions)

    def load_order(
        self, account: str, order: dict[str, Any] | bytes, *, status: str | None = None, keep_packages: bool = False
    ) -> Order:
        """Puts any order JSON in; see `OrderBook.load`. Its status is announced to feed and hook. Raises ValueError."""
        return self.book.load(account, order, status=status, keep_packages=keep_packages)

    def order(self, order_id: str, account: str | None = None) -> Order:
        """An order as it is now. Raises ApiError 404, or 409 when several accounts have it and none is named."""
        return self.book.find_anywhere(order_id, account)

    def set_status(self, order_id: str, status: str, *, account: str | None = None) -> None:
        """Puts an order in a status, as the marketplace or a shopper would; a cancellation status opens a cancellation
        request.
        """
        order = self.order(order_id, account)
        if status in CANCELLATION_REQUESTS and order.status not in CANCELLATION_REQUESTS:
            self.handling.request_cancellation(order, reason="", by_user=True, status=status)
        else:
            self.book.move(order, status)
        self._made_progress()

    async def notify(self, order_id: str, *, times: int = 1, account: str | None = None) -> list[int | None]:
        """Delivers the order's current notification `times` times at once, without retries; returns each answer's status."""
        return await self.hooks.notify([self.event_for(order_id, account=account)], times=times, together=True)

    def event_for(self, order_id: str, *, state: str | None = None, account: str | None = None) -> OrderEvent:
        """An event about an order, as it is or with another state."""
        order = self.order(order_id, account)
        domain = "Fulfillment" if order.body.get("origin") == "Fulfillment" else "Marketplace"
        at, shown = order.history[-1][0], state or order.status
        before = order.history[-2][1] if len(order.history) > 1 else ""
        event_id = token("event", order.account, order.order_id, order.number, len(order.history), shown).upper()
        return OrderEvent(event_id, order.account, order.order_id, domain, shown, before, at, at)

    def switch(self, **changes: Any) -> None:
        """Sets switches by name. Raises msgspec.ValidationError for an unknown one or a wrong type; then none has changed."""
        wanted = msgspec.convert({**msgspec.to_builtins(self.switches), **changes}, Switches)
        for name in Switches.__struct_fields__:
            setattr(self.switches, name, getattr(wanted, name))

    def advance(self, seconds: float) -> None:
        """Moves the clock forward; whatever became due happens."""
        self.clock.advance(seconds)
        self._tick()
        self.hooks.changed.set()

    def reset(self) -> None:
        """Forgets orders, invoices, subscriptions, faults and the ledger, and turns every switch off; accounts stay."""
        for part in (self.book, self.invoices, self.feed, self.hooks, self.ledger):
            part.clear()
        self.faults.remove()
        self.switch(**msgspec.to_builtins(Switches()))

    async def wait_until(self, predicate: Callable[[], bool], *, within: float = 10.0) -> None:
        """Returns when `predicate()` is true, looking again after each request and each delivery. Raises TimeoutError."""
        async with asyncio.timeout(within):
            while True:
                progress = self._progress
                if predicate():
                    return
                await progress.wait()

    @web.middleware
    async def _exchange(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(PREFIX + "/"):
            answer: web.StreamResponse = await self._answer(request, handler)
            self._made_progress()
            return answer
        too_large = False
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            body, too_large = b"", True
        exchange = self.ledger.open(
            at=stamp(self.clock.now()),
            method=request.method,
            path=request.path,
            query=request.query_string,
            headers=request.headers,
            body=body,
        )
        if too_large:  # what is left of the body must not be taken for the whole of it
            exchange.status = 413
            return web.json_response(ApiError(413, "Request body too large").body, status=413)
        fault = self.faults.strike(request.method, request.path)
        if fault is None:
            answer = await self._answer(request, self._authenticated(handler, exchange))
            exchange.status = answer.status
        else:
            answer = await self._faulty(request, self._authenticated(handler, exchange), fault, exchange)
        self._made_progress()
        return answer

    def _authenticated(self, handler: Handler, exchange: Exchange) -> Handler:
        async def checked(request: web.Request) -> web.StreamResponse:
            key = self.accounts.authenticate(request.headers)
            exchange.account = key.account
            self._rate.take(key.account)
            request[KEY] = key
            return await handler(request)

        return checked

    async def _answer(self, request: web.Request, handler: Handler) -> web.Response:
        try:
            answer = await handler(request)
        except ApiError as error:
            return web.json_response(error.body, status=error.status, headers=error.headers)
        except web.HTTPException as error:
            body = {"error": {"code": str(error.status), "message": error.reason, "exception": None}}
            return web.json_response(body, status=error.status)
        if not isinstance(answer, web.Response):
            raise TypeError("os tratadores do simulador devolvem respostas inteiras")
        return answer

    async def _faulty(self, request: web.Request, handler: Handler, fault: Fault, exchange: Exchange) -> web.StreamResponse:
        exchange.fault = fault.id
        needs_answer = fault.action in ("delay", "slow")
        if fault.action == "delay" and fault.phase == "before":
            await asyncio.sleep(fault.seconds)
        answer = await self._answer(request, handler) if needs_answer or fault.phase == "after" else None
        if fault.action == "delay" and fault.phase == "after":
            self._made_progress()
            await asyncio.sleep(fault.seconds)
        given = await apply(fault, request, answer)
        exchange.status = None if fault.action in ("drop", "reset") else given.status
        return given

    async def _deliver_forever(self) -> None:
        while True:
            self.hooks.changed.clear()
            self._tick()
            for delivery in self.hooks.take_due():
                flight = asyncio.create_task(self._fly(delivery))
                self._flights.add(flight)
                flight.add_done_callback(self._flights.discard)
            due = [at for at in (self.hooks.next_due(), self.book.next_due()) if at is not None]
            wait = max(0.0, (min(due) - self.clock.now()).total_seconds()) if due else None
            try:
                async with asyncio.timeout(wait):
                    await self.hooks.changed.wait()
            except TimeoutError:
                continue

    async def _fly(self, delivery: Delivery) -> None:
        await self.hooks.attempt(delivery)
        self._made_progress()

    def _tick(self) -> None:
        for order in self.book.all():
            self.book.settle_due(order)
        self.feed.expire()
        self.hooks.expire()

    def _made_progress(self) -> None:
        self.hooks.changed.set()
        done, self._progress = self._progress, asyncio.Event()
        done.set()
