"""How an event of a note enters: checked and written as it will be sent, then stored with its job in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection

from gateway.core.chave import ChaveAcesso
from gateway.core.clock import Clock, from_epoch_ms
from gateway.core.errors import NotFound, TransitionRefused, ValidationFailed
from gateway.core.faults import Fault
from gateway.nfe.branch import Branch
from gateway.nfe.events.compose import compose_event
from gateway.nfe.events.lifecycle import EVENT
from gateway.nfe.events.table import EventKind, event_kind
from gateway.nfe.events.term import Term, term
from gateway.store import fiscal_events, setup
from gateway.store.database import Database
from gateway.store.document_rows import DocumentRow, locked, write_event
from gateway.store.fiscal_events import FiscalEvent

CANCEL, CORRECTION = "110111", "110110"
_BETWEEN = " / "
_LONGEST_LETTER = 1000


def kind_asked(wanted: str) -> EventKind:
    """The type by code or name. Raises ValidationFailed."""
    try:
        return event_kind(wanted)
    except LookupError:
        message = f"O evento {wanted[:40]!r} não existe."
        fix = "Use o tpEvento (110111) ou o nome (cancelamento): veja docs/reference/events.md."
        raise ValidationFailed([Fault(code="EVENT-KIND", path="$.event", message=message, fix=fix)]) from None


async def request_event(
    db: Database,
    clock: Clock,
    document: str,
    wanted: str,
    values: Mapping[str, Any],
    *,
    ref: str | None = None,
    whole: bool = False,
) -> tuple[FiscalEvent, bool]:
    """Ask for an event of a document; answers it and whether this very one had been asked for before.

    values: the detail by its official tags. `ref`: the caller's key; without one, the same detail of the same note is the same
    event. A correction carries the ones before it, for the last CC-e replaces them all (MOC 7.0, 110110); `whole`: its text is
    already all that is to be corrected.
    Raises NotFound, ValidationFailed, IdempotencyConflict, TransitionRefused (not authorised, too late, one pending).
    """
    kind = kind_asked(wanted)
    _refuse_author(kind)
    at = clock.epoch_ms()
    now = clock.now()
    told = hashlib.sha256(msgspec.json.encode([kind.tpEvento, document, dict(values)], order="sorted")).digest()

    def unit(conn: Connection) -> tuple[FiscalEvent, bool]:
        doc = locked(conn, document)
        key = ref or f"{doc.ref}:{kind.name}:{told.hex()[:16]}"
        known = fiscal_events.replayed(conn, key, told)
        if known is not None:
            return known, True
        branch = setup.get_branch(conn, doc.branch)
        assert branch is not None  # documents.branch is a foreign key
        late = _refuse_untimely(doc, kind, branch, now)
        detail = dict(values) if whole else _cumulative(conn, doc, kind, values)
        assert doc.chave is not None  # an authorised document has one
        n_seq = fiscal_events.next_seq(conn, doc.chave, kind)
        _check(kind, doc, n_seq, detail)
        text = msgspec.json.encode(detail).decode()
        event = fiscal_events.request(conn, doc, kind, ref=key, body_hash=told, n_seq=n_seq, detail=text, at=at)
        if late:
            write_event(conn, doc.id, "event_late", late, data={"event": event.id}, at=at)
        return event, False

    return await db.write(unit)


def _refuse_author(kind: EventKind) -> None:
    if kind.author == "destinatario":
        message = f"O evento {kind.label} é de quem recebe a nota, e esta é da própria empresa."
        fix = "De uma nota recebida, peça-o em POST /v1/received/{chave}/events (manifestação: /manifestation)."
        raise ValidationFailed([Fault(code="EVENT-AUTHOR", path="$.event", message=message, fix=fix, source=kind.source)])


def _refuse_untimely(doc: DocumentRow, kind: EventKind, branch: Branch, now: datetime) -> str | None:
    """The warning of an event past its time that SEFAZ may still take. Raises TransitionRefused for one it may not."""
    if doc.status != "authorized" or doc.authorized_at is None:
        raise TransitionRefused(
            f"{kind.label} só vale para nota autorizada.", fix="Espere a autorização, ou confira a situação da nota."
        )
    found = term_of(doc, kind, branch, now)
    if found is None or found.standing == "inside":
        return None
    if found.standing == "past":
        raise TransitionRefused(found.text, fix="Passado o prazo, o caminho é uma nota de devolução ou de estorno.")
    return found.text


def term_of(doc: DocumentRow, kind: EventKind, branch: Branch, now: datetime) -> Term | None:
    """How the event stands to its deadline; None when no limit is known or the note is not authorised. now: aware."""
    if doc.authorized_at is None:
        return None
    authorized_at, zone = from_epoch_ms(doc.authorized_at), ZoneInfo(branch.time_zone)
    return term(kind, doc.model, branch.address.uf, authorized_at, now, zone)


def terms(doc: DocumentRow, branch: Branch | None, now: datetime) -> tuple[Term, ...]:
    """Of an authorised note: how its cancelamento, and its carta de correção where the model has one, stand."""
    if branch is None or doc.status != "authorized":
        return ()
    kinds = [event_kind(code) for code in (CANCEL, CORRECTION)]
    found = [term_of(doc, kind, branch, now) for kind in kinds if doc.model in kind.models]
    return tuple(one for one in found if one is not None)


def _cumulative(conn: Connection, doc: DocumentRow, kind: EventKind, values: Mapping[str, Any]) -> dict[str, Any]:
    text = values.get("xCorrecao")
    if kind.tpEvento != CORRECTION or not isinstance(text, str):
        return dict(values)
    before = [
        str(event.values.get("xCorrecao", ""))
        for event in fiscal_events.of_document(conn, doc.id)
        if event.tp_evento == CORRECTION and event.status == "registered"
    ]
    if not before or before[-1] in text:
        return dict(values)
    joined = f"{before[-1]}{_BETWEEN}{text}"
    if len(joined) > _LONGEST_LETTER:
        message = f"Com as cartas já registradas, o texto teria {len(joined)} caracteres; cabem {_LONGEST_LETTER}."
        fix = "Escreva em um só texto tudo o que está corrigido e envie-o com whole: true: ele substitui as cartas anteriores."
        raise ValidationFailed([Fault(code="EVENT-LETTERS", path="$.text", message=message, fix=fix, source=kind.source)])
    return {**values, "xCorrecao": joined}


def _check(kind: EventKind, doc: DocumentRow, n_seq: int, detail: Mapping[str, Any]) -> None:
    """Write the event as it will be sent, only to know that it can be. Raises ValidationFailed."""
    assert doc.chave is not None  # an authorised document has one
    compose_event(
        kind,
        ChaveAcesso(doc.chave),
        tax_id=doc.branch,
        cUF=doc.chave[:2],
        n_seq=n_seq,
        environment=doc.environment,
        values=detail,
    )


async def retry_event(db: Database, clock: Clock, event: str, values: Mapping[str, Any] | None) -> FiscalEvent:
    """A refused event once more, corrected when `values` are given. Raises NotFound, ValidationFailed, TransitionRefused."""
    at, now = clock.epoch_ms(), clock.now()

    def unit(conn: Connection) -> FiscalEvent:
        found = fiscal_events.held(conn, event)
        if found.status != "rejected" or found.document is None:
            told = EVENT.labels[found.status].lower()
            raise TransitionRefused(f"O evento está {told}: só se tenta de novo um recusado.", fix="Peça outro evento.")
        doc, kind = locked(conn, found.document), event_kind(found.tp_evento)
        branch = setup.get_branch(conn, doc.branch)
        assert branch is not None  # documents.branch is a foreign key
        _refuse_untimely(doc, kind, branch, now)
        fiscal_events.refuse_pending(conn, found.chave, kind)
        detail = _cumulative(conn, doc, kind, found.values if values is None else values)
        n_seq = fiscal_events.next_seq(conn, found.chave, kind)
        _check(kind, doc, n_seq, detail)
        return fiscal_events.retry(conn, event, n_seq=n_seq, detail=msgspec.json.encode(detail).decode(), at=at)

    return await db.write(unit)


async def event_of(db: Database, document: str, event: str) -> FiscalEvent:
    """An event of a document, by our id. Raises NotFound."""
    found = await db.read(lambda conn: fiscal_events.get(conn, event))
    if found is None or found.document != document:
        raise NotFound(f"O evento {event} não é desta nota.")
    return found
