"""Time comes in as an argument; this is what the shell passes."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Wall clock. `now` is aware and in UTC; `epoch_ms` is the same instant as stored in the database."""

    def now(self) -> datetime: ...

    def epoch_ms(self) -> int: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def epoch_ms(self) -> int:
        return time.time_ns() // 1_000_000


def to_epoch_ms(at: datetime) -> int:
    """Milliseconds since 1970 in UTC; `at` must be aware."""
    if at.tzinfo is None:
        raise ValueError("a data precisa de fuso horário")
    return int(at.timestamp() * 1000)


def from_epoch_ms(ms: int) -> datetime:
    """The aware UTC instant of a stored timestamp."""
    return datetime.fromtimestamp(ms / 1000, UTC)
