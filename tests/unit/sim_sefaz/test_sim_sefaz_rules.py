"""One refusal a rule, beside the nearest note that passes it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sim_sefaz_cases import CASES
from sim_sefaz_item_cases import CASES as ITEMS
from sim_sefaz_judging import reasons, refuses_and_passes
from sim_sefaz_nfce_cases import CASES as NFCE_CASES
from sim_sefaz_nfce_cases import NFCE
from sim_sefaz_note import ALPHANUMERIC_CNPJ, CNPJ, Edits, Signer, chave_of, lot, new_authorizer, signed
from sim_sefaz_purpose_cases import CASES as PURPOSES
from sim_sefaz_reform_cases import CASES as REFORM
from sim_sefaz_variants import simples

from gateway.sim.pki import TestPki
from gateway.sim.sefaz import rules
from gateway.sim.sefaz.authorizer import Authorizer
from gateway.sim.sefaz.messages import known

ELSEWHERE: set[str] = set()


ALL = [*CASES, *ITEMS, *PURPOSES, *REFORM]


@pytest.mark.parametrize(("cStat", "bad", "good"), ALL, ids=[f"{case[0]}-{n}" for n, case in enumerate(ALL)])
def test_a_rule_refuses_and_its_neighbour_passes(
    authorizer: Authorizer, signer: Signer, cStat: str, bad: Edits, good: Edits
) -> None:
    refuses_and_passes(authorizer, signer, cStat, bad, good)


def test_every_refusal_of_the_table_has_the_official_text() -> None:
    assert [cStat for cStat, _, _ in ALL if not known(cStat)] == []


def test_no_rule_is_without_a_case() -> None:
    """The rules that the sources name, less those that some case breaks: none but what another test proves."""
    source = "".join(path.read_text("utf-8") for path in Path(rules.__file__).parent.glob("*.py"))
    named = set(re.findall(r'"((?:[A-Z]{1,3}\d+[a-z]?(?:\.\d)?|VC\d+|RFB|1C\d+|5E\d+)-\d+)"', source))
    cases = [*ALL, *((cStat, {**NFCE, **bad}, good) for cStat, bad, good in NFCE_CASES)]
    broken = {reason.rule for _, bad, _ in cases for reason in reasons(bad)}

    assert named - broken == ELSEWHERE


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
