"""What may be done to a note after it is authorised: cancel it, correct it, try a refused event again."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from gateway.api.console.session import SESSION
from gateway.api.respond import bad
from gateway.api.routes import artefacts
from gateway.api.routes.events import ask, cancel_values
from gateway.api.services import SERVICES
from gateway.core.errors import NotFound
from gateway.nfe.events.table import event_kind
from gateway.nfe.events.term import Term
from gateway.store import access, documents, event_intake
from gateway.store.documents import DocumentRow
from gateway.store.fiscal_events import FiscalEvent

CANCEL, CORRECTION = event_intake.CANCEL, event_intake.CORRECTION


@dataclass(frozen=True, slots=True)
class Told:
    """An event as the page shows it."""

    event: FiscalEvent
    label: str
    text: str


def told(event: FiscalEvent) -> Told:
    """The event with its name and what it says."""
    values = event.values
    return Told(event, event_kind(event.tp_evento).label, str(values.get("xCorrecao") or values.get("xJust") or ""))


def offers(terms: tuple[Term, ...]) -> dict[str, Term]:
    """The events that the page offers, by tpEvento: those whose time, if over, SEFAZ may still forgive."""
    return {one.kind.tpEvento: one for one in terms if one.standing != "past"}


async def find(request: web.Request) -> DocumentRow:
    """The note of the address, by ref, chave or our id. Raises NotFound."""
    name = request.match_info["ref"]
    row = await request.app[SERVICES].db.read(
        lambda conn: documents.by_ref(conn, name) or documents.by_chave(conn, name) or documents.get(conn, name)
    )
    if row is None:
        raise NotFound(f"A nota '{name[:120]}' não existe.", fix="Procure na lista de notas.")
    return row


async def cancel(request: web.Request) -> web.Response:
    """Ask SEFAZ to cancel the note."""
    reason = await _text(request, "reason", 255, "A justificativa")
    row = await find(request)
    await ask(request.app[SERVICES], _who(request), row, CANCEL, cancel_values(row, reason))
    return _back(row)


async def correct(request: web.Request) -> web.Response:
    """Ask for a carta de correção."""
    text = await _text(request, "text", 1000, "A correção")
    row = await find(request)
    await ask(request.app[SERVICES], _who(request), row, CORRECTION, {"xCorrecao": text})
    return _back(row)


async def retry(request: web.Request) -> web.Response:
    """Try a refused event again, as it is."""
    services, row = request.app[SERVICES], await find(request)
    event = await event_intake.event_of(services.db, row.id, request.match_info["event"])
    await event_intake.retry_event(services.db, services.clock, event.id, None)
    at, who, data = services.clock.epoch_ms(), _who(request), {"event": event.id}
    await services.db.write(
        lambda conn: access.record(conn, actor=who, action="document.event_retry", subject=row.ref, at=at, data=data)
    )
    return _back(row)


async def xml(request: web.Request) -> web.Response:
    """The procEventoNFe, shown in place."""
    row = await find(request)
    event = await event_intake.event_of(request.app[SERVICES].db, row.id, request.match_info["event"])
    if event.proc is None:
        raise NotFound("O evento ainda não foi registrado pela SEFAZ: não há XML.", fix="Espere o registro.")
    return artefacts.file(event.proc, "application/xml", f"{event.chave}_{event.tp_evento}-procEventoNFe.xml")


async def _text(request: web.Request, name: str, most: int, what: str) -> str:
    text = " ".join(str((await request.post()).get(name, "")).split())
    if not 15 <= len(text) <= most:
        raise bad(
            "EVENT-TEXT", f"$.{name}", f"{what} precisa ter de 15 a {most} caracteres.", "Volte e escreva o texto completo."
        )
    return text


def _who(request: web.Request) -> str:
    return f"user:{request[SESSION].username}"


def _back(row: DocumentRow) -> web.Response:
    return web.Response(status=303, headers={"Location": f"/console/notas/{row.id}?feito=event"})
