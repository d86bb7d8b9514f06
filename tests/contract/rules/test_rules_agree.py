"""The gateway's rules and the simulated SEFAZ, two hands that share no line, agree on generated notes.

What the gateway refuses or warns of, the simulator refuses for that reason; what the simulator refuses for a reason that the
gateway knows, the gateway foresaw. The differences that remain are in `known.py`, each with its reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.contract.rules.known import ONLY_GATEWAY, ONLY_SIMULATOR
from tests.contract.rules.mutations import follows_the_schema, mutations

pytest.importorskip("gateway.nfe.rules")

from tests.contract.rules.agreement import Verdicts, received_at, verdicts

NOTES = sorted((Path(__file__).parents[2] / "golden" / "nfe" / "notes").glob("*.xml"))
STRIDE = 11
"""One mutation in so many is judged; the first one differs from note to note."""
LEAST_AGREED = 60
"""Reasons that the corpus must make both sides give: fewer would mean that it no longer tests anything."""


@cache
def golden(path: Path) -> etree._Element:
    return etree.fromstring(path.read_bytes(), etree.XMLParser(remove_blank_text=True))


def sampled(index: int, path: Path) -> Iterator[tuple[str, etree._Element]]:
    for name, changed in islice(mutations(golden(path)), index % STRIDE, None, STRIDE):
        if follows_the_schema(changed):
            yield name, changed


def disagreements(name: str, found: Verdicts) -> list[str]:
    """One line for each reason that only one side gives, less the known ones."""
    gateway = found.only_gateway - ONLY_GATEWAY.keys()
    simulator = found.only_simulator - ONLY_SIMULATOR.keys()
    return [f"{name}: só o gateway diz {cStat}" for cStat in sorted(gateway)] + [
        f"{name}: só o simulador diz {cStat}" for cStat in sorted(simulator)
    ]


def judged(name: str, root: etree._Element) -> tuple[Verdicts, list[str]]:
    found = verdicts(root, received_at(root))
    return found, disagreements(name, found)


@pytest.mark.parametrize("path", NOTES, ids=lambda path: path.stem)
def test_both_sides_read_the_reviewed_notes_alike(path: Path) -> None:
    _, lines = judged(path.stem, golden(path))

    assert lines == []


def test_both_sides_read_broken_notes_alike() -> None:
    lines: list[str] = []
    agreed: set[str] = set()
    refused_by_neither = 0
    for index, path in enumerate(NOTES):
        for name, changed in sampled(index, path):
            found, broken = judged(f"{path.stem}: {name}", changed)
            lines += broken
            agreed |= (found.refused | found.warned) & found.simulated
            refused_by_neither += not found.simulated

    assert lines == []
    assert len(agreed) >= LEAST_AGREED
    assert refused_by_neither > 0


@settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
@given(data=st.data())
def test_both_sides_read_a_note_broken_twice_alike(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(NOTES))
    root, names = golden(path), []
    for _ in range(2):
        count = sum(1 for _ in root.iter())
        at = data.draw(st.integers(0, count))
        name, root = next(islice(mutations(root), at, None), ("", root))
        names.append(name)
    if not follows_the_schema(root):
        return

    _, lines = judged(f"{path.stem}: {' + '.join(names)}", root)

    assert lines == []
