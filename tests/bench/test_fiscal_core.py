"""The bench gives figures, and the whole is not far from the sum of its parts: a ratio, so any machine may run it."""

from __future__ import annotations

import pytest

from gateway import bench


def test_every_figure_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "SECONDS", 0.2)
    figures = {name: next(bench.run(name, (1,))) for name in bench.NAMES}
    for name, figure in figures.items():
        assert figure["bench"] == name
        assert figure["unit"] == "notes/s"
        assert figure["items"] == 1
        assert figure["value"] > 0
        assert figure["n"] >= 1
    assert [figure["items"] for figure in bench.run("validate", (1, 3))] == [1, 3]


def test_writing_a_note_costs_less_than_signing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """RSA is the floor nobody passes: composing, taxing and writing one item stays under it."""
    monkeypatch.setattr(bench, "SECONDS", 0.5)
    build = next(bench.run("build", (1,)))
    sign = next(bench.run("sign", (1,)))
    assert build["best_ms"] < sign["best_ms"]


def test_an_unknown_bench_is_refused() -> None:
    with pytest.raises(ValueError, match="issue, build, sign, validate"):
        next(bench.run("voar"))
