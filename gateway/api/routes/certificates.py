"""`/v1/branches/{cnpj}/certificate` and `/v1/certificates/{root}`: the A1 certificates branches sign with."""

from __future__ import annotations

import asyncio
import binascii
import re
from typing import Any

from aiohttp import BodyPartReader, web

from gateway.api.auth import KEY, actor, hidden, sees
from gateway.api.decode import read_json, too_large
from gateway.api.operation import operation
from gateway.api.presentation import ZONES, chain_told, local
from gateway.api.resources import CertificateSummary, CertificateUpload, Listing
from gateway.api.respond import bad, ok
from gateway.api.routes.branches import TAG, branch_of
from gateway.api.services import SERVICES, LoadCertificate, LoadedCertificate, Services
from gateway.core.errors import CertificateExpired, CertificateInvalid, Forbidden, ValidationFailed
from gateway.core.faults import Fault
from gateway.nfe.icp_chain import Followed
from gateway.nfe.ports import Pfx
from gateway.nfe.validity import URGENCY_LABELS, validity
from gateway.store import access, certificates
from gateway.store.certificates import ROOT, CertificateRow

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
    row, chain = await store(request.app[SERVICES], branch.cnpj, await _uploaded(request), actor(request))
    return ok(await _summary(request, row, chain=chain))


@operation(
    "Enviar o certificado A1 da empresa",
    tag=TAG,
    scope="setup",
    request=CertificateUpload,
    responses={200: CertificateSummary},
    problems=(400, 403, 404, 413, 422),
)
async def put_root(request: web.Request) -> web.Response:
    """One certificate for every branch of a root CNPJ (8 characters) that has none of its own. Only for keys of every branch."""
    root = _root(request)
    row, chain = await store(request.app[SERVICES], root, await _uploaded(request), actor(request))
    return ok(await _summary(request, row, chain=chain))


async def store(services: Services, owner: str, pfx: Pfx, who: str) -> tuple[CertificateRow, Followed | None]:
    """Open, check and activate a certificate of a branch or of a root; answers also where it leads to, None while no authority is
    configured. Raises ValidationFailed, NotFound: nothing is stored."""
    loaded = await asyncio.to_thread(_checked, services.load_certificate, pfx)
    try:
        loaded.check(services.clock.now(), owner)
    except (CertificateExpired, CertificateInvalid) as error:
        raise ValidationFailed([Fault(code=error.code, path="$.pfx", message=error.detail, fix=error.fix)]) from error
    at = services.clock.epoch_ms()

    def write(conn: Any) -> CertificateRow:
        vault = services.vault
        row = certificates.put_certificate(conn, vault, owner, pfx=pfx.data, password=pfx.password, info=loaded, at=at, actor=who)
        data = {"serial": row.serial, "not_after": row.not_after}
        access.record(conn, actor=who, action="certificate.put", subject=owner, at=at, data=data)
        return row

    row = await services.db.write(write)
    known = services.authorities
    return row, None if known is None else known.follow(loaded.der, services.clock.now(), loaded.chain)


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
    """What the branch signs with, its own or its root's: whose it is and until when; never the file or its password."""
    branch = await branch_of(request)
    row = await request.app[SERVICES].db.read(lambda conn: certificates.certificate_in_use(conn, branch.cnpj))
    if row is None:
        raise hidden("O certificado da filial", branch.cnpj)
    return ok(await _summary(request, row, branch.cnpj))


@operation("Listar certificados", tag=TAG, scope="setup", responses={200: Listing[CertificateSummary]})
async def index(request: web.Request) -> web.Response:
    """Those in use, the soonest to end first: who sent each, when, and how long it still serves."""
    rows = await request.app[SERVICES].db.read(certificates.list_certificates)
    found = [await _summary(request, row) for row in rows if _covers(request, row.owner)]
    return ok(Listing(items=tuple(found), next=None))


@operation("Ver o certificado da empresa", tag=TAG, scope="setup", responses={200: CertificateSummary}, problems=(403, 404, 422))
async def show_root(request: web.Request) -> web.Response:
    """The certificate of a root CNPJ, as in the list."""
    root = _root(request)
    row = await request.app[SERVICES].db.read(lambda conn: certificates.active_certificate(conn, root))
    if row is None:
        raise hidden("O certificado da raiz", root)
    return ok(await _summary(request, row))


def _root(request: web.Request) -> str:
    root = request.match_info["root"].replace(".", "").upper()
    if not re.fullmatch(r"[0-9A-Z]{8}", root):
        raise bad("GW-ROOT", "root", "A raiz do CNPJ tem 8 caracteres.", "Informe os 8 primeiros caracteres do CNPJ da empresa.")
    if request[KEY].branches:
        raise Forbidden(
            "A chave só cobre algumas filiais, e este certificado é de todas.",
            code="GW-BRANCH",
            fix="Use uma chave de todas as filiais, ou envie o certificado da filial.",
        )
    return root


def _covers(request: web.Request, owner: str) -> bool:
    key = request[KEY]
    if len(owner) != ROOT:
        return sees(request, owner)
    return not key.branches or any(branch.startswith(owner) for branch in key.branches)


async def _summary(
    request: web.Request, row: CertificateRow, branch: str = "", chain: Followed | None = None
) -> CertificateSummary:
    services = request.app[SERVICES]
    zone = await request.app[ZONES].of(branch or row.owner)
    left = validity(row.not_after, services.clock.epoch_ms())
    return CertificateSummary(
        owner=row.owner,
        subject=row.subject,
        tax_id=row.tax_id,
        serial=row.serial,
        not_before=local(row.not_before, zone),
        not_after=local(row.not_after, zone),
        days_left=left.days_left,
        alert=left.step,
        urgency=left.urgency,
        urgency_label=URGENCY_LABELS[left.urgency],
        uploaded_at=local(row.created_at, zone),
        uploaded_by=row.actor,
        chain=None if chain is None else chain_told(chain),
    )
