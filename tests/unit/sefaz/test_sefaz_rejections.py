"""The catalogue of rejections: every code, and a style that the counter can read."""

from __future__ import annotations

import json
import re
from importlib.resources import files

import pytest

from gateway.nfe.decisions import consumes_number, cstat_table, decide
from gateway.nfe.rejection_rows import rejection_rows
from gateway.nfe.rejections import Rejection, codes_of, described, rejection, rejections
from gateway.nfe.rules import rows as rule_rows

ALL = rejections()
BY_NAME = {row.cStat: row for row in ALL}
TAG = re.compile(r"\b[a-z]+[A-Z]\w*|[<>{}\[\]$/]")
"""A tag of the layout, or a sign of code."""
JARGON = re.compile(r"\b(XML|NCM|CEST|CFOP|CST|CSOSN|GTIN|IBS|CBS|ICMS|DANFE|QR|SEFAZ|NF-e|NFC-e|EPEC|SVC|CSC)\b")
LISTED = json.loads(files("tests").joinpath("unit", "sefaz", "rejection_codes.json").read_text())


def test_every_code_is_described():
    assert len(LISTED) == 517  # 238 of the table of answers, 279 more of the validation rules
    assert not set(LISTED) - set(BY_NAME)
    assert not {row.cStat for row in cstat_table().rows} - set(BY_NAME)
    assert not {code for rule in rule_rows() for code in codes_of(rule.cStat)} - set(BY_NAME)


@pytest.mark.parametrize("row", ALL, ids=lambda row: row.cStat)
def test_the_counter_reads_plain_sentences(row: Rejection):
    text = " ".join(row.counter)
    assert 1 <= len(row.counter) <= 2
    assert len(re.findall(r"[.!?](?:\s|$)", text)) == len(row.counter)
    assert not TAG.search(text), text
    assert not JARGON.search(text), text
    assert not re.search(r"\d", text), text
    assert all(part[0].isupper() and part.endswith(".") and len(part) <= 110 for part in row.counter)


@pytest.mark.parametrize("row", ALL, ids=lambda row: row.cStat)
def test_the_integrator_reads_cause_and_fix(row: Rejection):
    assert row.message
    assert row.decision_text
    assert row.cause.endswith(".")
    assert row.fix.endswith(".")
    assert row.cause != row.message
    assert row.source
    assert "|" not in row.cause + row.fix


FOR_WHO_SELLS = {"214", "767", "865", "866"}
"""A sale too large, and payments that do not add up: the person at the counter mends those."""


def test_where_the_system_is_at_fault_the_support_is_called():
    for row in ALL:
        if row.decision == "fix_software" and row.cStat not in FOR_WHO_SELLS:
            assert "suporte" in " ".join(row.counter).lower(), row.cStat


def test_a_row_has_a_decision_once():
    table = {row.cStat for row in cstat_table().rows}
    for code, row in rejection_rows().items():
        assert (row.decision is None) == (code in table), code
        assert bool(row.message) == (code not in table), code


def test_codes_under_200_of_the_catalogue_are_refusals_and_not_questions():
    assert decide("156", "aut") == "fix_config"
    assert consumes_number("156") is False
    assert decide("199", "aut") == "query_then_decide"
    assert decide("638", "cons") == "query_then_decide"


def test_rules_that_avoid_a_code_are_named():
    row = rejection("531")
    assert row is not None
    assert row.rules == ("R-W03-10",)
    assert row.fields == ("total/ICMSTot/vBC",)
    assert row.decision == "fix_software"


def test_a_code_nobody_described_is_told_by_what_sefaz_wrote():
    row = described("9876", "Rejeicao: regra nova")
    assert (row.message, row.decision, row.certainty) == ("Rejeicao: regra nova", "fix_data", "U")
