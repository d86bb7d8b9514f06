"""Model 65: what breaks each rule, and the nearest NFC-e that keeps it."""

from __future__ import annotations

from sim_sefaz_note import Edits
from sim_sefaz_reform_cases import GOVERNMENT, ZONE, presumed
from sim_sefaz_variants import DIFAL, SN102

CONTINGENCY = "<dhCont>2026-11-21T10:00:00-03:00</dhCont><xJust>Falha de comunicacao</xJust>"
OFFLINE: Edits = {"ide/tpEmis": "9", "ide/verProc>": CONTINGENCY}
OFFLINE_QR = "https://www.example.com/nfce/qrcode?p={{chave}}|3|2|{}|{}|{}"
QR2 = "https://www.example.com/nfce/qrcode?p={chave}|2|2|1|" + "A" * 40
CANA = (
    '<cana><safra>2026</safra><ref>11/2026</ref><forDia dia="1"><qtde>1</qtde></forDia><qTotMes>1</qTotMes><qTotAnt>0</qTotAnt>'
    "<qTotGer>1</qTotGer><vFor>1.00</vFor><vTotDed>0.00</vTotDed><vLiqFor>1.00</vLiqFor></cana>"
)
RET_TRANSP = (
    "<retTransp><vServ>1.00</vServ><vBCRet>1.00</vBCRet><pICMSRet>1.00</pICMSRet><vICMSRet>0.01</vICMSRet><CFOP>5353</CFOP>"
    "<cMunFG>3550308</cMunFG></retTransp>"
)
ARMA = "<arma><tpArma>0</tpArma><nSerie>1</nSerie><nCano>1</nCano><descr>Arma</descr></arma>"
VEIC = (
    "<veicProd><tpOp>1</tpOp><chassi>9BWZZZ377VT004251</chassi><cCor>1</cCor><xCor>AZUL</xCor><pot>1</pot><cilin>1</cilin>"
    "<pesoL>1</pesoL><pesoB>1</pesoB><nSerie>1</nSerie><tpComb>16</tpComb><nMotor>1</nMotor><CMT>1</CMT><dist>1</dist>"
    "<anoMod>2026</anoMod><anoFab>2026</anoFab><tpPint>S</tpPint><tpVeic>6</tpVeic><espVeic>1</espVeic><VIN>N</VIN>"
    "<condVeic>1</condVeic><cMod>1</cMod><cCorDENATRAN>1</cCorDENATRAN><lota>5</lota><tpRest>0</tpRest></veicProd>"
)
ST = "<modBCST>4</modBCST><vBCST>1.00</vBCST><pICMSST>1.00</pICMSST><vICMSST>0.01</vICMSST>"
PART = (
    "<ICMSPart><orig>0</orig><CST>90</CST><modBC>3</modBC><vBC>1.00</vBC><pICMS>1.00</pICMS><vICMS>0.01</vICMS>"
    + ST
    + "<pBCOp>1.00</pBCOp><UFST>SP</UFST></ICMSPart>"
)
REPASSED = (
    "<ICMSST><orig>0</orig><CST>60</CST><vBCSTRet>1.00</vBCSTRet><vICMSSTRet>0.01</vICMSSTRet><vBCSTDest>1.00</vBCSTDest>"
    "<vICMSSTDest>0.01</vICMSSTDest></ICMSST>"
)
ICMS90 = "<ICMS90><orig>0</orig><CST>90</CST>" + ST + "</ICMS90>"
SN900 = "<ICMSSN900><orig>0</orig><CSOSN>900</CSOSN>" + ST + "</ICMSSN900>"
SN101 = "<ICMSSN101><orig>0</orig><CSOSN>101</CSOSN><pCredSN>1.00</pCredSN><vCredICMSSN>0.95</vCredICMSSN></ICMSSN101>"
II = "<II><vBC>1.00</vBC><vDespAdu>0.00</vDespAdu><vII>0.01</vII><vIOF>0.00</vIOF></II>"
QR = "https://www.example.com/nfce/qrcode?p={chave}|3|2"
NFCE: Edits = {
    "ide/mod": "65",
    "ide/tpImp": "4",
    "dest": None,
    "det/prod/xProd": "NOTA FISCAL EMITIDA EM AMBIENTE DE HOMOLOGACAO - SEM VALOR FISCAL",
    "@qrCode": QR,
}
TO_SOMEBODY: Edits = {name: value for name, value in NFCE.items() if name != "dest"}

