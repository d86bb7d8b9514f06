"""Notes by their official tags that the tests vary: plain objects, as a caller's JSON has them."""

from __future__ import annotations

import copy
from typing import Any

import msgspec

from gateway.nfe.branch import Branch
from gateway.nfe.raw import RawDraft, RawNote, complete
from tests.unit.nfe.made import AT, BRANCH, CNPJ, CPF

WINE: dict[str, Any] = {
    "prod": {
        "cProd": "VINHO-1",
        "cEAN": "SEM GTIN",
        "xProd": "Vinho tinto 750 ml",
        "NCM": "22042100",
        "CEST": "0202400",
        "CFOP": "5401",
        "uCom": "UN",
        "qCom": 2,
        "vUnCom": "50.00",
        "vProd": 100,
        "cEANTrib": "SEM GTIN",
        "uTrib": "UN",
        "qTrib": 2,
        "vUnTrib": "50.00",
        "indTot": "1",
    },
    "imposto": {
        "ICMS": {
            "ICMS10": {
                "orig": "0",
                "CST": "10",
                "modBC": "3",
                "vBC": 100,
                "pICMS": 18,
                "vICMS": 18,
                "modBCST": "4",
                "pMVAST": 40,
                "vBCST": 140,
                "pICMSST": 18,
                "vICMSST": 7.20,
            }
        },
        "IPI": {"cEnq": "999", "IPITrib": {"CST": "50", "vBC": 100, "pIPI": 10, "vIPI": 10}},
        "PIS": {"PISAliq": {"CST": "01", "vBC": 100, "pPIS": 1.65, "vPIS": 1.65}},
        "COFINS": {"COFINSAliq": {"CST": "01", "vBC": 100, "pCOFINS": 7.6, "vCOFINS": 7.6}},
        "IBSCBS": {
            "CST": "000",
            "cClassTrib": "000001",
            "gIBSCBS": {
                "vBC": 72.75,
                "gIBSUF": {"pIBSUF": 0.1, "vIBSUF": 0.07},
                "gIBSMun": {"pIBSMun": 0, "vIBSMun": 0},
                "vIBS": 0.07,
                "gCBS": {"pCBS": 0.9, "vCBS": 0.65},
            },
        },
    },
}
"""Taxed with substitution and IPI: 100.00 + 7.20 + 10.00 = 117.20."""

BOOK: dict[str, Any] = {
    "prod": {
        "cProd": "MATERIAL-1",
        "cEAN": "SEM GTIN",
        "xProd": "Material de uso exclusivo",
        "NCM": "49019900",
        "CFOP": "5102",
        "uCom": "UN",
        "qCom": 1,
        "vUnCom": 50,
        "vProd": 50,
        "cEANTrib": "SEM GTIN",
        "uTrib": "UN",
        "qTrib": 1,
        "vUnTrib": 50,
        "vFrete": 3,
        "vDesc": 5,
        "indTot": "1",
    },
    "imposto": {
        "ICMS": {"ICMS40": {"orig": "0", "CST": "40", "vICMSDeson": 9, "motDesICMS": "9", "indDeduzDeson": "1"}},
        "PIS": {"PISNT": {"CST": "06"}},
        "COFINS": {"COFINSNT": {"CST": "06"}},
        "IBSCBS": {"CST": "410", "cClassTrib": "410999"},
    },
}
"""Exempt, with the relieved ICMS taken from the price: 50.00 - 5.00 + 3.00 - 9.00 = 39.00."""

