"""Every transport against a printer of this file's own: what each sickness answers, and that nothing unknown is claimed."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import threading
import tty
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.core.errors import ConfigInvalid
from gateway.printers import sensors
from gateway.printers.device import FilePrinter
from gateway.printers.memory import MemoryPrinter
from gateway.printers.tcp import TcpPrinter, parse_address
from gateway.printers.transports import Transports
from gateway.workflows.ports import PrinterStatus

JOB = b"\x1b@cupom\n\x1dVB\x00\x1dr\x01"

# printing.md: DLE EOT 1, 2 and 4 of a TM-T20III in each state.
STATES = {
    "ok": ((0x12, 0x12, 0x12), PrinterStatus(online=True, cover_open=False, paper="ok", error=False)),
    "near_end": ((0x12, 0x12, 0x1E), PrinterStatus(online=True, cover_open=False, paper="near_end", error=False)),
    "out": ((0x1A, 0x32, 0x7E), PrinterStatus(online=False, cover_open=False, paper="out", error=False)),
    "cover": ((0x1A, 0x16, 0x12), PrinterStatus(online=False, cover_open=True, paper="ok", error=False)),
    "offline": ((0x1A, 0x12, 0x12), PrinterStatus(online=False, cover_open=False, paper="ok", error=False)),
    "error": ((0x1A, 0x52, 0x12), PrinterStatus(online=False, cover_open=False, paper="ok", error=True)),
}


class FakePrinter:
    """Answers DLE EOT from `answers` and GS r 1 with `acknowledgement`; `noise` goes before every answer."""

    def __init__(self) -> None:
        self.answers = {1: 0x12, 2: 0x12, 4: 0x12}
        self.acknowledgement: bytes | None = b"\x00"
        self.noise = b""
        self.hang_up_after: int | None = None
        self.received = b""
        self.closed = asyncio.Event()
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pending = b""
        try:
            while data := await reader.read(65536 if self.hang_up_after is None else self.hang_up_after):
                self.received += data
                if self.hang_up_after is not None:
                    # reset, as a cable pulled and put back does
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    break
                pending += data
                while pending[:2] == b"\x10\x04" and len(pending) >= 3:
                    if (answer := self.answers.get(pending[2])) is not None:
                        writer.write(self.noise + bytes([answer]))
                    pending = pending[3:]
                if pending.endswith(b"\x1dr\x01") and self.acknowledgement is not None:
                    writer.write(self.noise + self.acknowledgement)
        finally:
            writer.close()
            self.closed.set()


@pytest.fixture
async def printer() -> AsyncIterator[FakePrinter]:
    fake = FakePrinter()
    server = await asyncio.start_server(fake.serve, "127.0.0.1", 0)
    fake.port = server.sockets[0].getsockname()[1]
    yield fake
    server.close()


def address(fake: FakePrinter) -> str:
    return f"tcp://127.0.0.1:{fake.port}"


@pytest.fixture
def nobody() -> str:
    """An address where nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{free.getsockname()[1]}"


@pytest.mark.parametrize(("answers", "expected"), STATES.values(), ids=STATES.keys())
async def test_status_table(printer: FakePrinter, answers: tuple[int, int, int], expected: PrinterStatus) -> None:
    printer.answers = dict(zip((1, 2, 4), answers, strict=True))
    assert await TcpPrinter().status(address(printer)) == expected
    assert printer.received == b"\x10\x04\x01\x10\x04\x02\x10\x04\x04"


@pytest.mark.parametrize(
    ("state", "ready"), [("ok", True), ("near_end", True), ("out", False), ("cover", False), ("offline", False), ("error", False)]
)
def test_only_a_healthy_printer_is_ready(state: str, ready: bool) -> None:
    answers, _ = STATES[state]
    assert sensors.status(*answers).ready is ready


async def test_status_finds_its_answer_among_others(printer: FakePrinter) -> None:
    printer.noise = b"\x11\x14\x00\x00\x0f"
    assert (await TcpPrinter().status(address(printer))).ready


async def test_a_printer_that_is_not_there(nobody: str) -> None:
    assert await TcpPrinter().status(nobody) == sensors.UNREACHABLE
    assert not sensors.UNREACHABLE.ready
    assert await TcpPrinter().send(nobody, JOB, deadline=2) == "not_sent"


async def test_a_printer_that_never_tells_its_status(printer: FakePrinter) -> None:
    printer.answers = {}
    assert await TcpPrinter(answer_seconds=0.05).status(address(printer)) == sensors.UNREACHABLE


async def test_a_printer_that_only_chatters(printer: FakePrinter) -> None:
    printer.noise = b"\x11" * 500
    assert await TcpPrinter(answer_seconds=5).status(address(printer)) == sensors.UNREACHABLE


async def test_acknowledged(printer: FakePrinter) -> None:
    assert await TcpPrinter().send(address(printer), JOB, deadline=5) == "acked"
    assert printer.received == JOB


async def test_near_end_is_an_acknowledgement_and_automatic_status_is_not(printer: FakePrinter) -> None:
    printer.acknowledgement = b"\x10\x03"
    assert await TcpPrinter().send(address(printer), JOB, deadline=5) == "acked"
    printer.acknowledgement = b"\x10\x11\x13\x92"
    assert await TcpPrinter().send(address(printer), JOB, deadline=0.1) == "unconfirmed"


async def test_no_acknowledgement(printer: FakePrinter) -> None:
    printer.acknowledgement = None
    assert await TcpPrinter().send(address(printer), JOB, deadline=0.1) == "unconfirmed"
    assert printer.received == JOB


