"""`/v1/branches/{cnpj}/certificate`: the A1 certificate a branch signs with."""

from __future__ import annotations

import asyncio
import binascii
from datetime import timedelta
from typing import Any

from aiohttp import BodyPartReader, web

from gateway.api.auth import actor, hidden
from gateway.api.decode import read_json, too_large
from gateway.api.operation import operation
from gateway.api.presentation import ZONES, local
from gateway.api.resources import (
    CertificateSummary,
    CertificateUpload,
)
from gateway.api.respond import bad, ok
from gateway.api.routes.branches import TAG, branch_of
from gateway.api.services import SERVICES, LoadCertificate, LoadedCertificate
from gateway.core.clock import from_epoch_ms
from gateway.core.errors import CertificateExpired, CertificateInvalid, ValidationFailed
from gateway.core.faults import Fault
from gateway.nfe.ports import Pfx
from gateway.store import access, setup
from gateway.store.setup import CertificateRow

MAX_PFX = 100 * 1024
"""A PFX of a chain with a 4096-bit key is under 20 KiB."""


@operation(
    "Enviar o certificado A1",
    tag=TAG,
    scope="setup",
    request=CertificateUpload,
    responses={200: CertificateSummary},
    problems=(400, 403, 404, 413, 422),
)
async def put_certificate(request: web.Request) -> web.Response:
    """The PFX and its password, as JSON (base64) or as multipart/form-data with the parts `pfx` and `password`. It is opened and
    checked first: a broken file, a wrong password, an expired certificate or one of another company stores nothing."""
    branch = await branch_of(request)
    pfx = await _uploaded(request)
    services = request.app[SERVICES]
    loaded = await asyncio.to_thread(_checked, services.load_certificate, pfx)
    now = services.clock.now()
    try:
        loaded.check(now, branch.cnpj)
    except (CertificateExpired, CertificateInvalid) as error:
        raise ValidationFailed([Fault(code=error.code, path="$.pfx", message=error.detail, fix=error.fix)]) from error
    at, who = services.clock.epoch_ms(), actor(request)

    def write(conn: Any) -> CertificateRow:
        row = setup.put_certificate(
            conn,
            services.vault,
            branch.cnpj,
            pfx=pfx.data,
            password=pfx.password,
            info=loaded,
            at=at,
        )
        data = {"serial": row.serial, "not_after": row.not_after}
        access.record(conn, actor=who, action="certificate.put", subject=branch.cnpj, at=at, data=data)
        return row

    return ok(await _certificate(request, await services.db.write(write)))


def _checked(load: LoadCertificate, pfx: Pfx) -> LoadedCertificate:
    try:
        return load(pfx)
    except CertificateInvalid as error:
        path = "$.password" if "PASSWORD" in error.code else "$.pfx"
        raise ValidationFailed([Fault(code=error.code, path=path, message=error.detail, fix=error.fix)]) from error


async def _uploaded(request: web.Request) -> Pfx:
    if not request.content_type.startswith("multipart/"):
        try:
            body = await read_json(request, CertificateUpload)
        except binascii.Error as error:
            raise bad("GW-BASE64", "$.pfx", "O arquivo não está em base64.", "Codifique o PFX em base64.") from error
        return Pfx(body.pfx, body.password)
    parts: dict[str, bytes] = {}
    try:
        async for part in await request.multipart():
            if isinstance(part, BodyPartReader) and part.name in ("pfx", "password"):
                parts[part.name] = await _bounded(part)
    except (ValueError, AssertionError) as error:
        raise bad("GW-MULTIPART", "$", "O formulário não pôde ser lido.", "Envie multipart/form-data bem formado.") from error
    for name in ("pfx", "password"):
        if name not in parts:
            raise bad("GW-REQUIRED", f"$.{name}", f"Falta a parte `{name}` do formulário.", "Informe o campo.")
    return Pfx(parts["pfx"], parts["password"].decode("utf-8", "replace"))


async def _bounded(part: BodyPartReader) -> bytes:
    body = b""
    while chunk := await part.read_chunk():
        body += chunk
        if len(body) > MAX_PFX:
            raise too_large(MAX_PFX)
    return body


@operation("Ver o certificado em uso", tag=TAG, scope="setup", responses={200: CertificateSummary}, problems=(404,))
async def show_certificate(request: web.Request) -> web.Response:
    """Whose it is and until when it is valid; never the file or its password."""
    branch = await branch_of(request)
    row = await request.app[SERVICES].db.read(lambda conn: setup.active_certificate(conn, branch.cnpj))
    if row is None:
        raise hidden("O certificado da filial", branch.cnpj)
    return ok(await _certificate(request, row))


async def _certificate(request: web.Request, row: CertificateRow) -> CertificateSummary:
    zone = await request.app[ZONES].of(row.branch)
    left = from_epoch_ms(row.not_after) - request.app[SERVICES].clock.now()
    return CertificateSummary(
        subject=row.subject,
        tax_id=row.tax_id,
        serial=row.serial,
        not_before=local(row.not_before, zone),
        not_after=local(row.not_after, zone),
        days_left=left // timedelta(days=1),
    )
