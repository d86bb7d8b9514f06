"""Pairs of the commercial groups: registrations, payment data, bill, places, readers, carriage, export, items."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from gateway.nfe.branch import Branch, BranchText, TechnicalContact
from gateway.nfe.item_details import Batch, ItemDetails
from gateway.nfe.layout.special_goods import Arma, Med
from gateway.nfe.product import ApproximateTax, Product
from gateway.nfe.sale import Card, Freight, Sale
from gateway.nfe.trade import Billing, Export, Installment, Place, Vehicle, Volume
from tests.unit.nfe.made import ABROAD, BRANCH, CONSUMER, FOREIGNER, RJ, SP, item, pays, product, sale
from tests.unit.nfe.pair import Pair

D = Decimal
replace = msgspec.structs.replace
COMPANY = replace(CONSUMER, tax_id="11222333000181", name="Compradora Ltda")
CONTACT = TechnicalContact(cnpj="11222333000181", contact="Suporte", email="a@example.com", phone="4133334444")
PARANA = replace(
    BRANCH,
    address=replace(SP, city="Curitiba", uf="PR", postal_code="80010000"),
    state_registration="1234567850",
    overrides={"policy.in_store": D(1)},
)
BAHIA = replace(
    BRANCH,
    address=replace(SP, city="Salvador", uf="BA", postal_code="40010000"),
    state_registration="100000306",
    overrides={"policy.in_store": D(1)},
)
EXPORTED = Export(uf="SP", place="Porto de Santos")
TEN = (
    "12345678062",
    "12345678143",
    "12345678224",
    "12345678305",
    "12345678496",
    "12345678577",
    "12345678658",
    "12345678739",
    "12345678810",
    "52998224725",
)
"""Made up; the last one is the consumer's."""
DAY = date(2026, 11, 20)
"""Of `AT`, in São Paulo, in Brasília and in UTC."""


def registered(uf_address: Any, registration: str) -> Sale:
    return sale(customer=replace(COMPANY, address=uf_address, state_registration=registration))


def foreign(**changes: Any) -> Sale:
    return sale(customer=replace(FOREIGNER, **changes))


def exported(**changes: Any) -> Sale:
    return sale(**{"operation": "exportacao", "customer": FOREIGNER, "export": EXPORTED, **changes})


def paid(*payments: Any, **changes: Any) -> Sale:
    return sale(payments=payments, **changes)


def billed(*dues: tuple[date, str], term: bool = True, **bill: Any) -> Sale:
    installments = tuple(Installment(due=due, amount=D(amount)) for due, amount in dues)
    return paid(pays("boleto", "100.00", term=term), billing=Billing(installments=installments, **bill))


def on(days: int) -> date:
    return DAY + timedelta(days=days)


def carried(**changes: Any) -> Sale:
    return sale(freight=Freight(mode="terceiros", **changes))


def detailed(**details: Any) -> Sale:
    return sale(items=(item(details=ItemDetails(**details)),))


def batch(quantity: str = "1.5", expires: date = date(2027, 1, 1)) -> Batch:
    return Batch(number="L-1", quantity=D(quantity), made=date(2026, 1, 1), expires=expires)


def goods(code: str, bad: Product, good: Product, **changes: Any) -> Pair:
    branch = changes.pop("branch", BRANCH)
    asked = sale(**changes)
    return Pair(code, "$.items[0].sku", asked, asked, branch, branch, bad_product=bad, good_product=good)


def set_up(code: str, bad: Branch, good: Branch) -> Pair:
    return Pair(code, "$.branch", sale(), sale(), bad, good)


TELLS = replace(BRANCH, approximate_taxes="on")

