"""Rejections explained: by code, against a document, and the document's whole story."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from gateway.api.auth import hidden, sees
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
from gateway.api.presentation import local
from gateway.api.respond import ok
from gateway.api.routes.nfe import TAG, find
from gateway.api.services import SERVICES
from gateway.core.errors import NotFound
from gateway.nfe.rejections import rejection
from gateway.store import explaining, stories
from gateway.store.stories import Story


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
    """From its acceptance to now, in plain pt-BR: number, attempts, answers, events, voidings, contingency, prints, order, and
    what changed in the note from one attempt to the next. Attempts are never deleted. Takes a ref, a chave (also one that the
    note had before) or a number as `CNPJ-modelo-série-número`, also of one that was voided and never was a note."""
    services, name = request.app[SERVICES], request.match_info["ref"]

    def read(conn: Any) -> Story:
        row = stories.find(conn, name)
        key = None if row is not None else stories.number_named(conn, name)
        branch = row.branch if row is not None else key.branch if key is not None else None
        if branch is None or not sees(request, branch):
            raise hidden("A nota", name)
        return stories.told(conn, name, services.clock.now())

    told = await services.db.read(read)
    lines = tuple(
        StoryEntry(at=local(line.at, told.zone), kind=line.kind, text=line.text, changes=changed(line.changes))
        for line in told.lines
    )
    return ok(DocumentStory(ref=told.ref, headline=told.headline, lines=lines, now=told.now))
