"""Units of work over print jobs. `sending` found again after a crash is `uncertain`: a person says whether paper came out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from gateway.core.ids import new_id
from gateway.store.tables import prints


@dataclass(frozen=True, slots=True)
class PrintRow:
    """One print: what was sent where, and whether it came out."""

    id: str
    document: str
    kind: str
    address: str
    body: bytes
    state: str
    reason: str | None
    created_at: int
    updated_at: int


def open_print(conn: Connection, *, document: str, kind: str, address: str, body: bytes, at: int) -> PrintRow:
    """The print of this kind for the document, created as `queued` when there is none."""
    found = for_document(conn, document, kind)
    if found is not None:
        return found
    print_id = new_id("prt")
    conn.execute(
        insert(prints).values(
            id=print_id,
            document=document,
            kind=kind,
            address=address,
            body=body,
            sha256=hashlib.sha256(body).digest(),
            state="queued",
            reason=None,
            created_at=at,
            updated_at=at,
        )
    )
    return PrintRow(print_id, document, kind, address, body, "queued", None, at, at)


def for_document(conn: Connection, document: str, kind: str) -> PrintRow | None:
    """The first print of this kind, whatever its state."""
    query = select(prints).where(prints.c.document == document, prints.c.kind == kind).order_by(prints.c.created_at)
    row = conn.execute(query).first()
    if row is None:
        return None
    return PrintRow(row.id, row.document, row.kind, row.address, row.body, row.state, row.reason, row.created_at, row.updated_at)


def set_state(conn: Connection, print_id: str, state: str, reason: str | None, at: int) -> None:
    """Move a print; the caller knows the machine: queued -> sending -> printed | uncertain, sending -> queued if not sent,
    uncertain -> sending when a person asks."""
    conn.execute(update(prints).where(prints.c.id == print_id).values(state=state, reason=reason, updated_at=at))
