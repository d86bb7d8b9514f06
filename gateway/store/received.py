"""Notes that others issued against us: taken from the distribution, moved by their machine, answered by manifestations.

Every function is (part of) a unit of work; whatever changes a note holds its row first.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, insert, select, update

from gateway.core.clock import to_epoch_ms
from gateway.core.ids import new_id
from gateway.nfe.branch import Branch
from gateway.nfe.distributed import EventFacts, NoteFacts, read_distributed
from gateway.nfe.event_answers import Distributed
from gateway.nfe.events.table import event_kind
from gateway.nfe.received import (
    AWARE,
    CANCELLED_BY,
    CONCLUSIVE,
    MANIFESTATIONS,
    RECEIVED,
    Check,
    limit_of,
    role_of,
)
from gateway.store import manifestations, setup
from gateway.store.fiscal_events import FiscalEvent
from gateway.store.received_rows import COLUMNS, ReceivedNote, locked
from gateway.store.received_tables import received_documents as documents
from gateway.store.received_tables import received_notes as table
from gateway.store.topics import touch

_EVENTS = ("resEvento", "procEventoNFe")
_TYPES = frozenset(MANIFESTATIONS.values())


def _held(conn: Connection, chave: str, environment: int, queue: str) -> ReceivedNote | None:
    mine = (table.c.chave == chave, table.c.environment == environment, table.c.queue == queue)
    row = conn.execute(select(*COLUMNS).where(*mine).with_for_update()).mappings().first()
    return None if row is None else ReceivedNote(**row)


def _change(conn: Connection, note: ReceivedNote, at: int, **changes: Any) -> ReceivedNote:
    conn.execute(update(table).where(table.c.id == note.id).values(updated_at=at, **changes))
    touch(conn, f"received:{note.id}")
    touch(conn, "received")
    return locked(conn, note.id)


def take_note(
    conn: Connection, facts: NoteFacts, check: Check | None, *, queue: str, branch: Branch, nsu: int, at: int
) -> ReceivedNote | None:
    """A summary or a whole note came. One of our own is no received note: None.

    A new summary asks for its ciência where the branch wants that.
    """
    if facts.issuer[:8] == queue[:8]:
        return None
    note = _held(conn, facts.chave, branch.environment, queue)
    new = note is None
    if note is None:
        note = _insert(conn, facts, queue=queue, branch=branch, at=at)
        for event in _events_of(conn, note):
            note = _apply(conn, note, event, at)
    if facts.situation != "authorized" and note.situation == "authorized":
        note = _change(conn, note, at, situation=facts.situation)
    if facts.whole and check is not None and note.verdict != "ok":
        note = _complete(conn, note, facts, check, nsu, at)
    if new and note.status == "resumo" and branch.awareness == "automatic" and _may_be_aware(conn, note, at):
        manifestations.request(conn, note, AWARE, {}, ref=None, at=at)
    return note


def _may_be_aware(conn: Connection, note: ReceivedNote, at: int) -> bool:
    """Authorised, in time, and not answered before: the same note may come by another queue of the company."""
    in_time = note.aware_until is None or at <= note.aware_until
    return note.situation == "authorized" and in_time and not manifestations.of_note(conn, note)


def _insert(conn: Connection, facts: NoteFacts, *, queue: str, branch: Branch, at: int) -> ReceivedNote:
    identity = new_id("rcv")
    since = facts.authorized_at or facts.issued_at
    uf, model = branch.address.uf, facts.chave.mod
    limits = {
        "aware_until": limit_of(event_kind(AWARE), model, uf, since),
        "conclude_until": limit_of(event_kind("210200"), model, uf, since),
    }
    conn.execute(
        insert(table).values(
            id=identity,
            queue=queue,
            environment=branch.environment,
            chave=facts.chave,
            branch=branch.cnpj,
            issuer=facts.issuer,
            issuer_name=facts.issuer_name,
            issuer_ie=facts.issuer_ie,
            issued_at=to_epoch_ms(facts.issued_at),
            authorized_at=None if facts.authorized_at is None else to_epoch_ms(facts.authorized_at),
            tp_nf=facts.tpNF,
            value=str(facts.value),
            protocol=facts.nProt,
            digest=facts.digest,
            situation=facts.situation,
            status=RECEIVED.initial,
            created_at=at,
            updated_at=at,
            **{name: None if limit is None else to_epoch_ms(limit) for name, limit in limits.items()},
        )
    )
    touch(conn, "received")
    return locked(conn, identity)


def _complete(conn: Connection, note: ReceivedNote, facts: NoteFacts, check: Check, nsu: int, at: int) -> ReceivedNote:
    changes: dict[str, Any] = {}
    if facts.dest is not None and facts.dest[:8] == note.queue[:8] and setup.get_branch(conn, facts.dest) is not None:
        changes["branch"] = facts.dest
    return _change(
        conn,
        note,
        at,
        status=RECEIVED.step(note.status, "whole").next,
        xml_nsu=nsu,
        role=role_of(facts, note.queue[:8]),
        verdict=check.verdict,
        verdict_text=check.text,
        digest=facts.digest,
        **changes,
    )


def _events_of(conn: Connection, note: ReceivedNote) -> list[EventFacts]:
    """Events of the note that came before it did."""
    query = (
        select(documents.c.nsu, documents.c.schema, documents.c.xml)
        .where(documents.c.chave == note.chave, documents.c.environment == note.environment, documents.c.queue == note.queue)
        .where(documents.c.kind.in_(_EVENTS))
        .order_by(documents.c.nsu)
    )
    read = (read_distributed(Distributed(row.nsu, row.schema, row.xml)) for row in conn.execute(query).all())
    return [facts for facts in read if isinstance(facts, EventFacts)]


def take_event(conn: Connection, facts: EventFacts, *, queue: str, environment: int, at: int) -> None:
    """News of an event: a cancellation, or a manifestation of ours that was made elsewhere."""
    note = _held(conn, facts.chave, environment, queue)
    if note is not None:
        _apply(conn, note, facts, at)


def _apply(conn: Connection, note: ReceivedNote, facts: EventFacts, at: int) -> ReceivedNote:
    if facts.tpEvento in CANCELLED_BY:
        return _change(conn, note, at, situation="cancelled")
    if facts.tpEvento in _TYPES and facts.author[:8] == note.queue[:8]:
        return _manifest(conn, note, facts.tpEvento, at)
    return note


def _manifest(conn: Connection, note: ReceivedNote, tpEvento: str, at: int) -> ReceivedNote:
    step = "conclude" if tpEvento in CONCLUSIVE else "aware"
    if step not in RECEIVED.events(note.status):
        return note
    return _change(conn, note, at, status=RECEIVED.step(note.status, step).next, manifestation=tpEvento)


def manifested(conn: Connection, event: FiscalEvent, at: int) -> None:
    """An event of ours about this note was registered."""
    query = select(*COLUMNS).where(table.c.chave == event.chave, table.c.environment == event.environment)
    for row in conn.execute(query.with_for_update()).mappings().all():
        note = ReceivedNote(**row)
        if note.queue[:8] == event.branch[:8] and event.tp_evento in _TYPES:
            _manifest(conn, note, event.tp_evento, at)


def xml_of(conn: Connection, note: ReceivedNote) -> bytes | None:
    """The whole note as it came, None while there is only the summary."""
    if note.xml_nsu is None:
        return None
    return _document(conn, note, documents.c.nsu == note.xml_nsu)


def summary_of(conn: Connection, note: ReceivedNote) -> bytes | None:
    """The summary as it came."""
    return _document(conn, note, documents.c.kind == "resNFe")


def _document(conn: Connection, note: ReceivedNote, which: Any) -> bytes | None:
    mine = (documents.c.queue == note.queue, documents.c.environment == note.environment, documents.c.chave == note.chave)
    return conn.execute(select(documents.c.xml).where(*mine, which).order_by(documents.c.nsu).limit(1)).scalar()
