"""What the law allows while an authoriser is down, and when that begins and ends. Pure; rows: `schemas/sefaz/contingency.toml`.

Only new documents change their way of emission: a number that may have been transmitted in normal emission is never used again in
contingency (Ajuste SINIEF 07/2005, cl. 11, § 14; 19/2016, cl. 11, § 2º).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Literal
from zoneinfo import ZoneInfo

from gateway.core.text import clean_text
from gateway.nfe.branch import Branch, ContingencySettings

Mode = Literal["svc", "epec", "offline"]
OFFLINE = "9"
"""tpEmis of a NFC-e issued off-line."""
EPEC = "4"
"""tpEmis of a NF-e whose EPEC is registered first."""
HANDED_OVER = (OFFLINE, EPEC)
"""tpEmis of notes that are the buyer's before their authoriser has them: number, key and date of issue do not change."""
ISSUED: Mapping[str, tuple[Mode, ...]] = {"55": ("svc", "epec"), "65": ("offline",)}
"""Ways this gateway issues by, of those that the law gives a model."""
_HOUR = re.compile(r"(\d{2})/(\d{2})/(\d{2}|\d{4})\D{1,10}(\d{1,2}):(\d{2})")
SVC_ENDED = frozenset({"113", "114"})
"""The SVC is being switched off, or is off."""
BRASILIA = ZoneInfo("America/Sao_Paulo")
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
    """What is known of an authoriser. Times in ms; asked_at: of its last probe; cstat, told (xMotivo): of that answer."""

    down: bool
    since: int
    asked_at: int | None
    cstat: str | None
    told: str = ""


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


def ways(branch: Branch, model: str, at: datetime) -> tuple[Mode, ...]:
    """Ways of contingency that a branch may use: those of its state that this gateway issues by and its policy does not bar."""
    barred = ("epec",) if branch.contingency.epec == "off" else ()
    return tuple(one for one in modes(model, branch.address.uf, at.date()) if one in ISSUED[model] and one not in barred)


def follow_until(registered: datetime, zone: ZoneInfo) -> datetime:
    """The last instant to transmit the NF-e of an EPEC, local."""
    hours = int(_rows("epec", registered.astimezone(zone).date())[0]["hours"])
    return (registered + timedelta(hours=hours)).astimezone(zone)


def alert_before(day: date, tpEmis: str = OFFLINE) -> timedelta:
    """How long before the deadline (of an EPEC: before its day begins) a person is told."""
    return timedelta(hours=int(_rows("epec" if tpEmis == EPEC else "transmission", day)[0]["alert_hours"]))


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
    the SVC, that was asked since and answers 107: SEFAZ switches the SVC on by hand, and home being down says nothing of it.
    EPEC only where the policy says so for it too, and the SVC was asked since and takes no notes."""
    policy = settings.nfe if model == "55" else settings.nfce
    if policy != "automatic" or home is None or not home.down or home.asked_at is None or home.asked_at < home.since:
        return False
    if mode == "offline":
        return True
    asked = svc is not None and svc.asked_at is not None and svc.asked_at >= home.since
    active = svc is not None and svc.cstat == "107"
    return asked and (active if mode == "svc" else not active and settings.epec == "automatic")


def may_leave(mode: Mode, entered_at: int, home: Seen | None, svc: Seen | None, now: datetime) -> bool:
    """Whether normal emission begins again: home was asked since and answers 107, or the SVC is off (114), or is being switched
    off (113) and the hour it announced has come."""
    if home is not None and not home.down and home.cstat == "107" and (home.asked_at or 0) >= entered_at:
        return True
    if mode != "svc" or svc is None or svc.cstat not in SVC_ENDED or (svc.asked_at or 0) < entered_at:
        return False
    ends = svc_ends(svc.told) if svc.cstat == "113" else None
    return ends is None or now >= ends


def svc_ends(told: str) -> datetime | None:
    """The hour that a 113 announces in its xMotivo, in Brasília's time; None when there is none to be read."""
    found = _HOUR.search(told)
    if found is None:
        return None
    day, month, year, hour, minute = (int(part) for part in found.groups())
    try:
        return datetime(year if year > 99 else 2000 + year, month, day, hour, minute, tzinfo=BRASILIA)
    except ValueError:
        return None


def svc_refusal(cstat: str | None, told: str) -> str | None:
    """Why the SVC cannot be entered, as a sentence; None when it is active (107). cstat None: it gave no answer."""
    if cstat == "107":
        return None
    if cstat is None:
        return f"A SVC não respondeu: {told}" if told else "A SVC não respondeu."
    what = {"113": "está sendo desativada", "114": "não foi ativada pela SEFAZ da UF"}.get(cstat, "não está em operação")
    return f"A SVC {what}: {cstat} {told}".strip()
