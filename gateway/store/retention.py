"""What is kept and until when. Nothing in the gateway deletes a document: this only counts.

Source: Ajuste SINIEF 2/2025 (132 months from authorisation); whether it binds the taxpayer is debated, so it is a setting.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from gateway.store.tables import artefacts, documents


@dataclass(frozen=True, slots=True)
class Kept:
    """The nfeProc of one branch authorised in a period: how many, and how many bytes of XML. Instants in milliseconds."""

    branch: str
    first: int
    last: int
    documents: int
    bytes: int
    past: int


def kept(conn: Connection, before: int) -> list[Kept]:
    """By branch. past: those authorised before `before` (ms), whose term has ended."""
    at = func.coalesce(documents.c.authorized_at, documents.c.created_at)
    query = (
        select(
            documents.c.branch,
            func.min(at),
            func.max(at),
            func.count(),
            func.sum(func.length(artefacts.c.body)),
            func.count().filter(at < before),
        )
        .join(artefacts, artefacts.c.document == documents.c.id)
        .where(artefacts.c.kind == "proc")
        .group_by(documents.c.branch)
        .order_by(documents.c.branch)
    )
    return [Kept(branch, first, last, n, int(size), past) for branch, first, last, n, size, past in conn.execute(query)]
