"""A note of each group of ICMS, IPI, PIS/COFINS, DIFAL and ISSQN, with its values computed by hand beside it.

Unless a case says otherwise: an issuer of São Paulo, one unit of R$ 100,00, PIS 1.65% and COFINS 7.6% on the price less the ICMS told.
Buyers who sell again are `SHOP` (São Paulo) and `INDUSTRY` (Minas Gerais, whose internal rate is 18%).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from gateway.nfe.branch import Branch, SimplesCredit
from gateway.nfe.build import Built
from gateway.nfe.sale import Customer, Freight
from gateway.nfe.tax_profile import ContributionsSt, Fuel, IpiProfile, Retained, Service, StateRates, StTerms
from tests.golden.nfe.cases import CARIOCA, INDUSTRY, Case
from tests.unit.nfe.made import BRANCH, RJ, SIMPLES, SP, built, item, pays, product, sale

D = Decimal
replace = msgspec.structs.replace
CEST = "2803800"
SHOP = Customer(tax_id="11.222.333/0001-81", name="Loja Revendedora Ltda", address=SP, state_registration="110042490114")
CREDIT = replace(
    SIMPLES,
    simples_credit=(SimplesCredit(since=date(2026, 1, 1), rate=D("1.36")), SimplesCredit(since=date(2026, 11, 1), rate=D("2.5"))),
)
TOWN = replace(BRANCH, municipal_registration="1.234.567-8", iss_regime="1")

Facts = dict[str, str | None]


def case(
    name: str,
    facts: Facts,
    paid: str = "100.00",
    branch: Branch = BRANCH,
    customer: Customer | None = None,
    quantity: str = "1",
    unit_price: str = "100.00",
    sold: dict[str, Any] | None = None,
    **profile: Any,
) -> Case:
    """A note of one product with this profile, paid by PIX."""
    goods = product(**({"cest": CEST} | profile))

    def make() -> Built:
        changes: dict[str, Any] = {"items": (item(quantity, unit_price),), "payments": (pays("pix", paid),)}
        if customer is not None:
            changes["customer"] = customer
        return built(sale(**{**changes, **(sold or {})}), branch, goods)

    return Case(f"tax_{name}", make, {"total/ICMSTot/vNF": paid, **facts})


ICMS = "det/imposto/ICMS/"
W = "total/ICMSTot/"
SP40 = StTerms(uf="SP", mva=D("40"))
MG40 = StTerms(uf="MG", mva=D("40"))

ICMS_CASES = (
    # 10: own 18.00; ST on 140.00: 25.20 - 18.00 = 7.20. The buyer pays 107.20; PIS and COFINS on 82.00.
    case(
        "cst10_in_state",
        {
            "det/prod/CFOP": "5403",
            "det/prod/CEST": CEST,
            f"{ICMS}ICMS10/vICMS": "18.00",
            f"{ICMS}ICMS10/modBCST": "4",
            f"{ICMS}ICMS10/pMVAST": "40.00",
            f"{ICMS}ICMS10/vBCST": "140.00",
            f"{ICMS}ICMS10/vICMSST": "7.20",
            f"{W}vBC": "100.00",
            f"{W}vICMS": "18.00",
            f"{W}vBCST": "140.00",
            f"{W}vST": "7.20",
            f"{W}vPIS": "1.35",
            "det/vItem": "107.20",
            "total/vNFTot": "107.20",
        },
        "107.20",
        customer=SHOP,
        situation="substituto",
        st=(SP40, MG40),
    ),
    # Between states: MVA 1.40 x (1 - 0.12) / (1 - 0.18) = 1.502439, told as 50.24. Own 12.00; ST on 150.24: 27.0432 - 12.00 = 15.04.
    case(
        "cst10_adjusted_mva",
        {
            "det/prod/CFOP": "6403",
            f"{ICMS}ICMS10/vICMS": "12.00",
            f"{ICMS}ICMS10/pMVAST": "50.24",
            f"{ICMS}ICMS10/vBCST": "150.24",
            f"{ICMS}ICMS10/pICMSST": "18.00",
            f"{ICMS}ICMS10/vICMSST": "15.04",
            f"{W}vST": "15.04",
        },
        "115.04",
        customer=INDUSTRY,
        situation="substituto",
        st=(SP40, MG40),
    ),
    # Rio: own 20.00 and FCP 2.00. Pauta 90.00 a unit, 2 units: 180.00, less 10% is 162.00. ST 32.40 - 20.00 = 12.40; FCP-ST 3.24 - 2.00.
    case(
        "cst10_pauta_fcp",
        {
            f"{ICMS}ICMS10/vBCFCP": "100.00",
            f"{ICMS}ICMS10/vFCP": "2.00",
            f"{ICMS}ICMS10/modBCST": "5",
            f"{ICMS}ICMS10/pMVAST": None,
            f"{ICMS}ICMS10/pRedBCST": "10.00",
            f"{ICMS}ICMS10/vBCST": "162.00",
            f"{ICMS}ICMS10/vICMSST": "12.40",
            f"{ICMS}ICMS10/vBCFCPST": "162.00",
            f"{ICMS}ICMS10/vFCPST": "1.24",
            # 180.00 - 162.00 at 20%.
            f"{ICMS}ICMS10/vICMSSTDeson": "3.60",
            f"{ICMS}ICMS10/motDesICMSST": "9",
            f"{W}vFCP": "2.00",
            f"{W}vST": "12.40",
            f"{W}vFCPST": "1.24",
        },
        "113.64",
        branch=replace(BRANCH, address=RJ, state_registration="12345678"),
        customer=replace(SHOP, address=RJ),
        quantity="2",
        unit_price="50.00",
        situation="substituto",
        st=(StTerms(base="pauta", price=D("90"), reduction=D("10"), exemption_reason="9"),),
    ),
    # A contributor of another state who uses the goods: own 12.00; (100.00 - 12.00) / 0.82 = 107.32; 19.3176 - 12.00 = 7.32.
    case(
        "cst10_use_in_another_state",
        {
            "ide/indFinal": "1",
            f"{ICMS}ICMS10/modBCST": "6",
            f"{ICMS}ICMS10/vBCST": "107.32",
            f"{ICMS}ICMS10/vICMSST": "7.32",
            "det/imposto/ICMSUFDest": None,
        },
        "107.32",
        customer=replace(INDUSTRY, final_consumer=True),
        situation="substituto",
        st=(MG40,),
    ),
    # Nobody sells it again: nothing is retained, and the code is 00.
    case(
        "substitute_to_consumer",
        {"det/prod/CFOP": "5102", f"{ICMS}ICMS00/vICMS": "18.00", f"{W}vST": "0.00"},
        situation="substituto",
        st=(SP40,),
    ),
    # 20 with relief taken from the total: base 70.00, ICMS 12.60; relieved 18.00 - 12.60 = 5.40.
    case(
        "cst20_relief_deducted",
        {
            f"{ICMS}ICMS20/vBC": "70.00",
            f"{ICMS}ICMS20/vICMS": "12.60",
            f"{ICMS}ICMS20/vICMSDeson": "5.40",
            f"{ICMS}ICMS20/indDeduzDeson": "1",
            f"{W}vICMSDeson": "5.40",
            "det/vItem": "94.60",
        },
        "94.60",
        situation="reduzida",
        icms_reduction=D("30"),
        exemption_reason="9",
        exemption_deducts=True,
        cbenef="SP000123",
    ),
    # Pauta of 80.00 a unit: base 80.00, ICMS 14.40; PIS on 85.60: 1.4124, COFINS 6.5056.
    case(
        "cst00_pauta",
        {
            f"{ICMS}ICMS00/modBC": "1",
            f"{ICMS}ICMS00/vBC": "80.00",
            f"{ICMS}ICMS00/vICMS": "14.40",
            f"{W}vPIS": "1.41",
            f"{W}vCOFINS": "6.51",
        },
        icms_base_price=D("80"),
    ),
    # 30: nothing of its own; ST 18% of 140.00 = 25.20.
    case(
        "cst30",
        {
            f"{ICMS}ICMS30/vBCST": "140.00",
            f"{ICMS}ICMS30/vICMSST": "25.20",
            f"{W}vBC": "0.00",
            f"{W}vICMS": "0.00",
            f"{W}vST": "25.20",
            f"{W}vPIS": "1.65",
        },
        "125.20",
        customer=SHOP,
        situation="isenta_substituto",
        st=(SP40,),
    ),
    case(
        "cst40_relief_deducted",
        {f"{ICMS}ICMS40/CST": "40", f"{ICMS}ICMS40/vICMSDeson": "18.00", f"{W}vICMSDeson": "18.00", "total/vNFTot": "82.00"},
        "82.00",
        situation="isenta",
        exemption_reason="7",
        exemption_deducts=True,
    ),
    case("cst41_immune", {f"{ICMS}ICMS40/CST": "41"}, situation="imune"),
    case("cst50", {f"{ICMS}ICMS40/CST": "50", f"{W}vICMS": "0.00"}, customer=SHOP, situation="suspensa"),
    # 51, Rio: base 100.00 less 10% = 90.00. ICMS 18.00, 50% deferred: 9.00. FCP 1.80, 50% deferred: 0.90.
    # PIS on 91.00: 1.5015; COFINS 6.916. IBS and CBS on 100.00 - 1.50 - 6.92 - 9.00 - 0.90 = 81.68.
    case(
        "cst51_partial_with_fcp",
        {
            f"{ICMS}ICMS51/pRedBC": "10.00",
            f"{ICMS}ICMS51/cBenefRBC": "RJ801234",
            f"{ICMS}ICMS51/vBC": "90.00",
            f"{ICMS}ICMS51/vICMSOp": "18.00",
            f"{ICMS}ICMS51/pDif": "50.00",
            f"{ICMS}ICMS51/vICMSDif": "9.00",
            f"{ICMS}ICMS51/vICMS": "9.00",
            f"{ICMS}ICMS51/vFCP": "1.80",
            f"{ICMS}ICMS51/vFCPDif": "0.90",
            f"{ICMS}ICMS51/vFCPEfet": "0.90",
            f"{W}vICMS": "9.00",
            f"{W}vFCP": "1.80",
            f"{W}vPIS": "1.50",
            f"{W}vCOFINS": "6.92",
            "total/IBSCBSTot/vBCIBSCBS": "81.68",
        },
        branch=replace(BRANCH, address=RJ, state_registration="12345678"),
        customer=replace(SHOP, address=RJ),
        situation="diferida",
        icms_reduction=D("10"),
        deferral=D("50"),
        fcp_deferral=D("50"),
        cbenef_rbc="RJ801234",
    ),
    # Nothing said of the percentage: the whole is deferred.
    case(
        "cst51_whole",
        {f"{ICMS}ICMS51/vICMSOp": "18.00", f"{ICMS}ICMS51/pDif": "100.00", f"{ICMS}ICMS51/vICMS": "0.00", f"{W}vBC": "100.00"},
        customer=SHOP,
        situation="diferida",
    ),
    # 60 to a consumer: 3 units of 10.00 retained on 12.50 each: base 37.50, substitute 5.40, ST 1.35; FCP 0.75; effective 18% of 30.00.
    case(
        "cst60_retained_and_effective",
        {
            "det/prod/CFOP": "5405",
            f"{ICMS}ICMS60/vBCSTRet": "37.50",
            f"{ICMS}ICMS60/pST": "20.00",
            f"{ICMS}ICMS60/vICMSSubstituto": "5.40",
            f"{ICMS}ICMS60/vICMSSTRet": "1.35",
            f"{ICMS}ICMS60/vBCFCPSTRet": "37.50",
            f"{ICMS}ICMS60/vFCPSTRet": "0.75",
            f"{ICMS}ICMS60/vBCEfet": "30.00",
            f"{ICMS}ICMS60/vICMSEfet": "5.40",
            f"{W}vFCPSTRet": "0.75",
            f"{W}vST": "0.00",
        },
        "30.00",
        quantity="3",
        unit_price="10.00",
        situation="st",
        retained=Retained(
            base=D("12.5"),
            rate=D("20"),
            substitute=D("1.8"),
            value=D("0.45"),
            fcp_rate=D("2"),
            fcp_value=D("0.25"),
            effective_rate=D("18"),
        ),
    ),
    # 70: base 60.00, ICMS 10.80; ST 18% of 140.00 less 40% = 84.00: 15.12 - 10.80 = 4.32. Relieved: 18.00 - 10.80 = 7.20.
    case(
        "cst70",
        {
            f"{ICMS}ICMS70/pRedBC": "40.00",
            f"{ICMS}ICMS70/vBC": "60.00",
            f"{ICMS}ICMS70/vICMS": "10.80",
            f"{ICMS}ICMS70/vBCST": "84.00",
            f"{ICMS}ICMS70/vICMSST": "4.32",
            f"{ICMS}ICMS70/vICMSDeson": "7.20",
            f"{W}vST": "4.32",
            f"{W}vICMSDeson": "7.20",
        },
        "104.32",
        customer=SHOP,
        situation="reduzida_substituto",
        icms_reduction=D("40"),
        exemption_reason="9",
        st=(StTerms(uf="SP", mva=D("40"), reduction=D("40")),),
    ),
    case("cst90_nothing_due", {f"{ICMS}ICMS90/CST": "90", f"{ICMS}ICMS90/vBC": None, f"{W}vBC": "0.00"}, situation="outras"),
    # 90 with everything: base 80.00 at 18% = 14.40, 25% deferred: 3.60, due 10.80; ST 18% of 140.00 = 25.20 - 10.80 = 14.40.
    case(
        "cst90_whole",
        {
            f"{ICMS}ICMS90/vBC": "80.00",
            f"{ICMS}ICMS90/vICMSOp": "14.40",
            f"{ICMS}ICMS90/vICMSDif": "3.60",
            f"{ICMS}ICMS90/vICMS": "10.80",
            f"{ICMS}ICMS90/vICMSST": "14.40",
            f"{W}vICMS": "10.80",
            f"{W}vST": "14.40",
        },
        "114.40",
        customer=SHOP,
        situation="outras",
        icms_rate=D("18"),
        icms_reduction=D("20"),
        deferral=D("25"),
        st=(SP40,),
    ),
    # ICMSPart: 45% of 100.00 is of the operation: 45.00 at 12% = 5.40; ST on 100.00 at 18%: 18.00 - 5.40 = 12.60.
    case(
        "partilha",
        {
            f"{ICMS}ICMSPart/CST": "10",
            f"{ICMS}ICMSPart/vBC": "45.00",
            f"{ICMS}ICMSPart/vICMS": "5.40",
            f"{ICMS}ICMSPart/modBCST": "6",
            f"{ICMS}ICMSPart/vICMSST": "12.60",
            f"{ICMS}ICMSPart/pBCOp": "45.00",
            f"{ICMS}ICMSPart/UFST": "MG",
            f"{W}vST": "12.60",
        },
        "112.60",
        customer=INDUSTRY,
        situation="partilha",
        icms_cst="10",
        own_share=D("45"),
        st=(StTerms(uf="MG", base="valor_operacao"),),
    ),
    # ICMSST: 10 units, each with 2.00 of base and 0.36 retained, 0.30 due to the buyer's state.
    case(
        "repasse",
        {
            f"{ICMS}ICMSST/CST": "60",
            f"{ICMS}ICMSST/vBCSTRet": "20.00",
            f"{ICMS}ICMSST/vICMSSTRet": "3.60",
            f"{ICMS}ICMSST/vBCSTDest": "20.00",
            f"{ICMS}ICMSST/vICMSSTDest": "3.00",
            f"{W}vST": "0.00",
        },
        quantity="10",
        unit_price="10.00",
        customer=INDUSTRY,
        situation="repasse",
        retained=Retained(base=D("2"), rate=D("18"), value=D("0.36"), destination_base=D("2"), destination_value=D("0.3")),
    ),
)

GASOLINE = Fuel(rate=D("1.5700"), anp_code="320102001", anp_description="GASOLINA C COMUM")
LITRES: dict[str, Any] = {"quantity": "20", "unit_price": "5.00", "ncm": "27101259", "unit": "L"}

FUEL_CASES = (
    # 20 litres at 1.57: 31.40. PIS and COFINS are of the refinery (04). IBS and CBS on 68.60.
    case(
        "cst02",
        {
            "det/prod/CFOP": "5656",
            "det/prod/comb/cProdANP": "320102001",
            "det/prod/comb/UFCons": "SP",
            f"{ICMS}ICMS02/qBCMono": "20",
            f"{ICMS}ICMS02/vICMSMono": "31.40",
            f"{W}qBCMono": "20.00",
            f"{W}vICMSMono": "31.40",
            f"{W}vICMS": "0.00",
            "total/IBSCBSTot/vBCIBSCBS": "68.60",
        },
        situation="monofasica",
        fuel=GASOLINE,
        pis_cofins_cst="04",
        **LITRES,
    ),
    # 27% of the litres is the operation's own: 5.4 at 1.00 = 5.40; the other 73%, 14.6 at 1.57 = 22.922, is retained and paid besides.
    case(
        "cst15",
        {
            f"{ICMS}ICMS15/qBCMono": "5.4",
            f"{ICMS}ICMS15/vICMSMono": "5.40",
            f"{ICMS}ICMS15/qBCMonoReten": "14.6",
            f"{ICMS}ICMS15/vICMSMonoReten": "22.92",
            f"{W}qBCMonoReten": "14.60",
            f"{W}vICMSMonoReten": "22.92",
            "det/vItem": "122.92",
        },
        "122.92",
        customer=SHOP,
        situation="monofasica_retencao",
        fuel=Fuel(rate=D("1"), share=D("27"), retained_rate=D("1.57"), retained_share=D("73")),
        pis_cofins_cst="04",
        **LITRES,
    ),
    # The rate halved: 5.00 and 15.70 of the 20 litres at 0.50 and 1.57, halves of 10.00 and 31.40.
    case(
        "cst15_reduced",
        {
            f"{ICMS}ICMS15/vICMSMono": "5.00",
            f"{ICMS}ICMS15/vICMSMonoReten": "15.70",
            f"{ICMS}ICMS15/pRedAdRem": "50.00",
            f"{ICMS}ICMS15/motRedAdRem": "1",
        },
        "115.70",
        customer=SHOP,
        situation="monofasica_retencao",
        fuel=Fuel(rate=D("0.5"), retained_rate=D("1.57"), reduction=D("50"), reduction_reason="1"),
        pis_cofins_cst="04",
        **LITRES,
    ),
    # 31.40 of the operation, 80% deferred: 25.12; due 6.28.
    case(
        "cst53",
        {
            f"{ICMS}ICMS53/vICMSMonoOp": "31.40",
            f"{ICMS}ICMS53/vICMSMonoDif": "25.12",
            f"{ICMS}ICMS53/vICMSMono": "6.28",
            f"{W}vICMSMono": "6.28",
        },
        customer=SHOP,
        situation="monofasica_diferida",
        deferral=D("80"),
        fuel=GASOLINE,
        pis_cofins_cst="04",
        **LITRES,
    ),
    case(
        "cst61",
        {f"{ICMS}ICMS61/vICMSMonoRet": "31.40", f"{W}qBCMonoRet": "20.00", f"{W}vICMSMonoRet": "31.40", f"{W}vICMSMono": None},
        situation="monofasica_anterior",
        fuel=GASOLINE,
        pis_cofins_cst="04",
        **LITRES,
    ),
    # A fuel has its CST in the Simples too (590 excepts it).
    case(
        "cst61_in_the_simples",
        {f"{ICMS}ICMS61/CST": "61", "emit/CRT": "1"},
        branch=SIMPLES,
        situation="monofasica_anterior",
        fuel=GASOLINE,
        pis_cofins_cst="04",
        **LITRES,
    ),
)

SN = f"{ICMS}ICMSSN"
SIMPLES_CASES = (
    # The credit of November: 2.5% of 100.00.
    case(
        "csosn101",
        {f"{SN}101/pCredSN": "2.50", f"{SN}101/vCredICMSSN": "2.50", f"{W}vICMS": "0.00"},
        branch=CREDIT,
        customer=SHOP,
    ),
    # A consumer takes no credit.
    case("csosn102_to_consumer", {f"{SN}102/CSOSN": "102"}, branch=CREDIT),
    case("csosn103", {f"{SN}102/CSOSN": "103"}, branch=SIMPLES, csosn="103"),
    case("csosn300", {f"{SN}102/CSOSN": "300"}, branch=SIMPLES, situation="imune"),
    case("csosn400", {f"{SN}102/CSOSN": "400"}, branch=SIMPLES, situation="nao_tributada"),
    # ST 18% of 140.00 = 25.20, less the 18.00 that the operation would owe (CGSN 140/2018 art. 28).
    case(
        "csosn201",
        {
            "det/prod/CFOP": "5403",
            f"{SN}201/vICMSST": "7.20",
            f"{SN}201/vCredICMSSN": "2.50",
            f"{W}vBC": "0.00",
            f"{W}vICMS": "0.00",
            f"{W}vST": "7.20",
        },
        "107.20",
        branch=CREDIT,
        customer=SHOP,
        situation="substituto",
        st=(SP40,),
    ),
    # Between states the Simples keeps the original MVA: 18% of 140.00 = 25.20, less 12.00.
    case(
        "csosn202_original_mva",
        {f"{SN}202/CSOSN": "202", f"{SN}202/pMVAST": "40.00", f"{SN}202/vICMSST": "13.20", f"{W}vST": "13.20"},
        "113.20",
        branch=SIMPLES,
        customer=INDUSTRY,
        situation="substituto",
        st=(MG40,),
    ),
    case(
        "csosn203",
        {f"{SN}202/CSOSN": "203", f"{SN}202/vICMSST": "7.20"},
        "107.20",
        branch=SIMPLES,
        customer=SHOP,
        situation="isenta_substituto",
        st=(SP40,),
    ),
    case(
        "csosn500_retained",
        {f"{SN}500/vBCSTRet": "140.00", f"{SN}500/vICMSSTRet": "7.20", f"{SN}500/vBCEfet": None},
        branch=SIMPLES,
        customer=SHOP,
        situation="st",
        retained=Retained(base=D("140"), rate=D("18"), substitute=D("18"), value=D("7.2"), effective_rate=D("18")),
    ),
    case("csosn900_nothing_due", {f"{SN}900/CSOSN": "900", f"{SN}900/vBC": None}, branch=SIMPLES, situation="outras"),
    # Own 18% of 90.00 = 16.20; ST 25.20 - 16.20 = 9.00; credit 2.5% of 100.00.
    case(
        "csosn900_whole",
        {
            f"{SN}900/vBC": "90.00",
            f"{SN}900/vICMS": "16.20",
            f"{SN}900/vICMSST": "9.00",
            f"{SN}900/vCredICMSSN": "2.50",
            f"{W}vICMS": "16.20",
        },
        "109.00",
        branch=CREDIT,
        customer=SHOP,
        situation="outras",
        icms_rate=D("18"),
        icms_reduction=D("10"),
        simples_credit=True,
        st=(SP40,),
    ),
)

IPI_CASES = (
    # IPI 10% of 100.00 - 5.00 + 15.00 = 110.00: 11.00. To a shop the ICMS is on 110.00: 19.80. Total 121.00.
    case(
        "ipi_rate_to_a_shop",
        {
            "det/imposto/IPI/IPITrib/CST": "50",
            "det/imposto/IPI/IPITrib/vBC": "110.00",
            "det/imposto/IPI/IPITrib/vIPI": "11.00",
            "det/imposto/IPI/cEnq": "999",
            f"{ICMS}ICMS00/vBC": "110.00",
            f"{W}vICMS": "19.80",
            f"{W}vIPI": "11.00",
            "det/vItem": "121.00",
        },
        "121.00",
        customer=SHOP,
        sold={
            "items": (item("1", "100.00", discount=D("5.00")),),
            "freight": Freight(mode="emitente", amount=D("15.00")),
            "payments": (pays("pix", "121.00"),),
        },
        ipi=IpiProfile(rate=D("10")),
    ),
    # To a consumer the IPI is in the base of the ICMS: 110.00, 19.80. PIS on 100.00 - 19.80 = 80.20: 1.3233; COFINS 6.0952.
    case(
        "ipi_rate_to_a_consumer",
        {f"{W}vIPI": "10.00", f"{ICMS}ICMS00/vBC": "110.00", f"{W}vICMS": "19.80", f"{W}vPIS": "1.32", f"{W}vCOFINS": "6.10"},
        "110.00",
        ipi=IpiProfile(rate=D("10")),
    ),
    # 3 units at 1.2345: 3.7035. The ST is on what the buyer pays, IPI included: 30.00 + 3.70 = 33.70, x 1.4 = 47.18: 8.4924 - 5.40.
    case(
        "ipi_unit_and_st",
        {
            "det/imposto/IPI/CNPJProd": "11222333000181",
            "det/imposto/IPI/cSelo": "9829-14",
            "det/imposto/IPI/qSelo": "6",
            "det/imposto/IPI/IPITrib/qUnid": "3",
            "det/imposto/IPI/IPITrib/vUnid": "1.2345",
            "det/imposto/IPI/IPITrib/vIPI": "3.70",
            f"{ICMS}ICMS10/vBC": "30.00",
            f"{ICMS}ICMS10/vBCST": "47.18",
            f"{ICMS}ICMS10/vICMSST": "3.09",
        },
        "36.79",
        customer=SHOP,
        quantity="3",
        unit_price="10.00",
        situation="substituto",
        st=(SP40,),
        ipi=IpiProfile(unit_value=D("1.2345"), cenq="105", producer_cnpj="11.222.333/0001-81", seal_code="9829-14", seals=2),
    ),
    case(
        "ipi_99",
        {"det/imposto/IPI/IPITrib/CST": "99", f"{W}vIPI": "5.00"},
        "105.00",
        customer=SHOP,
        ipi=IpiProfile(cst="99", rate=D("5")),
    ),
    *(
        case(
            f"ipi_nt_{cst}",
            {"det/imposto/IPI/IPINT/CST": cst, "det/imposto/IPI/cEnq": "301", f"{W}vIPI": "0.00"},
            ipi=IpiProfile(cst=cst, cenq="301"),
        )
        for cst in ("51", "52", "53", "54", "55")
    ),
)

PIS, COFINS = "det/imposto/PIS/", "det/imposto/COFINS/"
CONTRIBUTION_CASES = (
    # Differentiated rates: 2.1% and 9.65% of 82.00: 1.722 and 7.913.
    case(
        "pis_cofins_02",
        {f"{PIS}PISAliq/CST": "02", f"{PIS}PISAliq/vPIS": "1.72", f"{W}vCOFINS": "7.91"},
        pis_cofins_cst="02",
        pis_rate=D("2.1"),
        cofins_rate=D("9.65"),
    ),
    # 2.5 units at 0.4: 1.00; at 1.2345: 3.08625.
    case(
        "pis_cofins_03",
        {
            f"{PIS}PISQtde/qBCProd": "2.5",
            f"{PIS}PISQtde/vAliqProd": "0.4",
            f"{PIS}PISQtde/vPIS": "1.00",
            f"{COFINS}COFINSQtde/vCOFINS": "3.09",
            f"{W}vPIS": "1.00",
            f"{W}vCOFINS": "3.09",
        },
        quantity="2.5",
        unit_price="40.00",
        pis_cofins_cst="03",
        pis_unit=D("0.4"),
        cofins_unit=D("1.2345"),
    ),
    *(
        case(
            f"pis_cofins_{cst}",
            {f"{PIS}PISNT/CST": cst, f"{COFINS}COFINSNT/CST": cst, f"{W}vPIS": "0.00", f"{W}vCOFINS": "0.00"},
            pis_cofins_cst=cst,
        )
        for cst in ("04", "05", "06", "07", "08", "09")
    ),
    # 1% and 2% of 82.00.
    case(
        "pis_cofins_99_rate",
        {f"{PIS}PISOutr/CST": "99", f"{PIS}PISOutr/vBC": "82.00", f"{W}vPIS": "0.82", f"{W}vCOFINS": "1.64"},
        pis_cofins_cst="99",
        pis_rate=D("1"),
        cofins_rate=D("2"),
    ),
    # 4 units at 0.05 and 0.1.
    case(
        "pis_cofins_49_unit",
        {
            f"{PIS}PISOutr/qBCProd": "4",
            f"{PIS}PISOutr/vPIS": "0.20",
            f"{COFINS}COFINSOutr/vCOFINS": "0.40",
            f"{W}vCOFINS": "0.40",
        },
        quantity="4",
        unit_price="25.00",
        pis_cofins_cst="49",
        pis_unit=D("0.05"),
        cofins_unit=D("0.1"),
    ),
    # 2% and 8% of 100.00 by substitution, added to the total.
    case(
        "pis_cofins_st_rate",
        {
            "det/imposto/PISST/vPIS": "2.00",
            "det/imposto/PISST/indSomaPISST": "1",
            "det/imposto/COFINSST/vCOFINS": "8.00",
            f"{W}vPIS": "0.00",
            "det/vItem": "110.00",
        },
        "110.00",
        pis_cofins_cst="05",
        contributions_st=ContributionsSt(pis_rate=D("2"), cofins_rate=D("8")),
    ),
    # By unit, told and not added.
    case(
        "pis_cofins_st_unit",
        {
            "det/imposto/PISST/qBCProd": "1.0000",
            "det/imposto/PISST/vPIS": "0.50",
            "det/imposto/PISST/indSomaPISST": "0",
            "det/imposto/COFINSST/vCOFINS": "1.50",
        },
        pis_cofins_cst="05",
        contributions_st=ContributionsSt(pis_unit=D("0.5"), cofins_unit=D("1.5"), adds_to_total=False),
    ),
)

UF = "det/imposto/ICMSUFDest/"
DIFAL_CASES = (
    # Perfume at 27% and FCP 4% in Rio: (27 - 12)% of 100.00, and 4.00.
    case(
        "difal_single_base_own_rates",
        {f"{UF}vBCUFDest": "100.00", f"{UF}pICMSUFDest": "27.00", f"{UF}vICMSUFDest": "15.00", f"{UF}vFCPUFDest": "4.00"},
        customer=CARIOCA,
        sold={"presence": "internet"},
        states=(StateRates(uf="RJ", icms_rate=D("27"), fcp_rate=D("4")),),
    ),
    # Own 12.00; (100.00 - 12.00) / (1 - 0.20 - 0.02) = 112.8205; 22.564 - 12.00 = 10.56; FCP 2.2564.
    case(
        "difal_double_base",
        {f"{UF}vBCUFDest": "112.82", f"{UF}vICMSUFDest": "10.56", f"{UF}vFCPUFDest": "2.26", f"{W}vICMSUFDest": "10.56"},
        branch=replace(BRANCH, overrides={"policy.difal_dupla.RJ": D(1)}),
        customer=CARIOCA,
        sold={"presence": "internet"},
    ),
    # IPI 10.00 is in the base of both: ICMS 12% of 110.00; DIFAL 8% and FCP 2% of 110.00.
    case(
        "difal_with_ipi",
        {f"{W}vICMS": "13.20", f"{UF}vBCUFDest": "110.00", f"{UF}vICMSUFDest": "8.80", f"{UF}vFCPUFDest": "2.20"},
        "110.00",
        customer=CARIOCA,
        sold={"presence": "internet"},
        ipi=IpiProfile(rate=D("10")),
    ),
    # The reduction of the base is the destination's too: 60.00.
    case(
        "difal_reduced_base",
        {f"{ICMS}ICMS20/vICMS": "7.20", f"{UF}vBCUFDest": "60.00", f"{UF}vICMSUFDest": "4.80", f"{UF}vFCPUFDest": "1.20"},
        customer=CARIOCA,
        sold={"presence": "internet"},
        situation="reduzida",
        icms_reduction=D("40"),
    ),
)


def _conjugated() -> Built:
    """A tyre of 200.00 and its fitting of 100.00, with 10.00 of insurance."""
    tyre = product("PNEU", ncm="40111000")
    work = product(
        "MONTAGEM",
        description="Montagem de pneu",
        ncm="00",
        unit="SV",
        service=Service(code="14.01", rate=D("5"), municipal_code="07498", deduction=D("20"), withheld=True),
    )
    return built(
        sale(
            items=(item("1", "200.00", sku="PNEU", insurance=D("10.00")), item("1", "100.00", sku="MONTAGEM")),
            payments=(pays("pix", "310.00"),),
        ),
        TOWN,
        tyre,
        work,
    )


def _insured() -> Built:
    return built(
        sale(
            items=(item("1", "30.00"), item("1", "70.00")),
            insurance=D("0.05"),
            payments=(pays("pix", "100.05"),),
        )
    )


OTHER_CASES = (
    # Goods: 210.00 at 18% = 37.80; PIS and COFINS of 172.20: 2.8413, 13.0872. Service: 100.00 less 20% = 80.00 at 5% = 4.00, withheld;
    # PIS and COFINS of 100.00. IBS and CBS: 210.00 - 2.84 - 13.09 - 37.80 = 156.27, and 100.00 - 1.65 - 7.60 - 4.00 = 86.75.
    Case(
        "tax_issqn_conjugated",
        _conjugated,
        {
            "emit/IM": "1.234.567-8",
            "det[1]/prod/vSeg": "10.00",
            "det[2]/prod/NCM": "00",
            "det[2]/prod/CFOP": "5933",
            "det[2]/prod/cEAN": "SEM GTIN",
            "det[2]/imposto/ICMS": None,
            "det[2]/imposto/ISSQN/vBC": "80.00",
            "det[2]/imposto/ISSQN/vAliq": "5.00",
            "det[2]/imposto/ISSQN/vISSQN": "4.00",
            "det[2]/imposto/ISSQN/cMunFG": "3550308",
            "det[2]/imposto/ISSQN/cListServ": "14.01",
            "det[2]/imposto/ISSQN/vDeducao": "20.00",
            "det[2]/imposto/ISSQN/vISSRet": "4.00",
            "det[2]/imposto/ISSQN/indISS": "1",
            "det[2]/imposto/ISSQN/indIncentivo": "2",
            f"{W}vProd": "200.00",
            f"{W}vSeg": "10.00",
            f"{W}vICMS": "37.80",
            f"{W}vPIS": "2.84",
            f"{W}vCOFINS": "13.09",
            f"{W}vNF": "310.00",
            "total/ISSQNtot/vServ": "100.00",
            "total/ISSQNtot/vBC": "80.00",
            "total/ISSQNtot/vISS": "4.00",
            "total/ISSQNtot/vPIS": "1.65",
            "total/ISSQNtot/vCOFINS": "7.60",
            "total/ISSQNtot/dCompet": "2026-11-20",
            "total/ISSQNtot/vDeducao": "20.00",
            "total/ISSQNtot/vISSRet": "4.00",
            "total/ISSQNtot/cRegTrib": "1",
            "total/IBSCBSTot/vBCIBSCBS": "243.02",
            "total/vNFTot": "310.00",
        },
    ),
    # A service that is exempt: told with zeros.
    case(
        "issqn_exempt",
        {
            "det/imposto/ISSQN/indISS": "3",
            "det/imposto/ISSQN/vISSQN": "0.00",
            "total/ISSQNtot/vServ": "100.00",
            "total/ISSQNtot/vISS": None,
            f"{W}vProd": "0.00",
        },
        branch=TOWN,
        service=Service(code="14.01", enforceability="isenta", city_code="3304557"),
    ),
    # 0.05 by 30 and 70: 1.5 and 3.5 centavos; the tie goes to the first.
    Case(
        "tax_insurance_apportioned",
        _insured,
        {"det[1]/prod/vSeg": "0.02", "det[2]/prod/vSeg": "0.03", f"{W}vSeg": "0.05", f"{W}vBC": "100.05", f"{W}vNF": "100.05"},
    ),
    case("explicit_cst", {f"{ICMS}ICMS40/CST": "41"}, situation="tributada", icms_cst="41"),
)

CASES = (*ICMS_CASES, *FUEL_CASES, *SIMPLES_CASES, *IPI_CASES, *CONTRIBUTION_CASES, *DIFAL_CASES, *OTHER_CASES)
