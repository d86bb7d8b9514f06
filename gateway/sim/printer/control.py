"""The printer's HTTP control: its receipts, its state and its faults."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec
from aiohttp import web

from gateway.sim.printer.status import State

if TYPE_CHECKING:
    from gateway.sim.printer.receipt import Receipt
    from gateway.sim.printer.server import VirtualPrinter

Body = TypeVar("Body")


class NewState(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Body of PUT /state."""

    state: State


class PrinterControl:
    """HTTP on loopback for one printer.

    GET /receipts, /receipts/{n}, /receipts/{n}/image|text|raw, DELETE /receipts, GET /events, GET and PUT /state, GET and PUT
    /faults.
    """

    def __init__(self, printer: VirtualPrinter, *, port: int = 0) -> None:
        self._printer = printer
        self._port = port
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Base address, known once started."""
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Listens. Raises OSError when the port is taken."""
        app = web.Application(client_max_size=65_536)
        app.add_routes(
            [
                web.get("/receipts", self._list),
                web.delete("/receipts", self._clear),
                web.get("/receipts/{number}", self._one),
                web.get("/receipts/{number}/{part:image|text|raw}", self._part),
                web.get("/events", self._events),
                web.get("/state", self._state),
                web.put("/state", self._set_state),
                web.get("/faults", self._faults),
                web.put("/faults", self._set_faults),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stops listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _list(self, _: web.Request) -> web.Response:
        return web.json_response([receipt.summary() for receipt in self._printer.receipts])

    async def _clear(self, _: web.Request) -> web.Response:
        self._printer.clear()
        return web.Response(status=204)

    async def _one(self, request: web.Request) -> web.Response:
        return web.json_response(self._receipt(request).summary())

    async def _part(self, request: web.Request) -> web.Response:
        receipt, part = self._receipt(request), request.match_info["part"]
        if part == "image":
            return web.Response(body=receipt.png, content_type="image/png")
        if part == "raw":
            return web.Response(body=receipt.raw, content_type="application/octet-stream")
        return web.Response(text=receipt.text)

    async def _events(self, _: web.Request) -> web.Response:
        return web.json_response(list(self._printer.events))

    async def _state(self, _: web.Request) -> web.Response:
        return web.json_response({"state": self._printer.state})

    async def _set_state(self, request: web.Request) -> web.Response:
        self._printer.state = (await _decode(request, NewState)).state
        return web.json_response({"state": self._printer.state})

    async def _faults(self, _: web.Request) -> web.Response:
        return web.json_response(msgspec.to_builtins(self._printer.faults))

    async def _set_faults(self, request: web.Request) -> web.Response:
        self._printer.set_faults(await _decode(request, type(self._printer.faults)))
        return web.json_response(msgspec.to_builtins(self._printer.faults))

    def _receipt(self, request: web.Request) -> Receipt:
        number = request.match_info["number"]
        found = next((receipt for receipt in self._printer.receipts if str(receipt.number) == number), None)
        if found is None:
            raise web.HTTPNotFound(text=f"não há o cupom {number}")
        return found


async def _decode(request: web.Request, shape: type[Body]) -> Body:
    try:
        return msgspec.json.decode(await request.read(), type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise web.HTTPBadRequest(text=f"corpo inválido: {error}") from error
