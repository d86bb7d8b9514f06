"""Events of a note: asked for once per ref, numbered within their type, signed, moved by their machine.

Every function is (part of) a unit of work. The document's lock comes first: whatever changes an event of ours holds it.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import msgspec
from sqlalchemy import Connection, func, insert, select, update

from gateway.core.errors import IdempotencyConflict, InvariantBroken, NotFound, TransitionRefused
from gateway.core.ids import new_id
from gateway.nfe.epec import EPEC_EVENT
from gateway.nfe.events.lifecycle import EVENT, EventStatus
from gateway.nfe.events.table import EventKind
from gateway.store.document_rows import DocumentRow, locked, write_event
from gateway.store.event_tables import fiscal_events as table
from gateway.store.jobs import enqueue
from gateway.store.topics import touch

JOB = "event.send"
QUEUE = "sefaz"


@dataclass(frozen=True, slots=True)
class FiscalEvent:
    """A row of `fiscal_events`. Times in ms. `detail`: what was told, JSON by official tags."""

    id: str
    ref: str
    body_hash: bytes
    branch: str
    document: str | None
    environment: int
    chave: str
    tp_evento: str
    n_seq: int
    status: EventStatus
    detail: str
    signed: bytes | None
    answer: bytes | None
    proc: bytes | None
    protocol: str | None
    cstat: str | None
    reason: str | None
    registered_at: int | None
    created_at: int
    updated_at: int

    @property
    def values(self) -> dict[str, Any]:
        """The detail, decoded."""
        found: dict[str, Any] = msgspec.json.decode(self.detail)
        return found


_COLUMNS = tuple(table.c[field.name] for field in fields(FiscalEvent))


def _row(values: Mapping[str, Any]) -> FiscalEvent:
    return FiscalEvent(**values)


def get(conn: Connection, event: str) -> FiscalEvent | None:
    """By our id."""
    row = conn.execute(select(*_COLUMNS).where(table.c.id == event)).mappings().first()
    return None if row is None else _row(dict(row))


def by_ref(conn: Connection, ref: str) -> FiscalEvent | None:
    """By the caller's reference."""
    row = conn.execute(select(*_COLUMNS).where(table.c.ref == ref)).mappings().first()
    return None if row is None else _row(dict(row))


def of_document(conn: Connection, document: str) -> tuple[FiscalEvent, ...]:
    """Every event asked for of a document, oldest first."""
    statement = select(*_COLUMNS).where(table.c.document == document).order_by(table.c.created_at, table.c.id)
    return tuple(_row(dict(row)) for row in conn.execute(statement).mappings())


def replayed(conn: Connection, ref: str, body_hash: bytes) -> FiscalEvent | None:
    """The event that this ref already asked for. Raises IdempotencyConflict when it said something else."""
    existing = by_ref(conn, ref)
    if existing is not None and not hmac.compare_digest(existing.body_hash, body_hash):
        raise IdempotencyConflict(
            f"O ref {ref!r} já foi usado por outro evento.",
            fix="Use outro ref para outro evento, ou repita exatamente o mesmo pedido.",
        )
    return existing


def next_seq(conn: Connection, chave: str, kind: EventKind) -> int:
    """nSeqEvento of the next event of this type of the note. One that SEFAZ refused uses none."""
    of_type = (table.c.chave == chave, table.c.tp_evento == kind.tpEvento, table.c.status != "rejected")
    last = conn.execute(select(func.max(table.c.n_seq)).where(*of_type)).scalar()
    return int(last or 0) + 1


