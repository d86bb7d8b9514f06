"""Consumo indevido (656): who repeats the same mistake, or asks too often, is left outside for a while.

Source: NT 2018.002 and MOC 7.0, 4.3; the thresholds are the simulator's, as each UF has its own.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime, timedelta
from typing import Any

from gateway.sim.sefaz.chave import Key
from gateway.sim.sefaz.state import State

_TRACKED = 20_000


class Guard:
    """Counts per note and blocks per issuer; memory is bounded, the oldest entries go first."""

    def __init__(self) -> None:
        self._refusals: OrderedDict[tuple[object, ...], deque[datetime]] = OrderedDict()
        self._consulted: OrderedDict[str, datetime] = OrderedDict()
        self._blocked: OrderedDict[str, datetime] = OrderedDict()

    def blocks(self, state: State, issuer: str, now: datetime) -> bool:
        """Whether the issuer is inside a block, which holds in every service; a call during it starts it again."""
        until = self._blocked.get(issuer)
        if until is None or now >= until:
            return False
        self._block(state, issuer, now)
        return True

    def refused(self, state: State, key: Key, cStat: str, now: datetime) -> bool:
        """Count a refusal of a number; True when it is one too many, and then the issuer is blocked.

        The same number rebuilt with another cNF or hour is the same note.
        """
        if not state.guard_rejections:
            return False
        entry = (*key.natural, cStat)
        times = self._refusals.setdefault(entry, deque())
        self._refusals.move_to_end(entry)
        _trim(self._refusals)
        window = timedelta(seconds=state.guard_window_s)
        while times and now - times[0] > window:
            times.popleft()
        times.append(now)
        if len(times) <= state.guard_rejections:
            return False
        times.clear()
        self._block(state, key.tax_id, now)
        return True

    def consulted(self, state: State, chave: str, now: datetime) -> bool:
        """Note a consultation; True when it comes too soon after the last one of the same chave."""
        if not state.guard_consult_interval_s:
            return False
        last = self._consulted.get(chave)
        self._consulted[chave] = now
        self._consulted.move_to_end(chave)
        _trim(self._consulted)
        if last is None or now - last >= timedelta(seconds=state.guard_consult_interval_s):
            return False
        self._block(state, chave[6:20], now)
        return True

    def reset(self) -> None:
        self._refusals.clear()
        self._consulted.clear()
        self._blocked.clear()

    def _block(self, state: State, issuer: str, now: datetime) -> None:
        self._blocked[issuer] = now + timedelta(seconds=state.guard_block_s)
        _trim(self._blocked)


def _trim(entries: OrderedDict[Any, Any]) -> None:
    if len(entries) > _TRACKED:
        entries.popitem(last=False)
