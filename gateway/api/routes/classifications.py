"""`/v1/products/{sku}/classification`: which cClassTrib a product has, why not the others, and a person's decision."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Annotated, Any, Literal

from aiohttp import web
from msgspec import Meta, Struct

from gateway.api.auth import actor, hidden
from gateway.api.decode import read_json
from gateway.api.operation import operation
from gateway.api.presentation import local
from gateway.api.resources import Listing
from gateway.api.respond import bad, ok
from gateway.api.services import SERVICES
from gateway.nfe.operations import default
from gateway.nfe.product import Product
from gateway.nfe.reform.classification import classification, table_version
from gateway.nfe.reform.credits import reserved
from gateway.nfe.reform.determine import CONSUMER, Determination, determine
from gateway.store import access, classifications, orders, setup
from gateway.store.classifications import Decision

TAG = "Cadastro"
SCAN = 2000
"""Products looked at for one page of the undecided; the page says where to go on."""

State = Literal["decided", "chosen", "undecided", "affected"]
_LABELS: dict[State, str] = {
    "decided": "Decidida no cadastro",
    "chosen": "Escolhida pelos fatos",
    "undecided": "Espera uma decisão",
    "affected": "A tabela mudou depois da decisão",
}


class CandidateClass(Struct, frozen=True, kw_only=True):
    """A cClassTrib that the facts allow."""

    cclasstrib: str
    name: str
    why: str
    source: str


class ExcludedClass(Struct, frozen=True, kw_only=True):
    """A cClassTrib that the facts exclude."""

    cclasstrib: str
    reason: str
    source: str


class ChangedField(Struct, frozen=True, kw_only=True):
    """What the table said when it was decided, and what it says now; null is absent."""

    field: str
    before: Any
    after: Any


class DecisionTaken(Struct, frozen=True, kw_only=True):
    """origin: `person` (at this address) or `product` (stated in the product's body). version, row_hash: of the table then."""

    cclasstrib: str
    origin: str
    actor: str
    reason: str
    decided_at: str
    version: str
    row_hash: str
    changed: tuple[ChangedField, ...]


class ProductClassification(Struct, frozen=True, kw_only=True):
    """For a sale to a consumer inside the country, on `at`; exports, government and incentivised areas are judged by note."""

    sku: str
    ncm: str
    at: date
    state: State
    state_label: str
    cclasstrib: str | None
    name: str | None
    why: str
    candidates: tuple[CandidateClass, ...]
    excluded: tuple[ExcludedClass, ...]
    decision: DecisionTaken | None
    version: str


class Classify(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person's decision; an empty cclasstrib takes it back, and the facts decide or wait again."""

    cclasstrib: Annotated[str, Meta(pattern=r"^([0-9]{6})?$")]
    reason: Annotated[str, Meta(max_length=200)] = ""


@operation(
    "Explicar a classificação de IBS e CBS de um produto",
    tag=TAG,
    scope="setup",
    responses={200: ProductClassification},
    problems=(404,),
)
async def show(request: web.Request) -> web.Response:
    """Candidates with their condition, every other cClassTrib with the reason that excludes it, and the decision, if any."""
    product, decision = await _stored(request)
    return ok(_explained(request, product, decision))


@operation(
    "Decidir a classificação de IBS e CBS de um produto",
    tag=TAG,
    scope="setup",
    request=Classify,
    responses={200: ProductClassification},
    problems=(400, 404, 413, 422),
)
async def put(request: web.Request) -> web.Response:
    """Stores the decision with who, when and the table's row of now; orders parked for want of it go on by themselves."""
    body = await read_json(request, Classify)
    product, _ = await _stored(request)
    services = request.app[SERVICES]
    if body.cclasstrib:
        _check(body.cclasstrib, services.clock.now().astimezone(services.settings.zone).date())
    at, who = services.clock.epoch_ms(), actor(request)

    def write(conn: Any) -> tuple[Product, Decision | None]:
        now = classifications.classified(setup.get_product(conn, product.sku) or product, body.cclasstrib)
        setup.store_product(conn, now, at)
        if body.cclasstrib:
            classifications.decide(conn, now, origin="person", actor=who, reason=body.reason, at=at)
        else:
            classifications.withdraw(conn, now.sku)
        data = {"cclasstrib": body.cclasstrib}
        access.record(conn, actor=who, action="product.classify", subject=now.sku, at=at, data=data)
        orders.release_product_holds(conn)
        return now, classifications.decision_of(conn, now.sku)

    return ok(_explained(request, *await services.db.write(write)))


async def classification_list(request: web.Request, kind: str, after: str, limit: int) -> Listing[Product]:
    """A page of the products that are `undecided` or `affected`."""
    services = request.app[SERVICES]
    if kind == "affected":
        found = await services.db.read(lambda conn: classifications.affected_products(conn, after=after, limit=limit + 1))
        return Listing(items=tuple(found[:limit]), next=found[limit - 1].sku if len(found) > limit else None)
    day = services.clock.now().astimezone(services.settings.zone).date()
    open_: list[Product] = []
    looked = 0
    while looked < SCAN:
        page = await services.db.read(partial(setup.list_products, after=after, limit=setup.PAGE))
        for product in page:
            looked, after = looked + 1, product.sku
            if _determined(product, day).chosen is None:
                open_.append(product)
                if len(open_) == limit:
                    return Listing(items=tuple(open_), next=after)
        if len(page) < setup.PAGE:
            return Listing(items=tuple(open_), next=None)
    return Listing(items=tuple(open_), next=after)


async def _stored(request: web.Request) -> tuple[Product, Decision | None]:
    sku = request.match_info["sku"]

    def read(conn: Any) -> tuple[Product | None, Decision | None]:
        return setup.get_product(conn, sku), classifications.decision_of(conn, sku)

    product, decision = await request.app[SERVICES].db.read(read)
    if product is None:
        raise hidden("O produto", sku)
    return product, decision


def _check(code: str, day: date) -> None:
    known = classification(code, day)
    fix = "Escolha um dos candidatos de GET no mesmo endereço, ou outro código da tabela que valha na NF-e."
    if known is None:
        message = f"O cClassTrib {code} não existe na tabela {table_version()}, ou não vale hoje."
        raise bad("PRODUCT-CLASS-01", "$.cclasstrib", message, fix)
    if not known.models:
        raise bad("PRODUCT-CLASS-02", "$.cclasstrib", f"O cClassTrib {code} não é da NF-e nem da NFC-e.", fix)
    if code in reserved():
        message = f"O cClassTrib {code} ({known.name}) é de nota de crédito ou de débito, não de um produto."
        raise bad("PRODUCT-CLASS-03", "$.cclasstrib", message, fix)


def _determined(product: Product, day: date) -> Determination:
    return determine(product, default("venda", day), CONSUMER, day)


def _explained(request: web.Request, product: Product, decision: Decision | None) -> ProductClassification:
    services = request.app[SERVICES]
    day = services.clock.now().astimezone(services.settings.zone).date()
    found = _determined(product, day)
    chosen = None if found.chosen is None else classification(found.chosen, day)
    state: State = "undecided" if found.chosen is None else "chosen" if found.by == "facts" else "decided"
    if decision is not None and decision.affected:
        state = "affected"
    # A person may know more than the register says, or have mistaken a digit: both read it here.
    against = "" if found.by != "register" else next((one.reason for one in found.excluded if one.code == found.chosen), "")
    taken = None
    if decision is not None:
        taken = DecisionTaken(
            cclasstrib=decision.cclasstrib,
            origin=decision.origin,
            actor=decision.actor,
            reason=decision.reason,
            decided_at=local(decision.decided_at, services.settings.zone).isoformat(),
            version=decision.version,
            row_hash=decision.row_hash,
            changed=tuple(ChangedField(field=name, before=old, after=new) for name, old, new in decision.changed()),
        )
    return ProductClassification(
        sku=product.sku,
        ncm=product.ncm,
        at=day,
        state=state,
        state_label=_LABELS[state],
        cclasstrib=found.chosen,
        name=None if chosen is None else chosen.name,
        why=f"{found.why} Os fatos do cadastro o excluíam: {against}." if against else found.why,
        candidates=tuple(
            CandidateClass(cclasstrib=one.cclasstrib, name=one.name, why=one.why, source=one.source) for one in found.candidates
        ),
        excluded=tuple(ExcludedClass(cclasstrib=one.code, reason=one.reason, source=one.source) for one in found.excluded),
        decision=taken,
        version=found.version,
    )
