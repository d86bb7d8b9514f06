"""What outside systems told us, kept as received: one row per external id, however often it comes."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from gateway.store.tables import inbox


def receive(conn: Connection, source: str, external_id: str, body: str, at: int) -> bool:
    """Store a message; True when it is new, False when it only counts one more delivery."""
    where = (inbox.c.source == source, inbox.c.external_id == external_id)
    if conn.execute(select(inbox.c.times).where(*where).with_for_update()).scalar() is not None:
        conn.execute(update(inbox).where(*where).values(times=inbox.c.times + 1))
        return False
    conn.execute(insert(inbox).values(source=source, external_id=external_id, body=body, received_at=at, times=1))
    return True
