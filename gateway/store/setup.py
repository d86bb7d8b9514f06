"""Units of work over what is configured: branches, products, customers, VTEX accounts.

Secrets enter sealed by the vault and leave only through `vtex_access` and `hook_secret`.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct
from sqlalchemy import Column, Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from gateway.core.errors import NotFound
from gateway.core.taxid import parse_tax_id
from gateway.nfe.branch import Branch
from gateway.nfe.product import Product
from gateway.nfe.sale import Customer
from gateway.store import classifications
from gateway.store.tables import branches, customers, products, vtex_accounts
from gateway.store.vault import Vault
from gateway.workflows.order_policy import OrderPolicy
from gateway.workflows.ports import MarketplaceAccess

PAGE = 200
"""Most rows a list of this module answers at once; go on with `after`."""


def _json(value: Struct) -> str:
    return msgspec.json.encode(value).decode()


def _upsert(conn: Connection, key: Column[str], value: str, values: dict[str, Any], once: dict[str, Any]) -> bool:
    """Update the row of `key`, or insert it with `once` besides; True when it is new. Safe against a twin on PostgreSQL."""
    change = update(key.table).where(key == value).values(**values)
    if conn.execute(change).rowcount:
        return False
    try:
        with conn.begin_nested():
            conn.execute(insert(key.table).values({key.name: value, **values, **once}))
    except IntegrityError:
        if not conn.execute(change).rowcount:
            raise
        return False
    return True


def put_branch(conn: Connection, branch: Branch, at: int) -> bool:
    """Store the branch as it now is; True when it is new. `branch.cnpj` must already be without punctuation."""
    return _upsert(conn, branches.c.cnpj, branch.cnpj, {"config": _json(branch), "updated_at": at}, {"created_at": at})


def get_branch(conn: Connection, cnpj: str) -> Branch | None:
    """The branch of this CNPJ (14 characters), or None."""
    config = conn.execute(select(branches.c.config).where(branches.c.cnpj == cnpj)).scalar()
    return None if config is None else msgspec.json.decode(config, type=Branch)


def list_branches(conn: Connection, *, after: str = "", limit: int = PAGE) -> list[Branch]:
    """Branches by CNPJ, from the one after `after`."""
    query = select(branches.c.config).where(branches.c.cnpj > after).order_by(branches.c.cnpj).limit(limit)
    return [msgspec.json.decode(config, type=Branch) for config in conn.execute(query).scalars()]


def put_product(conn: Connection, product: Product, at: int, *, actor: str = "setup") -> bool:
    """Store the product as it now is; True when it is new.

    A cClassTrib it states is a decision by `actor`; without one, what a person decided of it before stays.
    """
    new = store_product(conn, product, at)
    settled = classifications.settled(conn, product, actor=actor, at=at)
    if settled != product:
        store_product(conn, settled, at)
    return new


def store_product(conn: Connection, product: Product, at: int) -> bool:
    """Write the product's row, and nothing besides; True when it is new."""
    values: dict[str, Any] = {
        "gtin": product.gtin or None,
        "reference": product.reference or None,
        "data": _json(product),
        "updated_at": at,
    }
    return _upsert(conn, products.c.sku, product.sku, values, {})


def get_product(conn: Connection, sku: str) -> Product | None:
    """By its sku."""
    data = conn.execute(select(products.c.data).where(products.c.sku == sku)).scalar()
    return None if data is None else msgspec.json.decode(data, type=Product)


def products_by_sku(conn: Connection, skus: Sequence[str]) -> dict[str, Product]:
    """Those of `skus` that exist, by sku."""
    found: dict[str, Product] = {}
    wanted = list(dict.fromkeys(skus))
    for start in range(0, len(wanted), 500):  # SQLite bounds the variables of one statement
        query = select(products.c.sku, products.c.data).where(products.c.sku.in_(wanted[start : start + 500]))
        found.update({row.sku: _product(row.data) for row in conn.execute(query)})
    return found


@lru_cache(maxsize=16384)
def _product(data: str) -> Product:
    """The product of a stored text: the very same value for the same text, so that what is known of it is found again."""
    return msgspec.json.decode(data, type=Product)


