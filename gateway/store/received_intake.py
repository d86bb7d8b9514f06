"""How a person or a program answers a received note."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from gateway.core.clock import Clock
from gateway.core.errors import ValidationFailed
from gateway.core.faults import Fault
from gateway.nfe.received import MANIFESTATIONS, ManifestationName
from gateway.store import access, manifestations, received_events, received_rows
from gateway.store.database import Database
from gateway.store.fiscal_events import FiscalEvent


async def manifest(
    db: Database, clock: Clock, note: str, name: ManifestationName, reason: str | None, *, ref: str | None, actor: str
) -> tuple[FiscalEvent, bool]:
    """Ask for a manifestation of a note (by its id), with its audit row; answers it and whether it had been asked for before.

    Raises ValidationFailed (the reason), IdempotencyConflict, TransitionRefused, NotFound: then nothing has changed.
    """
    _check_reason(name, reason)
    at = clock.epoch_ms()
    values = {} if reason is None else {"xJust": reason}

    def unit(conn: Connection) -> tuple[FiscalEvent, bool]:
        held = received_rows.locked(conn, note)
        event, known = manifestations.request(conn, held, MANIFESTATIONS[name], values, ref=ref, at=at)
        if not known:
            data = {"event": event.id, "manifestation": name}
            access.record(conn, actor=actor, action="received.manifest", subject=held.chave, at=at, data=data)
        return event, known

    return await db.write(unit)


async def register(
    db: Database, clock: Clock, note: str, wanted: str, values: Mapping[str, Any], *, ref: str | None, actor: str
) -> tuple[FiscalEvent, bool]:
    """As `manifest`, of another event of the addressee: see `received_events.request`."""
    at = clock.epoch_ms()

    def unit(conn: Connection) -> tuple[FiscalEvent, bool]:
        held = received_rows.locked(conn, note)
        event, known = received_events.request(conn, held, wanted, values, ref=ref, at=at)
        if not known:
            data = {"event": event.id, "tpEvento": event.tp_evento}
            access.record(conn, actor=actor, action="received.event", subject=held.chave, at=at, data=data)
        return event, known

    return await db.write(unit)


def _check_reason(name: ManifestationName, reason: str | None) -> None:
    if name == "nao_realizada" and reason is None:
        message = "A operação não realizada precisa de um motivo."
        fix = "Informe `reason`, com 15 a 255 caracteres: por que a mercadoria não foi aceita."
        raise ValidationFailed([Fault(code="RECEIVED-REASON", path="$.reason", message=message, fix=fix)])
    if name != "nao_realizada" and reason is not None:
        message = "Só a operação não realizada leva motivo; o leiaute das outras manifestações não tem este campo."
        raise ValidationFailed([Fault(code="RECEIVED-REASON", path="$.reason", message=message, fix="Retire `reason`.")])
