"""Faults a test orders: which request they hit, when, and what happens to the answer."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import struct
from typing import Any, Literal

import msgspec
from aiohttp import web


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Hits requests whose method and path match, from the `nth` on, `times` times (0: for ever).

    `phase` "before" strikes instead of the effect, "after" once the effect is stored. Actions: `answer` (status, body,
    headers, retry_after),
    `delay` (then go on normally), `drop` (close without an answer), `reset` (TCP RST), `garbage` (200 that is not JSON),
    `slow` (the answer
    in pieces over `seconds`).
    """

    action: Literal["answer", "delay", "drop", "reset", "garbage", "slow"]
    method: str = "*"
    path: str = ""
    nth: int = 1
    times: int = 1
    phase: Literal["before", "after"] = "before"
    status: int = 500
    body: Any = None
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    retry_after: str | int | None = None
    seconds: float = 0.0
    id: int = 0
    seen: int = 0
    fired: int = 0

    def hits(self, method: str, path: str) -> bool:
        """Counts a matching request and says whether this one is struck. `path` is searched as a regular expression."""
        if self.method not in ("*", method) or not re.search(self.path, path):
            return False
        self.seen += 1
        if self.seen < self.nth or (self.times and self.fired >= self.times):
            return False
        self.fired += 1
        return True


class Faults:
    """The faults in force. The first that hits wins; the others still count the request."""

    def __init__(self) -> None:
        self._faults: dict[int, Fault] = {}
        self._number = 0

    def add(self, fault: Fault) -> Fault:
        """Puts a fault in force and gives it its id. Raises ValueError for an invalid regular expression."""
        try:
            re.compile(fault.path)
        except re.error as error:
            raise ValueError(f"expressão regular inválida em path: {error}") from error
        self._number += 1
        fault.id = self._number
        self._faults[fault.id] = fault
        return fault

    def remove(self, number: int | None = None) -> None:
        """One fault, or all. Raises KeyError for an unknown one."""
        if number is None:
            self._faults.clear()
        else:
            del self._faults[number]

    def all(self) -> list[Fault]:
        """In the order they were added, with their counts."""
        return list(self._faults.values())

    def strike(self, method: str, path: str) -> Fault | None:
        """The fault for this request, if any."""
        struck = [fault for fault in self._faults.values() if fault.hits(method, path)]
        return struck[0] if struck else None


async def apply(fault: Fault, request: web.Request, answer: web.Response | None) -> web.StreamResponse:
    """What the client gets instead of `answer`; `answer` is None in phase "before". Actions `delay` and `slow` before the
    effect are the caller's.
    """
    if fault.action in ("drop", "reset"):
        cut(request, reset=fault.action == "reset")
        return web.Response(status=499)
    if fault.action == "garbage":
        return web.Response(body=b'\x00\xff<html>{"orderId": ', content_type="application/json")
    if fault.action == "answer":
        return _answer(fault)
    if answer is None:
        raise RuntimeError("delay e slow precisam da resposta normal")
    if fault.action == "slow":
        return await _slowly(fault, request, answer)
    return answer


def cut(request: web.Request, *, reset: bool) -> None:
    """Ends the connection under the request: an orderly close, or a TCP reset."""
    transport = request.transport
    if transport is None:
        return
    if reset:
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    else:
        transport.close()


def _answer(fault: Fault) -> web.Response:
    headers = dict(fault.headers)
    if fault.retry_after is not None:
        headers["Retry-After"] = str(fault.retry_after)
    if isinstance(fault.body, str):
        return web.Response(status=fault.status, text=fault.body, headers=headers)
    body = fault.body
    if body is None:
        body = {"error": {"code": str(fault.status), "message": "Simulated failure", "exception": None}}
    return web.Response(status=fault.status, body=json.dumps(body).encode(), content_type="application/json", headers=headers)


async def _slowly(fault: Fault, request: web.Request, answer: web.Response) -> web.StreamResponse:
    body = answer.body if isinstance(answer.body, bytes) else b""
    stream = web.StreamResponse(
        status=answer.status, headers={"Content-Type": answer.headers.get("Content-Type", "application/json")}
    )
    stream.content_length = len(body)
    await stream.prepare(request)
    pieces = 10
    size = max(1, -(-len(body) // pieces))
    for start in range(0, len(body), size):
        await asyncio.sleep(fault.seconds / pieces)
        await stream.write(body[start : start + size])
    await stream.write_eof()
    return stream
