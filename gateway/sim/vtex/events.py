"""Order events: what the hook posts and the feed hands out."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """One order entered one state. `domain` is Marketplace or Fulfillment; both change texts are VTEX timestamps with 7
    digits.
    """

    event_id: str
    account: str
    order_id: str
    domain: str
    state: str
    last_state: str
    last_change: str
    current_change: str

    def notification(self, app_key: str) -> dict[str, Any]:
        """The hook's body (Orders API, "Hook notification"). It carries no order data."""
        return {
            "Domain": self.domain,
            "OrderId": self.order_id,
            "State": self.state,
            "LastState": self.last_state,
            "LastChange": self.last_change,
            "CurrentChange": self.current_change,
            "Origin": {"Account": self.account, "Key": app_key},
        }

    def feed_item(self, handle: str) -> dict[str, Any]:
        """One element of a feed read (Orders API, "Retrieve feed items"). The handle is new on every read."""
        return {
            "eventId": self.event_id,
            "handle": handle,
            "domain": self.domain,
            "state": self.state,
            "lastState": self.last_state,
            "orderId": self.order_id,
            "lastChange": self.last_change,
            "currentChange": self.current_change,
        }

    def to_json(self) -> dict[str, Any]:
        """For the journal."""
        return asdict(self)


def token(*parts: object) -> str:
    """32 hexadecimal digits that depend only on the parts: ids, receipts and handles are the same in every run."""
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:32]