FUEL: dict[str, Any] = {
    "prod": {
        "cProd": "DIESEL",
        "cEAN": "SEM GTIN",
        "xProd": "Oleo diesel S10",
        "NCM": "27101921",
        "CEST": "0600600",
        "CFOP": "5656",
        "uCom": "L",
        "qCom": 10,
        "vUnCom": "6.00",
        "vProd": 60,
        "cEANTrib": "SEM GTIN",
        "uTrib": "L",
        "qTrib": 10,
        "vUnTrib": "6.00",
        "indTot": "1",
        "comb": {"cProdANP": "820101034", "descANP": "OLEO DIESEL B S10", "pBio": 14, "UFCons": "SP"},
    },
    "imposto": {
        "ICMS": {
            "ICMS61": {"orig": "0", "CST": "61", "qBCMonoRet": "10.0000", "adRemICMSRet": "1.0635", "vICMSMonoRet": "10.64"}
        },
        "PIS": {"PISNT": {"CST": "04"}},
        "COFINS": {"COFINSNT": {"CST": "04"}},
        "IBSCBS": {
            "CST": "620",
            "cClassTrib": "620001",
            "gIBSCBSMono": {
                "gIBSMonoAdRem": {"gMonoPadrao": {"qBCMono": 10, "adRemIBS": 0.1, "vIBSMono": 1}},
                "gCBSMonoAdRem": {"gMonoPadrao": {"qBCMono": 10, "adRemCBS": 0.05, "vCBSMono": 0.5}},
                "vTotIBSMonoItem": 1,
                "vTotCBSMonoItem": 0.5,
            },
        },
    },
}
"""Taxed once for the whole chain, collected before: 60.00."""

SERVICE: dict[str, Any] = {
    "prod": {
        "cProd": "MONTAGEM",
        "cEAN": "SEM GTIN",
        "xProd": "Montagem de movel",
        "NCM": "00",
        "CFOP": "5933",
        "uCom": "UN",
        "qCom": 1,
        "vUnCom": 80,
        "vProd": 80,
        "cEANTrib": "SEM GTIN",
        "uTrib": "UN",
        "qTrib": 1,
        "vUnTrib": 80,
        "indTot": "1",
    },
    "imposto": {
        "ISSQN": {
            "vBC": 80,
            "vAliq": 5,
            "vISSQN": 4,
            "cMunFG": "3550308",
            "cListServ": "14.06",
            "indISS": "1",
            "indIncentivo": "2",
        },
        "PIS": {"PISAliq": {"CST": "01", "vBC": 80, "pPIS": 1.65, "vPIS": 1.32}},
        "COFINS": {"COFINSAliq": {"CST": "01", "vBC": 80, "pCOFINS": 7.6, "vCOFINS": 6.08}},
        "IBSCBS": {
            "CST": "000",
            "cClassTrib": "000001",
            "gIBSCBS": {
                "vBC": 68.60,
                "gIBSUF": {"pIBSUF": 0.1, "vIBSUF": 0.07},
                "gIBSMun": {"pIBSMun": 0, "vIBSMun": 0},
                "vIBS": 0.07,
                "gCBS": {"pCBS": 0.9, "vCBS": 0.62},
            },
        },
    },
}
"""A service in a note of goods: 80.00, outside of vProd. Base of IBS and CBS: 80.00 - 4.00 - 1.32 - 6.08 = 68.60."""


def body(*items: dict[str, Any], paid: Any = 117.2, **changes: Any) -> dict[str, Any]:
    """A whole body. `changes` are `group__tag=value` of infNFe, or whole groups; None takes one away."""
    inf: dict[str, Any] = {
        "ide": {"natOp": "VENDA", "tpNF": "1", "idDest": "1", "finNFe": "1", "indFinal": "1", "indPres": "1"},
        "emit": {"CNPJ": CNPJ},
        "dest": {
            "CPF": CPF,
            "xNome": "Maria Exemplo",
            "enderDest": {
                "xLgr": "Rua das Flores",
                "nro": "10",
                "xBairro": "Centro",
                "cMun": "3550308",
                "xMun": "Sao Paulo",
                "UF": "SP",
                "CEP": "01001000",
            },
            "indIEDest": "9",
        },
        "det": [copy.deepcopy(item) for item in items or (WINE,)],
        "pag": {"detPag": [{"tPag": "01", "vPag": paid}]},
    }
    for path, value in changes.items():
        *groups, tag = path.split("__")
        group = inf
        for name in groups:
            group = group.setdefault(name, {})
        if value is None:
            del group[tag]
        else:
            group[tag] = value
    return {"ref": "bruta-1", "infNFe": inf}


def raw(*items: dict[str, Any], **changes: Any) -> RawNote:
    return msgspec.json.decode(msgspec.json.encode(body(*items, **changes)), type=RawNote)


def completed(*items: dict[str, Any], branch: Branch = BRANCH, **changes: Any) -> RawDraft:
    return complete(raw(*items, **changes), branch, at=AT)
