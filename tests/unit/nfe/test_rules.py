"""Each local rule has a sale that it refuses and a neighbour, as like it as can be, that passes."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

import schemas
from gateway.core.errors import ValidationFailed
from gateway.nfe import findings
from gateway.nfe.branch import Branch, TechnicalContact
from gateway.nfe.build import dry_run
from gateway.nfe.findings import rules
from gateway.nfe.product import Product
from gateway.nfe.sale import Card, Customer, Freight, Intermediary, Sale
from tests.unit.nfe.commerce_pairs import PAIRS as COMMERCE
from tests.unit.nfe.made import AT, BRANCH, CONSUMER, RJ, SP, composed, item, pays, product, sale
from tests.unit.nfe.pair import Pair

D = Decimal
replace = msgspec.structs.replace
CHAVE = "35261112ABC34501DE35550010000012341876543215"
CONTACT = TechnicalContact(cnpj="11222333000181", contact="Suporte", email="a@example.com", phone="1133334444")


def buyer(**changes: Any) -> Sale:
    return sale(customer=replace(CONSUMER, **changes))


def at_home(**changes: Any) -> Sale:
    return buyer(address=replace(SP, **changes))


def one(**changes: Any) -> Sale:
    return sale(items=(item(**changes),))


def paid(*payments: Any) -> Sale:
    return sale(payments=payments)


def bad_goods(code: str, bad: Product, good: Product | None = None) -> Pair:
    return Pair(code, "$.items[0].sku", sale(), bad_product=bad, good_product=good)


PAIRS = [
    Pair("NFE-AMOUNT-01", "$.payments[0].amount", paid(pays("pix", "NaN"))),
    Pair("NFE-AMOUNT-01", "$.payments[0].amount", paid(pays("pix", "Infinity"))),
    Pair("NFE-AMOUNT-01", "$.items[0].total", one(unit_price=None, total=D("1E+400"))),
    Pair("NFE-AMOUNT-01", "$.discount", sale(discount=D("-Infinity"))),
    Pair("NFE-AMOUNT-02", "$.other", sale(other=D("-0.01"))),
    Pair("NFE-AMOUNT-03", "$.freight.amount", sale(freight=Freight(amount=D("1.001"))), sale(freight=Freight(amount=D("0.000")))),
    Pair("NFE-TEXT-01", "$.customer.name", buyer(name="🎉🎉"), buyer(name="Zé")),
    Pair("NFE-TEXT-01", "$.customer.address.street", at_home(street="\t"), at_home(street="Rua 🎉")),
    Pair("NFE-ADDRESS-01", "$.customer.address.uf", at_home(uf="XX")),
    Pair("NFE-ADDRESS-02", "$.customer.address.city", at_home(city="Sao Paolo"), at_home(city="sao paulo")),
    Pair("NFE-ADDRESS-03", "$.customer.address.postal_code", at_home(postal_code="0100"), at_home(postal_code="01001-000")),
    Pair("NFE-ADDRESS-04", "$.customer.address.city_code", at_home(city_code="3304557"), at_home(city_code="3550308")),
    Pair("NFE-BRANCH-01", "$.branch", sale(), bad_branch=replace(BRANCH, cnpj="12ABC34501DE36")),
    Pair("NFE-BRANCH-02", "$.branch", sale(), bad_branch=replace(BRANCH, state_registration="X")),
    Pair("NFE-BRANCH-03", "$.branch", sale(), bad_branch=replace(BRANCH, time_zone="America/Nowhere")),
    Pair("NFE-BRANCH-03", "$.branch", sale(), bad_branch=replace(BRANCH, time_zone="../etc/passwd")),
    Pair(
        "NFE-BRANCH-04",
        "$.branch",
        sale(),
        bad_branch=replace(BRANCH, technical_contact=replace(CONTACT, phone="------")),
        good_branch=replace(BRANCH, technical_contact=CONTACT),
    ),
    Pair("NFE-BRANCH-05", "$.branch", sale(branch="11222333000181"), sale(branch="12.ABC.345/01DE-35")),
    Pair("NFE-BRANCH-07", "$.branch", sale(), bad_branch=replace(BRANCH, overrides={"icms.SP": D("NaN")})),
    Pair(
        "NFE-BRANCH-07",
        "$.branch",
        sale(),
        bad_branch=replace(BRANCH, overrides={"fcp.RJ": D("-1")}),
        good_branch=replace(BRANCH, overrides={"icms.SP": D(0)}),
    ),
    Pair("NFE-SALE-01", "$.references[0]", sale(references=(CHAVE[:43] + "6",)), sale(references=(CHAVE,))),
    Pair("NFE-SALE-02", "$.references[1]", sale(references=(CHAVE, CHAVE))),
    Pair("NFE-SALE-03", "$.presence", sale(presence="entrega"), sale(presence="teleatendimento")),
    Pair(
        "NFE-SALE-04",
        "$.intermediary",
        sale(intermediary=Intermediary(cnpj="11222333000181", account="loja")),
        sale(intermediary=Intermediary(cnpj="11222333000181", account="loja"), presence="internet"),
    ),
    Pair("NFE-SALE-05", "$.issued_at", sale(issued_at=AT.replace(tzinfo=None)), sale(issued_at=AT)),
    Pair("NFE-SALE-06", "$.issued_at", sale(issued_at=AT + timedelta(minutes=6)), sale(issued_at=AT + timedelta(minutes=4))),
    Pair("NFE-SALE-07", "$.issued_at", sale(issued_at=AT - timedelta(days=31)), sale(issued_at=AT - timedelta(days=29))),
    Pair(
        "NFE-SALE-08",
        "$.discount",
        sale(discount=D("100.01")),
        sale(discount=D("99.99"), payments=(pays("pix", "0.01"),)),
    ),
    Pair(
        "NFE-SALE-09",
        "$.items",
        sale(items=(item(unit_price="9999999999.99"),) * 2, other=D("9999999999999.99")),
    ),
    Pair(
        "NFE-SALE-10",
        "$.intermediary.cnpj",
        sale(intermediary=Intermediary(cnpj="11222333000182", account="loja"), presence="internet"),
    ),
    Pair("NFE-DEST-01", "$.customer", sale(customer=None)),
    Pair("NFE-DEST-02", "$.customer.tax_id", buyer(tax_id="52998224726"), buyer(tax_id="12ABC34501DE35")),
    Pair("NFE-DEST-03", "$.customer.address", buyer(address=None)),
    Pair(
        "NFE-DEST-04",
        "$.customer.state_registration",
        buyer(taxpayer=True),
        buyer(taxpayer=True, state_registration="110042490114"),
    ),
    Pair("NFE-DEST-05", "$.customer.final_consumer", buyer(final_consumer=False), buyer(final_consumer=True)),
    Pair("NFE-DEST-06", "$.customer.state_registration", buyer(state_registration="1"), buyer(state_registration="ISENTO")),
    Pair("NFE-ITEM-01", "$.items[0].quantity", one(quantity="NaN")),
    Pair("NFE-ITEM-01", "$.items[0].quantity", one(quantity="1E+400")),
    Pair("NFE-ITEM-02", "$.items[0].quantity", one(quantity="0")),
    Pair("NFE-ITEM-02", "$.items[0].quantity", one(quantity="-1")),
    Pair("NFE-ITEM-03", "$.items[0].quantity", one(quantity="1.00001"), one(quantity="1.00000")),
    Pair("NFE-ITEM-04", "$.items[0]", one(unit_price=None), one(unit_price=None, total=D(100))),
    Pair("NFE-ITEM-05", "$.items[0].unit_price", one(unit_price="-1")),
    Pair("NFE-ITEM-05", "$.items[0].unit_price", one(unit_price="sNaN")),
    Pair("NFE-ITEM-05", "$.items[0].unit_price", one(unit_price="1.00000000001"), one(unit_price="100.0000000001")),
    Pair(
        "NFE-ITEM-06",
        "$.items[0].discount",
        one(discount=D("100.01")),
        sale(items=(item(discount=D("99.99")),), payments=(pays("pix", "0.01"),)),
    ),
    Pair("NFE-ITEM-07", "$.items[0].total", one(quantity="99999999999", unit_price=None, total=D("33333333333.33"))),
    Pair(
        "NFE-PRODUCT-01",
        "$.items[0].sku",
        one(sku="NADA"),
        sale(items=(item(sku="NADA", product=product("NADA")),)),
    ),
    bad_goods("NFE-PRODUCT-02", product(ncm="6109"), product(ncm="6109.10.00")),
    bad_goods("NFE-PRODUCT-03", product(situation="st"), product(situation="st", cest="2803800")),
    bad_goods("NFE-PRODUCT-04", product(cest="28038"), product(cest="28.038.00")),
    bad_goods("NFE-PRODUCT-05", product(pis_cofins_cst="50"), product(pis_cofins_cst="99")),
    bad_goods("NFE-PRODUCT-08", product(icms_rate=D("100.01")), product(icms_rate=D("25"))),
    bad_goods("NFE-PRODUCT-08", product(pis_rate=D("NaN")), product(pis_rate=D("2.1"))),
    bad_goods("NFE-PRODUCT-09", product(situation="isenta", cbenef="SP1"), product(situation="isenta", cbenef="SEM CBENEF")),
    bad_goods(
        "NFE-PRODUCT-10", product(situation="isenta", exemption_reason="12"), product(situation="isenta", exemption_reason="9")
    ),
    bad_goods("NFE-PRODUCT-11", product(situation="reduzida"), product(situation="reduzida", icms_reduction=D("10"))),
    bad_goods("NFE-PRODUCT-12", product(description="🎉"), product(description="Ç")),
    Pair(
        "NFE-FREIGHT-01",
        "$.freight.amount",
        sale(items=(item(freight=D("1.00")),), freight=Freight(amount=D("2.00"))),
        sale(items=(item(freight=D("1.00")),), freight=Freight(amount=D("1.00")), payments=(pays("pix", "101.00"),)),
    ),
    Pair("NFE-FREIGHT-02", "$.freight.carrier_tax_id", sale(freight=Freight(carrier_tax_id="123"))),
    Pair(
        "NFE-FREIGHT-03",
        "$.freight.net_weight",
        sale(freight=Freight(net_weight=D("0.0001"))),
        sale(freight=Freight(net_weight=D("2"))),
    ),
    Pair(
        "NFE-FREIGHT-09",
        "$.insurance",
        sale(items=(item(insurance=D("1.00")),), insurance=D("2.00")),
        sale(items=(item(insurance=D("1.00")),), insurance=D("1.00"), payments=(pays("pix", "101.00"),)),
    ),
    Pair("NFE-PAY-01", "$.payments", sale(payments=())),
    Pair("NFE-PAY-02", "$.payments", paid(pays("pix", "99.99"))),
    Pair("NFE-PAY-03", "$.payments", paid(pays("pix", "100.01")), paid(pays("dinheiro", "100.01"))),
    Pair("NFE-PAY-03", "$.payments", paid(pays("pix", "99.00"), pays("dinheiro", "0.50"), pays("cheque", "1.01"))),
    Pair("NFE-PAY-04", "$.payments[0]", paid(pays("sem_pagamento", "100.00")), paid(pays("sem_pagamento", "0"))),
    Pair(
        "NFE-PAY-05", "$.payments[0].description", paid(pays("outros", "100")), paid(pays("outros", "100", description="Permuta"))
    ),
    Pair(
        "NFE-PAY-06",
        "$.payments[0].card",
        paid(pays("pix", "100", card=Card(integrated=True, authorization="X"))),
        paid(pays("pix", "100", card=Card(integrated=True, authorization="X", acquirer_cnpj="11222333000181"))),
    ),
    Pair("NFE-PAY-07", "$.payments[0].card.acquirer_cnpj", paid(pays("pix", "100", card=Card(acquirer_cnpj="123")))),
    Pair("NFE-PAY-08", "$.payments[0].card", paid(pays("dinheiro", "100", card=Card()))),
    Pair("NFE-PAY-09", "$.payments[0].amount", paid(pays("pix", "0"), pays("dinheiro", "100"))),
]


def issue(of: Sale, branch: Branch, goods: Product | None) -> None:
    dry_run(composed(of, branch, *([goods] if goods else [])), AT)


@pytest.mark.parametrize("pair", [*PAIRS, *COMMERCE], ids=lambda pair: pair.code)
def test_rule_refuses_one_and_lets_its_neighbour_pass(pair: Pair) -> None:
    with pytest.raises(ValidationFailed) as caught:
        issue(pair.bad, pair.bad_branch, pair.bad_product)
    faults = [(fault.code, fault.path) for fault in caught.value.faults]
    if pair.code == "NFE-BRANCH-01":
        assert faults[0] == (pair.code, pair.path)
    else:
        assert faults == [(pair.code, pair.path)]
    fault = caught.value.faults[0]
    assert fault.message.endswith(".") and fault.fix.endswith(".") and fault.source
    issue(pair.good, pair.good_branch, pair.good_product)


def test_rates_of_a_year_nobody_wrote_down_are_an_error_and_the_branch_may_state_them() -> None:
    later = AT.replace(year=2027)
    with pytest.raises(ValidationFailed) as caught:
        composed(sale(), at=later)
    assert [fault.code for fault in caught.value.faults] == ["NFE-RTC-01"]
    stated = replace(BRANCH, overrides={"ibs_uf": D("0.05"), "ibs_mun": D("0.05"), "cbs": D("8.8")})
    draft = composed(sale(), stated, at=later)
    assert draft.totals.IBSCBSTot is not None
    # 74.42 x 0.05% = 0.03721 twice; x 8.8% = 6.54896. What is told only as CBS is taken over the table's IBS.
    assert composed(sale(), replace(BRANCH, overrides={"cbs": D("8.8")}), at=later).totals == draft.totals
    assert draft.totals.IBSCBSTot.gIBS is not None
    assert draft.totals.IBSCBSTot.gIBS.vIBS == D("0.08")
    assert draft.totals.IBSCBSTot.gCBS is not None
    assert draft.totals.IBSCBSTot.gCBS.vCBS == D("6.55")


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(ValidationFailed) as caught:
        composed(
            sale(
                customer=Customer(tax_id="11111111111", name="Maria", address=replace(RJ, postal_code="1")),
                items=(item("-1"), item("1", None), item(sku="X")),
                payments=(pays("outros", "-1"),),
            )
        )
    assert [(fault.code, fault.path) for fault in caught.value.faults] == [
        ("NFE-DEST-02", "$.customer.tax_id"),
        ("NFE-ADDRESS-03", "$.customer.address.postal_code"),
        ("NFE-ITEM-02", "$.items[0].quantity"),
        ("NFE-ITEM-04", "$.items[1]"),
        ("NFE-PRODUCT-01", "$.items[2].sku"),
        ("NFE-AMOUNT-02", "$.payments[0].amount"),
        ("NFE-PAY-05", "$.payments[0].description"),
    ]


def test_rules_and_code_name_the_same_codes() -> None:
    source = Path(findings.__file__).parent
    used = {
        code
        for file in [
            *source.glob("*.py"),
            *source.glob("taxes/*.py"),
            *source.glob("reform/*.py"),
            Path(schemas.__file__).parent / "fiscal" / "payments.toml",
        ]
        for code in re.findall(r'"(NFC?E-[A-Z]+-\d\d)"', file.read_text(encoding="utf-8"))
    }
    assert used == set(rules())


def test_every_rule_is_proven_here() -> None:
    told = ("NFE-OP-", "NFE-RET-", "NFE-CREDIT-", "NFE-SALE-11")
    elsewhere = {pair.code for pair in COMMERCE} | {
        "NFE-SIZE-01",
        "NFE-PAY-10",
        "NFE-BRANCH-06",
        "NFE-EPEC-02",
        *(code for code in rules() if code.startswith((*told, "NFE-RTC-"))),
    }
    # NFE-RAW-* are proven by test_raw, NFE-TAX-* by test_tax_faults, NFE-OP-* by test_operations, NFE-RET-* and NFE-CREDIT-* by
    # test_returns, NFE-RTC-* by test_reform_rules, those of NFC-e beside its other tests;
    # NFE-EPEC-02 by test_epec.
    raw = {code for code in rules() if code.startswith(("NFE-RAW-", "NFE-TAX-"))}
    assert {pair.code for pair in PAIRS} | elsewhere | raw == {code for code in rules() if code.startswith("NFE-")}
