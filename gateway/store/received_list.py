"""Lists of received notes, and those whose deadline comes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from gateway.core.taxid import strip_punctuation
from gateway.nfe.received import SOON
from gateway.store.event_tables import fiscal_events as events
from gateway.store.queries import Page, page_of
from gateway.store.received_rows import ReceivedNote
from gateway.store.received_tables import received_documents as documents
from gateway.store.received_tables import received_notes as table

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class ReceivedFilter:
    """What to list. `search` is a whole chave, CNPJ or CPF of the issuer; `deadline`: an answer is due within so many days of
    `now` (ms). Dates are milliseconds of the note's arrival, `until` excluded; `branches` empty means all."""

    statuses: tuple[str, ...] = ()
    situations: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    issuer: str = ""
    search: str = ""
    since: int | None = None
    until: int | None = None
    deadline: int | None = None
    now: int = 0


def list_received(conn: Connection, wanted: ReceivedFilter, *, cursor: str | None = None, limit: int = 50) -> Page[ReceivedNote]:
    """Newest first. Raises ValidationFailed for a cursor that is not one of ours."""
    clauses: list[ColumnElement[bool]] = []
    if wanted.statuses:
        clauses.append(table.c.status.in_(wanted.statuses))
    if wanted.situations:
        clauses.append(table.c.situation.in_(wanted.situations))
    if wanted.branches:
        clauses.append(table.c.branch.in_(wanted.branches))
    if wanted.issuer:
        clauses.append(table.c.issuer == strip_punctuation(wanted.issuer))
    if wanted.search:
        compact = strip_punctuation(wanted.search)
        clauses.append(or_(table.c.chave == compact, table.c.issuer == compact))
    if wanted.since is not None:
        clauses.append(table.c.created_at >= wanted.since)
    if wanted.until is not None:
        clauses.append(table.c.created_at < wanted.until)
    if wanted.deadline is not None:
        until = wanted.now + wanted.deadline * DAY_MS
        clauses.append(or_(_aware_due(wanted.now, until), _conclude_due(wanted.now, until)))
    return page_of(conn, table, ReceivedNote, clauses, cursor=cursor, limit=limit)


def _ours() -> ColumnElement[bool]:
    return and_(table.c.situation == "authorized", or_(table.c.role.is_(None), table.c.role == "destinatario"))


def _aware_due(now: int, until: int) -> ColumnElement[bool]:
    return and_(table.c.status == "resumo", table.c.aware_until.between(now, until), _ours())


def _conclude_due(now: int, until: int) -> ColumnElement[bool]:
    return and_(table.c.status != "manifestado", table.c.conclude_until.between(now, until), _ours())


@dataclass(frozen=True, slots=True)
class Alerts:
    """How many notes wait for a person: whose ciência or conclusive answer is due soon, whose XML does not hold, documents that
    could not be read, and answers that SEFAZ refused. `first_*`: the nearest deadline (ms)."""

    aware: int
    first_aware: int | None
    conclude: int
    first_conclude: int | None
    broken: int
    unreadable: int
    refused: int


def alerts(conn: Connection, now: int) -> Alerts:
    """What the console says first."""
    ends = {name: now + int(delta.total_seconds() * 1000) for name, delta in SOON.items()}
    aware = _count(conn, table.c.aware_until, _aware_due(now, ends["aware"]))
    conclude = _count(conn, table.c.conclude_until, _conclude_due(now, ends["conclude"]))
    broken = _count(
        conn, table.c.created_at, and_(table.c.verdict.is_not(None), table.c.verdict != "ok", table.c.status == "completo")
    )
    unread = conn.execute(select(func.count()).select_from(documents).where(documents.c.problem.is_not(None))).scalar_one()
    refused = conn.execute(
        select(func.count())
        .select_from(events)
        .join(table, and_(table.c.chave == events.c.chave, table.c.environment == events.c.environment))
        .where(events.c.status == "rejected", events.c.document.is_(None), table.c.status.in_(("resumo", "ciente", "completo")))
    ).scalar_one()
    return Alerts(aware[0], aware[1], conclude[0], conclude[1], broken[0], int(unread), int(refused))


def _count(conn: Connection, first: Any, clause: ColumnElement[bool]) -> tuple[int, int | None]:
    row = conn.execute(select(func.count(), func.min(first)).select_from(table).where(clause)).one()
    return int(row[0]), row[1]
