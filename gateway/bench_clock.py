"""The clock of every figure of `gateway bench`, ours and the peers': only the standard library, for it runs in both."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

SECONDS = 2.0
_ROUNDS = 100
"""Short enough (20 ms) that some of them run without a neighbour of the machine in the way."""


def measure(work: Callable[[], object], seconds: float = SECONDS) -> tuple[int, float]:
    """Runs done and the best round's seconds per run, of this thread's CPU: what the machine does for others does not count."""
    start = time.thread_time()
    work()
    once = time.thread_time() - start
    per_round = max(1, int(seconds / _ROUNDS / max(once, 1e-6)))
    best = once
    done = 1
    deadline = time.perf_counter() + seconds
    while True:
        began = time.thread_time()
        for _ in range(per_round):
            work()
        best = min(best, (time.thread_time() - began) / per_round)
        done += per_round
        if time.perf_counter() >= deadline:
            return done, best


def measure_threads(work: Callable[[], object], threads: int, seconds: float = SECONDS) -> tuple[int, float]:
    """As `measure`, with `threads` at work together: runs done and seconds by the clock on the wall per run of all of them."""
    rounds = 10
    best = float("inf")
    done = 0
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda _: work(), range(threads * 4)))
        for _ in range(rounds):
            began = time.perf_counter()
            deadline = began + seconds / rounds

            def turn(_: int, deadline: float = deadline) -> int:
                count = 0
                while time.perf_counter() < deadline:
                    work()
                    count += 1
                return count

            count = sum(pool.map(turn, range(threads)))
            if count:
                best = min(best, (time.perf_counter() - began) / count)
            done += count
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
