"""Notes given by their official tags, kept as files; the values that matter are computed by hand beside each."""

from __future__ import annotations

from typing import Any

from gateway.nfe.build import Built
from gateway.nfe.raw import build_raw
from tests.golden.nfe.cases import Case
from tests.golden.nfe.tax_case import TOWN
from tests.unit.nfe.made import AT
from tests.unit.nfe.made_raw import BOOK, FUEL, SERVICE, WINE, completed

_CHAVE = "35261112ABC34501DE35550010000012331876543218"

_CNPJ = "12ABC34501DE35"
_CUT = {"pRedAliq": 0}
_BOUGHT = {
    "CST": "000",
    "cClassTrib": "000001",
    "gIBSCBS": {
        "vBC": 72.75,
        "gIBSUF": {"pIBSUF": 0.1, "gRed": {**_CUT, "pAliqEfet": 0.09}, "vIBSUF": 0.07},
        "gIBSMun": {"pIBSMun": 0, "gRed": {**_CUT, "pAliqEfet": 0}, "vIBSMun": 0},
        "vIBS": 0.07,
        "gCBS": {"pCBS": 0.9, "gRed": {**_CUT, "pAliqEfet": 0.81}, "vCBS": 0.59},
        "gTribCompraGov": {
            "pAliqIBSUF": 0.09,
            "vTribIBSUF": 0.07,
            "pAliqIBSMun": 0,
            "vTribIBSMun": 0,
            "pAliqCBS": 0.81,
            "vTribCBS": 0.59,
        },
    },
}
"""Bought by the Union at 10% less: 72.75 x 0.09% = 0.0655; x 0.81% = 0.5893."""


def _built(*items: dict[str, Any], **changes: Any) -> Built:
    return build_raw(completed(*items, **changes), number=1234, cNF="87654321", dhEmi=AT)


def _sums() -> Built:
    return _built(WINE, BOOK, FUEL, paid=216.2)


def _service() -> Built:
    return _built(WINE, SERVICE, branch=TOWN, paid=197.2)


def _groups() -> Built:
    """Groups that no sale of the trade writes."""
    return _built(
        {
            **WINE,
            "imposto": {**WINE["imposto"], "IBSCBS": _BOUGHT},
            "obsItem": {"obsCont": {"xCampo": "lote", "xTexto": "A & B"}},
            "infAdProd": "Safra 2024",
        },
        ide__NFref=[
            {"refNFe": _CHAVE},
            {"refNF": {"cUF": "35", "AAMM": "1501", "CNPJ": "11222333000181", "mod": "01", "serie": "1", "nNF": "9"}},
            {"refECF": {"mod": "2D", "nECF": "1", "nCOO": "123"}},
        ],
        ide__gCompraGov={"tpEnteGov": "1", "pRedutor": 10, "tpOperGov": "1"},
        entrega={
            "CPF": "52998224725",
            "xLgr": "Rua B",
            "nro": "2",
            "xBairro": "Centro",
            "cMun": "3550308",
            "xMun": "Sao Paulo",
            "UF": "SP",
        },
        autXML=[{"CNPJ": "11222333000181"}, {"CPF": "11144477735"}],
        transp={
            "modFrete": "0",
            "transporta": {"CNPJ": "11222333000181", "xNome": "Transportes Exemplo"},
            "veicTransp": {"placa": "ABC1D23", "UF": "SP"},
            "reboque": [{"placa": "DEF4G56"}],
            "vol": [{"qVol": "2", "esp": "CAIXA", "pesoB": 3.5, "lacres": [{"nLacre": "L1"}, {"nLacre": "L2"}]}],
        },
        cobr={
            "fat": {"nFat": "1", "vOrig": 117.2, "vLiq": 117.2},
            "dup": [{"nDup": "001", "dVenc": "2026-12-20", "vDup": 117.2}],
        },
        infAdic={
            "infCpl": "Texto",
            "obsCont": [{"xCampo": "pedido", "xTexto": "99"}],
            "procRef": [{"nProc": "1", "indProc": "0"}],
        },
        compra={"xNEmp": "EMP1", "xPed": "P1", "xCont": "C1"},
    )


