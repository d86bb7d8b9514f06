"""How a sale enters: composed, taxed, checked and dry-run first, then stored with its job in one transaction.

A bad sale never costs a number, and nothing of it is stored.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection

from gateway.core.clock import Clock, from_epoch_ms
from gateway.core.errors import IdempotencyConflict, NotFound, TransitionRefused, ValidationFailed
from gateway.core.faults import Fault
from gateway.core.taxid import Cnpj
from gateway.nfe import request as requests
from gateway.nfe.approximate_rates import NO_RATES, Rates, ncm_of
from gateway.nfe.branch import Branch
from gateway.nfe.build import new_cnf
from gateway.nfe.claims import Kept
from gateway.nfe.content import barrier, fingerprint
from gateway.nfe.contingency import EPEC
from gateway.nfe.epec import differences, epec_detail
from gateway.nfe.operations import BranchOperation
from gateway.nfe.product import Product
from gateway.nfe.request import AnyDraft, Request
from gateway.nfe.rulebook import BRASILIA
from gateway.nfe.rules import Mode
from gateway.nfe.sale import Sale
from gateway.store import contingencies, documents, fiscal_events, numbers, orders, rejections, returned, setup
from gateway.store.approximate_rates import rates_of
from gateway.store.branch_operations import operations_of
from gateway.store.csc import has_csc
from gateway.store.database import Database
from gateway.store.documents import DocumentRow, NewDocument
from gateway.store.reissues import refuse_attempt
from gateway.store.request_body import body_hash, same_body
from gateway.store.rule_modes import modes_of


async def accept_sale(
    db: Database, clock: Clock, sale: Request, *, origin: str = "api", origin_ref: str | None = None, model: str = "55"
) -> tuple[DocumentRow, bool]:
    """Accept the sale (or raw note) for issue; answers the document and whether this very one had been accepted before.

    Raises ValidationFailed with every fault (and then nothing is stored), IdempotencyConflict when the ref is taken by
    another body. After it returns the work survives the process.
    """
    digest = body_hash(sale, model)
    known = await db.read(lambda conn: documents.by_ref(conn, sale.ref))
    if known is not None:
        if not same_body(known.body_hash, known.request, known.model, digest):
            raise IdempotencyConflict(
                f"O ref {sale.ref!r} já foi usado com outro conteúdo.",
                fix="Use outro ref para outra venda, ou repita exatamente o mesmo conteúdo.",
            )
        return known, True
    draft = await prepare(db, clock, sale, model, fresh=True)
    new = new_document(draft, digest, origin=origin, origin_ref=origin_ref, model=model)
    taken = requests.claims(draft)
    at = clock.epoch_ms()

    def write(conn: Connection) -> tuple[DocumentRow, bool]:
        doc, replayed = documents.accept(conn, new, at=at)
        if taken and not replayed:
            returned.claim(conn, doc.id, taken, at)
        return doc, replayed

    return await db.write(write)


async def prepare(db: Database, clock: Clock, sale: Request, model: str = "55", *, fresh: bool = False) -> AnyDraft:
    """Compose the sale with its branch and products and dry-run it against the schema and the rules.

    `fresh`: it is to take a number, so a chosen one has to be free. Raises ValidationFailed with the faults of the body, of the
    set-up and of the document together.
    """
    at = clock.now()
    known = await db.read(lambda conn: _context(conn, sale, at))
    if not known.kept and requests.items_of(sale) <= _OFF_LOOP:
        drawn = _compose(sale, known, at, model)
        return requests.dry_run(await _with_set_up(db, drawn, at, fresh), at, known.modes)
    drawn = await asyncio.to_thread(_compose, sale, known, at, model)
    drawn = await _with_set_up(db, drawn, at, fresh)
    return await asyncio.to_thread(requests.dry_run, drawn, at, known.modes)


async def _with_set_up(db: Database, draft: AnyDraft, at: datetime, fresh: bool) -> AnyDraft:
    """The draft with the faults that only the store can tell: a CSC that is not kept, a chosen number that is taken."""
    moment = requests.issued_at(draft) or at
    coded = moment.tzinfo is not None and requests.needs_csc(draft, moment)
    asked = requests.asked(draft)
    numbered = fresh and requests.chosen_number(asked) is not None
    if not coded and not numbered:
        return draft

    def unmet(conn: Connection) -> list[Fault]:
        found: list[Fault] = []
        try:
            if coded:
                requests.require_csc(draft, has_csc(conn, Cnpj(asked.branch), draft.branch.environment), moment)
        except ValidationFailed as refused:
            found.extend(refused.faults)
        try:
            if numbered:
                _check_number(conn, draft)
        except ValidationFailed as refused:
            found.extend(refused.faults)
        return found

    found = await db.read(unmet)
    return requests.with_faults(draft, found) if found else draft


_OFF_LOOP = 20
"""Above this many items the composition leaves the event loop: it takes longer than a thread hop."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the store knows of a sale. kept: earlier documents it gives back; modes: the operator's, by code of rule; rates:
    approximate taxes of what it sells."""

    branch: Branch
    products: dict[str, Product]
    rows: tuple[BranchOperation, ...]
    kept: dict[str, Kept]
    modes: Mapping[str, Mode]
    rates: Rates


def _compose(sale: Request, known: _Known, at: datetime, model: str) -> AnyDraft:
    return requests.attempt(
        sale, known.branch, known.products, at=at, mod=model, operations=known.rows, kept=known.kept, rates=known.rates
    )


def _context(conn: Connection, sale: Request, at: datetime) -> _Known:
    try:
        cnpj = Cnpj(sale.branch)
    except ValueError as error:
        raise ValidationFailed(
            [
                Fault(
                    code="NFE-BRANCH-01",
                    path=requests.branch_path(sale),
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
                    path=requests.branch_path(sale),
                    message=f"A filial {cnpj.formatted()} não está cadastrada.",
                    fix="Cadastre a filial em PUT /v1/branches/{cnpj} ou confira o CNPJ enviado.",
                )
            ]
        )
    kept = returned.kept(conn, requests.origins(sale), cnpj, branch.environment)
    products = setup.products_by_sku(conn, requests.skus(sale))
    return _Known(
        branch=branch,
        products=products,
        rows=operations_of(conn, cnpj),
        kept=kept,
        modes=modes_of(conn, branch.environment),
        rates=_rates(conn, sale, branch, products, at),
    )


def _rates(conn: Connection, sale: Request, branch: Branch, products: Mapping[str, Product], at: datetime) -> Rates:
    """Of the products that have no approximate taxes of their own, where the branch tells them."""
    if branch.approximate_taxes != "on" or not isinstance(sale, Sale):
        return NO_RATES
    sold = (item.product or products.get(item.sku) for item in sale.items)
    codes = {ncm_of(product) for product in sold if product is not None and product.approximate_tax is None}
    moment = at if sale.issued_at is None or sale.issued_at.tzinfo is None else sale.issued_at
    return rates_of(conn, branch.address.uf, codes, moment.astimezone(BRASILIA).date()) if codes else NO_RATES


def _check_number(conn: Connection, draft: AnyDraft) -> None:
    """Refuses a number of the caller's choice that is taken, while it still costs nothing. Raises ValidationFailed."""
    asked, series = requests.asked(draft), requests.series(draft)
    number = requests.chosen_number(asked)
    if number is not None:
        branch = draft.branch
        numbers.refuse_taken(
            conn, branch=Cnpj(asked.branch), model=draft.mod, series=series, environment=branch.environment, number=number
        )


