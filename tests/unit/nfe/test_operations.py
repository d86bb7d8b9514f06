"""The table of operations, a branch's own rows over it, and what a sale of each operation is refused for."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, get_args

import msgspec
import pytest
from lxml import etree

from gateway.core.chave import ChaveAcesso
from gateway.core.errors import ValidationFailed
from gateway.nfe.compose import compose
from gateway.nfe.operations import CFOPS, EXPORT, SCOPES, BranchOperation, default, explain, names, operation
from gateway.nfe.sale import OperationName, Sale
from gateway.sim.sefaz.document import Note
from gateway.sim.sefaz.rules import Conditions, first_refusal
from tests.golden.nfe.operation_cases import CASES, SENT
from tests.golden.nfe.return_cases import CASES as RETURN_CASES
from tests.unit.nfe.made import AT, BRANCH, SHIRT, composed, pays, sale

DAY = date(2026, 11, 20)
D = Decimal
LATEST = date(2029, 1, 1)
ALL = [default(name, LATEST) for name in names(LATEST)]
RETURNS = frozenset({"1202", "2202", "1411", "2411", "1918", "2918", "1919", "2919", "5202", "6202", "5411", "6411"})
"""CFOPs of the table that are of the authoriser's list of returns (327, 328)."""
NFCE = ChaveAcesso.build(
    cUF="35",
    dhEmi=datetime.fromisoformat("2026-11-01T10:00:00-03:00"),
    tax_id="12ABC34501DE35",
    mod="65",
    serie=1,
    nNF=7,
    tpEmis="1",
    cNF="87654321",
)


def test_twenty_six_operations_their_returns_and_what_corrects_and_adjusts() -> None:
    assert {one.number for one in ALL} == set(range(1, 32))
    assert len(ALL) == 45
    assert [one.name for one in ALL if EXPORT in one.cfop] == ["exportacao"]
    assert {one.name for one in ALL} == set(get_args(OperationName))
    assert [one.name for one in ALL if one.by == "outside"] == ["servico"]
    assert all((one.icms == "mirror") <= (one.by == "returns") for one in ALL)
    assert {one.finNFe for one in ALL} == {"", *"123456"}
    assert {one.tpNFCredito for one in ALL} == {"", *(f"0{n}" for n in range(1, 7))}
    assert {one.tpNFDebito for one in ALL} == {"", *(f"0{n}" for n in range(1, 9))}


@pytest.mark.parametrize("one", [one for one in ALL if one.by != "outside"], ids=lambda one: one.name)
def test_a_row_is_whole_and_agrees_with_the_authoriser(one: Any) -> None:
    assert 1 <= len(one.natOp) <= 60
    first = {"0": ("1", "2", "2"), "1": ("5", "6", "6")}[one.tpNF]
    if EXPORT in one.cfop:
        assert (dict(one.cfop), one.tpNF) == ({EXPORT: "7102"}, "1")
    for name, table in ((name, getattr(one, name)) for name in CFOPS if EXPORT not in one.cfop):
        assert set(table) in ((set(SCOPES),) if name in ("cfop", "cfop_st") else (set(SCOPES), set()))
        if table and table["internal"] != "5927":  # a loss is internal by nature
            assert tuple(table[scope][0] for scope in SCOPES) == first
        assert not table or (one.finNFe == "4") == bool(RETURNS & set(table.values()))
    assert (one.finNFe in ("3", "4")) <= (one.payment == "sem_pagamento" and one.references == "required")
    assert bool(one.tpNFCredito) == (one.finNFe == "5")
    assert bool(one.tpNFDebito) == (one.finNFe == "6")
    assert bool(one.cst and one.csosn) == (one.icms == "fixed")
    assert one.reform_only <= (one.finNFe in ("5", "6"))
    assert bool(one.measure) == one.returns
    assert (one.recipient == "counterpart") == one.returns
    assert one.cclasstrib.startswith(one.ibs_cbs_cst)
    assert ("65" in one.model) == (one.name == "venda")
    assert ("{references}" in one.infCpl) <= (one.references == "required")
    assert ("{deadline}" in one.infCpl) == (one.deadline_days is not None)


def test_dates() -> None:
    assert "perda_estoque" not in names(date(2026, 5, 3))
    assert "perda_estoque" in names(date(2026, 5, 4))
    assert "credito_presumido_zfm" not in names(date(2028, 12, 31))
    assert "credito_presumido_zfm" in names(LATEST)
    with pytest.raises(LookupError):
        operation("remessa_locacao", date(2020, 2, 29))
    assert operation("remessa_locacao", date(2020, 3, 1)).cfop["internal"] == "5908"


OWN = (
    BranchOperation(operation="remessa_conserto", since=date(2026, 1, 1), cst="41", deadline_days=60, reason="RICMS da UF"),
    BranchOperation(operation="remessa_conserto", since=date(2026, 6, 1), until=date(2026, 6, 30), cst="40"),
    BranchOperation(operation="venda", since=date(2026, 1, 1), natOp="VENDA", cfop_internal="5101"),
)


