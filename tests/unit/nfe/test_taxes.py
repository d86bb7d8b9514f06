"""The whole matrix of taxes: every group has a note, every note adds up, is signed well and is authorised."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.core.errors import ValidationFailed
from gateway.nfe import raw_totals, tables
from gateway.nfe.branch import Branch, SimplesCredit
from gateway.nfe.certificate import Certificate
from gateway.nfe.operations import BranchOperation, explain, operation
from gateway.nfe.product import Csosn, Cst, Product, Situation
from gateway.nfe.sale import Customer
from gateway.nfe.signature import NFE, sign, with_placeholder
from gateway.nfe.tax_profile import ContributionsSt, Fuel, IpiProfile, Retained, Service, StateRates, StTerms, row_of
from gateway.nfe.taxes.icms_st import adjusted_mva
from gateway.nfe.xsd import validate
from gateway.sim.sefaz.document import Note
from gateway.sim.sefaz.rules import Conditions, first_refusal
from tests.golden.nfe.cases import CARIOCA, INDUSTRY
from tests.golden.nfe.cases import CASES as SALES
from tests.golden.nfe.tax_case import CREDIT, MG40, SHOP, SP40, TOWN
from tests.golden.nfe.tax_cases import CASES
from tests.unit.nfe.made import AT, BRANCH, CONSUMER, SIMPLES, built, composed, item, pays, product, sale
from tests.unit.nfe.test_signature import verify_with_xmlsec

D = Decimal
DAY = date(2026, 11, 20)
NS = {"n": NFE}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_note_is_signed_well_and_the_authoriser_takes_it(case: Any, certificate: Certificate) -> None:
    signed = sign(case.make().xml, certificate)
    verify_with_xmlsec(signed.xml, certificate)
    note = Note(etree.fromstring(signed.xml))
    assert first_refusal(note, Conditions(AT, "2", frozenset({"SP", "RJ"}), {})) is None


def test_every_code_of_the_layout_has_a_note() -> None:
    roots = [etree.fromstring(case.make().xml) for case in (*SALES, *CASES)]

    def told(path: str) -> set[str]:
        return {one.text or "" for root in roots for one in root.iterfind(f".//n:imposto/{path}", NS)}

    assert told("n:ICMS/*/n:CST") == set(get_args(Cst)) - {""}
    assert told("n:ICMS/*/n:CSOSN") == set(get_args(Csosn)) - {""}
    groups = {etree.QName(one).localname for root in roots for one in root.iterfind(".//n:imposto/n:ICMS/*", NS)}
    assert {"ICMSPart", "ICMSST"} <= groups and len(groups) == 21
    assert told("n:IPI/*/n:CST") == {"50", "51", "52", "53", "54", "55", "99"}
    of_pis = {etree.QName(one).localname for root in roots for one in root.iterfind(".//n:imposto/n:PIS/*", NS)}
    assert of_pis == {"PISAliq", "PISQtde", "PISNT", "PISOutr"}
    assert told("n:PIS/*/n:CST") == {"01", "02", "03", "04", "05", "06", "07", "08", "09", "49", "99"}
    assert told("n:PISST/n:indSomaPISST") == {"0", "1"}
    assert told("n:ISSQN/n:indISS") == {"1", "3"}


def test_every_situation_is_of_the_table_and_the_table_of_the_profile() -> None:
    assert {row["name"] for row in tables.table("situations")["situation"]} == set(get_args(Situation))
    for row in tables.table("situations")["situation"]:
        assert row["cst"] in get_args(Cst) and row.get("csosn", "") in get_args(Csosn), row["name"]
        assert row["label"]
    assert tables.situation("monofasica", date(2023, 4, 30)) is None
    assert tables.without_st("10", DAY) == "00"
    assert tables.without_st("60", DAY) == "60"


GASOLINE = Fuel(rate=D("1.57"), retained_rate=D("0.93"), share=D("27"))
ROWS = (SP40, MG40)
MATRIX: tuple[Product, ...] = tuple(
    product(str(n), cest="2803800", **profile)
    for n, profile in enumerate(
        (
            {},
            {"fcp_rate": D("2"), "ipi": IpiProfile(rate=D("6.5"))},
            {"situation": "reduzida", "icms_reduction": D("41.1765"), "exemption_reason": "9", "exemption_deducts": True},
            {"situation": "isenta", "exemption_reason": "7", "exemption_deducts": True},
            {"situation": "diferida", "deferral": D("33.33"), "fcp_rate": D("2"), "fcp_deferral": D("33.33")},
            {"situation": "substituto", "st": ROWS, "ipi": IpiProfile(unit_value=D("0.3333"))},
            {"situation": "reduzida_substituto", "icms_reduction": D("10"), "st": ROWS},
            {"situation": "isenta_substituto", "st": (StTerms(base="pauta", price=D("33.3333"), fcp_rate=D("2")),)},
            {"situation": "outras", "icms_rate": D("18"), "st": ROWS, "simples_credit": True},
            {"situation": "st", "retained": Retained(base=D("7"), rate=D("20"), value=D("0.3333"), effective_rate=D("18"))},
            {"situation": "monofasica_retencao", "fuel": GASOLINE},
            {"situation": "monofasica_diferida", "fuel": GASOLINE, "deferral": D("30")},
            {"pis_cofins_cst": "03", "pis_unit": D("0.3333"), "cofins_unit": D("1.1111")},
            {"contributions_st": ContributionsSt(pis_rate=D("1.1"), cofins_rate=D("3.3"))},
            {"service": Service(code="14.01", rate=D("3.33"), deduction=D("12.5"))},
        )
    )
)
CASH = (pays("dinheiro", "99999999.00"),)
"""Enough for anything: what is over is change."""
cents = st.integers(0, 300_000).map(lambda units: D(units).scaleb(-2))


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(MATRIX), st.integers(1, 9999), cents, cents), min_size=1, max_size=5),
    cents,
    cents,
    st.sampled_from((TOWN, msgspec.structs.replace(CREDIT, municipal_registration="1"))),
    st.sampled_from((CONSUMER, SHOP, INDUSTRY, CARIOCA, msgspec.structs.replace(INDUSTRY, final_consumer=True))),
)
def test_what_is_summed_on_the_way_is_what_the_items_add_up_to(
    rows: list[tuple[Product, int, Decimal, Decimal]], other: Decimal, insurance: Decimal, branch: Branch, customer: Customer
) -> None:
    """`raw_totals` sums any document's items by their tags, on its own: both must say the same of every field of W."""
    items = tuple(
        item(str(D(units).scaleb(-2)), None, total=gross + 1, discount=min(discount, gross), sku=goods.sku)
        for goods, units, gross, discount in rows
    )
    of = sale(customer=customer, items=items, other=other, insurance=insurance, presence="internet", payments=CASH)
    draft = composed(of, branch, *(goods for goods, *_ in rows))
    expected = raw_totals.total(draft.det, "2026-11-20")
    assert draft.totals.ICMSTot == expected.ICMSTot
    told = draft.totals.ISSQNtot
    assert (None if told is None else msgspec.structs.replace(told, cRegTrib=None)) == _whole(expected.ISSQNtot, told)
    for one in draft.det:
        assert one.vItem in (None, raw_totals.item_value(one))
    assert draft.total == sum((raw_totals.item_value(one) for one in draft.det), D(0))


