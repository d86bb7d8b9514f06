"""A scripted VTEX and a client that talks to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from vtex_server import VtexServer

from gateway.vtex.client import VtexClient
from gateway.workflows.ports import MarketplaceAccess


@pytest.fixture
async def vtex() -> AsyncIterator[VtexServer]:
    server = VtexServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def client() -> AsyncIterator[VtexClient]:
    made = VtexClient(connect_timeout=2, read_timeout=0.3)
    yield made
    await made.close()


@pytest.fixture
def access(vtex: VtexServer) -> MarketplaceAccess:
    return MarketplaceAccess("lojateste", vtex.url, "vtexappkey-lojateste-ABCDEF", "segredo-do-token-de-teste")
