"""What notes take of the items of earlier ones: claimed when a note is accepted, so that two cannot give back the same goods.

A claim lives as long as its note may be, or is, good: it counts for nothing once that is rejected, denied, cancelled or voided.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import Connection, delete, insert, select, text

from gateway.core.taxid import Cnpj
from gateway.nfe.claims import Basis, Claim, Kept, NewClaim
from gateway.nfe.findings import Findings
from gateway.store.artefacts import artefact
from gateway.store.document_rows import find
from gateway.store.tables import documents, returned_items

_DEAD = ("rejected", "denied", "cancelled", "voided")
_LOCK = text("select pg_advisory_xact_lock(hashtextextended(:chave, 0))")


def kept(conn: Connection, chaves: Sequence[str], branch: str, environment: int, document: str | None = None) -> dict[str, Kept]:
    """What the store has of each chave: the note, when the branch's company issued it in that environment, and its claims.

    With `document`, only the claims made before that document's: it is composed again as it was accepted.
    """
    return {chave: _kept(conn, chave, Cnpj(branch).root, environment, document) for chave in chaves}


def _kept(conn: Connection, chave: str, root: str, environment: int, document: str | None) -> Kept:
    claims = _claims(conn, chave, document)
    doc = find(conn, "chave", chave)
    if doc is None or Cnpj(doc.branch).root != root or doc.environment != environment:
        return Kept(claims=claims)
    return Kept(artefact(conn, doc.id, "signed"), doc.status, doc.customer_name, claims)


def _claims(conn: Connection, chave: str, document: str | None) -> tuple[Claim, ...]:
    query = (
        select(returned_items, documents.c.chave.label("signed"))
        .join(documents, documents.c.id == returned_items.c.document)
        .where(returned_items.c.chave == chave, documents.c.status.not_in(_DEAD) | (documents.c.id == (document or "")))
        .order_by(returned_items.c.at, returned_items.c.document, returned_items.c.line)
    )
    found: list[Claim] = []
    notes: dict[str, bytes | None] = {}
    for row in conn.execute(query):
        if row.document == document:
            break
        if row.document not in notes:
            notes[row.document] = artefact(conn, row.document, "signed") if row.signed is not None else None
        basis: Basis = row.basis
        found.append(Claim(row.item, basis, Decimal(row.size), row.line, notes[row.document]))
    return tuple(found)


def claim(conn: Connection, document: str, claims: Sequence[NewClaim], at: int) -> None:
    """Take these for the document, in place of what it took before.

    Raises ValidationFailed (NFE-RET-08) when less is left of an item than is asked: another note was accepted in between.
    """
    conn.execute(delete(returned_items).where(returned_items.c.document == document))
    if conn.dialect.name == "postgresql":
        # One at a time for each earlier document; in SQLite there is one writer anyhow.
        for chave in sorted({one.chave for one in claims}):
            conn.execute(_LOCK, {"chave": chave})
    findings = Findings()
    for one in claims:
        if one.whole is not None:
            before = (other for other in _claims(conn, one.chave, None) if (other.item, other.basis) == (one.item, one.basis))
            left = one.whole - sum((other.size for other in before), Decimal(0))
            if one.size > left:
                findings.add(
                    "NFE-RET-08", f"$.returns[{one.line - 1}]", item=one.item, balance=max(left, Decimal(0)), asked=one.size
                )
        conn.execute(
            insert(returned_items).values(
                document=document, line=one.line, chave=one.chave, item=one.item, basis=one.basis, size=f"{one.size:f}", at=at
            )
        )
    findings.raise_any()
