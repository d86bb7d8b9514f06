"""Documents: accepted once per ref, numbered, signed, moved by their machine. Every function is (part of) a unit of work.

What belongs to a document but is told apart lives next door (`artefacts`, `transmissions`, `numbers`) and is offered here too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.core.errors import IdempotencyConflict, InvariantBroken, TransitionRefused
from gateway.core.faults import Fault
from gateway.core.ids import new_id
from gateway.nfe.lifecycle import DOCUMENT
from gateway.store import contingencies
from gateway.store.artefacts import artefact, last_version, put_artefact
from gateway.store.batch_lines import follow
from gateway.store.dbclock import db_now
from gateway.store.document_rows import COLUMNS, DocumentRow, EventRow, add_event, document_row, events, find, locked, write_event
from gateway.store.jobs import enqueue
from gateway.store.numbers import ENDS, allocate, refuse_voided, settle
from gateway.store.request_body import same_body
from gateway.store.tables import documents
from gateway.store.transmissions import (
    TransmissionKind,
    TransmissionRow,
    begin_transmission,
    end_transmission,
    sends_of,
    transmissions,
)

__all__ = [
    "DocumentRow",
    "EventRow",
    "NewDocument",
    "TransmissionKind",
    "TransmissionRow",
    "accept",
    "add_event",
    "artefact",
    "begin_transmission",
    "by_chave",
    "by_ref",
    "end_transmission",
    "enqueue_issue",
    "events",
    "get",
    "move",
    "put_artefact",
    "resubmit",
    "store_signed",
    "stuck",
    "take_number",
    "transmissions",
    "unsign",
]

ISSUE_KIND = "nfe.issue"
ISSUE_QUEUE = "sefaz"
STUCK_BATCH = 500


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document to accept. `request` is the caller's body as JSON; `body_hash`: see `request_body`; total in reais.

    warnings: rules that the document breaks and that do not refuse it; they are told in its timeline.
    """

    ref: str
    body_hash: bytes
    branch: str
    model: str
    environment: int
    series: int
    origin: str
    origin_ref: str | None
    request: str
    total: Decimal
    customer_name: str | None
    customer_tax_id: str | None
    warnings: tuple[Fault, ...] = ()


_ACCEPT: dict[str, Any] = {
    dialect.__name__.rpartition(".")[2]: dialect.insert(documents)
    .on_conflict_do_nothing(index_elements=["ref"])
    .returning(*COLUMNS)
    for dialect in (sqlite, postgresql)
}
_CHANGE = update(documents).where(documents.c.id == bindparam("of_id"), documents.c.status == bindparam("of_status"))


def accept(
    conn: Connection, new: NewDocument, *, at: int, kind: str = ISSUE_KIND, queue: str = ISSUE_QUEUE
) -> tuple[DocumentRow, bool]:
    """Store the document, its first event and its job; answers it and whether the same had been accepted before.

    Of any number of twins at once one is stored, and all get it. Raises IdempotencyConflict when the ref has another body.
    """
    values = {
        "id": new_id("doc"),
        "ref": new.ref,
        "body_hash": new.body_hash,
        "branch": new.branch,
        "model": new.model,
        "environment": new.environment,
        "series": new.series,
        "status": DOCUMENT.initial,
        "origin": new.origin,
        "origin_ref": new.origin_ref,
        "request": new.request,
        "total": str(new.total),
        "customer_name": new.customer_name,
        "customer_tax_id": new.customer_tax_id,
        "created_at": at,
        "updated_at": at,
    }
    row = conn.execute(_ACCEPT[conn.dialect.name], values).mappings().first()
    if row is None:
        return _same_or_refused(conn, new), True
    doc = document_row(dict(row))
    write_event(conn, doc.id, "accepted", "Pedido de emissão aceito.", data={"origin": new.origin}, at=at)
    _warn(conn, doc.id, new.warnings, at)
    enqueue_issue(conn, doc.id, kind=kind, queue=queue)
    return doc, False


def _warn(conn: Connection, document: str, warnings: tuple[Fault, ...], at: int) -> None:
    """A line of the timeline for what the rules warn of; none when there is nothing."""
    if warnings:
        more = "" if len(warnings) == 1 else f" E mais {len(warnings) - 1}."
        data = {"warnings": msgspec.to_builtins(warnings)}
        write_event(conn, document, "warned", f"A SEFAZ pode recusar a nota: {warnings[0].message}{more}", data=data, at=at)


