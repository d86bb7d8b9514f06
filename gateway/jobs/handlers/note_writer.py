"""Number, content and signature of a note: what an accepted request becomes before any of it is stored as bytes."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from functools import partial
from zoneinfo import ZoneInfo

from gateway.core.clock import Clock, from_epoch_ms
from gateway.jobs.certificates import Certificates
from gateway.jobs.handlers.found import Found
from gateway.nfe import request as requests
from gateway.nfe.branch import Branch
from gateway.nfe.build import Built
from gateway.nfe.certificate import Certificate
from gateway.nfe.contingency import Emission
from gateway.nfe.product import Product
from gateway.nfe.qrcode import Csc
from gateway.nfe.request import AnyDraft, Request
from gateway.nfe.signature import Signed, sign
from gateway.store import documents, returned, setup
from gateway.store.database import Database
from gateway.store.documents import DocumentRow
from gateway.store.intake import random_cnf


class NoteWriter:
    """Writes and signs notes; keeps nothing but their numbers."""

    def __init__(self, db: Database, clock: Clock, certificates: Certificates) -> None:
        self._db = db
        self._clock = clock
        self._certificates = certificates

    async def signed(self, found: Found, certificate: Certificate) -> tuple[DocumentRow, Decimal, Built, Signed]:
        """Number (stored), build and sign (not yet stored). Answers the total in reais too. Raises ValidationFailed."""
        doc = found.doc
        sale = requests.decode_request(doc.request)
        products = await self._products(sale)
        drawn = await self._draft(found, sale, products)
        draft = requests.in_series(drawn, doc.series)
        csc = await self._csc(draft, doc)
        at = self._clock.epoch_ms()
        chosen, cnf = requests.chosen_number(sale), requests.cnf_of(sale, random_cnf)
        doc = await self._db.write(lambda conn: documents.take_number(conn, doc.id, at=at, cnf=cnf, chosen=chosen))
        built, signed = await asyncio.to_thread(_build_and_sign, draft, doc, found.branch, certificate, csc, found.emission)
        return doc, draft.total, built, signed

    async def _draft(self, found: Found, sale: Request, products: dict[str, Product]) -> AnyDraft:
        """As it was accepted: of earlier documents, what was left of their items when this one claimed its part."""
        doc, chaves = found.doc, requests.origins(sale)
        compose = partial(
            requests.draft,
            sale,
            found.branch,
            products,
            at=self._clock.now(),
            mod=doc.model,
            operations=found.operations,
        )
        if not chaves:
            return compose()
        kept = await self._db.read(lambda conn: returned.kept(conn, chaves, doc.branch, doc.environment, doc.id))
        return await asyncio.to_thread(compose, kept=kept)

    async def _csc(self, draft: AnyDraft, doc: DocumentRow) -> Csc | None:
        """The CSC, for a document that needs one. Raises ValidationFailed before a number is taken when there is none."""
        moment = requests.issued_at(draft) or self._clock.now()
        if not requests.needs_csc(draft, moment):
            return None
        csc = await self._certificates.csc(doc.branch, doc.environment)
        requests.require_csc(draft, csc is not None, moment)
        return csc

    async def _products(self, sale: Request) -> dict[str, Product]:
        skus = requests.skus(sale)
        if not skus:
            return {}
        return await self._db.read(lambda conn: setup.products_by_sku(conn, skus))


def _build_and_sign(
    draft: AnyDraft,
    doc: DocumentRow,
    branch: Branch,
    certificate: Certificate,
    csc: Csc | None,
    emission: Emission | None,
) -> tuple[Built, Signed]:
    assert doc.number is not None and doc.cnf is not None and doc.issued_at is not None
    moment = requests.issued_at(draft) or from_epoch_ms(doc.issued_at)
    issued = moment.astimezone(ZoneInfo(branch.time_zone)).replace(microsecond=0)
    built = requests.build(draft, number=doc.number, cNF=doc.cnf, dhEmi=issued, emission=emission)
    built = requests.supplemented(built, draft, dhEmi=issued, csc=csc, sign=certificate.sign_sha1)
    return built, sign(built.xml, certificate)