def _whole(expected: Any, told: Any) -> Any:
    """Zeros that one of the two leaves out are the same as zeros told: the layout writes neither."""
    if expected is None or told is None:
        return expected
    zeros = {name: None for name in expected.__struct_fields__ if not getattr(expected, name) and getattr(told, name) is None}
    return msgspec.structs.replace(expected, **zeros)


def test_notes_of_the_matrix_pass_the_schema() -> None:
    items = tuple(item("3", "10.00", sku=goods.sku) for goods in MATRIX)
    for customer in (CONSUMER, SHOP, INDUSTRY):
        note = built(sale(items=items, customer=customer, payments=CASH), TOWN, *MATRIX)
        assert validate(with_placeholder(note.xml)) == ()


@pytest.mark.parametrize(
    ("mva", "interstate", "internal", "expected"),
    [
        # 1.40 x 0.88 / 0.82 = 1.50243...; x 0.93 / 0.82 = 1.58780...; x 0.96 / 0.80 = 1.68.
        ("40", "12", "18", "50.24"),
        ("40", "7", "18", "58.78"),
        ("40", "4", "20", "68.00"),
        ("40", "12", "12", "40"),
        ("40", "12", "7", "40"),
    ],
)
def test_adjusted_mva(mva: str, interstate: str, internal: str, expected: str) -> None:
    assert adjusted_mva(D(mva), D(interstate), D(internal), 2) == D(expected)


