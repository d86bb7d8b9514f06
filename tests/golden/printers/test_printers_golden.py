"""Every sample note on every roll: the text a person reads in a diff, and the exact bytes a printer gets.

`UPDATE_GOLDEN=1 pytest tests/golden/printers` writes them anew; review the diff before it is committed.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gateway.printers import escpos, text
from gateway.printers.ir import PAPERS
from gateway.printers.slip import danfe_slip
from gateway.printers.view import read_note

HERE = Path(__file__).parent
NOTES = sorted(path.stem for path in HERE.glob("*.xml"))


def test_there_are_samples() -> None:
    assert NOTES == ["alphanumeric", "forty_items", "nfce", "one_item", "three_items", "type2_offline"]


@pytest.mark.parametrize("paper", PAPERS.values(), ids=PAPERS.keys())
@pytest.mark.parametrize("name", NOTES)
def test_slip(name: str, paper) -> None:
    document = danfe_slip(read_note((HERE / f"{name}.xml").read_bytes()), paper)
    for suffix, produced in (
        ("txt", text.render(document, paper).encode("utf-8")),
        ("escpos", escpos.render(document, paper)),
    ):
        path = HERE / f"{name}.{paper.name}.{suffix}"
        if os.environ.get("UPDATE_GOLDEN") == "1":
            path.write_bytes(produced)
        assert produced == path.read_bytes(), path.name
