"""What we answer to a note received: ciência, confirmação, desconhecimento or operação não realizada, two of each at most.

An event of `fiscal_events` without a document; `event.send` carries it. The last one registered counts (Ajuste SINIEF 14/2026).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, insert, select

from gateway.core.chave import ChaveAcesso
from gateway.core.clock import from_epoch_ms
from gateway.core.errors import IdempotencyConflict, InvariantBroken, TransitionRefused
from gateway.core.ids import new_id
from gateway.nfe.events.compose import compose_event
from gateway.nfe.events.lifecycle import EVENT
from gateway.nfe.events.table import EventKind, event_kind
from gateway.nfe.received import AWARE, MANIFESTATIONS, RECEIVED
from gateway.store import fiscal_events
from gateway.store.event_tables import fiscal_events as table
from gateway.store.fiscal_events import JOB, QUEUE, FiscalEvent
from gateway.store.jobs import enqueue
from gateway.store.received_rows import ReceivedNote
from gateway.store.topics import touch

PENDING = frozenset({"requested", "processing", "unknown"})


def of_note(conn: Connection, note: ReceivedNote) -> tuple[FiscalEvent, ...]:
    """Every manifestation asked for by this company, oldest first."""
    return asked_for(conn, note, table.c.tp_evento.in_(MANIFESTATIONS.values()))


def asked_for(conn: Connection, note: ReceivedNote, of_kinds: ColumnElement[bool]) -> tuple[FiscalEvent, ...]:
    """The events of those kinds that this company asked for on a received note, oldest first."""
    query = (
        select(table.c.id)
        .where(table.c.chave == note.chave, table.c.environment == note.environment, table.c.document.is_(None))
        .where(of_kinds)
        .order_by(table.c.created_at, table.c.id)
    )
    found = (fiscal_events.get(conn, event) for event in conn.execute(query).scalars().all())
    return tuple(event for event in found if event is not None and event.branch[:8] == note.queue[:8])


def request(
    conn: Connection, note: ReceivedNote, tpEvento: str, values: Mapping[str, Any], *, ref: str | None, at: int
) -> tuple[FiscalEvent, bool]:
    """Ask for a manifestation; answers it and whether this very one had been asked for before. The caller holds the note.

    Without a `ref`, the same answer as the last one is the same event (tried again if SEFAZ had refused it).
    Raises ValidationFailed, IdempotencyConflict, TransitionRefused (role, situation, deadline, the two are spent).
    """
    kind = event_kind(tpEvento)
    told = hashlib.sha256(msgspec.json.encode([tpEvento, note.chave, dict(values)], order="sorted")).digest()
    before = of_note(conn, note)
    if ref is not None:
        known = fiscal_events.replayed(conn, ref, told)
        if known is not None:
            return known, True
    elif before and (before[-1].tp_evento, before[-1].body_hash) == (tpEvento, told) and before[-1].status != "rejected":
        return before[-1], True
    _refuse(note, kind, before, at)
    refused = next((one for one in before if one.tp_evento == tpEvento and one.status == "rejected"), None)
    n_seq = refused.n_seq if refused is not None else sum(one.tp_evento == tpEvento for one in before) + 1
    if n_seq > kind.max_seq:
        raise TransitionRefused(
            f"A nota já tem {kind.max_seq} eventos de {kind.label.lower()}, o máximo que a SEFAZ aceita.",
            fix="Se a posição mudou, registre outra manifestação: a última é a que vale.",
        )
    compose_event(
        kind,
        ChaveAcesso(note.chave),
        tax_id=note.branch,
        cUF=note.chave[:2],
        n_seq=n_seq,
        environment=note.environment,
        values=values,
    )
    detail = msgspec.json.encode(dict(values)).decode()
    if refused is not None:
        changes = {"signed": None, "cstat": None, "reason": None, "detail": detail, "body_hash": told}
        event = fiscal_events.move(conn, refused.id, "retry", at=at, **changes).id
    else:
        event = stored(conn, note, kind, ref or f"received:{note.id}:{kind.name}:{n_seq}", told, n_seq, detail, at)
    enqueued(conn, event, note)
    touch(conn, f"received:{note.id}")
    found = fiscal_events.get(conn, event)
    if found is None:
        raise InvariantBroken(f"O evento {event} sumiu na transação que o gravou.")
    return found, False


def _refuse(note: ReceivedNote, kind: EventKind, before: tuple[FiscalEvent, ...], at: int) -> None:
    if note.role not in (None, "destinatario"):
        raise TransitionRefused(
            "Só o destinatário manifesta-se sobre a nota; aqui a empresa é só transportadora ou autorizada a ver o XML.",
            fix="Não há o que fazer: a nota fica na lista para consulta.",
        )
    if note.situation == "denied" or (note.situation == "cancelled" and kind.tpEvento == AWARE):
        told = "denegada" if note.situation == "denied" else "cancelada pelo emitente"
        raise TransitionRefused(f"A nota está {told}: não cabe {kind.label.lower()} (650).", fix="Nada precisa ser feito.")
    step = "aware" if kind.tpEvento == AWARE else "conclude"
    if step not in RECEIVED.events(note.status):
        raise TransitionRefused(
            "Depois de uma manifestação conclusiva a SEFAZ não aceita mais a ciência (655).",
            fix="Para mudar de posição, registre outra manifestação conclusiva.",
        )
    limit = note.aware_until if kind.tpEvento == AWARE else note.conclude_until
    if limit is not None and at > limit:
        row = kind.deadlines[0]
        raise TransitionRefused(
            f"O prazo de {kind.label.lower()} terminou em {from_epoch_ms(limit):%d/%m/%Y} ({row.source}).",
            fix="Confira com a contabilidade como tratar uma nota sem manifestação no prazo.",
        )
    if any(one.tp_evento == kind.tpEvento and one.status in PENDING for one in before):
        raise TransitionRefused(
            f"Já há um evento de {kind.label.lower()} desta nota à espera da SEFAZ.", fix="Espere a resposta dele."
        )


def stored(conn: Connection, note: ReceivedNote, kind: EventKind, ref: str, told: bytes, n_seq: int, detail: str, at: int) -> str:
    """A new event of the note, by its id. Raises IdempotencyConflict."""
    if fiscal_events.by_ref(conn, ref) is not None:
        raise IdempotencyConflict(f"O ref {ref!r} já foi usado por outro evento.", fix="Use outro ref.")
    event = new_id("evt")
    conn.execute(
        insert(table).values(
            id=event,
            ref=ref,
            body_hash=told,
            branch=note.branch,
            document=None,
            environment=note.environment,
            chave=note.chave,
            tp_evento=kind.tpEvento,
            n_seq=n_seq,
            status=EVENT.initial,
            detail=detail,
            created_at=at,
            updated_at=at,
        )
    )
    return event


def enqueued(conn: Connection, event: str, note: ReceivedNote) -> None:
    """Ask for the event to be sent."""
    # One note's events go in the order they were asked for: the last one registered is the one that counts.
    enqueue(
        conn,
        kind=JOB,
        queue=QUEUE,
        subject=event,
        payload={},
        key=f"received:{note.id}",
        unique_key=f"{JOB}:{event}",
        again=True,
    )
