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


CASES = (
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
