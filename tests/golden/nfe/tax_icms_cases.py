"""A note of each CST of ICMS, with its values computed by hand beside it."""

from __future__ import annotations

from gateway.nfe.state_registration import example
from gateway.nfe.tax_profile import Retained, StTerms
from tests.golden.nfe.cases import INDUSTRY
from tests.golden.nfe.tax_case import ICMS, MG40, SHOP, SP40, D, W, case, replace
from tests.unit.nfe.made import BRANCH, RJ

ICMS_CASES = (
    # 10: own 18.00; ST on 140.00: 25.20 - 18.00 = 7.20. The buyer pays 107.20; PIS and COFINS on 82.00.
    case(
        "cst10_in_state",
        {
            "det/prod/CFOP": "5403",
            "det/prod/CEST": "2803800",
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
    # Between states: MVA 1.40 x (1 - 0.12) / (1 - 0.18) = 1.502439, told as 50.24. Own 12.00; ST on 150.24:
    # 27.0432 - 12.00 = 15.04.
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
    # Rio: own 20.00 and FCP 2.00. Pauta 90.00 a unit, 2 units: 180.00, less 10% is 162.00. ST 32.40 - 20.00 = 12.40;
    # FCP-ST 3.24 - 2.00.
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
        branch=replace(BRANCH, address=RJ, state_registration="99999993"),
        customer=replace(SHOP, address=RJ, state_registration=example("RJ")),
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
        branch=replace(BRANCH, address=RJ, state_registration="99999993"),
        customer=replace(SHOP, address=RJ, state_registration=example("RJ")),
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
    # 60 to a consumer, 3 units of 10.00, each with a base of 12.50: 37.50; substitute 5.40, ST 1.35; FCP 0.75; effective 18%
    # of 30.00.
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
    case(
        "cst90_nothing_due",
        {f"{ICMS}ICMS90/CST": "90", f"{ICMS}ICMS90/vBC": None, f"{W}vBC": "0.00"},
        customer=SHOP,
        situation="outras",
    ),
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
    # As other: all that the law of origin charges is told with code 90; 40% of 200.00 is of the operation: 80.00 at 12% = 9.60;
    # ST on 200.00 at 18%: 36.00 - 9.60 = 26.40.
    case(
        "partilha_other",
        {
            f"{ICMS}ICMSPart/CST": "90",
            f"{ICMS}ICMSPart/vBC": "80.00",
            f"{ICMS}ICMSPart/vICMS": "9.60",
            f"{ICMS}ICMSPart/vBCST": "200.00",
            f"{ICMS}ICMSPart/vICMSST": "26.40",
            f"{ICMS}ICMSPart/pBCOp": "40.00",
            f"{W}vBC": "80.00",
            f"{W}vICMS": "9.60",
            f"{W}vBCST": "200.00",
            f"{W}vST": "26.40",
        },
        "226.40",
        quantity="2",
        customer=INDUSTRY,
        situation="partilha",
        own_share=D("40"),
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
    # The same of goods that the buyer's state does not tax: 5 units, each with 4.00 of base, 0.72 retained and 0.50 due there.
    case(
        "repasse_untaxed",
        {
            f"{ICMS}ICMSST/CST": "41",
            f"{ICMS}ICMSST/vBCSTRet": "20.00",
            f"{ICMS}ICMSST/vICMSSTRet": "3.60",
            f"{ICMS}ICMSST/vBCSTDest": "20.00",
            f"{ICMS}ICMSST/vICMSSTDest": "2.50",
            f"{W}vBC": "0.00",
            f"{W}vST": "0.00",
        },
        quantity="5",
        unit_price="20.00",
        customer=INDUSTRY,
        situation="repasse",
        icms_cst="41",
        retained=Retained(base=D("4"), rate=D("18"), value=D("0.72"), destination_base=D("4"), destination_value=D("0.5")),
    ),
)