CASES: list[tuple[str, Edits, Edits]] = [
    ("703", {"ide/dhEmi": "2026-11-21T12:05:01-03:00"}, {"ide/dhEmi": "2026-11-21T12:05:00-03:00"}),
    ("707", {"ide/idDest": "2"}, {}),
    ("709", {"ide/tpImp": "1"}, {"ide/tpImp": "5"}),
    ("716", {"ide/indFinal": "0"}, {}),
    ("717", {"ide/indPres": "0"}, {}),
    ("705", {"ide/dhEmi>": "<dhSaiEnt>2026-11-21T11:00:00-03:00</dhSaiEnt>"}, {}),
    ("708", {"ide/verProc>": "<NFref><refNFe>35261011222333000181550010000000771718305828</refNFe></NFref>"}, {}),
    ("760", {"transp>": "<cobr><fat><nFat>1</nFat></fat></cobr>"}, {}),
    ("753", {"transp/modFrete": "0"}, {}),
    ("754", {"transp/modFrete>": "<transporta><xNome>Alguem</xNome></transporta>"}, {}),
    ("762", {"infAdic>": "<compra><xPed>1</xPed></compra>"}, {}),
    ("397", {"@qrCode": "https://www.example.com/nfce/qrcode?p={chave}|3|1"}, {}),
    ("373", {"det/prod/xProd": "Camiseta"}, {}),
    ("391", {"pag/detPag/tPag": "17"}, {"pag/detPag/tPag": "17", "pag/detPag/vPag>": "<card><tpIntegra>2</tpIntegra></card>"}),
    ("857", {"pag/detPag/tPag": "14"}, {"pag/detPag/tPag": "10"}),
    ("899", {"pag/detPag/tPag": "90", "pag/detPag/vPag": "0.00"}, {}),
    ("397", {"@qrCode": "https://www.example.com/qrcode?p=" + "35261111222333000181650010000012341718305827" + "|3|2"}, {}),
    # NT 2025.001 and NT 2025.002
    ("1153", {"ide/dhEmi>": "<dPrevEntrega>2026-11-25</dPrevEntrega>"}, {}),
    ("706", {"ide/tpNF": "0"}, {}),
    ("715", {"ide/finNFe": "2"}, {}),
    (
        "1000",
        {"ide/cMunFG>": "<cMunFGIBS>3550308</cMunFGIBS>"},
        {"ide/cMunFG>": "<cMunFGIBS>3550308</cMunFGIBS>", "ide/indPres": "5"},
    ),
    ("1005", {"ide/indPres": "5"}, {}),
    ("1006", {"ide/verProc>": GOVERNMENT}, {}),
    ("718", {"emit/IE>": "<IEST>110042490114</IEST>"}, {}),
    ("814", {"infAdic>": "<exporta><UFSaidaPais>SP</UFSaidaPais><xLocExporta>Santos</xLocExporta></exporta>"}, {}),
    ("763", {"infAdic>": CANA}, {}),
    ("755", {"transp/modFrete>": RET_TRANSP}, {}),
    ("756", {"transp/modFrete>": "<veicTransp><placa>ABC1D23</placa></veicTransp>"}, {}),
    ("757", {"transp/modFrete>": "<reboque><placa>ABC1D23</placa></reboque>"}, {}),
    ("758", {"transp/modFrete>": "<vagao>1</vagao>"}, {}),
    ("759", {"transp/modFrete>": "<balsa>1</balsa>"}, {}),
    ("738", {"det/prod/indTot>": ARMA}, {}),
    ("736", {"det/prod/indTot>": VEIC}, {}),
    ("348", {"det/prod/indTot>": "<nRECOPI>20261121000000000012</nRECOPI>"}, {}),
    ("1165", {"det/prod/NCM>": "<tpCredPresIBSZFM>1</tpCredPresIBSZFM>"}, {}),
    ("741", {"det/imposto/ICMS/ICMS00>": PART, "det/imposto/ICMS/ICMS00": None, "@rules": ""}, {}),
    ("740", {"det/imposto/ICMS/ICMS00>": REPASSED, "det/imposto/ICMS/ICMS00": None, "@rules": ""}, {}),
    ("381", {"det/imposto/ICMS/ICMS00>": ICMS90, "det/imposto/ICMS/ICMS00": None, "@rules": ""}, {}),
    ("385", {"det/imposto/ICMS/ICMS00>": SN900, "det/imposto/ICMS/ICMS00": None, "emit/CRT": "1", "@rules": ""}, {}),
    ("807", {"det/imposto/COFINS>": DIFAL.format(inter="7.00", part="100.00", value="12.82")}, {}),
    ("742", {"det/imposto/ICMS>": "<IPI><cEnq>999</cEnq><IPINT><CST>53</CST></IPINT></IPI>"}, {}),
    ("743", {"det/imposto/ICMS>": II}, {}),
    ("746", {"det/imposto/PIS>": "<PISST><vBC>1.00</vBC><pPIS>1.00</pPIS><vPIS>0.01</vPIS></PISST>"}, {}),
    ("749", {"det/imposto/COFINS>": "<COFINSST><vBC>1.00</vBC><pCOFINS>1.00</pCOFINS><vCOFINS>0.01</vCOFINS></COFINSST>"}, {}),
    ("390", {"det/imposto>": "<impostoDevol><pDevol>1.00</pDevol><IPI><vIPIDevol>0.00</vIPIDevol></IPI></impostoDevol>"}, {}),
    ("725", {"det/prod/CFOP": "5910"}, {}),
    ("374", {"det/prod/CFOP": "5933"}, {}),
    ("774", {"det/prod/indTot": "0"}, {}),
    ("766", {"det/imposto/ICMS/ICMS00>": "<ICMS40><orig>0</orig><CST>50</CST></ICMS40>", "det/imposto/ICMS/ICMS00": None}, {}),
    ("383", {"det/imposto/ICMS/ICMS00>": SN101, "det/imposto/ICMS/ICMS00": None, "emit/CRT": "1"}, {}),
    ("382", {"det/prod/CFOP": "5405"}, {}),
    ("386", {"det/prod/CFOP": "5405", "det/imposto/ICMS/ICMS00>": SN102, "det/imposto/ICMS/ICMS00": None, "emit/CRT": "1"}, {}),
    ("337", {"emit/CNPJ>": "<CPF>52998224725</CPF>", "emit/CNPJ": None, "@rules": ""}, {}),
    ("444", {"emit/CNPJ>": "<CPF>52998224725</CPF>", "emit/CNPJ": None, "@rules": "", "@qrCode": QR2}, {}),
    ("156", {"emit/IE": None}, {}),
    ("783", {"ide/tpEmis": "6", "ide/verProc>": CONTINGENCY, "@rules": ""}, {}),
    ("714", {"ide/tpEmis": "2", "ide/verProc>": CONTINGENCY, "@rules": ""}, {}),
    (
        "712",
        {"ide/tpEmis": "9", "ide/verProc>": CONTINGENCY, "@rules": "", "@state": '{"taxpayers": {"refuses_offline": ["SP"]}}'},
        {},
    ),
    ("780", {"total/ICMSTot/vNF": "200000.01"}, {}),
    ("750", {"total/ICMSTot/vNF": "10000.01"}, {}),
    ("436", {"pag/detPag/tPag": "99", "pag/detPag/tPag>": "<xPag>Permuta</xPag>"}, {}),
    ("767", {"pag/detPag/vPag": "188.99", "@rules": ""}, {}),
    ("1049", {"det/imposto/IBSCBS/gIBSCBS>": presumed(), "@rules": ""}, {}),
    ("1138", {"det/imposto/IBSCBS/gIBSCBS>": ZONE.format("2026-10"), "@rules": ""}, {}),
    ("1187", {"det/imposto/IBSCBS/gIBSCBS/gCBS/pCBS>": "<gDevTrib><vDevTrib>0.00</vDevTrib></gDevTrib>"}, {}),
    # QR code
    ("398", {"@qrCode": "https://www.example.com/nfce/qrcode?p={chave}|1|2", "@rules": ""}, {}),
    ("396", {"@qrCode": "https://www.example.com/nfce/qrcode?p={chave}", "@rules": ""}, {}),
    ("396", {"@qrCode": "https://www.example.com/nfce/qrcode?p={chave}|2|2", "@rules": ""}, {"@qrCode": QR2}),
    ("445", {"@qrCode": "https://www.example.com/nfce/qrcode?p={chave}|3|2|1", "@rules": ""}, {}),
    ("474", {"@qrCode": "https://www.example.com/nfce/qrcode?p={chave}|3|2|21", **OFFLINE, "@rules": ""}, {}),
    ("474", {"@qrCode": OFFLINE_QR.format("21", "190.00", "||"), **OFFLINE, "@rules": ""}, {}),
    ("397", {"@qrCode": OFFLINE_QR.format("20", "190.00", "||AA=="), **OFFLINE, "@rules": ""}, {}),
    ("397", {"@qrCode": OFFLINE_QR.format("21", "190.01", "||AA=="), **OFFLINE, "@rules": ""}, {}),
    ("397", {"@qrCode": OFFLINE_QR.format("21", "190.00", "2|1|AA=="), **OFFLINE, "@rules": ""}, {}),
    ("813", {"@qrCode": "https://www.example.com/nfce/qrcode?a=1&amp;p={chave}|3|2", "@rules": ""}, {}),
    ("395", {"@state": '{"taxpayers": {"qr_hosts": {"SP": ["www.example.org"]}}}'}, {}),
    ("463", {"@qrCode": QR2, "@state": '{"taxpayers": {"csc_revoked": ["1"]}}'}, {"@qrCode": QR2}),
]
