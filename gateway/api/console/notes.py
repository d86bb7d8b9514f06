"""**Notas**: the list with its filters in the address, and a note with its whole story."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from aiohttp import web

from gateway.api.console.note_events import find, offers, told
from gateway.api.console.render import moment, query, render
from gateway.api.console.session import SESSION
from gateway.api.presentation import HAS_NOTE
from gateway.api.respond import choices, day_bound
from gateway.api.routes import artefacts
from gateway.api.routes.nfe import try_again
from gateway.api.routes.taken_numbers import decide
from gateway.api.services import SERVICES
from gateway.core.errors import TransitionRefused
from gateway.core.taxid import strip_punctuation
from gateway.nfe.lifecycle import DOCUMENT
from gateway.nfe.raw import RawNote
from gateway.nfe.request import Request, decode_request
from gateway.store import documents, event_intake, explaining, fiscal_events, orders, other_key, queries, reissues, setup, stories
from gateway.store.queries import DocumentFilter, JobFilter

PAGE = 50


async def index(request: web.Request) -> web.Response:
    """Newest first; every filter is in the address."""
    services = request.app[SERVICES]
    shown = {name: request.query.get(name, "") for name in ("status", "branch", "search", "since", "until")}
    zone = services.settings.zone
    wanted = DocumentFilter(
        statuses=choices(request, "status", DOCUMENT.labels),
        branches=(strip_punctuation(shown["branch"]),) if shown["branch"] else (),
        search=shown["search"].strip()[:200],
        since=day_bound(request, "since", zone),
        until=day_bound(request, "until", zone, end=True),
    )
    cursor = request.query.get("cursor")

    def read(conn: Any) -> tuple[Any, Any]:
        return queries.list_documents(conn, wanted, cursor=cursor, limit=PAGE), setup.list_branches(conn)

    page, branches = await services.db.read(read)
    following = query("/console/notas", **shown, cursor=page.next) if page.next else ""
    return render(
        request,
        "notes.html",
        "notes",
        rows=page.rows,
        next=following,
        first=not cursor,
        shown=shown,
        branches=branches,
        statuses=DOCUMENT.labels,
        filtered=any(shown.values()),
    )


async def show(request: web.Request) -> web.Response:
    """State, facts, timeline, what was sent, and the slip as it prints."""
    row = await find(request)

    def read(conn: Any) -> dict[str, Any]:
        return {
            "events": documents.events(conn, row.id),
            "transmissions": documents.transmissions(conn, row.id),
            "order": orders.by_document(conn, row.id),
            "branch": setup.get_branch(conn, row.branch),
            "jobs": queries.list_jobs(conn, JobFilter(search=row.id), limit=20).rows,
            "fiscal_events": [told(event) for event in fiscal_events.of_document(conn, row.id)],
            "other_key": other_key.other_key(conn, row.id) if row.status in ("processing", "unknown") else None,
            "has_xml": documents.artefact(conn, row.id, "signed") is not None,
            "explained": explaining.explanation(conn, row),
            "attempts": reissues.attempts_of(conn, row.id),
            "sale": reissues.sale_of(conn, row),
            "story": stories.story(conn, row, request.app[SERVICES].clock.now()),
        }

    found = await request.app[SERVICES].db.read(read)
    items = _items(decode_request(row.request))
    terms = event_intake.terms(row, found["branch"], request.app[SERVICES].clock.now())
    zone, now = found["story"].zone, request.app[SERVICES].clock.epoch_ms()
    shown: dict[str, Any] = {"doc": row, "items": items, "drawn": row.status in HAS_NOTE, "offers": offers(terms), "terms": terms}
    shown["when"] = lambda ms: moment(ms, zone, now)  # every hour of the page is the branch's
    return render(request, "note.html", "notes", **shown, **found)


@dataclass(frozen=True, slots=True)
class _Item:
    """A line as the page lists it; without a unit price, its total."""

    text: str
    code: str
    quantity: Decimal
    price: Decimal | None
    total: Decimal | None


def _items(asked: Request) -> list[_Item]:
    if isinstance(asked, RawNote):
        return [_Item(d.prod.xProd, d.prod.cProd, d.prod.qCom, d.prod.vUnCom, d.prod.vProd) for d in asked.infNFe.det]
    return [
        _Item(
            item.description or (item.product.description if item.product else "") or item.sku,
            item.sku,
            item.quantity,
            item.unit_price,
            item.total,
        )
        for item in asked.items
    ]


async def xml(request: web.Request) -> web.Response:
    """The stored XML, shown in place."""
    body, name = await artefacts.stored_xml(request.app[SERVICES], await find(request))
    return artefacts.file(body, "application/xml", name)


async def pdf(request: web.Request) -> web.Response:
    """The A4 DANFE."""
    row = await find(request)
    return artefacts.file(await artefacts.draw(request.app[SERVICES], row, "pdf"), "application/pdf", f"{row.chave}.pdf")


async def slip(request: web.Request) -> web.Response:
    """The thermal slip as an image."""
    row = await find(request)
    return artefacts.file(await artefacts.draw(request.app[SERVICES], row, "png"), "image/png", f"{row.chave}.png")


async def adopt(request: web.Request) -> web.Response:
    """The note that SEFAZ has under another key is this sale."""
    return await _decided(request, other_key.adopt)


async def renumber(request: web.Request) -> web.Response:
    """The number is another note's: take the next one."""
    return await _decided(request, other_key.renumber)


async def _decided(request: web.Request, step: other_key.Step) -> web.Response:
    row = await find(request)
    await decide(request.app[SERVICES], row, step, f"user:{request[SESSION].username}")
    return web.Response(status=303, headers={"Location": f"/console/notas/{row.id}?feito=note"})


async def retry(request: web.Request) -> web.Response:
    """Try a rejected note again, as it is; `forcar`: also what SEFAZ refused too often."""
    row = await find(request)
    force = request.path.endswith("/forcar")
    await try_again(request.app[SERVICES], row, None, f"user:{request[SESSION].username}", force=force)
    return web.Response(status=303, headers={"Location": f"/console/notas/{row.id}?feito=note"})


async def correct(request: web.Request) -> web.Response:
    """Send the corrected draft of a rejected note, on the same number. Raises TransitionRefused when there is none any more."""
    row = await find(request)
    services = request.app[SERVICES]
    draft = await services.db.read(lambda conn: explaining.draft_of(conn, row))
    if draft is None:
        raise TransitionRefused("Esta nota não tem correção pronta para enviar.", fix="Atualize a página e veja o estado dela.")
    await try_again(services, row, draft, f"user:{request[SESSION].username}")
    return web.Response(status=303, headers={"Location": f"/console/notas/{row.id}?feito=note"})
