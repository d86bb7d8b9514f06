"""Identification, parties, places and items: what breaks each rule, and the nearest note that keeps it."""

from __future__ import annotations

from sim_sefaz_note import CNPJ, CPF, HOMOLOGACAO_NAME, Edits
from sim_sefaz_variants import ICMS51, PASSES, SN102, icms, interstate, one_item, simples

OTHER = "11444777000161"
CONTINGENCY = "<dhCont>{}</dhCont><xJust>Falha de comunicacao</xJust>"
SVC = {"ide/tpEmis": "6", "ide/verProc>": CONTINGENCY.format("2026-11-21T10:00:00-03:00")}
IN_TIME = "2026-11-21T11:00:00-03:00"
ADDRESS = "<xLgr>Rua Tres</xLgr><nro>3</nro><xBairro>Centro</xBairro><cMun>{cMun}</cMun><xMun>Sao Paulo</xMun><UF>{uf}</UF>"
FOREIGN = "<idEstrangeiro>{}</idEstrangeiro>"
ABROAD = (
    "<xLgr>Main</xLgr><nro>1</nro><xBairro>Center</xBairro><cMun>{cMun}</cMun><xMun>EXTERIOR</xMun><UF>EX</UF>"
    "<cPais>{pais}</cPais>"
)


def place(tag: str, *, who: str = f"<CNPJ>{OTHER}</CNPJ>", cMun: str = "3550308", uf: str = "SP") -> dict[str, str | None]:
    return {"dest>": f"<{tag}>{who}{ADDRESS.format(cMun=cMun, uf=uf)}</{tag}>"}


def export(
    *, buyer: str = FOREIGN.format("PASS-123"), cMun: str = "9999999", pais: str = "2496", cst: str = "41", indIEDest: str = "9"
) -> dict[str, str | None]:
    """A one-item export: buyer abroad, CST 41."""
    group = f"<ICMS40><orig>0</orig><CST>{cst}</CST></ICMS40>"
    return icms(group, vBC="0.00", vICMS="0.00") | {
        "ide/idDest": "3",
        "dest": None,
        "emit>": f"<dest>{buyer}<xNome>{HOMOLOGACAO_NAME}</xNome><enderDest>{ABROAD.format(cMun=cMun, pais=pais)}</enderDest>"
        f"<indIEDest>{indIEDest}</indIEDest></dest>",
        "det/prod/CFOP": "7102",
    }


def carried(fields: str) -> dict[str, str | None]:
    return {"transp/modFrete": "0", "transp/modFrete>": f"<transporta>{fields}</transporta>"}


def allowed(person: str) -> dict[str, str | None]:
    return {"dest>": f"<autXML>{person}</autXML>"}


def product(fields: str, before: str = "indTot>") -> dict[str, str | None]:
    return {f"det/prod/{before}": fields}


TRUCK = "<veicTransp><placa>ABC1D23</placa><UF>SP</UF></veicTransp>"
LOT = "<rastro><nLote>1</nLote><qLote>1</qLote><dFab>{}</dFab><dVal>{}</dVal></rastro>"
MEDICINE = "<med><cProdANVISA>ISENTO</cProdANVISA><vPMC>1.00</vPMC></med>"
FUEL = "<comb><cProdANP>{}</cProdANP><descANP>GLP</descANP>{}<UFCons>SP</UFCons></comb>"
ST = "<modBCST>4</modBCST><vBCST>100.00</vBCST><pICMSST>18.00</pICMSST><vICMSST>0.90</vICMSST>"
ICMS10 = (
    "<ICMS10><orig>0</orig><CST>10</CST><modBC>3</modBC><vBC>95.00</vBC><pICMS>18.00</pICMS><vICMS>17.10</vICMS>"
    + ST
    + "{}</ICMS10>"
)
ST_TOTALS = {
    "total/ICMSTot/vBCST": "100.00",
    "total/ICMSTot/vST": "0.90",
    "total/ICMSTot/vNF": "95.90",
    "pag/detPag/vPag": "95.90",
}
EXEMPT = {"dest/CPF>": f"<CNPJ>{OTHER}</CNPJ>", "dest/CPF": None, "dest/indIEDest": "2"}
ICMS50 = "<ICMS40><orig>0</orig><CST>50</CST></ICMS40>"
ICMS60_RET = (
    "<ICMS60><orig>0</orig><CST>60</CST><vBCSTRet>100.00</vBCSTRet><pST>18.00</pST><vICMSSTRet>18.00</vICMSSTRet>{}</ICMS60>"
)
RETAINED = "<vBCFCPSTRet>100.00</vBCFCPSTRet><pFCPSTRet>{}</pFCPSTRet><vFCPSTRet>{}</vFCPSTRet>"
CEST = {"det/prod/NCM>": "<CEST>2806300</CEST>"}


