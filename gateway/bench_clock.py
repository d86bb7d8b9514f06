"""The clock of every figure of `gateway bench`, ours and the peers': only the standard library, for it runs in both."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import median

SECONDS = 2.0
_ROUNDS = 100
"""Of 20 ms: short enough for some to run without a neighbour of the machine in the way, long enough for caches to be warm."""
_THREADED_ROUNDS = 10


class Series:
    """One work's rounds: seconds per run of each, by the CPU of its thread and by the clock on the wall; `n` runs in all.

    No dataclass: xsdata, of the peers, looks into every dataclass of the process.
    """

    __slots__ = ("cpu", "n", "wall")

    def __init__(self) -> None:
        self.n = 0
        self.cpu: list[float] = []
        self.wall: list[float] = []

    def turn(self, work: Callable[[], object], runs: int) -> None:
        """One round of `runs`."""
        wall, cpu = time.perf_counter(), time.thread_time()
        for _ in range(runs):
            work()
        self.cpu.append((time.thread_time() - cpu) / runs)
        self.wall.append((time.perf_counter() - wall) / runs)
        self.n += runs


def measure(work: Callable[[], object], seconds: float = SECONDS) -> tuple[int, float]:
    """Runs done and the best round's seconds per run, of this thread's CPU: what the machine does for others does not count."""
    (series,) = alternate([work], seconds)
    return series.n, min(series.cpu)


def alternate(works: Sequence[Callable[[], object]], seconds: float = SECONDS) -> list[Series]:
    """Works measured turn by turn, A B C A B C, for about `seconds` each: who else uses the machine slows all alike.

    At least three rounds of each; the first run of a work is not counted.
    """
    made = [Series() for _ in works]
    runs = []
    for work in works:
        work()
        start = time.thread_time()
        work()
        runs.append(max(1, int(seconds / _ROUNDS / max(time.thread_time() - start, 1e-6))))
    deadline = time.perf_counter() + seconds * len(works)
    while time.perf_counter() < deadline or len(made[0].cpu) < 3:
        for series, work, count in zip(made, works, runs, strict=True):
            series.turn(work, count)
    return made


def ratios(floor: Sequence[float], ours: Sequence[float]) -> dict[str, float]:
    """What part of the floor's speed is ours: `ratio` of the best rounds, and `ratio_median`, the median over the turns.

    A neighbour only adds time, and more to who has more code and data to bring back to the caches: the best round of each is
    nearest to what it costs by itself. The median tells how it goes on this machine, neighbours included.
    """
    middle = median(low / high for low, high in zip(floor, ours, strict=True))
    return {"ratio": round(min(floor) / min(ours), 3), "ratio_median": round(middle, 3)}


def alternate_threads(
    work: Callable[[], object], floor: Callable[[], object], threads: int, seconds: float = SECONDS
) -> tuple[Series, Series]:
    """`work` in `threads` at once and `floor` in one, turn by turn, by the clock on the wall; `cpu` is of all the process."""
    ours, low = Series(), Series()

    def turn(deadline: float) -> int:
        count = 0
        while time.perf_counter() < deadline or not count:
            work()
            count += 1
        return count

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda _: work(), range(threads * 4)))
        floor()
        for _ in range(_THREADED_ROUNDS):
            wall, cpu = time.perf_counter(), time.process_time()
            count = sum(pool.map(turn, [wall + seconds / _THREADED_ROUNDS] * threads))
            ours.n += count
            ours.wall.append((time.perf_counter() - wall) / count)
            ours.cpu.append((time.process_time() - cpu) / count)
            low.turn(floor, max(1, count // threads))
    return ours, low


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


def spread(series: Series) -> dict[str, float]:
    """Beside the best: the median round by CPU and by the wall, in ms."""
    return {"median_ms": round(median(series.cpu) * 1000, 4), "wall_ms": round(median(series.wall) * 1000, 4)}
