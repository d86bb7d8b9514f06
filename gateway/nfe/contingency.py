"""What the law allows while an authoriser is down, and when that begins and ends. Pure; rows: `schemas/sefaz/contingency.toml`.

Only new documents change their way of emission: a number that may have been transmitted in normal emission is never used again in
contingency (Ajuste SINIEF 07/2005, cl. 11, § 14; 19/2016, cl. 11, § 2º).
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Literal
from zoneinfo import ZoneInfo

from gateway.core.text import clean_text
from gateway.nfe.branch import ContingencySettings

Mode = Literal["svc", "epec", "offline"]
OFFLINE = "9"
"""tpEmis of a NFC-e issued off-line."""
SVC_ENDED = frozenset({"113", "114"})
"""The SVC is being switched off, or is off."""
MIN_REASON, MAX_REASON = 15, 256
DEFAULT_REASON = "Autorizador da SEFAZ sem resposta"


@dataclass(frozen=True, slots=True)
class Emission:
    """How a note in contingency is written: tpEmis, dhCont (aware) and xJust (15 to 256 characters)."""

    tpEmis: str
    since: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of an authoriser. Times in ms; asked_at: of its last probe; cstat: of that answer, None without one."""

    down: bool
    since: int
    asked_at: int | None
    cstat: str | None


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads((files("schemas") / "sefaz" / "contingency.toml").read_text(encoding="utf-8"))


def _rows(kind: str, day: date) -> list[dict[str, Any]]:
    alive = [row for row in _table()[kind] if row["since"] <= day <= row.get("until", date.max)]
    return sorted(alive, key=lambda row: row["since"], reverse=True)


def modes(model: str, uf: str, day: date) -> tuple[Mode, ...]:
    """Ways of contingency for a model in a state, the first choice first; empty where there is none."""
    rows = _rows("nfe" if model == "55" else "nfce", day)
    own = [row for row in rows if row.get("uf") == uf] or [row for row in rows if "uf" not in row]
    return tuple(own[0]["modes"]) if own else ()


def transmit_until(issued: datetime, zone: ZoneInfo) -> datetime:
    """The last instant to transmit an off-line NFC-e: the end of the first business day after its emission, local."""
    local = issued.astimezone(zone)
    left = int(_rows("transmission", local.date())[0]["business_days"])
    day = local.date()
    while left:
        day += timedelta(days=1)
        left -= _is_business_day(day)
    return datetime.combine(day, time(23, 59, 59), zone)


def alert_before(day: date) -> timedelta:
    """How long before the deadline a person is told."""
    return timedelta(hours=int(_rows("transmission", day)[0]["alert_hours"]))


def _is_business_day(day: date) -> bool:
    return day.weekday() < 5 and not any(f"{day:%m-%d}" in row["days"] for row in _rows("holiday", day))


def justification(text: str) -> str:
    """xJust of a reason: without what the layout does not take, at most 256 characters. Raises ValueError below 15."""
    clean = clean_text(text, MAX_REASON)
    if len(clean) < MIN_REASON:
        raise ValueError("a justificativa precisa de 15 a 256 caracteres")
    return clean


def automatic_reason(told: str | None) -> str:
    """xJust of a contingency that begins by itself."""
    return justification(f"{DEFAULT_REASON}: {told}" if told else DEFAULT_REASON)


def may_enter(settings: ContingencySettings, model: str, mode: Mode, home: Seen | None, svc: Seen | None) -> bool:
    """Whether a branch enters by itself: its policy says so, home was asked since its circuit opened and is still down, and, for
    the SVC, that was asked since and answers 107: SEFAZ switches the SVC on by hand, and home being down says nothing of it."""
    policy = settings.nfe if model == "55" else settings.nfce
    if policy != "automatic" or home is None or not home.down or home.asked_at is None or home.asked_at < home.since:
        return False
    if mode != "svc":
        return mode == "offline"
    return svc is not None and svc.cstat == "107" and svc.asked_at is not None and svc.asked_at >= home.since


def may_leave(mode: Mode, entered_at: int, home: Seen | None, svc: Seen | None) -> bool:
    """Whether normal emission begins again: home was asked since and answers 107, or the SVC ends (113) or is off (114)."""
    if home is not None and not home.down and home.cstat == "107" and (home.asked_at or 0) >= entered_at:
        return True
    return mode == "svc" and svc is not None and svc.cstat in SVC_ENDED and (svc.asked_at or 0) >= entered_at