def test_the_row_of_the_state_wins_and_then_the_newest_that_counts() -> None:
    every, old, new = StTerms(mva=D(1)), StTerms(uf="SP", mva=D(2)), StTerms(uf="SP", since=date(2026, 6, 1), mva=D(3))
    gone = StTerms(uf="SP", since=date(2026, 7, 1), until=date(2026, 7, 31), mva=D(4))
    rows = (new, every, gone, old)
    assert row_of(rows, "MG", DAY) is every
    assert row_of(rows, "SP", date(2026, 5, 31)) is old
    assert row_of(rows, "SP", date(2026, 7, 31)) is gone
    assert row_of(rows, "SP", DAY) is new
    assert row_of((old,), "MG", DAY) is None


def icms_of(branch: Branch = BRANCH, customer: Customer = SHOP, paid: str = "100.00", **profile: Any) -> Any:
    goods = product(**({"cest": "2803800"} | profile))
    draft = composed(sale(customer=customer, payments=(pays("pix", paid),)), branch, goods)
    icms = draft.det[0].imposto.ICMS
    assert icms is not None
    return next(group for name in icms.__struct_fields__ if (group := getattr(icms, name)) is not None)


def test_a_substitute_retains_nothing_where_the_profile_has_no_row_for_the_state() -> None:
    assert icms_of(customer=INDUSTRY, situation="substituto", st=(SP40,)).CST == "00"
    assert icms_of(SIMPLES, customer=INDUSTRY, situation="substituto", st=(SP40,)).CSOSN == "102"
    assert icms_of(customer=INDUSTRY, situation="reduzida_substituto", icms_reduction=D("10"), st=(SP40,)).CST == "20"
    assert icms_of(customer=INDUSTRY, situation="isenta_substituto", st=(SP40,)).CST == "40"
    # A shop of the same state that uses the goods itself.
    assert icms_of(customer=msgspec.structs.replace(SHOP, final_consumer=True), situation="substituto", st=(SP40,)).CST == "00"


def test_policies_of_the_branch_win_over_the_table() -> None:
    def says(**policies: int) -> Branch:
        return msgspec.structs.replace(BRANCH, overrides={f"policy.{name}": D(value) for name, value in policies.items()})

    with_ipi = {"ipi": IpiProfile(rate=D("10"))}
    assert icms_of(customer=CONSUMER, paid="110.00", **with_ipi).vBC == D("110.00")
    assert icms_of(says(ipi_in_base=0), CONSUMER, "110.00", **with_ipi).vBC == D("100.00")
    # 1.40 x 0.88 / 0.82 - 1 with four places; ST 18% of 150.2439 = 27.0432 - 12.00.
    assert icms_of(says(mva_places=4), INDUSTRY, "115.04", situation="substituto", st=(MG40,)).pMVAST == D("50.2439")
    # CST 30: 25.20, or less the 18.00 that the operation would owe.
    assert icms_of(says(exempt_deducts=1), SHOP, "107.20", situation="isenta_substituto", st=(SP40,)).vICMSST == D("7.20")
    retained = {"situation": "st", "retained": Retained(effective_rate=D("18"))}
    assert icms_of(**retained).vBCEfet is None
    assert icms_of(says(effective_to_consumer=0), **retained).vICMSEfet == D("18.00")
    # 1.40 x 0.88 / (1 - 0.20) - 1 = 54.00 where FCP 2% joins the 18%; ST 18% of 154.00 = 27.72 - 12.00; FCP-ST 2% of
    # 154.00 = 3.08.
    poor = (StTerms(uf="MG", mva=D("40"), fcp_rate=D("2")),)
    with_fcp = icms_of(says(mva_with_fcp=1), INDUSTRY, "118.80", situation="substituto", st=poor)
    assert (with_fcp.pMVAST, with_fcp.vICMSST, with_fcp.vFCPST) == (D("54.00"), D("15.72"), D("3.08"))
    fuel = {"situation": "monofasica_retencao", "fuel": Fuel(rate=D("1"), retained_rate=D("2"), reduction=D("50"))}
    told = icms_of(says(rate_reduction_ad_rem=0), SHOP, "102.00", **fuel)
    assert (told.vICMSMono, told.vICMSMonoReten) == (D("1.00"), D("2.00"))
    adjusted = msgspec.structs.replace(SIMPLES, overrides={"policy.simples_adjusts_mva": D(1)})
    assert icms_of(adjusted, INDUSTRY, "115.04", situation="substituto", st=(MG40,)).pMVAST == D("50.24")


