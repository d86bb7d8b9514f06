"""What outside systems told us, kept as received: one row per external id, however often it comes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from gateway.store.tables import inbox


def receive(conn: Connection, source: str, external_id: str, body: str, at: int) -> bool:
    """Store a message; True when it is new, False when it only counts one more delivery. Twins at once are one row."""
    dialect: Any = sqlite if conn.dialect.name == "sqlite" else postgresql
    statement = (
        dialect.insert(inbox)
        .values(source=source, external_id=external_id, body=body, received_at=at, times=1)
        .on_conflict_do_update(index_elements=["source", "external_id"], set_={"times": inbox.c.times + 1})
        .returning(inbox.c.times)
    )
    return bool(conn.execute(statement).scalar_one() == 1)