_FRAMING = {"00": "999", "01": "999", "02": "301", "03": "999", "04": "001", "05": "101", "49": "999"}
"""cEnq by the CST of IPI of entries: exemption, immunity and suspension have their own (388)."""
_CREDITS = ("50", "51", "52", "53", "54", "55", "56", "60", "61", "62", "63", "64", "65", "66", "67")
_NO_CREDIT = ("70", "71", "72", "73", "74", "75")


def _bought(ipi: str, contributions: str) -> dict[str, Any]:
    """Goods of 100.00 bought for stock: ICMS 18%; IPI 10% where its code charges; credits of 1.65% and 7.6% where due."""
    charges = ipi in ("00", "49")
    gives = contributions in _CREDITS
    values = {"vBC": 100, "vIPI": 10, "pIPI": 10} if charges else {}
    rates = ((1.65, 1.65), (7.6, 7.6)) if gives else ((0, 0), (0, 0))
    base = 100 if gives else 0
    (pPIS, vPIS), (pCOFINS, vCOFINS) = rates
    return {
        "prod": {**WINE["prod"], "CFOP": "1102"},
        "imposto": {
            "ICMS": {"ICMS00": {"orig": "0", "CST": "00", "modBC": "3", "vBC": 100, "pICMS": 18, "vICMS": 18}},
            "IPI": {"cEnq": _FRAMING[ipi], "IPITrib" if charges else "IPINT": {"CST": ipi, **values}},
            "PIS": {"PISOutr": {"CST": contributions, "vBC": base, "pPIS": pPIS, "vPIS": vPIS}},
            "COFINS": {"COFINSOutr": {"CST": contributions, "vBC": base, "pCOFINS": pCOFINS, "vCOFINS": vCOFINS}},
            "IBSCBS": {"CST": "410", "cClassTrib": "410999"},
        },
    }


def _entry() -> Built:
    """An own note of entry with every code that only goods that come in have: 21 items."""
    contributions = (*_CREDITS, *_NO_CREDIT)
    framings = (*_FRAMING,)
    items = [_bought(framings[at % 7], code) for at, code in enumerate(contributions)]
    return _built(*items, ide__natOp="COMPRA", ide__tpNF="0", pag={"detPag": [{"tPag": "90", "vPag": 0}]})


_IMPORTED: dict[str, Any] = {
    "prod": {
        **{tag: value for tag, value in WINE["prod"].items() if tag != "CEST"},
        "CFOP": "3102",
        "qCom": 10,
        "vUnCom": 100,
        "vProd": 1000,
        "qTrib": 10,
        "vUnTrib": 100,
        "vOutro": 479.54,
        "DI": [
            {
                "nDI": "26BR00012345678",
                "dDI": "2026-11-10",
                "xLocDesemb": "SANTOS",
                "UFDesemb": "SP",
                "dDesemb": "2026-11-12",
                "tpViaTransp": "1",
                "vAFRMM": 20,
                "tpIntermedio": "1",
                "cExportador": "EXP-1",
                "adi": [{"nAdicao": "1", "nSeqAdic": "1", "cFabricante": "FAB-1"}],
            }
        ],
    },
    "imposto": {
        "ICMS": {"ICMS00": {"orig": "1", "CST": "00", "modBC": "3", "vBC": 1733.54, "pICMS": 18, "vICMS": 312.04}},
        "IPI": {"cEnq": "999", "IPITrib": {"CST": "00", "vBC": 1140, "pIPI": 10, "vIPI": 114}},
        "II": {"vBC": 1000, "vDespAdu": 50, "vII": 140, "vIOF": 0},
        "PIS": {"PISOutr": {"CST": "50", "vBC": 1000, "pPIS": 2.1, "vPIS": 21}},
        "COFINS": {"COFINSOutr": {"CST": "50", "vBC": 1000, "pCOFINS": 9.65, "vCOFINS": 96.5}},
        "IBSCBS": {"CST": "410", "cClassTrib": "410999"},
    },
}
"""Goods of 1000.00 from abroad: II 14% = 140.00; IPI 10% of 1140.00 = 114.00; PIS 2.1%; COFINS 9.65%; expenses 50.00.

ICMS 18% is inside its own base: 1000.00 + 140.00 + 114.00 + 21.00 + 96.50 + 50.00 = 1421.50; / 0.82 = 1733.54; 312.04 of ICMS.
What is neither goods, II nor IPI goes in vOutro: 21.00 + 96.50 + 50.00 + 312.04 = 479.54.
"""


