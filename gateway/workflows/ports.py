"""What the workflows need from marketplaces and printers, as Protocols; the edges implement them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol

from gateway.nfe.sale import Customer, Sale
from gateway.workflows.order_policy import OrderPolicy


@dataclass(frozen=True, slots=True, repr=False)
class MarketplaceAccess:
    """How to reach one account, and how its orders become sales. Secrets are never printed."""

    account: str
    base_url: str
    app_key: str
    app_token: str
    policy: OrderPolicy = field(default_factory=OrderPolicy)

    def __repr__(self) -> str:
        return f"MarketplaceAccess({self.account!r})"


@dataclass(frozen=True, slots=True)
class Hold:
    """Why an order waits: `code` stable (`VTEX-BOTH-DOCUMENTS`, `VTEX-MASKED`, `VTEX-PRODUCT-UNKNOWN`, ...), a pt-BR
    sentence and what to do. `by_itself` means: look again later, nobody has to act."""

    code: str
    message: str
    fix: str = ""
    by_itself: bool = False


@dataclass(frozen=True, slots=True)
class OrderItem:
    """A row as ordered: ids to look the product up by, and the exact total in reais (gross and discount).

    `units` is the count the marketplace sold; `quantity` is that in the unit of measure (3 x 0,3 kg = 0,9).
    """

    row: int
    sku: str
    reference: str | None
    gtin: str | None
    name: str
    units: int
    quantity: Decimal
    unit: str
    gross: Decimal
    discount: Decimal
    freight: Decimal


@dataclass(frozen=True, slots=True)
class Package:
    """An invoice the marketplace already holds for the order."""

    type: Literal["Output", "Input"]
    number: str
    chave: str | None
    value: Decimal


@dataclass(frozen=True, slots=True)
class MarketplaceOrder:
    """An order as fetched and translated; `raw` keeps the JSON as received.

    status is the marketplace's own word. value = sum of its totals, in reais. `holds` is empty when nothing prevents
    billing. `customer_candidates` has both when CPF and CNPJ are filled. `draft` is the sale but for products:
    its items carry the order's skus, resolved later against the product table.
    """

    account: str
    order_id: str
    group: str | None
    status: str
    value: Decimal
    created_at: datetime | None
    last_change: datetime | None
    customer: Customer | None
    customer_candidates: tuple[Customer, ...]
    items: tuple[OrderItem, ...]
    packages: tuple[Package, ...]
    draft: Sale | None
    holds: tuple[Hold, ...]
    raw: bytes


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """One SKU of the invoice: unit price in reais (floored to cents), summed quantity."""

    sku: str
    quantity: int
    unit_price: Decimal
    description: str


@dataclass(frozen=True, slots=True)
class Invoice:
    """The authorised note, as the marketplace is told of it. `value` must equal the order's value to the cent."""

    number: str
    chave: str
    issued_at: datetime
    value: Decimal
    lines: tuple[InvoiceLine, ...]
    xml: str
    url: str | None = None


class Marketplace(Protocol):
    """One marketplace's API: translate and call, decide nothing, retry nothing.

    Raises NotSent, OutcomeUnknown (a write that may have arrived), Throttled(after), Refused (400, 401, 403, 404, 409, with
    `code` `<NAME>-<status>`), ProtocolBroken.
    """

    async def fetch(self, access: MarketplaceAccess, order_id: str, *, branch: str) -> MarketplaceOrder:
        """GET the order and translate it for the issuing `branch` (CNPJ)."""
        ...

    async def start_handling(self, access: MarketplaceAccess, order_id: str) -> None:
        """Tell that the order was taken, once, after durable storage. 409 raises Refused: re-read and decide."""
        ...

    async def push_invoice(self, access: MarketplaceAccess, order_id: str, invoice: Invoice) -> str:
        """POST the invoice; answers the receipt. Callers read packages before and after."""
        ...

    async def list_ready(self, access: MarketplaceAccess, since: datetime, until: datetime) -> tuple[str, ...]:
        """Order ids that wait to be handled, for the slow sweep."""
        ...

    async def feed(self, access: MarketplaceAccess) -> tuple[tuple[str, str], ...]:
        """Up to ten (handle, order_id) of the feed."""
        ...

    async def commit_feed(self, access: MarketplaceAccess, handles: tuple[str, ...]) -> None:
        """Acknowledge handles, after durable storage."""
        ...

    async def close(self) -> None: ...


PaperState = Literal["ok", "near_end", "out", "unknown"]


@dataclass(frozen=True, slots=True)
class PrinterStatus:
    """What the printer says of itself before a job."""

    online: bool
    cover_open: bool
    paper: PaperState
    error: bool

    @property
    def ready(self) -> bool:
        return self.online and not self.cover_open and self.paper != "out" and not self.error


SendResult = Literal["acked", "unconfirmed", "not_sent", "partial"]
"""`acked`: the printer answered the job's last byte; `unconfirmed`/`partial`: a person decides; `not_sent`: safe to try again."""


class PrinterTransport(Protocol):
    """One physical path to a printer. Does not raise for a sick printer: it answers."""

    async def status(self, address: str) -> PrinterStatus: ...

    async def send(self, address: str, data: bytes, *, deadline: float) -> SendResult: ...
