"""Answers kept by `Idempotency-Key`, per client: the same key and body get the same answer, another body is refused.

Written in the transaction of the work itself, so there is no half state: either both are stored or none is.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.core.errors import IdempotencyConflict, InvariantBroken
from gateway.store.tables import idempotency


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered the first time: HTTP status and body."""

    status: int
    body: str


def find(conn: Connection, client: str, key: str, body_hash: bytes) -> Answer | None:
    """The answer given to this key, or None. Raises IdempotencyConflict when the key came with another body."""
    row = conn.execute(
        select(idempotency.c.body_hash, idempotency.c.status, idempotency.c.answer).where(
            idempotency.c.client == client, idempotency.c.key == key
        )
    ).first()
    if row is None:
        return None
    if not hmac.compare_digest(bytes(row.body_hash), body_hash):
        raise IdempotencyConflict(
            "Esta Idempotency-Key já foi usada com outro conteúdo.",
            fix="Use outra chave para outro pedido, ou repita exatamente o mesmo conteúdo.",
        )
    return Answer(row.status, row.answer)


def remember(
    conn: Connection, *, client: str, key: str, body_hash: bytes, status: int, body: str, at: int
) -> tuple[Answer, bool]:
    """Keep the answer; gives back the one that counts and whether it is an earlier one (a twin was faster).

    When True the caller must roll its own work back: the twin's is the one that stands. Raises IdempotencyConflict.
    """
    dialect: Any = sqlite if conn.dialect.name == "sqlite" else postgresql
    statement = (
        dialect.insert(idempotency)
        .values(client=client, key=key, body_hash=body_hash, status=status, answer=body, created_at=at)
        .on_conflict_do_nothing()
        .returning(idempotency.c.key)
    )
    if conn.execute(statement).first() is not None:
        return Answer(status, body), False
    earlier = find(conn, client, key, body_hash)
    if earlier is None:
        raise InvariantBroken("A Idempotency-Key estava em uso e sumiu no mesmo instante.")
    return earlier, True


def prune(conn: Connection, before: int) -> int:
    """Forget keys older than `before` (ms); answers how many. Keep at least 30 days: a client may repeat itself for weeks."""
    return conn.execute(delete(idempotency).where(idempotency.c.created_at < before)).rowcount
