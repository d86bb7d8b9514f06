"""What a person sees first: how much there is of everything, what stops it, and whether it moves.

Counts stop at `COUNT_CAP`, so that the page costs the same at a thousand rows and at a million.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, func, literal, select

from gateway.store.queries import JOB_STATES
from gateway.store.received_tables import received_notes
from gateway.store.tables import documents, jobs, orders

COUNT_CAP = 10_000
"""Counts above this say `COUNT_CAP + 1`: nobody reads the difference, and the index is not walked to its end."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why some things wait for a person: how many share it, and one of its sentences."""

    code: str
    text: str
    fix: str
    count: int
    where: dict[str, str] = field(default_factory=dict)


def job_counts(conn: Connection) -> dict[str, int]:
    """Jobs by state, each capped at COUNT_CAP + 1."""
    return {state: _capped(conn, jobs, jobs.c.state == state) for state in JOB_STATES}


def document_counts(conn: Connection, statuses: Sequence[str]) -> dict[str, int]:
    """Documents by status, each capped at COUNT_CAP + 1."""
    return {status: _capped(conn, documents, documents.c.status == status) for status in statuses}


def order_counts(conn: Connection, states: Sequence[str]) -> dict[str, int]:
    """Orders by state, each capped at COUNT_CAP + 1."""
    return {state: _capped(conn, orders, orders.c.state == state) for state in states}


def _capped(conn: Connection, table: Table, clause: ColumnElement[bool]) -> int:
    some = select(literal(1)).select_from(table).where(clause).limit(COUNT_CAP + 1).subquery()
    return int(conn.execute(select(func.count()).select_from(some)).scalar_one())


def job_causes(conn: Connection) -> list[Cause]:
    """What stops the jobs that need a person, most frequent first."""
    columns = (jobs.c.kind, jobs.c.error_code, jobs.c.error, jobs.c.fix)
    some = select(*columns).where(jobs.c.state == "needs_attention").limit(COUNT_CAP).subquery()
    rows = _grouped(conn, (some.c.kind, some.c.error_code), some.c.error, some.c.fix)
    return [Cause(code or "", text or "", fix or "", n, {"kind": kind}) for kind, code, text, fix, n in rows]


def rejection_causes(conn: Connection) -> list[Cause]:
    """Why documents are rejected, most frequent first."""
    some = select(documents.c.cstat, documents.c.reason).where(documents.c.status == "rejected").limit(COUNT_CAP).subquery()
    rows = _grouped(conn, (some.c.cstat,), some.c.reason, some.c.reason)
    return [Cause(code or "", text or "", "", n) for code, text, _, n in rows]


def hold_causes(conn: Connection) -> list[Cause]:
    """Why orders are parked or diverge, most frequent first."""
    columns = (orders.c.hold_code, orders.c.hold_message, orders.c.hold_fix)
    stopped = orders.c.state.in_(("parked", "divergent"))
    some = select(*columns).where(stopped).limit(COUNT_CAP).subquery()
    rows = _grouped(conn, (some.c.hold_code,), some.c.hold_message, some.c.hold_fix)
    return [Cause(code or "", text or "", fix or "", n) for code, text, fix, n in rows]


def _grouped(
    conn: Connection, by: tuple[ColumnElement[Any], ...], text: ColumnElement[Any], fix: ColumnElement[Any]
) -> list[Any]:
    count = func.count()
    query = select(*by, func.min(text), func.min(fix), count).group_by(*by).order_by(count.desc()).limit(30)
    return list(conn.execute(query))


def authorized_by_hour(conn: Connection, since: int) -> dict[int, int]:
    """Notes accepted since then and authorised, by the hour (milliseconds) in which they were accepted."""
    hour = (documents.c.created_at - documents.c.created_at % 3_600_000).label("hour")
    query = select(hour, func.count()).where(documents.c.status == "authorized", documents.c.created_at >= since).group_by(hour)
    return {int(at): int(n) for at, n in conn.execute(query)}


def pulse(conn: Connection) -> tuple[Any, ...]:
    """A small value that changes when anything a person may be looking at does, whichever process wrote it."""
    newest = select(documents.c.updated_at).order_by(documents.c.created_at.desc(), documents.c.id.desc()).limit(200).subquery()
    orders_newest = select(orders.c.updated_at).order_by(orders.c.created_at.desc(), orders.c.id.desc()).limit(200).subquery()
    first = conn.execute(select(func.max(newest.c.updated_at), func.count())).one()
    second = conn.execute(select(func.max(orders_newest.c.updated_at), func.count())).one()
    received_newest = (
        select(received_notes.c.updated_at).order_by(received_notes.c.created_at.desc(), received_notes.c.id.desc()).limit(200)
    ).subquery()
    third = conn.execute(select(func.max(received_newest.c.updated_at), func.count())).one()
    return (*first, *second, *third, *job_counts(conn).values())
