"""Batches: opened under a ref, fed by any number of posts, worked through by one job each, cancelled or tried again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, and_, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.core.errors import IdempotencyConflict, InvariantBroken, TransitionRefused
from gateway.core.faults import Fault
from gateway.core.ids import new_id
from gateway.store import batch_lines as lines_of
from gateway.store.batch_lines import RETRYABLE, LineKind, LineStatus, NewLine, Taken, faults_text, status_of
from gateway.store.document_rows import locked as locked_document
from gateway.store.jobs import enqueue
from gateway.store.tables import batch_lines, batches
from gateway.store.topics import touch

BATCH_KIND = "batch.take"
BATCH_QUEUE = "batch"
STATE_LABELS = {"receiving": "Recebendo", "processing": "Processando", "finished": "Concluído", "cancelled": "Cancelado"}
State = Literal["receiving", "processing", "finished", "cancelled"]


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A row of `batches`; times in ms. `received_at` None: no post has arrived whole yet."""

    id: str
    ref: str
    owner: str
    branches: str
    lines: int
    created_at: int
    received_at: int | None
    cancelled_at: int | None
    finished_at: int | None

    @property
    def state(self) -> State:
        if self.cancelled_at is not None:
            return "cancelled"
        if self.finished_at is not None:
            return "finished"
        return "receiving" if self.received_at is None else "processing"


_COLUMNS = tuple(batches.c[field.name] for field in fields(BatchRow))


def get(conn: Connection, batch: str) -> BatchRow | None:
    """By our id, or else by the caller's ref: a ref that looks like an id hides no batch."""
    return _one(conn, batches.c.id == batch) or _one(conn, batches.c.ref == batch)


def _one(conn: Connection, where: ColumnElement[bool]) -> BatchRow | None:
    row = conn.execute(select(*_COLUMNS).where(where)).mappings().first()
    return None if row is None else BatchRow(**row)


def _locked(conn: Connection, batch: str) -> BatchRow:
    row = conn.execute(select(*_COLUMNS).where(batches.c.id == batch).with_for_update()).mappings().first()
    if row is None:
        raise InvariantBroken(f"O lote {batch} não existe.")
    return BatchRow(**row)


def open_batch(conn: Connection, ref: str, *, owner: str, branches_of: Sequence[str], at: int) -> BatchRow:
    """The batch of this ref, made when there is none. Raises IdempotencyConflict when it is another key's."""
    dialect: Any = sqlite if conn.dialect.name == "sqlite" else postgresql
    covers = " ".join(sorted(branches_of))
    values = {"id": new_id("bat"), "ref": ref, "owner": owner, "branches": covers, "lines": 0, "created_at": at}
    conn.execute(dialect.insert(batches).values(values).on_conflict_do_nothing(index_elements=["ref"]))
    found = _one(conn, batches.c.ref == ref)
    if found is None or not visible(found, owner, branches_of):
        raise IdempotencyConflict(f"O ref de lote {ref!r} já está em uso.", fix="Use outro ref para outro lote.")
    return found


def visible(batch: BatchRow, key: str, branches_of: Sequence[str]) -> bool:
    """Whether a key may see the batch: its own, or one whose branches it covers."""
    return not branches_of or batch.owner == key or (bool(batch.branches) and set(batch.branches.split()) <= set(branches_of))


def add_lines(conn: Connection, batch: str, lines: Sequence[NewLine], *, at: int, correcting: bool = False) -> Taken:
    """Keep a chunk and wake the work; see `batch_lines.take`. Raises TransitionRefused for a cancelled batch."""
    row = _locked(conn, batch)
    if row.cancelled_at is not None:
        raise TransitionRefused("O lote foi cancelado e não recebe mais linhas.", fix="Envie as linhas em outro lote.")
    taken = lines_of.take(conn, batch, lines, at=at, correcting=correcting)
    if taken.new or taken.corrected:
        _wake(conn, row)
    return taken


def received(conn: Connection, batch: str, at: int) -> BatchRow:
    """A post has arrived whole: when the work at hand ends, so does the batch."""
    row = _locked(conn, batch)
    if row.received_at is None and row.cancelled_at is None:
        conn.execute(update(batches).where(batches.c.id == batch).values(received_at=at))
        _wake(conn, row)
    return _locked(conn, batch)


def retry(conn: Connection, batch: str, at: int) -> int:
    """Try the refused and rejected lines once more as they are; answers how many. Raises TransitionRefused when cancelled."""
    row = _locked(conn, batch)
    if row.cancelled_at is not None:
        raise TransitionRefused("O lote foi cancelado.", fix="Envie as linhas em outro lote.")
    mine = batch_lines.c.batch == batch
    possible = or_(batch_lines.c.body.is_not(None), batch_lines.c.document.is_not(None))
    change = update(batch_lines).where(mine, batch_lines.c.status.in_(RETRYABLE), possible)
    n = conn.execute(change.values(status="taken", faults=None, again=True, updated_at=at)).rowcount
    if n:
        _wake(conn, row)
    return n


def cancel(conn: Connection, batch: str, at: int) -> BatchRow:
    """Stop what has no number yet: from here on nothing more is taken, and the job puts away what waits. Again is no error."""
    row = _locked(conn, batch)
    if row.state == "finished":
        raise TransitionRefused("O lote já terminou: não há o que cancelar.", fix="Cancele cada nota, se for o caso.")
    if row.cancelled_at is None:
        conn.execute(update(batches).where(batches.c.id == batch).values(cancelled_at=at))
        _wake(conn, row)
    return _locked(conn, batch)


