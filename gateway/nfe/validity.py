"""How long a certificate still serves, and when a person must be told: 60, 30, 15, 7 and 1 days before its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

STEPS = (60, 30, 15, 7, 1)
"""Days before the end at which an alert begins, each louder than the one before."""

DAY_MS = 24 * 3600 * 1000

Urgency = Literal["ok", "notice", "warning", "critical", "expired"]
URGENCY_LABELS: dict[Urgency, str] = {
    "ok": "Em dia",
    "notice": "Planeje a renovação",
    "warning": "Renove",
    "critical": "Renove hoje",
    "expired": "Vencido",
}
_URGENCY: dict[int, Urgency] = {60: "notice", 30: "warning", 15: "warning", 7: "critical", 1: "critical"}


@dataclass(frozen=True, slots=True)
class Validity:
    """days_left: whole days, negative once it has ended. step: the alert it is in, None while there is none."""

    days_left: int
    step: int | None
    urgency: Urgency

    @property
    def sentence(self) -> str:
        """For a person."""
        match self.days_left:
            case days if days < 0:
                return "O certificado venceu: nenhuma nota é emitida com ele."
            case 0:
                return "O certificado vence nas próximas 24 horas."
            case 1:
                return "O certificado vence em 1 dia."
            case days:
                return f"O certificado vence em {days} dias."


def validity(not_after: int, now: int) -> Validity:
    """How long is left at `now`; both in milliseconds."""
    days = (not_after - now) // DAY_MS
    if days < 0:
        return Validity(days, 1, "expired")
    step = min((step for step in STEPS if not_after - now <= step * DAY_MS), default=None)
    return Validity(days, step, "ok" if step is None else _URGENCY[step])
