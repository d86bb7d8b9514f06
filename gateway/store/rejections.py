"""The barrier before consumo indevido (656): the same content refused three times in an hour is not sent again by itself.

SEFAZ counts the same note with the same rejection and then blocks the issuer for an hour. What counts as the same is said by
`gateway.nfe.content`; the clock is the database's.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, case, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.nfe.content import Fingerprint, barrier
from gateway.store.contingency_tables import rejections
from gateway.store.dbclock import db_now


def remember(conn: Connection, document: str, print_: Fingerprint, cstat: str) -> None:
    """Count one more refusal of this content for this reason; after the window the count begins again."""
    rules = barrier()
    if cstat in rules.never:
        return
    now = db_now(conn)
    dialect: Any = sqlite if conn.dialect.name == "sqlite" else postgresql
    new = dialect.insert(rejections).values(document=document, content=print_.for_code(cstat), cstat=cstat, first_at=now, count=1)
    old = rejections.c.first_at <= now - rules.window_ms
    conn.execute(
        new.on_conflict_do_update(
            index_elements=["document", "content", "cstat"],
            set_={
                "first_at": case((old, now), else_=rejections.c.first_at),
                "count": case((old, 1), else_=rejections.c.count + 1),
            },
        )
    )


def barred(conn: Connection, document: str, print_: Fingerprint) -> tuple[str, float] | None:
    """The code for which this content was refused too often, and the seconds until it may go again; None when it may go."""
    rules = barrier()
    now = db_now(conn)
    query = (
        select(rejections.c.cstat, rejections.c.content, rejections.c.first_at)
        .where(
            rejections.c.document == document,
            rejections.c.count >= rules.limit,
            rejections.c.first_at > now - rules.window_ms,
        )
        .order_by(rejections.c.first_at.desc())
    )
    for row in conn.execute(query):
        if row.content == print_.for_code(row.cstat):
            return str(row.cstat), (row.first_at + rules.window_ms - now) / 1000
    return None
