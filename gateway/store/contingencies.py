"""Units of work over contingencies: begun and ended by one process each, by conditional writes; and the notes under them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.core.clock import from_epoch_ms
from gateway.core.ids import new_id
from gateway.nfe.branch import Branch
from gateway.nfe.contingency import EPEC, HANDED_OVER, Mode, alert_before, follow_until, transmit_until
from gateway.store.contingency_tables import contingencies as table
from gateway.store.contingency_tables import contingency_documents
from gateway.store.dbclock import db_now
from gateway.store.document_rows import DocumentRow
from gateway.store.jobs import enqueue, look_again
from gateway.store.reissues import wake_unanswered
from gateway.store.tables import documents
from gateway.store.topics import touch

TRANSMIT_KIND, DEADLINE_KIND, QUEUE = "contingency.transmit", "contingency.deadline", "sefaz"
NOT_THERE_YET = ("contingency", "processing", "unknown", "rejected")
"""Statuses of a note that is the buyer's already and that SEFAZ has not taken."""


@dataclass(frozen=True, slots=True)
class Contingency:
    """A row of `contingencies`. Times in ms by the database's clock; `left_at` None while it lasts."""

    id: str
    environment: int
    uf: str
    model: str
    branch: str
    mode: Mode
    since: int
    reason: str
    entered_by: str
    left_at: int | None
    left_by: str | None


_COLUMNS = tuple(table.c[field.name] for field in fields(Contingency))


def _one(conn: Connection, *where: Any) -> Contingency | None:
    row = conn.execute(select(*_COLUMNS).where(*where)).mappings().first()
    return None if row is None else Contingency(**row)


def get(conn: Connection, contingency: str) -> Contingency | None:
    """By our id."""
    return _one(conn, table.c.id == contingency)


def active_for(conn: Connection, branch: str, environment: int, model: str) -> Contingency | None:
    """The one that lasts for this branch, model and environment."""
    return _one(
        conn,
        table.c.branch == branch,
        table.c.environment == environment,
        table.c.model == model,
        table.c.left_at.is_(None),
    )


def active(conn: Connection) -> tuple[Contingency, ...]:
    """Every one that lasts."""
    rows = conn.execute(select(*_COLUMNS).where(table.c.left_at.is_(None)).order_by(table.c.since)).mappings()
    return tuple(Contingency(**row) for row in rows)


def of_branch(conn: Connection, branch: str, limit: int = 50) -> tuple[Contingency, ...]:
    """The branch's, newest first."""
    query = select(*_COLUMNS).where(table.c.branch == branch).order_by(table.c.since.desc(), table.c.id).limit(limit)
    return tuple(Contingency(**row) for row in conn.execute(query).mappings())


def enter(conn: Connection, *, branch: Branch, model: str, mode: Mode, reason: str, who: str) -> tuple[Contingency, bool]:
    """Begin, by the database's clock; answers the one that lasts and whether it began here."""
    dialect: Any = sqlite if conn.dialect.name == "sqlite" else postgresql
    values = {
        "id": new_id("ctg"),
        "environment": branch.environment,
        "uf": branch.address.uf,
        "model": model,
        "branch": branch.cnpj,
        "mode": mode,
        "since": db_now(conn),
        "reason": reason,
        "entered_by": who[:80],
    }
    new = conn.execute(dialect.insert(table).values(**values).on_conflict_do_nothing()).rowcount == 1
    found = active_for(conn, branch.cnpj, branch.environment, model)
    assert found is not None  # ours, or the one that was in the way
    if new and branch.contingency.reissue == "reissue":
        wake_unanswered(conn, branch.cnpj, branch.environment, model)
    touch(conn, f"contingency:{branch.cnpj}")
    return found, new


def leave(conn: Connection, contingency: str, who: str) -> bool:
    """End it; its notes are transmitted by a job of the same transaction. False when it had already ended."""
    mine = update(table).where(table.c.id == contingency, table.c.left_at.is_(None))
    if conn.execute(mine.values(left_at=db_now(conn), left_by=who[:80])).rowcount != 1:
        return False
    ended = get(conn, contingency)
    assert ended is not None  # just updated
    wake_unanswered(conn, ended.branch, ended.environment, ended.model)
    enqueue(conn, kind=TRANSMIT_KIND, queue=QUEUE, subject=contingency, payload={}, unique_key=f"{TRANSMIT_KIND}:{contingency}")
    touch(conn, f"contingency:{contingency}")
    return True


def of_document(conn: Connection, document: str) -> Contingency | None:
    """The contingency the document was issued under, whether it lasts or not."""
    mine = select(contingency_documents.c.contingency).where(contingency_documents.c.document == document)
    return _one(conn, table.c.id == mine.scalar_subquery())


def handed_over(conn: Connection, document: str) -> str | None:
    """tpEmis of a document that is the buyer's before SEFAZ has it: issued off-line or by EPEC; None of any other."""
    mine = select(contingency_documents.c.tp_emis).where(contingency_documents.c.document == document)
    tp_emis = conn.execute(mine).scalar()
    return tp_emis if tp_emis in HANDED_OVER else None