def _import() -> Built:
    seller = {
        "idEstrangeiro": "US1234567",
        "xNome": "Exporter Inc",
        "enderDest": {
            "xLgr": "Main Street",
            "nro": "1",
            "xBairro": "Downtown",
            "cMun": "9999999",
            "xMun": "EXTERIOR",
            "UF": "EX",
            "cPais": "2496",
            "xPais": "ESTADOS UNIDOS",
        },
        "indIEDest": "9",
    }
    return _built(
        _IMPORTED,
        ide__natOp="IMPORTACAO",
        ide__tpNF="0",
        ide__idDest="3",
        ide__dhSaiEnt="2026-11-20T11:00:00-03:00",
        dest=seller,
        pag={"detPag": [{"tPag": "90", "vPag": 0}]},
    )


def _withheld() -> Built:
    """A service under a suspended charge, with discounts, of which the buyer withholds federal taxes; paid to a CNPJ."""
    issqn = {**SERVICE["imposto"]["ISSQN"], "vDescIncond": 2, "vDescCond": 1, "vOutro": 3, "indISS": "6", "nProcesso": "0001-26"}
    card = {"tpIntegra": "1", "CNPJ": "11222333000181", "tBand": "02", "cAut": "A1", "CNPJReceb": _CNPJ, "idTermPag": "POS-7"}
    return _built(
        WINE,
        {**SERVICE, "imposto": {**SERVICE["imposto"], "ISSQN": issqn}},
        branch=TOWN,
        total={
            "retTrib": {
                "vRetPIS": 0.52,
                "vRetCOFINS": 2.4,
                "vRetCSLL": 0.8,
                "vBCIRRF": 80,
                "vIRRF": 1.2,
                "vBCRetPrev": 80,
                "vRetPrev": 8.8,
            }
        },
        pag={
            "detPag": [
                {"tPag": "03", "vPag": 200, "dPag": "2026-11-20", "CNPJPag": _CNPJ, "UFPag": "SP", "card": card},
            ],
            "vTroco": 2.8,
        },
    )


