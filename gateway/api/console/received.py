"""**Recebidas**: the notes of others against us, their deadlines, and what is answered to each."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from gateway.api.console.render import query, render
from gateway.api.console.session import SESSION
from gateway.api.respond import bad
from gateway.api.routes.artefacts import file
from gateway.api.routes.received import content_of, followed, wanted_of, whole
from gateway.api.services import SERVICES
from gateway.core.errors import NotFound
from gateway.core.taxid import strip_punctuation
from gateway.nfe.events.lifecycle import EVENT
from gateway.nfe.events.table import event_kind
from gateway.nfe.icp_chain import STATUSES
from gateway.nfe.received import AWARE, MANIFESTATIONS, RECEIVED, SITUATIONS, VERDICTS, ManifestationName
from gateway.store import distribution, manifestations, received, received_events, received_intake, received_rows, setup
from gateway.store.received_list import list_received
from gateway.store.received_rows import ReceivedNote

PAGE = 50
_SHOWN = ("status", "situation", "branch", "search", "since", "until", "deadline")
ACTS: dict[ManifestationName, str] = {
    "ciencia": "Dar ciência",
    "confirmacao": "Confirmar a operação",
    "desconhecimento": "Desconheço a operação",
    "nao_realizada": "A operação não se realizou",
}


async def index(request: web.Request) -> web.Response:
    """Newest first; every filter is in the address."""
    services = request.app[SERVICES]
    shown = {name: request.query.get(name, "") for name in _SHOWN}
    wanted = wanted_of(request, (strip_punctuation(shown["branch"]),) if shown["branch"] else ())
    cursor = request.query.get("cursor")

    def read(conn: Any) -> tuple[Any, Any, Any]:
        page = list_received(conn, wanted, cursor=cursor, limit=PAGE)
        return page, setup.list_branches(conn), distribution.all_cursors(conn)

    page, branches, queues = await services.db.read(read)
    return render(
        request,
        "received.html",
        "received",
        rows=page.rows,
        next=query("/console/recebidas", **shown, cursor=page.next) if page.next else "",
        first=not cursor,
        shown=shown,
        branches=branches,
        queues=queues,
        statuses=RECEIVED.labels,
        situations=SITUATIONS,
        verdicts=VERDICTS,
        answers=answers(),
        filtered=any(shown.values()),
        now=services.clock.epoch_ms(),
    )


def answers() -> dict[str, str]:
    """How each manifestation is called, by tpEvento."""
    return {tpEvento: event_kind(tpEvento).label for tpEvento in MANIFESTATIONS.values()}


async def _find(request: web.Request) -> ReceivedNote:
    chave = request.match_info["chave"]
    row = await request.app[SERVICES].db.read(lambda conn: received_rows.by_chave(conn, chave))
    if row is None:
        raise NotFound(f"A nota recebida '{chave[:60]}' não existe.", fix="Procure na lista de notas recebidas.")
    return row


async def show(request: web.Request) -> web.Response:
    """The facts, the deadlines, what was answered, and what the note says."""
    row = await _find(request)

    def read(conn: Any) -> tuple[Any, bytes | None]:
        found = (*manifestations.of_note(conn, row), *received_events.of_note(conn, row))
        return found, received.xml_of(conn, row)

    events, body = await request.app[SERVICES].db.read(read)
    steps = RECEIVED.events(row.status)
    allowed = row.role in (None, "destinatario") and row.situation != "denied"
    acts = {
        name: text
        for name, text in ACTS.items()
        if allowed and ("aware" if MANIFESTATIONS[name] == AWARE else "conclude") in steps
    }
    return render(
        request,
        "received_note.html",
        "received",
        note=row,
        events=events,
        event_labels=EVENT.labels,
        answers=answers() | {event.tp_evento: event_kind(event.tp_evento).label for event in events},
        content=None if body is None else await asyncio.to_thread(content_of, body),
        chain=None if body is None else await asyncio.to_thread(followed, request.app[SERVICES], row, body),
        chains=STATUSES,
        acts=acts,
        situations=SITUATIONS,
        statuses=RECEIVED.labels,
        verdicts=VERDICTS,
    )


async def xml(request: web.Request) -> web.Response:
    """The XML as it came, shown in place."""
    row = await _find(request)
    return file(await whole(request, row), "application/xml", f"{row.chave}-nfe.xml")


async def pdf(request: web.Request) -> web.Response:
    """The A4 DANFE."""
    row = await _find(request)
    drawn = await request.app[SERVICES].renderers.pdf(await whole(request, row))
    return file(drawn, "application/pdf", f"{row.chave}.pdf")


async def manifest(request: web.Request) -> web.Response:
    """Answer the note."""
    row, form, services = await _find(request), await request.post(), request.app[SERVICES]
    name = str(form.get("event", ""))
    if name not in ACTS:
        raise bad("GW-ENUM", "$.event", "Esta manifestação não existe.", f"Use: {', '.join(ACTS)}.")
    reason = str(form.get("reason", "")).strip()[:255] if name == "nao_realizada" else None
    if reason is not None and len(reason) < 15:
        raise bad("RECEIVED-REASON", "$.reason", "O motivo precisa de 15 a 255 caracteres.", "Conte o que aconteceu.")
    await received_intake.manifest(
        services.db,
        services.clock,
        row.id,
        name,
        reason,
        ref=None,
        actor=f"user:{request[SESSION].username}",
    )
    return web.Response(status=303, headers={"Location": f"/console/recebidas/{row.chave}?feito=manifestation"})