def _same_or_refused(conn: Connection, new: NewDocument) -> DocumentRow:
    existing = by_ref(conn, new.ref)
    if existing is None:
        raise InvariantBroken(f"O ref {new.ref!r} estava em uso e sumiu no mesmo instante.")
    if not same_body(existing.body_hash, existing.request, existing.model, new.body_hash):
        raise IdempotencyConflict(
            f"O ref {new.ref!r} já foi usado com outro conteúdo.",
            fix="Use outro ref para outra venda, ou repita exatamente o mesmo conteúdo.",
        )
    return existing


def enqueue_issue(conn: Connection, document: str, *, kind: str = ISSUE_KIND, queue: str = ISSUE_QUEUE) -> str:
    """Ask for the document to be carried on; asking again while the job lives changes nothing. Answers the job's id."""
    return enqueue(
        conn, kind=kind, queue=queue, subject=document, payload={}, key=f"document:{document}", unique_key=f"{kind}:{document}"
    )


def get(conn: Connection, document: str) -> DocumentRow | None:
    """By our id."""
    return find(conn, "id", document)


def by_ref(conn: Connection, ref: str) -> DocumentRow | None:
    """By the caller's reference."""
    return find(conn, "ref", ref)


def by_chave(conn: Connection, chave: str) -> DocumentRow | None:
    """By the chave of its live bytes."""
    return find(conn, "chave", chave)


def take_number(conn: Connection, document: str, *, at: int, cnf: Callable[[int], str], chosen: int | None = None) -> DocumentRow:
    """Give the document its number and move it to `processing`; one that already holds a number in hand is answered as it is.

    From `rejected` the number and cNF stay, the time of issue is renewed, and chave and digest are cleared: the rejected bytes
    are dead from here on. `cnf` makes the random part for a number; `chosen` is the caller's number, None for the next one.
    Raises TransitionRefused, NotFound, ConfigInvalid; ValidationFailed when the chosen number has an owner.
    """
    doc = locked(conn, document)
    retrying = doc.status == "rejected"
    if doc.number is not None and not retrying:
        return doc
    step = DOCUMENT.step(doc.status, "retry" if retrying else "number")
    changes: dict[str, Any] = {"status": step.next, "updated_at": at}
    if not (retrying and contingencies.handed_over(conn, document)):
        changes["issued_at"] = at  # the buyer already has its date
    if doc.number is None:
        number = allocate(conn, doc, at, chosen)
        changes |= {"number": number, "cnf": cnf(number)}
    else:
        number = doc.number
    if retrying:
        changes |= {"chave": None, "digest": None, "cstat": None, "reason": None}
    _update(conn, doc, changes)
    sentence = f"Nova tentativa com o número {number}." if retrying else f"Número {number} da série {doc.series} reservado."
    write_event(conn, document, step.event, sentence, data={"number": number, "series": doc.series}, at=at)
    return locked(conn, document)


def store_signed(
    conn: Connection, document: str, *, chave: str, digest: str, xml: bytes, at: int, total: Decimal | None = None
) -> int:
    """Keep the signed bytes with their chave and digest before they leave; answers their version.

    `total` is the vNF of these bytes: a product changed since acceptance may have changed it.

    The same bytes again are no error. Raises TransitionRefused unless the document is `processing`; InvariantBroken for another
    chave than the live one, or for other bytes than those that may already have left: a resend sends what was sent.
    """
    doc = locked(conn, document)
    if doc.status != "processing" or doc.number is None:
        raise TransitionRefused("Só um documento numerado e em processamento pode ser assinado.")
    if doc.chave is not None:
        if doc.chave != chave:
            raise InvariantBroken(f"O documento {document} já tem a chave {doc.chave}; a nova seria {chave}.")
        live = last_version(conn, document, "signed")
        if doc.digest != digest and live is not None and sends_of(conn, document, live):
            raise InvariantBroken(f"O documento {document} já pode ter sido enviado com outros bytes.")
    version = put_artefact(conn, document, "signed", xml, at)
    if (doc.chave, doc.digest) != (chave, digest):
        worth = {} if total is None else {"total": str(total)}
        _update(conn, doc, {"chave": chave, "digest": digest, "updated_at": at, **worth})
        write_event(conn, document, "signed", "Nota montada e assinada.", data={"chave": chave, "version": version}, at=at)
    return version


