"""A tax profile that contradicts itself has one clear fault; its neighbour, as like it as can be, issues a note."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from gateway.core.errors import ValidationFailed
from gateway.nfe.branch import Branch, SimplesCredit
from gateway.nfe.build import dry_run
from gateway.nfe.compose import compose
from gateway.nfe.findings import rules
from gateway.nfe.product import Product
from gateway.nfe.sale import Customer, Sale
from gateway.nfe.tax_profile import ContributionsSt, Fuel, IpiProfile, Retained, Service, StateRates, StTerms
from tests.golden.nfe.cases import INDUSTRY
from tests.golden.nfe.tax_case import CREDIT, SHOP, SP40, TOWN
from tests.unit.nfe.made import AT, BRANCH, SIMPLES, pays, product, sale

D = Decimal
replace = msgspec.structs.replace
PAID = (pays("dinheiro", "999.00"),)


@dataclass(frozen=True)
class Pair:
    """`bad` breaks exactly the rule `code`; `good` breaks nothing. Both are sold by the branch to the customer, at `at`."""

    code: str
    bad: dict[str, Any]
    good: dict[str, Any]
    branch: Branch = BRANCH
    good_branch: Branch | None = None
    customer: Customer = SHOP
    at: datetime = AT
    good_at: datetime | None = None
    sold: Sale | None = None
    good_sold: Sale | None = None


ST = {"situation": "substituto"}
FUEL = {"situation": "monofasica", "pis_cofins_cst": "04"}
RETAINED = Retained(base=D("1"), rate=D("18"), value=D("0.18"))
WORK = Service(code="14.01", rate=D("5"))

PAIRS = [
    Pair(
        "NFE-TAX-02",
        {"situation": "partilha", "icms_cst": "51", "own_share": D("45"), "st": (SP40,)},
        {"situation": "partilha", "icms_cst": "20", "icms_reduction": D("10"), "own_share": D("45"), "st": (SP40,)},
    ),
    Pair(
        "NFE-TAX-02",
        {"situation": "repasse", "icms_cst": "40", "retained": RETAINED},
        {
            "situation": "repasse",
            "icms_cst": "41",
            "retained": replace(RETAINED, destination_base=D("1"), destination_value=D("0.1")),
        },
    ),
    Pair("NFE-TAX-03", {"csosn": "101"}, {"csosn": "101"}, SIMPLES, CREDIT),
    Pair("NFE-TAX-04", {"situation": "isenta", "simples_credit": True}, {"simples_credit": True}, CREDIT),
    Pair("NFE-TAX-05", ST, {**ST, "st": (SP40,)}),
    Pair(
        "NFE-TAX-05", {"icms_cst": "70", "icms_reduction": D("10")}, {"icms_cst": "70", "icms_reduction": D("10"), "st": (SP40,)}
    ),
    Pair("NFE-TAX-06", {**ST, "st": (StTerms(),)}, {**ST, "st": (StTerms(mva=D(0)),)}),
    Pair("NFE-TAX-07", {**ST, "st": (StTerms(base="pauta"),)}, {**ST, "st": (StTerms(base="pauta", price=D("120")),)}),
    Pair(
        "NFE-TAX-08",
        {**ST, "st": (replace(SP40, exemption_reason="9"),)},
        {**ST, "st": (replace(SP40, exemption_reason="9", reduction=D("10")),)},
    ),
    Pair(
        "NFE-TAX-09",
        {"situation": "st", "retained": Retained(base=D("1"), rate=D("18"))},
        {"situation": "st", "retained": RETAINED},
    ),
    Pair(
        "NFE-TAX-09", {"situation": "st", "retained": replace(RETAINED, rate=None)}, {"situation": "st", "retained": Retained()}
    ),
    Pair(
        "NFE-TAX-10",
        {"situation": "st", "retained": Retained(fcp_rate=D("2"), fcp_value=D("1"))},
        {"situation": "st", "retained": Retained(fcp_rate=D("2"), fcp_value=D("1"), fcp_base=D("50"))},
    ),
    Pair(
        "NFE-TAX-11",
        {"situation": "repasse", "retained": RETAINED},
        {"situation": "repasse", "retained": replace(RETAINED, destination_base=D("1"), destination_value=D(0))},
    ),
    Pair(
        "NFE-TAX-11",
        {"situation": "repasse"},
        {"situation": "repasse", "retained": replace(RETAINED, destination_base=D("1"), destination_value=D(0))},
    ),
    Pair("NFE-TAX-12", {**FUEL, "fuel": Fuel()}, {**FUEL, "fuel": Fuel(rate=D("1.57"))}),
    Pair("NFE-TAX-12", FUEL, {**FUEL, "fuel": Fuel(rate=D(0))}),
    Pair(
        "NFE-TAX-13",
        {**FUEL, "situation": "monofasica_retencao", "fuel": Fuel(rate=D("1"))},
        {**FUEL, "situation": "monofasica_retencao", "fuel": Fuel(rate=D("1"), retained_rate=D("1"))},
    ),
    Pair("NFE-TAX-14", {"situation": "partilha", "st": (SP40,)}, {"situation": "partilha", "st": (SP40,), "own_share": D("45")}),
    Pair(
        "NFE-TAX-15",
        {"ipi": IpiProfile(rate=D("5"), producer_cnpj="11222333000182")},
        {"ipi": IpiProfile(rate=D("5"), producer_cnpj="11222333000181")},
    ),
    Pair("NFE-TAX-16", {"ipi": IpiProfile()}, {"ipi": IpiProfile(rate=D(0))}),
    Pair("NFE-TAX-16", {"ipi": IpiProfile(rate=D("5"), unit_value=D("1"))}, {"ipi": IpiProfile(unit_value=D("1"))}),
    Pair("NFE-TAX-17", {"ipi": IpiProfile(rate=D("5"), seals=1)}, {"ipi": IpiProfile(rate=D("5"), seals=1, seal_code="9829-14")}),
    Pair("NFE-TAX-18", {"service": WORK}, {"service": WORK}, BRANCH, TOWN),
    Pair(
        "NFE-TAX-19",
        {"service": WORK},
        {"service": WORK},
        TOWN,
        sold=sale(operation="remessa_conserto", payments=()),
        good_sold=sale(payments=PAID),
    ),
    Pair(
        "NFE-TAX-20", {"service": replace(WORK, rate=None)}, {"service": replace(WORK, rate=None, enforceability="imune")}, TOWN
    ),
    Pair("NFE-TAX-21", {"service": replace(WORK, city_code="3599999")}, {"service": replace(WORK, city_code="3304557")}, TOWN),
    Pair(
        "NFE-TAX-22",
        {"service": replace(WORK, enforceability="suspensa_judicial")},
        {"service": replace(WORK, enforceability="suspensa_judicial", process="0001234-56.2026.8.26.0100")},
        TOWN,
    ),
    Pair(
        "NFE-TAX-23",
        {"pis_cofins_cst": "03", "pis_unit": D("1")},
        {"pis_cofins_cst": "03", "pis_unit": D("1"), "cofins_unit": D(0)},
    ),
    Pair(
        "NFE-TAX-24",
        {"pis_unit": D("1"), "cofins_unit": D("1")},
        {"pis_cofins_cst": "49", "pis_unit": D("1"), "cofins_unit": D("1")},
    ),
    Pair(
        "NFE-TAX-25",
        {"contributions_st": ContributionsSt(pis_rate=D("1"))},
        {"contributions_st": ContributionsSt(pis_rate=D("1"), cofins_rate=D("1"))},
    ),
    Pair(
        "NFE-TAX-25",
        {"contributions_st": ContributionsSt(pis_rate=D("1"), cofins_unit=D("1"))},
        {"contributions_st": ContributionsSt(pis_unit=D("1"), cofins_unit=D("1"))},
    ),
    Pair("NFE-TAX-26", {"icms_base_price": D("1.00001")}, {"icms_base_price": D("1.0001")}),
    Pair("NFE-TAX-26", {**FUEL, "fuel": Fuel(rate=D("-1"))}, {**FUEL, "fuel": Fuel(rate=D("1"))}),
    Pair("NFE-TAX-27", {"cbenef_rbc": "RJ1"}, {"cbenef_rbc": "RJ801234"}),
    Pair(
        "NFE-TAX-28",
        {**FUEL, "fuel": Fuel(rate=D("1"), anp_code="320102001")},
        {**FUEL, "fuel": Fuel(rate=D("1"), anp_code="320102001", anp_description="GASOLINA C")},
    ),
    Pair("NFE-PRODUCT-03", {**ST, "st": (SP40,), "cest": ""}, {**ST, "st": (SP40,)}),
    Pair("NFE-PRODUCT-03", {"csosn": "500", "cest": ""}, {"csosn": "102", "cest": ""}, SIMPLES),
    Pair("NFE-PRODUCT-08", {**ST, "st": (StTerms(mva=D("1000")),)}, {**ST, "st": (StTerms(mva=D("900")),)}),
    Pair(
        "NFE-PRODUCT-08",
        {"states": (StateRates(uf="MG", icms_rate=D("101")),)},
        {"states": (StateRates(uf="MG", icms_rate=D("25")),)},
    ),
    Pair(
        "NFE-PRODUCT-10",
        {"situation": "isenta_substituto", "exemption_reason": "3", "st": (SP40,)},
        {"situation": "isenta_substituto", "exemption_reason": "7", "st": (SP40,)},
    ),
    Pair(
        "NFE-PRODUCT-10",
        {"situation": "partilha", "exemption_reason": "3", "own_share": D("45"), "st": (SP40,)},
        {"situation": "partilha", "exemption_reason": "11", "own_share": D("45"), "st": (SP40,)},
    ),
    Pair(
        "NFE-PRODUCT-11",
        {"situation": "reduzida_substituto", "st": (SP40,)},
        {"situation": "reduzida_substituto", "st": (SP40,), "icms_reduction": D("10")},
    ),
    Pair("NFE-BRANCH-07", {}, {}, replace(SIMPLES, simples_credit=(SimplesCredit(since=AT.date(), rate=D("101")),)), CREDIT),
]


def goods(profile: dict[str, Any]) -> Product:
    return product(**({"cest": "2803800"} | profile))


def issue(of: Sale | None, branch: Branch, profile: dict[str, Any], customer: Customer, at: datetime = AT) -> None:
    sold = sale(payments=PAID) if of is None else of
    draft = compose(replace(sold, customer=customer), branch, {"CAM-1": goods(profile)}, at=at)
    dry_run(draft, at)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.code)
def test_a_profile_is_refused_and_its_neighbour_passes(pair: Pair) -> None:
    with pytest.raises(ValidationFailed) as caught:
        issue(pair.sold, pair.branch, pair.bad, pair.customer, pair.at)
    path = "$.branch" if pair.code == "NFE-BRANCH-07" else "$.items[0].sku"
    assert [(fault.code, fault.path) for fault in caught.value.faults] == [(pair.code, path)]
    fault = caught.value.faults[0]
    assert fault.message.endswith(".") and fault.fix.endswith(".") and fault.source
    issue(pair.good_sold, pair.good_branch or pair.branch, pair.good, pair.customer, pair.good_at or pair.at)


def test_a_situation_before_its_law_is_refused() -> None:
    early = datetime.fromisoformat("2023-04-30T12:00:00-03:00")
    fuel = {**FUEL, "fuel": Fuel(rate=D("1"))}
    with pytest.raises(ValidationFailed) as caught:
        issue(None, SIMPLES, fuel, SHOP, early)
    assert [fault.code for fault in caught.value.faults] == ["NFE-TAX-01"]
    assert "monofasica" in caught.value.faults[0].message
    issue(None, SIMPLES, fuel, SHOP, early + timedelta(days=1))


def test_every_wrong_number_is_told_by_its_own_name() -> None:
    profile = {
        "icms_rate": D("101"),
        "pis_rate": D("NaN"),
        "st": (SP40, StTerms(uf="MG", mva=D("-1"), price=D("1E+400"))),
        "retained": Retained(fcp_rate=D("0.00001")),
    }
    with pytest.raises(ValidationFailed) as caught:
        issue(None, BRANCH, profile, INDUSTRY)
    told = [(fault.code, fault.message.split(" do produto")[0].split()[-1]) for fault in caught.value.faults]
    assert told == [
        ("NFE-PRODUCT-08", "icms_rate"),
        ("NFE-PRODUCT-08", "st[1].mva"),
        ("NFE-TAX-26", "st[1].price"),
        ("NFE-PRODUCT-08", "retained.fcp_rate"),
        ("NFE-PRODUCT-08", "pis_rate"),
    ]


def test_every_rule_of_taxes_is_proven_here() -> None:
    mine = {code for code in rules() if code.startswith("NFE-TAX-")}
    assert mine <= {pair.code for pair in PAIRS} | {"NFE-TAX-01"}