def find_product(conn: Connection, *, sku: str = "", gtin: str = "", reference: str = "") -> Product | None:
    """The product a marketplace's row means: the first of these that names exactly one.

    Its reference (the store's own code) as ours or as our sku, then its GTIN, then the marketplace's own id as our sku, last
    because two catalogues may number from 1. An ambiguous code finds nothing.
    """
    lookups = (
        (products.c.reference, reference),
        (products.c.sku, reference),
        (products.c.gtin, gtin),
        (products.c.sku, sku),
    )
    for column, value in lookups:
        if value:
            found = conn.execute(select(products.c.data).where(column == value).limit(2)).scalars().all()
            if len(found) == 1:
                return msgspec.json.decode(found[0], type=Product)
    return None


def list_products(conn: Connection, *, after: str = "", limit: int = PAGE) -> list[Product]:
    """Products by sku, from the one after `after`."""
    query = select(products.c.data).where(products.c.sku > after).order_by(products.c.sku).limit(limit)
    return [msgspec.json.decode(data, type=Product) for data in conn.execute(query).scalars()]


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer and who told us of it last: `api`, or a marketplace such as `vtex:account`."""

    customer: Customer
    origin: str
    created_at: int
    updated_at: int


def put_customer(conn: Connection, customer: Customer, *, at: int) -> CustomerRow:
    """Store the customer as the store system says. `tax_id` loses its punctuation; ValueError when it is no CPF or CNPJ."""
    customer = msgspec.structs.replace(customer, tax_id=str(parse_tax_id(customer.tax_id)))
    return _store(conn, customer, get_customer(conn, customer.tax_id), origin="api", at=at)


def learn_customer(conn: Connection, customer: Customer, *, origin: str, at: int) -> CustomerRow:
    """Insert a customer that a marketplace told of, or fill what is empty of a known one.

    A marketplace's typing never overwrites what the store keyed in. ValueError when `tax_id` is no CPF or CNPJ.
    """
    customer = msgspec.structs.replace(customer, tax_id=str(parse_tax_id(customer.tax_id)))
    known = get_customer(conn, customer.tax_id)
    if known is None:
        return _store(conn, customer, None, origin=origin, at=at)
    return _store(conn, _filled(known.customer, customer), known, origin=known.origin, at=at)


def _store(conn: Connection, customer: Customer, known: CustomerRow | None, *, origin: str, at: int) -> CustomerRow:
    if known is not None and (customer, origin) == (known.customer, known.origin):
        return known
    row = CustomerRow(customer, origin, known.created_at if known else at, at)
    values = {"name": customer.name, "data": _json(customer), "origin": origin, "updated_at": at}
    _upsert(conn, customers.c.tax_id, customer.tax_id, values, {"created_at": row.created_at})
    return row


def _filled(known: Customer, news: Customer) -> Customer:
    empty = {name: value for name in Customer.__struct_fields__ if (value := getattr(known, name)) in ("", None)}
    return msgspec.structs.replace(known, **{name: getattr(news, name) for name in empty})


def get_customer(conn: Connection, tax_id: str) -> CustomerRow | None:
    """By CPF or CNPJ without punctuation."""
    found = conn.execute(select(customers).where(customers.c.tax_id == tax_id)).one_or_none()
    if found is None:
        return None
    return CustomerRow(msgspec.json.decode(found.data, type=Customer), found.origin, found.created_at, found.updated_at)


def list_customers(conn: Connection, *, after: str = "", limit: int = PAGE) -> list[CustomerRow]:
    """Customers by tax id, from the one after `after`."""
    query = select(customers).where(customers.c.tax_id > after).order_by(customers.c.tax_id).limit(limit)
    return [
        CustomerRow(msgspec.json.decode(row.data, type=Customer), row.origin, row.created_at, row.updated_at)
        for row in conn.execute(query)
    ]


class VtexAccountConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How orders of one account are treated; nothing here is secret.

    base_url: empty means `https://{account}.vtexcommercestable.com.br`. policy: how an order becomes a sale. auto_invoice: push
    the invoice as soon as the note is authorised; without it a person asks for it.
    """

    base_url: Annotated[str, Meta(max_length=200)] = ""
    policy: OrderPolicy = OrderPolicy()
    auto_invoice: bool = True


