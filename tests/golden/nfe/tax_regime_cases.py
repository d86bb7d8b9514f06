"""A note of each CST of fuels and of each CSOSN of the Simples, with its values computed by hand beside it."""

from __future__ import annotations

from typing import Any

from gateway.nfe.tax_profile import Fuel, Retained
from tests.golden.nfe.cases import INDUSTRY
from tests.golden.nfe.tax_case import CREDIT, ICMS, MG40, SHOP, SP40, D, W, case, replace
from tests.unit.nfe.made import BRANCH, SIMPLES

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
        cclasstrib="000001",
        fuel=GASOLINE,
        pis_cofins_cst="04",
        **LITRES,
    ),
    # 27% of the litres is the operation's own: 5.4 at 1.00 = 5.40; the other 73%, 14.6 at 1.57 = 22.922, is retained and paid
    # besides.
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
        cclasstrib="000001",
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
        cclasstrib="000001",
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
        cclasstrib="000001",
        deferral=D("80"),
        fuel=GASOLINE,
        pis_cofins_cst="04",
        **LITRES,
    ),
    case(
        "cst61",
        {f"{ICMS}ICMS61/vICMSMonoRet": "31.40", f"{W}qBCMonoRet": "20.00", f"{W}vICMSMonoRet": "31.40", f"{W}vICMSMono": None},
        situation="monofasica_anterior",
        cclasstrib="000001",
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
        cclasstrib="000001",
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
    case(
        "csosn900_nothing_due", {f"{SN}900/CSOSN": "900", f"{SN}900/vBC": None}, branch=SIMPLES, customer=SHOP, situation="outras"
    ),
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
    # Past the sublimit the ICMS is as of everybody: 18.00. PIS and COFINS stay in the Simples; IBS and CBS are not told in 2026.
    case(
        "crt2_past_the_sublimit",
        {
            "emit/CRT": "2",
            f"{ICMS}ICMS00/vICMS": "18.00",
            f"{W}vBC": "100.00",
            f"{W}vICMS": "18.00",
            f"{W}vPIS": "0.00",
            "det/imposto/IBSCBS": None,
        },
        branch=replace(BRANCH, crt="2"),
    ),
    case(
        "crt4_mei",
        {"emit/CRT": "4", f"{ICMS}ICMSSN102/CSOSN": "102", f"{W}vICMS": "0.00", f"{W}vPIS": "0.00", "det/imposto/IBSCBS": None},
        branch=replace(BRANCH, crt="4"),
    ),
)
