"""The bench gives figures, and the whole is not far from the sum of its parts: a ratio, so any machine may run it."""

from __future__ import annotations

import re

import pytest

from gateway import bench
from gateway.bench_clock import alternate, ratios
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


def test_the_whole_note_comes_with_its_floor_of_the_same_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "SECONDS", 0.05)
    for threads in (1, 2):
        row = next(bench.run("issue", (2,), threads=threads))
        assert 0 < row["ratio"] < 5 and 0 < row["ratio_median"] < 5
        assert row["floor"] > 0 and row["rsa_sign_per_s"] > 0
        assert row["wall_ms"] > 0 and row["median_ms"] > 0
    assert "ratio" not in next(bench.run("build", (1,)))


def test_a_ratio_is_of_the_best_rounds_and_the_median_is_of_the_pairs() -> None:
    """The best are 2 and 4; the pairs 2/4, 3/4 and 9/10 are 0.5, 0.75 and 0.9, and with 3/10 twice their median is 0.5."""
    assert ratios([2, 3, 9], [4, 4, 10]) == {"ratio": 0.5, "ratio_median": 0.75}
    assert ratios([2, 3, 9, 3, 3], [4, 4, 10, 10, 10]) == {"ratio": 0.5, "ratio_median": 0.5}


def test_turns_alternate_and_the_first_run_of_each_is_not_counted() -> None:
    told: list[str] = []
    series = alternate([lambda: told.append("a"), lambda: told.append("b")], 0)
    assert told[:4] == ["a", "a", "b", "b"]
    assert [one.n for one in series] == [3, 3]
    assert told[4:] == ["a", "b"] * 3


def test_notes_come_in_turn_and_with_new_prices_no_amount_is_met_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "_MANY", 20)
    again = bench._writer(2, True)
    first = [again() for _ in range(6)]
    assert len(set(first)) == 6
    assert again() == first[0]
    # Eleven notes of two items: 22 amounts before the first one comes again.
    new = bench._writer(2, True, new_prices=True)
    prices = [price for _ in range(11) for price in re.findall(rb"<vUnCom>([^<]*)<", new())]
    assert prices[:4] == [b"49.90", b"57.21", b"49.91", b"57.22"]
    assert len(set(prices)) == 22


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
