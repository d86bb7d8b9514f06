"""How a sale enters: composed, taxed, checked and dry-run first, then stored with its job in one transaction.

A bad sale never costs a number, and nothing of it is stored.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection

from gateway.core.clock import Clock
from gateway.core.errors import IdempotencyConflict, NotFound, ValidationFailed
from gateway.core.faults import Fault
from gateway.core.taxid import Cnpj
from gateway.nfe.branch import Branch
from gateway.nfe.build import build, dry_run, new_cnf
from gateway.nfe.compose import compose
from gateway.nfe.draft import Draft
from gateway.nfe.sale import Product, Sale
from gateway.nfe.supplement import needs_csc, rehearsed, require_csc
from gateway.store import documents, setup
from gateway.store.csc import has_csc
from gateway.store.database import Database
from gateway.store.documents import DocumentRow, NewDocument


def body_hash(sale: Sale, model: str = "55") -> bytes:
    """What makes two bodies the same: their content once decoded, not their spacing or key order; and the model asked for."""
    told = b"" if model == "55" else model.encode()
    return hashlib.sha256(told + msgspec.json.encode(sale)).digest()


async def accept_sale(
    db: Database, clock: Clock, sale: Sale, *, origin: str = "api", origin_ref: str | None = None, model: str = "55"
) -> tuple[DocumentRow, bool]:
    """Accept the sale for issue; answers the document and whether this exact sale had been accepted before.

    Raises ValidationFailed with every fault (and then nothing is stored), IdempotencyConflict when the ref is taken by
    another body. After it returns the work survives the process.
    """
    digest = body_hash(sale, model)
    known = await db.read(lambda conn: documents.by_ref(conn, sale.ref))
    if known is not None:
        if known.body_hash != digest:
            raise IdempotencyConflict(
                f"O ref {sale.ref!r} já foi usado com outro conteúdo.",
                fix="Use outro ref para outra venda, ou repita exatamente o mesmo conteúdo.",
            )
        return known, True
    draft = await prepare(db, clock, sale, model)
    new = new_document(draft, digest, origin=origin, origin_ref=origin_ref, model=model)
    at = clock.epoch_ms()
    return await db.write(lambda conn: documents.accept(conn, new, at=at))


async def prepare(db: Database, clock: Clock, sale: Sale, model: str = "55") -> Draft:
    """Compose the sale with its branch and products and dry-run it against the schema. Raises ValidationFailed."""
    branch, products = await db.read(lambda conn: _context(conn, sale))
    at = clock.now()
    if len(sale.items) > _OFF_LOOP:
        draft = await asyncio.to_thread(_compose, sale, branch, products, at, model)
    else:
        draft = _compose(sale, branch, products, at, model)
    if needs_csc(draft, sale.issued_at or at):
        kept = await db.read(lambda conn: has_csc(conn, draft.emit.CNPJ or "", branch.environment))
        require_csc(draft, kept, sale.issued_at or at)
    return draft


_OFF_LOOP = 20
"""Above this many items the composition leaves the event loop: it takes longer than a thread hop."""


def _compose(sale: Sale, branch: Branch, products: Mapping[str, Product], at: datetime, model: str) -> Draft:
    draft = compose(sale, branch, products, at=at, mod=model)
    dry_run(draft, at)
    return draft


def _context(conn: Connection, sale: Sale) -> tuple[Branch, dict[str, Product]]:
    try:
        cnpj = Cnpj(sale.branch)
    except ValueError as error:
        raise ValidationFailed(
            [
                Fault(
                    code="NFE-BRANCH-01",
                    path="$.branch",
                    message=f"CNPJ da filial inválido: {error}.",
                    fix="Confira o CNPJ da filial emitente.",
                )
            ]
        ) from error
    branch = setup.get_branch(conn, cnpj)
    if branch is None:
        raise ValidationFailed(
            [
                Fault(
                    code="NFE-BRANCH-02",
                    path="$.branch",
                    message=f"A filial {cnpj.formatted()} não está cadastrada.",
                    fix="Cadastre a filial em PUT /v1/branches/{cnpj} ou confira o CNPJ enviado.",
                )
            ]
        )
    skus = [item.sku for item in sale.items if item.product is None]
    return branch, setup.products_by_sku(conn, skus)


def new_document(draft: Draft, digest: bytes, *, origin: str, origin_ref: str | None, model: str) -> NewDocument:
    """The row a draft becomes."""
    sale = draft.sale
    return NewDocument(
        ref=sale.ref,
        body_hash=digest,
        branch=Cnpj(sale.branch),
        model=model,
        environment=draft.branch.environment,
        series=draft.header.serie,
        origin=origin,
        origin_ref=origin_ref,
        request=msgspec.json.encode(sale).decode(),
        total=draft.total,
        customer_name=draft.customer_name,
        customer_tax_id=draft.customer_tax_id,
    )


async def retry_sale(db: Database, clock: Clock, document: str, sale: Sale | None) -> DocumentRow:
    """Try a rejected document again on the number it holds, with a corrected sale under the same ref when one is given.

    Raises NotFound, TransitionRefused (not rejected), ValidationFailed (another ref, or a sale that cannot be composed); then
    nothing has changed.
    """
    doc = await db.read(lambda conn: documents.get(conn, document))
    if doc is None:
        raise NotFound(f"O documento {document} não existe.")
    corrected = sale if sale is not None else msgspec.json.decode(doc.request, type=Sale)
    if corrected.ref != doc.ref or Cnpj(corrected.branch) != doc.branch:
        raise ValidationFailed(
            [
                Fault(
                    code="NFE-RETRY-01",
                    path="$.ref" if corrected.ref != doc.ref else "$.branch",
                    message="A correção precisa ter o mesmo ref e a mesma filial da nota rejeitada.",
                    fix=f"Use o ref {doc.ref!r} e a filial {doc.branch}.",
                )
            ]
        )
    draft = await prepare(db, clock, corrected, doc.model)
    digest = body_hash(corrected, doc.model)
    at = clock.epoch_ms()
    new = new_document(draft, digest, origin=doc.origin, origin_ref=doc.origin_ref, model=doc.model)
    return await db.write(lambda conn: documents.resubmit(conn, doc.id, new, at=at, cnf=random_cnf))


def random_cnf(number: int) -> str:
    """The random part of the chave of a number, from the system's generator."""
    return new_cnf(number, secrets.randbits)


async def preview_sale(db: Database, clock: Clock, sale: Sale, model: str = "55") -> tuple[bytes, Decimal]:
    """The unsigned XML with a placeholder number, and the total in reais. Stores nothing. Raises ValidationFailed.

    The QR code of a NFC-e has the right shape and no worth.
    """
    draft = await prepare(db, clock, sale, model)
    zone = ZoneInfo(draft.branch.time_zone)
    moment = clock.now().astimezone(zone).replace(microsecond=0)
    built = build(draft, number=1, cNF="00000002", dhEmi=moment)
    return rehearsed(built, draft, moment).xml, draft.total
