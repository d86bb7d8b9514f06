"""Printers on the network: raw bytes to a TCP port, 9100 by custom. Addresses are `tcp://host:port`."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

from gateway.core.errors import ConfigInvalid
from gateway.printers.sensors import QUERIES, UNREACHABLE, is_acknowledgement, is_status, status
from gateway.workflows.ports import PrinterStatus, SendResult

PORT = 9100
CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 2.0
MAX_WAIT = 300.0
"""Seconds: no job waits longer than this for its answer, whatever is asked."""
_MAX_CHATTER = 64
"""Bytes read while looking for an answer; a printer that talks more is not answering."""


def parse_address(address: str) -> tuple[str, int]:
    """Host and port of `tcp://host[:port]`. Raises ConfigInvalid."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port or PORT
    except ValueError:
        host, port = None, PORT
    if not host or not address.startswith("tcp://") or parts.path not in {"", "/"} or parts.query or parts.username:
        raise ConfigInvalid(
            f"O endereço de impressora {address[:80]!r} não é válido.",
            fix="Use tcp://endereço:porta, por exemplo tcp://10.0.0.5:9100.",
        )
    return host, port


class TcpPrinter:
    """`PrinterTransport` over TCP. One connection a call; keeps no state; calls for one printer must not overlap."""

    def __init__(self, *, connect_seconds: float = CONNECT_SECONDS, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._connect_seconds = connect_seconds
        self._answer_seconds = answer_seconds

    async def status(self, address: str) -> PrinterStatus:
        """Ask in real time. Not reachable, or silent: not online, paper unknown. Raises ConfigInvalid for a malformed address."""
        host, port = parse_address(address)
        wire = await self._connect(host, port)
        if wire is None:
            return UNREACHABLE
        with wire:
            loop = asyncio.get_running_loop()
            answers: list[int] = []
            try:
                for query in QUERIES:
                    async with asyncio.timeout(self._answer_seconds):
                        await loop.sock_sendall(wire, query)
                        answers.append(await _read_byte(wire, is_status))
            except (OSError, EOFError, TimeoutError):
                return UNREACHABLE
        return status(*answers)

    async def send(self, address: str, data: bytes, *, deadline: float) -> SendResult:
        """Send a whole job and wait for the answer to its last command, `deadline` seconds in all.

        `not_sent`: no byte left, safe to try again. `partial`: some did. `unconfirmed`: all did, and no answer came in time.
        """
        host, port = parse_address(address)
        loop = asyncio.get_running_loop()
        end = loop.time() + min(deadline, MAX_WAIT)
        wire = await self._connect(host, port, at_most=deadline)
        if wire is None:
            return "not_sent"
        with wire:
            sent = await _send_counted(wire, data, end)
            if sent < len(data):
                return "partial" if sent else "not_sent"
            try:
                async with asyncio.timeout_at(end):
                    await _read_byte(wire, is_acknowledgement)
            except (OSError, EOFError, TimeoutError):
                return "unconfirmed"
        return "acked"

    async def _connect(self, host: str, port: int, *, at_most: float | None = None) -> socket.socket | None:
        seconds = self._connect_seconds if at_most is None else min(self._connect_seconds, at_most)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(seconds):
                for family, kind, proto, _, where in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
                    wire = socket.socket(family, kind, proto)
                    try:
                        wire.setblocking(False)
                        await loop.sock_connect(wire, where)
                    except OSError:
                        wire.close()
                        continue
                    except BaseException:
                        wire.close()
                        raise
                    return wire
        except (OSError, TimeoutError):
            return None
        return None


async def _send_counted(wire: socket.socket, data: bytes, end: float) -> int:
    """How many bytes the network took before it failed or time was up. asyncio's own writers do not tell."""
    loop = asyncio.get_running_loop()
    view = memoryview(data)
    sent = 0
    while sent < len(data):
        try:
            sent += wire.send(view[sent:])
        except BlockingIOError:
            writable = loop.create_future()
            loop.add_writer(wire, _wake, writable)
            try:
                async with asyncio.timeout_at(end):
                    await writable
            except TimeoutError:
                break
            finally:
                loop.remove_writer(wire)
        except OSError:
            break
    return sent


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def _read_byte(wire: socket.socket, wanted: Callable[[int], bool]) -> int:
    """The next byte that is `wanted`. Raises EOFError when the printer hangs up or only chatters."""
    loop = asyncio.get_running_loop()
    for _ in range(_MAX_CHATTER):
        data = await loop.sock_recv(wire, 1)
        if not data:
            break
        if wanted(data[0]):
            return data[0]
    raise EOFError("a impressora encerrou a conexão sem responder")
