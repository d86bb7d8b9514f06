"""What we tell SEFAZ of a note received besides the manifestation: the addressee's events of IBS and CBS, and the undoing of one.

Like a manifestation, an event of `fiscal_events` without a document. Source: NT 2025.002 (RTC), events 2111xx and 110001.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection

from gateway.core.chave import ChaveAcesso
from gateway.core.errors import InvariantBroken, TransitionRefused, ValidationFailed
from gateway.core.faults import Fault
from gateway.nfe.events.compose import compose_event
from gateway.nfe.events.table import EventKind, event_kind, event_kinds
from gateway.nfe.municipios import uf_code
from gateway.nfe.received import MANIFESTATIONS
from gateway.store import fiscal_events, setup
from gateway.store.event_tables import fiscal_events as table
from gateway.store.fiscal_events import FiscalEvent
from gateway.store.manifestations import asked_for, enqueued, stored
from gateway.store.received_rows import ReceivedNote
from gateway.store.topics import touch

UNDO = "110001"


def of_note(conn: Connection, note: ReceivedNote) -> tuple[FiscalEvent, ...]:
    """Every such event asked for by this company, oldest first."""
    return asked_for(conn, note, table.c.tp_evento.not_in(MANIFESTATIONS.values()))


def kind_asked(wanted: str) -> EventKind:
    """The type by code or name. Raises ValidationFailed, also for one that an addressee does not write here."""
    kinds = {
        kind.tpEvento: kind
        for kind in event_kinds().values()
        if kind.tpEvento == UNDO or (kind.author == "destinatario" and kind.tpEvento not in MANIFESTATIONS.values())
    }
    try:
        kind = event_kind(wanted)
    except LookupError:
        kind = None
    if kind is not None and kind.tpEvento in kinds:
        return kind
    manifests = kind is not None and kind.tpEvento in MANIFESTATIONS.values()
    message = f"O evento {wanted[:40]!r} não é dos que o destinatário registra por aqui."
    fix = "Use POST /v1/received/{chave}/manifestation." if manifests else f"Use um destes: {', '.join(sorted(kinds))}."
    raise ValidationFailed([Fault(code="EVENT-KIND", path="$.event", message=message, fix=fix)])


def request(
    conn: Connection, note: ReceivedNote, wanted: str, values: Mapping[str, Any], *, ref: str | None, at: int
) -> tuple[FiscalEvent, bool]:
    """Ask for an event of a note, with its detail by the official tags; answers it and whether this very one had been asked for
    before. The caller holds the note. Without a `ref`, the same detail is the same event; refused by SEFAZ, it is tried again.

    Raises ValidationFailed, IdempotencyConflict, TransitionRefused (role, situation, one pending).
    """
    kind = kind_asked(wanted)
    told = hashlib.sha256(msgspec.json.encode([kind.tpEvento, note.chave, dict(values)], order="sorted")).digest()
    key = ref or f"received:{note.id}:{kind.name}:{told.hex()[:16]}"
    known = fiscal_events.replayed(conn, key, told)
    if known is not None and known.status != "rejected":
        return known, True
    _refuse(note, kind)
    fiscal_events.refuse_pending(conn, note.chave, kind)
    n_seq = fiscal_events.next_seq(conn, note.chave, kind)
    branch = setup.get_branch(conn, note.branch)
    if branch is None:
        raise InvariantBroken(f"A filial {note.branch} da nota recebida não existe.")
    compose_event(
        kind,
        ChaveAcesso(note.chave),
        tax_id=note.branch,
        cUF=uf_code(branch.address.uf) or note.chave[:2],
        n_seq=n_seq,
        environment=note.environment,
        values=values,
    )
    detail = msgspec.json.encode(dict(values)).decode()
    if known is None:
        event = stored(conn, note, kind, key, told, n_seq, detail, at)
    else:
        event = fiscal_events.move(conn, known.id, "retry", at=at, signed=None, cstat=None, reason=None, n_seq=n_seq).id
    enqueued(conn, event, note)
    touch(conn, f"received:{note.id}")
    found = fiscal_events.get(conn, event)
    if found is None:
        raise InvariantBroken(f"O evento {event} sumiu na transação que o gravou.")
    return found, False


def _refuse(note: ReceivedNote, kind: EventKind) -> None:
    if note.role != "destinatario":
        raise TransitionRefused(
            f"{kind.label} é do destinatário da nota; que a empresa o seja só se sabe com o XML inteiro, e aqui ela não consta.",
            fix="Dê ciência e espere o XML; se a empresa só transporta ou foi autorizada a vê-lo, não há o que registrar.",
        )
    if note.situation != "authorized":
        told = "denegada" if note.situation == "denied" else "cancelada pelo emitente"
        raise TransitionRefused(f"A nota está {told}: não cabe {kind.label.lower()}.", fix="Nada precisa ser feito.")
