"""A sale whose first send got no answer, issued again in contingency: its two attempts are two documents that name each other.

The sale keeps its ref and takes another number and key (Ajuste SINIEF 07/2005, cl. 11, § 14; 19/2016, cl. 11, § 2º). The first
attempt becomes a document of its own, with the number, the bytes and the sends it had: it is only asked about, never sent again.
Every function is (part of) a unit of work.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, insert, literal, select, update

from gateway.core.errors import InvariantBroken, TransitionRefused
from gateway.core.ids import new_id
from gateway.nfe.lifecycle import DOCUMENT
from gateway.store.batch_lines import follow
from gateway.store.contingency_tables import receipts
from gateway.store.document_rows import COLUMNS, DocumentRow, document_row, find, locked, write_event
from gateway.store.jobs import enqueue
from gateway.store.tables import artefacts, documents, jobs, numbers, transmissions

ATTEMPT = "attempt"
"""`origin` of the document that a first attempt becomes; its `origin_ref` is the id of the sale's document."""
SETTLE_KIND, QUEUE = "reissue.settle", "sefaz"
WOKEN = 500


def reissue(conn: Connection, document: str, *, at: int, text: str) -> DocumentRow:
    """Part the first attempt from the sale, which is `accepted` again; answers the attempt's document, `unknown`, with its job.

    Raises TransitionRefused, NotFound; InvariantBroken for a document without bytes that may have left. Then nothing has changed.
    """
    doc = locked(conn, document)
    step = DOCUMENT.step(doc.status, "reissue", doc)
    if doc.chave is None or doc.number is None or doc.origin == ATTEMPT:
        raise InvariantBroken(f"O documento {document} não tem uma primeira tentativa para separar.")
    told = {"chave": doc.chave, "number": doc.number, "series": doc.series}
    emptied: dict[str, Any] = {"number": None, "cnf": None, "issued_at": None, "chave": None, "digest": None}
    conn.execute(update(documents).where(documents.c.id == document).values(status=step.next, updated_at=at, **emptied))
    follow(conn, document, doc.status, step.next, at)
    attempt = new_id("doc")
    row = {field.name: getattr(doc, field.name) for field in fields(DocumentRow)}
    row |= {"id": attempt, "ref": attempt, "status": "unknown", "origin": ATTEMPT, "origin_ref": document}
    row |= {"total": str(doc.total), "updated_at": at}
    conn.execute(insert(documents).values(**row))
    for owned in (numbers, transmissions, receipts):
        conn.execute(update(owned).where(owned.c.document == document).values(document=attempt))
    columns = [column for column in artefacts.c if column.name != "document"]
    kept = select(literal(attempt), *columns).where(artefacts.c.document == document, artefacts.c.kind == "signed")
    conn.execute(insert(artefacts).from_select(["document", *[column.name for column in columns]], kept))
    write_event(conn, document, "reissue", text, data={"attempt": attempt, **told}, at=at)
    first = (
        f"Primeira tentativa da venda {doc.ref}, que foi emitida de novo em contingência: não será mais enviada, só consultada."
    )
    write_event(conn, attempt, "attempt", first, data={"sale": document, "ref": doc.ref, **told}, at=at)
    enqueue(
        conn,
        kind="nfe.issue",
        queue=QUEUE,
        subject=attempt,
        payload={},
        key=f"document:{attempt}",
        unique_key=f"nfe.issue:{attempt}",
    )
    return locked(conn, attempt)


def attempts_of(conn: Connection, document: str) -> tuple[DocumentRow, ...]:
    """First attempts of a sale's document, oldest first."""
    mine = select(*COLUMNS).where(documents.c.origin_ref == document, documents.c.origin == ATTEMPT)
    return tuple(document_row(dict(row)) for row in conn.execute(mine.order_by(documents.c.updated_at)).mappings())


def sale_of(conn: Connection, doc: DocumentRow) -> DocumentRow | None:
    """The sale's document of a first attempt; None for any other document."""
    return None if doc.origin != ATTEMPT or doc.origin_ref is None else find(conn, "id", doc.origin_ref)


def settle_attempts(conn: Connection, doc: DocumentRow) -> None:
    """The sale's document has reached an outcome: what is to become of its first attempts is looked at now."""
    mine = select(documents.c.id).where(documents.c.origin_ref == doc.id, documents.c.origin == ATTEMPT)
    for attempt in conn.execute(mine.where(documents.c.status == "authorized")).scalars().all():
        settle(conn, attempt)


def settle(conn: Connection, attempt: str) -> None:
    """Look at a first attempt that SEFAZ has spoken of, now."""
    enqueue(conn, kind=SETTLE_KIND, queue=QUEUE, subject=attempt, payload={}, unique_key=f"{SETTLE_KIND}:{attempt}", again=True)


def refuse_attempt(doc: DocumentRow) -> None:
    """Raises TransitionRefused for a first attempt: sending it again would bill its sale twice."""
    if doc.origin == ATTEMPT:
        raise TransitionRefused(
            "Esta é a primeira tentativa de uma venda que já foi emitida de novo em contingência: ela não volta a ser enviada.",
            code="NFE-REISSUED",
            fix="Trabalhe na nota da venda. O número desta será cancelado ou inutilizado.",
        )


def wake_unanswered(conn: Connection, branch: str, environment: int, model: str) -> None:
    """Contingency has just begun or ended: notes that SEFAZ has not answered are looked at now."""
    waits = (
        documents.c.branch == branch,
        documents.c.environment == environment,
        documents.c.model == model,
        documents.c.status.in_(("processing", "unknown")),
        jobs.c.kind == "nfe.issue",
        jobs.c.state.in_(("waiting", "ready")),
    )
    found = select(documents.c.id).join(jobs, jobs.c.subject == documents.c.id).where(*waits).order_by(documents.c.created_at)
    for document in conn.execute(found.limit(WOKEN)).scalars().all():
        enqueue(
            conn,
            kind="nfe.issue",
            queue=QUEUE,
            subject=document,
            payload={},
            key=f"document:{document}",
            unique_key=f"nfe.issue:{document}",
            again=True,
        )
