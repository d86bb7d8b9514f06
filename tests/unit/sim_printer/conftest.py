"""A printer on loopback and a raw socket to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from gateway.sim.printer import VirtualPrinter


@pytest.fixture(autouse=True)
def _loopback(socket_enabled: None) -> None:
    """These tests speak TCP to a printer of their own."""


@pytest.fixture
async def printer(tmp_path) -> AsyncIterator[VirtualPrinter]:
    """A started printer that also writes files."""
    virtual = VirtualPrinter(out_dir=tmp_path / "slips")
    await virtual.start()
    yield virtual
    await virtual.stop()


class Line:
    """A raw connection to the printer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self, data: bytes, count: int = 1) -> bytes:
        """Sends and reads exactly `count` bytes back."""
        self.send(data)
        async with asyncio.timeout(10):
            return await self.reader.readexactly(count)

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def close(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()


@pytest.fixture
async def connect(printer: VirtualPrinter) -> AsyncIterator[Callable[[], Awaitable[Line]]]:
    """Opens connections, closed at the end of the test."""
    lines: list[Line] = []

    async def open_line() -> Line:
        lines.append(Line(*await asyncio.open_connection(printer.host, printer.port)))
        return lines[-1]

    yield open_line
    for line in lines:
        line.writer.transport.abort()


@pytest.fixture
async def line(connect) -> Line:
    """One open connection."""
    return await connect()
