"""A note of each group of IPI, PIS/COFINS, DIFAL and ISSQN, with its values computed by hand beside it; and all of taxes."""

from __future__ import annotations

from gateway.nfe.build import Built
from gateway.nfe.sale import Freight
from gateway.nfe.tax_profile import ContributionsSt, IpiProfile, Service, StateRates
from tests.golden.nfe.cases import CARIOCA, Case
from tests.golden.nfe.tax_case import ICMS, SHOP, SP40, TOWN, D, W, case, replace
from tests.golden.nfe.tax_icms_cases import ICMS_CASES
from tests.golden.nfe.tax_regime_cases import FUEL_CASES, SIMPLES_CASES
from tests.unit.nfe.made import BRANCH, built, item, pays, product, sale

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
    # 3 units at 1.2345: 3.7035. The ST is on what the buyer pays, IPI included: 30.00 + 3.70 = 33.70, x 1.4 = 47.18;
    # 8.4924 - 5.40.
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
            {"det/imposto/IPI/IPINT/CST": cst, "det/imposto/IPI/cEnq": cEnq, f"{W}vIPI": "0.00"},
            ipi=IpiProfile(cst=cst, cenq=cEnq),
        )
        for cst, cEnq in (("51", "999"), ("52", "301"), ("53", "999"), ("54", "001"), ("55", "101"))
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
    # Goods: 210.00 at 18% = 37.80; PIS and COFINS of 172.20: 2.8413, 13.0872. Service: 100.00 less 20% = 80.00 at 5% = 4.00,
    # withheld; PIS and COFINS of 100.00. IBS and CBS: 210.00 - 2.84 - 13.09 - 37.80 = 156.27, and
    # 100.00 - 1.65 - 7.60 - 4.00 = 86.75.
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
