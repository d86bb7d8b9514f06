"""The bytes of a document as they were sent and received: kept in versions, never changed, never re-serialised.

Kinds: `signed` (one version a build; only the last is live), `protocol` (as received), `proc` (nfeProc, which enters the chain
of hashes in the same transaction).
"""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection, func, insert, select

from gateway.store.document_rows import locked
from gateway.store.ledger import append_new
from gateway.store.tables import artefacts
from gateway.store.topics import touch


def put_artefact(conn: Connection, document: str, kind: str, body: bytes, at: int) -> int:
    """Store `body`; answers its version. The bytes of the last version are not stored twice. Raises NotFound."""
    locked(conn, document)
    digest = hashlib.sha256(body).digest()
    last = conn.execute(
        select(artefacts.c.version, artefacts.c.sha256)
        .where(artefacts.c.document == document, artefacts.c.kind == kind)
        .order_by(artefacts.c.version.desc())
        .limit(1)
    ).first()
    if last is not None and bytes(last.sha256) == digest:
        return int(last.version)
    version = 1 if last is None else int(last.version) + 1
    conn.execute(insert(artefacts).values(document=document, kind=kind, version=version, body=body, sha256=digest, created_at=at))
    touch(conn, f"document:{document}")
    if kind == "proc":
        append_new(conn, "artefact", f"{document}:{version}", digest, at)
    return version


def artefact(conn: Connection, document: str, kind: str) -> bytes | None:
    """The last version's bytes, or None."""
    body = conn.execute(
        select(artefacts.c.body)
        .where(artefacts.c.document == document, artefacts.c.kind == kind)
        .order_by(artefacts.c.version.desc())
        .limit(1)
    ).scalar()
    return None if body is None else bytes(body)


def last_version(conn: Connection, document: str, kind: str) -> int | None:
    """The number of the last version, or None."""
    return conn.execute(
        select(func.max(artefacts.c.version)).where(artefacts.c.document == document, artefacts.c.kind == kind)
    ).scalar()
