"""Spoiling a note in one place, and what must be true before a rule may refuse."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.nfe import rule_controls
from gateway.nfe.layout.document import InfNFe
from gateway.nfe.promotion import Evidence, doubts
from gateway.nfe.reader import read_unchecked
from gateway.nfe.rule_controls import Control, controls, spoilt
from gateway.nfe.rulebook import DECLARED, avoiding
from tests.made_rules import RULES, MadeRule, MadeRules
from tests.unit.nfe.made import built, sale


@pytest.fixture(scope="module")
def inf() -> InfNFe:
    return read_unchecked(built(sale()).xml).infNFe


def test_one_thing_is_wrong_and_the_rest_is_the_same(inf: InfNFe) -> None:
    bad = spoilt(note, Control({"det.prod.CFOP": "0000"}))
    assert bad is not None and (bad.det[0].prod.CFOP, inf.det[0].prod.CFOP) == ("0000", "5102")
    bad = spoilt(note, Control({"total.ICMSTot.vNF": {"add": "0.02"}}))
    assert bad is not None and str(bad.total.ICMSTot.vNF) == "100.02"
    bad = spoilt(note, Control({"det.imposto.ICMS.*.vICMS": {"add": "1"}}))
    # 18 % of 100.00, and one real.
    assert bad is not None and bad.det[0].imposto.ICMS.ICMS00.vICMS == 19  # type: ignore[union-attr]
    bad = spoilt(note, Control({"ide.dhEmi": {"days": -40}}))
    assert bad is not None and bad.ide.dhEmi.startswith("2026-10-11T")
    bad = spoilt(note, Control({"dest.xNome": False}))
    assert bad is not None and bad.dest is not None and bad.dest.xNome is None
    bad = spoilt(note, Control({"pag.detPag": False}))
    assert bad is not None and (len(inf.pag.detPag), len(bad.pag.detPag)) == (1, 0)
    bad = spoilt(note, Control({"total.ICMSTot.vFCP": "3.00"}))
    assert bad is not None and str(bad.total.ICMSTot.vFCP) == "3.00"


@pytest.mark.parametrize(
    "control",
    [
        Control({"det.imposto.ISSQN.vISSQN": {"add": "1"}}),
        Control({"nada.aqui": False}),
        Control({"det.prod.CFOP": "5102"}),
        Control({"dest.xNome": {"add": "1"}}),
        Control({"cobr.fat": False}),
    ],
)
def test_what_is_not_there_cannot_be_spoilt(inf: InfNFe, control: Control) -> None:
    assert spoilt(note, control) is None


def test_a_control_is_one_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule_controls, "table", lambda _: {"R-X": [{"path": "ide.natOp", "set": "A", "blank": True}]})
    controls.cache_clear()
    try:
        with pytest.raises(ValueError, match=r"R-X em ide\.natOp"):
            controls()
    finally:
        monkeypatch.undo()
        controls.cache_clear()
    assert set(controls()) <= {rule.code for rule in DECLARED.rules()}


ENOUGH = Evidence(evaluated=1000, false_alarms=0, controlled=1000, fired=990, live_hits=3, live_false_alarms=0)


@pytest.mark.parametrize(
    ("evidence", "codes"),
    [
        (ENOUGH, []),
        (Evidence(evaluated=999, controlled=1, fired=1), ["RULE-FEW-NOTES"]),
        (Evidence(evaluated=1000, false_alarms=1, controlled=9, fired=9), ["RULE-FALSE-ALARMS"]),
        (Evidence(evaluated=1000, controlled=9, fired=9, live_false_alarms=1), ["RULE-LIVE-FALSE-ALARMS"]),
        (Evidence(evaluated=1000, controlled=9, fired=0), ["RULE-CONTROL-SILENT"]),
        (Evidence(), ["RULE-FEW-NOTES", "RULE-NO-CONTROL"]),
    ],
)
def test_a_rule_refuses_by_numbers(evidence: Evidence, codes: list[str]) -> None:
    assert [one.code for one in doubts(RULES[0], evidence)] == codes


def test_an_optional_rule_is_doubted_whatever_its_numbers() -> None:
    assert [one.code for one in doubts(RULES[1], ENOUGH)] == ["RULE-OPTIONAL"]


def test_who_should_have_foretold_a_refusal() -> None:
    book = MadeRules((*RULES, MadeRule("R-OFF", "805", "off"), MadeRule("R-65", "805", "warn", models=("65",))))

    def told(cStat: str, environment: int = 2, model: str = "55", day: str = "2026-01-20", **modes: str) -> tuple[str, ...]:
        # Half past one in UTC is still the day before in Brasília.
        at = datetime.fromisoformat(f"{day}T01:30:00").replace(tzinfo=UTC)
        chosen = {name.replace("_", "-"): mode for name, mode in modes.items()}
        return avoiding(book, cStat, chosen, model=model, environment=environment, crt="3", at=at)  # type: ignore[arg-type]

    assert told("805") == ("R-NOTE",)
    assert told("778") == ("R-NOTE",)
    assert told("80") == ()
    assert told("999") == (), "only SEFAZ can tell"
    assert told("805", model="65") == ("R-NOTE", "R-65")
    assert told("805", R_OFF="shadow", R_NOTE="off") == ("R-OFF",)
    assert told("805", environment=1) == (), "not in force in production yet"
    assert told("805", environment=1, day="2026-02-01") == ()
    assert told("805", environment=1, day="2026-02-02") == ("R-NOTE",)
