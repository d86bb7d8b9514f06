"""One HTTP call to VTEX: headers, limits, timeouts, one log line, and errors of the gateway's own tree. No retry."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote, urlencode

import aiohttp
import msgspec
import structlog
from yarl import URL

from gateway import __version__
from gateway.core.clock import Clock
from gateway.core.errors import ConfigInvalid, EdgeError, NotSent, OutcomeUnknown, ProtocolBroken, Refused
from gateway.vtex.answers import error_of
from gateway.vtex.wire import MAX_BODY
from gateway.workflows.ports import MarketplaceAccess

log = structlog.get_logger()

_ACCOUNT = re.compile(r"[0-9A-Za-z][0-9A-Za-z\-]{0,62}")
_CONNECTIONS_PER_HOST = 16


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A call VTEX documents. `write`: whether a lost answer may have had an effect. `permission`: Licence Manager resource."""

    name: str
    method: Literal["GET", "POST", "DELETE"]
    path: str
    write: bool
    permission: str


class Transport:
    """A session shared by every account; nothing of an account is kept, so a rotated token is used at once."""

    def __init__(self, clock: Clock, *, connect_timeout: float, read_timeout: float) -> None:
        self._clock = clock
        self._timeout = aiohttp.ClientTimeout(
            total=connect_timeout + read_timeout, connect=connect_timeout, sock_connect=connect_timeout, sock_read=read_timeout
        )
        self._session: aiohttp.ClientSession | None = None

    async def call(
        self,
        access: MarketplaceAccess,
        endpoint: Endpoint,
        *,
        order_id: str = "",
        query: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> bytes:
        """The body of a 2xx answer, up to 10 MiB.

        Raises NotSent (nothing left, or a read that may be repeated), OutcomeUnknown (a write without a clear answer),
        Throttled, Refused, ProtocolBroken, ConfigInvalid (account or address malformed).
        """
        url = _url(access, endpoint.path.replace("{orderId}", quote(order_id, safe="")), query)
        started = time.perf_counter()
        outcome: int | str = "cancelled"
        try:
            status, answer, retry_after = await self._exchange(access, endpoint, url, body)
            outcome = status
            if 200 <= status < 300:
                return answer
            error = error_of(
                status,
                answer,
                retry_after=retry_after,
                now=self._clock.now(),
                write=endpoint.write,
                permission=endpoint.permission,
            )
            raise _without_secrets(error, access)
        except EdgeError as error:
            outcome = error.code
            raise
        finally:
            log.info(
                "vtex.call",
                account=access.account,
                call=endpoint.name,
                order_id=order_id or None,
                outcome=outcome,
                ms=round((time.perf_counter() - started) * 1000, 1),
            )

    async def close(self) -> None:
        """Close the session; a later call opens another."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _exchange(
        self, access: MarketplaceAccess, endpoint: Endpoint, url: URL, body: Any
    ) -> tuple[int, bytes, str | None]:
        session = self._open()
        # a stream, because aiohttp refuses to hold the loop with a body above 1 MiB, and an embedded XML may be that long
        data = None if body is None else io.BytesIO(msgspec.json.encode(body))
        headers = {"X-VTEX-API-AppKey": access.app_key, "X-VTEX-API-AppToken": access.app_token}
        try:
            async with session.request(endpoint.method, url, data=data, headers=headers, allow_redirects=False) as response:
                answer = await _bounded(response, endpoint)
                return response.status, answer, response.headers.get("Retry-After")
        except aiohttp.ClientSSLError as error:
            raise Refused(
                f"O certificado TLS de {url.host} não foi aceito.",
                code="VTEX-TLS",
                fix="Confira o endereço da conta e os certificados raiz da máquina.",
            ) from error
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotSent(
                f"Não foi possível conectar a {url.host}.", code="VTEX-CONNECT", fix="Confira a rede e o endereço da conta."
            ) from error
        except (TimeoutError, aiohttp.ClientError) as error:
            raise _lost(endpoint, error) from error

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit_per_host=_CONNECTIONS_PER_HOST),
                timeout=self._timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={
                    "Accept": "application/json",
                    "Content-Type": "application/json",
                    "User-Agent": f"fiscal-gateway/{__version__}",
                },
            )
        return self._session


def _url(access: MarketplaceAccess, path: str, query: Mapping[str, str] | None) -> URL:
    if not _ACCOUNT.fullmatch(access.account):
        raise ConfigInvalid(
            f"O nome da conta VTEX não é válido: {access.account[:60]!r}.", fix="Use o nome que aparece no endereço da loja."
        )
    base = access.base_url.rstrip("/") or f"https://{access.account}.vtexcommercestable.com.br"
    url = URL(base + path + (f"?{urlencode(query)}" if query else ""), encoded=True)
    if url.scheme not in ("http", "https") or not url.host:
        raise ConfigInvalid(f"O endereço da conta VTEX não é válido: {base[:120]!r}.", fix="Informe http(s)://servidor[:porta].")
    return url


async def _bounded(response: aiohttp.ClientResponse, endpoint: Endpoint) -> bytes:
    parts = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        parts += chunk
        if len(parts) > MAX_BODY:
            response.close()
            text = "A resposta da VTEX passa de 10 MiB."
            if endpoint.write:
                raise OutcomeUnknown(text, code="VTEX-TOO-LARGE")
            raise ProtocolBroken(text, code="VTEX-TOO-LARGE", fix="Confira o endereço da conta.")
    return bytes(parts)


def _lost(endpoint: Endpoint, error: BaseException) -> EdgeError:
    """A broken exchange: a read may simply be repeated; of a write nobody knows."""
    why = "não respondeu a tempo" if isinstance(error, TimeoutError) else "interrompeu a conexão"
    if endpoint.write:
        return OutcomeUnknown(
            f"A VTEX {why} e não se sabe se a operação foi feita.", code="VTEX-LOST", fix="O pedido será lido antes."
        )
    return NotSent(f"A VTEX {why}.", code="VTEX-LOST")


def _without_secrets(error: EdgeError, access: MarketplaceAccess) -> EdgeError:
    """A server or proxy may echo the headers it received."""
    for secret in (access.app_token, access.app_key):
        if len(secret) >= 4 and secret in error.detail:
            error.detail = error.detail.replace(secret, "[omitido]")
            error.args = (error.detail,)
    return error
