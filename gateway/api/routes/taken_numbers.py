"""`/v1/nfe/{ref}/adopt` and `/renumber`: what a person says of a number that SEFAZ holds under another key."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from gateway.api.auth import actor
from gateway.api.operation import operation
from gateway.api.presentation import document
from gateway.api.resources import Document
from gateway.api.respond import ok
from gateway.api.routes.nfe import find
from gateway.api.services import SERVICES, Services
from gateway.store import access, other_key
from gateway.store.documents import DocumentRow

TAG = "NF-e"


async def decide(services: Services, row: DocumentRow, step: other_key.Step, who: str) -> DocumentRow:
    """Carry out the decision, audited. Raises TransitionRefused: then nothing has changed."""
    at = services.clock.epoch_ms()

    def write(conn: Any) -> DocumentRow:
        changed = step(conn, row.id, at)
        access.record(conn, actor=who, action=f"document.{step.__name__}", subject=row.ref, at=at)
        return changed

    return await services.db.write(write)


@operation("Adotar a nota que a SEFAZ tem", tag=TAG, scope="nfe:write", responses={202: Document}, problems=(404, 409))
async def adopt(request: web.Request) -> web.Response:
    """After a 539: the note of the other key is this same sale, sent before by this gateway. Its bytes become the document's
    again and SEFAZ is asked for its protocol."""
    changed = await decide(request.app[SERVICES], await find(request), other_key.adopt, actor(request))
    return ok(await document(request, changed), status=202)


@operation("Tomar outro número", tag=TAG, scope="nfe:write", responses={202: Document}, problems=(404, 409))
async def renumber(request: web.Request) -> web.Response:
    """After a 539: the number is another note's. The document keeps its ref and is issued with the next number of its series."""
    changed = await decide(request.app[SERVICES], await find(request), other_key.renumber, actor(request))
    return ok(await document(request, changed), status=202)
