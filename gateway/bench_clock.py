"""The clock of every figure of `gateway bench`, ours and the peers': only the standard library, for it runs in both."""

from __future__ import annotations

import time
from collections.abc import Callable

SECONDS = 2.0
_ROUNDS = 100
"""Short enough (20 ms) that some of them run without a neighbour of the machine in the way."""


def measure(work: Callable[[], object], seconds: float = SECONDS) -> tuple[int, float]:
    """Runs done and the best round's seconds per run."""
    start = time.perf_counter()
    work()
    once = time.perf_counter() - start
    per_round = max(1, int(seconds / _ROUNDS / max(once, 1e-6)))
    best = once
    done = 1
    deadline = start + seconds
    while True:
        began = time.perf_counter()
        for _ in range(per_round):
            work()
        best = min(best, (time.perf_counter() - began) / per_round)
        done += per_round
        if time.perf_counter() >= deadline:
            return done, best


def figure(bench: str, items: int, n: int, best: float, size: int) -> dict[str, object]:
    """One line of the answer; `best` in seconds, `size` the signed document's bytes."""
    return {
        "bench": bench,
        "unit": "notes/s",
        "value": round(1 / best, 1),
        "items": items,
        "n": n,
        "best_ms": round(best * 1000, 4),
        "bytes": size,
    }
