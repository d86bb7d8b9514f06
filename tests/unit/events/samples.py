"""One good detail of every event a company sends."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

SHA1 = "2jmj7l5rSw0yVb/vlWAYkK/YBwk="
PROT = "135260000000001"
STOCK = {"vIBS": Decimal("0.10"), "vCBS": Decimal("0.90")}
ALPHANUMERIC = "3526111" + "2ABC34501DE35"[1:] + "55001000000001" + "1" + "10203040" + "0"

DETAILS: dict[str, dict[str, Any]] = {
    "110001": {"tpEventoAut": "112110", "nProtEvento": PROT},
    "110110": {"xCorrecao": "O volume correto é 2 caixas, e não 3."},
    "110111": {"nProt": PROT, "xJust": "Cliente desistiu da compra no caixa"},
    "110112": {
        "nProt": PROT,
        "xJust": "Substituída pela nota emitida em contingência",
        "chNFeRef": "35261111222333000181650010000000029102030400",
    },
    "110130": {"dhEntrega": "2026-11-21T10:00:00-03:00", "nDoc": "123456", "xNome": "Maria", "hashComprovante": SHA1},
    "110131": {"nProtEvento": PROT},
    "110140": {
        "dhEmi": "2026-11-21T10:00:00-03:00",
        "tpNF": "1",
        "IE": "110042490114",
        "dest": {"UF": "SP", "CNPJ": "12ABC34501DE35", "vNF": Decimal("10.00"), "vICMS": Decimal("1.80"), "vST": Decimal("0.00")},
    },
    "110150": {"autXML": {"CNPJ": "12ABC34501DE35"}, "tpAutorizacao": "1"},
    "110192": {"dhTentativaEntrega": "2026-11-21T10:00:00-03:00", "tpMotivo": "1", "hashTentativaEntrega": SHA1},
    "110193": {"nProtEvento": PROT},
    "110750": {
        "detPag": [
            {
                "indPag": "0",
                "tPag": "17",
                "vPag": Decimal("10.00"),
                "dPag": "2026-11-21",
                "CNPJPag": "11222333000181",
                "UFPag": "SP",
                "CNPJReceb": "11222333000181",
                "UFReceb": "SP",
            }
        ]
    },
    "110751": {"nProtEvento": PROT},
    "111500": {"nProt": PROT, "itemPedido": [{"numItem": "1", "qtdeItem": Decimal(2)}]},
    "111501": {"nProt": PROT, "itemPedido": [{"numItem": "1", "qtdeItem": Decimal("2.5")}]},
    "111502": {"idPedidoCancelado": "ID111500" + "3" * 44 + "01", "nProt": PROT},
    "111503": {"idPedidoCancelado": "ID111501" + "3" * 44 + "01", "nProt": PROT},
    "112110": {"indQuitacao": "1"},
    "112120": {"gConsumo": [{"nItem": "1", **STOCK, "gControleEstoque": {"qtde": "2.0000", "unidade": "UN"}}]},
    "112130": {
        "gPerecimento": [{"nItem": "1", **STOCK, "gControleEstoque": {"qPerecimento": "1.0000", "uPerecimento": "UN", **STOCK}}]
    },
    "112140": {
        "gItemNaoFornecido": [{"nItem": "1", **STOCK, "gControleEstoque": {"qNaoFornecida": "1.0000", "uNaoFornecida": "UN"}}]
    },
    "112150": {"dPrevEntrega": "2026-12-01"},
    "210200": {},
    "210210": {},
    "210220": {},
    "210240": {"xJust": "Mercadoria recusada na entrega"},
    "211110": {
        "gCredPres": [{"nItem": "1", "vBC": "10.00", "gIBS": {"cCredPres": "01", "pCredPres": "1.00", "vCredPres": "0.10"}}]
    },
    "211124": {"gPerecimento": [{"nItem": "1", **STOCK, "gControleEstoque": {"qPerecimento": "1.0000", "uPerecimento": "UN"}}]},
    "211128": {"indAceitacao": "1"},
    "211130": {"gImobilizacao": [{"nItem": "1", **STOCK, "gControleEstoque": {"qImobilizado": "1.0000", "uImobilizado": "UN"}}]},
    "211140": {"gConsumoComb": [{"nItem": "1", **STOCK, "gControleEstoque": {"qComb": "1.0000", "uComb": "L"}}]},
    "211150": {"gCredito": [{"nItem": "1", "vCredIBS": "0.10", "vCredCBS": "0.90"}]},
    "212110": {"indAceitacao": "1"},
    "212120": {"indAceitacao": "0"},
}
