"""Rejections explained: by code, against a document, and the document's whole story."""

from __future__ import annotations

from aiohttp import web

from gateway.api.explanation_resources import (
    DocumentExplanation,
    DocumentStory,
    RejectionText,
    StoryEntry,
    changed,
    document_explanation,
    rejection_text,
)
from gateway.api.operation import operation
from gateway.api.presentation import ZONES, local
from gateway.api.respond import ok
from gateway.api.routes.nfe import TAG, find
from gateway.api.services import SERVICES
from gateway.core.errors import NotFound
from gateway.nfe.rejections import rejection
from gateway.store import explaining


@operation("Entender um código da SEFAZ", tag=TAG, scope="nfe:read", responses={200: RejectionText}, problems=(404,))
async def code(request: web.Request) -> web.Response:
    """What the code means: decision, cause, fix, the sentences for the counter, and the document rules that avoid it."""
    name = request.match_info["code"]
    found = rejection(name)
    if found is None:
        raise NotFound(f"O catálogo não descreve o código '{name[:10]}'.", fix="Leia o xMotivo que a SEFAZ mandou.")
    return ok(rejection_text(found))


@operation("Entender a rejeição de uma nota", tag=TAG, scope="nfe:read", responses={200: DocumentExplanation}, problems=(404,))
async def explanation(request: web.Request) -> web.Response:
    """The refusal against this very note: the fields with their values, cause and fix, the sentences for the counter, and, when
    it can be computed, a corrected draft with what it changes. Send the draft to `POST /v1/nfe/{ref}/retry`: the number stays.
    404 for a document that SEFAZ did not refuse."""
    row = await find(request)
    found = await request.app[SERVICES].db.read(lambda conn: explaining.explanation(conn, row))
    if found is None:
        raise NotFound(f"A nota '{row.ref}' não tem rejeição da SEFAZ a explicar.", fix="Veja a história dela em /why.")
    return ok(document_explanation(row.ref, found))


@operation("Contar a história de uma nota", tag=TAG, scope="nfe:read", responses={200: DocumentStory}, problems=(404,))
async def why(request: web.Request) -> web.Response:
    """From its acceptance to now, in plain pt-BR: number, attempts, answers, prints, order, and what changed in the note from one
    attempt to the next. Attempts are never deleted."""
    row = await find(request)
    told = await request.app[SERVICES].db.read(lambda conn: explaining.story(conn, row))
    zone = await request.app[ZONES].of(row.branch)
    lines = tuple(
        StoryEntry(at=local(line.at, zone), kind=line.kind, text=line.text, changes=changed(line.changes)) for line in told.lines
    )
    return ok(DocumentStory(ref=row.ref, headline=told.headline, lines=lines))
