"""The printer on TCP: jobs from any number of connections, one mechanism, status in real time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from gateway.sim.printer.commands import Command, Parser
from gateway.sim.printer.interpreter import Interpreter
from gateway.sim.printer.receipt import Boundary, Receipt, next_number
from gateway.sim.printer.status import STATES, State, prints, queued_status, real_time_status

BUFFER_BYTES = 1024 * 1024
"""What the printer takes in while it cannot print; beyond it, it stops reading."""
KEPT_RECEIPTS = 1000
KEPT_EVENTS = 10_000


class PrinterFaults(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Trouble on purpose. All off by default."""

    cut_after_bytes: int | None = None
    """The connection is reset after this many bytes; what came before is printed."""
    cut_times: int = 1
    """How many connections are cut before the fault wears off; 0 is for ever."""
    ignore_ack: bool = False
    """GS r is never answered."""
    ignore_status: bool = False
    """DLE EOT is never answered."""
    bytes_per_second: int | None = None
    """The printer takes data in this slowly."""


class _Job:
    """What one connection has sent and the mechanism has not yet done. It outlives its connection: buffered data prints later."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.parser = Parser()
        self.pending: deque[Command] = deque()
        self.waiting_bytes = 0
        self.closed = False
        self._writer = writer

    def reply(self, data: bytes) -> None:
        if not self._writer.is_closing():
            self._writer.write(data)


class VirtualPrinter:
    """An Epson-dialect receipt printer on loopback. `width_dots` is 576 for 80 mm paper, 384 for 58 mm; with `out_dir` each
    receipt is also
    written to files before it is acknowledged."""

    def __init__(self, *, port: int = 0, width_dots: int = 576, out_dir: Path | None = None) -> None:
        self.receipts: deque[Receipt] = deque(maxlen=KEPT_RECEIPTS)
        self.events: deque[dict[str, Any]] = deque(maxlen=KEPT_EVENTS)
        self.faults = PrinterFaults()
        self._port = port
        self._out_dir = out_dir
        self._number = 1
        self._state: State = "ok"
        self._mechanism = Interpreter(width_dots)
        self._jobs: list[_Job] = []
        self._active: _Job | None = None
        self._cuts = 0
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._stopping = asyncio.Event()
        self._room = asyncio.Event()
        self._progress = asyncio.Event()

    @property
    def host(self) -> str:
        """Always loopback."""
        return "127.0.0.1"

    @property
    def port(self) -> int:
        """The TCP port, known once started."""
        return self._port

    @property
    def state(self) -> State:
        """`ok`, `paper_near_end`, `paper_out`, `cover_open` or `offline`. Setting it back to a printing state prints what
        waited.
        """
        return self._state

    @state.setter
    def state(self, value: State) -> None:
        if value not in STATES:
            raise ValueError(f"estado desconhecido: {value}; use um de {', '.join(STATES)}")
        self._state = value
        self._pump()

    def set_faults(self, faults: PrinterFaults) -> None:
        """Replaces the faults in force and starts their counts anew."""
        self.faults = faults
        self._cuts = 0

    def clear(self) -> None:
        """Forgets receipts and events; numbers go on."""
        self.receipts.clear()
        self.events.clear()

    async def start(self) -> None:
        """Listens. Raises OSError when the port is taken."""
        if self._out_dir is not None:
            self._out_dir.mkdir(parents=True, exist_ok=True)
            self._number = next_number(self._out_dir)
        self._stopping.clear()
        self._server = await asyncio.start_server(self._serve, self.host, self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Ends every connection and stops listening."""
        self._stopping.set()
        self._room.set()
        if self._server is not None:
            self._server.close()
        for writer in self._connections.values():
            writer.transport.abort()
        await asyncio.gather(*self._connections)
        if self._server is not None:
            await self._server.wait_closed()

    async def wait_until(self, predicate: Callable[[], bool], *, within: float = 10.0) -> None:
        """Returns when `predicate()` is true, looking again whenever something happened. Raises TimeoutError."""
        async with asyncio.timeout(within):
            while True:
                progress = self._progress
                if predicate():
                    return
                await progress.wait()

    async def wait_receipts(self, count: int, *, within: float = 10.0) -> list[Receipt]:
        """The receipts, once there are at least `count`. Raises TimeoutError."""
        await self.wait_until(lambda: len(self.receipts) >= count, within=within)
        return list(self.receipts)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a conexão precisa de uma tarefa")
        self._connections[task] = writer
        job = _Job(writer)
        self._jobs.append(job)
        try:
            await self._read(job, reader, writer)
        except ConnectionError as error:
            self._note("connection.lost", reason=type(error).__name__)
        finally:
            if job.parser.unfinished:
                self._note("command.incomplete", raw=job.parser.unfinished[:64].hex())
            job.closed = True
            self._pump()
            writer.close()
            del self._connections[task]

    async def _read(self, job: _Job, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        limit = self._take_cut()
        received = 0
        while chunk := await reader.read(4096):
            if limit is not None:
                chunk = chunk[: limit - received]
            received += len(chunk)
            if self.faults.bytes_per_second:
                with suppress(TimeoutError):  # the time runs out unless the printer is stopped meanwhile
                    await asyncio.wait_for(self._stopping.wait(), len(chunk) / self.faults.bytes_per_second)
            self._receive(job, chunk)
            if limit is not None and received >= limit:
                self._note("connection.cut", after=received)
                writer.transport.abort()
                return
            while job.waiting_bytes > BUFFER_BYTES and not self._stopping.is_set():
                self._room.clear()
                await self._room.wait()

    def _take_cut(self) -> int | None:
        faults = self.faults
        if faults.cut_after_bytes is None or (faults.cut_times and self._cuts >= faults.cut_times):
            return None
        self._cuts += 1
        return max(1, faults.cut_after_bytes)

    def _receive(self, job: _Job, chunk: bytes) -> None:
        for command in job.parser.feed(chunk):
            if command.name.startswith("DLE"):
                self._real_time(job, command)
            else:
                job.pending.append(command)
                job.waiting_bytes += len(command.raw)
        self._pump()

    def _real_time(self, job: _Job, command: Command) -> None:
        answer = real_time_status(self._state, command.args[0]) if command.name == "DLE EOT" else None
        if command.name == "DLE DC4" and command.args[0] == 1:
            self._note("drawer", pin=command.args[1], real_time=True)
        elif answer is None:
            self._note("command.unsupported", command=command.name, raw=command.raw.hex())
        elif not self.faults.ignore_status:
            job.reply(answer)

    def _pump(self) -> None:
        """Does all the work that can be done now: one job at a time from its first mark to its cut, in the order the jobs
        came.
        """
        while prints(self._state):
            job = self._active or next((j for j in self._jobs if j.pending or j.closed), None)
            if job is None or not (job.pending or job.closed):
                break
            if job.pending:
                command = job.pending.popleft()
                job.waiting_bytes -= len(command.raw)
                self._carry_out(job, command)
                self._active = job if self._mechanism.busy else None
            else:
                if self._mechanism.busy:
                    self._finish("connection-closed")
                else:
                    self._mechanism.take_paper()  # modes and drawer pulses of this job are no part of the next one's receipt
                self._active = None
                self._jobs.remove(job)
        self._room.set()
        done, self._progress = self._progress, asyncio.Event()
        done.set()

    def _carry_out(self, job: _Job, command: Command) -> None:
        if command.name == "GS r":
            answer = queued_status(self._state, command.args[0])
            if answer is None:
                self._note("command.unsupported", command="GS r", raw=command.raw.hex())
            elif not self.faults.ignore_ack:
                job.reply(answer)
            return
        known = len(self._mechanism.paper.events)
        cut = self._mechanism.apply(command)
        self.events.extend(self._mechanism.paper.events[known:])
        if cut is not None:
            self._finish("partial-cut" if cut.partial else "cut")

    def _finish(self, boundary: Boundary) -> None:
        paper = self._mechanism.take_paper()
        if paper.blank:
            # Feed and cut with nothing on the strip, as after a torn job: paper, but no receipt.
            self._note("blank", boundary=boundary, height=paper.height)
            return
        receipt = Receipt(self._number, boundary, paper)
        self._number += 1
        self._note("receipt", number=receipt.number, boundary=boundary)
        if self._out_dir is not None:
            receipt.write_to(self._out_dir)
        self.receipts.append(receipt)

    def _note(self, kind: str, **details: Any) -> None:
        self.events.append({"type": kind, **details})
