"""The clock that leases, retries and pauses are measured by: the database's, so that hosts need not agree on theirs."""

from __future__ import annotations

import time

from sqlalchemy import Connection, text

_POSTGRES_NOW = text("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")


def db_now(conn: Connection) -> int:
    """Milliseconds since 1970 in UTC.

    PostgreSQL is asked (the clock, not the start of the transaction). SQLite lives inside this process, on this host:
    its clock is this process's, and asking it would only cost a statement.
    """
    if conn.dialect.name == "sqlite":
        return time.time_ns() // 1_000_000
    return int(conn.execute(_POSTGRES_NOW).scalar_one())
