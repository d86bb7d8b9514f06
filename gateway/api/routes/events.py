"""`/v1/nfe/{ref}/cancel`, `/correction`, `/events`: what happens to a note after it is authorised."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from gateway.api.auth import actor
from gateway.api.decode import decode, read_body, read_json
from gateway.api.event_resources import Cancel, Correction, Event, EventCorrection, Events, NewEvent
from gateway.api.live import LIVE
from gateway.api.operation import PREFER, operation
from gateway.api.presentation import ZONES, document_url, local, maybe_local
from gateway.api.respond import ok, preferred_wait
from gateway.api.routes.nfe import find
from gateway.api.services import SERVICES, Services
from gateway.core.errors import NotFound
from gateway.nfe.events.lifecycle import EVENT
from gateway.nfe.events.table import event_kind
from gateway.store import access, event_intake, fiscal_events
from gateway.store.document_rows import DocumentRow
from gateway.store.fiscal_events import FiscalEvent

TAG = "Eventos"
FINAL = frozenset({"registered", "rejected"})
"""Statuses of an event that do not change by themselves."""


@operation(
    "Cancelar uma nota",
    tag=TAG,
    scope="nfe:event",
    request=Cancel,
    responses={202: Event, 200: Event},
    parameters=(PREFER,),
    problems=(400, 404, 409, 422, 503),
)
async def cancel(request: web.Request) -> web.Response:
    """Asks SEFAZ to cancel an authorised note (110111; 110112 with `substitute`). Past the legal time a NF-e's request is sent
    with a warning on the timeline, because some states still take it (155); a NFC-e's is refused with 409. The note is
    `cancelled` only once SEFAZ has registered the event. The same request again answers the same event."""
    body = await read_json(request, Cancel)
    row = await find(request)
    values = cancel_values(row, body.reason)
    if body.substitute is not None:
        values["chNFeRef"] = body.substitute
    return await _ask(request, row, "110112" if body.substitute is not None else "110111", values, body.ref)


@operation(
    "Emitir uma carta de correção",
    tag=TAG,
    scope="nfe:event",
    request=Correction,
    responses={202: Event, 200: Event},
    parameters=(PREFER,),
    problems=(400, 404, 409, 422, 503),
)
async def correction(request: web.Request) -> web.Response:
    """Registers a correction of a NF-e (110110), up to 20 a note and 30 days. It may not change values, taxes, quantities,
    dates of issue or the parties. The texts registered before go in front of this one: the last CC-e replaces the others."""
    body = await read_json(request, Correction)
    values = {"xCorrecao": body.text}
    return await _ask(request, await find(request), event_intake.CORRECTION, values, body.ref, whole=body.whole)


@operation(
    "Registrar um evento da nota",
    tag=TAG,
    scope="nfe:event",
    request=NewEvent,
    responses={202: Event, 200: Event},
    parameters=(PREFER,),
    problems=(400, 404, 409, 422, 503),
)
async def create(request: web.Request) -> web.Response:
    """Any event of the table by its official detail: delivery receipt and its cancel, failed delivery, interested party, ECONF,
    extension of time, and those of IBS and CBS."""
    body = await read_json(request, NewEvent)
    return await _ask(request, await find(request), body.event, body.detEvento, body.ref)


async def _ask(
    request: web.Request, row: DocumentRow, kind: str, values: dict[str, Any], ref: str | None, *, whole: bool = False
) -> web.Response:
    event, known = await ask(request.app[SERVICES], actor(request), row, kind, values, ref, whole=whole)
    return await _answer(request, row, event, replayed=known)


async def ask(
    services: Services,
    who: str,
    row: DocumentRow,
    kind: str,
    values: dict[str, Any],
    ref: str | None = None,
    *,
    whole: bool = False,
) -> tuple[FiscalEvent, bool]:
    """Ask for an event and write who did; answers it, and whether this very one had been asked for before."""
    event, known = await event_intake.request_event(services.db, services.clock, row.id, kind, values, ref=ref, whole=whole)
    if not known:
        at, data = services.clock.epoch_ms(), {"event": event.id, "tpEvento": event.tp_evento}
        await services.db.write(
            lambda conn: access.record(conn, actor=who, action="document.event", subject=row.ref, at=at, data=data)
        )
    return event, known


def cancel_values(row: DocumentRow, reason: str) -> dict[str, Any]:
    """The detail of a cancelamento."""
    return {"nProt": row.protocol or "", "xJust": reason}


async def _answer(request: web.Request, row: DocumentRow, event: FiscalEvent, *, replayed: bool = False) -> web.Response:
    services = request.app[SERVICES]
    headers: dict[str, str] = {"Idempotent-Replayed": "true"} if replayed else {}
    seconds = preferred_wait(request, services.settings.wait_limit)
    latest = event
    if seconds and event.status not in FINAL:

        async def final() -> bool:
            nonlocal latest
            found = await services.db.read(lambda conn: fiscal_events.get(conn, event.id))
            latest = found or latest
            return latest.status in FINAL

        await request.app[LIVE].until(f"document:{row.id}", final, seconds=seconds)
        headers["Preference-Applied"] = f"wait={seconds:.0f}"
    shown = await _shown(request, row, latest)
    headers["Location"] = shown.links["self"]
    return ok(shown, status=200 if latest.status in FINAL else 202, headers=headers)


async def _shown(request: web.Request, row: DocumentRow, event: FiscalEvent) -> Event:
    services = request.app[SERVICES]
    zone = await request.app[ZONES].of(row.branch)
    kind = event_kind(event.tp_evento)
    base = f"{document_url(row.ref, services.settings.public_url)}/events/{event.id}"
    return Event(
        id=event.id,
        ref=event.ref,
        document=row.ref,
        chave_acesso=event.chave,
        tpEvento=event.tp_evento,
        name=kind.name,
        label=kind.label,
        nSeqEvento=event.n_seq,
        status=event.status,
        status_label=EVENT.labels[event.status],
        protocolo=event.protocol,
        cStat=event.cstat,
        xMotivo=event.reason,
        detEvento=event.values,
        registered_at=maybe_local(event.registered_at, zone),
        created_at=local(event.created_at, zone),
        updated_at=local(event.updated_at, zone),
        links={"self": base, "xml": f"{base}/xml"} if event.proc is not None else {"self": base},
    )


@operation("Eventos de uma nota", tag=TAG, scope="nfe:read", responses={200: Events}, problems=(404,))
async def index(request: web.Request) -> web.Response:
    """Every event asked for of the note, oldest first."""
    row = await find(request)
    found = await request.app[SERVICES].db.read(lambda conn: fiscal_events.of_document(conn, row.id))
    return ok(Events(items=tuple([await _shown(request, row, event) for event in found])))


@operation("Ver um evento", tag=TAG, scope="nfe:read", responses={200: Event, 202: Event}, parameters=(PREFER,), problems=(404,))
async def show(request: web.Request) -> web.Response:
    """One event of the note; 202 while SEFAZ has not answered."""
    row = await find(request)
    return await _answer(request, row, await _found(request, row))


async def _found(request: web.Request, row: DocumentRow) -> FiscalEvent:
    return await event_intake.event_of(request.app[SERVICES].db, row.id, request.match_info["event"])


@operation("XML de um evento", tag=TAG, scope="nfe:read", responses={200: "application/xml"}, problems=(404,))
async def xml(request: web.Request) -> web.Response:
    """The procEventoNFe: the event as it was sent and the answer as it was received, byte for byte."""
    row = await find(request)
    event = await _found(request, row)
    if event.proc is None:
        raise NotFound("O evento ainda não foi registrado pela SEFAZ: não há XML.", fix="Espere o registro.")
    name = f"{event.chave}_{event.tp_evento}_{event.n_seq:02d}-procEventoNFe.xml"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(body=event.proc, content_type="application/xml", charset="utf-8", headers=headers)


@operation(
    "Tentar de novo um evento recusado",
    tag=TAG,
    scope="nfe:event",
    request=EventCorrection,
    request_required=False,
    responses={202: Event, 200: Event},
    parameters=(PREFER,),
    problems=(400, 404, 409, 422, 503),
)
async def retry(request: web.Request) -> web.Response:
    """A refused event once more, within its time; with a body, its detail corrected. Any other event is 409."""
    row = await find(request)
    event = await _found(request, row)
    body = await read_body(request)
    values = decode(body, EventCorrection).detEvento if body.strip() else None
    services = request.app[SERVICES]
    return await _answer(request, row, await event_intake.retry_event(services.db, services.clock, event.id, values))
