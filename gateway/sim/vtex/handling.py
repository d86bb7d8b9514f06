"""Steps a client may ask an order to take: start-handling, cancel, deny a cancellation, add an interaction."""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.sim.vtex.answers import bad_request, not_found, wrong_status
from gateway.sim.vtex.clock import SimClock, stamp
from gateway.sim.vtex.events import token
from gateway.sim.vtex.orders import CANCELLATION_REQUESTS, Order, OrderBook

ALREADY_IN_HANDS = frozenset({"ready-for-handling", "handling", "waiting-for-fulfillment", "ready-for-invoicing"})


class CancelRequest(msgspec.Struct, kw_only=True):
    """Body of the cancel endpoint; guides add `requestedByUser` to the specification's `reason`."""

    reason: str = ""
    requestedByUser: bool = False


class DenyRequest(msgspec.Struct, kw_only=True):
    """Body of deny-cancellation-request."""

    cancellationRequestId: str
    denyReason: str


class Interaction(msgspec.Struct, kw_only=True):
    """A line added to the order's timeline."""

    source: str
    message: str


class Handling:
    """The steps, with the rules VTEX applies to them. A refused step raises ApiError and changes nothing."""

    def __init__(self, book: OrderBook, clock: SimClock) -> None:
        self._book = book
        self._clock = clock

    def start(self, order: Order) -> None:
        """start-handling. Raises 409 OMS003 unless the order is ready-for-handling."""
        if order.status != "ready-for-handling":
            raise wrong_status()
        switches = self._book.switches
        if switches.start_handling_stuck:
            order.stuck = "K 1218606"
            self._book.move(order, "start-handling")
        else:
            self._book.move(order, "start-handling", reads=switches.start_handling_reads, then="handling")

    def cancel(self, order: Order, request: CancelRequest) -> dict[str, Any]:
        """Cancels at once before handling; from ready-for-handling on the first call asks and the second confirms.

        Raises 400 for an incomplete, invoiced or partially invoiced order. Returns the receipt body.
        """
        if not order.complete:
            raise bad_request("Order is incomplete and cannot be canceled", code="OMS010")
        if order.status == "invoiced":
            raise bad_request("Order already invoiced cannot be canceled", code="OMS011")
        if order.output_total:
            raise bad_request("Order partially invoiced cannot be canceled", code="OMS012")
        if order.status in {"canceled", "replaced"}:
            raise bad_request("Order already canceled", code="OMS013")
        if order.status in ALREADY_IN_HANDS:
            self.request_cancellation(order, reason=request.reason, by_user=request.requestedByUser)
        else:
            self._cancel_now(order, request)
        return receipt(self._book, self._clock, order)

    def request_cancellation(self, order: Order, *, reason: str, by_user: bool, status: str | None = None) -> None:
        """The order enters `status`, by default request-cancel (marketplace or complete flow) or cancellation-requested
        (seller flow).
        """
        requests = order.body.get("cancellationRequests") or []
        entry = {
            "id": token("cancellation", order.account, order.order_id, self._book.next_number()),
            "reason": reason,
            "cancellationRequestDate": stamp(self._clock.now()),
            "requestedByUser": by_user,
            "deniedBySeller": False,
            "deniedBySellerReason": None,
            "cancellationRequestDenyDate": None,
            "statusBefore": order.status,
        }
        order.body["cancellationRequests"] = [*requests, entry]
        usual = "cancellation-requested" if order.body.get("origin") == "Fulfillment" else "request-cancel"
        self._book.move(order, status or usual)

    def deny(self, order: Order, request: DenyRequest) -> None:
        """The seller keeps the order: back to the status before the request. Raises 404 for an unknown request, 400 in
        another status.
        """
        entry = next(
            (e for e in order.body.get("cancellationRequests") or [] if e.get("id") == request.cancellationRequestId), None
        )
        if entry is None:
            raise not_found("Cancellation Request")
        if order.status not in CANCELLATION_REQUESTS or entry["deniedBySeller"]:
            raise bad_request("Order has no open cancellation request", code="OMS014")
        entry["deniedBySeller"] = True
        entry["deniedBySellerReason"] = request.denyReason
        entry["cancellationRequestDenyDate"] = stamp(self._clock.now())
        self._book.move(order, entry["statusBefore"])

    def interact(self, order: Order, interaction: Interaction) -> None:
        """Adds a line to the order's timeline; the order's JSON does not show it, the control API does."""
        add_interaction(self._book, self._clock, order, interaction.source, interaction.message)

    def _cancel_now(self, order: Order, request: CancelRequest) -> None:
        order.body["cancelReason"] = request.reason or None
        order.body["cancellationData"] = {
            "RequestedByUser": request.requestedByUser,
            "RequestedBySystem": not request.requestedByUser,
            "RequestedBySellerNotification": False,
            "RequestedByPaymentNotification": False,
            "Reason": request.reason or None,
            "CancellationDate": stamp(self._clock.now()),
        }
        if self._book.switches.cancel_flip_flop:
            self._book.move(order, "canceled")
        self._book.move(order, "cancel", then="canceled")


def receipt(book: OrderBook, clock: SimClock, order: Order) -> dict[str, Any]:
    """The body VTEX answers to invoice, tracking and cancel: `{"date", "orderId", "receipt"}`, a new receipt each time."""
    number = book.next_number()
    return {
        "date": stamp(clock.now()),
        "orderId": order.order_id,
        "receipt": token("receipt", order.account, order.order_id, number),
    }


def add_interaction(book: OrderBook, clock: SimClock, order: Order, source: str, message: str) -> None:
    """Appends to the order's timeline and writes it down."""
    order.interactions.append({"date": stamp(clock.now()), "source": source, "message": message})
    book.save(order)
