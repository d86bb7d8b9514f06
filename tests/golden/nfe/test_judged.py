"""What is judged as structs, before it is sent, is what would be read from the bytes that are sent."""

from __future__ import annotations

import pytest

from gateway.nfe.layout.document import NFe
from gateway.nfe.reader import read_unchecked
from gateway.nfe.rules import judge, rows
from tests.golden.nfe.cases import Case
from tests.golden.nfe.test_notes import CASES
from tests.unit.nfe.made import AT

MODES = {rule.code: "shadow" for rule in rows() if rule.mode != "sefaz"}


def told(note: NFe) -> list[tuple[str, str, str]]:
    judgement = judge(
        note.infNFe,
        environment=int(note.infNFe.ide.tpAmb),
        at=AT,
        modes=MODES,  # type: ignore[arg-type]
        supplement=note.infNFeSupl,
    )
    return [(finding.code, finding.cStat, finding.path) for finding in judgement.shadow]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_structs_and_bytes_are_judged_alike(case: Case) -> None:
    built = case.make()
    read = read_unchecked(built.xml)
    assert told(built.note) == told(read)
    assert (built.note.infNFeSupl, built.note.infNFe.Id) == (read.infNFeSupl, read.infNFe.Id)
