"""What an HTTP answer of VTEX means: the gateway's errors, from a status, its headers and a body that may be anything.

Source: Orders API error responses; guide "Orders feed" (one minute of pause on 429).
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from gateway.core.errors import EdgeError, NotSent, OutcomeUnknown, ProtocolBroken, Refused, Throttled
from gateway.core.text import clean_text

DEFAULT_PAUSE = 60.0
_LONGEST_PAUSE = 3600.0

_FIXES = {
    400: "Leia a mensagem da VTEX e corrija o dado apontado.",
    401: "Confira a chave e o token da conta VTEX; eles podem ter sido trocados.",
    404: "Confira a conta: o pedido pode ser de outra, ou a configuração pedida não existe para esta chave.",
    409: "Leia o pedido de novo: a situação dele não permite este passo.",
}


def error_of(status: int, body: bytes, *, retry_after: str | None, now: datetime, write: bool, permission: str) -> EdgeError:
    """The error of an answer that is not 2xx. `write`: whether it may have had an effect. `permission` is the Licence Manager
    resource the call needs, named in the fix of a 403."""
    said = message(body)
    tail = f": {said}" if said else "."
    if status == 429:
        after = pause(retry_after, now)
        return Throttled(f"A VTEX pediu uma pausa de {after:.0f} s nesta conta{tail}", after=after, code="VTEX-429")
    if status >= 500:
        if write:
            return OutcomeUnknown(
                f"A VTEX respondeu {status} e não se sabe se a operação foi feita{tail}",
                code="VTEX-5XX",
                fix="O pedido será lido antes de qualquer nova tentativa.",
            )
        return NotSent(f"A VTEX está com problema (HTTP {status}){tail}", code="VTEX-5XX")
    if status == 408:
        text = "A VTEX desistiu de esperar a requisição (HTTP 408)."
        return OutcomeUnknown(text, code="VTEX-408") if write else NotSent(text, code="VTEX-408")
    if 400 <= status < 500:
        fix = f"A chave precisa do recurso {permission!r} na VTEX." if status == 403 else _FIXES.get(status, _FIXES[400])
        return Refused(f"A VTEX recusou a chamada (HTTP {status}){tail}", code=f"VTEX-{status}", fix=fix)
    return ProtocolBroken(
        f"A VTEX respondeu HTTP {status}, que esta chamada não prevê{tail}",
        code="VTEX-HTTP",
        fix="Confira o endereço da conta; redirecionamentos não são seguidos.",
    )


def pause(retry_after: str | None, now: datetime) -> float:
    """Seconds to wait: the header in seconds or as an HTTP date, a minute without it; never more than an hour."""
    if retry_after is None:
        return DEFAULT_PAUSE
    written = retry_after.strip()
    if written.isascii() and written.isdigit():
        return min(max(float(written[:9]), 1.0), _LONGEST_PAUSE)
    try:
        until = parsedate_to_datetime(written)
    except (ValueError, TypeError):
        return DEFAULT_PAUSE
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return min(max((until - now).total_seconds(), 1.0), _LONGEST_PAUSE)


def message(body: bytes) -> str:
    """The sentence of an error body, whatever its shape, cut to 200 characters; empty when there is none."""
    try:
        value: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        kind = body.lstrip()[:1]
        return "" if kind in (b"<", b"") else clean_text(body[:400].decode("utf-8", "replace"), 200)
    if isinstance(value, dict):
        fields = {key.lower(): item for key, item in value.items()}
        inner = fields.get("error")
        if isinstance(inner, dict):
            small = {key.lower(): item for key, item in inner.items()}
            parts = [str(small[name]) for name in ("code", "message") if small.get(name)]
            return clean_text(" ".join(parts), 200)
        return clean_text(str(fields.get("message") or inner or ""), 200)
    return clean_text(value, 200) if isinstance(value, str) else ""
