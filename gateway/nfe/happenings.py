"""Facts about a note as sentences of its story: requests to SEFAZ, events, contingency, voidings, prints. Pure; pt-BR."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from gateway.nfe.story import Happening

MAX_QUOTED: Final = 400
_MODES: Final = {"offline": "off-line", "svc": "na SVC", "epec": "por EPEC"}
_PRINTED: Final = {
    "queued": "Impressão pedida: espera a impressora.",
    "sending": "Impressão em envio.",
    "printed": "Impresso.",
    "uncertain": "Impressão sem confirmação: confira se o papel saiu.",
    "cancelled": "Impressão cancelada.",
}
_TOLD_BY_THE_TIMELINE: Final = frozenset({"authorized", "rejected", "denied", "unknown", "receipt", "other_key", "unproved"})


@dataclass(frozen=True, slots=True)
class Request:
    """A request that may have left for SEFAZ. Times in ms; outcome None: nobody wrote what came of it."""

    kind: str
    started_at: int
    ended_at: int | None
    outcome: str | None
    cStat: str | None
    reason: str | None


def requests(rows: Sequence[Request]) -> Iterator[Happening]:
    """What the timeline does not tell of: sends that did not arrive, and questions. One again is counted, not repeated."""
    before, times, at = "", 0, 0
    for row in rows:
        text = _request(row)
        if text == before:
            times += 1
            continue
        if before:
            yield Happening(at, "asked", before + _times(times))
        before, times, at = text, 1, row.ended_at or row.started_at
    if before:
        yield Happening(at, "asked", before + _times(times))


def _times(n: int) -> str:
    return "" if n == 1 else f" Foram {n} vezes seguidas."


def _request(row: Request) -> str:
    answer = " ".join(part for part in (row.cStat, row.reason) if part)
    if row.kind != "authorize":
        return f"A SEFAZ foi consultada: {answer or 'sem resposta'}.".replace("..", ".")
    if row.outcome in _TOLD_BY_THE_TIMELINE:
        return ""
    if row.outcome is None:
        return "" if row.ended_at is not None else "Enviada à SEFAZ; ainda sem resposta."
    if row.outcome == "not_sent":
        return f"O envio não saiu daqui: {answer}".rstrip(". ") + "."
    return f"A SEFAZ não recebeu a nota: {answer}".rstrip(". ") + "."


def quoted(values: Mapping[str, Any]) -> str:
    """What an event says, to go after its sentence: the letter's text, the reason given, the note that stays."""
    said = ""
    for tag, name in (("xCorrecao", "Texto"), ("xJust", "Justificativa"), ("chNFeRef", "Nota substituta")):
        text = str(values.get(tag) or "")
        if text:
            said += f" {name}: “{text if len(text) <= MAX_QUOTED else text[: MAX_QUOTED - 3] + '...'}”."
    return said


@dataclass(frozen=True, slots=True)
class Episode:
    """The contingency under which a note was issued. Times in ms; due_at: until when an off-line one is to be transmitted."""

    mode: str
    since: int
    reason: str
    entered_by: str
    left_at: int | None
    left_by: str | None
    due_at: int | None


def episode(one: Episode, authorized_at: int | None, due: datetime | None) -> Iterator[Happening]:
    """Entered, left, and transmitted late. due: `due_at` in the branch's zone."""
    how = _MODES.get(one.mode, one.mode)
    began = f"A filial entrou em contingência {how}, {_by(one.entered_by)}: {one.reason}.".replace("..", ".")
    yield Happening(one.since, "contingency_entered", began)
    if one.left_at is not None:
        yield Happening(one.left_at, "contingency_left", f"Fim da contingência {how}, {_by(one.left_by or 'gateway')}.")
    if due is not None and one.due_at is not None and authorized_at is not None and authorized_at > one.due_at:
        text = f"A nota foi transmitida fora do prazo, que terminou em {due:%d/%m/%Y às %H:%M}."
        yield Happening(authorized_at, "transmitted_late", text)


def _by(who: str) -> str:
    kind, _, name = who.partition(":")
    if kind == "user" and name:
        return f"por {name}"
    return "pelo próprio gateway" if who == "gateway" else "pela API" if kind == "key" else f"por {who}"


@dataclass(frozen=True, slots=True)
class Voiding:
    """A request to void numbers. Times in ms."""

    first: int
    last: int
    status: str
    justification: str
    protocol: str | None
    cStat: str | None
    reason: str | None
    asked_at: int
    ended_at: int


def voiding(one: Voiding, *, ends: bool) -> Iterator[Happening]:
    """Asked for and answered. ends: also that it was registered, which the timeline of a note tells by itself."""
    what = f"do número {one.first}" if one.first == one.last else f"dos números {one.first} a {one.last}"
    yield Happening(one.asked_at, "voiding_requested", f"Inutilização {what} pedida. Justificativa: “{one.justification}”.")
    answer = " ".join(part for part in (one.cStat, one.reason) if part)
    if one.status == "rejected":
        yield Happening(one.ended_at, "voiding_rejected", f"Inutilização {what} recusada pela SEFAZ: {answer}.")
    if one.status == "registered" and ends:
        yield Happening(one.ended_at, "voided", f"Inutilização {what} registrada na SEFAZ: protocolo {one.protocol} ({answer}).")


def printing(state: str, reason: str | None) -> str:
    """A print that is not on the timeline, as a sentence."""
    return f"{_PRINTED.get(state, state)}{f' {reason}' if reason and state != 'uncertain' else ''}"