PAIRS = [
    set_up("NFE-BRANCH-08", replace(BRANCH, state_registration="110042490115"), BRANCH),
    set_up("NFE-BRANCH-09", PARANA, replace(PARANA, technical_contact=replace(CONTACT, csrt_id="1", csrt="ABC"))),
    set_up(
        "NFE-BRANCH-10",
        replace(PARANA, technical_contact=CONTACT),
        replace(PARANA, technical_contact=replace(CONTACT, csrt_id="1", csrt="ABC")),
    ),
    set_up(
        "NFE-BRANCH-11",
        replace(BRANCH, texts=(BranchText(text="\U0001f389", since=DAY),)),
        replace(BRANCH, texts=(BranchText(text="Regime especial", since=DAY),)),
    ),
    Pair("NFE-DEST-07", "$.customer.foreign_id", foreign(tax_id="52998224725"), foreign()),
    Pair("NFE-DEST-07", "$.customer.foreign_id", foreign(state_registration="110042490114"), foreign(taxpayer=False)),
    Pair("NFE-DEST-08", "$.customer.foreign_id", foreign(foreign_id="AB12"), foreign(foreign_id="")),
    Pair("NFE-DEST-08", "$.customer.foreign_id", foreign(foreign_id="AB_123"), foreign(foreign_id="AB/12-3.4")),
    Pair(
        "NFE-DEST-09",
        "$.customer.state_registration",
        registered(RJ, "99999994"),
        registered(RJ, "99.999.99-3"),
    ),
    Pair("NFE-DEST-10", "$.customer.final_consumer", foreign(final_consumer=False), exported(customer=FOREIGNER)),
    Pair("NFE-ADDRESS-05", "$.customer.address.country_code", foreign(address=replace(ABROAD, country_code="1058")), foreign()),
    Pair("NFE-ADDRESS-05", "$.customer.address.country_code", foreign(address=replace(ABROAD, country="")), foreign(address=SP)),
    Pair(
        "NFE-PAY-11",
        "$.payments[0].processed_by",
        paid(pays("pix", "100.00", processed_by="11222333000181")),
        paid(pays("pix", "100.00", processed_by="11.222.333/0001-81", processed_in="sp", paid_on=DAY)),
    ),
    Pair(
        "NFE-PAY-11",
        "$.payments[0].processed_by",
        paid(pays("pix", "100.00", processed_by="11222333000182", processed_in="SP")),
        paid(pays("pix", "100.00", paid_on=DAY)),
    ),
    Pair(
        "NFE-PAY-12",
        "$.payments[0].card.beneficiary_cnpj",
        paid(pays("cartao_credito", "100.00", card=Card(beneficiary_cnpj="11222333000182"))),
        paid(pays("cartao_credito", "100.00", card=Card(beneficiary_cnpj="11222333000181", terminal="POS-1"))),
    ),
    Pair(
        "NFE-BILL-01",
        "$.billing.discount",
        billed(original=D("100.00"), discount=D("100.01")),
        billed(original=D("100.00"), discount=D("100.00")),
    ),
    Pair(
        "NFE-BILL-02",
        "$.billing.installments",
        billed((on(30), "49.99"), (on(60), "50.00"), original=D("100.00")),
        billed((on(30), "49.99"), (on(60), "50.00"), original=D("100.00"), discount=D("0.01")),
    ),
    Pair(
        "NFE-BILL-03",
        "$.billing.installments[0].due",
        billed((on(-1), "50"), (on(30), "50")),
        billed((on(0), "50"), (on(30), "50")),
    ),
    Pair(
        "NFE-BILL-04",
        "$.billing.installments[1].due",
        billed((on(30), "50"), (on(29), "50")),
        billed((on(30), "50"), (on(30), "50")),
    ),
    Pair(
        "NFE-BILL-05", "$.billing.installments[0].due", billed((date(2036, 11, 21), "100")), billed((date(2036, 11, 20), "100"))
    ),
    Pair("NFE-BILL-06", "$.billing.installments", billed((on(30), "100"), term=False), billed((on(30), "100"))),
    Pair("NFE-BILL-07", "$.billing.installments[0].due", billed((on(0), "100")), billed((on(1), "100"))),
    Pair("NFE-BILL-08", "$.billing.installments[0].amount", billed((on(30), "0.00")), billed((on(30), "0.01"))),
    Pair(
        "NFE-PLACE-01",
        "$.pickup.tax_id",
        sale(pickup=Place(address=RJ, tax_id="11222333000182")),
        sale(pickup=Place(address=RJ, tax_id="11222333000181", name="Galpão")),
    ),
    Pair(
        "NFE-PLACE-02",
        "$.delivery.state_registration",
        sale(delivery=Place(address=RJ, state_registration="99999994")),
        sale(delivery=Place(address=RJ, state_registration="99999993")),
    ),
    Pair(
        "NFE-PLACE-03",
        "$.delivery.tax_id",
        exported(delivery=Place(address=RJ)),
        exported(delivery=Place(address=RJ, tax_id="11222333000181")),
    ),
    Pair("NFE-READER-01", "$.readers[1]", sale(readers=("52998224725", "1")), sale(readers=("52998224725", "11222333000181"))),
    Pair(
        "NFE-READER-02",
        "$.readers",
        sale(readers=("12ABC34501DE35",)),
        sale(readers=("52998224725",)),
        replace(BRANCH, readers=TEN),
        replace(BRANCH, readers=TEN),
    ),
    set_up("NFE-READER-03", BAHIA, replace(BAHIA, readers=("11222333000181",))),
    Pair("NFE-FREIGHT-04", "$.freight.carrier_uf", carried(carrier_uf="XX"), carried(carrier_uf="sp")),
    Pair(
        "NFE-FREIGHT-04",
        "$.freight.carrier_uf",
        carried(carrier_name="Frota", carrier_state_registration="110042490114"),
        carried(carrier_name="Frota", carrier_state_registration="110042490114", carrier_uf="SP"),
    ),
    Pair(
        "NFE-FREIGHT-05",
        "$.freight.carrier_state_registration",
        carried(carrier_name="Frota", carrier_state_registration="110042490115", carrier_uf="SP"),
        carried(carrier_name="Frota", carrier_state_registration="isento", carrier_uf="SP"),
    ),
    Pair(
        "NFE-FREIGHT-06",
        "$.freight.trailers[0].plate",
        carried(vehicle=Vehicle(plate="ABC-1234"), trailers=(Vehicle(plate="A*C1234"),)),
        carried(vehicle=Vehicle(plate="ABC-1234", uf="SP", rntc="123"), trailers=(Vehicle(plate="abc1d23"),)),
    ),
    Pair("NFE-FREIGHT-07", "$.freight", carried(vehicle=Vehicle(plate="ABC1234"), wagon="V-1"), carried(wagon="V-1")),
    Pair(
        "NFE-FREIGHT-08",
        "$.freight.volume_lines",
        carried(volumes=1, volume_lines=(Volume(quantity=1),)),
        carried(
            volume_lines=(Volume(quantity=1, kind="CAIXA", brand="X", numbering="1/2", seals=("L1", "L2")), Volume(quantity=2))
        ),
    ),
    Pair("NFE-EXPORT-01", "$.export", exported(export=None), exported()),
    Pair("NFE-EXPORT-02", "$.export", sale(export=EXPORTED), sale()),
    Pair("NFE-EXPORT-03", "$.customer", exported(customer=CONSUMER), exported()),
    Pair("NFE-EXPORT-03", "$.customer", exported(customer=replace(FOREIGNER, address=SP)), foreign(address=SP)),
    Pair(
        "NFE-EXPORT-04", "$.export.uf", exported(export=replace(EXPORTED, uf="EX")), exported(export=replace(EXPORTED, uf="pr"))
    ),
    Pair(
        "NFE-DETAIL-01", "$.items[0].details.batches[0].quantity", detailed(batches=(batch("0"),)), detailed(batches=(batch(),))
    ),
    Pair(
        "NFE-DETAIL-02",
        "$.items[0].details.batches[0].expires",
        detailed(batches=(batch(expires=date(2025, 12, 31)),)),
        detailed(batches=(batch(expires=date(2026, 1, 1)),)),
    ),
    Pair(
        "NFE-DETAIL-03",
        "$.items[0].details",
        detailed(med=Med(cProdANVISA="ISENTO", vPMC=D("1")), nRECOPI="20261120000000000001"),
        detailed(arma=(Arma(tpArma="0", nSerie="1", nCano="1", descr="Arma"),)),
    ),
    goods(
        "NFE-PRODUCT-13",
        product(taxable_unit="KG", taxable_factor=D("0")),
        product(taxable_unit="KG", taxable_factor=D("0.5")),
    ),
    goods(
        "NFE-PRODUCT-14",
        product(taxable_unit="KG", taxable_factor=D("0.0001")),
        product(taxable_unit="KG", taxable_factor=D("0.2")),
        items=(item("0.4", "250.00"),),
    ),
    goods(
        "NFE-PRODUCT-15",
        product(approximate_tax=ApproximateTax(federal=D("100.01"))),
        product(approximate_tax=ApproximateTax(federal=D("100"))),
        branch=TELLS,
    ),
    goods(
        "NFE-PRODUCT-16",
        product(fci="B01F70AF"),
        product(fci="b01f70af-10bf-4b1f-848c-65ff57f616fe"),
    ),
]
