"""`vtex.order`: go and look at an order. Whoever said so (hook, feed, sweep, a person), the outcome is the same.

GET -> translate -> store -> hold or resolve customer and products -> accept the sale under the order's own ref -> tell the
marketplace that it is being handled, after all of that is durable.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import msgspec
import structlog

from gateway.core.clock import Clock
from gateway.core.errors import IdempotencyConflict, Refused, Throttled, ValidationFailed
from gateway.jobs.handlers.effects import HOLDS, hold_for
from gateway.jobs.results import Discard, Done, NeedsAttention, Result, RetryAfter, WaitFor
from gateway.jobs.worker import Job
from gateway.nfe import request as requests
from gateway.nfe.product import Product
from gateway.nfe.sale import Sale
from gateway.store import documents, guards, orders, setup
from gateway.store.database import Database
from gateway.store.intake import new_document, prepare, random_cnf
from gateway.store.jobs import enqueue
from gateway.store.orders import OrderRow
from gateway.store.request_body import body_hash, same_body
from gateway.store.vault import Vault
from gateway.workflows.marketplace_order import CANCELLED_STATUSES
from gateway.workflows.ports import Hold, Marketplace, MarketplaceAccess, MarketplaceOrder

log = structlog.get_logger()

LOOK_AGAIN_SECONDS = 300.0
OPEN = frozenset({"received", "parked"})
HANDLED = frozenset(
    {"start-handling", "handling", "invoice", "invoiced", "ready-for-invoicing", "invoice-after-cancellation-deny"}
)
"""Statuses past the start of handling: there is nothing to start any more."""
UNDECIDED = frozenset({"NFE-RTC-03", "NFE-RTC-06"})
"""Faults of a product whose cClassTrib nobody has decided, or whose decision is no longer in the table."""
REFUSALS = 5
"""409s in a row after which a person is told; while this job is tried again the order's invoice waits behind it."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account as the handlers need it."""

    access: MarketplaceAccess
    branch: str


class Accounts:
    """Reads accounts, opening their secrets. A base address given for tests or a proxy replaces every account's own."""

    def __init__(self, db: Database, vault: Vault, override_url: str | None) -> None:
        self._db = db
        self._vault = vault
        self._override = override_url

    async def get(self, name: str) -> Account | None:
        found = await self._db.read(lambda conn: setup.vtex_access(conn, self._vault, name))
        if found is None:
            return None
        access = found.access
        if self._override is not None:
            access = replace(access, base_url=self._override)
        return Account(access, found.branch)

    async def names(self) -> tuple[str, ...]:
        return await self._db.read(setup.vtex_account_names)


async def enter(db: Database, accounts: Accounts, name: str) -> Account | Result:
    """The account to work for, or why not now: it is gone, or every worker pauses for it."""
    account = await accounts.get(name)
    if account is None:
        return Discard(f"A conta {name} não está mais cadastrada.")
    paused = await db.read(lambda conn: guards.paused_for(conn, guard_key(name)))
    if paused is not None:
        return WaitFor(paused[0], paused[1], code="VTEX-429")
    return account


def guard_key(account: str) -> str:
    """The pause shared by every worker that talks to the account."""
    return f"vtex:{account}"


