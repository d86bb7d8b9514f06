"""A scripted HTTPS peer with client certificates: it answers what the test says, byte for byte, and remembers what it saw."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

NFE = "http://www.portalfiscal.inf.br/nfe"
CHAVE = "35261112345678000195550010000012341123456781"
DIGEST = "q0vNEjRWeJCrze8SNFZ4kKvN7xI="

Answer = Callable[["Seen", asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes
    client: str


@dataclass
class Peer:
    """A running server. `answer` may be changed between calls."""

    url: str
    answer: Answer
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)


def server_context(pem: Path, client_ca: bytes | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    if client_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=client_ca.decode("ascii"))
    return context


@asynccontextmanager
async def running(context: ssl.SSLContext, answer: Answer) -> AsyncIterator[Peer]:
    """Serve on a free port of 127.0.0.1 until the block ends."""
    peer = Peer("", answer)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer.connections += 1
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            while (request := await _read(reader, writer)) is not None:
                peer.seen.append(request)
                peer.arrived.set()
                await peer.answer(request, writer)
                await writer.drain()
        except (ConnectionError, ssl.SSLError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    peer.url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield peer
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Seen | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except asyncio.IncompleteReadError:
        return None
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers["content-length"]))
    certificate = writer.get_extra_info("peercert") or {}
    common = dict(pair for rdn in certificate.get("subject", ()) for pair in rdn).get("commonName", "")
    return Seen(head[0].split(" ")[1], headers, body, common)


def http(
    body: bytes, *, status: str = "200 OK", content_type: str = "application/soap+xml; charset=utf-8", extra: str = ""
) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
    return head.encode("ascii") + body


def replying(body: bytes, **options: str) -> Answer:
    """Answer every request with these bytes as an HTTP body."""

    async def answer(_seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(http(body, **options))

    return answer


def soap(service: str, message: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soap:Body>'
        f'<nfeResultMsg xmlns="http://www.portalfiscal.inf.br/nfe/wsdl/{service}">{message}</nfeResultMsg>'
        "</soap:Body></soap:Envelope>"
    ).encode()


def prot(
    cStat: str = "100", *, chave: str = CHAVE, xMotivo: str = "Autorizado o uso da NF-e", nProt: str | None = "135260000000001"
) -> str:
    number = "" if nProt is None else f"<nProt>{nProt}</nProt>"
    digest = f"<digVal>{DIGEST}</digVal>" if nProt else ""
    return (
        f'<protNFe versao="4.00"><infProt><tpAmb>2</tpAmb><verAplic>T1</verAplic><chNFe>{chave}</chNFe>'
        f"<dhRecbto>2026-11-22T10:00:00-03:00</dhRecbto>{number}{digest}<cStat>{cStat}</cStat>"
        f"<xMotivo>{xMotivo}</xMotivo></infProt></protNFe>"
    )


def ret_envi(cStat: str = "104", *, inner: str = "", xMotivo: str = "Lote processado") -> bytes:
    return soap(
        "NFeAutorizacao4",
        f'<retEnviNFe xmlns="{NFE}" versao="4.00"><tpAmb>2</tpAmb><verAplic>T1</verAplic><cStat>{cStat}</cStat>'
        f"<xMotivo>{xMotivo}</xMotivo><cUF>35</cUF><dhRecbto>2026-11-22T10:00:00-03:00</dhRecbto>{inner}</retEnviNFe>",
    )


def ret_sit(cStat: str, *, inner: str = "", xMotivo: str = "Situação") -> bytes:
    return soap(
        "NFeConsultaProtocolo4",
        f'<retConsSitNFe xmlns="{NFE}" versao="4.00"><tpAmb>2</tpAmb><verAplic>T1</verAplic><cStat>{cStat}</cStat>'
        f"<xMotivo>{xMotivo}</xMotivo><cUF>35</cUF><dhRecbto>2026-11-22T10:00:00-03:00</dhRecbto><chNFe>{CHAVE}</chNFe>{inner}"
        "</retConsSitNFe>",
    )


def ret_status(cStat: str = "107", xMotivo: str = "Serviço em Operação") -> bytes:
    return soap(
        "NFeStatusServico4",
        f'<retConsStatServ xmlns="{NFE}" versao="4.00"><tpAmb>2</tpAmb><verAplic>T1</verAplic><cStat>{cStat}</cStat>'
        f"<xMotivo>{xMotivo}</xMotivo><cUF>35</cUF><dhRecbto>2026-11-22T10:00:00-03:00</dhRecbto><tMed>1</tMed></retConsStatServ>",
    )
