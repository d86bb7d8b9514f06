"""List orders: the search index of the service, with its limits, its lag and its rounded totals."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from gateway.sim.vtex.answers import bad_request
from gateway.sim.vtex.clock import SimClock, read_stamp
from gateway.sim.vtex.orders import Order, OrderBook

MAX_PAGES = 30
MAX_PER_PAGE = 100
INTERVAL = re.compile(r"creationDate:\[(?P<start>\S+) TO (?P<end>\S+)\]")


class Listing:
    """Answers `GET /api/oms/pvt/orders`. Not meant for integrations, says VTEX: it shows what was indexed, not what is."""

    def __init__(self, book: OrderBook, clock: SimClock) -> None:
        self._book = book
        self._clock = clock

    def page(self, account: str, query: Mapping[str, str]) -> dict[str, Any]:
        """One page. Filters: f_status (comma separated), f_creationDate. Raises 400 for a page above 30, per_page above 100
        or a bad filter.
        """
        page, per_page = _whole(query, "page", 1), _whole(query, "per_page", 15)
        if page > MAX_PAGES:
            raise bad_request(f"Max page exceed ({MAX_PAGES})", code="OMS040")
        if per_page > MAX_PER_PAGE:
            raise bad_request(f"Max per_page exceed ({MAX_PER_PAGE})", code="OMS041")
        rows = self._rows(account, query)
        start = (page - 1) * per_page
        pages = -(-len(rows) // per_page)
        return {
            "list": rows[start : start + per_page],
            "facets": [],
            "paging": {"total": len(rows), "pages": pages, "currentPage": page, "perPage": per_page},
            "stats": {"stats": {"totalValue": {"Count": len(rows), "Sum": sum(row["totalValue"] for row in rows)}}},
            "reportRecordsLimit": MAX_PAGES * MAX_PER_PAGE,
        }

    def _rows(self, account: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
        wanted = {status for status in query.get("f_status", "").split(",") if status}
        interval = _interval(query.get("f_creationDate"))
        rows = []
        for position, order in enumerate(self._book.of_account(account), 1):
            every = self._book.switches.list_miss_every
            status = self._indexed_status(order)
            if status is None or (every and position % every == 0) or (wanted and status not in wanted):
                continue
            if interval is not None and not interval[0] <= _created(order) <= interval[1]:
                continue
            rows.append(_row(order, status))
        rows.sort(key=lambda row: str(row["creationDate"]), reverse=not query.get("orderBy", "creationDate,desc").endswith("asc"))
        return rows

    def _indexed_status(self, order: Order) -> str | None:
        """The status as the index knows it; None while the order is not indexed."""
        limit = self._clock.now() - timedelta(seconds=self._book.switches.list_lag_seconds)
        known = [status for at, status in order.history if read_stamp(at) <= limit]
        return known[-1] if known else None


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) >= 1):
        raise bad_request(f"{name} must be a positive number")
    return int(text)


def _interval(text: str | None) -> tuple[datetime, datetime] | None:
    if not text:
        return None
    match = INTERVAL.fullmatch(text)
    if match is None:
        raise bad_request("f_creationDate must be creationDate:[start TO end]")
    try:
        return read_stamp(match["start"]), read_stamp(match["end"])
    except ValueError as error:
        raise bad_request("f_creationDate has an invalid date") from error


def _created(order: Order) -> datetime:
    """`creationDate`, or the moment of loading when the order has none that is a date."""
    try:
        return read_stamp(str(order.body.get("creationDate")))
    except ValueError:
        return read_stamp(order.history[0][0])


def _row(order: Order, status: str) -> dict[str, Any]:
    body = order.body
    profile = body.get("clientProfileData") or {}
    transactions = (body.get("paymentData") or {}).get("transactions") or []
    payments = [str(p.get("paymentSystemName")) for t in transactions for p in t.get("payments") or []]
    return {
        "orderId": order.order_id,
        "creationDate": body.get("creationDate"),
        "clientName": f"{profile.get('firstName') or ''} {profile.get('lastName') or ''}".strip(),
        "items": None,
        "totalValue": float(f"{order.value:.7g}"),  # a float that rounds large values (K 756314)
        "paymentNames": ",".join(payments),
        "status": status,
        "statusDescription": body.get("statusDescription"),
        "marketPlaceOrderId": body.get("marketplaceOrderId"),
        "sequence": body.get("sequence"),
        "salesChannel": body.get("salesChannel"),
        "affiliateId": body.get("affiliateId"),
        "origin": body.get("origin"),
        "workflowInErrorState": bool(body.get("workflowIsInError")),
        "workflowInRetry": False,
        "lastMessageUnread": None,
        "ShippingEstimatedDate": None,
        "orderIsComplete": order.complete,
        "authorizedDate": body.get("authorizedDate"),
        "totalItems": sum(int(item.get("quantity") or 0) for item in body.get("items") or []),
        "currencyCode": "BRL",
        "hostname": body.get("hostname"),
    }
