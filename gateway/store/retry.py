"""A rejected document tried again, as it was or corrected: under the same ref and the same number."""

from __future__ import annotations

from sqlalchemy import Connection, update

from gateway.core.errors import NotFound
from gateway.nfe.lifecycle import DOCUMENT
from gateway.store import documents, jobs
from gateway.store.document_rows import locked
from gateway.store.documents import DocumentRow, NewDocument
from gateway.store.tables import documents as table


def retry_rejected(conn: Connection, document: str, corrected: NewDocument | None, *, at: int) -> DocumentRow:
    """Ask for a rejected document to be issued again, with the corrected request when one is given.

    The hash of the first body stays: posting that body again keeps answering this document. Raises TransitionRefused for any
    other status, NotFound; then nothing has changed.
    """
    row = locked(conn, document)
    DOCUMENT.step(row.status, "retry")
    if corrected is not None:
        if (corrected.ref, corrected.branch, corrected.model) != (row.ref, row.branch, row.model):
            raise NotFound(f"A correção não é da nota {row.ref}.", fix="Use a mesma ref, a mesma filial e o mesmo modelo.")
        values = {
            "request": corrected.request,
            "total": str(corrected.total),
            "customer_name": corrected.customer_name,
            "customer_tax_id": corrected.customer_tax_id,
            "updated_at": at,
        }
        conn.execute(update(table).where(table.c.id == document).values(**values))
        documents.add_event(conn, document, "corrected", "Dados da nota corrigidos.", {}, at)
    documents.add_event(conn, document, "retry_requested", "Nova tentativa pedida.", {}, at)
    job = jobs.get(conn, documents.enqueue_issue(conn, document))
    if job.state in ("waiting", "needs_attention"):
        jobs.retry_now(conn, job.id)
    return locked(conn, document)
