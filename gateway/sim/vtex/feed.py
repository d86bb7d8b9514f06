"""Feed v3: one queue per application key, at least once, in no order."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from gateway.sim.vtex.accounts import AppKey
from gateway.sim.vtex.answers import ApiError, bad_request
from gateway.sim.vtex.clock import SimClock, read_stamp, stamp
from gateway.sim.vtex.events import OrderEvent, token
from gateway.sim.vtex.journal import Journal
from gateway.sim.vtex.subscriptions import Filter
from gateway.sim.vtex.switches import Switches

MAX_LOT = 10


class FeedQueue(msgspec.Struct, kw_only=True):
    """The capital M is the specification's; with a small one the field is missing."""

    visibilityTimeoutInSeconds: int
    MessageRetentionPeriodInSeconds: int


class FeedConfig(msgspec.Struct, kw_only=True):
    """Body of the feed configuration."""

    filter: Filter = msgspec.field(default_factory=Filter)
    queue: FeedQueue


class CommitRequest(msgspec.Struct, kw_only=True):
    """Body of the commit: handles of one or more reads."""

    handles: list[str]


@dataclass(slots=True)
class Message:
    """An event waiting in one key's queue. Each read gives it another handle; any of them commits it."""

    number: int
    event: OrderEvent
    queued_at: datetime
    visible_at: datetime
    reads: int = 0

    def to_json(self) -> dict[str, Any]:
        """For the journal."""
        times = {"queued_at": stamp(self.queued_at), "visible_at": stamp(self.visible_at)}
        return {"number": self.number, "event": self.event.to_json(), "reads": self.reads, **times}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Message:
        """The inverse of `to_json`."""
        event = OrderEvent(**value["event"])
        return cls(value["number"], event, read_stamp(value["queued_at"]), read_stamp(value["visible_at"]), value["reads"])


@dataclass(slots=True)
class _Queue:
    account: str
    config: FeedConfig
    last_event_at: datetime
    messages: dict[int, Message]
    fired: set[str]


