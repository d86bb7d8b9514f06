"""Notes compared, tag by tag, with files reviewed by people. Rewrite them with `pytest tests/golden --update`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import etree

from gateway.nfe.build import Built
from gateway.nfe.signature import NFE, with_placeholder
from gateway.nfe.xsd import validate
from tests.golden.nfe.cases import CASES as SALES
from tests.golden.nfe.cases import Case
from tests.golden.nfe.operation_cases import CASES as OPERATIONS
from tests.golden.nfe.raw_cases import CASES as RAW
from tests.golden.nfe.reform_cases import CASES as REFORM
from tests.golden.nfe.return_cases import CASES as RETURNS
from tests.golden.nfe.tax_cases import CASES as TAXES

CASES = (*SALES, *OPERATIONS, *TAXES, *RAW, *RETURNS, *REFORM)
FOLDER = Path(__file__).parent / "notes"


def as_file(note: Built) -> str:
    """One tag a line, and no version of ours in it."""
    text = re.sub(r"<verProc>[^<]*", "<verProc>gateway", note.xml.decode())
    return text.replace("><", ">\n<") + "\n"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_note_is_the_reviewed_one(case: Case, request: pytest.FixtureRequest) -> None:
    note = case.make()
    assert validate(with_placeholder(note.xml)) == ()
    body = etree.fromstring(note.xml).find(f"{{{NFE}}}infNFe")
    assert body is not None
    for path, expected in case.facts.items():
        steps = "/".join(f"n:{step}" for step in path.split("/"))
        found = body.find(steps, {"n": NFE})
        assert (None if found is None else (found.text or "")) == expected, path
    file = FOLDER / f"{case.name}.xml"
    text = as_file(note)
    if request.config.getoption("--update", default=False):
        FOLDER.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == text


def test_no_file_without_a_case() -> None:
    assert {file.stem for file in FOLDER.glob("*.xml")} == {case.name for case in CASES}