class ReadOrder:
    """The handler of `vtex.order`."""

    def __init__(self, db: Database, clock: Clock, marketplace: Marketplace, accounts: Accounts) -> None:
        self._db = db
        self._clock = clock
        self._marketplace = marketplace
        self._accounts = accounts

    async def __call__(self, job: Job) -> Result:
        name, external_id = str(job.payload["account"]), str(job.payload["order_id"])
        account = await enter(self._db, self._accounts, name)
        if not isinstance(account, Account):
            return account
        known = await self._db.read(lambda conn: orders.by_external(conn, name, external_id))
        if known is not None and known.state in ("invoiced", "cancelled"):
            return Done()
        try:
            order = await self._marketplace.fetch(account.access, external_id, branch=account.branch)
        except Throttled as error:
            return await throttle(self._db, name, error)
        at = self._clock.epoch_ms()
        row = await self._db.write(lambda conn: orders.save(conn, order, source="vtex", branch=account.branch, at=at))
        if row.state not in OPEN:
            return await self._known(row, order)
        return await self._bill(row, order)

    async def _known(self, row: OrderRow, order: MarketplaceOrder) -> Result:
        """An event for an order whose note is under way: only a cancellation is news."""
        if order.status not in CANCELLED_STATUSES or row.state == "divergent":
            return Done()
        at = self._clock.epoch_ms()
        text = f"O marketplace pediu o cancelamento ({order.status}) com a nota já em andamento."

        def write(conn: Any) -> None:
            orders.add_event(conn, row.id, "cancellation_requested", text, {}, at)

        return NeedsAttention(
            "VTEX-CANCELLATION", text, "Decida: cancelar a nota, ou recusar o cancelamento no marketplace.", write=write
        )

    async def _bill(self, row: OrderRow, order: MarketplaceOrder) -> Result:
        at = self._clock.epoch_ms()
        if order.status in CANCELLED_STATUSES:
            text = f"Pedido cancelado no marketplace ({order.status}) antes da nota."
            await self._db.write(lambda conn: orders.move(conn, row.id, "cancel", at=at, text=text))
            return Done()
        if order.holds:
            return self._park(row, order.holds[0])
        if order.draft is None:
            return self._park(
                row, Hold("VTEX-NO-DRAFT", "O pedido não pôde ser traduzido em uma venda.", "Veja o JSON do pedido.")
            )
        sale, missing = await self._with_products(order, order.draft)
        if missing:
            names = ", ".join(missing)
            return self._park(
                row,
                Hold(
                    orders.PRODUCT_UNKNOWN,
                    f"Produto sem cadastro: {names}.",
                    "Cadastre o produto (PUT /v1/products/{sku}); o pedido segue sozinho.",
                    by_itself=True,
                ),
            )
        try:
            draft = await prepare(self._db, self._clock, sale)
        except ValidationFailed as error:
            fault = error.faults[0]
            if all(one.code in UNDECIDED for one in error.faults):
                # It goes on by itself once the product is classified, or a new table knows its code again.
                return self._park(row, Hold(orders.PRODUCT_UNDECIDED, fault.message, fault.fix, by_itself=True))
            return self._park(row, Hold(fault.code, fault.message, fault.fix))
        digest = body_hash(sale)

        def accept(conn: Any) -> None:
            if order.customer is not None:
                setup.learn_customer(conn, order.customer, origin=f"vtex:{order.account}"[:40], at=at)
            new = new_document(draft, digest, origin="vtex", origin_ref=row.id, model="55")
            existing = documents.by_ref(conn, sale.ref)
            if existing is None:
                existing, _ = documents.accept(conn, new, at=at)
            elif (
                existing.status == "rejected"
                and existing.branch == new.branch
                and not same_body(existing.body_hash, existing.request, existing.model, digest)
            ):
                # Something was corrected since: the refused note goes again, on its own number.
                documents.resubmit(conn, existing.id, new, at=at, cnf=requests.cnf_of(sale, random_cnf))
            elif existing.status in HOLDS:
                hold = hold_for(existing)
                orders.move(conn, row.id, "hold", at=at, text=hold.message, hold=hold, data={"document": existing.id})
                return
            orders.move(
                conn,
                row.id,
                "accept",
                at=at,
                text=f"Venda aceita para emissão: {sale.ref}.",
                document=existing.id,
                data={"document": existing.id},
            )
            enqueue(
                conn,
                kind="vtex.start_handling",
                queue="marketplace",
                subject=row.id,
                payload={"account": order.account, "order_id": order.order_id},
                key=orders.order_key(order.account, order.order_id),
                unique_key=f"vtex.start_handling:{row.id}",
            )

        try:
            return Done(accept)
        except IdempotencyConflict as error:
            return NeedsAttention(error.code, error.detail, error.fix)

    async def _with_products(self, order: MarketplaceOrder, draft: Sale) -> tuple[Sale, tuple[str, ...]]:
        """The draft with each item's product inline; the ids of those not found."""
        found = await self._db.read(
            lambda conn: [
                setup.find_product(conn, sku=i.sku, gtin=i.gtin or "", reference=i.reference or "") for i in order.items
            ]
        )
        by_sku: dict[str, Product] = {}
        missing: dict[str, None] = {}
        for item, product in zip(order.items, found, strict=True):
            if product is None:
                missing[f"{item.sku} ({item.name})"] = None
            else:
                by_sku[item.sku] = product
        if missing:
            return draft, tuple(missing)
        items = tuple(msgspec.structs.replace(item, product=by_sku[item.sku]) for item in draft.items)
        return msgspec.structs.replace(draft, items=items), ()

    def _park(self, row: OrderRow, hold: Hold) -> Result:
        at = self._clock.epoch_ms()

        def write(conn: Any) -> None:
            orders.move(conn, row.id, "hold", at=at, text=hold.message, hold=hold)

        if hold.by_itself:
            return WaitFor(LOOK_AGAIN_SECONDS, hold.message, code=hold.code, write=write)
        return Done(write)


class StartHandling:
    """The handler of `vtex.start_handling`: once, after the order is stored; a 409 is answered by reading the order,
    a few times."""

    def __init__(self, db: Database, clock: Clock, marketplace: Marketplace, accounts: Accounts) -> None:
        self._db = db
        self._clock = clock
        self._marketplace = marketplace
        self._accounts = accounts

    async def __call__(self, job: Job) -> Result:
        name, external_id = str(job.payload["account"]), str(job.payload["order_id"])
        account = await enter(self._db, self._accounts, name)
        if not isinstance(account, Account):
            return account
        at = self._clock.epoch_ms()
        try:
            order = await self._marketplace.fetch(account.access, external_id, branch=account.branch)
            if order.status in HANDLED:
                return Done(
                    lambda conn: _tell(conn, job.subject, "handled", "O marketplace já registra o pedido em preparação.", at)
                )
            if order.status in CANCELLED_STATUSES:
                return NeedsAttention(
                    "VTEX-CANCELLATION",
                    f"O pedido foi cancelado no marketplace ({order.status}) depois de aceito.",
                    "Cancele a nota se ela já tiver sido autorizada.",
                )
            await self._marketplace.start_handling(account.access, external_id)
        except Throttled as error:
            return await throttle(self._db, name, error)
        except Refused as error:
            if error.code != "VTEX-409":
                raise
            reason = "O marketplace não aceita iniciar a preparação do pedido."
            if job.failures >= REFUSALS:
                return NeedsAttention(error.code, reason, "Veja a situação do pedido no marketplace; a fatura segue sem isto.")
            return RetryAfter(error.code, reason)
        return Done(lambda conn: _tell(conn, job.subject, "handling", "Preparação iniciada no marketplace.", at))


def _tell(conn: Any, order_id: str, kind: str, text: str, at: int) -> None:
    orders.add_event(conn, order_id, kind, text, {}, at)


async def throttle(db: Database, account: str, error: Throttled) -> WaitFor:
    """A 429 pauses the account for every worker, not the process."""
    await db.write(lambda conn: guards.pause(conn, guard_key(account), error.after, error.detail))
    return WaitFor(error.after, error.detail, code="VTEX-429")
