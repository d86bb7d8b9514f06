"""Structs as JSON responses, and the small readings of a request that every route shares."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web

from gateway.core.clock import to_epoch_ms
from gateway.core.errors import ValidationFailed
from gateway.core.faults import Fault
from gateway.core.taxid import Cnpj


def _plain(value: Any) -> str:
    """Checked texts (Cnpj, ChaveAcesso) leave as the text they are."""
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"not for the wire: {type(value).__name__}")


_ENCODER = msgspec.json.Encoder(enc_hook=_plain)
_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,4})\"?", re.IGNORECASE)


def ok(value: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """`value` as JSON."""
    return web.Response(status=status, body=_ENCODER.encode(value), content_type="application/json", headers=headers)


def preferred_wait(request: web.Request, limit: float) -> float:
    """Seconds of `Prefer: wait=n` (RFC 7240), at most `limit`; 0 when it was not asked for."""
    found = _WAIT.search(request.headers.get("Prefer", ""))
    return min(float(found[1]), limit) if found else 0.0


def page_limit(request: web.Request) -> int:
    """`limit` of a list. Raises ValidationFailed."""
    text = request.query.get("limit", "50")
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= 200:
        raise bad("GW-LIMIT", "limit", "O limite precisa ser um número de 1 a 200.", "Corrija `limit`.")
    return int(text)


def choices(request: web.Request, name: str, known: Any) -> tuple[str, ...]:
    """A repeatable or comma-separated parameter whose values are all in `known`. Raises ValidationFailed."""
    given = tuple(one for text in request.query.getall(name, []) for one in text.split(",") if one)
    for one in given:
        if one not in known:
            raise bad("GW-ENUM", name, f"'{one[:40]}' não é um valor de `{name}`.", f"Use: {', '.join(known)}.")
    return given


def day_bound(request: web.Request, name: str, zone: ZoneInfo, *, end: bool = False) -> int | None:
    """A date (in `zone`) or an instant with offset as milliseconds; a date as `end` means the day's end."""
    text = request.query.get(name, "")
    if not text:
        return None
    try:
        if len(text) == 10:
            day = date.fromisoformat(text) + timedelta(days=1 if end else 0)
            return to_epoch_ms(datetime.combine(day, time(), zone))
        # A `+` that was not percent-encoded arrives as a blank.
        return to_epoch_ms(datetime.fromisoformat(text.replace(" ", "+")))
    except (ValueError, OverflowError) as error:
        fix = "Use AAAA-MM-DD, ou data e hora com fuso."
        raise bad("GW-DATE", name, f"`{name}` não é uma data.", fix) from error


def path_cnpj(request: web.Request, name: str = "cnpj") -> Cnpj:
    """The CNPJ of the address. Raises ValidationFailed."""
    try:
        return Cnpj(request.match_info[name])
    except ValueError as error:
        raise bad("GW-CNPJ", name, f"CNPJ inválido no endereço: {error}.", "Confira o CNPJ.") from error


def bad(code: str, path: str, message: str, fix: str) -> ValidationFailed:
    """One fault about a parameter of the address, or about a field when `path` starts with `$`."""
    where = path if path.startswith("$") else f"$query.{path}"
    return ValidationFailed([Fault(code=code, path=where, message=message, fix=fix)])
