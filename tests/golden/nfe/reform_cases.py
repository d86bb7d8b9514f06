"""A note of each group of IBS, CBS and IS, with the values computed by hand.

One shirt of R$ 100,00 in São Paulo: ICMS 18% = 18.00; PIS 1.65% and COFINS 7.6% of 82.00 = 1.35 and 6.23. The base of IBS and
CBS is 100.00 - 18.00 - 1.35 - 6.23 = 74.42 (UB16-10). In 2026: 0.1% of the state, 0% of the municipality, 0.9% of CBS.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from gateway.nfe.branch import Branch, TechnicalContact
from gateway.nfe.build import Built
from gateway.nfe.layout.ibs_cbs import IbsCbs
from gateway.nfe.product import Product
from gateway.nfe.raw import build_raw, complete
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
from gateway.nfe.sale import Address, Customer
from tests.golden.nfe.cases import INDUSTRY, Case
from tests.unit.nfe.made import AT, BRANCH, built, item, pays, product, sale
from tests.unit.nfe.made_raw import BOOK, raw
from tests.unit.nfe.made_reform import LATER, STATED, good, group, note, scope, taxed

D = Decimal
Facts = dict[str, str | None]
DET = "det/imposto/IBSCBS"
VALUES = f"{DET}/gIBSCBS"
TOTAL = "total/IBSCBSTot"
MANAUS = Address(street="Av. Eduardo Ribeiro", number="1", district="Centro", city="Manaus", uf="AM", postal_code="69010001")
CONTACT = TechnicalContact(cnpj="11222333000181", contact="Suporte", email="suporte@example.com", phone="1133334444")
AMAZON = msgspec.structs.replace(
    BRANCH, address=MANAUS, state_registration="041234561", time_zone="America/Manaus", technical_contact=CONTACT
)
FUEL = {"ncm": "27101921", "description": "Oleo combustivel"}
UNIT = MonoRates(ibs=D("0.1000"), cbs=D("0.2000"), ibs_retention=D("0.0300"), cbs_retention=D("0.0500"))


def _at(of: Product, at: datetime = AT, branch: Branch = BRANCH, line: ReformItem | None = None, **changes: Any) -> Built:
    if line is not None:
        changes["items"] = (item(reform=line),)
    return taxed(of, branch, at=at, **changes)


def _ten_litres(code: str, line: ReformItem | None = None, mono: MonoRates | None = UNIT) -> Built:
    lines = (item("10", "10.00", reform=line),)
    return built(sale(items=lines), BRANCH, good(code, mono=mono, **FUEL))


def _raw(group_: IbsCbs, at: datetime = AT, **ide: str) -> Built:
    """A credit or debit note: no sale composes one, so the engine's group goes by the official layout."""
    # No other tax is told in them (1001), but in the loss of stock; a credit note is of entry (1161).
    others = BOOK["imposto"] if ide.get("tpNFDebito") == "07" else {}
    det = {**BOOK, "imposto": {**others, "IBSCBS": msgspec.to_builtins(group_)}}
    if ide["finNFe"] == "5":
        det["prod"] = {**BOOK["prod"], "CFOP": "1949"}
        ide["tpNF"] = "0"
    told = {f"ide__{tag}": value for tag, value in ide.items()}
    draft = complete(raw(det, **told, pag={"detPag": [{"tPag": "90", "vPag": 0}]}), BRANCH, at=at)
    return build_raw(draft, number=1234, cNF="87654321", dhEmi=at)


def _transfer() -> Built:
    within = scope(operation=note(finNFe="6", debit="01"))
    line = ReformItem(transfer=Amounts(ibs=D("12.34"), cbs=D("56.78")))
    return _raw(group(good("800002"), "0", within, line), finNFe="6", tpNFDebito="01")


def _adjustment() -> Built:
    within = scope(operation=note(finNFe="6", debit="02"))
    line = ReformItem(adjustment=Adjustment(month="2026-10", ibs=D("1.00"), cbs=D("9.00")))
    return _raw(group(good("811001"), "0", within, line), finNFe="6", tpNFDebito="02")


