"""Consumo indevido (656): who repeats the same mistake, or asks too often, is left outside for a while.

Source: NT 2018.002 and MOC 7.0, 4.3; the thresholds are the simulator's, as each UF has its own.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime, timedelta
from typing import Any

from gateway.sim.sefaz.state import State

_TRACKED = 20_000


class Guard:
    """Counts per note and blocks per issuer and service; memory is bounded, the oldest entries go first."""

    def __init__(self) -> None:
        self._refusals: OrderedDict[tuple[str, str], deque[datetime]] = OrderedDict()
        self._consulted: OrderedDict[str, datetime] = OrderedDict()
        self._blocked: OrderedDict[tuple[str, str], datetime] = OrderedDict()

    def blocks(self, service: str, issuer: str, now: datetime) -> bool:
        """Whether the issuer is inside a block of this service."""
        until = self._blocked.get((service, issuer))
        return until is not None and now < until

    def refused(self, state: State, service: str, chave: str, cStat: str, now: datetime) -> bool:
        """Count a refusal; True when it is one too many, and then the issuer is blocked."""
        if not state.guard_rejections:
            return False
        times = self._refusals.setdefault((chave, cStat), deque())
        self._refusals.move_to_end((chave, cStat))
        _trim(self._refusals)
        window = timedelta(seconds=state.guard_window_s)
        while times and now - times[0] > window:
            times.popleft()
        times.append(now)
        if len(times) <= state.guard_rejections:
            return False
        times.clear()
        self._block(state, service, chave[6:20], now)
        return True

    def consulted(self, state: State, service: str, chave: str, now: datetime) -> bool:
        """Note a consultation; True when it comes too soon after the last one of the same chave."""
        if not state.guard_consult_interval_s:
            return False
        last = self._consulted.get(chave)
        self._consulted[chave] = now
        self._consulted.move_to_end(chave)
        _trim(self._consulted)
        if last is None or now - last >= timedelta(seconds=state.guard_consult_interval_s):
            return False
        self._block(state, service, chave[6:20], now)
        return True

    def reset(self) -> None:
        self._refusals.clear()
        self._consulted.clear()
        self._blocked.clear()

    def _block(self, state: State, service: str, issuer: str, now: datetime) -> None:
        self._blocked[(service, issuer)] = now + timedelta(seconds=state.guard_block_s)
        _trim(self._blocked)


def _trim(entries: OrderedDict[Any, Any]) -> None:
    if len(entries) > _TRACKED:
        entries.popitem(last=False)