@dataclass(frozen=True, slots=True)
class VtexAccountRow:
    """An account and the branch that bills its orders."""

    account: str
    branch: str
    config: VtexAccountConfig
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True, repr=False)
class VtexAccess:
    """Everything needed to serve one account, secrets opened. Never printed."""

    access: MarketplaceAccess
    branch: str
    hook_secret: str
    config: VtexAccountConfig

    def __repr__(self) -> str:
        return f"VtexAccess({self.access.account!r})"

    def accepts(self, secret: str) -> bool:
        """Whether a notification carried the account's secret, compared in constant time."""
        return hmac.compare_digest(self.hook_secret.encode(), secret.encode())


def put_vtex_account(
    conn: Connection,
    vault: Vault,
    account: str,
    *,
    branch: str,
    config: VtexAccountConfig,
    app_key: str,
    app_token: str,
    hook_secret: str,
    at: int,
) -> bool:
    """Store the account as it now is; True when it is new. Raises NotFound for an unknown branch."""
    if conn.execute(select(branches.c.cnpj).where(branches.c.cnpj == branch)).scalar() is None:
        raise NotFound(f"A filial {branch} não está cadastrada.", fix="Cadastre a filial em PUT /v1/branches/{cnpj}.")
    values: dict[str, Any] = {
        "branch": branch,
        "config": _json(config),
        "app_key": vault.seal(app_key),
        "app_token": vault.seal(app_token),
        "hook_secret": vault.seal(hook_secret),
        "updated_at": at,
    }
    return _upsert(conn, vtex_accounts.c.account, account, values, {"created_at": at})


_ACCOUNT = (
    vtex_accounts.c.account,
    vtex_accounts.c.branch,
    vtex_accounts.c.config,
    vtex_accounts.c.created_at,
    vtex_accounts.c.updated_at,
)


def get_vtex_account(conn: Connection, account: str) -> VtexAccountRow | None:
    """The account without its secrets."""
    found = conn.execute(select(*_ACCOUNT).where(vtex_accounts.c.account == account)).one_or_none()
    return None if found is None else _account(found)


def list_vtex_accounts(conn: Connection, *, branch: str | None = None) -> list[VtexAccountRow]:
    """Every account (of one branch, when given), by name."""
    query = select(*_ACCOUNT).order_by(vtex_accounts.c.account).limit(PAGE)
    if branch is not None:
        query = query.where(vtex_accounts.c.branch == branch)
    return [_account(row) for row in conn.execute(query)]


def vtex_account_names(conn: Connection) -> tuple[str, ...]:
    """Every account's name."""
    return tuple(conn.execute(select(vtex_accounts.c.account).order_by(vtex_accounts.c.account)).scalars())


def _account(row: Any) -> VtexAccountRow:
    config = msgspec.json.decode(row.config, type=VtexAccountConfig)
    return VtexAccountRow(row.account, row.branch, config, row.created_at, row.updated_at)


def vtex_access(conn: Connection, vault: Vault, account: str) -> VtexAccess | None:
    """The account with its secrets opened, or None. Raises ConfigInvalid when the vault's key does not fit."""
    row = conn.execute(select(vtex_accounts).where(vtex_accounts.c.account == account)).one_or_none()
    if row is None:
        return None
    config = msgspec.json.decode(row.config, type=VtexAccountConfig)
    base_url = config.base_url or f"https://{account}.vtexcommercestable.com.br"
    key, token = vault.open(row.app_key).decode(), vault.open(row.app_token).decode()
    access = MarketplaceAccess(account, base_url, key, token, _allowed(conn, row.branch, config.policy))
    return VtexAccess(access, row.branch, vault.open(row.hook_secret).decode(), config)


def _allowed(conn: Connection, cnpj: str, policy: OrderPolicy) -> OrderPolicy:
    """The policy without what a branch in produção may not do: no document is ever stood in for there."""
    branch = get_branch(conn, cnpj)
    if branch is not None and branch.environment == 2:
        return policy
    return msgspec.structs.replace(policy, stand_in_cpf="")
