"""Every code that an answer may carry is on the page of errors, with a sentence."""

from __future__ import annotations

import re
from pathlib import Path

from docs import error_codes
from gateway.core.errors import TREATMENTS
from gateway.nfe.findings import rules

ROOT = Path(__file__).parents[2]
WRITTEN = re.compile(r'"([A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+)"')


def test_every_code_is_documented_with_a_sentence() -> None:
    told = {one.code: one.message for one in error_codes.written()}
    assert [code for code, message in told.items() if not message] == []
    assert error_codes.SAID.keys() <= told.keys()
    page = (ROOT / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")
    on_page = set(re.findall(r"^\| (?:`\w+` \| )?`([A-Z0-9-]+)`", page, re.MULTILINE))
    assert on_page == told.keys() | rules().keys() | {cls.code for cls in TREATMENTS}


def test_no_code_of_the_api_and_the_workers_is_passed_over() -> None:
    """Read as text, not as syntax: by another hand than the page."""
    found: set[str] = set()
    for path in (ROOT / "gateway").rglob("*.py"):
        if not str(path.relative_to(ROOT / "gateway")).startswith(("sim/", "demo", "bench", "stage.py")):
            found |= set(WRITTEN.findall(path.read_text(encoding="utf-8")))
    documented = {one.code for one in error_codes.written()} | rules().keys() | {cls.code for cls in TREATMENTS}
    assert {code for code in found - documented if not code.startswith("R-")} == error_codes.NOT_CODES


def test_values_are_left_out_of_the_sentences() -> None:
    told = {one.code: one for one in error_codes.written()}
    assert told["INUT-MODEL"].message == "O modelo … não tem inutilização."
    assert told["INUT-MODEL"].fix == "Use 55 ou 65."
