"""One POST and what came of it, with the one distinction that matters: did bytes leave, or not.

From the moment a connection is in hand the request counts as maybe sent. aiohttp repeats no POST, and redirects are not
followed: a 307 would send a fiscal document to an address that nobody checked.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from types import SimpleNamespace

import aiohttp

from gateway.core.errors import EdgeError, GatewayError, NotSent, OutcomeUnknown, Refused
from gateway.nfe.sefaz.endpoints import Endpoint
from gateway.nfe.sefaz.soap import content_type, most_of
from gateway.nfe.sefaz.tls import untrusted

_NOT_SHOWN = "o servidor não recebeu um certificado que lhe sirva"
_UNKNOWN_CHAIN = "o servidor não conhece a autoridade que emitiu o certificado, ou falta a cadeia no arquivo"
# Alerts by which a server refuses the client's certificate (RFC 5246, RFC 8446). 40, 42 and 116 come from servers that got none.
_CERTIFICATE_ALERTS = {
    "HANDSHAKE_FAILURE": (40, _NOT_SHOWN),
    "BAD_CERTIFICATE": (42, _NOT_SHOWN),
    "UNSUPPORTED_CERTIFICATE": (43, "o servidor não aceita certificados deste tipo"),
    "CERTIFICATE_REVOKED": (44, "o certificado foi revogado"),
    "CERTIFICATE_EXPIRED": (45, "o certificado venceu"),
    "CERTIFICATE_UNKNOWN": (46, "o servidor não aceitou o certificado"),
    "UNKNOWN_CA": (48, _UNKNOWN_CHAIN),
    "ACCESS_DENIED": (49, "o titular do certificado não tem acesso a este serviço"),
    "CERTIFICATE_REQUIRED": (116, _NOT_SHOWN),
}
_HOSTNAME_MISMATCH = 62
_IP_MISMATCH = 64
_CERT_EXPIRED = 10
_CERT_NOT_YET_VALID = 9


class NoAnswer(OutcomeUnknown):
    """Bytes may have arrived and no whole answer did."""

    code = "SEFAZ-NO-ANSWER"


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer. `body` stops one byte after the service's limit when there was more."""

    status: int
    body: bytes
    retry_after: str | None


def tracing() -> aiohttp.TraceConfig:
    """Marks the request's SimpleNamespace when a connection is in hand: from there on bytes may leave."""

    async def connected(_session: object, context: SimpleNamespace, _params: object) -> None:
        context.trace_request_ctx.connected = True

    config = aiohttp.TraceConfig()
    config.on_connection_create_end.append(connected)
    config.on_connection_reuseconn.append(connected)
    return config


async def post(session: aiohttp.ClientSession, endpoint: Endpoint, body: bytes) -> Reply:
    """Send and read, bounded in time by the session's timeout and in size by the service's limit.

    Raises NotSent, Refused (TLS), ConfigInvalid (unknown root) when no byte left; NoAnswer after.
    """
    sent = SimpleNamespace(connected=False)
    headers = {"Content-Type": content_type(endpoint)}
    try:
        async with session.post(
            endpoint.url, data=body, headers=headers, allow_redirects=False, trace_request_ctx=sent
        ) as response:
            return Reply(response.status, await _read(response, most_of(endpoint)), response.headers.get("Retry-After"))
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        raise (_lost(endpoint, error) if sent.connected else _unreached(endpoint, error)) from error
    except RuntimeError as error:
        # The session was closed under the call: a graceful stop that could not wait.
        if not session.closed:
            raise
        raise (_lost(endpoint, error) if sent.connected else _unreached(endpoint, error)) from error


async def _read(response: aiohttp.ClientResponse, most: int) -> bytes:
    received = bytearray()
    async for chunk in response.content.iter_any():
        received += chunk
        if len(received) > most:
            response.close()
            return bytes(received[: most + 1])
    return bytes(received)


def _unreached(endpoint: Endpoint, error: BaseException) -> GatewayError:
    """Nothing left. Says why as exactly as TLS allows."""
    tls = _tls_error(error)
    if isinstance(tls, ssl.SSLCertVerificationError):
        return _server_certificate(endpoint.host, tls)
    if tls is not None:
        return _certificate_refused(endpoint.host, tls) or NotSent(
            f"A conexão segura com {endpoint.host} não se completou ({tls.reason or tls}).", code="SEFAZ-TLS"
        )
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return NotSent(
            f"O endereço {endpoint.host} não foi encontrado.", code="SEFAZ-DNS", fix="Confira a internet e o DNS do servidor."
        )
    if isinstance(error, TimeoutError):
        return NotSent(f"{endpoint.host} não aceitou a conexão a tempo.", code="SEFAZ-CONNECT")
    if isinstance(error.__cause__, ConnectionResetError | ConnectionAbortedError):
        return NotSent(
            f"{endpoint.host} desligou durante a negociação segura; nada foi enviado.",
            code="SEFAZ-TLS-DROPPED",
            fix="Se persistir, confira se o certificado A1 da filial é aceito; rode `gateway doctor`.",
        )
    return NotSent(f"Não foi possível conectar a {endpoint.host}; nada foi enviado.", code="SEFAZ-CONNECT")


def _lost(endpoint: Endpoint, error: BaseException) -> EdgeError:
    tls = _tls_error(error)
    if tls is not None:
        # Asked for after the request (renegotiation) and refused: the server gives nothing to its application before that.
        refused = _certificate_refused(endpoint.host, tls)
        if refused is not None:
            return refused
    if isinstance(error, TimeoutError):
        return NoAnswer(f"{endpoint.host} não respondeu a tempo; o pedido pode ter chegado.")
    return NoAnswer(f"A conexão com {endpoint.host} caiu antes da resposta; o pedido pode ter chegado.")


def _server_certificate(host: str, error: ssl.SSLCertVerificationError) -> GatewayError:
    if error.verify_code in (_HOSTNAME_MISMATCH, _IP_MISMATCH):
        return Refused(
            f"Quem respondeu em {host} apresentou o certificado de outro endereço; nada foi enviado.",
            code="SEFAZ-TLS-HOST",
            fix="Confira o DNS, o proxy e o endereço configurado.",
        )
    if error.verify_code in (_CERT_EXPIRED, _CERT_NOT_YET_VALID):
        return NotSent(
            f"O certificado de {host} está fora da validade; nada foi enviado.",
            code="SEFAZ-TLS-EXPIRED",
            fix="Confira o relógio do servidor; se estiver certo, espere a SEFAZ renovar o certificado.",
        )
    return untrusted(host, error)


def _certificate_refused(host: str, error: ssl.SSLError) -> Refused | None:
    reason = (error.reason or str(error)).upper().replace(" ", "_")
    found = next((meaning for alert, meaning in _CERTIFICATE_ALERTS.items() if alert in reason), None)
    if "ALERT" not in reason or found is None:
        return None
    number, meaning = found
    return Refused(
        f"{host} recusou o certificado da filial na conexão: {meaning} (alerta TLS {number}).",
        code="SEFAZ-TLS-CLIENT",
        fix="Confira a validade e a cadeia do certificado A1 da filial; rode `gateway doctor`.",
    )


def _tls_error(error: BaseException | None) -> ssl.SSLError | None:
    """The SSLError behind an exception, if any. aiohttp's own classes count as SSLError too, but carry no reason."""
    for _ in range(8):
        if error is None or (isinstance(error, ssl.SSLError) and not isinstance(error, aiohttp.ClientError)):
            return error
        error = error.__cause__ or error.__context__
    return None
