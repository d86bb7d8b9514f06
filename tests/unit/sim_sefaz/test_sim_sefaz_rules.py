"""One refusal a rule, beside the nearest note that passes it."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from sim_sefaz_cases import CASES
from sim_sefaz_item_cases import CASES as ITEMS
from sim_sefaz_judging import reasons, refuses_and_passes
from sim_sefaz_nfce_cases import CASES as NFCE_CASES
from sim_sefaz_nfce_cases import NFCE, OFFLINE
from sim_sefaz_note import ALPHANUMERIC_CNPJ, CNPJ, NOW, Edits, Signer, build, chave_of, lot, new_authorizer, signed
from sim_sefaz_purpose_cases import BY_ITEM, SOLD, refers, returned, service
from sim_sefaz_purpose_cases import CASES as PURPOSES
from sim_sefaz_purpose_cases import ELSEWHERE as ELSEWHERE_SOLD
from sim_sefaz_reform_cases import CASES as REFORM
from sim_sefaz_reform_cases import zone_item
from sim_sefaz_variants import interstate, one_item, simples

from gateway.sim.pki import TestPki
from gateway.sim.sefaz import rules
from gateway.sim.sefaz.authorizer import Authorizer
from gateway.sim.sefaz.chave import CUF
from gateway.sim.sefaz.document import Note
from gateway.sim.sefaz.messages import known
from gateway.sim.sefaz.rules import Conditions, refusals
from gateway.sim.sefaz.tables import dormant

ELSEWHERE = {"A03-10", "B02-10", "BA02-50", "C02-10", "E01-20", "E05-20", "E16a-10", "W04-30", "W16-80", "X03-20", "ZX01-10"} | {
    "ZX02-10",
    "ZX02-296",
    "ZX02-308",
}
"""Rules proven by tests of their own: they need another key, a note in the base, a server, a CSC or an earlier day."""

TO_SOMEBODY: Edits = {path: value for path, value in NFCE.items() if path != "dest"}
OFFLINE_2 = "https://www.example.com/nfce/qrcode?p={chave}|2|2|21|190.00|41|1|" + "A" * 40
ABROAD_BY_ITEM = BY_ITEM.format(ELSEWHERE_SOLD)
COMPANY: Edits = {"dest/CPF>": "<CNPJ>11444777000161</CNPJ>", "dest/CPF": None}
RULES_ALONE: list[tuple[str, str, Edits]] = [
    ("E02-20", "220", {**TO_SOMEBODY, "dest/CPF>": f"<CNPJ>{CNPJ}</CNPJ>", "dest/CPF": None}),
    ("E04-10", "724", {"ide/tpAmb": "1", "dest/xNome": None}),
    ("E12-50", "772", interstate() | {"ide/tpNF": "0", "dest/enderDest/UF": "SP", "dest/enderDest/cMun": "3550308"}),
    ("E12-60", "773", {"ide/tpNF": "0", "ide/indFinal": "0", "dest/enderDest/UF": "BA", "dest/enderDest/cMun": "2927408"}),
    ("E18-10", "730", {**TO_SOMEBODY, "dest/indIEDest>": "<ISUF>123456789</ISUF>"}),
    ("I08-170", "374", {**NFCE, **service()}),
    ("UB133-10", "1136", {"det>": zone_item(), "det": None}),
    ("VC02-40", "1193", returned(item=BY_ITEM.format(SOLD) + ABROAD_BY_ITEM)),
    ("ZX02-284", "397", {**NFCE, **OFFLINE, "@qrCode": OFFLINE_2}),
]


ALL = [*CASES, *ITEMS, *PURPOSES, *REFORM]


@pytest.mark.parametrize(("cStat", "bad", "good"), ALL, ids=[f"{case[0]}-{n}" for n, case in enumerate(ALL)])
def test_a_rule_refuses_and_its_neighbour_passes(
    authorizer: Authorizer, signer: Signer, cStat: str, bad: Edits, good: Edits
) -> None:
    refuses_and_passes(authorizer, signer, cStat, bad, good)


@pytest.mark.parametrize(("rule", "cStat", "edits"), RULES_ALONE, ids=[case[0] for case in RULES_ALONE])
def test_a_rule_that_another_hides_refuses_too(rule: str, cStat: str, edits: Edits) -> None:
    assert (rule, cStat) in [(reason.rule, reason.cStat) for reason in reasons(edits)]


def test_every_refusal_of_the_table_has_the_official_text() -> None:
    assert [cStat for cStat, _, _ in ALL if not known(cStat)] == []


def test_no_rule_is_without_a_case() -> None:
    """The rules that the sources name, less those that some case breaks: none but what another test proves."""
    source = "".join(path.read_text("utf-8") for path in Path(rules.__file__).parent.glob("*.py"))
    named = set(re.findall(r'"((?:[A-Z]{1,3}\d+[a-z]?(?:\.\d)?|VC\d+|RFB|1C\d+|5E\d+)-\d+)"', source))
    cases = [*ALL, *((cStat, {**NFCE, **bad}, good) for cStat, bad, good in NFCE_CASES)]
    broken = {reason.rule for _, bad, _ in cases for reason in reasons(bad)} | {rule for rule, _, _ in RULES_ALONE}

    assert named - broken == ELSEWHERE
    assert len(named) > 400


def test_a_note_may_not_refer_to_itself(authorizer: Authorizer, signer: Signer) -> None:
    own = chave_of(signed(signer))

    refused = authorizer.process("NFeAutorizacao4", lot(signed(signer, refers(own))), CNPJ)

    assert refused.cStat == "316"


def test_a_return_gives_back_no_more_than_was_sold(authorizer: Authorizer, signer: Signer) -> None:
    sold = signed(signer, one_item())
    assert authorizer.process("NFeAutorizacao4", lot(sold), CNPJ).cStat == "100"
    item = BY_ITEM.format(chave_of(sold))
    number = {"ide/nNF": "1235"}
    too_much = {"total/ICMSTot/vNF": "96.01"}  # 95.00 were sold, and a real is tolerated
    too_much_icms = {"total/ICMSTot/vICMS": "18.11"}  # 17.10 and a real

    def rules_of(edits: Edits) -> set[str]:
        conditions = Conditions(NOW, "2", frozenset(CUF), stored=authorizer.register.by_key)
        return {reason.rule for reason in refusals(Note(build(edits)), conditions)}

    assert "W16-80" in rules_of(returned(item=item) | number | too_much)
    assert "W04-30" in rules_of(returned(item=item) | number | too_much_icms)
    assert rules_of(returned(item=item) | number | {"total/ICMSTot/vNF": "96.00"}) == {"W16-10"}
    assert authorizer.process("NFeAutorizacao4", lot(signed(signer, returned(item=item) | number)), CNPJ).cStat == "100"


def test_a_rule_refuses_from_its_day_on_and_only_in_its_environment() -> None:
    assert "UB12-10" in dormant("1", date(2026, 11, 22))
    assert "UB12-10" in dormant("2", date(2026, 6, 30))
    assert "UB12-10" not in dormant("2", date(2026, 7, 1))
    assert "UB13-20" in dormant("1", date(2026, 10, 4))
    assert "UB13-20" not in dormant("1", date(2026, 10, 5))
    assert "VC02-14" in dormant("1", date(2026, 11, 15))
    assert "VC02-14" not in dormant("1", date(2026, 11, 16))
    assert "ZX01-10" not in dormant("1", date(2026, 9, 30))
    assert "ZX01-10" in dormant("1", date(2026, 10, 1))
    assert dormant("1", date(2026, 12, 14)) & {"BA02-35", "I08-180"} == set()


def test_every_dated_rule_is_a_rule() -> None:
    source = "".join(path.read_text("utf-8") for path in Path(rules.__file__).parent.glob("*.py"))
    every = dormant("1", date(2000, 1, 1))

    assert {rule for rule in every if not rule.startswith("RFB-") and f'"{rule}"' not in source} == {"UB56-20"}
    # pCBS from 2027 on: the rate is not law yet
    assert len(every) > 120


def test_the_key_must_repeat_the_fields(authorizer: Authorizer, signer: Signer) -> None:
    other = chave_of(signed(signer, {"ide/nNF": "1235"}))

    refused = authorizer.process("NFeAutorizacao4", lot(signed(signer, chave=other)), CNPJ)

    assert refused.cStat == "502"


def test_a_server_of_one_uf_refuses_the_others(pki: TestPki, signer: Signer) -> None:
    at_rio = new_authorizer(pki, uf="RJ")
    at_sao_paulo = new_authorizer(pki, uf="SP")
    note = lot(signed(signer))

    assert at_rio.process("NFeAutorizacao4", note, CNPJ).cStat == "226"
    assert at_sao_paulo.process("NFeAutorizacao4", note, CNPJ).cStat == "100"


def test_an_alphanumeric_cnpj_is_authorised(authorizer: Authorizer, alphanumeric_signer: Signer) -> None:
    note = signed(alphanumeric_signer, {"emit/CNPJ": ALPHANUMERIC_CNPJ})

    done = authorizer.process("NFeAutorizacao4", lot(note), ALPHANUMERIC_CNPJ)

    assert done.cStat == "100"
    assert authorizer.register.authorized[0].chave[6:20] == ALPHANUMERIC_CNPJ


def test_an_alphanumeric_cnpj_with_a_wrong_digit_is_refused(authorizer: Authorizer, alphanumeric_signer: Signer) -> None:
    note = signed(alphanumeric_signer, {"emit/CNPJ": "12ABC34501DE36"})

    assert authorizer.process("NFeAutorizacao4", lot(note), ALPHANUMERIC_CNPJ).cStat == "207"


def test_a_late_note_is_authorised_with_150(authorizer: Authorizer, signer: Signer) -> None:
    in_time = signed(signer, {"ide/dhEmi": "2026-11-14T12:00:00-03:00"})
    late = signed(signer, {"ide/dhEmi": "2026-11-14T11:59:59-03:00", "ide/nNF": "1235"})

    assert authorizer.process("NFeAutorizacao4", lot(in_time), CNPJ).cStat == "100"
    assert authorizer.process("NFeAutorizacao4", lot(late), CNPJ).cStat == "150"


def test_missing_ibscbs_is_not_refused_before_the_rule_begins(authorizer: Authorizer, signer: Signer) -> None:
    authorizer.state.clock_offset_s = -150 * 86_400  # 24/06/2026
    edits = simples(group="") | {"emit/CRT": "3", "ide/dhEmi": "2026-06-24T08:00:00-03:00"}
    del edits["det/imposto/ICMS/ICMS00"], edits["det/imposto/ICMS/ICMS00>"]
    edits |= {"total/ICMSTot/vBC": "95.00", "total/ICMSTot/vICMS": "17.10"}

    done = authorizer.process("NFeAutorizacao4", lot(signed(signer, edits)), CNPJ)

    assert done.cStat == "100", done.xMotivo
