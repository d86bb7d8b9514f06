"""A number that SEFAZ holds under another key (539, 562): the document adopts that note, its own, or takes another number."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from gateway.core.errors import TransitionRefused
from gateway.nfe.lifecycle import DOCUMENT
from gateway.nfe.request import chosen_number, decode_request
from gateway.store.contingency_tables import foreign_numbers
from gateway.store.document_rows import DocumentRow, events, locked, write_event
from gateway.store.documents import enqueue_issue, move, put_artefact
from gateway.store.jobs import live_for, retry_now
from gateway.store.reissues import refuse_attempt
from gateway.store.tables import artefacts, documents, numbers
from gateway.store.transmissions import transmissions

OTHER_KEY = "other_key"
UNNAMED = "não informada"
"""The other key, when SEFAZ says that there is one and not which."""
_ID = re.compile(rb'<infNFe[^>]*\bId="NFe([0-9A-Z]{44})"')

_DIGEST = re.compile(rb"<DigestValue>([^<]+)</DigestValue>")


def other_key(conn: Connection, document: str) -> str | None:
    """The key under which SEFAZ holds the document's number, when that was its last word; None otherwise."""
    rows = transmissions(conn, document)
    if not rows or rows[-1].outcome != OTHER_KEY:
        return None
    told = [event for event in events(conn, document) if event.kind == OTHER_KEY]
    return str(told[-1].data["chave"]) if told else None


def _held(conn: Connection, document: str) -> tuple[DocumentRow, str]:
    doc = locked(conn, document)
    other = other_key(conn, document)
    if other is None or doc.status not in ("processing", "unknown"):
        raise TransitionRefused(
            "Só vale para a nota cujo número a SEFAZ disse pertencer a outra chave (rejeição 539).",
            code="NFE-NUMBER-OURS",
            fix="Veja a linha do tempo da nota: nada indica que o número dela seja de outra.",
        )
    return doc, other


def adopt(conn: Connection, document: str, at: int) -> DocumentRow:
    """The note of that key is this very sale, sent before: its bytes, which we kept, become the document's again, and SEFAZ is
    asked for its protocol. Raises TransitionRefused when no version of this document had that key; then nothing has changed."""
    doc, other = _held(conn, document)
    kept = conn.execute(
        select(artefacts.c.body)
        .where(artefacts.c.document == document, artefacts.c.kind == "signed")
        .order_by(artefacts.c.version.desc())
    ).scalars()
    body = next((bytes(one) for one in kept if (found := _ID.search(bytes(one))) and found[1].decode() == other), None)
    if body is None:
        raise TransitionRefused(
            f"Nenhuma versão desta nota teve a chave {other}: aquela nota não é desta venda, ou foi emitida por outro sistema.",
            code="NFE-ADOPT-UNKNOWN",
            fix="Tome outro número para esta venda (POST /v1/nfe/{ref}/renumber).",
        )
    put_artefact(conn, document, "signed", body, at)
    found = _DIGEST.search(body)
    assert found is not None  # only signed bytes are kept as such
    values = {"chave": other, "digest": found[1].decode(), "updated_at": at}
    conn.execute(update(documents).where(documents.c.id == document).values(**values))
    text = f"Adotada a nota de chave {other}, enviada antes para esta mesma venda: a SEFAZ será consultada."
    if doc.status == "processing":
        move(conn, document, "lose", at=at, text=text, data={"chave": other})
    else:
        write_event(conn, document, "adopted", text, data={"chave": other}, at=at)
    _go_on(conn, document)
    return locked(conn, document)


def renumber(conn: Connection, document: str, at: int) -> DocumentRow:
    """The number is another note's: this document lets go of it, and is built again with the next one of its series.

    Raises TransitionRefused, also for a raw note that chose its number; then nothing has changed.
    """
    doc, other = _held(conn, document)
    refuse_attempt(doc)
    if chosen_number(decode_request(doc.request)) is not None:
        raise TransitionRefused(
            f"O número {doc.number} foi escolhido por quem enviou a nota.",
            code="NFE-NUMBER-CHOSEN",
            fix="Envie outra nota, com outra ref e outro número.",
        )
    series = {"branch": doc.branch, "model": doc.model, "series": doc.series, "environment": doc.environment}
    conn.execute(delete(numbers).where(numbers.c.document == document))
    known = None if other == UNNAMED else other
    conn.execute(insert(foreign_numbers).values(**series, number=doc.number, chave=known, document=document, at=at))
    step = DOCUMENT.step(doc.status, "renumber")
    emptied: dict[str, Any] = {"number": None, "cnf": None, "issued_at": None, "chave": None, "digest": None}
    conn.execute(update(documents).where(documents.c.id == document).values(status=step.next, updated_at=at, **emptied))
    text = f"O número {doc.number} é da nota {other}: esta venda tomará outro."
    write_event(conn, document, "renumber", text, data={"number": doc.number, "chave": other}, at=at)
    _go_on(conn, document)
    return locked(conn, document)


def _go_on(conn: Connection, document: str) -> None:
    enqueue_issue(conn, document)
    for job in live_for(conn, document):
        if job.kind == "nfe.issue" and job.state in ("needs_attention", "waiting"):
            retry_now(conn, job.id)


Step = Callable[[Connection, str, int], DocumentRow]
"""`adopt` or `renumber`."""

__all__ = ["OTHER_KEY", "UNNAMED", "Step", "adopt", "other_key", "renumber"]
