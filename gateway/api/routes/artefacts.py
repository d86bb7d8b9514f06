"""`/v1/nfe/{ref}/...`: the XML and the drawings of a note."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from gateway.api.operation import operation
from gateway.api.presentation import HAS_NOTE
from gateway.api.routes.nfe import TAG, find
from gateway.api.services import SERVICES, Services
from gateway.core.errors import StateError
from gateway.nfe.lifecycle import DOCUMENT
from gateway.store import documents
from gateway.store.documents import DocumentRow


@operation("XML da nota", tag=TAG, scope="nfe:read", responses={200: "application/xml"}, problems=(404, 409))
async def xml(request: web.Request) -> web.Response:
    """The nfeProc once authorised, byte for byte as stored; before that the signed NF-e, when there is one."""
    row = await find(request)
    body, name = await stored_xml(request.app[SERVICES], row)
    return file(body, "application/xml", name)


@operation("DANFE em PDF", tag=TAG, scope="nfe:read", responses={200: "application/pdf"}, problems=(404, 409))
async def danfe_pdf(request: web.Request) -> web.Response:
    """A4, of an authorised NF-e. A NFC-e has no such page: 409, and `danfe.png` or `danfe.escpos` instead."""
    row = await find(request)
    return file(await draw(request.app[SERVICES], row, "pdf"), "application/pdf", f"{row.chave}.pdf")


@operation("Cupom do DANFE como imagem", tag=TAG, scope="nfe:read", responses={200: "image/png"}, problems=(404, 409))
async def danfe_png(request: web.Request) -> web.Response:
    """The thermal slip exactly as it prints."""
    row = await find(request)
    return file(await draw(request.app[SERVICES], row, "png"), "image/png", f"{row.chave}.png")


@operation(
    "Cupom do DANFE em ESC/POS", tag=TAG, scope="nfe:read", responses={200: "application/octet-stream"}, problems=(404, 409)
)
async def danfe_escpos(request: web.Request) -> web.Response:
    """The bytes a thermal printer takes."""
    row = await find(request)
    return file(await draw(request.app[SERVICES], row, "escpos"), "application/octet-stream", f"{row.chave}.escpos")


async def stored_xml(services: Services, row: DocumentRow) -> tuple[bytes, str]:
    """The best XML there is of a document, and its file name. Raises StateError when none was made yet."""

    def read(conn: Any) -> tuple[bytes | None, bool]:
        proc = documents.artefact(conn, row.id, "proc")
        return (proc, True) if proc else (documents.artefact(conn, row.id, "signed"), False)

    body, authorised = await services.db.read(read)
    if body is None:
        raise StateError(
            f"A nota está {DOCUMENT.labels[row.status].lower()} e ainda não tem XML.",
            code="NFE-NO-XML",
            fix="Espere a emissão, ou veja a linha do tempo da nota.",
        )
    return body, f"{row.chave or row.id}-{'nfe' if authorised else 'assinada'}.xml"


async def draw(services: Services, row: DocumentRow, kind: str) -> bytes:
    """A drawing (`pdf`, `png`, `escpos`) of an authorised note. Raises StateError when there is no such thing."""
    if kind == "pdf" and row.model != "55":
        raise StateError(
            "A NFC-e não tem DANFE em A4.",
            code="NFE-NO-PDF",
            fix="Use o cupom: danfe.png para ver, danfe.escpos para imprimir.",
        )
    best = "signed" if row.status == "contingency" else "proc"
    proc = await services.db.read(lambda conn: documents.artefact(conn, row.id, best)) if row.status in HAS_NOTE else None
    if proc is None:
        raise StateError(
            f"A nota está {DOCUMENT.labels[row.status].lower()}: só há DANFE de nota autorizada.",
            code="NFE-NO-DANFE",
            fix="Espere a autorização, ou corrija o que a impediu.",
        )
    if kind == "pdf":
        return await services.renderers.pdf(proc)
    if kind == "png":
        return await asyncio.to_thread(services.renderers.slip_png, proc)
    return await asyncio.to_thread(services.renderers.slip_escpos, proc)


def file(body: bytes, media: str, name: str) -> web.Response:
    """A file to be shown where the browser can and saved under `name` otherwise."""
    headers = {"Content-Disposition": f'inline; filename="{name}"', "Cache-Control": "private, no-cache"}
    return web.Response(body=body, content_type=media, headers=headers)
