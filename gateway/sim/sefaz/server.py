"""The HTTPS side: SOAP in, SOAP out, and every way in which a connection can go wrong."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import struct
from collections.abc import Awaitable, Callable
from functools import lru_cache
from time import perf_counter

from aiohttp import web
from cryptography import x509

from gateway.sim.sefaz import envelope
from gateway.sim.sefaz.answers import local_time
from gateway.sim.sefaz.authorizer import Authorizer
from gateway.sim.sefaz.chave import CUF, Key
from gateway.sim.sefaz.faults import Fault, FaultQueue
from gateway.sim.sefaz.office import Face, event_in, key_in
from gateway.sim.sefaz.records import Request
from gateway.sim.sefaz.signature import holder_tax_id

MAX_BODY = 4 * 1024 * 1024
"""Past this the HTTP server itself says 413; the authoriser's own limit (214) is below."""

_XML = "application/soap+xml"
_GARBAGE = b"\x00\x1f<html><body>Service Temporarily </bod\xff"
_SILENT = frozenset({"hang", "drop", "reset"})
_MUTILATED = _SILENT | {"http_status", "garbage", "truncate"}
_PIECES = 8
_DOCUMENTS = ((b"<NFe ", b"</NFe>"), (b"<evento ", b"</evento>"), (b"<inutNFe ", b"</inutNFe>"))
_FACES: tuple[Face, ...] = ("", "svc", "an")

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """Routes of every service, at the root and at each face, over one authoriser and one queue of faults."""

    def __init__(self, authorizer: Authorizer, faults: FaultQueue) -> None:
        self._authorizer = authorizer
        self._faults = faults
        self.stopping = asyncio.Event()
        self.busy_seconds = 0.0
        self.processed = 0

    def app(self) -> web.Application:
        app = web.Application(client_max_size=MAX_BODY)
        for face in _FACES:
            for service in envelope.OFFERED[face]:
                app.router.add_post(f"/{face}/{service}" if face else f"/{service}", self._handler(service, face))
        return app

    def _handler(self, service: str, face: Face) -> _Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await self._serve(service, face, request)

        return handle

    async def _serve(self, service: str, face: Face, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        chave = key_in(body)
        key = Key(chave) if chave else None
        subject, tax_id = _client(request)
        line = Request(
            n=self._authorizer.register.next_request(),
            at=local_time(self._authorizer.now(), CUF["SP"]),
            service=service,
            face=face,
            event=event_in(body) if service == "NFeRecepcaoEvento4" else "",
            chave=chave,
            nNF=key.nNF if key else 0,
            serie=key.serie if key else 0,
            client=subject,
            sha256=hashlib.sha256(body).hexdigest(),
            signed=_signed(body),
            size=len(body),
        )
        delays, fault = self._faults.take(service, chave, line.nNF, body, face)
        line.fault = ",".join(f.action for f in [*delays, *([fault] if fault else [])])
        line.answered = fault is None or (fault.action not in _MUTILATED and not fault.lost)
        await _sleep(delays, "before")
        if fault is not None and fault.action in _MUTILATED and fault.phase == "before":
            self._authorizer.register.record(line)
            return await self._break(request, fault, b"")
        try:
            opened = envelope.open_envelope(service, request.headers.get("Content-Type", ""), body)
            answer = self._answer(opened, tax_id, fault, line, face)
        except envelope.Fault as soap_fault:
            line.xMotivo = soap_fault.reason[:255]
            self._authorizer.register.record(line)
            return web.Response(status=400, body=envelope.fault_body(soap_fault), content_type=_XML, charset="utf-8")
        self._authorizer.register.record(line)
        await _sleep(delays, "after")
        if fault is not None and (fault.lost or fault.action in _MUTILATED or fault.action == "slow_body"):
            return await self._break(request, fault, answer)
        return web.Response(body=answer, content_type=_XML, charset="utf-8")

    def _answer(self, opened: envelope.Opened, tax_id: str, fault: Fault | None, line: Request, face: Face) -> bytes:
        started = perf_counter()
        processed = self._authorizer.process(line.service, opened.message, tax_id, fault, face=face, wrapped=opened.wrapped)
        line.cStat, line.xMotivo = processed.cStat, processed.xMotivo
        answer = envelope.wrap(line.service, processed.answer, wrapped=opened.wrapped)
        self.busy_seconds += perf_counter() - started
        self.processed += 1
        return answer

    async def _break(self, request: web.Request, fault: Fault, answer: bytes) -> web.StreamResponse:
        """The answer as the fault lets it through."""
        if fault.action == "http_status":
            return web.Response(status=fault.status, text="Service Unavailable")
        if fault.action == "garbage":
            return web.Response(body=_GARBAGE, content_type="text/html")
        if fault.action == "hang":
            await self.stopping.wait()
        if fault.action in ("truncate", "slow_body"):
            return await self._piecemeal(request, fault, answer or envelope.wrap("NFeStatusServico4", ""))
        _cut(request, abruptly=fault.action == "reset")
        return web.Response(status=500)

    async def _piecemeal(self, request: web.Request, fault: Fault, answer: bytes) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": f"{_XML}; charset=utf-8"})
        response.content_length = len(answer)
        await response.prepare(request)
        if fault.action == "truncate":
            await response.write(answer[: len(answer) // 2])
            _cut(request, abruptly=False)
            return response
        step = max(1, len(answer) // _PIECES)
        for at in range(0, len(answer), step):
            await response.write(answer[at : at + step])
            await asyncio.sleep(fault.ms / 1000)
        await response.write_eof()
        return response


def _signed(body: bytes) -> str:
    """SHA-256 of the signed document inside an envelope, found without parsing; empty when there is none."""
    for opening, closing in _DOCUMENTS:
        start, end = body.find(opening), body.rfind(closing)
        if 0 <= start < end:
            return hashlib.sha256(body[start : end + len(closing)]).hexdigest()
    return ""


async def _sleep(delays: list[Fault], phase: str) -> None:
    milliseconds = sum(fault.ms for fault in delays if fault.phase == phase)
    if milliseconds:
        await asyncio.sleep(milliseconds / 1000)


def _cut(request: web.Request, *, abruptly: bool) -> None:
    """Close the connection under the client: in order, or with RST (SO_LINGER 0)."""
    transport = request.transport
    if transport is None:
        return
    if not abruptly:
        transport.close()
        return
    raw = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _client(request: web.Request) -> tuple[str, str]:
    """Subject and tax id of the client's certificate; empty when there is none."""
    transport = request.transport
    connection = None if transport is None else transport.get_extra_info("ssl_object")
    der = None if connection is None else connection.getpeercert(binary_form=True)
    return _holder(der) if der else ("", "")


@lru_cache(maxsize=256)
def _holder(der: bytes) -> tuple[str, str]:
    cert = x509.load_der_x509_certificate(der)
    return cert.subject.rfc4514_string(), holder_tax_id(cert)
