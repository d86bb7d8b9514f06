"""Lines of batches: taken in chunks, answered one by one, and from then on as their documents are.

::

    taken ──> accepted ──> authorized | rejected | denied | cancelled      (as the document)
      │  └──> refused (with its faults) | conflict (the ref has another body)
      └─────> cancelled (with its batch)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, and_, bindparam, delete, func, insert, or_, select, update

from gateway.core.errors import PayloadTooLarge
from gateway.core.faults import Fault
from gateway.store.tables import batch_lines, batches, documents
from gateway.store.topics import touch

LineStatus = Literal["taken", "accepted", "authorized", "rejected", "denied", "cancelled", "refused", "conflict"]
LineKind = Literal["nfe", "nfce", "raw"]

LINE_LABELS: dict[LineStatus, str] = {
    "taken": "Recebida",
    "accepted": "Aceita",
    "authorized": "Autorizada",
    "rejected": "Rejeitada",
    "denied": "Denegada",
    "cancelled": "Cancelada",
    "refused": "Recusada",
    "conflict": "Em conflito",
}
OPEN: frozenset[LineStatus] = frozenset({"taken", "accepted"})
"""Statuses that change by themselves."""
RETRYABLE: frozenset[LineStatus] = frozenset({"refused", "rejected"})
"""Statuses that a correction, or another try, may follow."""
MAX_LINES = 100_000
TAKEN_ELSEWHERE = Fault(
    code="GW-IDEMPOTENCY",
    path="$.ref",
    message="Esta ref já está no lote com outro conteúdo.",
    fix="Use outra ref para outra venda; para corrigir uma linha recusada ou rejeitada, use POST /v1/batches/{id}/retry.",
)
NOT_OF_BATCH = Fault(
    code="BATCH-RETRY-REF",
    path="$.ref",
    message="Esta ref não é de uma linha deste lote.",
    fix="Envie a venda nova em POST /v1/batches ou POST /v1/nfe.",
)

_OF_DOCUMENT: dict[str, LineStatus] = {
    "authorized": "authorized",
    "rejected": "rejected",
    "denied": "denied",
    "cancelled": "cancelled",
    "voided": "cancelled",
}


def status_of(document_status: str) -> LineStatus:
    """What a line says of a document in this status: `accepted` for all that is not final."""
    return _OF_DOCUMENT.get(document_status, "accepted")


_FOLLOW = (
    update(batch_lines)
    .where(batch_lines.c.document == bindparam("of_document"))
    .values(status=bindparam("to_status"), updated_at=bindparam("to_at"))
)


def follow(conn: Connection, document: str, before: str, after: str, at: int) -> None:
    """The document went from one status to another: lines that point to it say so, in the same transaction."""
    status = status_of(after)
    if status != status_of(before):
        conn.execute(_FOLLOW, {"of_document": document, "to_status": status, "to_at": at})


@dataclass(frozen=True, slots=True)
class NewLine:
    """A line that was read. hash: SHA-256 of what makes it the same line. `faults`: it is refused as it is."""

    line: int
    ref: str
    hash: bytes
    kind: LineKind
    body: str | None
    faults: tuple[Fault, ...] = ()


@dataclass(slots=True)
class Taken:
    """What became of some lines: new ones, those that were there, corrected ones; and what was told back and not stored."""

    new: int = 0
    replayed: int = 0
    corrected: int = 0
    told: list[tuple[int, str, Fault]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Known:
    seq: int
    line: int
    ref: str
    hash: bytes
    status: LineStatus


class _Index:
    """The lines of the batch that the ones at hand may meet."""

    def __init__(self, rows: Sequence[_Known]) -> None:
        self.by_hash: dict[bytes, _Known] = {}
        self.by_ref: dict[str, _Known] = {}
        self.nameless: dict[int, _Known] = {}
        for row in rows:
            self.add(row)

    def add(self, row: _Known) -> None:
        self.by_hash[row.hash] = row
        if row.ref and row.status != "conflict":
            self.by_ref[row.ref] = row
        elif not row.ref:
            self.nameless[row.line] = row

    def drop(self, row: _Known) -> None:
        self.by_hash.pop(row.hash, None)
        self.nameless.pop(row.line, None)


def take(conn: Connection, batch: str, lines: Sequence[NewLine], *, at: int, correcting: bool = False) -> Taken:
    """Keep these lines for ever, each once; the caller holds the batch.

    The same line again changes nothing. Another body under a ref of the batch replaces a refused line (also a rejected one when
    `correcting`), and is a `conflict` otherwise. When `correcting`, a ref that the batch lacks is told back and not stored.
    Raises PayloadTooLarge past MAX_LINES: then none of them is stored.
    """
    known = _Index(_known(conn, batch, lines))
    last = conn.execute(select(batches.c.lines).where(batches.c.id == batch)).scalar_one()
    taken, rows = Taken(), []
    for line in lines:
        same = known.by_hash.get(line.hash)
        other = (known.by_ref.get(line.ref) if line.ref else None) or known.nameless.get(line.line)
        mendable = RETRYABLE if correcting else frozenset[LineStatus]({"refused"})
        if same is not None and same.status == "conflict" and other is not None and other.status in mendable:
            # What was told to be another body is now the correction: one line, one answer.
            conn.execute(delete(batch_lines).where(batch_lines.c.batch == batch, batch_lines.c.seq == same.seq))
            known.drop(same)
            same = None
        if same is not None and not (correcting and same.status in RETRYABLE):
            taken.replayed += 1
            continue
        before = same or other
        if before is not None and (not before.ref or before.status in mendable):
            known.drop(before)
            known.add(_Known(before.seq, line.line, line.ref, line.hash, _first_status(line)))
            _replace(conn, batch, before.seq, line, at)
            taken.corrected += 1
            continue
        if correcting:
            taken.told.append((line.line, line.ref, NOT_OF_BATCH if before is None else TAKEN_ELSEWHERE))
            continue
        status = _first_status(line) if before is None else "conflict"
        stored = line if before is None else replace(line, body=None, faults=(TAKEN_ELSEWHERE,))
        last += 1
        known.add(_Known(last, line.line, line.ref, line.hash, status))
        rows.append({"batch": batch, "seq": last, "document": None, **_values(stored, at), "status": status, "again": False})
        taken.new += 1
        if status == "conflict":
            taken.told.append((line.line, line.ref, TAKEN_ELSEWHERE))
    if last > MAX_LINES:
        raise PayloadTooLarge(f"O lote passa de {MAX_LINES} linhas.", code="BATCH-LINES", fix="Abra outro lote com o resto.")
    if rows:
        conn.execute(insert(batch_lines), rows)
        conn.execute(update(batches).where(batches.c.id == batch).values(lines=last))
    touch(conn, f"batch:{batch}")
    return taken


def _first_status(line: NewLine) -> LineStatus:
    return "refused" if line.faults else "taken"


def _values(line: NewLine, at: int) -> dict[str, Any]:
    return {
        "line": line.line,
        "ref": line.ref,
        "hash": line.hash,
        "kind": line.kind,
        "body": line.body,
        "faults": faults_text(line.faults),
        "updated_at": at,
    }


def faults_text(faults: Sequence[Fault]) -> str | None:
    """As the column keeps them."""
    return msgspec.json.encode(faults).decode() if faults else None


def _known(conn: Connection, batch: str, lines: Sequence[NewLine]) -> list[_Known]:
    columns = [batch_lines.c[name] for name in _Known.__slots__]
    refs = {line.ref for line in lines if line.ref}
    query = select(*columns).where(
        batch_lines.c.batch == batch,
        or_(
            batch_lines.c.hash.in_([line.hash for line in lines]),
            batch_lines.c.ref.in_(refs),
            and_(batch_lines.c.ref == "", batch_lines.c.line.in_([line.line for line in lines])),
        ),
    )
    return [_Known(**{**row, "hash": bytes(row["hash"])}) for row in conn.execute(query).mappings()]


def _replace(conn: Connection, batch: str, seq: int, line: NewLine, at: int) -> None:
    where = (batch_lines.c.batch == batch, batch_lines.c.seq == seq)
    conn.execute(update(batch_lines).where(*where).values(**_values(line, at), status=_first_status(line), again=True))


def counts(conn: Connection, batch: str) -> dict[LineStatus, int]:
    """Lines by status; read from the index alone."""
    query = select(batch_lines.c.status, func.count()).where(batch_lines.c.batch == batch).group_by(batch_lines.c.status)
    found: dict[LineStatus, int] = dict.fromkeys(LINE_LABELS, 0)
    for status, n in conn.execute(query):
        found[status] = n
    return found


@dataclass(frozen=True, slots=True)
class LineItem:
    """A line as its caller sees it. Columns of the document are None while there is none."""

    seq: int
    line: int
    ref: str
    kind: LineKind
    status: LineStatus
    faults: tuple[Fault, ...]
    number: int | None
    chave: str | None
    protocol: str | None
    cstat: str | None
    reason: str | None
    updated_at: int


def list_lines(
    conn: Connection, batch: str, *, after: int = 0, limit: int = 200, statuses: Sequence[str] = ()
) -> tuple[LineItem, ...]:
    """Lines after a `seq`, in the order they were first taken."""
    own = [batch_lines.c[name] for name in ("seq", "line", "ref", "kind", "status", "faults", "updated_at")]
    theirs = [documents.c[name] for name in ("number", "chave", "protocol", "cstat", "reason")]
    query = (
        select(*own, *theirs)
        .select_from(batch_lines.outerjoin(documents, documents.c.id == batch_lines.c.document))
        .where(batch_lines.c.batch == batch, batch_lines.c.seq > after)
        .order_by(batch_lines.c.seq)
        .limit(limit)
    )
    if statuses:
        query = query.where(batch_lines.c.status.in_(statuses))
    return tuple(
        LineItem(**{**row, "faults": msgspec.json.decode(row["faults"] or "[]", type=tuple[Fault, ...])})
        for row in conn.execute(query).mappings()
    )
