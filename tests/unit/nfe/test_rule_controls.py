"""Every rule over the document has a negative control, and each control makes it speak of a note it was silent about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from gateway.nfe.layout.document import NFe
from gateway.nfe.reader import read_unchecked
from gateway.nfe.rule_controls import Control, controls, spoilt
from gateway.nfe.rulebook import BRASILIA, JUDGED
from gateway.nfe.rules import DocumentRule, codes, ibs_cbs_amounts, judge, rows
from gateway.nfe.rules.rows import by_code
from tests.unit.nfe.document_rule_cases import CASES
from tests.unit.nfe.made_document import changed

GOLDEN = Path(__file__).parents[2] / "golden" / "nfe" / "notes"
PATIENCE = 4
"""Notes that each control has to be right about; more would tell the same, later."""
ONLY_IN = {"R-E04-10": 1, "R-598": 2, "R-373": 2}
"""Rules that count in both environments but speak in one: of the names that homologação demands."""
RULES = tuple(rule for rule in rows() if rule.mode in JUDGED)


@dataclass(frozen=True)
class Document:
    name: str
    note: NFe
    environment: int
    at: datetime

    def told(self, note: NFe, rule: DocumentRule) -> bool:
        """Whether the rule, and it alone of all, is heard."""
        modes = {other.code: "shadow" if other is rule else "off" for other in RULES}
        told = judge(note.infNFe, environment=self.environment, at=self.at, modes=modes, supplement=note.infNFeSupl)  # type: ignore[arg-type]
        return bool(told.shadow)

    def concerns(self, rule: DocumentRule) -> bool:
        inf, day = self.note.infNFe, self.at.astimezone(BRASILIA).date()
        here = ONLY_IN.get(rule.code, self.environment) == self.environment
        return here and rule.active(inf.ide.mod, self.environment, inf.emit.CRT, day)


@cache
def documents() -> tuple[Document, ...]:
    """The golden notes, and the neighbours that the rules let pass, each in its environment and on its day."""

    def golden() -> Iterator[Document]:
        for file in sorted(GOLDEN.glob("*.xml")):
            note = read_unchecked(file.read_bytes().replace(b">\n<", b"><"))
            yield Document(file.stem, note, int(note.infNFe.ide.tpAmb), datetime.fromisoformat(note.infNFe.ide.dhEmi))

    def neighbours() -> Iterator[Document]:
        for case in CASES:
            note = NFe(infNFe=changed(case.base(), case.good), infNFeSupl=case.good_supplement)
            yield Document(f"vizinho de {case.code}", note, case.environment, case.at)

    return (*golden(), *neighbours())


@pytest.fixture(autouse=True)
def rates_of_2027(monkeypatch: pytest.MonkeyPatch) -> None:
    """A CBS of 8.80 for 2027, which no table has yet: without one, R-UB56-20 is silent, and its control says so."""

    def rate(name: str, day: date | None) -> Decimal | None:
        return Decimal("8.80") if name == "cbs" and day is not None and day.year > 2026 else codes.rate(name, day)

    monkeypatch.setattr(ibs_cbs_amounts, "rate", rate)


def test_every_rule_that_runs_has_a_control() -> None:
    assert set(controls()) == {rule.code for rule in RULES}


CONTROLS = [
    pytest.param(code, control, id=code if len(ways) == 1 else f"{code}-{number}")
    for code, ways in controls().items()
    for number, control in enumerate(ways, 1)
]


@pytest.mark.parametrize(("code", "control"), CONTROLS)
def test_a_spoilt_note_makes_the_rule_speak(code: str, control: Control) -> None:
    rule, spoken = by_code()[code], 0
    for document in documents():
        bad = spoilt(document.note, control) if document.concerns(rule) else None
        if bad is None or document.told(document.note, rule):
            continue
        assert document.told(bad, rule), f"{code} ficou calada sobre {document.name} estragada"
        spoken += 1
        if spoken == PATIENCE:
            break
    assert spoken, f"nenhuma nota tem o que o controle de {code} estraga"


def test_a_rule_without_what_it_needs_stays_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its control tells: a rate that nobody wrote down makes R-UB56-20 say nothing."""
    monkeypatch.setattr(ibs_cbs_amounts, "rate", codes.rate)
    rule, (control,) = by_code()["R-UB56-20"], controls()["R-UB56-20"]
    tried = [(one, bad) for one in documents() if one.concerns(rule) and (bad := spoilt(one.note, control)) is not None]
    assert tried and not any(document.told(bad, rule) for document, bad in tried[:PATIENCE])
