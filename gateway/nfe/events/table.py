"""The table of events: who signs each, who registers it, how often and until when. Rows of `schemas/sefaz/events.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Literal

Author = Literal["emitente", "destinatario", "sucessora", "other"]
Authorizer = Literal["home", "origin", "an"]


@dataclass(frozen=True, slots=True)
class Deadline:
    """Until when, counted from the authorisation; `model` and `uf` None hold for all. `after`: what is done past it.

    late_within: until when the state takes a late one, None when it says no time; late_told: what it asks for then, pt-BR.
    """

    within: timedelta
    after: Literal["refuse", "late"]
    late_within: timedelta | None
    late_told: str
    model: str | None
    uf: str | None
    since: date
    until: date
    source: str
    certainty: str


@dataclass(frozen=True, slots=True)
class EventKind:
    """One type of event. `max_seq`: how many of it a note takes. `alone`: sent one per lot."""

    tpEvento: str
    name: str
    label: str
    author: Author
    authorizer: Authorizer
    max_seq: int
    models: tuple[str, ...]
    alone: bool
    deadlines: tuple[Deadline, ...]
    source: str
    certainty: str

    @property
    def sendable(self) -> bool:
        """Whether a company ever sends it; the others are only received."""
        return self.author != "other"

    def deadline(self, model: str, uf: str, day: date) -> Deadline | None:
        """The row that counts on `day`: the UF's over the row of all, and then the newest. None: no limit is known."""
        fits = [
            row for row in self.deadlines if row.since <= day <= row.until and row.model in (None, model) and row.uf in (None, uf)
        ]
        return max(fits, key=lambda row: (row.uf is not None, row.since), default=None)


@cache
def event_kinds() -> Mapping[str, EventKind]:
    """Every event by its tpEvento."""
    rows = tomllib.loads((files("schemas") / "sefaz" / "events.toml").read_text(encoding="utf-8"))["event"]
    return {
        row["tpEvento"]: EventKind(
            tpEvento=row["tpEvento"],
            name=row["name"],
            label=row["label"],
            author=row["author"],
            authorizer=row["authorizer"],
            max_seq=row["max_seq"],
            models=tuple(row["models"]),
            alone=row["alone"],
            deadlines=tuple(
                Deadline(
                    within=timedelta(days=limit.get("days", 0), hours=limit.get("hours", 0), minutes=limit.get("minutes", 0)),
                    after=limit["after"],
                    late_within=timedelta(hours=limit["late_hours"]) if "late_hours" in limit else None,
                    late_told=limit.get("late_told", ""),
                    model=limit.get("model"),
                    uf=limit.get("uf"),
                    since=limit["since"],
                    until=limit.get("until", date.max),
                    source=limit["source"],
                    certainty=limit["certainty"],
                )
                for limit in row.get("deadline", ())
            ),
            source=row["source"],
            certainty=row["certainty"],
        )
        for row in rows
    }


def event_kind(wanted: str) -> EventKind:
    """The event by tpEvento (`110111`) or by name (`cancelamento`). Raises LookupError."""
    kinds = event_kinds()
    found = kinds.get(wanted) or next((kind for kind in kinds.values() if kind.name == wanted), None)
    if found is None:
        raise LookupError(wanted)
    return found
