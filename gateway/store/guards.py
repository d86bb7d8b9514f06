"""Pauses shared by every worker of every host: after a 656, a 429 or a paralysed service, nobody calls for that key."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.store.dbclock import db_now
from gateway.store.tables import guards
from gateway.store.topics import touch

MAX_REASON_CHARS = 1000


def pause(conn: Connection, key: str, seconds: float, reason: str) -> None:
    """Nobody calls for `key` for `seconds` from now. A pause already set that lasts longer stays as it is."""
    until = db_now(conn) + int(seconds * 1000)
    dialect: Any = sqlite if conn.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(guards).values(key=key, until=until, reason=reason[:MAX_REASON_CHARS])
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["key"],
            set_={"until": statement.excluded.until, "reason": statement.excluded.reason},
            where=guards.c.until < statement.excluded.until,
        )
    )
    touch(conn, f"guard:{key}")


def paused_for(conn: Connection, key: str) -> tuple[float, str] | None:
    """Seconds still to wait and the reason, or None when `key` is free."""
    row = conn.execute(select(guards.c.until, guards.c.reason).where(guards.c.key == key)).first()
    if row is None:
        return None
    left = (row.until - db_now(conn)) / 1000
    return (left, row.reason) if left > 0 else None
