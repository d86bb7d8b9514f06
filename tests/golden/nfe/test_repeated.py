"""What is kept of an item sold before changes nothing: every reviewed note, made three times, has the same bytes."""

from __future__ import annotations

import pytest

from gateway.nfe import repeats
from gateway.nfe.goods import Goods
from gateway.nfe.lines import Line
from gateway.nfe.repeats import Repeat
from tests.golden.nfe.test_notes import CASES


def test_a_note_made_for_the_third_time_is_the_first_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cases make their products anew each time, so goods are told apart here by what they are, and not by identity."""
    key = repeats._key
    kept: dict[tuple[object, ...], Repeat] = {}

    def by_content(line: Line, goods: Goods) -> tuple[object, ...] | None:
        found = key(line, goods)
        return None if found is None else (repr(goods), *found[1:])

    monkeypatch.setattr(repeats, "_key", by_content)
    monkeypatch.setattr(repeats, "_met", set())
    monkeypatch.setattr(repeats, "_kept", kept)
    for case in CASES:
        notes = [case.make() for _ in range(3)]
        assert notes[1].xml == notes[0].xml, case.name
        assert notes[2].xml == notes[0].xml, case.name
        assert notes[2].note == notes[0].note, case.name
    # Reductions, ST, IPI, contributions by unit, reform...: what a row holds is kept. DIFAL, fuels and services are not.
    assert len(kept) > 40
