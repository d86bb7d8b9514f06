"""Tracking of a registered invoice: PATCH sets the carrier's data, PUT adds events."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from gateway.sim.vtex.answers import ApiError, bad_request, not_found
from gateway.sim.vtex.clock import SimClock, stamp
from gateway.sim.vtex.handling import receipt
from gateway.sim.vtex.orders import Order, OrderBook

DELIVERED = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}")


class TrackingPatch(msgspec.Struct, kw_only=True):
    """All four keys are required; only trackingUrl and dispatchedDate may be null."""

    trackingNumber: str
    trackingUrl: str | None
    courier: str
    dispatchedDate: str | None


class TrackingEvent(msgspec.Struct, kw_only=True):
    """Something that happened to the parcel."""

    city: str
    state: str
    description: str
    date: str


class TrackingEvents(msgspec.Struct, kw_only=True):
    """Body of the PUT; `deliveredDate` is `yyyy-mm-dd hh:mm`."""

    isDelivered: bool
    events: list[TrackingEvent]
    deliveredDate: str | None = None


class Tracking:
    """Both calls leave the order's status as it is."""

    def __init__(self, book: OrderBook, clock: SimClock) -> None:
        self._book = book
        self._clock = clock

    def patch(self, order: Order, number: str, request: TrackingPatch) -> dict[str, Any]:
        """Carrier, tracking number and link. Raises 404 for an unknown invoice, 500 when its number has a space."""
        package = self._package(order, number)
        package["trackingNumber"] = request.trackingNumber
        package["trackingUrl"] = request.trackingUrl
        package["courier"] = request.courier
        package["dispatchedDate"] = request.dispatchedDate
        self._book.save(order)
        return receipt(self._book, self._clock, order)

    def put(self, order: Order, number: str, request: TrackingEvents) -> dict[str, Any]:
        """Adds events. Raises 404 for an unknown invoice, 400 before there is a tracking number, 500 when its number has a
        space.
        """
        package = self._package(order, number)
        if not package["trackingNumber"]:
            raise bad_request("Invoice has no tracking number", code="OMS030")
        if request.deliveredDate is not None and not DELIVERED.fullmatch(request.deliveredDate):
            raise bad_request("deliveredDate must be yyyy-mm-dd hh:mm")
        now = stamp(self._clock.now(), zone="+00:00")
        known = (package["courierStatus"] or {}).get("data", [])
        added = [
            {"lastChange": e.date, "city": e.city, "state": e.state, "description": e.description, "createDate": now}
            for e in request.events
        ]
        package["courierStatus"] = {
            "status": "ok",
            "finished": request.isDelivered,
            "deliveredDate": request.deliveredDate,
            "data": known + added,
        }
        self._book.save(order)
        return receipt(self._book, self._clock, order)

    @staticmethod
    def _package(order: Order, number: str) -> dict[str, Any]:
        if "/" in number:  # breaks the route even when percent-encoded (K 1302085)
            raise not_found("Route")
        package = next((p for p in order.packages if p["invoiceNumber"] == number), None)
        if package is None:
            raise not_found("Invoice")
        if " " in number:  # K 409225, 631970
            raise ApiError(500, "An error has occurred.", code="OMS999")
        return package