def request(
    conn: Connection,
    doc: DocumentRow,
    kind: EventKind,
    *,
    ref: str,
    body_hash: bytes,
    n_seq: int,
    detail: str,
    at: int,
    carried: bool = False,
) -> FiscalEvent:
    """Store the event and its job, and tell it on the document's timeline. The caller holds the document's lock.

    carried: the document's own job sends it, as it does its EPEC, and none is written for it.
    Raises TransitionRefused while another event of the same type has no end: what it says may still change this one.
    """
    if doc.chave is None:
        raise InvariantBroken(f"O documento {doc.id} não tem chave: não há de que registrar evento.")
    refuse_pending(conn, doc.chave, kind)
    event = new_id("evt")
    conn.execute(
        insert(table).values(
            id=event,
            ref=ref,
            body_hash=body_hash,
            branch=doc.branch,
            document=doc.id,
            environment=doc.environment,
            chave=doc.chave,
            tp_evento=kind.tpEvento,
            n_seq=n_seq,
            status=EVENT.initial,
            detail=detail,
            created_at=at,
            updated_at=at,
        )
    )
    write_event(conn, doc.id, "event_requested", f"{kind.label}: pedido aceito.", data={"event": event}, at=at)
    if not carried:
        _enqueue(conn, event, doc.id)
    found = get(conn, event)
    assert found is not None  # just written
    return found


def epec_of(conn: Connection, document: str) -> FiscalEvent | None:
    """The document's EPEC that the Ambiente Nacional has, or may have; None when there is none, or it was refused."""
    statement = select(*_COLUMNS).where(
        table.c.document == document, table.c.tp_evento == EPEC_EVENT, table.c.status != "rejected"
    )
    row = conn.execute(statement.order_by(table.c.created_at.desc(), table.c.id.desc())).mappings().first()
    return None if row is None else _row(dict(row))


def ask_again(conn: Connection, event: FiscalEvent) -> None:
    """Find out what SEFAZ has of an event whose protocol is not known yet."""
    assert event.document is not None  # only events of our documents wait for that
    _enqueue(conn, event.id, event.document)


def refuse_pending(conn: Connection, chave: str, kind: EventKind) -> None:
    """Raises TransitionRefused while another event of this type of the note waits for SEFAZ."""
    pending = select(table.c.id).where(
        table.c.chave == chave,
        table.c.tp_evento == kind.tpEvento,
        table.c.status.in_(("requested", "processing", "unknown")),
    )
    if conn.execute(pending).first() is not None:
        raise TransitionRefused(
            f"Já há um evento de {kind.label.lower()} desta nota à espera da SEFAZ.", fix="Espere a resposta dele."
        )


def _enqueue(conn: Connection, event: str, document: str) -> None:
    # The key is the note's: what happens to one document happens in order.
    enqueue(
        conn,
        kind=JOB,
        queue=QUEUE,
        subject=event,
        payload={},
        key=f"document:{document}",
        unique_key=f"{JOB}:{event}",
        again=True,
    )


def held(conn: Connection, event: str) -> FiscalEvent:
    """The event, with its document held against other writers until the transaction ends. Raises NotFound."""
    found = get(conn, event)
    if found is None:
        raise NotFound(f"O evento {event} não existe.")
    if found.document is not None:
        locked(conn, found.document)
        found = get(conn, event)
        assert found is not None  # events are never deleted
    return found


def move(conn: Connection, event: str, step: str, *, at: int, **changes: Any) -> FiscalEvent:
    """Step the event; fields in `changes` are written with it. Raises TransitionRefused, NotFound: then nothing changed."""
    found = held(conn, event)
    following = EVENT.step(found.status, step)
    mine = (table.c.id == event, table.c.status == found.status)
    if conn.execute(update(table).where(*mine).values(status=following.next, updated_at=at, **changes)).rowcount != 1:
        raise InvariantBroken(f"O evento {event} mudou enquanto estava reservado.")
    touch(conn, f"event:{event}")
    if found.document is not None:
        touch(conn, f"document:{found.document}")
    moved = get(conn, event)
    assert moved is not None
    return moved


def retry(conn: Connection, event: str, *, n_seq: int, detail: str, at: int) -> FiscalEvent:
    """A refused event once more, as `detail` tells it now, on the sequence that is free now. Raises TransitionRefused."""
    changes: dict[str, Any] = {"signed": None, "cstat": None, "reason": None, "n_seq": n_seq, "detail": detail}
    moved = move(conn, event, "retry", at=at, **changes)
    assert moved.document is not None  # only events of our documents are retried
    write_event(conn, moved.document, "event_retried", "Nova tentativa do evento pedida.", data={"event": event}, at=at)
    _enqueue(conn, event, moved.document)
    return moved
