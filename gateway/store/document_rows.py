"""What a document row is, its timeline, and the lock every change of a document begins with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, bindparam, func, insert, select

from gateway.core.errors import NotFound
from gateway.nfe.lifecycle import DocumentStatus
from gateway.store.tables import document_events, documents
from gateway.store.topics import touch


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A row of `documents`. Times in ms; total in reais.

    number and cnf stay with the document once taken. chave and digest name the live signed bytes: None until they are stored,
    and again None from the moment a rejected document is retried until its new bytes are stored.
    """

    id: str
    ref: str
    body_hash: bytes
    branch: str
    model: str
    environment: int
    series: int
    number: int | None
    cnf: str | None
    issued_at: int | None
    chave: str | None
    digest: str | None
    status: DocumentStatus
    origin: str
    origin_ref: str | None
    request: str
    total: Decimal
    customer_name: str | None
    customer_tax_id: str | None
    protocol: str | None
    cstat: str | None
    reason: str | None
    authorized_at: int | None
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class EventRow:
    """One line of a document's timeline. `text` is a pt-BR sentence; `data` are the facts behind it."""

    document: str
    seq: int
    at: int
    kind: str
    text: str
    data: dict[str, Any]


COLUMNS = tuple(documents.c[field.name] for field in fields(DocumentRow))


def document_row(values: Mapping[str, Any]) -> DocumentRow:
    """The value of a fetched row."""
    return DocumentRow(**{**values, "total": Decimal(values["total"]), "body_hash": bytes(values["body_hash"])})


# Statements are built once: building one costs several times what running it does.
_BY = {name: select(*COLUMNS).where(documents.c[name] == bindparam("value")) for name in ("id", "ref", "chave")}
_LOCKED = _BY["id"].with_for_update()
_LAST_EVENT = select(func.max(document_events.c.seq)).where(document_events.c.document == bindparam("of_document"))
_ADD_EVENT = insert(document_events).values(seq=func.coalesce(_LAST_EVENT.scalar_subquery(), 0) + 1)


def find(conn: Connection, column: Literal["id", "ref", "chave"], value: str) -> DocumentRow | None:
    """The one document with this value in a unique column, or None."""
    row = conn.execute(_BY[column], {"value": value}).mappings().first()
    return None if row is None else document_row(dict(row))


def locked(conn: Connection, document: str) -> DocumentRow:
    """The document, held against other writers until the transaction ends. Raises NotFound.

    Everything numbered within a document (events, versions, transmissions) is numbered under this lock.
    """
    row = conn.execute(_LOCKED, {"value": document}).mappings().first()
    if row is None:
        raise NotFound(f"O documento {document} não existe.")
    return document_row(dict(row))


def write_event(
    conn: Connection, document: str, kind: str, sentence: str, *, data: Mapping[str, Any] | None = None, at: int
) -> None:
    """Append to the timeline; the caller holds the lock."""
    values = {
        "of_document": document,
        "document": document,
        "at": at,
        "kind": kind,
        "text": sentence,
        "data": msgspec.json.encode(dict(data or {})).decode(),
    }
    conn.execute(_ADD_EVENT, values)
    touch(conn, f"document:{document}")


def add_event(conn: Connection, document: str, kind: str, text: str, data: Mapping[str, Any] | None, at: int) -> None:
    """A line of the timeline that is no change of status. Raises NotFound."""
    locked(conn, document)
    write_event(conn, document, kind, text, data=data, at=at)


def events(conn: Connection, document: str) -> tuple[EventRow, ...]:
    """The timeline, oldest first."""
    statement = select(document_events).where(document_events.c.document == document).order_by(document_events.c.seq)
    return tuple(EventRow(**{**row, "data": msgspec.json.decode(row["data"])}) for row in conn.execute(statement).mappings())
