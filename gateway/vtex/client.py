"""VTEX's Orders API as a `Marketplace`: translate and call; decide nothing, retry nothing.

Every method raises NotSent (nothing left, or a read that may be repeated), OutcomeUnknown (a write that may have arrived),
Throttled(after), Refused (`VTEX-400`, `VTEX-401`, ...) and ProtocolBroken. Source: Orders API (vtex/openapi-schemas).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.core.clock import Clock, SystemClock
from gateway.core.errors import ProtocolBroken, Refused
from gateway.vtex.hook import order_id_allowed
from gateway.vtex.hook_config import HookConfig, hook_body, read_config
from gateway.vtex.invoice import invoice_body
from gateway.vtex.translate import translate
from gateway.vtex.transport import Endpoint, Transport
from gateway.vtex.wire import decode_json
from gateway.workflows.ports import Invoice, MarketplaceAccess, MarketplaceOrder

GET_ORDER = Endpoint("get-order", "GET", "/api/oms/pvt/orders/{orderId}", write=False, permission="View order")
START_HANDLING = Endpoint(
    "start-handling",
    "POST",
    "/api/oms/pvt/orders/{orderId}/start-handling",
    write=True,
    permission="Change order workflow status",
)
INVOICE = Endpoint("invoice", "POST", "/api/oms/pvt/orders/{orderId}/invoice", write=True, permission="Notify invoice")
LIST_ORDERS = Endpoint("list-orders", "GET", "/api/oms/pvt/orders", write=False, permission="List Orders")
FEED = Endpoint("feed", "GET", "/api/orders/feed", write=False, permission="Feed v3 and Hook Admin")
COMMIT_FEED = Endpoint("commit-feed", "POST", "/api/orders/feed", write=True, permission="Feed v3 and Hook Admin")
GET_HOOK = Endpoint("get-hook", "GET", "/api/orders/hook/config", write=False, permission="Feed v3 and Hook Admin")
SET_HOOK = Endpoint("set-hook", "POST", "/api/orders/hook/config", write=True, permission="Feed v3 and Hook Admin")

FEED_LOT = 10
PAGE = 100
MAX_PAGES = 30


class VtexClient:
    """One session for every account and branch. Timeouts in seconds."""

    def __init__(self, *, connect_timeout: float = 5, read_timeout: float = 30, clock: Clock | None = None) -> None:
        self._transport = Transport(clock or SystemClock(), connect_timeout=connect_timeout, read_timeout=read_timeout)

    async def fetch(self, access: MarketplaceAccess, order_id: str, *, branch: str) -> MarketplaceOrder:
        """GET the order and translate it. An answer about another order is ProtocolBroken."""
        raw = await self._transport.call(access, GET_ORDER, order_id=_checked(order_id))
        order = translate(raw, account=access.account, branch=branch, policy=access.policy)
        if order.order_id != order_id:
            raise ProtocolBroken(
                f"A VTEX respondeu com o pedido {order.order_id[:80]!r} quando se pediu {order_id!r}.",
                code="VTEX-OTHER-ORDER",
                fix="Confira o endereço da conta.",
            )
        return order

    async def start_handling(self, access: MarketplaceAccess, order_id: str) -> None:
        """Tell that the order was taken. 409 raises Refused (VTEX-409): read the order and decide."""
        await self._transport.call(access, START_HANDLING, order_id=_checked(order_id), body={})

    async def push_invoice(self, access: MarketplaceAccess, order_id: str, invoice: Invoice) -> str:
        """POST the invoice, after a GET said that it is not there. Answers the receipt, empty when VTEX gave none."""
        body = invoice_body(invoice)
        answer = await self._transport.call(access, INVOICE, order_id=_checked(order_id), body=body)
        receipt = _maybe_object(answer).get("receipt")
        return receipt if isinstance(receipt, str) else ""

    async def list_ready(self, access: MarketplaceAccess, since: datetime, until: datetime) -> tuple[str, ...]:
        """Ids of orders created in the window (aware instants) that wait to be handled.

        The list lags some minutes and ends at 30 pages of 100: a window with more is read in halves.
        """
        if since.tzinfo is None or until.tzinfo is None:
            raise ValueError("a janela precisa de fuso horário")
        found: dict[str, None] = {}
        windows = [(since, until)]
        while windows:
            start, end = windows.pop()
            first, pages = await self._page(access, start, end, 1)
            if pages > MAX_PAGES:
                if end - start < timedelta(seconds=2):
                    raise ProtocolBroken("A VTEX diz ter mais de 3.000 pedidos em um segundo.", code="VTEX-LIST-WINDOW")
                middle = start + (end - start) / 2
                windows += [(middle, end), (start, middle)]
                continue
            found.update(dict.fromkeys(first))
            for number in range(2, pages + 1):
                found.update(dict.fromkeys((await self._page(access, start, end, number))[0]))
        return tuple(found)

    async def feed(self, access: MarketplaceAccess) -> tuple[tuple[str, str], ...]:
        """Up to ten (handle, order id). The id is empty for an event that is not an order's: commit it all the same."""
        answer = await self._transport.call(access, FEED, query={"maxlot": str(FEED_LOT)})
        events = decode_json(answer) if answer.strip() else []
        if not isinstance(events, list):
            raise ProtocolBroken("O feed da VTEX não respondeu uma lista.", code="VTEX-BODY")
        lot = []
        for event in events:
            handle = event.get("handle") if isinstance(event, dict) else None
            if isinstance(handle, str) and handle:
                order_id = event.get("orderId")
                lot.append((handle, order_id if isinstance(order_id, str) and order_id_allowed(order_id) else ""))
        return tuple(lot)

    async def commit_feed(self, access: MarketplaceAccess, handles: tuple[str, ...]) -> None:
        """Acknowledge handles, ten at a time. Committing one twice is harmless."""
        for i in range(0, len(handles), FEED_LOT):
            await self._transport.call(access, COMMIT_FEED, body={"handles": handles[i : i + FEED_LOT]})

    async def hook(self, access: MarketplaceAccess) -> HookConfig | None:
        """The hook as VTEX holds it for this key; None when there is none (VTEX deletes an idle one after 3 days)."""
        try:
            answer = await self._transport.call(access, GET_HOOK)
        except Refused as error:
            if error.code == "VTEX-404":
                return None
            raise
        return read_config(_maybe_object(answer))

    async def configure_hook(self, access: MarketplaceAccess, *, url: str, headers: Mapping[str, str]) -> None:
        """Point this key's hook at `url` (https). VTEX pings it first: Refused (VTEX-400) when it does not answer 200."""
        await self._transport.call(access, SET_HOOK, body=hook_body(url, headers))

    async def close(self) -> None:
        """Close the session."""
        await self._transport.close()

    async def _page(self, access: MarketplaceAccess, start: datetime, end: datetime, number: int) -> tuple[list[str], int]:
        query = {
            "f_status": "ready-for-handling",
            "f_creationDate": f"creationDate:[{_written(start)} TO {_written(end)}]",
            "orderBy": "creationDate,asc",
            "page": str(number),
            "per_page": str(PAGE),
        }
        page = decode_json(await self._transport.call(access, LIST_ORDERS, query=query))
        rows = page.get("list") if isinstance(page, dict) else None
        if not isinstance(rows, list):
            raise ProtocolBroken("A lista de pedidos da VTEX veio sem o campo list.", code="VTEX-BODY")
        ids = [row.get("orderId") for row in rows if isinstance(row, dict)]
        paging = page.get("paging")
        pages = paging.get("pages") if isinstance(paging, dict) else None
        return [x for x in ids if isinstance(x, str) and order_id_allowed(x)], pages if isinstance(pages, int) else 1


def _checked(order_id: str) -> str:
    if not order_id_allowed(order_id):
        raise Refused(
            f"{order_id[:80]!r} não é um número de pedido da VTEX.",
            code="VTEX-ORDER-ID",
            fix="Use o orderId, como v123456abc-01.",
        )
    return order_id


def _written(at: datetime) -> str:
    utc = at.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def _maybe_object(answer: bytes) -> dict[str, Any]:
    """A 2xx may come with any body or none: what is not an object says nothing."""
    try:
        value = decode_json(answer)
    except ProtocolBroken:
        return {}
    return value if isinstance(value, dict) else {}
