"""What a rejection means against a stored document, and the document's whole story: read in one unit of work."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Connection, select

from gateway.core.clock import from_epoch_ms
from gateway.core.errors import GatewayError, NotFound
from gateway.nfe.explanation import Explanation, explain
from gateway.nfe.layout.document import NFe
from gateway.nfe.lifecycle import DOCUMENT
from gateway.nfe.reader import read_unchecked
from gateway.nfe.request import Request, decode_request
from gateway.nfe.sale import Sale
from gateway.nfe.story import Attempt, Happening, StoryLine, tell
from gateway.store import documents, orders, setup
from gateway.store.documents import DocumentRow
from gateway.store.tables import artefacts, prints

_PRINTED = {
    "queued": "Impressão pedida",
    "sending": "Impressão em envio",
    "printed": "Impresso",
    "uncertain": "Impressão sem confirmação: confira se o papel saiu",
    "cancelled": "Impressão cancelada",
}


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


@dataclass(frozen=True, slots=True)
class Story:
    """A document's life. headline: one pt-BR sentence; lines: oldest first."""

    document: DocumentRow
    headline: str
    lines: tuple[StoryLine, ...]


def story(conn: Connection, row: DocumentRow) -> Story:
    """From its acceptance to now: numbers, attempts, answers, prints and its order, with what changed between attempts."""
    attempts = _attempts(conn, row.id)
    happenings = [Happening(one.at, one.kind, one.text) for one in documents.events(conn, row.id)]
    for printed in conn.execute(select(prints.c.kind, prints.c.state, prints.c.updated_at).where(prints.c.document == row.id)):
        happenings.append(
            Happening(printed.updated_at, "printed", f"{_PRINTED.get(printed.state, printed.state)} ({printed.kind}).")
        )
    order = orders.by_document(conn, row.id)
    if order is not None:
        sold = f"Pedido {order.external_id} da conta {order.account}"
        happenings += [Happening(one.at, "order", f"{sold}: {one.text}") for one in orders.events(conn, order.id)]
    return Story(row, _headline(row, sum(one.sent for one in attempts)), tell(happenings, attempts))


def _headline(row: DocumentRow, sent: int) -> str:
    number = f"Nota {row.number} da série {row.series}" if row.number else "Nota ainda sem número"
    tries = "ainda não foi enviada" if not sent else "foi enviada uma vez" if sent == 1 else f"foi enviada em {sent} tentativas"
    said = f"; a última resposta foi {row.cstat}, {row.reason}" if row.cstat and row.status in ("rejected", "denied") else ""
    return f"{number} (ref {row.ref}), R$ {row.total}: {DOCUMENT.labels[row.status].lower()}, {tries}{said}."


def _attempts(conn: Connection, document: str) -> list[Attempt]:
    """Every version of the signed bytes, with the last answer to an authorisation of it."""
    answers = {one.signed_version: one for one in documents.transmissions(conn, document) if one.kind == "authorize"}
    query = (
        select(artefacts.c.version, artefacts.c.body, artefacts.c.created_at)
        .where(artefacts.c.document == document, artefacts.c.kind == "signed")
        .order_by(artefacts.c.version)
    )
    found = []
    for row in conn.execute(query):
        answer = answers.get(row.version)
        cStat, reason = (None, None) if answer is None else (answer.cstat, answer.reason)
        found.append(Attempt(row.version, row.created_at, bytes(row.body), cStat, reason, answer is not None))
    return found