def unsign(conn: Connection, document: str, *, at: int, text: str) -> None:
    """Let go of signed bytes that SEFAZ never took in, to be built again on the same number: in contingency when they never left,
    in normal emission when a SVC said that it is off. Raises TransitionRefused when they may be there.
    """
    doc = locked(conn, document)
    sends = [row for row in transmissions(conn, document) if row.kind == "authorize"]
    svc = doc.chave is not None and doc.chave[34] in "67"
    harmless = {"not_sent", "service_down"} if svc else {"not_sent"}
    if doc.status != "processing" or any(row.outcome not in harmless for row in sends):
        raise TransitionRefused("A nota já pode ter chegado à SEFAZ: seus bytes não mudam mais.")
    _update(conn, doc, {"chave": None, "digest": None, "issued_at": at, "updated_at": at})
    contingencies.disown(conn, document)
    write_event(conn, document, "unsigned", text, data={"chave": doc.chave}, at=at)


def move(
    conn: Connection,
    document: str,
    event: str,
    *,
    at: int,
    text: str,
    data: Mapping[str, Any] | None = None,
    protocol: str | None = None,
    cstat: str | None = None,
    reason: str | None = None,
    authorized_at: int | None = None,
) -> DocumentRow:
    """Step the document by `event`; writes the timeline and how its number ended. Fields given as None keep their value.

    Raises TransitionRefused (nothing changed), NotFound; InvariantBroken when `authorize` comes without chave or protocol.
    """
    doc = locked(conn, document)
    step = DOCUMENT.step(doc.status, event, doc)
    if step.next == "authorized" and (doc.chave is None or (protocol or doc.protocol) is None):
        raise InvariantBroken(f"O documento {document} não pode ser autorizado sem chave e protocolo.")
    given = {"protocol": protocol, "cstat": cstat, "reason": reason, "authorized_at": authorized_at}
    changes = {name: value for name, value in given.items() if value is not None}
    _update(conn, doc, {"status": step.next, "updated_at": at, **changes})
    ending = ENDS.get(step.next)
    if ending is not None:
        settle(conn, document, ending, at)
    write_event(conn, document, event, text, data=data, at=at)
    return locked(conn, document)


def resubmit(
    conn: Connection, document: str, new: NewDocument, *, at: int, cnf: Callable[[int], str], chosen: int | None = None
) -> DocumentRow:
    """Put a rejected document back in `processing`, with what `new` says, and its job; it keeps its ref, number and series.

    The hash stays that of the first body: whoever repeats that gets this document, for ever. Raises TransitionRefused when it
    is not rejected, NotFound; then nothing has changed.
    """
    doc = locked(conn, document)
    DOCUMENT.step(doc.status, "retry", doc)
    refuse_voided(conn, doc)
    changed = new.request != doc.request
    if changed:
        changes = {
            "request": new.request,
            "total": str(new.total),
            "customer_name": new.customer_name,
            "customer_tax_id": new.customer_tax_id,
            "updated_at": at,
        }
        _update(conn, doc, changes)
    sentence = "Correção aceita: a nota será reenviada." if changed else "Nova tentativa pedida."
    write_event(conn, document, "resubmitted", sentence, data={"changed": changed}, at=at)
    _warn(conn, document, new.warnings, at)
    renewed = take_number(conn, document, at=at, cnf=cnf, chosen=chosen)
    enqueue_issue(conn, document)
    return renewed


def _update(conn: Connection, doc: DocumentRow, changes: Mapping[str, Any]) -> None:
    # The status is asked for again although the row is locked: should a lock ever be missing, nothing is overwritten.
    if conn.execute(_CHANGE, {"of_id": doc.id, "of_status": doc.status, **changes}).rowcount != 1:
        raise InvariantBroken(f"O documento {doc.id} mudou enquanto estava reservado.")
    if "status" in changes:
        follow(conn, doc.id, doc.status, changes["status"], changes["updated_at"])


def stuck(conn: Connection, older_than_ms: int) -> list[str]:
    """Documents on their way that nothing carries: no change for `older_than_ms` and no live job. Oldest first, up to 500.

    A job that waits for a person counts as live: the document is seen there.
    """
    cutoff = db_now(conn) - older_than_ms
    statement = (
        select(documents.c.id)
        .where(
            documents.c.status.in_(("accepted", "processing", "unknown")),
            documents.c.updated_at <= cutoff,
            _NO_LIVE_JOB,
        )
        .order_by(documents.c.updated_at, documents.c.id)
        .limit(STUCK_BATCH)
    )
    return list(conn.execute(statement).scalars())


_NO_LIVE_JOB = text(
    "not exists (select 1 from jobs where jobs.subject = documents.id and jobs.state not in ('done','discarded'))"
)
