"""What a handler answers: a value, written with the job in one transaction.

`write` is a unit of work over the store's connection. It runs in the same transaction that finishes the job, under the
fencing token: if the lease was lost, neither is written. Exceptions go through the error table of `gateway.core.errors`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Write = Callable[[Any], None]
"""A unit of work: takes the store's connection, answers nothing."""


@dataclass(frozen=True, slots=True)
class Done:
    """Finished for good."""

    write: Write | None = None


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """Failed this time: try again by the kind's schedule, or after `seconds` when given. Counts as a failure."""

    code: str
    reason: str
    seconds: float | None = None
    write: Write | None = None


@dataclass(frozen=True, slots=True)
class WaitFor:
    """Nothing failed; there is nothing to do before `seconds` from now. Burns no attempt."""

    seconds: float
    reason: str
    code: str = "WAITING"
    write: Write | None = None


@dataclass(frozen=True, slots=True)
class NeedsAttention:
    """Cannot go on by itself: a person sees what (`reason`), and what to do (`fix`)."""

    code: str
    reason: str
    fix: str = ""
    write: Write | None = None


@dataclass(frozen=True, slots=True)
class Discard:
    """No longer of any use."""

    reason: str
    write: Write | None = None


Result = Done | RetryAfter | WaitFor | NeedsAttention | Discard
