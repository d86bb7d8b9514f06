"""The marketplace's notification: verified, stored with the job it asks for in one transaction, then answered.

It only says "go and look", so everything but the order's id is for the record.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Literal

import structlog

from gateway.core.clock import Clock
from gateway.core.secrets import same
from gateway.store import inbox, orders, setup
from gateway.store.database import Database
from gateway.store.vault import Vault
from gateway.vtex.hook import Notification, Ping, parse

log = structlog.get_logger()

SECRET_HEADERS = ("x-gateway-secret", "key")
"""Where our secret travels: VTEX's specification demands a header named `key`; ours is sent beside it."""


Kind = Literal["ping", "accepted", "ignored", "unauthorized", "unknown_account"]


class HookReceiver:
    """Takes what VTEX posts."""

    def __init__(self, db: Database, vault: Vault, clock: Clock) -> None:
        self._db = db
        self._vault = vault
        self._clock = clock

    async def receive(self, account: str, headers: Mapping[str, str], body: bytes) -> tuple[Kind, str]:
        """The kind of answer and a pt-BR detail. `headers` have lower-case names."""
        message = parse(body)
        if isinstance(message, Ping):
            return "ping", ""
        known = await self._db.read(lambda conn: setup.vtex_access(conn, self._vault, account))
        if known is None:
            return "unknown_account", f"A conta {account} não está cadastrada."
        if not any(same(headers.get(name, ""), known.hook_secret) for name in SECRET_HEADERS):
            return "unauthorized", "O segredo do hook não confere."
        if message is None:
            log.warning("vtex.hook.unreadable", account=account, size=len(body))
            return "ignored", "Corpo não reconhecido."
        if message.account and message.account != account:
            return "unauthorized", "A notificação diz ser de outra conta."
        await self._db.write(lambda conn: self._store(conn, account, message, body))
        return "accepted", ""

    def _store(self, conn: Any, account: str, message: Notification, body: bytes) -> None:
        at = self._clock.epoch_ms()
        external_id = f"{message.order_id}:{message.state}:{hashlib.sha256(body).hexdigest()[:16]}"
        inbox.receive(conn, f"vtex:{account}", external_id, body.decode(errors="replace"), at)
        orders.look_at(conn, account, message.order_id)
