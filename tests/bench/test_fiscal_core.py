"""The bench gives figures, and the whole is not far from the sum of its parts: a ratio, so any machine may run it."""

from __future__ import annotations

import pytest

from gateway import bench
from gateway.bench_floor import floor, written
from gateway.nfe.certificate import load
from gateway.nfe.certificate_maker import make_test_pfx


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


def test_the_note_of_2025_has_no_reform_and_is_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "SECONDS", 0.02)
    now, before = (next(bench.run("build", (1,), reform=reform)) for reform in (True, False))
    assert (now["reform"], before["reform"]) == (True, False)
    assert before["bytes"] < now["bytes"]


def test_threads_make_notes_together_and_say_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "SECONDS", 0.1)
    row = next(bench.run("issue", (1,), threads=2))
    assert row["threads"] == 2
    assert row["n"] >= 2
    assert row["value"] > 0


@pytest.mark.parametrize("reform", [True, False])
def test_the_floor_writes_the_very_note_of_the_gateway(reform: bool) -> None:
    """Same text, same signature, same schema; only then is it a floor of the same work."""
    certificate = load(make_test_pfx(bench._CNPJ, "Loja de Teste", "x", at=bench._AT))
    xml = bench._writer(12, reform)()
    assert written(xml)() == xml
    floor(xml, certificate)()


def test_an_unknown_bench_is_refused() -> None:
    with pytest.raises(ValueError, match="issue, build, sign, validate, floor"):
        next(bench.run("voar"))
