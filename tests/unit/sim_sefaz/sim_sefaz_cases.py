"""The table of rules: what breaks each of them, and the nearest note that keeps it."""

from __future__ import annotations

from sim_sefaz_note import CNPJ, Edits
from sim_sefaz_purpose_cases import ONE, billed, returned
from sim_sefaz_reform_cases import REDUCED
from sim_sefaz_variants import CARD, CONTRIBUTOR, DIFAL, ICMS20, ICMS51, PASSES, RELIEVED, icms, interstate, one_item, simples

# cStat, what breaks the rule, the neighbour that keeps it
CASES: list[tuple[str, Edits, Edits]] = [
    # group B and the key
    ("252", {"ide/tpAmb": "1", "dest/xNome": "Fulano"}, PASSES),
    ("247", {"emit/enderEmit/UF": "RJ"}, PASSES),
    ("253", {"ide/cDV": "9"}, PASSES),
    ("897", {"ide/cNF": "11111111"}, {"ide/cNF": "11111112"}),
    ("897", {"ide/cNF": "45678901"}, {"ide/cNF": "45678902"}),
    ("897", {"ide/cNF": "00001234"}, {"ide/cNF": "00001235"}),
    ("266", {"ide/serie": "890"}, {"ide/serie": "889"}),
    ("503", {"ide/serie": "900"}, {"ide/serie": "0"}),
    ("212", {"ide/dhEmi": "2026-11-21T12:05:01-03:00"}, {"ide/dhEmi": "2026-11-21T12:05:00-03:00"}),
    ("228", {"ide/dhEmi": "2026-10-22T11:59:59-03:00"}, {"ide/dhEmi": "2026-10-22T12:00:00-03:00"}),
    ("557", {"ide/tpEmis": "6"}, PASSES),
    (
        "556",
        {"ide/verProc>": "<dhCont>2026-11-21T10:00:00-03:00</dhCont><xJust>Falha de comunicacao</xJust>"},
        {"ide/tpEmis": "6", "ide/verProc>": "<dhCont>2026-11-21T10:00:00-03:00</dhCont><xJust>Falha de comunicacao</xJust>"},
    ),
    ("434", {"ide/indPres": "2"}, {"ide/indPres": "2", "ide/indPres>": "<indIntermed>0</indIntermed>"}),
    (
        "435",
        {"ide/indPres": "0", "ide/indPres>": "<indIntermed>0</indIntermed>"},
        {"ide/indPres": "9", "ide/indPres>": "<indIntermed>0</indIntermed>"},
    ),
    ("710", {"ide/tpImp": "4"}, {"ide/tpImp": "2"}),
    # groups C and E
    ("273", {"emit/enderEmit/cMun": "3304557"}, PASSES),
    ("271", {"ide/cMunFG": "3304557"}, PASSES),
    ("719", {"dest": None}, PASSES),
    (
        "208",
        {"dest/CPF>": "<CNPJ>11222333000180</CNPJ>", "dest/CPF": None},
        {"dest/CPF>": f"<CNPJ>{CNPJ}</CNPJ>", "dest/CPF": None},
    ),
    ("237", {"dest/CPF": "52998224724"}, {"dest/CPF": "11144477735"}),
    ("598", {"dest/xNome": "Fulano de Tal"}, PASSES),
    ("726", {"dest/enderDest": None}, PASSES),
    ("275", {"dest/enderDest/cMun": "3304557"}, {"dest/enderDest/cMun": "3509502"}),
    ("696", {"ide/indFinal": "0"}, {"ide/indFinal": "0", "dest/indIEDest": "1", "dest/indIEDest>": "<IE>110042490114</IE>"}),
    ("728", {"dest/indIEDest": "1"}, {"dest/indIEDest": "1", "dest/indIEDest>": "<IE>110042490114</IE>"}),
    ("791", {"dest/indIEDest": "2", "dest/indIEDest>": "<IE>110042490114</IE>"}, {"dest/indIEDest": "2"}),
    ("772", interstate() | {"dest/enderDest/UF": "SP", "dest/enderDest/cMun": "3550308"}, interstate()),
    (
        "773",
        {
            "dest/enderDest/UF": "BA",
            "dest/enderDest/cMun": "2927408",
            "ide/indFinal": "0",
            "dest/indIEDest": "2",
        },
        {"dest/enderDest/UF": "BA", "dest/enderDest/cMun": "2927408"},
    ),
    # group I
    ("611", {"det/prod/cEAN": "7891234567890"}, {"det/prod/cEAN": "7891234567895", "det/prod/cEANTrib": "7891234567895"}),
    ("612", {"det/prod/cEANTrib": "7891234567890"}, {"det/prod/cEAN": "7891234567895", "det/prod/cEANTrib": "7891234567895"}),
    ("777", {"det/prod/NCM": "61"}, PASSES),
    ("778", {"det/prod/NCM": "00000000"}, PASSES),
    ("518", {"det/prod/CFOP": "1102"}, PASSES),
    ("519", {"ide/tpNF": "0"}, PASSES),
    ("732", {"det/prod/CFOP": "6102"}, PASSES),
    ("731", {"det/prod/CFOP": "7102"}, PASSES),
    ("733", interstate() | {"det/prod/CFOP": "5102"}, interstate()),
    ("629", {"det/prod/qCom": "2.0003"}, {"det/prod/qCom": "2.0002"}),
    # the product is rounded to the centavo before the centavo of tolerance: 100.015 is 100.02, 100.014 is 100.01
    ("630", {"det/prod/vUnTrib": "50.0075"}, {"det/prod/vUnTrib": "50.0070"}),
    # group N
    ("590", one_item() | {"emit/CRT": "1"}, simples()),
    ("591", simples() | {"emit/CRT": "2"}, simples()),
    (
        "806",
        simples("<ICMSSN500><orig>0</orig><CSOSN>500</CSOSN></ICMSSN500>"),
        simples("<ICMSSN500><orig>0</orig><CSOSN>500</CSOSN></ICMSSN500>") | {"det/prod/NCM>": "<CEST>2806300</CEST>"},
    ),
    (
        "528",
        {"det/imposto/ICMS/ICMS00/vICMS": "17.12", "total/ICMSTot/vICMS": "34.22"},
        {"det/imposto/ICMS/ICMS00/vICMS": "17.11", "total/ICMSTot/vICMS": "34.21"},
    ),
    (
        "860",
        {"det/imposto/ICMS/ICMS00/vICMS>": "<pFCP>2.00</pFCP><vFCP>1.92</vFCP>", "total/ICMSTot/vFCP": "1.92"},
        {"det/imposto/ICMS/ICMS00/vICMS>": "<pFCP>2.00</pFCP><vFCP>1.90</vFCP>", "total/ICMSTot/vFCP": "1.90"},
    ),
    (
        "876",
        interstate() | {"det/imposto/ICMS/ICMS00/vICMS>": "<pFCP>2.00</pFCP><vFCP>1.90</vFCP>", "total/ICMSTot/vFCP": "1.90"},
        interstate(),
    ),
    ("663", interstate() | {"det/imposto/ICMS/ICMS00/orig": "1"}, interstate()),
    (
        "693",
        interstate()
        | {
            "det/imposto/ICMS/ICMS00/pICMS": "12.00",
            "det/imposto/ICMS/ICMS00/vICMS": "11.40",
            "total/ICMSTot/vICMS": "11.40",
        },
        interstate(),
    ),
    (
        "351",
        icms(ICMS51.format(op="17.12"), vBC="95.00", vICMS="8.55"),
        icms(ICMS51.format(op="17.11"), vBC="95.00", vICMS="8.55"),
    ),
    (
        "351",
        icms(ICMS51.format(op="17.12").replace("51", "90"), vBC="95.00", vICMS="8.55") | CONTRIBUTOR,
        icms(ICMS51.format(op="17.11").replace("51", "90"), vBC="95.00", vICMS="8.55") | CONTRIBUTOR,
    ),
    (
        "610",
        icms(ICMS20.format(deduct=0), vBC="47.50", vICMS="8.55", vICMSDeson="8.55") | RELIEVED,
        icms(ICMS20.format(deduct=1), vBC="47.50", vICMS="8.55", vICMSDeson="8.55") | RELIEVED,
    ),
    # exception 3 of W16-10: relieved ICMS that was not taken from vNF
    (
        "795",
        icms(ICMS20.format(deduct=1), vBC="47.50", vICMS="8.55", vICMSDeson="8.54"),
        icms(ICMS20.format(deduct=1), vBC="47.50", vICMS="8.55", vICMSDeson="8.55"),
    ),
    # group NA
    ("694", interstate(difal=None), interstate()),
    (
        "695",
        one_item() | {"det/imposto/COFINS>": DIFAL.format(inter="7.00", part="100.00", value="12.82")},
        interstate(),
    ),
    ("697", interstate(difal=DIFAL.format(inter="4.00", part="100.00", value="15.68")), interstate()),
    ("698", interstate(difal=DIFAL.format(inter="12.00", part="100.00", value="8.08")), interstate()),
    ("699", interstate(difal=DIFAL.format(inter="7.00", part="80.00", value="12.82")), interstate()),
    (
        "815",
        interstate(difal=DIFAL.format(inter="7.00", part="100.00", value="12.80")),
        interstate(difal=DIFAL.format(inter="7.00", part="100.00", value="12.83")),
    ),
    # both bases are accepted: 95.00 x 20.5% - 95.00 x 7% is the single one; here the inner base is 97.00
    (
        "815",
        interstate(difal=DIFAL.format(inter="7.00", part="100.00", value="13.12").replace("95.00", "97.00")),
        interstate(difal=DIFAL.format(inter="7.00", part="100.00", value="13.24").replace("95.00", "97.00")),
    ),
    ("745", {"det/imposto/PIS": None, "total/ICMSTot/vPIS": "1.29"}, PASSES),
    ("748", {"det/imposto/COFINS": None, "total/ICMSTot/vCOFINS": "5.92"}, PASSES),
    # group UB
    ("1115", {"det/imposto/IBSCBS": None}, simples()),
    ("1020", {"det/imposto/IBSCBS/CST": "999"}, PASSES),
    ("1024", {"det/imposto/IBSCBS/cClassTrib": "200034"}, {"det/imposto/IBSCBS/cClassTrib": "000005"}),
    (
        "1022",
        {"det/imposto/IBSCBS/gIBSCBS": None},
        one_item()
        | {
            "det/imposto/IBSCBS/gIBSCBS": None,
            "det/imposto/IBSCBS/CST": "410",
            "det/imposto/IBSCBS/cClassTrib": "410001",
            "total/IBSCBSTot/vBCIBSCBS": "0.00",
            "total/IBSCBSTot/gIBS/gIBSUF/vIBSUF": "0.00",
            "total/IBSCBSTot/gIBS/vIBS": "0.00",
            "total/IBSCBSTot/gCBS/vCBS": "0.00",
        },
    ),
    ("1021", {"det/imposto/IBSCBS/CST": "410", "det/imposto/IBSCBS/cClassTrib": "410001"}, PASSES),
    ("1026", {"det/imposto/IBSCBS/gIBSCBS/gIBSUF/pIBSUF": "0.2000"}, PASSES),
    ("1036", {"det/imposto/IBSCBS/gIBSCBS/gIBSMun/pIBSMun": "0.1000"}, PASSES),
    ("1037", {"det/imposto/IBSCBS/gIBSCBS/gCBS/pCBS": "0.8000"}, PASSES),
    (
        "1041",
        {"det/imposto/IBSCBS/gIBSCBS/gIBSUF/vIBSUF": "0.09"},
        one_item()
        | {
            "det/imposto/IBSCBS/gIBSCBS/gIBSUF/vIBSUF": "0.08",
            "det/imposto/IBSCBS/gIBSCBS/vIBS": "0.08",
            "total/IBSCBSTot/gIBS/gIBSUF/vIBSUF": "0.08",
            "total/IBSCBSTot/gIBS/vIBS": "0.08",
        },
    ),
    ("1052", {"det/imposto/IBSCBS/gIBSCBS/gIBSMun/vIBSMun": "0.02"}, PASSES),
    ("1069", {"det/imposto/IBSCBS/gIBSCBS/gCBS/vCBS": "0.66"}, PASSES),
    ("1150", {"det/imposto/IBSCBS/gIBSCBS/vIBS": "0.08"}, PASSES),
    (
        "1064",
        REDUCED | {"det/imposto/IBSCBS/gIBSCBS/gCBS/gRed/pAliqEfet": "0.3800", "det/imposto/IBSCBS/gIBSCBS/gCBS/vCBS": "0.27"},
        REDUCED,
    ),
    # group W
    *[
        (cStat, {f"total/ICMSTot/{field}": wrong}, PASSES)
        for field, wrong, cStat in [
            ("vBC", "190.01", "531"),
            ("vICMS", "34.21", "532"),
            ("vICMSDeson", "0.01", "795"),
            ("vFCP", "0.01", "861"),
            ("vBCST", "0.01", "533"),
            ("vST", "0.01", "534"),
            ("vFCPST", "0.01", "862"),
            ("vFCPSTRet", "0.01", "859"),
            ("vProd", "199.99", "564"),
            ("vFrete", "10.01", "535"),
            ("vSeg", "0.01", "536"),
            ("vDesc", "19.99", "537"),
            ("vII", "0.01", "601"),
            ("vIPI", "0.01", "538"),
            ("vIPIDevol", "0.01", "863"),
            ("vPIS", "2.59", "602"),
            ("vCOFINS", "11.85", "603"),
            ("vOutro", "0.01", "604"),
        ]
    ],
    ("610", {"total/ICMSTot/vNF": "190.01", "pag/detPag/vPag": "190.01"}, PASSES),
    ("798", {"total/ICMSTot/vICMSDeson>": "<vFCPUFDest>0.01</vFCPUFDest>"}, PASSES),
    ("799", interstate() | {"total/ICMSTot/vICMSUFDest": "12.83"}, interstate()),
    ("800", interstate() | {"total/ICMSTot/vICMSUFRemet": "0.01"}, interstate()),
    (
        "685",
        {"det/imposto/ICMS<": "<vTotTrib>30.00</vTotTrib>", "total/ICMSTot/vNF>": "<vTotTrib>30.01</vTotTrib>"},
        {"det/imposto/ICMS<": "<vTotTrib>30.00</vTotTrib>", "total/ICMSTot/vNF>": "<vTotTrib>30.00</vTotTrib>"},
    ),
    # groups W34 to W60
    ("1119", {"total/IBSCBSTot": None, "total/vNFTot": None}, PASSES),
    ("1118", simples() | {"total/ICMSTot>": "<IBSCBSTot><vBCIBSCBS>0.00</vBCIBSCBS></IBSCBSTot>"}, simples()),
    *[
        (cStat, {f"total/IBSCBSTot/{field}": wrong}, PASSES)
        for field, wrong, cStat in [
            ("vBCIBSCBS", "141.39", "1076"),
            ("gIBS/gIBSUF/vDif", "0.01", "1077"),
            ("gIBS/gIBSUF/vDevTrib", "0.01", "1078"),
            ("gIBS/gIBSUF/vIBSUF", "0.15", "1080"),
            ("gIBS/gIBSMun/vDif", "0.01", "1081"),
            ("gIBS/gIBSMun/vDevTrib", "0.01", "1082"),
            ("gIBS/gIBSMun/vIBSMun", "0.01", "1084"),
            ("gIBS/vIBS", "0.15", "1085"),
            ("gCBS/vDif", "0.01", "1088"),
            ("gCBS/vDevTrib", "0.01", "1089"),
            ("gCBS/vCBS", "1.29", "1091"),
        ]
    ],
    ("1004", {"total/vNFTot": None}, PASSES),
    ("1094", {"total/vNFTot": "190.01"}, PASSES),
    # groups Y and YA
    ("865", {"pag/detPag/vPag": "189.99"}, PASSES),
    ("866", {"pag/detPag/vPag": "200.00"}, {"pag/detPag/vPag": "200.00", "pag/detPag>": "<vTroco>10.00</vTroco>"}),
    (
        "869",
        {"pag/detPag/vPag": "200.00", "pag/detPag>": "<vTroco>9.99</vTroco>"},
        {"pag/detPag/vPag": "200.00", "pag/detPag>": "<vTroco>10.00</vTroco>"},
    ),
    ("904", {"pag/detPag/tPag": "90"}, {"pag/detPag/tPag": "90", "pag/detPag/vPag": "0.00"}),
    ("441", {"pag/detPag/tPag": "99"}, {"pag/detPag/tPag": "99", "pag/detPag/tPag>": "<xPag>Permuta</xPag>"}),
    (
        "963",
        {"pag/detPag/vPag>": CARD.format(kind=2, rest="")},
        {"pag/detPag/tPag": "03", "pag/detPag/vPag>": CARD.format(kind=2, rest="")},
    ),
    (
        "392",
        {"pag/detPag/tPag": "03", "pag/detPag/vPag>": CARD.format(kind=1, rest="")},
        {"pag/detPag/tPag": "03", "pag/detPag/vPag>": CARD.format(kind=1, rest=f"<CNPJ>{CNPJ}</CNPJ><cAut>123</cAut>")},
    ),
    ("872", {"pag/detPag/tPag": "14", "pag/detPag/indPag": "1"}, billed(ONE) | {"pag/detPag/tPag": "14"}),
    ("871", returned() | {"pag/detPag/tPag": "01", "pag/detPag/vPag": "95.00"}, returned()),
]
