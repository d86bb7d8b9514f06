"""Every rule over the document finds what breaks it, and nothing in a neighbour."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import nfelib
import pytest

from gateway.core.errors import InvariantBroken
from gateway.nfe.findings import rules as business_rules
from gateway.nfe.layout.document import InfNFe
from gateway.nfe.reader import read_unchecked
from gateway.nfe.rules import Finding, Judgement, codes, ibs_cbs_amounts, judge, rows
from gateway.nfe.rules.catalogue import CHECKS
from gateway.nfe.rules.rows import MODES, by_code
from tests.unit.nfe.document_rule_cases import CASES, Case
from tests.unit.nfe.made import AT
from tests.unit.nfe.made_document import changed, delivered, nfce, nfe, put

D = Decimal


def everything(judgement: Judgement) -> tuple[Finding, ...]:
    return judgement.refused + judgement.warned + judgement.shadow


def judged(case: Case, *, good: bool) -> tuple[Finding, ...]:
    inf = changed(case.base(), case.good if good else case.bad)
    supplement = case.good_supplement if good else case.bad_supplement
    return everything(judge(inf, environment=case.environment, at=case.at, supplement=supplement))


@pytest.fixture(autouse=True)
def rates_of_2027(monkeypatch: pytest.MonkeyPatch) -> None:
    """A CBS of 8.80 for 2027, which no table has yet."""

    def rate(name: str, day: date | None) -> Decimal | None:
        return D("8.80") if name == "cbs" and day is not None and day.year > 2026 else codes.rate(name, day)

    monkeypatch.setattr(ibs_cbs_amounts, "rate", rate)


def test_a_rate_that_is_not_written_down_is_unknown_and_not_zero() -> None:
    assert [codes.rate(name, date(2026, 11, 20)) for name in ("ibs_uf", "ibs_mun", "cbs")] == [D("0.1"), D("0"), D("0.9")]
    assert codes.rate("cbs", date(2027, 3, 1)) is None
    assert codes.rate("ibs_uf", date(2025, 12, 31)) is None
    assert codes.rate("ibs_uf", None) is None


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.code)
def test_rule_finds_one_and_lets_its_neighbour_pass(case: Case) -> None:
    found = judged(case, good=False)
    assert {finding.code for finding in found} == {case.code, *case.also}
    mine = [finding for finding in found if finding.code == case.code]
    if case.path is not None:
        assert mine[0].path == case.path
    rule = by_code()[case.code]
    for finding in mine:
        assert (finding.rule, finding.cStat, finding.source) == (rule.rule, rule.cStat, rule.source)
        assert finding.message.endswith(".") and finding.fix.endswith(".") and "{" not in finding.message + finding.fix
    assert {finding.code for finding in judged(case, good=True)} == set(case.good_also)


@pytest.mark.parametrize("base", [nfe, nfce, delivered], ids=lambda base: base.__name__)
def test_the_bases_break_nothing(base: object) -> None:
    assert everything(judge(base(), environment=2, at=AT)) == ()  # type: ignore[operator]


def test_every_rule_is_proven() -> None:
    assert {case.code for case in CASES} == {rule.code for rule in rows() if rule.mode != "sefaz"}


def test_rows_and_checks_are_the_same() -> None:
    assert set(CHECKS) == {rule.code for rule in rows() if rule.mode != "sefaz"}


def test_rows_are_whole() -> None:
    for rule in rows():
        assert rule.code.startswith("R-") and rule.mode in MODES and rule.certainty in ("C", "M", "U"), rule.code
        assert rule.message.endswith(".") and rule.fix.endswith(".") and rule.source, rule.code
        assert rule.models and set(rule.models) <= {"55", "65"} and set(rule.since) <= {"hom", "prod"}, rule.code
        assert rule.mode not in ("sefaz", "shadow") or rule.why, rule.code
        if rule.mode == "refuse":
            # Only what is mandatory, known from a source and avoids a refusal that is known.
            assert rule.mandatory and rule.cStat and rule.certainty in ("C", "M"), rule.code


def test_codes_are_not_those_of_business_rules() -> None:
    assert not {rule.code for rule in rows()} & set(business_rules())


def test_waves_are_by_environment() -> None:
    """UB13-20 came to homologação on 01/09/2026 and to production on 05/10/2026; UB12-10 never came to production."""
    broken = changed(nfe(), next(case.bad for case in CASES if case.code == "R-UB13-20"))

    def told(environment: int, at: str) -> bool:
        day = AT.fromisoformat(at)
        return any(f.code == "R-UB13-20" for f in judge(broken, environment=environment, at=day).refused)

    assert told(2, "2026-09-01T00:00:00-03:00") and not told(2, "2026-08-31T23:59:59-03:00")
    assert told(1, "2026-10-05T00:00:00-03:00") and not told(1, "2026-10-04T23:59:59-03:00")
    bare = changed(nfe(), {"det.0.imposto.IBSCBS": None, "dest.xNome": "Maria Exemplo"})
    assert everything(judge(bare, environment=1, at=AT)) == ()


def test_ub12_10_is_of_normal_regime() -> None:
    simples = {"emit.CRT": "1", "det.0.imposto.ICMS": {"ICMSSN102": {"orig": "0", "CSOSN": "102"}}, "det.0.imposto.IBSCBS": None}
    assert everything(judge(changed(nfe(), simples), environment=2, at=AT)) == ()


def test_the_operator_moves_a_rule() -> None:
    broken = put(nfe(), "ide.cDV", "4")
    assert [f.code for f in judge(broken, environment=2, at=AT).refused] == ["R-B23-10"]
    moved = judge(broken, environment=2, at=AT, modes={"R-B23-10": "warn"})
    assert (moved.refused, [f.code for f in moved.warned]) == ((), ["R-B23-10"])
    assert everything(judge(broken, environment=2, at=AT, modes={"R-B23-10": "off"})) == ()


def test_one_rule_is_told_of_twenty_items_at_most() -> None:
    first = changed(nfe(), {"det.0.imposto.IBSCBS": None}).det[0]
    items = tuple(msgspec.structs.replace(first, nItem=str(n)) for n in range(1, 101))
    judgement = judge(msgspec.structs.replace(nfe(), det=items), environment=2, at=AT)
    assert len([f for f in judgement.warned if f.code == "R-UB12-10"]) == 20


def test_text_that_the_schema_refuses_is_not_judged_and_breaks_nothing() -> None:
    odd = nfe()
    for path, text in {
        "ide.dhEmi": "ontem",
        "ide.nNF": "X",
        "ide.serie": "",
        "ide.dhCont": "?",
        "det.0.prod.CFOP": "",
        "det.0.prod.cEAN": "á",
        "Id": "",
        "ide.mod": "55",
        "ide.cDV": "",
        "emit.CRT": "",
    }.items():
        odd = put(odd, path, text)
    assert {f.code for f in everything(judge(odd, environment=2, at=AT))} <= {"R-I03-10", "R-B28-10", "R-327", "R-I12-10"}


def test_a_judgement_needs_a_time_zone() -> None:
    with pytest.raises(ValueError, match="fuso"):
        judge(nfe(), environment=2, at=AT.replace(tzinfo=None))


GOLDEN = Path(__file__).parents[2] / "golden" / "nfe" / "notes"


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.xml")), ids=lambda file: file.stem)
def test_golden_notes_are_not_refused(file: Path) -> None:
    note = read_unchecked(file.read_bytes().replace(b">\n<", b"><"))
    at = max(AT, datetime.fromisoformat(note.infNFe.ide.dhEmi))
    judgement = judge(note.infNFe, environment=int(note.infNFe.ide.tpAmb), at=at, supplement=note.infNFeSupl)
    assert {f.code for f in judgement.refused} == set()


SAMPLES = Path(nfelib.__file__).parent / "nfe" / "samples" / "v4_0"
SAMPLE_REFUSALS = {
    # Notes of 2018 by tPag 99, before its description was demanded.
    "26180875335849000115550010000016871192213331-nfe": {"R-441", "R-B23-10"},
    "35180834128745000152550010000474491454651420-nfe": {"R-441"},
    "35180834128745000152550010000474501597356342-nfe": {"R-441"},
    "35180834128745000152550010000474641681223493-nfe": {"R-441"},
    "35180834128745000152550010000476051695511860-nfe": {"R-441"},
    "35180834128745000152550010000476121675985748-nfe": {"R-441"},
    "35180834128745000152550010000476711079516696-nfe": {"R-441"},
    # A code that is no GTIN.
    "35180834128745000152550010000476861118934859-nfe": {"R-I03-10"},
    # The key was changed to hide the issuer.
    "41170706117473000150550010000463202612756525-procNFe": {"R-A03-10", "R-B23-10"},
    "procNFe": {"R-A03-10", "R-B23-10"},
}
"""What SEFAZ would refuse today of the samples that nfelib ships. nfe_reforma_tributaria is filled in at random."""


@pytest.mark.parametrize("file", sorted(SAMPLES.rglob("*.xml")), ids=lambda file: file.stem)
def test_samples_are_refused_only_for_what_is_explained(file: Path) -> None:
    text = file.read_bytes()
    if b"<infNFe" not in text or file.stem == "nfe_reforma_tributaria":
        pytest.skip("não é uma nota, ou é preenchida ao acaso")
    try:
        inf: InfNFe = read_unchecked(text).infNFe
    except InvariantBroken:
        pytest.skip("não segue o leiaute")
    judgement = judge(inf, environment=int(inf.ide.tpAmb), at=AT)
    assert {f.code for f in judgement.refused} == SAMPLE_REFUSALS.get(file.stem, set())