def test_the_credit_of_the_simples_is_dated() -> None:
    assert CREDIT.credit_rate(date(2025, 12, 31)) is None
    assert CREDIT.credit_rate(date(2026, 10, 31)) == D("1.36")
    assert CREDIT.credit_rate(date(2026, 11, 1)) == D("2.5")
    none = msgspec.structs.replace(SIMPLES, simples_credit=(SimplesCredit(since=date(2026, 1, 1), rate=D(0)),))
    assert icms_of(none).CSOSN == "102"
    assert icms_of(CREDIT, simples_credit=False).CSOSN == "102"
    assert icms_of(CREDIT, situation="reduzida", icms_reduction=D("10")).CSOSN == "101"


def test_a_rate_of_zero_is_a_rate() -> None:
    assert icms_of(icms_rate=D(0)).vICMS == D("0.00")


def test_a_rate_by_state_is_also_the_one_of_the_issuers_own() -> None:
    mine = (StateRates(uf="SP", icms_rate=D("25"), fcp_rate=D("2")),)
    group = icms_of(states=mine)
    assert (group.pICMS, group.vFCP) == (D("25"), D("2.00"))


def test_an_operation_with_its_own_icms_takes_no_product_tax_with_it() -> None:
    goods = product(situation="substituto", cest="2803800", st=(SP40,), ipi=IpiProfile(rate=D("10")))
    draft = composed(sale(operation="remessa_conserto", customer=SHOP, payments=()), BRANCH, goods)
    assert draft.det[0].imposto.IPI is None
    assert (draft.det[0].prod.CFOP, draft.totals.ICMSTot.vST, draft.total) == ("5915", D("0.00"), D("100.00"))


def test_a_substitute_without_rows_still_sells_to_consumers() -> None:
    assert icms_of(customer=CONSUMER, situation="substituto").CST == "00"
    assert icms_of(SIMPLES, customer=CONSUMER, situation="substituto").CSOSN == "102"


def test_only_operations_of_sale_retain() -> None:
    goods = product(situation="substituto", cest="2803800", st=(SP40,))

    def of(operation: str, *paid: Any, **changes: Any) -> Any:
        draft = composed(sale(operation=operation, customer=SHOP, payments=paid, **changes), BRANCH, goods)
        return draft.det[0].prod.CFOP, draft.totals.ICMSTot.vST

    assert of("venda", pays("pix", "107.20")) == ("5403", D("7.20"))
    assert of("bonificacao") == ("5910", D("7.20"))
    assert of("transferencia") == ("5152", D("0.00"))


def test_the_simples_has_no_group_that_holds_a_cst() -> None:
    retained = Retained(base=D("1"), rate=D("18"), value=D("0.18"), destination_base=D("1"), destination_value=D("0.1"))
    assert icms_of(SIMPLES, situation="repasse", retained=retained).CSOSN == "500"
    assert icms_of(SIMPLES, paid="107.20", situation="partilha", own_share=D("45"), st=(SP40,)).vICMSST == D("7.20")


def test_a_fuel_owes_no_difference_of_rates() -> None:
    goods = product(situation="monofasica_anterior", fuel=Fuel(rate=D("1.57")))
    draft = composed(sale(customer=CARIOCA, presence="internet"), BRANCH, goods)
    assert (draft.det[0].prod.CFOP, draft.det[0].imposto.ICMSUFDest, draft.totals.ICMSTot.vICMSUFDest) == ("6656", None, None)


@pytest.mark.parametrize("number", ["NaN", "sNaN", "-Infinity", "1E+400"])
def test_no_number_breaks_the_engine(number: str) -> None:
    wrong = D(number)
    profiles: tuple[dict[str, Any], ...] = (
        {"icms_rate": wrong},
        {"st": (StTerms(mva=wrong),)},
        {"retained": Retained(base=wrong)},
        {"service": Service(code="14.01", rate=wrong)},
    )
    for profile in profiles:
        with pytest.raises(ValidationFailed) as caught:
            composed(sale(), TOWN, product(**profile))
        assert [fault.code in ("NFE-PRODUCT-08", "NFE-TAX-26") for fault in caught.value.faults] == [True]


def test_a_branch_replaces_the_cfop_of_the_substitute() -> None:
    rows = (BranchOperation(operation="venda", since=DAY, cfop_substitute_internal="5401"),)
    used = operation("venda", DAY, rows)
    assert (used.cfop_substitute["internal"], used.cfop_substitute["interstate"]) == ("5401", "6403")
    assert explain(rows, "venda", DAY).cfop_substitute["internal"] == "5401"
    lent = operation("transferencia", DAY, (BranchOperation(operation="transferencia", since=DAY, cfop_service_internal="5949"),))
    assert (lent.cfop_service["internal"], lent.cfop_service["interstate"]) == ("5949", "6152")
