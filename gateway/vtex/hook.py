"""What VTEX posts to the hook's address: a ping when it is configured, a notification for each change of an order.

Only "go and look": the body is not signed and carries no order data. Both documented shapes are read, whatever the case of
their keys. Source: Orders API, hook configuration; guide "Orders feed".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

MAX_BODY = 64 * 1024
_ORDER_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.\-]{0,79}")


@dataclass(frozen=True, slots=True)
class Ping:
    """`{"hookConfig": "ping"}`: must be answered 200, or VTEX does not save the configuration."""


@dataclass(frozen=True, slots=True)
class Notification:
    """An order changed. `state` and `last_change` are for the record: the order must be read. `account` and `key` are the
    origin VTEX claims, to be compared with ours; `domain` is Marketplace or Fulfillment."""

    order_id: str
    state: str
    last_change: datetime | None
    account: str
    key: str
    domain: str


def order_id_allowed(order_id: str) -> bool:
    """Whether it may be put in an address: VTEX's ids are letters, digits, dashes, underscores and dots."""
    return _ORDER_ID.fullmatch(order_id) is not None and ".." not in order_id


def parse(body: bytes) -> Notification | Ping | None:
    """What the body says; None when it is neither (answer 200 all the same, and log it). Never raises."""
    if len(body) > MAX_BODY:
        return None
    try:
        fields = _small(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if "hookconfig" in fields:
        return Ping()
    order_id = _text(fields.get("orderid"))
    if not order_id_allowed(order_id):
        return None
    origin = _small(fields.get("origin"))
    return Notification(
        order_id=order_id,
        state=_text(fields.get("state"))[:60],
        last_change=_instant(_text(fields.get("currentchange")) or _text(fields.get("lastchange"))),
        account=_text(origin.get("account"))[:100],
        key=_text(origin.get("key"))[:100],
        domain=_text(fields.get("domain"))[:40],
    )


def _small(value: Any) -> dict[str, Any]:
    return {key.lower(): item for key, item in value.items()} if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _instant(written: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
