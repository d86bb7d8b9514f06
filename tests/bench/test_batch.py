"""The measure of a batch: real processes, every line authorised, every figure there. It asserts no speed."""

from __future__ import annotations

import sys

import pytest

from gateway import cli
from gateway.bench_batch import run_batch

FIGURES = {
    *("bench", "unit", "value", "n", "seconds", "taken_rate", "till_n", "till_p50_ms", "till_p99_ms"),
    *("rss_idle_mib", "rss_quarter_mib", "rss_max_mib", "rss_end_mib", "gateway_cpu_ms", "sefaz_cpu_ms"),
}


async def test_a_small_batch_gives_every_figure() -> None:
    row = await run_batch(12)
    assert row.keys() == FIGURES
    assert (row["bench"], row["unit"], row["n"]) == ("batch", "notes/s", 12)
    assert row["value"] > 0 and row["taken_rate"] > 0 and row["till_n"] > 0
    assert row["till_p50_ms"] <= row["till_p99_ms"]
    if sys.platform == "linux":
        assert row["rss_idle_mib"] > 0 and row["rss_max_mib"] > 0


def test_a_batch_of_no_lines_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bench", "batch", "--lines", "0"]) == 2
    assert "--lines vai de 1 a 100000" in capsys.readouterr().err
