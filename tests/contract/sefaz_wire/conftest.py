"""A client of the gateway and a scripted peer, over real TLS on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sefaz_wire_pki import Authority
from sefaz_wire_server import CHAVE, Answer, Peer, running, server_context

from gateway.core.clock import Clock, SystemClock
from gateway.nfe.ports import Pfx, SignedXml, Target
from gateway.nfe.sefaz.client import SefazClient
from gateway.nfe.sefaz.endpoints import Endpoints


@dataclass(frozen=True)
class Pki:
    """What one test run trusts and shows."""

    folder: Path
    ca: Authority
    ca_file: Path
    server: Path
    pfx: Pfx


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    folder = tmp_path_factory.mktemp("pki")
    ca = Authority("CA de teste")
    ca_file = folder / "ca.pem"
    ca_file.write_bytes(ca.pem)
    return Pki(folder, ca, ca_file, ca.server_pem(folder, "server", ip="127.0.0.1"), ca.pfx("Loja de teste"))


@dataclass
class Wire:
    peer: Peer
    client: SefazClient
    target: Target

    def answer(self, answer: Answer) -> None:
        self.peer.answer = answer


class Wires:
    """Opens a peer and a client that talk to each other."""

    def __init__(self, pki: Pki) -> None:
        self._pki = pki

    @asynccontextmanager
    async def open(
        self,
        answer: Answer,
        *,
        server: Path | None = None,
        pfx: Pfx | None = None,
        ca_file: Path | None = None,
        clock: Clock | None = None,
        read_timeout: float = 5.0,
    ) -> AsyncIterator[Wire]:
        context = server_context(server or self._pki.server, self._pki.ca.pem)
        async with running(context, answer) as peer:
            client = SefazClient(
                Endpoints(override_url=peer.url, override_ca=ca_file or self._pki.ca_file),
                clock=clock or SystemClock(),
                connect_timeout=5.0,
                read_timeout=read_timeout,
            )
            try:
                yield Wire(peer, client, Target("SP", 2, "55", pfx or self._pki.pfx))
            finally:
                await client.close()


@pytest.fixture
def wires(pki: Pki) -> Wires:
    return Wires(pki)


@pytest.fixture
def signed() -> SignedXml:
    """Bytes shaped as a signed NFe, with what re-serialising would change: quotes, entities, an accent."""
    return SignedXml(
        f'<NFe xmlns="http://www.portalfiscal.inf.br/nfe"><infNFe versao="4.00" Id="NFe{CHAVE}"><ide><cUF>35</cUF>'
        "<tpAmb>2</tpAmb></ide><xProd>Pão &quot;caseiro&quot; &#39;x&#39;</xProd></infNFe>"
        '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><a></a></Signature></NFe>'.encode()
    )
