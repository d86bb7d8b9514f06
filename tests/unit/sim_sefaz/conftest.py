from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from sim_sefaz_note import ALPHANUMERIC_CNPJ, CNPJ, NOW, Signer, content_type, envelope, issue, new_authorizer

from gateway.sim.pki import TestPki
from gateway.sim.sefaz import SefazSimulator
from gateway.sim.sefaz.authorizer import Authorizer

Call = Callable[..., Awaitable[tuple[int, bytes]]]


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> TestPki:
    return TestPki(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="session")
def pfx(pki: TestPki) -> bytes:
    return issue(pki, CNPJ)


@pytest.fixture(scope="session")
def signer(pfx: bytes) -> Signer:
    return Signer.from_pfx(pfx, "senha")


@pytest.fixture(scope="session")
def alphanumeric_signer(pki: TestPki) -> Signer:
    return Signer.from_pfx(issue(pki, ALPHANUMERIC_CNPJ), "senha")


@pytest.fixture
def authorizer(pki: TestPki) -> Authorizer:
    return new_authorizer(pki)


@pytest.fixture(scope="session")
def client_context(pki: TestPki, signer: Signer, tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    pem = tmp_path_factory.mktemp("client") / "client.pem"
    pem.touch(mode=0o600)
    pem.write_bytes(signer.key + signer.cert)
    context = ssl.create_default_context(cafile=str(pki.ca_path))
    context.load_cert_chain(pem)
    return context


@pytest.fixture
async def simulator(pki: TestPki) -> AsyncIterator[SefazSimulator]:
    async with SefazSimulator(pki=pki, clock=lambda: NOW) as running:
        yield running


@pytest.fixture
async def call(simulator: SefazSimulator, client_context: ssl.SSLContext) -> AsyncIterator[Call]:
    """POST one message to a service; answers HTTP status and body. A new connection each time."""
    connector = aiohttp.TCPConnector(ssl=client_context, force_close=True)
    timeout = aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:

        async def post(service: str, message: bytes, *, mime: str | None = None, path: str | None = None) -> tuple[int, bytes]:
            headers = {"Content-Type": mime or content_type(service)}
            url = f"{simulator.url}/{path or service}"
            async with session.post(url, data=envelope(service, message), headers=headers) as response:
                return response.status, await response.read()

        yield post


@pytest.fixture
async def control(simulator: SefazSimulator) -> AsyncIterator[Callable[..., Awaitable[Any]]]:
    async with aiohttp.ClientSession(simulator.control_url, timeout=aiohttp.ClientTimeout(total=5)) as session:

        async def ask(method: str, path: str, body: object = None) -> tuple[int, Any]:
            async with session.request(method, f"/_control/{path}", json=body) as response:
                return response.status, await response.json()

        yield ask
