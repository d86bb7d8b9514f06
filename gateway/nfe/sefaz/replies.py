"""What an HTTP status of SEFAZ means, before anybody reads the body."""

from __future__ import annotations

from gateway.core.errors import ProtocolBroken, Refused, Throttled
from gateway.nfe.sefaz.endpoints import Endpoint
from gateway.nfe.sefaz.exchange import NoAnswer, Reply
from gateway.nfe.sefaz.soap import Payload, Unclear, most_of, open_answer

_PAUSE_SECONDS = 60.0
_LONGEST_PAUSE_SECONDS = 3600.0


class Unavailable(Unclear):
    """HTTP 5xx: the service failed, nobody knows at which step."""

    code = "SEFAZ-UNAVAILABLE"


def payload_of(reply: Reply, endpoint: Endpoint) -> Payload:
    """The element of the answer.

    Raises Unavailable (5xx), Unclear (an answer that is none), NoAnswer (408: the request did not arrive whole),
    Throttled (429), Refused (other 4xx, unknown operation), ProtocolBroken (3xx and the rest).
    """
    host, status = endpoint.host, reply.status
    if 200 <= status < 300:
        return open_answer(reply.body, endpoint.response, most_of(endpoint))
    if 300 <= status < 400:
        raise ProtocolBroken(
            f"{host} mandou seguir para outro endereço (HTTP {status}); o documento não é reenviado para lá.",
            code="SEFAZ-REDIRECT",
            fix="Confira o endereço do serviço e o proxy; consulte a chave antes de transmitir de novo.",
        )
    if status in (401, 403):
        raise Refused(
            f"{host} não aceitou o acesso da filial (HTTP {status}); não diz se pelo certificado ou pelo credenciamento.",
            code="SEFAZ-HTTP-403",
            fix="Confira o certificado A1 da filial e o credenciamento dela na SEFAZ.",
        )
    if status == 408:
        raise NoAnswer(f"{host} não recebeu o pedido inteiro (HTTP 408).")
    if status == 429:
        raise Throttled(f"{host} pediu uma pausa (HTTP 429).", after=_pause(reply.retry_after), code="SEFAZ-HTTP-429")
    if 400 <= status < 500:
        raise Refused(
            f"{host} recusou o pedido (HTTP {status}).",
            code=f"SEFAZ-HTTP-{status}",
            fix="Confira o endereço do serviço em schemas/sefaz/endpoints.toml.",
        )
    if 500 <= status < 600:
        raise _failed(reply, endpoint)
    raise ProtocolBroken(f"{host} respondeu HTTP {status}.", code="SEFAZ-HTTP")


def _failed(reply: Reply, endpoint: Endpoint) -> Refused | Unavailable:
    """A 500 may carry a SOAP fault: its text is worth showing, and an unknown operation proves that nothing ran."""
    try:
        open_answer(reply.body, endpoint.response)
    except Refused as refused:
        return refused
    except Unclear as unclear:
        if unclear.code == "SEFAZ-FAULT":
            return Unavailable(f"{endpoint.host} respondeu HTTP {reply.status}. {unclear.detail}")
    return Unavailable(f"{endpoint.host} respondeu HTTP {reply.status}.")


def _pause(retry_after: str | None) -> float:
    """Seconds of Retry-After between one second and one hour; a minute when it has none or a date."""
    text = (retry_after or "").strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        return _PAUSE_SECONDS
    return min(max(float(text), 1.0), _LONGEST_PAUSE_SECONDS)
