"""Until when an event of a note may be asked for, and what is said of it: inside its time, late, or past it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from gateway.nfe.events.table import Deadline, EventKind

Standing = Literal["inside", "late", "past"]


@dataclass(frozen=True, slots=True)
class Term:
    """How an event stands to its deadline. until, late_until: aware, in the branch's zone.

    standing: `late` is past its time and still sent, SEFAZ decides; `past` is not sent. late_until: until when the state says
    it takes a late one, None when it does not say. text: a pt-BR sentence or two for a person.
    """

    kind: EventKind
    limit: Deadline
    standing: Standing
    until: datetime
    late_until: datetime | None
    text: str


def term(kind: EventKind, model: str, uf: str, authorized_at: datetime, now: datetime, zone: ZoneInfo) -> Term | None:
    """Counted from the authorisation, by the row that counts today; None where no limit is known. Times are aware."""
    limit = kind.deadline(model, uf, now.astimezone(zone).date())
    if limit is None:
        return None
    until = (authorized_at + limit.within).astimezone(zone)
    late_until = None if limit.late_within is None else (authorized_at + limit.late_within).astimezone(zone)
    if now <= until:
        text = f"{kind.label}: pode ser pedido até {_moment(until)} ({span(limit.within)} da autorização)."
        return Term(kind, limit, "inside", until, late_until, text)
    over = f"O prazo de {kind.label.lower()} terminou em {_moment(until)} ({limit.source})."
    if limit.after == "refuse":
        return Term(kind, limit, "past", until, late_until, over)
    return Term(kind, limit, "late", until, late_until, f"{over} {_late(limit, late_until, now)}")


def _late(limit: Deadline, late_until: datetime | None, now: datetime) -> str:
    told = f" {limit.late_told}" if limit.late_told else ""
    if late_until is None:
        return f"A SEFAZ pode aceitar fora do prazo (155) ou recusar (501), conforme a UF.{told}"
    if now <= late_until:
        return f"Fora do prazo, a SEFAZ de {limit.uf} pode aceitar até {_moment(late_until)} (155) ou recusar (501).{told}"
    return f"O tempo extra de {limit.uf} também terminou, em {_moment(late_until)}: espere uma recusa (501).{told}"


def _moment(at: datetime) -> str:
    return f"{at:%d/%m/%Y às %H:%M}"


def span(within: timedelta) -> str:
    """`24 h`, `7 dias`, `30 min`."""
    minutes = int(within.total_seconds() // 60)
    if minutes % 1440 == 0 and minutes > 1440:
        return f"{minutes // 1440} dias"
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"
