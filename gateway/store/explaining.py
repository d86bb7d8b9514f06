"""What a rejection means against a stored document: read in one unit of work."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from gateway.core.clock import from_epoch_ms
from gateway.core.errors import GatewayError, NotFound
from gateway.nfe.explanation import Explanation, explain
from gateway.nfe.layout.document import NFe
from gateway.nfe.reader import read_unchecked
from gateway.nfe.request import Request, decode_request
from gateway.nfe.sale import Sale
from gateway.store import documents, setup
from gateway.store.documents import DocumentRow


def find(conn: Connection, name: str) -> DocumentRow:
    """By ref or chave. Raises NotFound."""
    row = documents.by_ref(conn, name) or documents.by_chave(conn, name)
    if row is None:
        raise NotFound(f"Nenhum documento com ref ou chave {name[:120]!r}.", fix="Confira o ref enviado ou procure no console.")
    return row


def explanation(conn: Connection, row: DocumentRow, cStat: str | None = None) -> Explanation | None:
    """What its refusal means, or what `cStat` would; None when SEFAZ refused nothing and no code is asked about.

    Only a rejected document has a draft: no other is tried again.
    """
    code, reason = (cStat, "") if cStat else (row.cstat, row.reason or "")
    if not code or (cStat is None and row.status not in ("rejected", "denied")):
        return None
    if cStat == row.cstat:
        reason = row.reason or ""
    request = decode_request(row.request)
    signed = documents.artefact(conn, row.id, "signed")
    found = explain(
        code,
        reason,
        request,
        None if signed is None else _read(signed),
        environment=row.environment,
        at=from_epoch_ms(row.issued_at or row.created_at),
        products=setup.products_by_sku(conn, [item.sku for item in request.items]) if isinstance(request, Sale) else {},
    )
    return found if row.status == "rejected" else replace(found, draft=None, changes=())


def _read(signed: bytes) -> NFe | None:
    try:
        return read_unchecked(signed)
    except GatewayError:
        return None  # explained from the body alone


def draft_of(conn: Connection, row: DocumentRow) -> Request | None:
    """The corrected body of a rejected document, None when none can be computed."""
    found = explanation(conn, row)
    return None if found is None else found.draft
