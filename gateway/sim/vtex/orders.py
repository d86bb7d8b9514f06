"""The order book: every order of every account, as loaded, with the few fields the service itself changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from gateway.sim.vtex.answers import ApiError, not_found
from gateway.sim.vtex.clock import SimClock, read_stamp, stamp
from gateway.sim.vtex.events import OrderEvent, token
from gateway.sim.vtex.journal import Journal
from gateway.sim.vtex.switches import Switches

TWO_YEARS = timedelta(days=730)
CANCELLATION_REQUESTS = frozenset({"request-cancel", "cancellation-requested"})


@dataclass(slots=True)
class Pending:
    """A state the order will enter by itself: after `reads` more reads, or at `due` when that is given."""

    to: str
    reads: int
    due: str | None = None


@dataclass(slots=True)
class Order:
    """One order. `body` is the JSON VTEX would return; `history` is (instant, status) from loading on; `stuck` says why its
    workflow no longer moves.
    """

    account: str
    body: dict[str, Any]
    number: int
    history: list[tuple[str, str]] = field(default_factory=list)
    pending: Pending | None = None
    stuck: str | None = None
    interactions: list[dict[str, Any]] = field(default_factory=list)

    @property
    def order_id(self) -> str:
        """`orderId`, unique within the account."""
        return str(self.body["orderId"])

    @property
    def status(self) -> str:
        """Current status; empty for an order whose workflow is broken or incomplete."""
        return str(self.body.get("status") or "")

    @property
    def value(self) -> int:
        """Order total in cents."""
        return int(self.body.get("value") or 0)

    @property
    def packages(self) -> list[dict[str, Any]]:
        """`packageAttachment.packages`: the invoices registered so far."""
        packages: list[dict[str, Any]] = self.body["packageAttachment"]["packages"]
        return packages

    @property
    def output_total(self) -> int:
        """Cents invoiced by packages of type Output."""
        return sum(package["invoiceValue"] for package in self.packages if package["type"] == "Output")

    @property
    def complete(self) -> bool:
        """False while the marketplace has not finished creating the order."""
        return bool(self.status) and self.status != "order-created" and self.body.get("isCompleted") is not False

    def to_json(self) -> dict[str, Any]:
        """For the journal and the control API."""
        pending = None if self.pending is None else {"to": self.pending.to, "reads": self.pending.reads, "due": self.pending.due}
        return {
            "account": self.account,
            "body": self.body,
            "number": self.number,
            "history": [list(entry) for entry in self.history],
            "pending": pending,
            "stuck": self.stuck,
            "interactions": self.interactions,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Order:
        """The inverse of `to_json`."""
        pending = None if value["pending"] is None else Pending(**value["pending"])
        history = [(at, status) for at, status in value["history"]]
        return cls(value["account"], value["body"], value["number"], history, pending, value["stuck"], value["interactions"])


class OrderBook:
    """All orders. Every change of status goes through `move`, which writes it down and tells the listeners."""

    def __init__(self, clock: SimClock, journal: Journal, switches: Switches) -> None:
        self.switches = switches
        self.listeners: list[Callable[[OrderEvent], None]] = []
        self._clock = clock
        self._journal = journal
        self._orders: dict[tuple[str, str], Order] = {}
        self._sequence = 0

    def restore(self, state: dict[tuple[str, str], Any]) -> None:
        """Takes back what the journal kept."""
        for (kind, _), value in state.items():
            if kind == "order":
                order = Order.from_json(value)
                self._orders[order.account, order.order_id] = order
            elif kind == "sequence":
                self._sequence = value

    def clear(self) -> None:
        """Forgets every order."""
        for order in self._orders.values():
            self._journal.put("order", _key(order), None)
        self._orders.clear()

    def load(
        self, account: str, body: dict[str, Any] | bytes, *, status: str | None = None, keep_packages: bool = False
    ) -> Order:
        """Puts an order in, replacing one with the same id; everything stays as given except `status`, when one is passed,
        and the
        packages, which start empty unless kept. Raises ValueError when it is not an order JSON object with an `orderId`."""
        given = json.loads(body if isinstance(body, bytes) else json.dumps(body))
        if not isinstance(given, dict) or not isinstance(given.get("orderId"), str) or not given["orderId"]:
            raise ValueError("o pedido precisa ser um objeto JSON com orderId")
        if type(given.get("value", 0)) is not int:
            raise ValueError("o campo value do pedido precisa ser um inteiro em centavos")
        attachment = given.get("packageAttachment") or {}
        attachment["packages"] = list(attachment.get("packages") or []) if keep_packages else []
        given["packageAttachment"] = attachment
        if status is not None:
            given["status"] = status
        order = Order(account, given, self.next_number())
        self._orders[account, order.order_id] = order
        now = self._clock.now()
        order.history.append((stamp(now), order.status))
        self.save(order)
        if order.status:
            before = "window-to-cancel" if order.status == "ready-for-handling" else ""
            self._tell(order, before, str(given.get("lastChange") or stamp(now)), now)
        return order

    def find(self, account: str, order_id: str) -> Order:
        """By `orderId` or `seq<sequence>`. Raises the 404 answer; an order of another account is not found."""
        order = self._orders.get((account, order_id))
        if order is None and order_id.startswith("seq"):
            matches = (o for o in self.of_account(account) if str(o.body.get("sequence")) == order_id.removeprefix("seq"))
            order = next(matches, None)
        if order is None or (self.switches.two_year_limit and self._too_old(order)):
            raise not_found("Order")
        self.settle_due(order)
        return order

    def find_anywhere(self, order_id: str, account: str | None = None) -> Order:
        """For the control API: the account may be left out when only one has the order. Raises ApiError 404 or 409."""
        found = [o for (owner, key), o in self._orders.items() if key == order_id and account in (None, owner)]
        if not found:
            raise ApiError(404, f"o simulador não tem o pedido {order_id}", code="SIM404")
        if len(found) > 1:
            raise ApiError(409, f"mais de uma conta tem o pedido {order_id}: informe ?account=", code="SIM409")
        self.settle_due(found[0])
        return found[0]

    def of_account(self, account: str) -> Iterator[Order]:
        """Orders of an account in the order they were loaded."""
        return (order for (owner, _), order in list(self._orders.items()) if owner == account)

    def all(self) -> list[Order]:
        """Every order of every account."""
        return list(self._orders.values())

    def next_number(self) -> int:
        """A counter that survives restarts; ids made from it are never used twice."""
        self._sequence += 1
        self._journal.put("sequence", "", self._sequence)
        return self._sequence

    def save(self, order: Order) -> None:
        """Writes the order down as it is now."""
        self._journal.put("order", _key(order), order.to_json())

    def move(self, order: Order, status: str, *, reads: int = 0, seconds: float = 0, then: str | None = None) -> None:
        """The order enters `status`. With `then`, it goes on to that status by itself after `reads` reads or `seconds`; with
        neither, at once.
        """
        now = self._clock.now()
        last_state, last_change = order.status, str(order.body.get("lastChange") or stamp(now, zone="+00:00"))
        order.body["status"] = status
        order.body["lastChange"] = stamp(now, zone="+00:00")
        if status == "invoiced":
            order.body["invoicedDate"] = stamp(now, zone="+00:00")
        if status in {"invoiced", "canceled"}:
            order.body["allowCancellation"] = False
        order.history.append((stamp(now), status))
        due = stamp(now + timedelta(seconds=seconds)) if seconds > 0 else None
        order.pending = Pending(then, reads, due) if then is not None else None
        self.save(order)
        self._tell(order, last_state, last_change, now)
        if order.pending is not None and due is None and reads <= 0:
            self._go_on(order)

    def read(self, order: Order) -> dict[str, Any]:
        """The body a reader gets now, as a copy. A pending state that counts reads counts this one, after the copy was taken."""
        self.settle_due(order)
        copy: dict[str, Any] = json.loads(json.dumps(order.body))
        if order.pending is not None and order.pending.due is None:
            order.pending.reads -= 1
            self.save(order)
            if order.pending.reads <= 0:
                self._go_on(order)
        return copy

    def settle_due(self, order: Order) -> None:
        """Lets the order go on when its pending state is due by the clock."""
        if order.pending is not None and order.pending.due is not None and read_stamp(order.pending.due) <= self._clock.now():
            self._go_on(order)

    def next_due(self) -> datetime | None:
        """When the next pending state is due."""
        due = [read_stamp(o.pending.due) for o in self._orders.values() if o.pending is not None and o.pending.due is not None]
        return min(due, default=None)

    def _go_on(self, order: Order) -> None:
        if order.pending is not None:
            self.move(order, order.pending.to)

    def _too_old(self, order: Order) -> bool:
        created = order.body.get("creationDate")
        return isinstance(created, str) and self._clock.now() - read_stamp(created) > TWO_YEARS

    def _tell(self, order: Order, last_state: str, last_change: str, now: datetime) -> None:
        own = "Fulfillment" if order.body.get("origin") == "Fulfillment" else "Marketplace"
        for domain in ("Marketplace", "Fulfillment") if self.switches.both_domains else (own,):
            event_id = token("event", order.account, order.order_id, self.next_number()).upper()
            last = _event_time(last_change)
            event = OrderEvent(event_id, order.account, order.order_id, domain, order.status, last_state, last, stamp(now))
            for listener in self.listeners:
                listener(event)


def _key(order: Order) -> str:
    return f"{order.account}/{order.order_id}"


def _event_time(text: str) -> str:
    """An order's `lastChange` as events spell it; a text that is not a date travels as it is, as foreign data does."""
    if text.endswith("+00:00"):
        return text.removesuffix("+00:00") + "Z"
    try:
        return stamp(read_stamp(text))
    except ValueError:
        return text
