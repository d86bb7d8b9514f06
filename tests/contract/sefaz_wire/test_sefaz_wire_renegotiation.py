"""IIS authorisers (BA, SP, SVAN, SVC-AN, AN, MT) ask for the certificate only after the request, by renegotiation.

The peer is `openssl s_server`: Python's ssl cannot start a renegotiation. Its command `R` asks for the client's certificate.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sefaz_wire_pki import NOW, Authority
from sefaz_wire_server import http, prot, ret_envi

from gateway.core.clock import SystemClock
from gateway.core.errors import EdgeError, GatewayError, Refused
from gateway.nfe.answers import Authorized
from gateway.nfe.ports import Pfx, SignedXml, Target
from gateway.nfe.sefaz.client import SefazClient
from gateway.nfe.sefaz.endpoints import Endpoints
from gateway.nfe.sefaz.tls import ClientTls, Trust, client_tls

OPENSSL = shutil.which("openssl")
MISSING = (
    "the TLS lab needs the openssl command: apt-get install openssl (Debian), apk add openssl (Alpine), brew install openssl"
)


@pytest.fixture(autouse=True)
def lab() -> None:
    """The lab's peer. Without it the tests say how to get it; on CI that is a failure, not a silence."""
    if OPENSSL is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(MISSING)


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

    async def has(self, sign: bytes) -> int:
        """Read on until `sign` is anywhere in the output; answers where."""
        while sign not in self.output:
            chunk = await self._out.read(65536)
            assert chunk, self.output[-4000:].decode("utf-8", "replace")
            self.output += chunk
        return self.output.index(sign)

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


@pytest.mark.parametrize("size", [60_000, 400_000])
@pytest.mark.parametrize("cipher", ["ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-SHA384", "DHE-RSA-AES256-GCM-SHA384"])
async def test_certificate_asked_for_in_the_middle_of_a_large_request_is_shown(pki, signed, cipher, size):
    large = SignedXml(signed.replace(b"</xProd>", b"x" * size + b"</xProd>"))
    async with iis(pki.server, pki.ca_file, "-cipher", cipher) as (peer, url), talking_to(url, pki.ca_file) as client:
        call = asyncio.create_task(client.authorize(Target("SP", 2, "55", pki.pfx), large, idLote=1))
        await peer.until(b"POST /")
        peer.type(b"R\n")
        asked, whole = await peer.has(b"write hello request"), await peer.has(b"</Envelope>")
        await peer.has(b"read certificate verify")
        # The pipe and the reader hold some 128 kB of the peer's output: a larger request is still on its way when it asks.
        assert asked < whole or size < 200_000
        peer.type(http(ret_envi(inner=prot())))
        assert isinstance(await call, Authorized)


@pytest.mark.parametrize(
    "cipher", ["ECDHE-RSA-AES256-SHA384", "ECDHE-RSA-AES128-SHA", "DHE-RSA-AES256-GCM-SHA384", "DHE-RSA-AES256-SHA256"]
)
async def test_hosts_with_only_old_ciphers_are_spoken_to(pki, signed, cipher):
    options = ("-cipher", cipher, "-Verify", "1")
    async with iis(pki.server, pki.ca_file, *options) as (peer, url), talking_to(url, pki.ca_file) as client:
        call = asyncio.create_task(client.authorize(Target("SP", 2, "55", pki.pfx), signed, idLote=1))
        await peer.until(b"</Envelope>")
        peer.type(http(ret_envi(inner=prot())))
        assert isinstance(await call, Authorized)


@pytest.mark.parametrize("cipher", ["AES256-GCM-SHA384", "AES128-SHA"])
async def test_hosts_without_forward_secrecy_get_nothing(pki, signed, cipher):
    async with iis(pki.server, pki.ca_file, "-cipher", cipher) as (peer, url), talking_to(url, pki.ca_file) as client:
        with pytest.raises(EdgeError) as refused:
            await client.authorize(Target("SP", 2, "55", pki.pfx), signed, idLote=1)
        assert refused.value.code in ("SEFAZ-TLS", "SEFAZ-TLS-CLIENT")
        assert b"POST" not in peer.output


async def test_a_certificate_that_is_not_shown_is_told_apart_from_one_that_is_refused(pki, signed, monkeypatch):
    def bare(pfx: Pfx, trust: Trust) -> ClientTls:
        opened = client_tls(pfx, trust)
        context = ssl.create_default_context(cafile=str(pki.ca_file))
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        return ClientTls(context, opened.not_before, opened.not_after)

    monkeypatch.setattr("gateway.nfe.sefaz.sessions.client_tls", bare)
    async with iis(pki.server, pki.ca_file, "-Verify", "1") as (peer, url), talking_to(url, pki.ca_file) as client:
        with pytest.raises(Refused) as refused:
            await client.authorize(Target("SP", 2, "55", pki.pfx), signed, idLote=1)
        assert b"POST" not in peer.output
    assert refused.value.code == "SEFAZ-TLS-CLIENT"
    assert "não recebeu um certificado que lhe sirva (alerta TLS 40)" in refused.value.detail


async def test_a_certificate_of_an_unknown_authority_is_named_by_its_alert(pki, signed):
    stranger: Pfx = Authority("CA desconhecida").pfx("Loja")
    async with iis(pki.server, pki.ca_file, "-Verify", "1") as (peer, url), talking_to(url, pki.ca_file) as client:
        with pytest.raises(Refused) as refused:
            await client.authorize(Target("SP", 2, "55", stranger), signed, idLote=1)
        assert b"POST" not in peer.output
    assert "não conhece a autoridade que emitiu o certificado" in refused.value.detail
    assert "(alerta TLS 48)" in refused.value.detail


async def test_a_server_of_another_authority_another_name_or_past_its_end_gets_nothing(pki, signed, tmp_path):
    peers = {
        "SEFAZ-TLS-ROOT": Authority("Outra CA").server_pem(tmp_path, "stranger", ip="127.0.0.1"),
        "SEFAZ-TLS-HOST": pki.ca.server_pem(tmp_path, "elsewhere", dns="nfe.example.com"),
        "SEFAZ-TLS-EXPIRED": pki.ca.server_pem(tmp_path, "ended", ip="127.0.0.1", end=NOW - timedelta(minutes=1)),
    }
    for code, server in peers.items():
        async with iis(server, pki.ca_file) as (peer, url), talking_to(url, pki.ca_file) as client:
            with pytest.raises(GatewayError) as refused:
                await client.authorize(Target("SP", 2, "55", pki.pfx), signed, idLote=1)
            assert refused.value.code == code
            assert b"POST" not in peer.output