def due_at(conn: Connection, document: str) -> int | None:
    """Until when (ms) a document that was handed over must be transmitted; None of any other."""
    mine = select(contingency_documents.c.due_at).where(contingency_documents.c.document == document)
    found = conn.execute(mine).scalar()
    return None if found is None else int(found)


def issued(conn: Connection, doc: DocumentRow, contingency: Contingency, tp_emis: str, zone: ZoneInfo) -> int | None:
    """Note that the document was issued under it; one that is handed over first gets its deadline (answered, ms) and the alert
    before that."""
    known = conn.execute(select(contingency_documents.c.due_at).where(contingency_documents.c.document == doc.id)).first()
    if known is not None:
        return None if known.due_at is None else int(known.due_at)
    limit = None
    assert doc.issued_at is not None  # it has just been signed
    if tp_emis in HANDED_OVER:
        at = from_epoch_ms(doc.issued_at)
        due = follow_until(at, zone) if tp_emis == EPEC else transmit_until(at, zone)
        limit = int(due.timestamp() * 1000)
        _alert(conn, doc, tp_emis, due)
    values = {"document": doc.id, "contingency": contingency.id, "tp_emis": tp_emis, "due_at": limit}
    conn.execute(insert(contingency_documents).values(**values))
    return limit


def _alert(conn: Connection, doc: DocumentRow, tp_emis: str, due: datetime) -> None:
    """One alert for all notes of a branch that are due on a day; of EPECs, each due at its hour, counted from midnight."""
    ends = datetime.combine(due.date(), time(23, 59, 59), due.tzinfo)
    begins = datetime.combine(due.date(), time(0), due.tzinfo) if tp_emis == EPEC else ends
    lead = alert_before(due.date(), tp_emis)
    subject = _due_on(doc, tp_emis, due)
    enqueue(
        conn,
        kind=DEADLINE_KIND,
        queue=QUEUE,
        subject=subject,
        payload={
            "branch": doc.branch,
            "environment": doc.environment,
            "due_at": int(ends.timestamp() * 1000),
            "tpEmis": tp_emis,
        },
        unique_key=f"{DEADLINE_KIND}:{subject}",
        delay=max(0.0, (begins - lead).timestamp() - db_now(conn) / 1000),
    )


def _due_on(doc: DocumentRow, tp_emis: str, due: datetime) -> str:
    """Subject of the alert of the branch's notes handed over so, due on that local day."""
    return f"{'epec' if tp_emis == EPEC else 'offline'}:{doc.branch}:{doc.environment}:{due:%Y-%m-%d}"


def count_again(conn: Connection, doc: DocumentRow, zone: ZoneInfo) -> None:
    """A note handed over came to something: a person told of its deadline is told how many are left, or no more."""
    until, tp_emis = due_at(conn, doc.id), handed_over(conn, doc.id)
    if until is None or tp_emis is None:
        return
    look_again(conn, _due_on(doc, tp_emis, from_epoch_ms(until).astimezone(zone)))


def waiting(conn: Connection, contingency: str, limit: int) -> list[str]:
    """Documents handed over under it that were not transmitted yet, oldest first."""
    query = (
        select(documents.c.id)
        .join(contingency_documents, contingency_documents.c.document == documents.c.id)
        .where(contingency_documents.c.contingency == contingency, documents.c.status == "contingency")
        .order_by(documents.c.issued_at, documents.c.id)
        .limit(limit)
    )
    return list(conn.execute(query).scalars())


def pending(conn: Connection, contingency: str) -> int:
    """How many documents handed over under it were not transmitted yet."""
    waits = (
        documents.c.id == contingency_documents.c.document,
        contingency_documents.c.contingency == contingency,
        documents.c.status == "contingency",
    )
    return int(conn.execute(select(func.count()).select_from(documents).where(*waits)).scalar_one())


def disown(conn: Connection, document: str) -> None:
    """The document was not issued under a contingency after all: it is built again in normal emission."""
    conn.execute(delete(contingency_documents).where(contingency_documents.c.document == document))


def overdue(conn: Connection, branch: str, environment: int, due_at: int, tp_emis: str) -> tuple[int, str | None]:
    """How many notes of this tpEmis due until then SEFAZ has not taken, and the ref of the oldest."""
    pending = (
        documents.c.id == contingency_documents.c.document,
        documents.c.branch == branch,
        documents.c.environment == environment,
        documents.c.status.in_(NOT_THERE_YET),
        contingency_documents.c.due_at <= due_at,
        contingency_documents.c.tp_emis == tp_emis,
    )
    n = conn.execute(select(func.count()).select_from(documents).where(*pending)).scalar_one()
    oldest = conn.execute(select(documents.c.ref).where(*pending).order_by(documents.c.issued_at).limit(1)).scalar()
    return int(n), oldest
