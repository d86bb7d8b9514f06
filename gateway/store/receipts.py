"""Receipts (103) still to be asked about, one a document."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.store.contingency_tables import receipts


def keep(conn: Connection, document: str, nrec: str, at: int) -> None:
    """The lot of the document's last send was answered with this receipt."""
    dialect: Any = sqlite if conn.dialect.name == "sqlite" else postgresql
    new = dialect.insert(receipts).values(document=document, nrec=nrec, polls=0, at=at)
    conn.execute(new.on_conflict_do_update(index_elements=["document"], set_={"nrec": nrec, "polls": 0, "at": at}))


def of(conn: Connection, document: str) -> tuple[str, int] | None:
    """The receipt to ask about and how often it was asked; None when there is none."""
    row = conn.execute(select(receipts.c.nrec, receipts.c.polls).where(receipts.c.document == document)).first()
    return None if row is None else (row.nrec, row.polls)


def polled(conn: Connection, document: str) -> None:
    """It was asked once more and is not finished."""
    conn.execute(update(receipts).where(receipts.c.document == document).values(polls=receipts.c.polls + 1))


def forget(conn: Connection, document: str) -> None:
    """Nothing more is to be learned from it."""
    conn.execute(delete(receipts).where(receipts.c.document == document))
