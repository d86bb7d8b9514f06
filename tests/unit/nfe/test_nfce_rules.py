"""Each rule of the NFC-e refuses a sale and lets its neighbour pass; the SEFAZ simulator, another hand, says the same of both.

The refused document is written all the same, with the rules silenced, and shown to the simulator: it must answer the cStat that
the rule claims to save.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from gateway.core.errors import ValidationFailed
from gateway.nfe.branch import Branch
from gateway.nfe.build import dry_run
from gateway.nfe.certificate import Certificate
from gateway.nfe.findings import rules
from gateway.nfe.item_details import Batch, ItemDetails
from gateway.nfe.layout.special_goods import Arma, VeicProd
from gateway.nfe.sale import Card, Customer, Freight, Intermediary, Sale
from gateway.nfe.signature import sign
from gateway.nfe.tax_profile import ContributionsSt, IpiProfile, Retained
from gateway.nfe.trade import Billing, Export, Purchase, Vehicle, Volume
from tests.unit.nfe.made import AT, BRANCH, CONSUMER, RJ, item, pays, product
from tests.unit.nfe.made_nfce import CARRIER, CPF_ONLY, CSC, composed, delivered, made, nfce, settled
from tests.unit.nfe.test_nfce import judged

D = Decimal
replace = msgspec.structs.replace
CHAVE = "35261112ABC34501DE35550010000012341876543215"
COMPANY = Customer(tax_id="11222333000181")


REPASSE = Retained(base=D("1"), rate=D("18"), value=D("0.18"), destination_base=D("1"), destination_value=D("0.1"))


def taxed(paid: str = "100.00", **profile: object) -> Sale:
    """A counter sale of a product with this profile."""
    goods = product(cest="2803800", **profile)
    return nfce(items=(item(product=goods),), payments=(pays("dinheiro", paid),))


def worth(total: str, **changes: object) -> Sale:
    return nfce(items=(item(unit_price=total),), payments=(pays("dinheiro", total),), **changes)


CAR = VeicProd(**(dict.fromkeys(VeicProd.__struct_fields__, "1")))
BATCH = Batch(number="L1", quantity=D("1"), made=date(2026, 1, 1), expires=date(2027, 1, 1))


def told(**details: Any) -> Sale:
    return nfce(items=(item(details=ItemDetails(**details)),))


@dataclass(frozen=True)
class Pair:
    """`bad` breaks exactly the rule `code` at `path`; `good` breaks nothing."""

    code: str
    path: str
    bad: Sale
    good: Sale = field(default_factory=nfce)
    bad_branch: Branch = BRANCH


PAIRS = [
    Pair("NFCE-SALE-01", "$.presence", nfce(presence="outros", customer=CONSUMER)),
    Pair("NFCE-SALE-02", "$.references", nfce(references=(CHAVE,))),
    Pair("NFCE-SALE-03", "$.presence", delivered(), delivered(), settled(delivery=False)),
    Pair(
        "NFCE-SALE-04",
        "$.items",
        worth("200000.01", customer=CPF_ONLY),
        worth("200000.00", customer=CPF_ONLY),
    ),
    Pair(
        "NFCE-SALE-05",
        "$.intermediary",
        nfce(intermediary=Intermediary(cnpj="11222333000181", account="loja")),
        delivered(intermediary=Intermediary(cnpj="11222333000181", account="loja")),
    ),
    Pair("NFCE-DEST-01", "$.customer", worth("10000.01"), worth("10000.00")),
    Pair("NFCE-DEST-01", "$.customer", worth("10000.01"), worth("10000.01", customer=CPF_ONLY)),
    Pair("NFCE-DEST-02", "$.customer", delivered(customer=None), delivered()),
    Pair("NFCE-DEST-03", "$.customer.address", delivered(customer=CPF_ONLY), delivered()),
    Pair(
        "NFCE-DEST-04",
        "$.customer.state_registration",
        nfce(customer=replace(CONSUMER, state_registration="110042490114")),
        nfce(customer=replace(CONSUMER, state_registration="110042490114", taxpayer=False)),
    ),
    Pair(
        "NFCE-DEST-04",
        "$.customer.taxpayer",
        nfce(customer=replace(CONSUMER, taxpayer=True)),
        nfce(customer=replace(CONSUMER, taxpayer=False, state_registration="ISENTO")),
    ),
    Pair(
        "NFCE-DEST-05",
        "$.customer.final_consumer",
        nfce(customer=replace(CONSUMER, final_consumer=False)),
        nfce(customer=replace(CONSUMER, final_consumer=True)),
    ),
    Pair("NFCE-DEST-06", "$.customer.tax_id", nfce(customer=COMPANY), nfce(customer=COMPANY), settled(cnpj_buyers=False)),
    Pair("NFCE-DEST-07", "$.customer.tax_id", nfce(customer=Customer(tax_id=BRANCH.cnpj)), nfce(customer=COMPANY)),
    Pair("NFCE-FREIGHT-01", "$.freight.mode", nfce(freight=Freight(mode="emitente")), nfce(freight=Freight())),
    Pair("NFCE-FREIGHT-02", "$.freight", nfce(freight=replace(CARRIER, mode="sem_frete")), delivered()),
    Pair("NFCE-FREIGHT-03", "$.freight", delivered(freight=Freight()), delivered(freight=Freight(mode="proprio_remetente"))),
    Pair("NFCE-TAX-01", "$.items[0].product", taxed("110.00", ipi=IpiProfile(rate=D("10"))), taxed()),
    Pair(
        "NFCE-TAX-02",
        "$.items[0].product",
        taxed("102.00", contributions_st=ContributionsSt(pis_rate=D("1"), cofins_rate=D("1"))),
        taxed(pis_cofins_cst="05"),
    ),
    Pair("NFCE-TAX-03", "$.items[0].product", taxed(situation="suspensa"), taxed(situation="nao_tributada")),
    Pair(
        "NFCE-TAX-03",
        "$.items[0].product",
        taxed(situation="repasse", retained=REPASSE),
        taxed(situation="st", retained=REPASSE),
    ),
    Pair("NFCE-PAY-01", "$.payments[0].method", nfce(payments=(pays("sem_pagamento", "0"),))),
    Pair("NFCE-PAY-01", "$.payments", nfce(payments=())),
    Pair(
        "NFCE-PAY-02",
        "$.payments[0].method",
        nfce(payments=(pays("outros", "100", description="Permuta"),)),
        nfce(payments=(pays("credito_loja", "100"),)),
    ),
    Pair(
        "NFCE-PAY-03",
        "$.payments[0].method",
        nfce(payments=(pays("duplicata", "100"),)),
        nfce(payments=(pays("crediario", "100"),)),
    ),
    Pair(
        "NFCE-BILL-01",
        "$.billing",
        nfce(billing=Billing(number="1")),
        nfce(payments=(pays("crediario", "100", due=date(2026, 12, 20)),)),
    ),
    Pair("NFCE-EXPORT-01", "$.export", nfce(export=Export(uf="SP", place="Santos"))),
    Pair("NFCE-PURCHASE-01", "$.purchase", nfce(purchase=Purchase(contract="C-1")), nfce(order_number="P-1")),
    Pair(
        "NFCE-FREIGHT-04",
        "$.freight",
        delivered(freight=replace(CARRIER, vehicle=Vehicle(plate="ABC1D23"))),
        delivered(freight=replace(CARRIER, volume_lines=(Volume(quantity=1, kind="CAIXA"),))),
    ),
    Pair("NFCE-DETAIL-01", "$.items[0].details.veicProd", told(veicProd=CAR), told(batches=(BATCH,))),
    Pair("NFCE-DETAIL-02", "$.items[0].details.arma", told(arma=(Arma(tpArma="0", nSerie="1", nCano="1", descr="Arma"),))),
    Pair("NFCE-DETAIL-03", "$.items[0].details.nRECOPI", told(nRECOPI="20261120000000000001")),
    # Rules of every sale, as they stand for a NFC-e.
    Pair("NFE-PAY-02", "$.payments", nfce(payments=(pays("dinheiro", "99.99"),))),
    Pair(
        "NFE-PAY-03",
        "$.payments",
        nfce(payments=(pays("pix", "100.01"),)),
        nfce(payments=(pays("dinheiro", "100.01"),)),
    ),
    Pair("NFE-PAY-06", "$.payments[0].card", nfce(payments=(pays("pix", "100", card=Card(integrated=True)),))),
    Pair("NFE-DEST-02", "$.customer.tax_id", nfce(customer=Customer(tax_id="52998224726")), nfce(customer=CPF_ONLY)),
    Pair(
        "NFE-TEXT-01", "$.customer.name", nfce(customer=replace(CPF_ONLY, name="Z")), nfce(customer=replace(CPF_ONLY, name="Zé"))
    ),
    Pair(
        "NFE-ADDRESS-04",
        "$.customer.address.city_code",
        nfce(customer=replace(CONSUMER, address=replace(RJ, city_code="3550308"))),
    ),
]
DECIDED_ELSEWHERE = {
    "NFCE-SALE-03": "the simulator's state admits deliveries",
    "NFE-PAY-03": "the gateway writes vTroco for any excess; that only cash gives change is its own rule",
    "NFE-DEST-02": "a wrong document cannot be written: the tag is left out",
    "NFE-TEXT-01": "the schema's own",
    "NFCE-BILL-01": "a NFC-e is written without the group",
    "NFCE-EXPORT-01": "a NFC-e is written without the group",
    "NFCE-PURCHASE-01": "a NFC-e is written without the group",
    "NFCE-FREIGHT-04": "the simulator does not read the vehicle",
    "NFCE-DETAIL-01": "the simulator does not read the item's details",
    "NFCE-DETAIL-02": "the simulator does not read the item's details",
    "NFCE-DETAIL-03": "the simulator does not read the item's details",
    "NFCE-PAY-01 $.payments": "the schema wants one detPag at least",
}
"""Pairs whose refused side the simulator does not answer with the rule's cStat, and why."""


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair.code} {pair.path}")
def test_rule_refuses_one_and_lets_its_neighbour_pass(pair: Pair) -> None:
    with pytest.raises(ValidationFailed) as caught:
        composed(pair.bad, pair.bad_branch)
    assert [(fault.code, fault.path) for fault in caught.value.faults] == [(pair.code, pair.path)]
    fault = caught.value.faults[0]
    assert fault.message.endswith(".") and fault.fix.endswith(".") and fault.source
    dry_run(composed(pair.good), AT)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair.code} {pair.path}")
def test_simulator_says_the_same(pair: Pair, certificate: Certificate) -> None:
    good = sign(made(pair.good, certificate=certificate, csc=CSC).xml, certificate).xml
    assert judged(good) == "100"
    cStat = rules()[pair.code].cStat
    if not cStat or {pair.code, f"{pair.code} {pair.path}"} & DECIDED_ELSEWHERE.keys():
        return
    bad = sign(made(pair.bad, pair.bad_branch, certificate=certificate, csc=CSC).xml, certificate).xml
    assert judged(bad) == cStat


def test_every_rule_of_the_nfce_is_proven_here() -> None:
    assert {pair.code for pair in PAIRS if pair.code.startswith("NFCE-")} | {"NFCE-QR-01"} == {
        code for code in rules() if code.startswith("NFCE-")
    }


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(ValidationFailed) as caught:
        composed(
            worth(
                "10000.01",
                presence="internet",
                references=(CHAVE,),
                freight=CARRIER,
            )
        )
    assert [fault.code for fault in caught.value.faults] == [
        "NFCE-SALE-01",
        "NFCE-SALE-02",
        "NFCE-FREIGHT-01",
        "NFCE-FREIGHT-02",
        "NFCE-DEST-01",
    ]
