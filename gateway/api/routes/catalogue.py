"""`/v1/products` and `/v1/customers`: what is sold and to whom."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from gateway.api.auth import actor, hidden
from gateway.api.decode import read_json
from gateway.api.operation import LIMIT, Parameter, operation
from gateway.api.presentation import local
from gateway.api.resources import Listing, StoredCustomer
from gateway.api.respond import bad, choices, ok, page_limit
from gateway.api.routes.classifications import classification_list
from gateway.api.services import SERVICES
from gateway.core.taxid import Cnpj, Cpf, parse_tax_id
from gateway.nfe.product import Product
from gateway.nfe.sale import Customer
from gateway.store import access, orders, setup
from gateway.store.setup import CustomerRow

TAG = "Cadastro"
_AFTER = Parameter("cursor", "`next` of the previous page")


_CLASSIFICATION = Parameter(
    "classification", "`undecided`: nobody chose a cClassTrib; `affected`: the table changed after the decision"
)


@operation(
    "Listar produtos",
    tag=TAG,
    scope="setup",
    responses={200: Listing[Product]},
    parameters=(_AFTER, LIMIT, _CLASSIFICATION),
    problems=(422,),
)
async def list_products(request: web.Request) -> web.Response:
    """By sku. `classification` leaves only those that a person has to look at."""
    after, limit = request.query.get("cursor", ""), page_limit(request)
    kinds = choices(request, "classification", ("undecided", "affected"))
    if kinds:
        return ok(await classification_list(request, kinds[0], after, limit))
    found = await request.app[SERVICES].db.read(lambda conn: setup.list_products(conn, after=after, limit=limit + 1))
    return ok(Listing(items=tuple(found[:limit]), next=found[limit - 1].sku if len(found) > limit else None))


@operation("Ver um produto", tag=TAG, scope="setup", responses={200: Product}, problems=(404,))
async def show_product(request: web.Request) -> web.Response:
    """By sku (percent-encoded)."""
    sku = request.match_info["sku"]
    found = await request.app[SERVICES].db.read(lambda conn: setup.get_product(conn, sku))
    if found is None:
        raise hidden("O produto", sku)
    return ok(found)


@operation(
    "Cadastrar ou alterar um produto",
    tag=TAG,
    scope="setup",
    request=Product,
    responses={200: Product, 201: Product},
    problems=(400, 413, 422),
)
async def put_product(request: web.Request) -> web.Response:
    """Stores the product whole. Orders parked for want of it go on by themselves.

    `tax.cclasstrib` is a decision on IBS and CBS; without it, what was decided at `/classification` stays.
    """
    product = await read_json(request, Product)
    if product.sku != request.match_info["sku"]:
        raise bad("PRODUCT-SKU", "$.sku", "O sku do corpo não é o do endereço.", "Use o mesmo sku nos dois lugares.")
    services = request.app[SERVICES]
    at, who = services.clock.epoch_ms(), actor(request)

    def write(conn: Any) -> tuple[bool, Product]:
        new = setup.put_product(conn, product, at, actor=who)
        access.record(conn, actor=who, action="product.put", subject=product.sku, at=at)
        orders.release_product_holds(conn)
        return new, setup.get_product(conn, product.sku) or product

    new, stored = await services.db.write(write)
    return ok(stored, status=201 if new else 200)


@operation("Listar clientes", tag=TAG, scope="setup", responses={200: Listing[StoredCustomer]}, parameters=(_AFTER, LIMIT))
async def list_customers(request: web.Request) -> web.Response:
    """By CPF or CNPJ."""
    after, limit = request.query.get("cursor", ""), page_limit(request)
    found = await request.app[SERVICES].db.read(lambda conn: setup.list_customers(conn, after=after, limit=limit + 1))
    items = tuple(_stored(request, row) for row in found[:limit])
    return ok(Listing(items=items, next=found[limit - 1].customer.tax_id if len(found) > limit else None))


@operation("Ver um cliente", tag=TAG, scope="setup", responses={200: StoredCustomer}, problems=(404, 422))
async def show_customer(request: web.Request) -> web.Response:
    """By CPF or CNPJ, with or without punctuation."""
    tax_id = _tax_id(request)
    found = await request.app[SERVICES].db.read(lambda conn: setup.get_customer(conn, tax_id))
    if found is None:
        raise hidden("O cliente", tax_id)
    return ok(_stored(request, found))


@operation(
    "Cadastrar ou alterar um cliente",
    tag=TAG,
    scope="setup",
    request=Customer,
    responses={200: StoredCustomer},
    problems=(400, 413, 422),
)
async def put_customer(request: web.Request) -> web.Response:
    """Stores the customer whole; what marketplaces say later only fills what is empty."""
    tax_id = _tax_id(request)
    customer = await read_json(request, Customer)
    try:
        same = parse_tax_id(customer.tax_id) == tax_id
    except ValueError as error:
        raise bad("GW-TAX-ID", "$.tax_id", f"CPF ou CNPJ inválido: {error}.", "Confira o documento.") from error
    if not same:
        fix = "Use o mesmo documento nos dois lugares."
        raise bad("CUSTOMER-TAX-ID", "$.tax_id", "O documento do corpo não é o do endereço.", fix)
    if len(customer.name.strip()) < 2:
        raise bad("CUSTOMER-NAME", "$.name", "O cliente precisa de nome, com 2 caracteres ou mais.", "Informe o nome.")
    customer = msgspec.structs.replace(customer, tax_id=str(tax_id))
    services = request.app[SERVICES]
    at, who = services.clock.epoch_ms(), actor(request)

    def write(conn: Any) -> CustomerRow:
        row = setup.put_customer(conn, customer, at=at)
        access.record(conn, actor=who, action="customer.put", subject=customer.tax_id, at=at)
        return row

    return ok(_stored(request, await services.db.write(write)))


def _tax_id(request: web.Request) -> Cnpj | Cpf:
    try:
        return parse_tax_id(request.match_info["tax_id"])
    except ValueError as error:
        raise bad("GW-TAX-ID", "tax_id", f"CPF ou CNPJ inválido no endereço: {error}.", "Confira o documento.") from error


def _stored(request: web.Request, row: CustomerRow) -> StoredCustomer:
    zone = request.app[SERVICES].settings.zone
    return StoredCustomer(customer=row.customer, origin=row.origin, updated_at=local(row.updated_at, zone))