def exempt_icms(group: str) -> dict[str, str | None]:
    return icms(group, vBC="0.00", vICMS="0.00")


CASES: list[tuple[str, Edits, Edits]] = [
    # groups A and B
    ("244", {"ide/serie": "900", "@rules": ""}, {"ide/serie": "889"}),
    ("504", {"ide/dhEmi>": "<dhSaiEnt>2026-12-21T12:00:01-03:00</dhSaiEnt>"}, {"ide/dhEmi>": f"<dhSaiEnt>{IN_TIME}</dhSaiEnt>"}),
    (
        "505",
        {"ide/dhEmi>": "<dhSaiEnt>2026-10-22T11:00:00-03:00</dhSaiEnt>", "ide/tpNF": "0", "det/prod/CFOP": "1102", "@rules": ""},
        {"ide/dhEmi>": f"<dhSaiEnt>{IN_TIME}</dhSaiEnt>"},
    ),
    (
        "506",
        {"ide/dhEmi>": "<dhSaiEnt>2026-11-21T10:59:59-03:00</dhSaiEnt>"},
        {"ide/dhEmi>": f"<dhSaiEnt>{IN_TIME}</dhSaiEnt>"},
    ),
    ("558", SVC | {"ide/verProc>": CONTINGENCY.format("2026-11-21T11:00:01-03:00")}, SVC),
    ("569", SVC | {"ide/verProc>": CONTINGENCY.format("2026-10-22T10:59:59-03:00")}, SVC),
    (
        "711",
        SVC | {"ide/tpEmis": "9"},
        SVC
        | {
            "ide/tpEmis": "9",
            "ide/tpImp": "6",
            "@qrCode": "https://www.example.com/qrcode?p={chave}|3|2|21|190.00|2|" + CPF + "|AA==",
        },
    ),
    (
        "672",
        {"ide/tpImp": "6", "@qrCode": "https://www.example.com/qrcode?p={chave}|2|2|1|" + "A" * 40},
        {"ide/tpImp": "6", "@qrCode": "https://www.example.com/qrcode?p={chave}|3|2"},
    ),
    ("794", {"ide/indPres": "4", "ide/indPres>": "<indIntermed>0</indIntermed>"}, PASSES),
    ("864", {"ide/indPres": "5"}, PASSES),
    (
        "438",
        {"ide/indPres": "2", "ide/indPres>": "<indIntermed>1</indIntermed>"},
        {
            "ide/indPres": "2",
            "ide/indPres>": "<indIntermed>1</indIntermed>",
            "pag>": f"<infIntermed><CNPJ>{OTHER}</CNPJ><idCadIntTran>loja</idCadIntTran></infIntermed>",
        },
    ),
    (
        "439",
        {"pag>": f"<infIntermed><CNPJ>{OTHER}</CNPJ><idCadIntTran>loja</idCadIntTran></infIntermed>"},
        PASSES,
    ),
    # groups C and E
    ("209", {"emit/IE": "110042490115"}, PASSES),
    ("347", {"emit/IE>": "<IEST>110042490114</IEST>"}, interstate() | {"emit/IE>": "<IEST>110042490114</IEST>"}),
    ("495", {"emit/CNPJ>": f"<CPF>{CPF}</CPF>", "emit/CNPJ": None, "@rules": ""}, PASSES),
    ("401", {"emit/CNPJ>": "<CPF>52998224724</CPF>", "emit/CNPJ": None, "@rules": ""}, PASSES),
    ("210", {"dest/indIEDest": "1", "dest/indIEDest>": "<IE>110042490115</IE>"}, PASSES),
    ("720", export(buyer=f"<CPF>{CPF}</CPF>"), export()),
    (
        "721",
        {"dest/CPF>": FOREIGN.format("PASS-123"), "dest/CPF": None, "ide/indFinal": "0", "@rules": ""},
        {"dest/CPF>": FOREIGN.format("PASS-123"), "dest/CPF": None},
    ),
    (
        "925",
        {"dest/CPF>": FOREIGN.format("PASS-123"), "dest/CPF": None, "dest/indIEDest>": "<IE>110042490114</IE>"},
        {"dest/CPF>": FOREIGN.format("PASS-123"), "dest/CPF": None},
    ),
    (
        "372",
        {"dest/CPF>": FOREIGN.format("PASS#123"), "dest/CPF": None},
        {"dest/CPF>": FOREIGN.format("PASS/123"), "dest/CPF": None},
    ),
    ("509", export(cMun="3550308"), export()),
    ("926", export(pais="1058"), export()),
    (
        "727",
        export()
        | {"emit>": None, "@rules": ""}
        | {
            "emit>": f"<dest>{FOREIGN.format('PASS-123')}<xNome>{HOMOLOGACAO_NAME}</xNome>"
            f"<enderDest>{ADDRESS.format(cMun='3550308', uf='SP')}</enderDest><indIEDest>9</indIEDest></dest>"
        },
        export(),
    ),
    ("790", export(indIEDest="2"), export()),
    ("792", export() | {"dest/indIEDest>": "<IE>110042490114</IE>", "@rules": ""}, export()),
    (
        "251",
        {"dest/indIEDest>": "<ISUF>123456789</ISUF>"},
        interstate() | {"dest/indIEDest>": "<ISUF>123456789</ISUF>", "dest/enderDest/UF": "AM", "dest/enderDest/cMun": "1302603"},
    ),
    (
        "805",
        interstate(difal=None) | EXEMPT,
        interstate(difal=None) | EXEMPT | {"dest/enderDest/UF": "AC"} | {"dest/enderDest/cMun": "1200401"},
    ),
    ("323", allowed("<CNPJ>11222333000180</CNPJ>"), allowed(f"<CNPJ>{OTHER}</CNPJ>")),
    (
        "324",
        {**EXEMPT, "dest>": f"<autXML><CNPJ>{OTHER}</CNPJ></autXML>"},
        {**EXEMPT, "dest>": f"<autXML><CNPJ>{CNPJ}</CNPJ></autXML>"},
    ),
    ("325", allowed("<CPF>52998224724</CPF>"), allowed("<CPF>11144477735</CPF>")),
    ("326", allowed(f"<CPF>{CPF}</CPF>"), allowed("<CPF>11144477735</CPF>")),
    # groups F, G and X
    ("512", place("retirada", who="<CNPJ>11222333000180</CNPJ>"), place("retirada")),
    ("540", place("retirada", who="<CPF>52998224724</CPF>"), place("retirada", who=f"<CPF>{CPF}</CPF>")),
    ("513", place("retirada", uf="EX"), place("retirada", uf="EX", cMun="9999999")),
    ("277", place("retirada", uf="RJ"), place("retirada", uf="RJ", cMun="3304557")),
    ("514", place("entrega", who="<CNPJ>11222333000180</CNPJ>"), place("entrega")),
    ("541", place("entrega", who="<CPF>52998224724</CPF>"), place("entrega", who=f"<CPF>{CPF}</CPF>")),
    ("515", place("entrega", uf="EX"), place("entrega", uf="EX", cMun="9999999")),
    ("279", place("entrega", uf="RJ"), place("entrega", uf="RJ", cMun="3304557")),
    ("542", carried("<CNPJ>11222333000180</CNPJ>"), carried(f"<CNPJ>{OTHER}</CNPJ>")),
    ("543", carried("<CPF>52998224724</CPF>"), carried(f"<CPF>{CPF}</CPF>")),
    (
        "559",
        carried(f"<CNPJ>{OTHER}</CNPJ><IE>110042490114</IE>"),
        carried(f"<CNPJ>{OTHER}</CNPJ><IE>110042490114</IE><UF>SP</UF>"),
    ),
    ("868", interstate() | {"transp/modFrete>": TRUCK}, {"transp/modFrete>": TRUCK}),
    # group I
    ("471", one_item() | {"det/prod/NCM": "00"}, PASSES),
    (
        "879",
        product("<CEST>2806300</CEST><indEscala>N</indEscala>", "NCM>"),
        product("<CEST>2806300</CEST><indEscala>S</indEscala>", "NCM>"),
    ),
    (
        "489",
        product("<CEST>2806300</CEST><indEscala>N</indEscala><CNPJFab>11222333000180</CNPJFab>", "NCM>"),
        product(f"<CEST>2806300</CEST><indEscala>N</indEscala><CNPJFab>{OTHER}</CNPJFab>", "NCM>"),
    ),
    ("483", {"det/prod/vDesc": "100.01", "@rules": ""}, PASSES),
    ("336", product("<detExport><nDraw>1</nDraw></detExport>"), export() | product("<detExport><nDraw>1</nDraw></detExport>")),
    ("877", product(LOT.format("2026-11-22", "2027-01-01")), product(LOT.format("2026-11-21", "2027-01-01"))),
    ("870", product(LOT.format("2026-11-21", "2026-11-20")), product(LOT.format("2026-11-21", "2026-11-21"))),
    ("873", product(MEDICINE), product(LOT.format("2026-11-21", "2027-01-01") + MEDICINE)),
    (
        "461",
        product(FUEL.format("220101005", "<pGLP>100.0000</pGLP>")),
        product(FUEL.format("210203001", "<pGLP>100.0000</pGLP>")),
    ),
    ("883", {"det/prod/cEAN": "", "@rules": ""}, PASSES),
    ("888", {"det/prod/cEANTrib": "", "@rules": ""}, PASSES),
    ("885", {"det/prod/cEAN": "7891234567895"}, {"det/prod/cEAN": "7891234567895", "det/prod/cEANTrib": "7891234567895"}),
    ("886", {"det/prod/cEANTrib": "7891234567895"}, {"det/prod/cEAN": "7891234567895", "det/prod/cEANTrib": "7891234567895"}),
    # group N
    ("527", export(cst="40"), export()),
    (
        "529",
        exempt_icms(ICMS50) | {**EXEMPT, "det/prod/CFOP": "5949"},
        exempt_icms(ICMS50) | {**EXEMPT, "det/prod/CFOP": "5915"},
    ),
    ("508", exempt_icms(ICMS50), exempt_icms(ICMS50) | {"det/prod/CFOP": "5915"}),
    (
        "600",
        simples("<ICMSSN101><orig>0</orig><CSOSN>101</CSOSN><pCredSN>1.00</pCredSN><vCredICMSSN>0.95</vCredICMSSN></ICMSSN101>"),
        simples(SN102),
    ),
    (
        "352",
        icms(ICMS51.format(op="17.10").replace("<vICMSDif>8.55", "<vICMSDif>8.57"), vBC="95.00", vICMS="8.55") | {"@rules": ""},
        icms(ICMS51.format(op="17.10"), vBC="95.00", vICMS="8.55"),
    ),
    (
        "353",
        icms(ICMS51.format(op="17.10").replace("<vICMS>8.55", "<vICMS>8.57"), vBC="95.00", vICMS="8.57"),
        icms(ICMS51.format(op="17.10"), vBC="95.00", vICMS="8.55"),
    ),
    (
        "880",
        {"det/imposto/ICMS/ICMS00/vICMS>": "<pFCP>0.00</pFCP><vFCP>0.00</vFCP>", "@rules": ""},
        {"det/imposto/ICMS/ICMS00/vICMS>": "<pFCP>2.00</pFCP><vFCP>1.90</vFCP>", "total/ICMSTot/vFCP": "1.90"},
    ),
    (
        "881",
        exempt_icms(ICMS60_RET.format(RETAINED.format("0.00", "0.00"))) | CEST | {"@rules": ""},
        exempt_icms(ICMS60_RET.format(RETAINED.format("2.00", "2.00"))) | CEST | {"total/ICMSTot/vFCPSTRet": "2.00"},
    ),
    (
        "881",
        icms(ICMS10.format("<vBCFCPST>100.00</vBCFCPST><pFCPST>0.00</pFCPST><vFCPST>0.00</vFCPST>"), vBC="95.00", vICMS="17.10")
        | ST_TOTALS
        | CEST
        | {"@rules": ""},
        icms(ICMS10.format(""), vBC="95.00", vICMS="17.10") | ST_TOTALS | CEST,
    ),
    (
        "627",
        exempt_icms("<ICMS40><orig>0</orig><CST>40</CST><vICMSDeson>0.00</vICMSDeson><motDesICMS>9</motDesICMS></ICMS40>"),
        exempt_icms("<ICMS40><orig>0</orig><CST>40</CST><vICMSDeson>0.01</vICMSDeson><motDesICMS>9</motDesICMS></ICMS40>")
        | {"total/ICMSTot/vICMSDeson": "0.01"},
    ),
    # group O
    (
        "388",
        {"det/imposto/ICMS>": "<IPI><cEnq>999</cEnq><IPINT><CST>52</CST></IPINT></IPI>"},
        {"det/imposto/ICMS>": "<IPI><cEnq>301</cEnq><IPINT><CST>52</CST></IPINT></IPI>"},
    ),
    (
        "793",
        interstate(
            difal="<ICMSUFDest><vBCUFDest>95.00</vBCUFDest><vBCFCPUFDest>95.00</vBCFCPUFDest><pFCPUFDest>2.00</pFCPUFDest>"
            "<pICMSUFDest>20.50</pICMSUFDest><pICMSInter>7.00</pICMSInter><pICMSInterPart>100.00</pICMSInterPart>"
            "<vFCPUFDest>1.92</vFCPUFDest><vICMSUFDest>12.82</vICMSUFDest><vICMSUFRemet>0.00</vICMSUFRemet></ICMSUFDest>"
        ),
        interstate(),
    ),
    # group YA
    (
        "437",
        {"pag/detPag/tPag": "03", "pag/detPag/vPag>": "<card><tpIntegra>2</tpIntegra><CNPJ>11222333000180</CNPJ></card>"},
        {"pag/detPag/tPag": "03", "pag/detPag/vPag>": f"<card><tpIntegra>2</tpIntegra><CNPJ>{OTHER}</CNPJ></card>"},
    ),
]
