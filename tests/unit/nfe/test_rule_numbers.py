"""Spoiling a note in one place, and what must be true before a rule may refuse."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from gateway.nfe.layout.document import InfNFe, InfNFeSupl, NFe
from gateway.nfe.promotion import Evidence, doubts
from gateway.nfe.reader import read_unchecked
from gateway.nfe.rule_controls import Control, spoilt
from gateway.nfe.rulebook import DECLARED, avoiding, rule_named, version_of
from gateway.nfe.rules import DocumentRule
from tests.made_rules import RULES, MadeRule, MadeRules
from tests.unit.nfe.made import built, sale


@pytest.fixture(scope="module")
def note() -> NFe:
    return read_unchecked(built(sale()).xml)


def test_one_thing_is_wrong_and_the_rest_is_the_same(note: NFe) -> None:
    inf = note.infNFe

    def bad(changes: dict[str, Any]) -> InfNFe:
        found = spoilt(note, Control(changes))
        assert found is not None and found != note and found.infNFeSupl == note.infNFeSupl
        return found.infNFe

    assert (bad({"det.prod.CFOP": "0000"}).det[0].prod.CFOP, inf.det[0].prod.CFOP) == ("0000", "5102")
    assert str(bad({"total.ICMSTot.vNF": {"add": "0.02"}}).total.ICMSTot.vNF) == "100.02"
    # 18 % of 100.00, and one real.
    assert bad({"det.imposto.ICMS.ICMS00.vICMS": {"add": "1"}}).det[0].imposto.ICMS.ICMS00.vICMS == 19  # type: ignore[union-attr]
    assert bad({"ide.dhEmi": {"days": -40}}).ide.dhEmi.startswith("2026-10-11T")
    assert bad({"dest.xNome": False}).dest == msgspec.structs.replace(inf.dest, xNome=None)
    assert bad({"dest": False}).dest is None
    assert (len(inf.pag.detPag), len(bad({"pag.detPag": False}).pag.detPag)) == (1, 0)
    assert str(bad({"total.ICMSTot.vFCP": "3.00"}).total.ICMSTot.vFCP) == "3.00"
    # What was not there counts as nothing: one real on top.
    assert inf.total.ICMSTot.vTotTrib is None
    assert str(bad({"total.ICMSTot.vTotTrib": {"add": "1.00"}}).total.ICMSTot.vTotTrib) == "1.00"


def test_a_group_is_put_repeated_or_copied(note: NFe) -> None:
    changes = {"cobr": {"dup": [{"dVenc": "2026-01-01", "vDup": "1.00"}]}, "cobr.dup.dVenc": {"same": "ide.dhEmi", "first": 10}}
    bad = spoilt(note, Control(changes))
    assert bad is not None and bad.infNFe.cobr is not None
    assert [(dup.dVenc, str(dup.vDup)) for dup in bad.infNFe.cobr.dup] == [("2026-11-20", "1.00")]
    moved = spoilt(note, Control({"ide.dhCont": {"same": "ide.dhEmi", "days": 1}}))
    assert moved is not None and moved.infNFe.ide.dhCont == "2026-11-21T10:30:00-03:00"
    twice = spoilt(note, Control({"det": {"again": True}}))
    assert twice is not None and twice.infNFe.det == note.infNFe.det * 2
    once = spoilt(twice, Control({"det": {"alone": True}}))
    assert once == note
    coded = spoilt(note, Control({"infNFeSupl": {"qrCode": "a", "urlChave": "b"}}))
    assert coded == msgspec.structs.replace(note, infNFeSupl=InfNFeSupl(qrCode="a", urlChave="b"))


@pytest.mark.parametrize(
    "control",
    [
        Control({"det.imposto.ISSQN.vISSQN": {"add": "1"}}),
        Control({"nada.aqui": False}),
        Control({"det.prod.CFOP": "5102"}),
        Control({"dest.xNome": {"add": "1"}}),
        Control({"cobr.fat": False}),
        Control({"ide.natOp": "Outra", "cobr.fat": False}),
        Control({"det.prod.vProd": {"add": "0.00"}}),
        Control({"det": {"alone": True}}),
        Control({"ide.dhCont": {"same": "ide.xJust"}}),
    ],
)
def test_what_is_not_there_cannot_be_spoilt(note: NFe, control: Control) -> None:
    assert spoilt(note, control) is None


def test_a_control_changes_something() -> None:
    with pytest.raises(ValueError, match="uma mudança ao menos"):
        Control({})


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
        (Evidence(outdated=True, live_false_alarms=1), ["RULE-REPLAY-OLD", "RULE-LIVE-FALSE-ALARMS"]),
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


def test_a_rule_is_another_when_its_row_decides_otherwise() -> None:
    rule = rule_named(DECLARED, "R-E16a-30")
    assert isinstance(rule, DocumentRule)
    version = version_of(rule)
    assert len(version) == 16
    assert version_of(replace(rule, message="Outra frase.", fix="Outra.", mode="shadow", note="x")) == version
    for other in (
        replace(rule, cStat="806"),
        replace(rule, since={**rule.since, "prod": date(2030, 1, 1)}),
        replace(rule, until=date(2030, 1, 1)),
        replace(rule, facts={"ufs": rule.facts["ufs"] - {"SP"}}),
        replace(rule, crt=("3",)),
        replace(rule, models=("65",)),
    ):
        assert version_of(other) != version
