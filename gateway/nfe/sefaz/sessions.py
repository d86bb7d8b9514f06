"""One HTTP session per certificate: its TLS context is built once, its connections are kept alive and shared.

Keep-alive matters twice here: a handshake costs two round trips, and hosts that ask for the certificate by renegotiation
cost two handshakes. A renewed certificate is another key, so it is used from the next call on, with no restart.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from gateway.core.clock import Clock
from gateway.core.errors import NotSent
from gateway.nfe.ports import Pfx
from gateway.nfe.sefaz.exchange import tracing
from gateway.nfe.sefaz.tls import ClientTls, Trust, client_tls

MAX_CONNECTIONS = 64
"""Connections of one certificate: 64 in flight at 300 ms are 200 notes a second."""

MAX_CERTIFICATES = 64
"""Sessions kept; the one unused for longest is closed when one more is needed, after its calls have ended."""

_IDLE_SECONDS = 15.0
_DNS_SECONDS = 60


@dataclass(slots=True)
class _Held:
    session: aiohttp.ClientSession
    tls: ClientTls
    users: int = 0
    evicted: bool = False


class Sessions:
    """Leases the session of a certificate. Must be used from one event loop."""

    def __init__(self, *, trust: Trust, clock: Clock, timeout: aiohttp.ClientTimeout, keep: int = MAX_CERTIFICATES) -> None:
        self._trust = trust
        self._clock = clock
        self._timeout = timeout
        self._keep = keep
        self._held: OrderedDict[Pfx, _Held] = OrderedDict()
        self._opening = asyncio.Lock()
        self._closed = False

    def __len__(self) -> int:
        return len(self._held)

    @asynccontextmanager
    async def lease(self, pfx: Pfx) -> AsyncIterator[aiohttp.ClientSession]:
        """The session of this certificate for one call.

        Raises CertificateExpired, CertificateInvalid and ConfigInvalid; NotSent once closed.
        """
        held = self._held.get(pfx) or await self._open(pfx)
        while held.evicted:  # by a burst of other certificates, before this call could take hold of it
            held = await self._open(pfx)
        held.tls.check(self._clock.now())
        self._held.move_to_end(pfx)
        held.users += 1
        try:
            yield held.session
        finally:
            await _release(held)

    async def close(self) -> None:
        """Close every session; calls in flight end as if the connection was lost."""
        self._closed = True
        async with self._opening:
            held = tuple(self._held.values())
            self._held.clear()
        for one in held:
            one.evicted = True
            await one.session.close()

    async def _open(self, pfx: Pfx) -> _Held:
        async with self._opening:
            if self._closed:
                raise _closed()
            held = self._held.get(pfx)
            if held is None:
                tls = await asyncio.to_thread(client_tls, pfx, self._trust)
                held = self._held[pfx] = _Held(self._session(tls), tls)
            idle = self._evict(pfx)
        for session in idle:
            await session.close()
        return held

    def _evict(self, keep: Pfx) -> list[aiohttp.ClientSession]:
        idle: list[aiohttp.ClientSession] = []
        while len(self._held) > self._keep:
            pfx, held = next((pfx, held) for pfx, held in self._held.items() if pfx != keep)
            del self._held[pfx]
            held.evicted = True
            if held.users == 0:
                idle.append(held.session)
        return idle

    def _session(self, tls: ClientTls) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            ssl=tls.context, limit=MAX_CONNECTIONS, keepalive_timeout=_IDLE_SECONDS, ttl_dns_cache=_DNS_SECONDS
        )
        return aiohttp.ClientSession(
            connector=connector,
            timeout=self._timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"User-Agent": "fiscal-gateway", "Accept": "application/soap+xml, text/xml", "Accept-Encoding": "identity"},
            trace_configs=[tracing()],
        )


async def _release(held: _Held) -> None:
    held.users -= 1
    if held.evicted and held.users == 0:
        await held.session.close()


def _closed() -> NotSent:
    return NotSent("O gateway está encerrando; nada foi enviado à SEFAZ.", code="SEFAZ-CLOSED")