def test_the_newest_row_of_the_branch_that_counts_is_put_over_the_default() -> None:
    assert operation("remessa_conserto", date(2025, 12, 31), OWN).cst == "50"
    assert operation("remessa_conserto", date(2026, 5, 31), OWN).cst == "41"
    assert operation("remessa_conserto", date(2026, 6, 1), OWN).cst == "40"
    assert operation("remessa_conserto", date(2026, 6, 30), OWN).deadline_days == 180
    assert operation("remessa_conserto", date(2026, 7, 1), OWN).cst == "41"
    sold = operation("venda", DAY, OWN)
    assert (sold.natOp, sold.cfop["internal"], sold.cfop["interstate"]) == ("VENDA", "5101", "6102")
    assert default("venda", DAY).cfop["internal"] == "5102"


def test_what_is_used_is_explained() -> None:
    mine, theirs = explain(OWN, "remessa_conserto", DAY), explain(OWN, "bonificacao", DAY)
    assert (mine.origin, mine.since, mine.changed, mine.reason) == (
        "branch",
        date(2026, 1, 1),
        ("cst", "deadline_days"),
        "RICMS da UF",
    )
    assert (theirs.origin, theirs.since, theirs.changed, theirs.reason) == ("default", date(2005, 9, 30), (), "")
    assert "returns" in explain((), "devolucao_venda", DAY).how
    own = BranchOperation(operation="devolucao_venda", since=date(2026, 1, 1), cfop_internal="1949")
    given, theirs = explain((own,), "devolucao_venda", DAY), explain((), "devolucao_venda", DAY)
    assert (given.cfop_inverse, given.cfop["internal"], theirs.cfop_inverse) == (False, "1949", True)


def test_a_note_follows_the_row_of_its_branch() -> None:
    draft = compose(sale(operation="remessa_conserto", payments=()), BRANCH, {"CAM-1": SHIRT}, at=AT, operations=OWN)
    icms = draft.det[0].imposto.ICMS
    assert icms is not None and icms.ICMS40 is not None
    assert icms.ICMS40.CST == "41"
    assert draft.infAdic is not None
    # 60 days after 20/11/2026.
    assert "Retorno ate 19/01/2027." in (draft.infAdic.infCpl or "")


def test_credit_of_the_store_settles_the_whole_note() -> None:
    rows = (BranchOperation(operation="saida_troca", since=date(2026, 1, 1), payment="credito_loja"),)
    draft = compose(
        sale(operation="saida_troca", payments=(), references=(SENT,)), BRANCH, {"CAM-1": SHIRT}, at=AT, operations=rows
    )
    assert [(one.tPag, one.vPag) for one in draft.pag.detPag] == [("21", D("100.00"))]


def test_the_golden_notes_cover_every_operation_composed() -> None:
    covered = {case.name.removeprefix("operation_") for case in (*CASES, *RETURN_CASES)}
    assert {one.name for one in ALL if one.by != "outside"} - {"venda"} <= covered


@pytest.mark.parametrize("case", (*CASES, *RETURN_CASES), ids=lambda case: case.name)
def test_the_authoriser_takes_each(case: Any) -> None:
    note = Note(etree.fromstring(case.make().xml))
    refusal = first_refusal(note, Conditions(max(AT, note.dhEmi), "2", frozenset({"SP"}), {}))
    # UB106-30 by its letter refuses what UB14-80 demands of a credit note of succession; the gateway warns of it.
    contradicted = case.name == "operation_credito_sucessao"
    assert (refusal.cStat if refusal else None) == ("1133" if contradicted else None)


def asked(name: str, *references: str, **changes: Any) -> Sale:
    return sale(**{"operation": name, "payments": (), "references": references, **changes})


@pytest.mark.parametrize(
    ("code", "path", "bad", "good", "mod"),
    [
        ("NFE-OP-02", "$.operation", asked("servico", payments=(pays("pix", "100"),)), sale(), "55"),
        ("NFE-OP-04", "$.operation", asked("bonificacao", payments=(pays("pix", "100"),)), sale(), "65"),
        ("NFE-OP-05", "$.references", asked("retorno_comodato"), asked("retorno_comodato", SENT), "55"),
        ("NFE-OP-06", "$.references", asked("bonificacao", SENT), asked("bonificacao"), "55"),
        ("NFE-OP-07", "$.references[0]", asked("saida_troca", NFCE), asked("entrada_conserto", NFCE), "55"),
        (
            "NFE-OP-08",
            "$.payments",
            asked("bonificacao", payments=(pays("pix", "100"),)),
            asked("bonificacao", payments=(pays("sem_pagamento", "0"),)),
            "55",
        ),
    ],
)
def test_a_rule_refuses_one_and_lets_its_neighbour_pass(code: str, path: str, bad: Sale, good: Sale, mod: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        compose(bad, BRANCH, {"CAM-1": SHIRT}, at=AT, mod=mod)
    assert [(fault.code, fault.path) for fault in caught.value.faults] == [(code, path)]
    compose(good, BRANCH, {"CAM-1": SHIRT}, at=AT, mod=mod)


def test_an_operation_before_its_day_is_a_fault() -> None:
    before = datetime.fromisoformat("2019-11-01T10:00:00-03:00")
    with pytest.raises(ValidationFailed) as caught:
        composed(asked("remessa_locacao"), at=before)
    assert [fault.code for fault in caught.value.faults] == ["NFE-OP-01"]
    composed(asked("remessa_locacao"), at=AT)


def test_a_branch_row_takes_no_more_than_a_row_says() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"operation":"venda","since":"2026-01-01","tpNF":"0"}', type=BranchOperation)
