"""Every rule of IBS, CBS and IS: what it refuses, and a neighbour that it lets pass."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import msgspec
import pytest

from gateway.core.errors import ValidationFailed
from gateway.nfe.findings import rules
from gateway.nfe.product import Product
from gateway.nfe.reform.profile import (
    Adjustment,
    Amounts,
    Blend,
    GovernmentPurchase,
    Incentive,
    MonoRates,
    PresumedCredit,
    ReformItem,
    RegularTaxation,
    SelectiveTax,
    ZfmCredit,
)
from gateway.nfe.sale import Sale
from gateway.nfe.scope import Scope
from tests.golden.nfe.cases import INDUSTRY
from tests.unit.nfe.made import BRANCH, CONSUMER, composed, item, product, sale
from tests.unit.nfe.made_reform import good, line_faults, note, resolved, scope

D = Decimal
Y2027 = {"day": date(2027, 3, 1), "overrides": {"cbs": D("8.8")}}
FUEL = MonoRates(ibs=D("0.1"), cbs=D("0.2"))
USED = PresumedCredit(code="04", ibs_rate=D("0.1"), cbs_rate=D("8.8"))
ONES = Amounts(ibs=D(1), cbs=D(1))
MANAUS = {"from_uf": "AM", "to_uf": "AM", "city_code": "1302603", "to_city": "1302603"}
INSIDE = Incentive()

# code; what it refuses (product, scope); the neighbour it lets pass.
Case = tuple[str, Product, Scope, Product, Scope]
S = scope()
PRODUCTS: tuple[Case, ...] = (
    ("NFE-RTC-01", good("000001"), scope(day=date(2027, 3, 1)), good("000001"), scope(**Y2027)),
    ("NFE-RTC-01", good("200003"), scope(day=date(2029, 1, 1)), good("410999"), scope(day=date(2029, 1, 1))),
    ("NFE-RTC-02", product(ibs_cbs_cst="999"), S, product(ibs_cbs_cst="000"), S),
    ("NFE-RTC-03", good("000009"), S, good("000001"), S),
    ("NFE-RTC-04", product(ibs_cbs_cst="000", cclasstrib="410001"), S, product(ibs_cbs_cst="000", cclasstrib="000001"), S),
    ("NFE-RTC-05", good("410002"), scope(mod="65"), good("410002"), S),
    ("NFE-RTC-05", good("000002"), S, good("410029"), scope(mod="65")),
    ("NFE-RTC-06", product(ncm="10063021"), S, product(ncm="10063021", cclasstrib="200003"), S),
    (
        "NFE-RTC-08",
        good("800001"),
        scope(operation=note(finNFe="6", debit="04")),
        good("000001"),
        scope(operation=note(finNFe="6", debit="04")),
    ),
    ("NFE-RTC-10", good("510001"), S, good("510001", deferral=D(0)), S),
    ("NFE-RTC-11", good("000001", deferral=D(10)), S, good("515001", deferral=D(10)), S),
    ("NFE-RTC-12", good("550001"), S, good("550001", regular=RegularTaxation()), S),
    ("NFE-RTC-13", good("000001", regular=RegularTaxation()), S, good("200022", regular=RegularTaxation()), S),
    (
        "NFE-RTC-14",
        good("550001", regular=RegularTaxation(cst="999", cclasstrib="999001")),
        S,
        good("550001", regular=RegularTaxation(cst="200", cclasstrib="200003")),
        S,
    ),
    ("NFE-RTC-14", good("550001", regular=RegularTaxation(cst="200", cclasstrib="000001")), S, good("000001"), S),
    ("NFE-RTC-15", good("000001", refund=D(10)), scope(mod="65"), good("000001", refund=D(10)), S),
    ("NFE-RTC-15", good("410999", refund=D(10)), S, good("410999"), S),
    ("NFE-RTC-16", good("000001", refund=D("100.01")), S, good("000001", refund=D(100)), S),
    ("NFE-RTC-16", good("620001", mono=MonoRates(ibs=D("0.00001"), cbs=D(1))), S, good("620001", mono=FUEL), S),
    (
        "NFE-RTC-20",
        good("000003", credit=PresumedCredit(code="99", cbs_rate=D(1))),
        scope(**Y2027),
        good("000003", credit=PresumedCredit(code="05", cbs_rate=D(1))),
        scope(**Y2027),
    ),
    ("NFE-RTC-21", good("000001", credit=USED), scope(**Y2027), good("000003", credit=USED), scope(**Y2027)),
    ("NFE-RTC-22", good("410014", credit=USED), scope(mod="65", **Y2027), good("410014", credit=USED), scope(**Y2027)),
    (
        "NFE-RTC-23",
        good("000003", credit=PresumedCredit(code="05", cbs_rate=D(1))),
        S,
        good("000003", credit=PresumedCredit(code="05", cbs_rate=D(1))),
        scope(**Y2027),
    ),
    (
        "NFE-RTC-24",
        good("000003", credit=PresumedCredit(code="04", cbs_rate=D(1))),
        scope(**Y2027),
        good("000003", credit=USED),
        scope(**Y2027),
    ),
    (
        "NFE-RTC-25",
        good("000003", credit=PresumedCredit(code="05", cbs_rate=D(1), suspended=True)),
        scope(**Y2027),
        good("000003", credit=PresumedCredit(code="04", ibs_rate=D(1), cbs_rate=D(1), suspended=True)),
        scope(day=date(2033, 1, 1), overrides={"ibs_uf": D(1), "ibs_mun": D(1), "cbs": D(1)}),
    ),
    ("NFE-RTC-30", good("620001", mono=MonoRates(cbs=D("0.2"))), S, good("620001", mono=FUEL), S),
    ("NFE-RTC-31", good("000001", mono=FUEL), S, good("620006", mono=FUEL), S),
    ("NFE-RTC-60", good("000001", incentive=INSIDE), S, good("000001", incentive=INSIDE), scope(**MANAUS)),
    (
        "NFE-RTC-61",
        good("000001", incentive=INSIDE, ncm="22030000"),
        scope(**MANAUS),
        good("000001", incentive=INSIDE, ncm="33051000"),
        scope(**MANAUS),
    ),
    (
        "NFE-RTC-62",
        good("000001", incentive=Incentive(kind="2")),
        scope(**MANAUS),
        good("000001", incentive=Incentive(kind="2", suframa="12345678")),
        scope(**MANAUS),
    ),
    (
        "NFE-RTC-70",
        good("000001", selective=SelectiveTax(cst="000", cclasstrib="000001", rate=D(1))),
        S,
        good("000001", selective=SelectiveTax(cst="000", cclasstrib="000001", rate=D(1))),
        scope(**Y2027),
    ),
    (
        "NFE-RTC-71",
        good("000001", selective=SelectiveTax(cst="000", cclasstrib="000001")),
        scope(**Y2027),
        good("000001", selective=SelectiveTax(cst="000", cclasstrib="000001", rate=D(0))),
        scope(**Y2027),
    ),
)

DEBIT = scope(operation=note(finNFe="6", debit="01"))
MONTH = scope(operation=note(finNFe="6", debit="02"))
CREDIT = scope(operation=note(finNFe="5", credit="02"))
GIFT = good("410026")
MIXED = good("620004", mono=MonoRates())
# code; product; scope; the line refused; the line let pass.
LINES: tuple[tuple[str, Product, Scope, ReformItem | None, ReformItem | None], ...] = (
    ("NFE-RTC-40", good("800002"), DEBIT, None, ReformItem(transfer=ONES)),
    ("NFE-RTC-40", good("800002"), DEBIT, ReformItem(transfer=Amounts()), ReformItem(transfer=Amounts(ibs=D(1)))),
    ("NFE-RTC-40", good("811001"), MONTH, None, ReformItem(adjustment=Adjustment(month="2026-10", cbs=D(1)))),
    ("NFE-RTC-41", good("000001"), S, ReformItem(transfer=ONES), ReformItem(base=D(1))),
    ("NFE-RTC-42", GIFT, S, ReformItem(donation=True), ReformItem(donation=True, reversal=ONES)),
    ("NFE-RTC-43", good("000001"), S, ReformItem(reversal=ONES), None),
    (
        "NFE-RTC-46",
        good("811001"),
        MONTH,
        ReformItem(adjustment=Adjustment(month="2026-12", cbs=D(1))),
        ReformItem(adjustment=Adjustment(month="2026-11", cbs=D(1))),
    ),
    (
        "NFE-RTC-46",
        good("810001"),
        CREDIT,
        ReformItem(zfm_credit=ZfmCredit(month="2026-13", kind="1", amount=D(1))),
        ReformItem(zfm_credit=ZfmCredit(month="2025-01", kind="1", amount=D(1))),
    ),
    ("NFE-RTC-32", MIXED, S, None, ReformItem(blend=Blend(quantity=D(1), ibs=D(1), cbs=D(1)))),
    (
        "NFE-RTC-26",
        good("000003", credit=PresumedCredit(code="04", ibs_rate=D(1), cbs_rate=D(50))),
        scope(**Y2027),
        ReformItem(credit_base=D("200.02")),
        ReformItem(credit_base=D("200.00")),
    ),
    ("NFE-AMOUNT-02", good("000001"), S, ReformItem(base=D(-1)), ReformItem(base=D(0))),
    ("NFE-AMOUNT-03", good("000001"), S, ReformItem(base=D("0.001")), ReformItem(base=D("0.010"))),
)


@pytest.mark.parametrize("case", PRODUCTS, ids=lambda case: case[0])
def test_a_product(case: Case) -> None:
    code, bad, where, fine, there = case
    assert set(resolved(bad, where)[1]) == {code}
    assert resolved(fine, there)[1] == []


@pytest.mark.parametrize("case", LINES, ids=lambda case: case[0])
def test_a_line(case: tuple[str, Product, Scope, ReformItem | None, ReformItem | None]) -> None:
    code, of, where, bad, fine = case
    donation = bad is not None and bad.donation
    rule, faults = resolved(of, where, donation=donation)
    assert rule is not None and faults == []
    assert line_faults(rule, bad, where) == [code]
    assert line_faults(rule, fine, where) == []


def test_what_a_debit_note_demands() -> None:
    # The law names the code of the note, so the product's own does not matter; a transfer elsewhere is refused.
    rule, faults = resolved(good("000001"), DEBIT)
    assert rule is not None and (rule.group.cClassTrib, faults) == ("800002", [])
    assert line_faults(rule, ReformItem(transfer=ONES), S) == ["NFE-RTC-44"]
    rule, _ = resolved(good("000001"))
    assert rule is not None
    assert line_faults(rule, ReformItem(base=D(1)), CREDIT) == ["NFE-RTC-45"]


def government(**changes: object) -> Sale:
    fields = {"entity": "1", **changes}
    return sale(customer=INDUSTRY, government=GovernmentPurchase(**fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "path", "bad", "fine"),
    [
        ("NFE-RTC-51", "$.government.reducer", government(reducer=D("100.5")), government(reducer=D("12.5"))),
        ("NFE-RTC-52", "$.government.references", government(operation="2"), government(operation="1")),
    ],
)
def test_a_sale_to_the_government(code: str, path: str, bad: Sale, fine: Sale) -> None:
    with pytest.raises(ValidationFailed) as caught:
        composed(bad)
    assert [(fault.code, fault.path) for fault in caught.value.faults] == [(code, path)]
    assert composed(fine).header.gCompraGov is not None


def test_no_consumer_note_to_the_government() -> None:
    from gateway.nfe.compose import compose  # noqa: PLC0415
    from tests.unit.nfe.made import AT, SHIRT  # noqa: PLC0415

    of = sale(customer=CONSUMER, government=GovernmentPurchase(entity="1"))
    with pytest.raises(ValidationFailed) as caught:
        compose(of, BRANCH, {SHIRT.sku: SHIRT}, at=AT, mod="65")
    assert "NFE-RTC-50" in [fault.code for fault in caught.value.faults]


def test_faults_are_told_where_the_body_says_it() -> None:
    rice = product("ARROZ", ncm="10063021")
    with pytest.raises(ValidationFailed) as caught:
        composed(sale(items=(item(reform=ReformItem(transfer=ONES)), item(sku="ARROZ"))), BRANCH, product(), rice)
    faults = [(fault.code, fault.path) for fault in caught.value.faults]
    assert faults == [("NFE-RTC-41", "$.items[0].reform.transfer"), ("NFE-RTC-06", "$.items[1].sku")]
    message = caught.value.faults[1].message
    assert message.startswith(
        "A classificação de IBS/CBS do produto ARROZ não está decidida: podem ser 000001 (Tributação integral), 200003"
    )
    assert "67 porque é de outro documento fiscal, não de NF-e nem NFC-e" in message
    assert "PUT" in caught.value.faults[1].fix


def test_a_branch_of_the_simples_writes_the_groups_from_the_day_it_chooses() -> None:
    simples = msgspec.structs.replace(BRANCH, crt="1", ibs_cbs_since=date(2026, 11, 1))
    total = composed(sale(), simples).totals.IBSCBSTot
    # CSOSN 102 and PIS/COFINS 49 take nothing: the base is the whole 100.00.
    assert total is not None and total.vBCIBSCBS == D("100.00")
    assert composed(sale(), msgspec.structs.replace(simples, ibs_cbs_since=date(2026, 12, 1))).totals.IBSCBSTot is None
    # Undecided products stop only who writes the groups.
    assert composed(sale(), msgspec.structs.replace(BRANCH, crt="1"), product(ncm="10063021")).totals.IBSCBSTot is None


def test_every_rule_is_proven() -> None:
    proven = {case[0] for case in (*PRODUCTS, *LINES)} | {f"NFE-RTC-{n}" for n in ("44", "45", "50", "51", "52")}
    assert {code for code in rules() if code.startswith("NFE-RTC-")} <= proven
