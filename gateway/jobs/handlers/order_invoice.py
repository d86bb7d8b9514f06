"""`vtex.invoice` tells the marketplace of an authorised note, once; `vtex.confirm` reads back until it says `invoiced`.

Every push begins with a GET: a package that carries our chave means the POST already arrived, however its answer was lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from gateway.core.clock import Clock, from_epoch_ms
from gateway.core.errors import Throttled
from gateway.jobs.handlers.order_intake import Account, Accounts, enter, throttle
from gateway.jobs.results import Done, NeedsAttention, Result, WaitFor
from gateway.jobs.worker import Job
from gateway.store import documents, orders, setup
from gateway.store.database import Database
from gateway.store.documents import DocumentRow
from gateway.store.jobs import enqueue
from gateway.store.orders import OrderRow
from gateway.workflows.marketplace_order import AlreadyThere, Diverges, Push, decide_push, invoice_lines
from gateway.workflows.ports import Invoice, Marketplace, MarketplaceAccess, MarketplaceOrder


@dataclass(frozen=True, slots=True)
class ReadBack:
    """Seconds between reads until the marketplace says `invoiced`; after the last, a person is told."""

    delays: tuple[float, ...] = (1.0, 5.0, 30.0, 120.0, 600.0, 3600.0, 4 * 3600.0, 8 * 3600.0, 12 * 3600.0)


@dataclass(frozen=True, slots=True)
class _Context:
    order: OrderRow
    doc: DocumentRow
    proc: bytes
    zone: str


class PushInvoice:
    """The handler of `vtex.invoice`."""

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
        context = await self._db.read(lambda conn: _context(conn, job.subject))
        if context is None or context.order.state == "invoiced":
            return Done()
        try:
            order = await self._marketplace.fetch(account.access, external_id, branch=account.branch)
            return await self._go_on(context, order, account.access)
        except Throttled as error:
            return await throttle(self._db, name, error)

    async def _go_on(self, context: _Context, order: MarketplaceOrder, access: MarketplaceAccess) -> Result:
        doc, at = context.doc, self._clock.epoch_ms()
        assert doc.chave is not None  # authorised documents have one
        match decide_push(order, number=str(doc.number), chave=doc.chave, value=Decimal(doc.total)):
            case AlreadyThere():
                return Done(lambda conn: _registered(conn, context.order, "A fatura já estava registrada no marketplace.", at))
            case Diverges(code, reason, fix):
                return NeedsAttention(
                    code, reason, fix, write=lambda conn: _move(conn, context.order, "diverge", text=reason, at=at)
                )
            case Push():
                receipt = await self._marketplace.push_invoice(access, order.order_id, _invoice(context, order))
                text = f"Fatura {doc.number} registrada no marketplace (recibo {receipt})."
                return Done(lambda conn: _registered(conn, context.order, text, at))


class ConfirmInvoice:
    """The handler of `vtex.confirm`: reads the order back until the marketplace says it is invoiced. Writes nothing there."""

    def __init__(
        self, db: Database, clock: Clock, marketplace: Marketplace, accounts: Accounts, read_back: ReadBack | None = None
    ) -> None:
        self._db = db
        self._clock = clock
        self._marketplace = marketplace
        self._accounts = accounts
        self._delays = (read_back or ReadBack()).delays

    async def __call__(self, job: Job) -> Result:
        name, external_id = str(job.payload["account"]), str(job.payload["order_id"])
        account = await enter(self._db, self._accounts, name)
        if not isinstance(account, Account):
            return account
        row = await self._db.read(lambda conn: _to_confirm(conn, job.subject))
        if row is None:
            return Done()
        try:
            order = await self._marketplace.fetch(account.access, external_id, branch=account.branch)
        except Throttled as error:
            return await throttle(self._db, name, error)
        at = self._clock.epoch_ms()
        if order.status == "invoiced":
            return Done(lambda conn: _confirmed(conn, row, order, at))
        reads = await self._db.read(lambda conn: sum(1 for e in orders.events(conn, row.id) if e.kind == "read_back"))

        def seen(conn: Any) -> None:
            orders.save(conn, order, source="vtex", branch=row.branch, at=at)
            orders.add_event(conn, row.id, "read_back", f"Situação no marketplace: {order.status}.", {}, at)

        if reads >= len(self._delays):
            return NeedsAttention(
                "MARKETPLACE-NOT-INVOICED",
                f"A fatura foi registrada, mas o pedido continua em {order.status!r}.",
                "Veja o pedido no marketplace: a liquidação do pagamento pode ter falhado.",
                write=seen,
            )
        return WaitFor(self._delays[reads], f"Aguardando o marketplace confirmar (agora: {order.status}).", write=seen)


def _invoice(context: _Context, order: MarketplaceOrder) -> Invoice:
    doc = context.doc
    assert doc.chave is not None and doc.issued_at is not None
    return Invoice(
        number=str(doc.number),
        chave=doc.chave,
        issued_at=from_epoch_ms(doc.issued_at).astimezone(ZoneInfo(context.zone)),
        value=Decimal(doc.total),
        lines=invoice_lines(order),
        xml=context.proc.decode(),
    )


def _registered(conn: Any, row: OrderRow, text: str, at: int) -> None:
    """The marketplace holds our invoice: say so, and ask for it to be read back."""
    _move(conn, row, "push", text=text, at=at)
    enqueue(
        conn,
        kind="vtex.confirm",
        queue="marketplace",
        subject=row.id,
        payload={"account": row.account, "order_id": row.external_id},
        unique_key=f"vtex.confirm:{row.id}",
    )


def _confirmed(conn: Any, row: OrderRow, order: MarketplaceOrder, at: int) -> None:
    orders.save(conn, order, source="vtex", branch=row.branch, at=at)
    _move(conn, row, "confirm", text="O marketplace confirma: pedido faturado.", at=at)


def _move(conn: Any, row: OrderRow, event: str, *, text: str, at: int) -> None:
    """Step the order unless it is already there: the same news may come twice."""
    now = orders.get(conn, row.id)
    assert now is not None  # orders are never deleted
    if (event, now.state) not in (("push", "invoicing"), ("push", "invoiced"), ("confirm", "invoiced")):
        orders.move(conn, row.id, event, at=at, text=text)


def _to_confirm(conn: Any, order_id: str) -> OrderRow | None:
    """The order, unless there is nothing to confirm any more: it is invoiced, or its note was cancelled meanwhile."""
    order = orders.get(conn, order_id)
    if order is None or order.state == "invoiced":
        return None
    doc = None if order.document is None else documents.get(conn, order.document)
    return None if doc is not None and doc.status == "cancelled" else order


def _context(conn: Any, order_id: str) -> _Context | None:
    order = orders.get(conn, order_id)
    if order is None or order.document is None:
        return None
    doc = documents.get(conn, order.document)
    proc = documents.artefact(conn, order.document, "proc")
    branch = setup.get_branch(conn, order.branch)
    if doc is None or proc is None or branch is None or doc.status != "authorized":
        return None
    return _Context(order, doc, proc, branch.time_zone)