def _loss() -> Built:
    within = scope(operation=note(finNFe="6", debit="07"))
    line = ReformItem(reversal=Amounts(ibs=D("0.07"), cbs=D("0.67")))
    return _raw(group(good("410030"), "0", within, line), finNFe="6", tpNFDebito="07")


def _free_zone() -> Built:
    # Only from 2029 on (1145).
    at = datetime(2029, 3, 10, 13, 30, tzinfo=UTC)
    within = scope(operation=note(finNFe="5", credit="02"), day=at.date())
    line = ReformItem(zfm_credit=ZfmCredit(month="2029-02", kind="1", amount=D("55.00")))
    return _raw(group(good("810001"), "0", within, line), at, finNFe="5", tpNFCredito="02")


def _recycled() -> Built:
    # IBS has this credit from 2029 on.
    at = datetime(2029, 3, 10, 13, 30, tzinfo=UTC)
    return _at(good("410016", credit=PresumedCredit(code="03", ibs_rate=D("13"), cbs_rate=D("7"))), at)


def case(name: str, make: Callable[[], Built], facts: Facts) -> Case:
    return Case(f"reform_{name}", make, facts)


CASES = (
    case(
        "200_reduced_by_60",
        lambda: built(sale(), BRANCH, good("200034")),
        {
            f"{VALUES}/vBC": "74.42",
            # 0.1 x (1 - 0.6) = 0.04%; 74.42 x 0.0004 = 0.029768.
            f"{VALUES}/gIBSUF/gRed/pRedAliq": "60.0000",
            f"{VALUES}/gIBSUF/gRed/pAliqEfet": "0.0400",
            f"{VALUES}/gIBSUF/vIBSUF": "0.03",
            f"{VALUES}/gIBSMun/gRed/pAliqEfet": "0.0000",
            # 0.9 x 0.4 = 0.36%; 74.42 x 0.0036 = 0.267912.
            f"{VALUES}/gCBS/gRed/pAliqEfet": "0.3600",
            f"{VALUES}/gCBS/vCBS": "0.27",
            f"{TOTAL}/gIBS/vIBS": "0.03",
            f"{TOTAL}/gCBS/vCBS": "0.27",
            "total/vNFTot": "100.00",
        },
    ),
    case(
        "200_reduced_to_zero",
        lambda: built(sale(), BRANCH, good("200003")),
        {
            f"{VALUES}/gCBS/pCBS": "0.9000",
            f"{VALUES}/gCBS/gRed/pRedAliq": "100.0000",
            f"{VALUES}/gCBS/gRed/pAliqEfet": "0.0000",
            f"{TOTAL}/vBCIBSCBS": "74.42",
            f"{TOTAL}/gIBS/vIBS": "0.00",
            f"{TOTAL}/gCBS/vCBS": "0.00",
        },
    ),
    case(
        "510_deferred_by_60",
        lambda: built(sale(), BRANCH, good("510001", deferral=D("60.0000"))),
        {
            # 74.42 x 0.1% = 0.07442 -> 0.07; 60% of 0.07442 = 0.044652 -> 0.04; the rest 0.03.
            f"{VALUES}/gIBSUF/gDif/vDif": "0.04",
            f"{VALUES}/gIBSUF/vIBSUF": "0.03",
            f"{VALUES}/gIBSMun/gDif/pDif": "60.0000",
            # 74.42 x 0.9% = 0.66978 -> 0.67; 60% = 0.401868 -> 0.40; the rest 0.27.
            f"{VALUES}/gCBS/gDif/vDif": "0.40",
            f"{VALUES}/gCBS/vCBS": "0.27",
            f"{TOTAL}/gIBS/gIBSUF/vDif": "0.04",
            f"{TOTAL}/gCBS/vDif": "0.40",
        },
    ),
    case(
        "515_reduced_and_all_deferred",
        lambda: built(sale(), BRANCH, good("515001", deferral=D("100.0000"))),
        {
            # Reduced by 60%: 0.029768 -> 0.03 and 0.267912 -> 0.27, all deferred.
            f"{VALUES}/gIBSUF/gDif/vDif": "0.03",
            f"{VALUES}/gIBSUF/gRed/pAliqEfet": "0.0400",
            f"{VALUES}/gIBSUF/vIBSUF": "0.00",
            f"{VALUES}/gCBS/gDif/vDif": "0.27",
            f"{TOTAL}/gCBS/vDif": "0.27",
            f"{TOTAL}/gCBS/vCBS": "0.00",
        },
    ),
    case(
        "550_suspended_with_regular_taxation",
        lambda: built(sale(), BRANCH, good("550003", regular=RegularTaxation())),
        {
            f"{VALUES}/gIBSUF/pIBSUF": "0.00",
            f"{VALUES}/gCBS/vCBS": "0.00",
            f"{VALUES}/gTribRegular/CSTReg": "000",
            f"{VALUES}/gTribRegular/pAliqEfetRegIBSUF": "0.1000",
            f"{VALUES}/gTribRegular/vTribRegIBSUF": "0.07",
            f"{VALUES}/gTribRegular/vTribRegIBSMun": "0.00",
            f"{VALUES}/gTribRegular/vTribRegCBS": "0.67",
            f"{TOTAL}/gIBS/vIBS": "0.00",
        },
    ),
    case(
        "200022_free_zone_with_reduced_regular_taxation",
        lambda: built(sale(), BRANCH, good("200022", regular=RegularTaxation(cst="200", cclasstrib="200034"))),
        {
            f"{VALUES}/gIBSUF/gRed/pRedAliq": "100.0000",
            f"{VALUES}/gTribRegular/cClassTribReg": "200034",
            # As 200034: 0.04% and 0.36%.
            f"{VALUES}/gTribRegular/pAliqEfetRegIBSUF": "0.0400",
            f"{VALUES}/gTribRegular/vTribRegIBSUF": "0.03",
            f"{VALUES}/gTribRegular/pAliqEfetRegCBS": "0.3600",
            f"{VALUES}/gTribRegular/vTribRegCBS": "0.27",
        },
    ),
    case(
        "refund_of_cbs",
        lambda: built(sale(), BRANCH, good("000001", refund=D("20.0000"))),
        {
            # 74.42 x 0.9% x 20% = 0.133956 -> 0.13; 0.67 - 0.13.
            f"{VALUES}/gCBS/gDevTrib/pDevTrib": "20.0000",
            f"{VALUES}/gCBS/gDevTrib/vDevTrib": "0.13",
            f"{VALUES}/gCBS/vCBS": "0.54",
            f"{VALUES}/gIBSUF/gDevTrib": None,
            f"{TOTAL}/gCBS/vDevTrib": "0.13",
        },
    ),
    case(
        "sale_to_the_government",
        lambda: built(
            sale(customer=INDUSTRY, government=GovernmentPurchase(entity="2", reducer=D("10.0000"))), BRANCH, product(origin="0")
        ),
        {
            "ide/gCompraGov/tpEnteGov": "2",
            "ide/gCompraGov/pRedutor": "10.0000",
            # Interstate at 12%: 100.00 - 12.00 = 88.00; PIS 1.452, COFINS 6.688; base 100 - 12 - 1.45 - 6.69 = 79.86.
            f"{VALUES}/vBC": "79.86",
            f"{VALUES}/gIBSUF/gRed/pRedAliq": "0.00",
            # 0.1 x 0.9 = 0.09%; 79.86 x 0.0009 = 0.071874. 0.9 x 0.9 = 0.81%; 79.86 x 0.0081 = 0.646866.
            f"{VALUES}/gIBSUF/gRed/pAliqEfet": "0.0900",
            f"{VALUES}/gIBSUF/vIBSUF": "0.07",
            f"{VALUES}/gCBS/gRed/pAliqEfet": "0.8100",
            f"{VALUES}/gCBS/vCBS": "0.65",
            f"{VALUES}/gTribCompraGov/pAliqIBSUF": "0.0900",
            f"{VALUES}/gTribCompraGov/vTribIBSUF": "0.07",
            f"{VALUES}/gTribCompraGov/vTribIBSMun": "0.00",
            f"{VALUES}/gTribCompraGov/vTribCBS": "0.65",
        },
    ),
    case(
        "cbs_at_zero_inside_the_free_zone",
        lambda: built(
            sale(customer=Customer(tax_id="52998224725", name="Maria Exemplo", address=MANAUS)),
            AMAZON,
            good("000001", incentive=Incentive(kind="2", suframa="20260001")),
        ),
        {
            # ICMS 20%: 80.00; PIS 1.32, COFINS 6.08; base 100 - 20 - 1.32 - 6.08 = 72.60.
            f"{VALUES}/vBC": "72.60",
            f"{VALUES}/gIBSUF/vIBSUF": "0.07",
            f"{VALUES}/gCBS/pCBS": "0.00",
            f"{VALUES}/gCBS/gALCZFMCBS/tpALCZFMCBS": "2",
            f"{VALUES}/gCBS/gALCZFMCBS/nProcSuframa": "20260001",
            f"{VALUES}/gCBS/gALCZFMCBS/pAliqEfetRegCBS": "0.9000",
            # 72.60 x 0.9% = 0.6534.
            f"{VALUES}/gCBS/gALCZFMCBS/vTribRegCBS": "0.65",
            f"{VALUES}/gCBS/vCBS": "0.00",
        },
    ),
    case(
        # Of the energy billed, 44.42 was given back to the net and leaves the base: 74.42 - 44.42 = 30.00.
        "830_part_excluded_from_the_base",
        lambda: _at(good("830001"), line=ReformItem(base=D("30.00"))),
        {
            f"{DET}/CST": "830",
            f"{VALUES}/vBC": "30.00",
            # 30.00 x 0.1% and x 0.9%.
            f"{VALUES}/gIBSUF/vIBSUF": "0.03",
            f"{VALUES}/gCBS/vCBS": "0.27",
            f"{TOTAL}/vBCIBSCBS": "30.00",
        },
    ),
    case(
        "base_of_the_caller",
        lambda: _at(good("000001"), line=ReformItem(base=D("50.00"))),
        {f"{VALUES}/vBC": "50.00", f"{VALUES}/gIBSUF/vIBSUF": "0.05", f"{TOTAL}/gCBS/vCBS": "0.45"},
    ),
    case(
        "donation",
        lambda: _at(good("000001"), line=ReformItem(donation=True)),
        {f"{DET}/CST": "410", f"{DET}/cClassTrib": "410003", f"{DET}/indDoacao": "1", VALUES: None, f"{TOTAL}/gIBS": None},
    ),
    case(
        "donation_with_credit_reversed",
        lambda: _at(good("410026"), line=ReformItem(donation=True, reversal=Amounts(ibs=D("0.07"), cbs=D("0.67")))),
        {
            f"{DET}/cClassTrib": "410026",
            f"{DET}/gEstornoCred/vIBSEstCred": "0.07",
            f"{TOTAL}/gEstornoCred/vCBSEstCred": "0.67",
        },
    ),
    case(
        "620_by_unit",
        lambda: _ten_litres("620001"),
        {
            # 10 x 0.10 and 10 x 0.20.
            f"{DET}/gIBSCBSMono/gIBSMonoAdRem/gMonoPadrao/qBCMono": "10.0000",
            f"{DET}/gIBSCBSMono/gIBSMonoAdRem/gMonoPadrao/vIBSMono": "1.00",
            f"{DET}/gIBSCBSMono/gCBSMonoAdRem/gMonoPadrao/vCBSMono": "2.00",
            f"{DET}/gIBSCBSMono/vTotCBSMonoItem": "2.00",
            f"{TOTAL}/gMono/vIBSMono": "1.00",
            f"{TOTAL}/vBCIBSCBS": "0.00",
        },
    ),
    case(
        "620_with_retention",
        lambda: _ten_litres("620002"),
        {
            # 1.00 + 10 x 0.03 and 2.00 + 10 x 0.05.
            f"{DET}/gIBSCBSMono/gIBSMonoAdRem/gMonoReten/vIBSMonoReten": "0.30",
            f"{DET}/gIBSCBSMono/vTotIBSMonoItem": "1.30",
            f"{DET}/gIBSCBSMono/vTotCBSMonoItem": "2.50",
            f"{TOTAL}/gMono/vCBSMonoReten": "0.50",
        },
    ),
    case(
        "620_deferred",
        lambda: _ten_litres("620003", mono=None),
        {f"{DET}/gIBSCBSMono/gIBSMonoAdRem": None, f"{DET}/gIBSCBSMono/vTotIBSMonoItem": "0.00"},
    ),
    case(
        "620_mixture_above_the_compulsory",
        lambda: _ten_litres(
            "620004",
            ReformItem(
                withheld=Amounts(ibs=D("1.00"), cbs=D("2.00")), blend=Blend(quantity=D("0.5"), ibs=D("0.05"), cbs=D("0.10"))
            ),
        ),
        {
            f"{DET}/gIBSCBSMono/gIBSMonoAdRem/gMonoPadrao": None,
            f"{DET}/gIBSCBSMono/gIBSMonoAdRem/gMonoRet/vIBSMonoRet": "1.00",
            f"{DET}/gIBSCBSMono/gCBSMonoAdRem/gpBioDiferenca/qBCBioComb": "0.5000",
            f"{DET}/gIBSCBSMono/gCBSMonoAdRem/gpBioDiferenca/vCBSDiferenca": "0.10",
            f"{TOTAL}/gMono/vCBSMonoRet": "2.00",
        },
    ),
    case(
        "620_charged_before",
        lambda: _ten_litres("620006", mono=MonoRates(ibs_retained=D("0.1000"), cbs_retained=D("0.2000"))),
        {
            f"{DET}/gIBSCBSMono/gIBSMonoAdRem/gMonoRet/vIBSMonoRet": "1.00",
            f"{DET}/gIBSCBSMono/vTotIBSMonoItem": "0.00",
            f"{TOTAL}/gMono/vCBSMonoRet": "2.00",
        },
    ),
    case(
        "620_by_value",
        lambda: _ten_litres("620001", mono=MonoRates(basis="value", ibs_uf=D("0.1000"), ibs_mun=D("0.0500"), cbs=D("0.9000"))),
        {
            # 74.42 x 0.1% = 0.07442; x 0.05% = 0.03721; x 0.9% = 0.66978.
            f"{DET}/gIBSCBSMono/gIBSMonoAdValorem/gMonoPadrao/vBCMono": "74.42",
            f"{DET}/gIBSCBSMono/gIBSMonoAdValorem/gMonoPadrao/vIBSMonoUF": "0.07",
            f"{DET}/gIBSCBSMono/gIBSMonoAdValorem/gMonoPadrao/vIBSMonoMun": "0.04",
            f"{DET}/gIBSCBSMono/gIBSMonoAdValorem/gMonoPadrao/vIBSMono": "0.11",
            f"{TOTAL}/gMono/vCBSMono": "0.67",
        },
    ),
    case(
        "620_by_value_with_retention",
        lambda: _ten_litres(
            "620002",
            mono=MonoRates(
                basis="value",
                ibs_uf=D("0.1000"),
                ibs_mun=D("0.0500"),
                cbs=D("0.9000"),
                ibs_retention=D("0.0200"),
                cbs_retention=D("0.3000"),
            ),
        ),
        {
            # As above, and withheld besides: 74.42 x 0.02% = 0.014884; x 0.3% = 0.22326.
            f"{DET}/gIBSCBSMono/gIBSMonoAdValorem/gMonoReten/pAliqMonoReten": "0.0200",
            f"{DET}/gIBSCBSMono/gIBSMonoAdValorem/gMonoReten/vIBSMonoReten": "0.01",
            f"{DET}/gIBSCBSMono/gCBSMonoAdValorem/gMonoReten/vCBSMonoReten": "0.22",
            # 0.11 + 0.01 and 0.67 + 0.22.
            f"{DET}/gIBSCBSMono/vTotIBSMonoItem": "0.12",
            f"{DET}/gIBSCBSMono/vTotCBSMonoItem": "0.89",
            f"{TOTAL}/gMono/vIBSMonoReten": "0.01",
        },
    ),
    case(
        "presumed_credit_of_both_taxes",
        _recycled,
        {
            # Untaxed by the one who sells; 74.42 x 13% = 9.6746 and x 7% = 5.2094 are credits of the one who buys.
            f"{DET}/cClassTrib": "410016",
            f"{DET}/gCredPresOper/cCredPres": "03",
            f"{DET}/gCredPresOper/gIBSCredPres/vCredPres": "9.67",
            f"{DET}/gCredPresOper/gCBSCredPres/vCredPres": "5.21",
            VALUES: None,
            "total/ICMSTot/vNF": "100.00",
        },
    ),
    case(
        "presumed_credit_of_2027",
        lambda: _at(good("000003", credit=PresumedCredit(code="05", cbs_rate=D("11.6000"))), LATER, STATED),
        {
            # 0.05% twice: 0.03721 -> 0.04 each; 8.8%: 6.54896 -> 6.55. Credit 74.42 x 11.6% = 8.63272.
            f"{VALUES}/vIBS": "0.08",
            f"{VALUES}/gCBS/vCBS": "6.55",
            f"{DET}/gCredPresOper/vBCCredPres": "74.42",
            f"{DET}/gCredPresOper/gIBSCredPres": None,
            f"{DET}/gCredPresOper/gCBSCredPres/vCredPres": "8.63",
            f"{TOTAL}/gCBS/vCredPres": "8.63",
            f"{TOTAL}/gIBS/vCredPres": "0.00",
            # From 2027 on the taxes are part of the item's value, and never of vNF.
            "det/vItem": "106.63",
            "total/vNFTot": "106.63",
            "total/ICMSTot/vNF": "100.00",
        },
    ),
    case(
        "selective_tax_by_value_and_unit",
        lambda: _at(
            good(
                "000001",
                selective=SelectiveTax(
                    cst="000", cclasstrib="000001", rate=D("10.0000"), unit_rate=D("0.5000"), unit="L", quantity=D("0.75")
                ),
            ),
            LATER,
            STATED,
            items=(item("2", "50.00"),),
        ),
        {
            # 100.00 x 10% + 2 x 0.75 x 0.50 = 10.75, which is base of the others: 74.42 + 10.75 = 85.17.
            "det/imposto/IS/qTrib": "1.5000",
            "det/imposto/IS/vIS": "10.75",
            "total/ISTot/vIS": "10.75",
            f"{VALUES}/vBC": "85.17",
            # 0.05%: 0.042585 -> 0.04 twice; 8.8%: 7.49496 -> 7.49.
            f"{VALUES}/vIBS": "0.08",
            f"{VALUES}/gCBS/vCBS": "7.49",
            # 100.00 + 0.08 + 7.49 + 10.75.
            "total/vNFTot": "118.32",
        },
    ),
    case(
        "800_credit_transferred",
        _transfer,
        {f"{DET}/CST": "800", f"{DET}/gTransfCred/vIBS": "12.34", f"{DET}/gTransfCred/vCBS": "56.78", VALUES: None},
    ),
    case(
        "811_another_month",
        _adjustment,
        {f"{DET}/gAjusteCompet/competApur": "2026-10", f"{DET}/gAjusteCompet/vCBS": "9.00", f"{TOTAL}/vBCIBSCBS": "0.00"},
    ),
    case("410030_loss_of_stock", _loss, {f"{DET}/gEstornoCred/vIBSEstCred": "0.07", f"{TOTAL}/gEstornoCred/vCBSEstCred": "0.67"}),
    case(
        "810_credit_of_the_free_zone",
        _free_zone,
        {f"{DET}/gCredPresIBSZFM/tpCredPresIBSZFM": "1", f"{DET}/gCredPresIBSZFM/vCredPresIBSZFM": "55.00", VALUES: None},
    ),
    case(
        "two_items_one_without_values",
        lambda: built(
            sale(
                items=(item("1", "100.00", sku="A"), item("1", "0.50", sku="B"), item("1", "50.00", sku="C")),
                payments=(pays("pix", "150.50"),),
            ),
            BRANCH,
            product("A"),
            product("B", cclasstrib="200034"),
            product("C", cclasstrib="410999"),
        ),
        {
            # B: 0.50 - 0.09 - 0.01 (0.41 x 1.65% = 0.006765) - 0.03 (0.03116) = 0.37; 0.000148 and 0.001332 round to nothing.
            f"{TOTAL}/vBCIBSCBS": "74.79",
            f"{TOTAL}/gIBS/vIBS": "0.07",
            f"{TOTAL}/gCBS/vCBS": "0.67",
            "total/vNFTot": "150.50",
        },
    ),
)
