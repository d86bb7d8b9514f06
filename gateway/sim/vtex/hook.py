"""The order hook: one configuration per application key, a ping when it is saved, notifications with growing retries."""

from __future__ import annotations

import asyncio
import ipaddress
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec

from gateway.sim.vtex.accounts import AppKey
from gateway.sim.vtex.answers import ApiError, bad_request
from gateway.sim.vtex.clock import SimClock, read_stamp, stamp
from gateway.sim.vtex.events import OrderEvent
from gateway.sim.vtex.journal import Journal
from gateway.sim.vtex.subscriptions import Filter
from gateway.sim.vtex.switches import Switches

ANSWER_WITHIN_SECONDS = 5.0
MAX_ATTEMPTS = 100
# The two published figures, "geometric" and "dropped after more than 100 attempts, about 4 days", give this ratio from a first
# wait of one second.
RETRY_RATIO = 1.112
SILENCE = timedelta(days=3)
KEPT_ATTEMPTS = 10_000


class HookTarget(msgspec.Struct, kw_only=True):
    """Where to post, and the headers to send along."""

    url: str
    headers: dict[str, str] = msgspec.field(default_factory=dict)


class HookConfig(msgspec.Struct, kw_only=True):
    """Body of the hook configuration."""

    filter: Filter = msgspec.field(default_factory=Filter)
    hook: HookTarget


@dataclass(slots=True)
class _Hook:
    account: str
    config: HookConfig
    last_notified_at: datetime
    fired: set[str]


@dataclass(slots=True)
class Delivery:
    """One notification on its way to one key's URL."""

    number: int
    app_key: str
    event: OrderEvent
    due: datetime
    attempts: int = 0
    flying: bool = field(default=False, compare=False)

    def to_json(self) -> dict[str, Any]:
        """For the journal."""
        return {
            "number": self.number,
            "app_key": self.app_key,
            "event": self.event.to_json(),
            "due": stamp(self.due),
            "attempts": self.attempts,
        }


