"""Accounts, application keys and the License Manager resources each key was granted."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gateway.sim.vtex.answers import forbidden, unauthorized

VIEW_ORDER = "View order"
LIST_ORDERS = "List Orders"
ORDERS_FULL_ACCESS = "Orders Full Access"
CHANGE_WORKFLOW = "Change order workflow status"
NOTIFY_INVOICE = "Notify invoice"
NOTIFY_REFUND = "Notify refund"
CANCEL_ORDER = "Cancel order"
CHANGE_ORDER = "Change order"
FEED_AND_HOOK = "Feed v3 and Hook Admin"

ALL_PERMISSIONS = frozenset(
    {
        VIEW_ORDER,
        LIST_ORDERS,
        ORDERS_FULL_ACCESS,
        CHANGE_WORKFLOW,
        NOTIFY_INVOICE,
        NOTIFY_REFUND,
        CANCEL_ORDER,
        CHANGE_ORDER,
        FEED_AND_HOOK,
    }
)
"""Every resource an order integration needs (Orders API, "Permissions" of each endpoint)."""


@dataclass(slots=True)
class AppKey:
    """One application key. Several tokens may be valid at once, as during VTEX's own token rotation."""

    account: str
    key: str
    permissions: frozenset[str]
    tokens: set[str] = field(default_factory=set, repr=False)

    def require(self, *resources: str) -> None:
        """Passes when any one of the resources was granted; otherwise raises the 403 answer for the first."""
        if not self.permissions.intersection(resources):
            raise forbidden(resources[0])


class Accounts:
    """All keys of all accounts. One base URL serves every account: the AppKey header says which one is meant."""

    def __init__(self) -> None:
        self._keys: dict[str, AppKey] = {}

    def add(self, account: str, app_key: str, app_token: str, permissions: Iterable[str] = ALL_PERMISSIONS) -> AppKey:
        """Registers a key, or one more valid token of a known key. Raises ValueError if the key is another account's or a
        resource is unknown.
        """
        granted = frozenset(permissions)
        if unknown := granted - ALL_PERMISSIONS:
            raise ValueError(f"recursos desconhecidos: {', '.join(sorted(unknown))}")
        known = self._keys.get(app_key)
        if known is not None and known.account != account:
            raise ValueError(f"a chave {app_key} já pertence à conta {known.account}")
        key = known or AppKey(account, app_key, granted)
        key.permissions = granted
        key.tokens.add(app_token)
        self._keys[app_key] = key
        return key

    def retire_token(self, app_key: str, app_token: str) -> None:
        """Ends a rotation: the old token stops working. Raises KeyError if there is no such key or token."""
        self._keys[app_key].tokens.remove(app_token)

    def authenticate(self, headers: Mapping[str, str]) -> AppKey:
        """The key a request was made with. Raises the 401 answer."""
        key = self._keys.get(headers.get("X-VTEX-API-AppKey", ""))
        token = headers.get("X-VTEX-API-AppToken", "").encode()
        if key is None or not any(hmac.compare_digest(token, valid.encode()) for valid in key.tokens):
            raise unauthorized()
        return key

    def __contains__(self, account: object) -> bool:
        return any(key.account == account for key in self._keys.values())
