"""When to try again, as a value; and what a handler's result or exception means for the job row. Pure."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import assert_never

from gateway.core.errors import GatewayError, Throttled, treatment
from gateway.jobs.results import Discard, Done, NeedsAttention, Result, RetryAfter, WaitFor
from gateway.store.jobs import Settlement

ASK_AGAIN = 2.0
"""Seconds before the first runs after an unknown outcome: the handler asks first, and the sooner it knows the better."""
ASK_SOON = 3
"""Failures for which an unknown outcome is asked about soon; later ones follow the kind's schedule."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Delays in seconds before the second, third, ... run; the last one repeats until `limit` failures have happened.

    jitter: each delay is spread by up to this fraction to both sides, so that a crowd that failed together returns apart.
    """

    delays: tuple[float, ...]
    limit: int
    jitter: float = 0.1

    def __post_init__(self) -> None:
        if not self.delays or self.limit < 1 or not 0 <= self.jitter < 1 or min(self.delays) < 0:
            raise ValueError("agenda de tentativas inválida")


def next_delay(schedule: Schedule, failures: int, rng: random.Random) -> float | None:
    """Seconds to wait after the `failures`-th failure (the first is 1), or None when the schedule is exhausted."""
    if failures >= schedule.limit:
        return None
    delay = schedule.delays[min(failures, len(schedule.delays)) - 1]
    return delay * (1 + schedule.jitter * (2 * rng.random() - 1))


def result_of(error: Exception, failures: int) -> Result:
    """What an exception out of a handler means, by the table of `gateway.core.errors`. `failures`: before this one."""
    if not isinstance(error, GatewayError):
        return RetryAfter("JOB-ERROR", f"Erro inesperado no programa: {type(error).__name__}: {error}")
    match treatment(error).job:
        case "retry":
            return RetryAfter(error.code, error.detail)
        case "wait":
            after = error.after if isinstance(error, Throttled) else ASK_AGAIN
            return WaitFor(max(0.0, after), error.detail, error.code)
        case "ask":
            return RetryAfter(error.code, error.detail, ASK_AGAIN if failures < ASK_SOON else None)
        case "park" | "fail" | "stop":
            return NeedsAttention(error.code, error.detail, error.fix)
        case other:
            assert_never(other)


def halts(error: Exception) -> bool:
    """Whether the worker must stop rather than go on: something that must never happen did."""
    return isinstance(error, GatewayError) and treatment(error).job == "stop"


def settlement(result: Result, schedule: Schedule, failures: int, rng: random.Random) -> Settlement:
    """What `finish` writes for a result. `failures`: of the job before this run.

    A failure past the schedule's limit waits for a person, whatever delay the handler asked for.
    """
    match result:
        case Done(write):
            return Settlement("done", "done", write=write)
        case WaitFor(seconds, reason, code, write):
            return Settlement("waiting", "waiting", delay=max(0.0, seconds), code=code, reason=reason, burned=False, write=write)
        case NeedsAttention(code, reason, fix, write):
            return Settlement("needs_attention", "parked", code=code, reason=reason, fix=fix, failed=True, write=write)
        case Discard(reason, write):
            return Settlement("discarded", "discarded", code="JOB-DISCARDED", reason=reason, write=write)
        case RetryAfter(code, reason, seconds, write):
            delay = next_delay(schedule, failures + 1, rng)
            if delay is None:
                fix = "As tentativas automáticas acabaram. Resolva a causa e use 'tentar de novo'."
                return Settlement("needs_attention", "parked", code=code, reason=reason, fix=fix, failed=True, write=write)
            delay = delay if seconds is None else max(0.0, seconds)
            return Settlement("ready", "retry", delay=delay, code=code, reason=reason, failed=True, write=write)
        case other:
            assert_never(other)