class Feed:
    """All queues. The choice of which messages a read shows comes from a seeded generator: unordered, and the same in every
    run.
    """

    def __init__(self, clock: SimClock, journal: Journal, switches: Switches, *, seed: int = 1) -> None:
        self.switches = switches
        self._clock = clock
        self._journal = journal
        self._random = random.Random(seed)
        self._queues: dict[str, _Queue] = {}
        self._number = 0
        self._reads = 0

    def restore(self, state: dict[tuple[str, str], Any]) -> None:
        """Takes back configurations and messages."""
        for (kind, key), value in state.items():
            if kind == "feed":
                config = msgspec.convert(value["config"], FeedConfig)
                self._queues[key] = _Queue(value["account"], config, read_stamp(value["last_event_at"]), {}, set(value["fired"]))
        for (kind, key), value in state.items():
            app_key = key.rpartition("/")[0]
            if kind == "message" and app_key in self._queues:
                self._queues[app_key].messages[value["number"]] = Message.from_json(value)
                self._number = max(self._number, value["number"])

    def clear(self) -> None:
        """Forgets every configuration and message."""
        for app_key in list(self._queues):
            self._drop(app_key)

    def configure(self, key: AppKey, config: FeedConfig) -> None:
        """Creates or replaces the key's configuration; events already queued stay. Raises 409 or 400."""
        config.filter.check()
        if not 345_600 <= config.queue.MessageRetentionPeriodInSeconds <= 1_209_600:
            raise bad_request("MessageRetentionPeriodInSeconds must be between 345600 and 1209600")
        if not 0 < config.queue.visibilityTimeoutInSeconds <= 43_200:
            raise bad_request("visibilityTimeoutInSeconds must be between 1 and 43200")
        known = self._queues.get(key.key)
        queue = _Queue(key.account, config, self._clock.now(), known.messages if known is not None else {}, set())
        self._queues[key.key] = queue
        self._save(key.key, queue)

    def configuration(self, app_key: str) -> dict[str, Any]:
        """What GET returns, with the two health figures. Raises 404."""
        queue = self._queue(app_key)
        now = self._clock.now()
        age = max((now - m.queued_at).total_seconds() for m in queue.messages.values()) if queue.messages else 0
        return {
            "filter": msgspec.to_builtins(queue.config.filter),
            "queue": {
                "visibilityTimeoutInSeconds": queue.config.queue.visibilityTimeoutInSeconds,
                "messageRetentionPeriodInSeconds": queue.config.queue.MessageRetentionPeriodInSeconds,
            },
            "quantity": len(queue.messages),
            "approximateAgeOfOldestMessageInSeconds": int(age),
        }

    def remove(self, app_key: str) -> None:
        """Deletes the key's configuration with its messages. Raises 404."""
        self._queue(app_key)
        self._drop(app_key)

    def publish(self, event: OrderEvent) -> None:
        """Queues an event for each key of its account whose filter it passes."""
        for app_key, queue in self._queues.items():
            if queue.account != event.account or not queue.config.filter.matches(event.state):
                continue
            if queue.config.filter.fires_once and event.order_id in queue.fired:
                continue
            queue.fired.add(event.order_id)
            now = self._clock.now()
            queue.last_event_at = now
            for _ in range(2 if self.switches.duplicate_events else 1):
                self._number += 1
                message = Message(self._number, event, now, now)
                queue.messages[message.number] = message
                self._journal.put("message", f"{app_key}/{message.number}", message.to_json())
            self._save(app_key, queue)

    def read(self, app_key: str, max_lot: str | None) -> list[dict[str, Any]]:
        """Up to `maxlot` visible messages, hidden from now on for the visibility timeout. Raises 404 without a configuration,
        400 for a bad lot.
        """
        queue = self._queue(app_key)
        if max_lot is None or not (max_lot.isascii() and max_lot.isdigit() and 1 <= int(max_lot[:9]) <= MAX_LOT):
            raise bad_request(f"maxlot is required and must be between 1 and {MAX_LOT}")
        now = self._clock.now()
        visible = [m for m in queue.messages.values() if m.visible_at <= now]
        self._random.shuffle(visible)
        items = []
        for message in visible[: self._lot(int(max_lot))]:
            message.reads += 1
            message.visible_at = now + timedelta(seconds=queue.config.queue.visibilityTimeoutInSeconds)
            self._journal.put("message", f"{app_key}/{message.number}", message.to_json())
            items.append(message.event.feed_item(_handle(app_key, message.number, message.reads)))
        return items

    def commit(self, app_key: str, request: CommitRequest) -> None:
        """Removes the messages of the handles; a handle that is not, or no longer, known is ignored. Raises 404 without a
        configuration.
        """
        queue = self._queue(app_key)
        wanted = set(request.handles)
        for message in list(queue.messages.values()):
            if any(_handle(app_key, message.number, read) in wanted for read in range(1, message.reads + 1)):
                del queue.messages[message.number]
                self._journal.put("message", f"{app_key}/{message.number}", None)

    def expire(self) -> None:
        """Drops messages past their retention, and configurations that saw no new event for a whole retention period."""
        now = self._clock.now()
        for app_key, queue in list(self._queues.items()):
            retention = timedelta(seconds=queue.config.queue.MessageRetentionPeriodInSeconds)
            if now - queue.last_event_at >= retention:
                self._drop(app_key)
                continue
            for message in [m for m in queue.messages.values() if now - m.queued_at >= retention]:
                del queue.messages[message.number]
                self._journal.put("message", f"{app_key}/{message.number}", None)

    def _lot(self, asked: int) -> int:
        if not self.switches.feed_empty_short:
            return asked
        # Every third read is empty, the one after it short, the next whole: a client that stops at "empty" never drains the
        # queue.
        self._reads += 1
        return (0, max(1, asked // 2), asked)[(self._reads - 1) % 3]

    def _queue(self, app_key: str) -> _Queue:
        self.expire()
        queue = self._queues.get(app_key)
        if queue is None:
            raise ApiError(404, "Feed configuration not found for this application key", code="OMS051")
        return queue

    def _drop(self, app_key: str) -> None:
        queue = self._queues.pop(app_key)
        for message in queue.messages.values():
            self._journal.put("message", f"{app_key}/{message.number}", None)
        self._journal.put("feed", app_key, None)

    def _save(self, app_key: str, queue: _Queue) -> None:
        value = {
            "account": queue.account,
            "config": msgspec.to_builtins(queue.config),
            "last_event_at": stamp(queue.last_event_at),
            "fired": sorted(queue.fired) if queue.config.filter.fires_once else [],
        }
        self._journal.put("feed", app_key, value)


def _handle(app_key: str, number: int, read: int) -> str:
    return token("handle", app_key, number, read) + token("receipt-handle", number, read)
