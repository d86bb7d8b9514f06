"""What breaks between us and SEFAZ, and whether bytes may have left when it did."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from contextlib import suppress
from datetime import timedelta

import aiohttp
import pytest
from sefaz_wire_pki import NOW, Authority
from sefaz_wire_server import CHAVE, Seen, http, prot, replying, ret_envi, running, server_context

from gateway.core.clock import SystemClock
from gateway.core.errors import (
    CertificateExpired,
    CertificateInvalid,
    ConfigInvalid,
    NotSent,
    OutcomeUnknown,
    Refused,
)
from gateway.nfe.answers import Authorized
from gateway.nfe.ports import Pfx, SignedXml, Target
from gateway.nfe.sefaz.client import SefazClient
from gateway.nfe.sefaz.endpoints import Endpoints
from gateway.nfe.sefaz.sessions import Sessions
from gateway.nfe.sefaz.tls import ClientTls, Trust, client_tls

OK = replying(ret_envi(inner=prot()))


async def reset(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    """Take the request and answer with a TCP reset."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    raise ConnectionResetError


async def hang_up(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    """Take the request and close politely, without a word."""
    writer.close()
    raise ConnectionResetError


async def half(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    """Half an answer, then the line drops."""
    whole = http(ret_envi(inner=prot()))
    writer.write(whole[: len(whole) // 2])
    await writer.drain()
    raise ConnectionResetError


async def silence(_seen: Seen, _writer: asyncio.StreamWriter) -> None:
    """Take the request and never answer."""
    await asyncio.Event().wait()


async def drip(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    """A body that keeps coming, too slowly to ever end: no single read is late. The pace is the peer's, nobody waits for it."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    never = asyncio.Event()
    while True:
        writer.write(b" ")
        await writer.drain()
        with suppress(TimeoutError):
            await asyncio.wait_for(never.wait(), 0.02)


@pytest.mark.parametrize("broken", [reset, hang_up, half])
async def test_lost_after_sending_is_unknown_to_a_note_and_repeatable_to_a_read(wires, signed, broken):
    async with wires.open(broken) as wire:
        with pytest.raises(OutcomeUnknown) as lost:
            await wire.client.authorize(wire.target, signed, idLote=1)
        with pytest.raises(NotSent) as read:
            await wire.client.consult(wire.target, CHAVE)
        assert len(wire.peer.seen) == 2, "no call may be repeated by itself"
    assert (lost.value.code, read.value.code) == ("SEFAZ-NO-ANSWER", "SEFAZ-NO-ANSWER")


@pytest.mark.parametrize("slow", [silence, drip])
async def test_late_answer_ends_by_the_deadline_as_unknown(pki, wires, signed, slow):
    async with running(server_context(pki.server, pki.ca.pem), slow) as peer:
        client = SefazClient(
            Endpoints(override_url=peer.url, override_ca=pki.ca_file), clock=SystemClock(), connect_timeout=0.5, read_timeout=0.2
        )
        with pytest.raises(OutcomeUnknown):
            await client.authorize(Target("SP", 2, "55", pki.pfx), signed, idLote=1)
        assert len(peer.seen) == 1
        await client.close()


async def test_call_after_a_lost_one_opens_a_new_connection(wires, signed):
    async with wires.open(reset) as wire:
        with pytest.raises(OutcomeUnknown):
            await wire.client.authorize(wire.target, signed, idLote=1)
        wire.answer(OK)
        outcome = await wire.client.authorize(wire.target, signed, idLote=1)
    assert isinstance(outcome, Authorized)
    assert wire.peer.connections == 2


async def test_closed_port_was_not_sent(pki, signed):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{probe.getsockname()[1]}"
        client = SefazClient(Endpoints(override_url=url, override_ca=pki.ca_file), clock=SystemClock())
        with pytest.raises(NotSent) as refused:
            await client.authorize(Target("SP", 2, "55", pki.pfx), signed, idLote=1)
        await client.close()
    assert refused.value.code == "SEFAZ-CONNECT"


async def test_peer_that_does_not_speak_tls_was_not_sent(pki, signed):
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(64)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    client = SefazClient(Endpoints(override_url=url, override_ca=pki.ca_file), clock=SystemClock())
    with pytest.raises(NotSent) as refused:
        await client.authorize(Target("SP", 2, "55", pki.pfx), signed, idLote=1)
    await client.close()
    server.close()
    assert refused.value.code == "SEFAZ-TLS"


async def test_tls_handshake_that_hangs_was_not_sent(pki, signed):
    entered = asyncio.Event()

    async def mute(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await entered.wait()
        writer.close()

    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    client = SefazClient(
        Endpoints(override_url=url, override_ca=pki.ca_file), clock=SystemClock(), connect_timeout=0.2, read_timeout=5
    )
    with pytest.raises(NotSent) as late:
        await client.authorize(Target("SP", 2, "55", pki.pfx), signed, idLote=1)
    entered.set()
    await client.close()
    server.close()
    assert late.value.code == "SEFAZ-CONNECT"


async def test_server_of_an_unknown_root_gets_nothing_and_the_fix_is_named(pki, wires, signed, tmp_path):
    other = tmp_path / "other.pem"
    other.write_bytes(Authority("Outra CA").pem)
    async with wires.open(OK, ca_file=other) as wire:
        with pytest.raises(ConfigInvalid) as refused:
            await wire.client.authorize(wire.target, signed, idLote=1)
    assert refused.value.code == "SEFAZ-TLS-ROOT"
    assert "ICP-Brasil" in refused.value.fix
    assert wire.peer.seen == []


async def test_server_with_another_name_gets_nothing(pki, wires, signed, tmp_path):
    server = pki.ca.server_pem(tmp_path, "elsewhere", dns="nfe.fazenda.sp.gov.br")
    async with wires.open(OK, server=server) as wire:
        with pytest.raises(Refused) as refused:
            await wire.client.authorize(wire.target, signed, idLote=1)
    assert refused.value.code == "SEFAZ-TLS-HOST"
    assert wire.peer.seen == []


async def test_server_with_an_expired_certificate_gets_nothing(pki, wires, signed, tmp_path):
    server = pki.ca.server_pem(tmp_path, "old", ip="127.0.0.1", end=NOW - timedelta(minutes=5))
    async with wires.open(OK, server=server) as wire:
        with pytest.raises(NotSent) as refused:
            await wire.client.authorize(wire.target, signed, idLote=1)
    assert refused.value.code == "SEFAZ-TLS-EXPIRED"
    assert wire.peer.seen == []


async def test_client_certificate_that_the_server_refuses_is_refused_before_a_byte(pki, signed):
    """The peer blocks in a thread: OpenSSL then sends its alert, which asyncio's server drops with the connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        context = server_context(pki.server, pki.ca.pem)

        def accept() -> str:
            plain, _ = listener.accept()
            with plain, pytest.raises(ssl.SSLError) as failed:
                context.wrap_socket(plain, server_side=True)
            return str(failed.value.reason)

        peer = asyncio.create_task(asyncio.to_thread(accept))
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        client = SefazClient(Endpoints(override_url=url, override_ca=pki.ca_file), clock=SystemClock())
        with pytest.raises(Refused) as refused:
            await client.authorize(Target("SP", 2, "55", Authority("CA desconhecida").pfx("Loja")), signed, idLote=1)
        assert await peer == "CERTIFICATE_VERIFY_FAILED"
        await client.close()
    assert refused.value.code == "SEFAZ-TLS-CLIENT"


async def test_server_that_hangs_up_in_the_handshake_got_nothing(wires, signed):
    async with wires.open(OK, pfx=Authority("CA desconhecida").pfx("Loja")) as wire:
        with pytest.raises(NotSent) as dropped:
            await wire.client.authorize(wire.target, signed, idLote=1)
    assert dropped.value.code == "SEFAZ-TLS-DROPPED"
    assert wire.peer.seen == []


async def test_expired_client_certificate_opens_no_connection(pki, wires, signed):
    old = pki.ca.pfx("Loja", begin=NOW - timedelta(days=400), end=NOW - timedelta(days=35))
    async with wires.open(OK, pfx=old) as wire:
        with pytest.raises(CertificateExpired) as expired:
            await wire.client.authorize(wire.target, signed, idLote=1)
    assert f"{NOW - timedelta(days=35):%d/%m/%Y}" in expired.value.detail
    assert wire.peer.connections == 0


@pytest.mark.parametrize("damage", ["password", "file"])
async def test_broken_pfx_opens_no_connection_and_tells_no_password(pki, wires, signed, damage):
    pfx = Pfx(pki.pfx.data, "outra") if damage == "password" else Pfx(b"not a pfx", "segredo")
    async with wires.open(OK, pfx=pfx) as wire:
        with pytest.raises(CertificateInvalid) as invalid:
            await wire.client.authorize(wire.target, signed, idLote=1)
    assert "outra" not in invalid.value.detail
    assert "segredo" not in invalid.value.detail
    assert wire.peer.connections == 0


async def test_renewed_certificate_is_used_from_the_next_call_on(pki, wires, signed):
    async with wires.open(OK) as wire:
        await wire.client.authorize(wire.target, signed, idLote=1)
        renewed = Target("SP", 2, "55", pki.ca.pfx("Loja renovada"))
        await wire.client.authorize(renewed, signed, idLote=2)
    assert [seen.client for seen in wire.peer.seen] == ["Loja de teste", "Loja renovada"]


async def test_least_used_certificate_gives_way_once_its_calls_are_over(pki):
    timeout = aiohttp.ClientTimeout(total=5)
    sessions = Sessions(trust=Trust(only=pki.ca_file), clock=SystemClock(), timeout=timeout, keep=1)
    other = pki.ca.pfx("Outra loja")
    async with sessions.lease(pki.pfx) as busy:
        async with sessions.lease(other) as second:
            assert len(sessions) == 1
            assert not busy.closed, "a session with a call in flight stays open"
        async with sessions.lease(other) as again:
            assert again is second
    assert busy.closed
    async with sessions.lease(pki.pfx) as reopened:
        assert reopened is not busy
        assert second.closed
    await sessions.close()
    assert reopened.closed


async def test_certificate_is_opened_once_however_many_calls_start_together(pki, monkeypatch):
    opened: list[Pfx] = []

    def counted(pfx: Pfx, trust: Trust) -> ClientTls:
        opened.append(pfx)
        return client_tls(pfx, trust)

    monkeypatch.setattr("gateway.nfe.sefaz.sessions.client_tls", counted)
    sessions = Sessions(trust=Trust(only=pki.ca_file), clock=SystemClock(), timeout=aiohttp.ClientTimeout(total=5))

    async def lease() -> aiohttp.ClientSession:
        async with sessions.lease(Pfx(bytes(bytearray(pki.pfx.data)), pki.pfx.password)) as session:
            return session

    assert len(set(await asyncio.gather(*(lease() for _ in range(20))))) == 1
    assert len(opened) == 1
    await sessions.close()


async def test_document_of_the_other_environment_never_leaves(wires, signed):
    async with wires.open(OK) as wire:
        with pytest.raises(Refused) as refused:
            await wire.client.authorize(wire.target, SignedXml(signed.replace(b"<tpAmb>2<", b"<tpAmb>1<")), idLote=1)
        with pytest.raises(ConfigInvalid) as production:
            await wire.client.authorize(Target("SP", 1, "55", wire.target.pfx), signed, idLote=1)
        with pytest.raises(Refused) as elsewhere:
            await wire.client.authorize(Target("RJ", 2, "55", wire.target.pfx), signed, idLote=1)
        assert wire.peer.connections == 0
    assert (refused.value.code, production.value.code, elsewhere.value.code) == (
        "SEFAZ-GUARD",
        "SEFAZ-URL-PRODUCAO",
        "SEFAZ-GUARD",
    )


async def test_bytes_that_are_not_a_signed_note_never_leave(wires, signed):
    async with wires.open(OK) as wire:
        for bad in (b"", b"<?xml version='1.0'?>" + signed, signed + b"\n", signed.replace(b"123456781", b"123456780")):
            with pytest.raises(Refused) as refused:
                await wire.client.authorize(wire.target, SignedXml(bad), idLote=1)
            assert refused.value.code == "SEFAZ-UNFIT"
        with pytest.raises(Refused):
            await wire.client.consult(wire.target, "1" * 44)
        assert wire.peer.connections == 0


async def test_cancelled_call_stays_cancelled_and_spoils_nothing(wires, signed):
    async with wires.open(silence) as wire:
        call = asyncio.create_task(wire.client.authorize(wire.target, signed, idLote=1))
        await wire.peer.arrived.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        wire.answer(OK)
        assert isinstance(await wire.client.authorize(wire.target, signed, idLote=1), Authorized)


async def test_close_ends_calls_in_flight_as_unknown_and_refuses_new_ones(wires, signed):
    async with wires.open(silence) as wire:
        call = asyncio.create_task(wire.client.authorize(wire.target, signed, idLote=1))
        await wire.peer.arrived.wait()
        await wire.client.close()
        with pytest.raises(OutcomeUnknown):
            await call
        with pytest.raises(NotSent) as closed:
            await wire.client.authorize(wire.target, signed, idLote=2)
    assert closed.value.code == "SEFAZ-CLOSED"