class Hooks:
    """Configurations and pending deliveries. `attempts` is the ledger of every POST made, newest last."""

    def __init__(self, clock: SimClock, journal: Journal, switches: Switches, *, time_scale: float, timeout: float) -> None:
        self.switches = switches
        self.attempts: deque[dict[str, Any]] = deque(maxlen=KEPT_ATTEMPTS)
        self.changed = asyncio.Event()
        self._clock = clock
        self._journal = journal
        self._time_scale = time_scale
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._hooks: dict[str, _Hook] = {}
        self._pending: dict[int, Delivery] = {}
        self._number = 0
        self._session: aiohttp.ClientSession | None = None

    def restore(self, state: dict[tuple[str, str], Any]) -> None:
        """Takes back configurations and pending deliveries."""
        for (kind, key), value in state.items():
            if kind == "hook":
                config = msgspec.convert(value["config"], HookConfig)
                self._hooks[key] = _Hook(value["account"], config, read_stamp(value["last_notified_at"]), set(value["fired"]))
            elif kind == "delivery":
                event, due = OrderEvent(**value["event"]), read_stamp(value["due"])
                self._pending[value["number"]] = Delivery(value["number"], value["app_key"], event, due, value["attempts"])
                self._number = max(self._number, value["number"])

    def clear(self) -> None:
        """Forgets configurations, pending deliveries and the ledger."""
        for app_key in list(self._hooks):
            self.drop(app_key)
        for delivery in list(self._pending.values()):
            self._done(delivery)
        self.attempts.clear()

    def open(self) -> None:
        """Needs a running event loop."""
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64), cookie_jar=aiohttp.DummyCookieJar())

    async def close(self) -> None:
        """Closes the client."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def configure(self, key: AppKey, config: HookConfig) -> None:
        """Checks the filter and the URL, pings it, and saves only when the ping was answered with 200. Raises 409 or 400;
        then nothing is saved.
        """
        config.filter.check()
        self._check_target(config.hook)
        status = await self._post(config.hook, {"hookConfig": "ping"}, note={"kind": "ping", "appKey": key.key})
        if status != 200:
            raise bad_request("Hook URL did not answer the ping with status 200", code="OMS060")
        self._hooks[key.key] = _Hook(key.account, config, self._clock.now(), set())
        self._save(key.key)

    def configuration(self, app_key: str) -> dict[str, Any]:
        """What GET returns. Raises 404."""
        self.expire()
        if app_key not in self._hooks:
            raise ApiError(404, "Hook configuration not found for this application key", code="OMS061")
        config: dict[str, Any] = msgspec.to_builtins(self._hooks[app_key].config)
        return config

    def drop(self, app_key: str) -> None:
        """The configuration is gone. Pending deliveries of the key go with it."""
        self._hooks.pop(app_key)
        self._journal.put("hook", app_key, None)
        for delivery in [d for d in self._pending.values() if d.app_key == app_key]:
            self._done(delivery)

    def publish(self, event: OrderEvent) -> None:
        """Schedules a delivery to each key of the event's account whose filter it passes."""
        self.expire()
        for app_key, hook in self._hooks.items():
            if hook.account != event.account or not hook.config.filter.matches(event.state):
                continue
            if hook.config.filter.fires_once and event.order_id in hook.fired:
                continue
            hook.fired.add(event.order_id)
            for _ in range(2 if self.switches.duplicate_events else 1):
                self._number += 1
                delivery = Delivery(self._number, app_key, event, self._clock.now())
                self._pending[delivery.number] = delivery
                self._journal.put("delivery", str(delivery.number), delivery.to_json())
            self._save(app_key)
        self.changed.set()

    def expire(self) -> None:
        """VTEX silently deletes a configuration that had no notification for three days."""
        now = self._clock.now()
        for app_key in [key for key, hook in self._hooks.items() if now - hook.last_notified_at >= SILENCE]:
            self.drop(app_key)

    def take_due(self) -> list[Delivery]:
        """Deliveries to attempt now; each is handed out once and the caller must pass it to `attempt`."""
        now = self._clock.now()
        ready = [d for d in self._pending.values() if not d.flying and d.due <= now]
        for delivery in ready:
            delivery.flying = True
        return ready

    def next_due(self) -> datetime | None:
        """When the next attempt is due."""
        return min((d.due for d in self._pending.values() if not d.flying), default=None)

    async def attempt(self, delivery: Delivery) -> None:
        """One POST. Anything but a 200 within the time is a failure and is tried again later, up to 100 times."""
        hook = self._hooks.get(delivery.app_key)
        if hook is None:  # the configuration vanished meanwhile, and its deliveries with it
            return
        delivery.attempts += 1
        note = {"kind": "notification", "appKey": delivery.app_key, "delivery": delivery.number, "attempt": delivery.attempts}
        try:
            status = await self._post(hook.config.hook, delivery.event.notification(delivery.app_key), note=note)
        finally:
            delivery.flying = False
        if status == 200:
            hook.last_notified_at = self._clock.now()
            if delivery.app_key in self._hooks:
                self._save(delivery.app_key)
        if status == 200 or delivery.attempts > MAX_ATTEMPTS:
            self._done(delivery)
        elif delivery.number in self._pending:
            delivery.due = self._clock.now() + timedelta(seconds=RETRY_RATIO**delivery.attempts * self._time_scale)
            self._journal.put("delivery", str(delivery.number), delivery.to_json())
        self.changed.set()

    async def notify(self, events: list[OrderEvent], *, times: int, together: bool) -> list[int | None]:
        """Delivers events right now to every hook of their accounts, filter or not, without retries: `times` copies each, all
        at once or one
        after another in the order given. Returns each answer's status, None where there was none. Raises 409 when no account
        has a hook.
        """
        posts = [
            self._post(hook.config.hook, event.notification(app_key), note={"kind": "forced", "appKey": app_key})
            for event in events
            for app_key, hook in self._hooks.items()
            if hook.account == event.account
            for _ in range(times)
        ]
        if not posts:
            raise ApiError(409, "nenhum hook configurado nesta conta", code="SIM409")
        if together:
            return list(await asyncio.gather(*posts))
        return [await post for post in posts]

    async def _post(self, target: HookTarget, body: dict[str, Any], *, note: dict[str, Any]) -> int | None:
        if self._session is None:
            raise RuntimeError("o simulador não foi iniciado")
        status: int | None = None
        problem = ""
        try:
            post = self._session.post(target.url, json=body, headers=target.headers, timeout=self._timeout, allow_redirects=False)
            async with post as answer:
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            problem = type(error).__name__
        entry = {"at": stamp(self._clock.now()), "url": target.url, "body": body, "status": status, "problem": problem, **note}
        self.attempts.append(entry)
        return status

    def _check_target(self, target: HookTarget) -> None:
        parts = urlsplit(target.url)
        if parts.scheme != "https" and (self.switches.hook_requires_https or parts.scheme != "http"):
            raise bad_request("Only https scheme is accepted", code="OMS062")
        if not self.switches.hook_any_host and not _is_loopback(parts.hostname or ""):
            raise bad_request("this simulator only notifies loopback addresses (switch hook_any_host)", code="SIM400")
        if self.switches.hook_header_named_key and "key" not in target.headers:
            raise bad_request("hook.headers.key is required", code="OMS063")

    def _done(self, delivery: Delivery) -> None:
        if self._pending.pop(delivery.number, None) is not None:
            self._journal.put("delivery", str(delivery.number), None)

    def _save(self, app_key: str) -> None:
        hook = self._hooks[app_key]
        fired = sorted(hook.fired) if hook.config.filter.fires_once else []
        config = msgspec.to_builtins(hook.config)
        value = {"account": hook.account, "config": config, "last_notified_at": stamp(hook.last_notified_at), "fired": fired}
        self._journal.put("hook", app_key, value)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
