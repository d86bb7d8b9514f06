"""`/v1/nfe/raw`: issue a note given by the official tags of the layout."""

from __future__ import annotations

from aiohttp import web

from gateway.api.decode import read_body
from gateway.api.operation import PREFER, operation
from gateway.api.resources import Document, Preview
from gateway.api.respond import ok
from gateway.api.routes.nfe import TAG, accept, tried
from gateway.api.salvage import decode_or_tell_all
from gateway.nfe.raw import RawNote


@operation(
    "Emitir uma NF-e pelo leiaute oficial",
    tag=TAG,
    scope="nfe:write",
    request=RawNote,
    responses={202: Document, 200: Document},
    parameters=(PREFER,),
    problems=(400, 409, 413, 422, 503),
)
async def issue(request: web.Request) -> web.Response:
    """Takes the whole layout 4.00 (PL_010f) by its official tags: groups are objects, repeated groups are lists, attributes (Id,
    nItem, xCampo) are fields, numbers are JSON numbers or texts. Absent nNF, cNF, cDV, Id, dhEmi, nItem, vItem and total are
    filled in, and so is what the branch of emit.CNPJ knows of the issuer. From then on it is a note like any other: same ref,
    same answer; seen, retried and drawn under /v1/nfe/{ref}. `ide.mod` 65 makes a NFC-e; its QR code is as the branch's own."""
    note = await _read(request)
    return await accept(request, note, note.model)


async def _read(request: web.Request) -> RawNote:
    return await decode_or_tell_all(await read_body(request), RawNote, lambda note: tried(request, note, note.model))


@operation(
    "Conferir uma nota pelo leiaute oficial sem emitir",
    tag=TAG,
    scope="nfe:write",
    request=RawNote,
    responses={200: Preview},
    problems=(400, 413, 422),
)
async def preview(request: web.Request) -> web.Response:
    """The unsigned XML and the total of the note this body would be. Takes no number and stores nothing."""
    note = await _read(request)
    made = await tried(request, note, note.model)
    return ok(Preview(xml=made.xml.decode(), total=str(made.total), warnings=made.warnings))
