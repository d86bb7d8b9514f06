"""DANFE in A4: PDF bytes of an NF-e, drawn in a process of its own."""

from __future__ import annotations

import asyncio
import os
import struct
import sys
from collections.abc import Sequence

import msgspec

from gateway.core.errors import GatewayError, InputError
from gateway.printers.view import MAX_XML

MAX_PDF = 64 * 1024 * 1024
"""Bytes. 990 items give less than one megabyte."""
RECYCLE = 500
"""Notes drawn before the process is replaced: whatever it leaks has an end."""

REQUEST = struct.Struct(">IB")
"""Length of the XML that follows, flags."""
ANSWER = struct.Struct(">cI")
"""Kind, length of what follows: a PDF, or JSON `{code, detail, fix}` when the input is refused or the drawing fails."""
CANCELLED = 1
PDF, INPUT, FAILURE = b"P", b"I", b"F"

_WORKER = (sys.executable, "-m", "gateway.printers.danfe_worker")


class _WorkerDiedError(Exception):
    """The process ended before its answer did."""


class _Problem(msgspec.Struct):
    code: str
    detail: str
    fix: str


class DanfeRenderer:
    """One drawing process, started by the first note, ended after `idle` seconds without one.

    Notes are drawn one at a time, in order of arrival. A process that dies is replaced and the note tried once more (drawing has
    no effect outside); one that takes more than `timeout` seconds is killed. Belongs to the event loop it is first used in.
    """

    def __init__(self, *, timeout: float = 60.0, idle: float = 120.0, command: Sequence[str] = _WORKER) -> None:
        self._timeout = timeout
        self._idle = idle
        self._command = tuple(command)
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._drawn = 0
        self._retirement: asyncio.TimerHandle | None = None

    async def pdf(self, xml: bytes, *, cancelled: bool = False) -> bytes:
        """The DANFE of `xml` (nfeProc, or NFe without protocol: then marked as such), portrait or landscape as tpImp says.

        The same XML gives the same bytes. `cancelled` marks it so. Raises InputError (not a model 55 note, too large) and
        GatewayError (`DANFE-TIMEOUT`, `DANFE-DRAW`, `DANFE-WORKER`).
        """
        if len(xml) > MAX_XML:
            raise InputError(f"O XML da nota tem {len(xml)} bytes; o limite é {MAX_XML}.", code="PRINT-XML")
        request = REQUEST.pack(len(xml), CANCELLED if cancelled else 0) + xml
        async with self._turn:
            if self._retirement is not None:
                self._retirement.cancel()
            try:
                kind, body = await self._twice(request)
            except BaseException:
                # cancelled, timed out or dead: what is left in the pipes belongs to nobody
                await self._kill()
                raise
            self._drawn += 1
            if self._drawn >= RECYCLE:
                self._retire()
            else:
                self._retirement = asyncio.get_running_loop().call_later(self._idle, self._retire)
        if kind == PDF:
            return body
        problem = msgspec.json.decode(body, type=_Problem)
        if kind == INPUT:
            raise InputError(problem.detail, code=problem.code, fix=problem.fix)
        raise GatewayError(
            f"O DANFE em PDF não pôde ser desenhado ({problem.detail}).",
            code=problem.code,
            fix="Use o cupom desta nota e envie o XML ao suporte.",
        )

    def close(self) -> asyncio.Future[None]:
        """Kill the process now; await the answer to wait until it is gone. The renderer may be used again and starts another."""
        if self._retirement is not None:
            self._retirement.cancel()
        return asyncio.ensure_future(self._gone(self._killed()))

    async def _twice(self, request: bytes) -> tuple[bytes, bytes]:
        try:
            return await self._once(request)
        except _WorkerDiedError:
            await self._kill()
        try:
            return await self._once(request)
        except _WorkerDiedError as error:
            raise GatewayError(
                "O processo que desenha o DANFE em PDF morreu duas vezes com esta nota.",
                code="DANFE-WORKER",
                fix="Confira a memória livre do servidor; o cupom desta nota continua disponível.",
            ) from error

    async def _once(self, request: bytes) -> tuple[bytes, bytes]:
        try:
            async with asyncio.timeout(self._timeout):
                return await self._exchange(request)
        except TimeoutError as error:
            raise GatewayError(
                f"O DANFE em PDF passou de {self._timeout:.0f} s e foi interrompido.",
                code="DANFE-TIMEOUT",
                fix="Use o cupom desta nota; tente o PDF de novo com o servidor menos ocupado.",
            ) from error

    async def _exchange(self, request: bytes) -> tuple[bytes, bytes]:
        process = await self._started()
        if process.stdin is None or process.stdout is None:
            raise _WorkerDiedError
        try:
            process.stdin.write(request)
            await process.stdin.drain()
            kind, length = ANSWER.unpack(await process.stdout.readexactly(ANSWER.size))
            if length > MAX_PDF:
                raise _WorkerDiedError
            return kind, await process.stdout.readexactly(length)
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            raise _WorkerDiedError from error

    async def _started(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            # the drawing needs no secret: nothing of the service's configuration goes along
            environment = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=environment
            )
            self._drawn = 0
        return self._process

    def _retire(self) -> None:
        """Let the process end by itself: it does when its stdin ends."""
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            process.stdin.close()

    async def _kill(self) -> None:
        await self._gone(self._killed())

    def _killed(self) -> asyncio.subprocess.Process | None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
        return process

    async def _gone(self, process: asyncio.subprocess.Process | None) -> None:
        if process is not None:
            await process.wait()