def new_document(draft: AnyDraft, digest: bytes, *, origin: str, origin_ref: str | None, model: str) -> NewDocument:
    """The row a draft becomes."""
    sale = requests.asked(draft)
    return NewDocument(
        ref=sale.ref,
        body_hash=digest,
        branch=Cnpj(sale.branch),
        model=model,
        environment=draft.branch.environment,
        series=requests.series(draft),
        origin=origin,
        origin_ref=origin_ref,
        request=msgspec.json.encode(sale).decode(),
        total=draft.total,
        customer_name=draft.customer_name,
        customer_tax_id=draft.customer_tax_id,
        warnings=draft.foreseen.warnings,
    )


async def retry_sale(db: Database, clock: Clock, document: str, sale: Request | None, *, force: bool = False) -> DocumentRow:
    """Try a rejected document again on the number it holds, with a corrected sale under the same ref when one is given.

    The same content that SEFAZ refused three times in an hour is refused here, and so is the note of an order cancelled at its
    marketplace, unless a person says `force`: the cause was put right outside the note.

    Raises NotFound, TransitionRefused (not rejected), ValidationFailed (another ref, or a sale that cannot be composed); then
    nothing has changed.
    """
    doc = await db.read(lambda conn: documents.get(conn, document))
    if doc is None:
        raise NotFound(f"O documento {document} não existe.")
    refuse_attempt(doc)
    corrected = sale if sale is not None else requests.decode_request(doc.request)
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
    number, series = requests.chosen_number(corrected), requests.chosen_series(draft)
    if draft.mod != doc.model or series not in (None, doc.series) or (number is not None and doc.number not in (None, number)):
        raise ValidationFailed([_other_number(doc)])
    draft = requests.in_series(draft, doc.series)
    if doc.number is None:
        await db.read(lambda conn: _check_number(conn, draft))
    handed = await db.read(lambda conn: contingencies.handed_over(conn, doc.id))
    if handed == EPEC:
        await db.read(lambda conn: _refuse_other_epec(conn, doc, draft))
    elif handed is not None:
        _refuse_other_sale(doc, draft)
    digest = body_hash(corrected, doc.model)
    at = clock.epoch_ms()
    new = new_document(draft, digest, origin=doc.origin, origin_ref=doc.origin_ref, model=doc.model)
    cnf = requests.cnf_of(corrected, random_cnf)
    if not force:
        await db.read(lambda conn: _refuse_repetition(conn, doc, draft, at))
    taken = requests.claims(draft)

    def write(conn: Connection) -> DocumentRow:
        returned.claim(conn, doc.id, taken, at)
        return documents.resubmit(conn, doc.id, new, at=at, cnf=cnf, chosen=number)

    return await db.write(write)