async def test_hung_up_before_the_acknowledgement(printer: FakePrinter) -> None:
    printer.hang_up_after = 10
    assert await TcpPrinter().send(address(printer), JOB, deadline=5) == "unconfirmed"


async def test_cut_half_way(printer: FakePrinter) -> None:
    printer.hang_up_after = 1000
    assert await TcpPrinter().send(address(printer), b"x" * 32_000_000 + JOB, deadline=10) == "partial"
    await printer.closed.wait()
    assert 0 < len(printer.received) <= 1000


async def test_a_printer_that_stops_taking_bytes() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        where = f"tcp://127.0.0.1:{deaf.getsockname()[1]}"
        assert await TcpPrinter().send(where, b"x" * 32_000_000 + JOB, deadline=0.2) == "partial"


async def test_a_big_job_goes_whole(printer: FakePrinter) -> None:
    data = bytes(range(32, 127)) * 50_000 + JOB
    assert await TcpPrinter().send(address(printer), data, deadline=20) == "acked"
    assert printer.received == data


@pytest.mark.parametrize(
    "bad", ["tcp://", "tcp:///x", "http://a:1", "tcp://a:99999", "tcp://a:b", "tcp://u@h:1", "tcp://h:1/x", "10.0.0.5"]
)
async def test_malformed_addresses(bad: str) -> None:
    with pytest.raises(ConfigInvalid):
        await TcpPrinter().send(bad, JOB, deadline=1)
    with pytest.raises(ConfigInvalid):
        await TcpPrinter().status(bad)


def test_the_port_is_9100_unless_said() -> None:
    assert parse_address("tcp://10.0.0.5") == ("10.0.0.5", 9100)
    assert parse_address("tcp://[::1]:9101") == ("::1", 9101)


class SerialPrinter(threading.Thread):
    """The far end of a serial line; answers until the line is closed."""

    def __init__(self, *, silent: bool = False) -> None:
        super().__init__(daemon=True)
        self.master, self.slave = os.openpty()
        tty.setraw(self.master)
        tty.setraw(self.slave)
        self.path = os.ttyname(self.slave)
        self.received = b""
        self._silent = silent

    def run(self) -> None:
        while True:
            try:
                data = os.read(self.master, 4096)
            except OSError:
                return
            self.received += data
            if self.received.endswith(b"\x00stop"):
                return
            if not self._silent and (self.received[-3:-1] == b"\x10\x04" or self.received.endswith(b"\x1dr\x01")):
                os.write(self.master, b"\x12" if self.received[-3:-1] == b"\x10\x04" else b"\x00")

    def stop(self) -> None:
        os.write(self.slave, b"\x00stop")
        self.join(5)
        os.close(self.master)
        os.close(self.slave)


async def test_a_serial_device() -> None:
    line = SerialPrinter()
    line.start()
    try:
        assert (await FilePrinter().status(f"file://{line.path}")).ready
        assert await FilePrinter().send(f"file://{line.path}", JOB, deadline=5) == "acked"
    finally:
        line.stop()
    assert JOB in line.received


async def test_a_silent_serial_device() -> None:
    line = SerialPrinter(silent=True)
    line.start()
    try:
        assert await FilePrinter(answer_seconds=0.05).status(f"file://{line.path}") == sensors.UNREACHABLE
        assert await FilePrinter().send(f"file://{line.path}", JOB, deadline=0.1) == "unconfirmed"
    finally:
        line.stop()


def contents(folder: Path) -> list[tuple[str, bytes]]:
    return [(path.suffix, path.read_bytes()) for path in sorted(folder.iterdir())]


async def test_a_spool_folder(tmp_path: Path) -> None:
    where = f"file://{tmp_path}"
    transport = FilePrinter()
    assert (await transport.status(where)).ready
    assert await transport.send(where, JOB, deadline=5) == "acked"
    assert await transport.send(where, JOB + b"2", deadline=5) == "acked"
    assert contents(tmp_path) == [(".escpos", JOB), (".escpos", JOB + b"2")]


async def test_a_path_that_is_no_printer(tmp_path: Path) -> None:
    plain = tmp_path / "nota.txt"
    plain.write_bytes(b"keep")
    for path in (plain, tmp_path / "absent"):
        assert await FilePrinter().status(f"file://{path}") == sensors.UNREACHABLE
        assert await FilePrinter().send(f"file://{path}", JOB, deadline=1) == "not_sent"
    assert plain.read_bytes() == b"keep"
    assert not (tmp_path / "absent").exists()
    for bad in ("file:relative", "file://host/dev/lp0", "tcp://a:1"):
        with pytest.raises(ConfigInvalid):
            await FilePrinter().send(bad, JOB, deadline=1)


async def test_memory() -> None:
    transport = MemoryPrinter()
    assert (await transport.status("memory:a")).ready
    transport.results["memory:a"] = ["not_sent", "unconfirmed"]
    assert [await transport.send("memory:a", JOB, deadline=1) for _ in range(3)] == ["not_sent", "unconfirmed", "acked"]
    assert transport.jobs == {"memory:a": [JOB, JOB]}


async def test_the_scheme_decides(printer: FakePrinter, tmp_path: Path) -> None:
    transports = Transports()
    assert await transports.send(address(printer), JOB, deadline=5) == "acked"
    assert await transports.send(f"file://{tmp_path}", JOB, deadline=5) == "acked"
    assert await transports.send("memory:x", JOB, deadline=5) == "acked"
    assert (await transports.status("memory:x")).ready
    for bad in ("", "lpt1", "ipp://10.0.0.9/ipp/print"):
        with pytest.raises(ConfigInvalid) as caught:
            await transports.status(bad)
        assert "tcp" in caught.value.fix
