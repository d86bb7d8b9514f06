"""Gaps of a series: numbers that no living note will use, and the last day to void them.

A look at a series costs a walk over its numbers, so what it found is kept in `number_gaps` for whoever only wants to know.
Every function is (part of) a unit of work.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, func, insert, select

from gateway.core.clock import from_epoch_ms
from gateway.nfe.branch import Branch
from gateway.store import setup
from gateway.store.contingency_tables import foreign_numbers
from gateway.store.event_tables import inutilizacoes, number_gaps
from gateway.store.tables import documents, number_sequences, numbers
from gateway.store.voidings import RESERVED, VoidingRow

MAX_GAPS = 200
DEADLINE_DAY = 10
"""Numbers left behind in a month are voided until this day of the next (Ajuste SINIEF 07/2005 cl. 14ª)."""
WARN_DAYS = 10
"""How long before its deadline a gap is told to a person."""
_KEY = ("branch", "model", "series", "environment")


@dataclass(frozen=True, slots=True)
class Series:
    """A branch's numbering of a model."""

    branch: str
    model: str
    series: int
    environment: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """Numbers `first` to `last` to be voided, until `deadline`.

    ref: the rejected note that holds the number, when one does. year: of the request. Deadline and year are None when nobody
    knows since when the numbers are left behind.
    """

    first: int
    last: int
    ref: str | None
    year: int | None
    deadline: date | None


@dataclass(frozen=True, slots=True)
class Pressing:
    """Gaps of a series that a person has to hear of: how many, and the nearest deadline."""

    series: Series
    count: int
    deadline: date


def proposals(conn: Connection, branch: Branch, series: Series) -> tuple[Proposal, ...]:
    """What should be voided of a series, lowest first, at most MAX_GAPS of them."""
    zone = ZoneInfo(branch.time_zone)
    asked = _asked(conn, series)
    found: list[Proposal] = []
    for first, last, ref, since in sorted([*_missing(conn, series), *_rejected(conn, series)], key=lambda one: one[0]):
        day = None if since is None else from_epoch_ms(since).astimezone(zone).date()
        for low, high in _without(first, last, asked):
            limit = None if day is None else deadline(day)
            found.append(Proposal(low, high, ref, None if day is None else day.year, limit))
        if len(found) >= MAX_GAPS:
            break
    return tuple(found[:MAX_GAPS])


def deadline(left_behind: date) -> date:
    """The tenth day of the month after the one in which the number was left behind."""
    following = (left_behind.replace(day=1) + timedelta(days=32)).replace(day=1)
    return following.replace(day=DEADLINE_DAY)


_Range = tuple[int, int, str | None, int | None]


def _missing(conn: Connection, series: Series) -> Iterator[_Range]:
    """Numbers without a note, between the first that the gateway gave and the next one."""
    mine = [numbers.c[name] == getattr(series, name) for name in _KEY]
    span = select(func.min(numbers.c.number), func.max(numbers.c.number), func.count()).where(*mine)
    low, high, held = conn.execute(span).one()
    if low is None:
        return
    if held != high - low + 1:
        before = func.lag(numbers.c.number).over(order_by=numbers.c.number).label("before")
        row = select(numbers.c.number, numbers.c.document, before).where(*mine).subquery()
        holes = (
            select(row.c.before + 1, row.c.number - 1, documents.c.created_at)
            .join(documents, documents.c.id == row.c.document)
            .where(row.c.number > row.c.before + 1)
            .order_by(row.c.number)
        )
        for first, last, since in conn.execute(holes):
            yield first, last, None, since
    following = conn.execute(
        select(number_sequences.c.next).where(*[number_sequences.c[name] == getattr(series, name) for name in _KEY])
    ).scalar()
    if following is not None and following > high + 1:
        yield high + 1, following - 1, None, None


def _rejected(conn: Connection, series: Series) -> Iterator[_Range]:
    """Numbers held by rejected notes: each may still be corrected, or voided."""
    query = (
        select(numbers.c.number, documents.c.ref, documents.c.created_at)
        .join(documents, documents.c.id == numbers.c.document)
        .where(*[numbers.c[name] == getattr(series, name) for name in _KEY])
        .where(documents.c.status == "rejected", numbers.c.state == "held")
        .order_by(numbers.c.number)
        .limit(MAX_GAPS)
    )
    for number, ref, since in conn.execute(query):
        yield number, number, ref, since


def _asked(conn: Connection, series: Series) -> list[tuple[int, int]]:
    """Numbers that are nobody's to void: those already asked for, and those that SEFAZ has under another key."""
    query = (
        select(inutilizacoes.c.first, inutilizacoes.c.last)
        .where(*[inutilizacoes.c[name] == getattr(series, name) for name in _KEY], inutilizacoes.c.status.in_(RESERVED))
        .order_by(inutilizacoes.c.first)
    )
    foreign = select(foreign_numbers.c.number).where(*[foreign_numbers.c[name] == getattr(series, name) for name in _KEY])
    others = [(number, number) for number in conn.execute(foreign).scalars()]
    return sorted([*[(row.first, row.last) for row in conn.execute(query)], *others])


def _without(first: int, last: int, asked: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The range less what has already been asked for."""
    start = first
    for low, high in asked:
        if high < start or low > last:
            continue
        if low > start:
            yield start, low - 1
        start = max(start, high + 1)
    if start <= last:
        yield start, last


def every_series(conn: Connection) -> tuple[Series, ...]:
    """Every series that has given a number."""
    key = [number_sequences.c[name] for name in _KEY]
    return tuple(Series(*row) for row in conn.execute(select(*key).order_by(*key)))


def refresh(conn: Connection, branch: Branch, series: Series) -> tuple[Proposal, ...]:
    """Look at a series again and keep what was found."""
    found = proposals(conn, branch, series)
    key: dict[str, Any] = {name: getattr(series, name) for name in _KEY}
    conn.execute(delete(number_gaps).where(*[number_gaps.c[name] == value for name, value in key.items()]))
    for one in found:
        until = None if one.deadline is None else one.deadline.isoformat()
        conn.execute(
            insert(number_gaps).values(**key, first=one.first, last=one.last, ref=one.ref, year=one.year, deadline=until)
        )
    return found


def refresh_series(conn: Connection, row: VoidingRow) -> None:
    """Look again at the series of a request that has just changed."""
    branch = setup.get_branch(conn, row.branch)
    assert branch is not None  # inutilizacoes.branch is a foreign key
    refresh(conn, branch, Series(row.branch, row.model, row.series, row.environment))


def pressing(conn: Connection, today: date) -> tuple[Pressing, ...]:
    """Series with gaps whose deadline is near or past, as the last look found them, the most urgent first."""
    until = (today + timedelta(days=WARN_DAYS)).isoformat()
    key = [number_gaps.c[name] for name in _KEY]
    nearest = func.min(number_gaps.c.deadline)
    query = select(*key, func.count(), nearest).where(number_gaps.c.deadline <= until).group_by(*key).order_by(nearest)
    return tuple(
        Pressing(Series(row[0], row[1], row[2], row[3]), row[4], date.fromisoformat(row[5]))
        for row in conn.execute(query.limit(30))
    )