def _wake(conn: Connection, row: BatchRow) -> None:
    if row.finished_at is not None:
        conn.execute(update(batches).where(batches.c.id == row.id).values(finished_at=None))
    unique = f"{BATCH_KIND}:{row.id}"
    enqueue(conn, kind=BATCH_KIND, queue=BATCH_QUEUE, subject=row.id, payload={}, unique_key=unique, again=True)
    touch(conn, f"batch:{row.id}")


@dataclass(frozen=True, slots=True)
class WorkLine:
    """A line to be made a document."""

    seq: int
    ref: str
    kind: LineKind
    body: str | None
    document: str | None
    again: bool


@dataclass(frozen=True, slots=True)
class Work:
    """What is next in a batch. `in_flight`: documents on their way, counted up to the window."""

    batch: BatchRow
    lines: tuple[WorkLine, ...]
    in_flight: int


def next_work(conn: Connection, batch: str, *, page: int, window: int) -> Work | None:
    """Lines to be taken next, no more than leaves `window` documents on their way. None when there is no such batch."""
    row = get(conn, batch)
    if row is None:
        return None
    accepted = select(literal(1)).where(batch_lines.c.batch == row.id, batch_lines.c.status == "accepted").limit(window)
    in_flight = len(conn.execute(accepted).all())
    columns = [batch_lines.c[field.name] for field in fields(WorkLine)]
    query = (
        select(*columns)
        .where(batch_lines.c.batch == row.id, batch_lines.c.status == "taken")
        .order_by(batch_lines.c.seq)
        .limit(max(0, min(page, window - in_flight)))
    )
    return Work(row, tuple(WorkLine(**one) for one in conn.execute(query).mappings()), in_flight)


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of a line: a document, or why there is none."""

    seq: int
    document: str | None = None
    faults: tuple[Fault, ...] = ()
    status: Literal["refused", "conflict"] = "refused"


def answer(conn: Connection, batch: str, answers: Sequence[Answered], at: int) -> None:
    """Write what came of some lines. A line whose batch was cancelled meanwhile still gets its document."""
    for one in answers:
        change = update(batch_lines).where(batch_lines.c.batch == batch, batch_lines.c.seq == one.seq)
        if one.document is None:
            values: dict[str, Any] = {"status": one.status, "faults": faults_text(one.faults)}
        else:
            # Under the document's lock: its outcome either comes after this, and finds the line, or is seen here.
            doc = locked_document(conn, one.document)
            values = {"status": status_of(doc.status), "document": doc.id, "body": None, "faults": None}
        conn.execute(change.values(**values, again=False, updated_at=at))
    touch(conn, f"batch:{batch}")


def put_away(conn: Connection, batch: str, at: int, limit: int) -> int:
    """Cancel up to `limit` lines that have no document; answers how many."""
    mine = and_(batch_lines.c.batch == batch, batch_lines.c.status == "taken")
    seqs = select(batch_lines.c.seq).where(mine).order_by(batch_lines.c.seq).limit(limit)
    found = list(conn.execute(seqs).scalars())
    change = update(batch_lines).where(batch_lines.c.batch == batch, batch_lines.c.seq.in_(found))
    conn.execute(change.values(status="cancelled", again=False, updated_at=at))
    touch(conn, f"batch:{batch}")
    return len(found)


def unnumbered(conn: Connection, batch: str) -> list[str]:
    """Documents of the batch's own lines that are on their way."""
    query = select(batch_lines.c.document).where(batch_lines.c.batch == batch, batch_lines.c.status == "accepted")
    return [document for document in conn.execute(query).scalars() if document is not None]


def mark_cancelled(conn: Connection, batch: str, document: str, at: int) -> None:
    """The line's document was stopped with the batch."""
    mine = (batch_lines.c.batch == batch, batch_lines.c.document == document)
    conn.execute(update(batch_lines).where(*mine).values(status="cancelled", updated_at=at))


def finish(conn: Connection, batch: str, at: int) -> bool:
    """The batch has ended, unless a line is still open or no post has arrived whole; True when it has."""
    row = _locked(conn, batch)
    opened = select(batch_lines.c.seq).where(batch_lines.c.batch == batch, batch_lines.c.status.in_(lines_of.OPEN)).limit(1)
    if conn.execute(opened).first() is not None or (row.received_at is None and row.cancelled_at is None):
        return False
    if row.finished_at is None:
        conn.execute(update(batches).where(batches.c.id == batch).values(finished_at=at))
        touch(conn, f"batch:{batch}")
    return True


@dataclass(frozen=True, slots=True)
class Progress:
    """A batch by its numbers."""

    row: BatchRow
    counts: Mapping[LineStatus, int]

    @property
    def pending(self) -> int:
        return self.counts["taken"] + self.counts["accepted"]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def ended(self) -> int:
        return self.total - self.pending

    @property
    def troubled(self) -> int:
        return sum(self.counts[status] for status in ("refused", "conflict", "rejected", "denied"))

    def per_minute(self, now: int) -> float:
        """Lines that ended, by the minute, since the batch was opened."""
        span = max(1, (self.row.finished_at or now) - self.row.created_at)
        return self.ended * 60_000 / span

    def estimated_end(self, now: int) -> int | None:
        """When it ends at this pace (ms); None when it has ended, or nothing has ended yet."""
        if self.row.finished_at is not None or self.row.cancelled_at is not None or not self.pending or not self.ended:
            return None
        return now + int(self.pending * (now - self.row.created_at) / self.ended)


def progress(conn: Connection, batch: str) -> Progress | None:
    """The batch, by id or ref, with its counts."""
    row = get(conn, batch)
    return None if row is None else Progress(row, lines_of.counts(conn, row.id))
