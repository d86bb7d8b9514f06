"""Lists for people and programs: pages by cursor that cost the same at a thousand rows and at a million.

Every page walks an index from the cursor (keyset paging), newest first. A cursor is opaque to callers: it holds the last
row's (created_at, id).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, Select, Table, and_, literal, or_, select

from gateway.core.chave import ChaveAcesso
from gateway.core.errors import ValidationFailed
from gateway.core.faults import Fault
from gateway.core.taxid import strip_punctuation
from gateway.store.batch_lines import counts
from gateway.store.batches import BatchRow, Progress
from gateway.store.job_rows import LIVE
from gateway.store.tables import batches, documents, jobs, number_sequences, numbers, orders, vtex_accounts

MAX_PAGE = 200

JOB_STATES = ("needs_attention", "running", "waiting", "ready", "discarded", "done")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, and the cursor of the next page when there is one."""

    rows: tuple[T, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """What to list. `search` is a ref, chave, number, customer document or marketplace order id, whole.

    `branches` empty means all; dates are milliseconds, `until` excluded.
    """

    statuses: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    search: str = ""
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class DocumentItem:
    """A line of the list of documents; money is text in reais, times are milliseconds."""

    id: str
    ref: str
    branch: str
    model: str
    series: int
    number: int | None
    chave: str | None
    status: str
    total: str
    customer_name: str | None
    customer_tax_id: str | None
    protocol: str | None
    cstat: str | None
    reason: str | None
    origin: str
    authorized_at: int | None
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class JobFilter:
    """What to list. `search` is a whole subject or id, or the key of jobs that live."""

    states: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    search: str = ""


@dataclass(frozen=True, slots=True)
class JobItem:
    """A line of the list of jobs; times are milliseconds."""

    id: str
    kind: str
    queue: str
    subject: str
    state: str
    next_at: int
    attempts: int
    failures: int
    error_code: str | None
    error: str | None
    fix: str | None
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """What to list. `search` is a whole order id, ours or the marketplace's, or a customer document."""

    states: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    search: str = ""
    hold_code: str = ""


@dataclass(frozen=True, slots=True)
class OrderItem:
    """A line of the list of orders; `value` is text in reais."""

    id: str
    account: str
    external_id: str
    branch: str
    state: str
    external_status: str
    value: str
    customer_name: str | None
    document: str | None
    hold_code: str | None
    hold_message: str | None
    hold_fix: str | None
    created_at: int
    updated_at: int


def list_documents(conn: Connection, wanted: DocumentFilter, *, cursor: str | None = None, limit: int = 50) -> Page[DocumentItem]:
    """Documents, newest first. Raises ValidationFailed for a cursor that is not one of ours."""
    clauses: list[ColumnElement[bool]] = []
    if wanted.statuses:
        clauses.append(documents.c.status.in_(wanted.statuses))
    if wanted.branches:
        clauses.append(documents.c.branch.in_(wanted.branches))
    if wanted.search:
        clauses.append(_document_search(wanted.search.strip()))
    if wanted.since is not None:
        clauses.append(documents.c.created_at >= wanted.since)
    if wanted.until is not None:
        clauses.append(documents.c.created_at < wanted.until)
    return page_of(conn, documents, DocumentItem, clauses, cursor=cursor, limit=limit)


def _document_search(text: str) -> ColumnElement[bool]:
    compact = strip_punctuation(text)
    try:
        return documents.c.chave == ChaveAcesso(compact)
    except ValueError:
        pass
    # Each alternative has its own index; a prefix or a LIKE would walk the table.
    from_orders = select(literal("vtex:") + vtex_accounts.c.account + literal(":" + text))
    choices = [documents.c.ref == text, documents.c.origin_ref == text, documents.c.ref.in_(from_orders)]
    if len(compact) in (11, 14):
        choices.append(documents.c.customer_tax_id == compact)
    if compact.isascii() and compact.isdigit() and len(compact) <= 9:
        choices.append(documents.c.number == int(compact))
    return or_(*choices)


def list_orders(conn: Connection, wanted: OrderFilter, *, cursor: str | None = None, limit: int = 50) -> Page[OrderItem]:
    """Orders, newest first. Raises ValidationFailed for a cursor that is not one of ours."""
    clauses: list[ColumnElement[bool]] = []
    if wanted.states:
        clauses.append(orders.c.state.in_(wanted.states))
    if wanted.branches:
        clauses.append(orders.c.branch.in_(wanted.branches))
    if wanted.hold_code:
        clauses.append(orders.c.hold_code == wanted.hold_code)
    if wanted.search:
        text = wanted.search.strip()
        accounts = select(vtex_accounts.c.account)
        choices = [orders.c.id == text, and_(orders.c.account.in_(accounts), orders.c.external_id == text)]
        compact = strip_punctuation(text)
        if len(compact) in (11, 14):
            choices.append(orders.c.customer_tax_id == compact)
        clauses.append(or_(*choices))
    return page_of(conn, orders, OrderItem, clauses, cursor=cursor, limit=limit)


def list_jobs(conn: Connection, wanted: JobFilter, *, cursor: str | None = None, limit: int = 50) -> Page[JobItem]:
    """Jobs, newest first. Raises ValidationFailed for a cursor that is not one of ours.

    The index is (state, kind, created_at): one bounded walk per pair, merged here, whatever the proportions of the states.
    """
    if wanted.search:
        text = wanted.search.strip()
        by_key = select(jobs.c.id).where(jobs.c.key == text, LIVE)
        clauses = [or_(jobs.c.id == text, jobs.c.subject == text, jobs.c.id.in_(by_key))]
        if wanted.states:
            clauses.append(jobs.c.state.in_(wanted.states))
        if wanted.kinds:
            clauses.append(jobs.c.kind.in_(wanted.kinds))
        return page_of(conn, jobs, JobItem, clauses, cursor=cursor, limit=limit)
    limit = _bounded(limit)
    found: list[JobItem] = []
    for state in wanted.states or JOB_STATES:
        for kind in job_kinds(conn, state):
            if not wanted.kinds or kind in wanted.kinds:
                found += _rows(conn, jobs, JobItem, [jobs.c.state == state, jobs.c.kind == kind], cursor=cursor, limit=limit + 1)
    found.sort(key=lambda row: (row.created_at, row.id), reverse=True)
    return _cut(found, limit)


def list_batches(
    conn: Connection, *, key: str = "", branches_of: Sequence[str] = (), cursor: str | None = None, limit: int = 50
) -> Page[Progress]:
    """Batches with their counts, newest first; with `branches_of`, only those of the key, or of exactly its branches.

    Raises ValidationFailed for a cursor that is not one of ours.
    """
    mine = or_(batches.c.owner == key, batches.c.branches == " ".join(sorted(branches_of)))
    page: Page[BatchRow] = page_of(conn, batches, BatchRow, [mine] if branches_of else [], cursor=cursor, limit=limit)
    return Page(tuple(Progress(row, counts(conn, row.id)) for row in page.rows), page.next)


def names_of(conn: Connection, ids: Sequence[str]) -> tuple[dict[str, tuple[int | None, str]], dict[str, str]]:
    """What people know documents by (number and ref) and orders by (the marketplace's id), of those of `ids` that exist."""
    notes = select(documents.c.id, documents.c.number, documents.c.ref).where(documents.c.id.in_(ids))
    bought = select(orders.c.id, orders.c.external_id).where(orders.c.id.in_(ids))
    return (
        {row.id: (row.number, row.ref) for row in conn.execute(notes)},
        {row.id: row.external_id for row in conn.execute(bought)},
    )


def job_kinds(conn: Connection, state: str) -> list[str]:
    """Kinds that have a job in this state: hops over the index from kind to kind, never over the jobs."""
    kinds: list[str] = []
    last = ""
    while True:
        query = select(jobs.c.kind).where(jobs.c.state == state, jobs.c.kind > last).order_by(jobs.c.kind).limit(1)
        kind = conn.execute(query).scalar()
        if kind is None:
            return kinds
        kinds.append(kind)
        last = kind


def page_of(
    conn: Connection, table: Table, into: type[T], clauses: list[ColumnElement[bool]], *, cursor: str | None, limit: int
) -> Page[T]:
    """Rows of a table with `created_at` and `id`, newest first, from the cursor on. Raises ValidationFailed for a bad cursor."""
    limit = _bounded(limit)
    return _cut(_rows(conn, table, into, clauses, cursor=cursor, limit=limit + 1), limit)


def _rows(
    conn: Connection, table: Table, into: Any, clauses: Iterable[ColumnElement[bool]], *, cursor: str | None, limit: int
) -> list[Any]:
    columns: list[Column[Any]] = [table.c[name] for name in into.__slots__]
    query: Select[Any] = select(*columns).where(*clauses)
    if cursor:
        at, last = _read_cursor(cursor)
        query = query.where(table.c.created_at <= at, or_(table.c.created_at < at, table.c.id < last))
    query = query.order_by(table.c.created_at.desc(), table.c.id.desc()).limit(limit)
    return [into(**dict(row._mapping)) for row in conn.execute(query)]


def _cut(rows: list[Any], limit: int) -> Page[Any]:
    if len(rows) <= limit:
        return Page(tuple(rows), None)
    last = rows[limit - 1]
    text = f"{last.created_at}.{last.id}".encode()
    return Page(tuple(rows[:limit]), base64.urlsafe_b64encode(text).decode().rstrip("="))


def _bounded(limit: int) -> int:
    return max(1, min(limit, MAX_PAGE))


def _read_cursor(cursor: str) -> tuple[int, str]:
    try:
        text = base64.urlsafe_b64decode(cursor[:120] + "=" * (-len(cursor) % 4)).decode("ascii")
        at, last = text.split(".", 1)
        return int(at), last
    except (ValueError, binascii.Error) as error:
        fault = Fault(
            code="GW-CURSOR", path="$.cursor", message="Cursor inválido.", fix="Use o cursor `next` da página anterior."
        )
        raise ValidationFailed([fault]) from error


@dataclass(frozen=True, slots=True)
class NumberSeries:
    """A series of one branch: the number that comes next, and those taken by documents that are not finished."""

    next: int
    held: tuple[tuple[int, str], ...]


def number_series(conn: Connection, *, branch: str, model: str, series: int, environment: int) -> NumberSeries:
    """The series as it stands; `held` has (number, ref), lowest first, at most MAX_PAGE of them."""
    next_number = conn.execute(
        select(number_sequences.c.next).where(
            number_sequences.c.branch == branch,
            number_sequences.c.model == model,
            number_sequences.c.series == series,
            number_sequences.c.environment == environment,
        )
    ).scalar()
    held = (
        select(numbers.c.number, documents.c.ref)
        .join(documents, documents.c.id == numbers.c.document)
        .where(
            numbers.c.branch == branch,
            numbers.c.model == model,
            numbers.c.series == series,
            numbers.c.environment == environment,
            numbers.c.state == "held",
        )
        .order_by(numbers.c.number)
        .limit(MAX_PAGE)
    )
    return NumberSeries(next_number or 1, tuple((row.number, row.ref) for row in conn.execute(held)))
