"""The simulator's time: a real or given source plus an offset that a test moves forward."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def utc_now() -> datetime:
    """The machine's clock, aware and in UTC."""
    return datetime.now(UTC)


class SimClock:
    """`now` is `source()` plus everything `advance` has added; it never goes back."""

    def __init__(self, source: Callable[[], datetime] = utc_now) -> None:
        self._source = source
        self._offset = timedelta()

    def now(self) -> datetime:
        """The simulated instant, aware, in UTC."""
        return self._source().astimezone(UTC) + self._offset

    def advance(self, seconds: float) -> None:
        """Moves time forward. A negative step raises ValueError: retries and retention assume time never goes back."""
        if seconds < 0:
            raise ValueError("o relógio do simulador só anda para a frente")
        self._offset += timedelta(seconds=seconds)


def stamp(at: datetime, *, zone: str = "Z") -> str:
    """An instant as VTEX writes it: 7 fractional digits (.NET ticks), which many parsers refuse. `zone` is `Z` in events and
    `+00:00` in orders.
    """
    at = at.astimezone(UTC)
    # The last digit is never 0, so that a client that only copes with 6 digits cannot pass by luck.
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond:06d}{at.microsecond % 9 + 1}{zone}"


def read_stamp(text: str) -> datetime:
    """The instant of an ISO 8601 text with any number of fractional digits; without an offset it is UTC. Raises ValueError."""
    head, dot, tail = text.partition(".")
    if dot:
        digits = len(tail) - len(tail.lstrip("0123456789"))
        text = f"{head}.{tail[:digits][:6].ljust(6, '0')}{tail[digits:]}"
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
