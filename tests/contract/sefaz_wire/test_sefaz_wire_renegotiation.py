"""IIS authorisers (BA, SP, SVAN, SVC-AN, AN, MT) ask for the certificate only after the request, by renegotiation.

The peer is `openssl s_server`: Python's ssl cannot start a renegotiation. Its command `R` asks for the client's certificate.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sefaz_wire_pki import Authority
from sefaz_wire_server import http, prot, ret_envi

from gateway.core.clock import SystemClock
from gateway.core.errors import Refused
from gateway.nfe.answers import Authorized
from gateway.nfe.ports import Pfx, Target
from gateway.nfe.sefaz.client import SefazClient
from gateway.nfe.sefaz.endpoints import Endpoints

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(OPENSSL is None, reason="needs the openssl command, which is not a dependency of the gateway")


class Iis:
    """One openssl s_server; its output is read line by line, as it has no other signal."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._in, self._out = process.stdin, process.stdout
        self.output = b""
        self._seen = 0

    async def until(self, sign: bytes) -> None:
        """Read on to `sign`, from where the last one ended."""
        while (at := self.output.find(sign, self._seen)) < 0:
            chunk = await self._out.read(4096)
            assert chunk, self.output.decode("utf-8", "replace")
            self.output += chunk
        self._seen = at + len(sign)

    def type(self, data: bytes) -> None:
        self._in.write(data)


@asynccontextmanager
async def iis(server: Path, ca_file: Path, *options: str) -> AsyncIterator[tuple[Iis, str]]:
    assert OPENSSL is not None
    process = await asyncio.create_subprocess_exec(
        *(OPENSSL, "s_server", "-accept", "127.0.0.1:0", "-tls1_2", "-cert", str(server), "-key", str(server)),
        *("-CAfile", str(ca_file), "-state", "-verify_return_error", "-no_resumption_on_reneg", *options),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    peer = Iis(process)
    try:
        await peer.until(b"ACCEPT 127.0.0.1:")
        await peer.until(b"\n")
        port = peer.output.split(b"ACCEPT 127.0.0.1:")[1].split(b"\n")[0]
        yield peer, f"https://127.0.0.1:{int(port)}"
    finally:
        process.kill()
        await process.wait()
        transport = getattr(process, "_transport", None)
        if transport is not None:
            transport.close()


@asynccontextmanager
async def talking_to(url: str, ca_file: Path) -> AsyncIterator[SefazClient]:
    client = SefazClient(Endpoints(override_url=url, override_ca=ca_file), clock=SystemClock())
    try:
        yield client
    finally:
        await client.close()


@pytest.mark.parametrize("cipher", ["ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-SHA384", "DHE-RSA-AES256-GCM-SHA384"])
async def test_certificate_asked_for_after_the_request_is_shown(pki, signed, cipher):
    async with iis(pki.server, pki.ca_file, "-cipher", cipher) as (peer, url), talking_to(url, pki.ca_file) as client:
        call = asyncio.create_task(client.authorize(Target("SP", 2, "55", pki.pfx), signed, idLote=1))
        await peer.until(b"</Envelope>")
        peer.type(b"R\n")
        await peer.until(b"read certificate verify")
        await peer.until(b"SSL_do_handshake -> 1")
        peer.type(http(ret_envi(inner=prot())))
        assert isinstance(await call, Authorized)


async def test_certificate_refused_in_the_renegotiation_is_refused_not_unknown(pki, signed):
    stranger: Pfx = Authority("CA desconhecida").pfx("Loja")
    async with iis(pki.server, pki.ca_file) as (peer, url), talking_to(url, pki.ca_file) as client:
        call = asyncio.create_task(client.authorize(Target("SP", 2, "55", stranger), signed, idLote=1))
        await peer.until(b"</Envelope>")
        peer.type(b"R\n")
        with pytest.raises(Refused) as refused:
            await call
        assert refused.value.code == "SEFAZ-TLS-CLIENT"