CASES = (
    Case(
        "raw_import",
        _import,
        {
            "det/imposto/II/vII": "140.00",
            "total/ICMSTot/vBC": "1733.54",
            "total/ICMSTot/vICMS": "312.04",
            "total/ICMSTot/vII": "140.00",
            "total/ICMSTot/vIPI": "114.00",
            "total/ICMSTot/vOutro": "479.54",
            # 1000.00 + 140.00 + 114.00 + 479.54: the base of ICMS itself.
            "total/ICMSTot/vNF": "1733.54",
            "det/prod/DI/adi/nSeqAdic": "1",
        },
    ),
    Case(
        "raw_service_with_taxes_withheld",
        _withheld,
        {
            # Of 80.00: 0.65%, 3%, 1%, 1.5% and 11%. The totals that were not told are summed.
            "total/retTrib/vRetPIS": "0.52",
            "total/retTrib/vRetCOFINS": "2.40",
            "total/retTrib/vRetCSLL": "0.80",
            "total/retTrib/vIRRF": "1.20",
            "total/retTrib/vRetPrev": "8.80",
            "total/ISSQNtot/vServ": "80.00",
            "total/ISSQNtot/vDescIncond": "2.00",
            "total/ISSQNtot/vDescCond": "1.00",
            "total/ISSQNtot/vOutro": "3.00",
            "total/ICMSTot/vNF": "197.20",
            "total/vNFTot": "197.20",
            "pag/detPag/CNPJPag": _CNPJ,
            "pag/detPag/card/idTermPag": "POS-7",
        },
    ),
    Case(
        "raw_every_code_of_entry",
        _entry,
        {
            "ide/tpNF": "0",
            "det[1]/imposto/IPI/IPITrib/CST": "00",
            "det[2]/imposto/IPI/IPINT/CST": "01",
            "det[6]/imposto/IPI/IPINT/CST": "05",
            "det[7]/imposto/IPI/IPITrib/CST": "49",
            "det[1]/imposto/PIS/PISOutr/CST": "50",
            "det[15]/imposto/COFINS/COFINSOutr/CST": "67",
            "det[16]/imposto/PIS/PISOutr/CST": "70",
            "det[21]/imposto/COFINS/COFINSOutr/vCOFINS": "0.00",
            # 21 items of 100.00; ICMS 18.00 each.
            "total/ICMSTot/vProd": "2100.00",
            "total/ICMSTot/vICMS": "378.00",
            # IPI 10.00 in two of each seven items: 6 x 10.00.
            "total/ICMSTot/vIPI": "60.00",
            # Fifteen items give credit: 15 x 1.65 and 15 x 7.60.
            "total/ICMSTot/vPIS": "24.75",
            "total/ICMSTot/vCOFINS": "114.00",
            "total/ICMSTot/vNF": "2160.00",
        },
    ),
    Case(
        "raw_st_ipi_exempt_monophase",
        _sums,
        {
            "total/ICMSTot/vBC": "100.00",
            "total/ICMSTot/vICMSDeson": "9.00",
            "total/ICMSTot/vBCST": "140.00",
            "total/ICMSTot/vST": "7.20",
            "total/ICMSTot/qBCMonoRet": "10.00",
            "total/ICMSTot/vICMSMonoRet": "10.64",
            "total/ICMSTot/vProd": "210.00",
            "total/ICMSTot/vIPI": "10.00",
            # 210.00 - 5.00 - 9.00 + 7.20 + 3.00 + 10.00
            "total/ICMSTot/vNF": "216.20",
            "total/IBSCBSTot/gMono/vIBSMono": "1.00",
            "total/vNFTot": "216.20",
            "det/imposto/ICMS/ICMS10/pMVAST": "40.00",
        },
    ),
    Case(
        "raw_goods_and_service",
        _service,
        {
            "total/ICMSTot/vProd": "100.00",
            "total/ISSQNtot/vServ": "80.00",
            "total/ISSQNtot/vISS": "4.00",
            "total/ISSQNtot/vPIS": "1.32",
            "total/ICMSTot/vPIS": "1.65",
            "total/ICMSTot/vNF": "197.20",
            # 0.07 and 0.65 of the wine, 0.0686 and 0.6174 of the service.
            "total/IBSCBSTot/gIBS/vIBS": "0.14",
            "total/IBSCBSTot/gCBS/vCBS": "1.27",
            "total/vNFTot": "197.20",
        },
    ),
    Case(
        "raw_groups_of_no_sale",
        _groups,
        {
            "ide/NFref/refNFe": _CHAVE,
            "ide/gCompraGov/pRedutor": "10.00",
            "det/imposto/IBSCBS/gIBSCBS/gCBS/vCBS": "0.59",
            "total/IBSCBSTot/gCBS/vCBS": "0.59",
            "det/obsItem/obsCont/xTexto": "A & B",
            "transp/reboque/placa": "DEF4G56",
            "transp/vol/pesoB": "3.500",
            "cobr/dup/vDup": "117.20",
            "infAdic/obsCont/xTexto": "99",
            "compra/xCont": "C1",
        },
    ),
)