def _refuse_other_sale(doc: DocumentRow, draft: AnyDraft) -> None:
    """Raises ValidationFailed when a correction changes what the buyer of an off-line note already holds on paper."""
    if (draft.total, draft.customer_tax_id) == (doc.total, doc.customer_tax_id):
        return
    changed = "$.customer" if draft.total == doc.total else "$.items"
    message = "Esta NFC-e já foi entregue ao comprador off-line: a correção não pode mudar o valor nem o comprador."
    fix = f"Mantenha o total de R$ {doc.total} e o mesmo comprador; se isso não for possível, inutilize o número e emita outra."
    raise ValidationFailed([Fault(code="NFCE-OFFLINE-01", path=changed, message=message, fix=fix)])


def _refuse_other_epec(conn: Connection, doc: DocumentRow, draft: AnyDraft) -> None:
    """Raises ValidationFailed when a correction would say otherwise than the EPEC that was registered for the note (467)."""
    epec = fiscal_events.epec_of(conn, doc.id)
    if epec is None or doc.number is None or doc.cnf is None or doc.issued_at is None:
        return
    issued = from_epoch_ms(doc.issued_at).astimezone(ZoneInfo(draft.branch.time_zone)).replace(microsecond=0)
    built = requests.build(draft, number=doc.number, cNF=doc.cnf, dhEmi=issued)
    changed = differences(epec.values, epec_detail(built.note.infNFe))
    if changed:
        message = f"O EPEC desta nota já foi registrado, e a correção mudaria {', '.join(changed)}."
        fix = "Mantenha o que o EPEC diz. Se não for possível, transmita a nota como está e emita outra para a diferença."
        raise ValidationFailed(
            [Fault(code="NFE-EPEC-01", path="$", message=message, fix=fix, source="NT 2014.001, rejeição 467")]
        )


def _refuse_repetition(conn: Connection, doc: DocumentRow, draft: AnyDraft, at: int) -> None:
    """Raises TransitionRefused for what would be refused again, or is no longer wanted."""
    order = orders.get(conn, doc.origin_ref) if doc.origin == "vtex" and doc.origin_ref else None
    if order is not None and order.state == "cancelled":
        raise TransitionRefused(
            "O pedido desta nota foi cancelado no marketplace.",
            code="NFE-ORDER-CANCELLED",
            fix="Não a emita. Se ainda assim ela deve sair, repita com force=true.",
        )
    if doc.number is None or doc.cnf is None:
        return
    moment = requests.issued_at(draft) or from_epoch_ms(at)
    issued = moment.astimezone(ZoneInfo(draft.branch.time_zone)).replace(microsecond=0)
    built = requests.build(draft, number=doc.number, cNF=doc.cnf, dhEmi=issued)
    if (found := rejections.barred(conn, doc.id, fingerprint(built.xml))) is not None:
        minutes = max(1, round(found[1] / 60))
        raise TransitionRefused(
            f"A SEFAZ já recusou este mesmo conteúdo {barrier().limit} vezes na última hora (rejeição {found[0]}); repetir pode "
            "bloquear a filial (656).",
            code="NFE-REPEATED",
            fix=f"Corrija a nota, espere {minutes} min, ou repita com force=true se a causa foi corrigida fora dela.",
        )


def _other_number(doc: DocumentRow) -> Fault:
    held = f"série {doc.series}" if doc.number is None else f"série {doc.series}, número {doc.number}"
    return Fault(
        code="NFE-RETRY-02",
        path="$",
        message=f"A nota rejeitada é do modelo {doc.model}, {held}, e a correção precisa manter isso.",
        fix="Informe o mesmo modelo, a mesma série e o mesmo número, ou emita outra nota com outra ref.",
    )


def random_cnf(number: int) -> str:
    """The random part of the chave of a number, from the system's generator."""
    return new_cnf(number, secrets.randbits)


async def preview_sale(db: Database, clock: Clock, sale: Request, model: str = "55") -> tuple[bytes, Decimal, tuple[Fault, ...]]:
    """The unsigned XML with a placeholder number, the total in reais, and what its caller is warned of. Stores nothing.

    The QR code of a NFC-e has the right shape and no worth. Raises ValidationFailed.
    """
    draft = await prepare(db, clock, sale, model)
    zone = ZoneInfo(draft.branch.time_zone)
    moment = clock.now().astimezone(zone).replace(microsecond=0)
    built = requests.build(draft, number=1, cNF="00000002", dhEmi=moment)
    return requests.rehearsed(built, draft, moment).xml, draft.total, draft.foreseen.warnings
