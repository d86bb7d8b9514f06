"""Requests per minute of an account, shared by all its keys, as the service counts them."""

from __future__ import annotations

from collections import defaultdict, deque
from datetime import datetime, timedelta

from gateway.sim.vtex.answers import ApiError
from gateway.sim.vtex.clock import SimClock
from gateway.sim.vtex.switches import Switches

WINDOW = timedelta(minutes=1)


class Rate:
    """A sliding window of one minute. Off while the switch is 0."""

    def __init__(self, clock: SimClock, switches: Switches) -> None:
        self.switches = switches
        self._clock = clock
        self._taken: defaultdict[str, deque[datetime]] = defaultdict(deque)

    def take(self, account: str) -> None:
        """Counts a request, or raises the 429 answer, with Retry-After in seconds when the switch says so."""
        limit = self.switches.rate_per_minute
        if limit <= 0:
            return
        now, taken = self._clock.now(), self._taken[account]
        while taken and now - taken[0] >= WINDOW:
            taken.popleft()
        if len(taken) >= limit:
            wait = max(1, -(-(taken[0] + WINDOW - now) // timedelta(seconds=1)))
            headers = {"Retry-After": str(wait)} if self.switches.rate_retry_after else {}
            raise ApiError(429, "Too Many Requests", code="429", headers=headers)
        taken.append(now)
