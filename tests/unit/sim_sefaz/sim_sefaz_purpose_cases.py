"""Purposes, references, billing, service and registries: what breaks each rule, and the nearest note that keeps it."""

from __future__ import annotations

from sim_sefaz_note import CNPJ, Edits, key_of
from sim_sefaz_reform_cases import COMPETENCE, IMMUNE, adjustment, reform, values
from sim_sefaz_variants import PASSES, SN102, interstate, one_item, simples

SOLD = key_of("35", "2610", CNPJ, "55", 1, 77)
ELSEWHERE = key_of("33", "2610", "11444777000161", "55", 1, 77)
COUPON = key_of("35", "2610", CNPJ, "65", 1, 77)
REF = "<NFref><refNFe>{}</refNFe></NFref>"
BY_ITEM = "<DFeReferenciado><chaveAcesso>{}</chaveAcesso><nItem>1</nItem></DFeReferenciado>"


def refers(*keys: str) -> dict[str, str | None]:
    return {"ide/verProc>": "".join(REF.format(key) for key in keys)}


def returned(*, header: str = "", item: str = BY_ITEM.format(SOLD)) -> dict[str, str | None]:
    """The store's own entry of what a consumer brought back."""
    edits = one_item() | {"ide/tpNF": "0", "ide/finNFe": "4", "det/prod/CFOP": "1202"}
    edits |= {"pag/detPag/tPag": "90", "pag/detPag/vPag": "0.00"}
    if header:
        edits["ide/verProc>"] = header
    if item:
        edits["det/vItem>"] = item
    return edits


def credit(kind: str, *keys: str, cfop: str = "1202") -> dict[str, str | None]:
    """A credit note of kinds 03, 04 and 06: taxes of the original, entry."""
    edits = returned(item="") | {"ide/finNFe>": f"<tpNFCredito>{kind}</tpNFCredito>", "ide/finNFe": "5", "det/prod/CFOP": cfop}
    return edits | (refers(*keys) if keys else {})


COMPLEMENT = {"ide/finNFe": "2"} | refers(SOLD)
FAT = "<fat><nFat>1</nFat><vOrig>190.00</vOrig><vLiq>190.00</vLiq></fat>"


def billed(*dups: tuple[str, str, str], fat: str = FAT, indPag: str = "1") -> dict[str, str | None]:
    """Instalments of (number, due date, value)."""
    rows = "".join(f"<dup><nDup>{n}</nDup><dVenc>{due}</dVenc><vDup>{value}</vDup></dup>" for n, due, value in dups)
    return {"transp>": f"<cobr>{fat}{rows}</cobr>", "pag/detPag/indPag": indPag, "pag/detPag/tPag": "15"}


ONE = ("001", "2026-12-21", "190.00")
HALVES = (("001", "2026-12-21", "95.00"), ("002", "2027-01-21", "95.00"))
ISSQN = (
    "<ISSQN><vBC>95.00</vBC><vAliq>5.00</vAliq><vISSQN>4.75</vISSQN><cMunFG>3550308</cMunFG><cListServ>14.01</cListServ>"
    "<vDeducao>1.00</vDeducao><vOutro>2.00</vOutro><vDescIncond>3.00</vDescIncond><vDescCond>4.00</vDescCond>"
    "<vISSRet>4.75</vISSRet><indISS>1</indISS><indIncentivo>2</indIncentivo></ISSQN>"
)
ISSQN_TOT = {
    "vServ": "100.00", "vBC": "95.00", "vISS": "4.75", "vPIS": "1.29", "vCOFINS": "5.92", "dCompet": "2026-11-21",
    "vDeducao": "1.00", "vOutro": "2.00", "vDescIncond": "3.00", "vDescCond": "4.00", "vISSRet": "4.75",
}  # fmt: skip


def service(**wrong: str) -> dict[str, str | None]:
    """The base note with a service in its first item, and some of its totals replaced."""
    fields = "".join(f"<{tag}>{wrong.get(tag, value)}</{tag}>" for tag, value in ISSQN_TOT.items())
    return {
        "det/imposto/ICMS>": ISSQN,
        "det/imposto/ICMS": None,
        "emit/IE>": "<IM>123</IM>",
        "total/ICMSTot/vBC": "95.00",
        "total/ICMSTot/vICMS": "17.10",
        "total/ICMSTot/vProd": "100.00",
        "total/ICMSTot/vPIS": "1.29",
        "total/ICMSTot/vCOFINS": "5.92",
        "total/ICMSTot>": f"<ISSQNtot>{fields}</ISSQNtot>",
    }


def registered(**registries: str) -> dict[str, str | None]:
    fields = ", ".join(f'"{name}": {rows}' for name, rows in registries.items())
    return {"@state": f'{{"taxpayers": {{{fields}}}}}'}


ISSUER_IE = "110042490114"
BUYER, BUYER_IE = "11444777000161", "110042490114"
TO_COMPANY: Edits = {
    "dest/CPF>": f"<CNPJ>{BUYER}</CNPJ>",
    "dest/CPF": None,
    "dest/indIEDest": "1",
    "dest/indIEDest>": f"<IE>{BUYER_IE}</IE>",
}
ISSUER = f'"{CNPJ}": {{"ie": {{"SP": "{ISSUER_IE}"}}}}'
RESPONSIBLE = (
    "<infRespTec><CNPJ>{cnpj}</CNPJ><xContato>Fulano</xContato><email>a@example.com</email>"
    "<fone>1133334444</fone>{csrt}</infRespTec>"
)
CSRT = "<idCSRT>01</idCSRT><hashCSRT>{}</hashCSRT>"
WRONG_HASH = "AAAAAAAAAAAAAAAAAAAAAAAAAAA="
IN_PR: dict[str, str | None] = {
    "ide/cUF": "41",
    "ide/cMunFG": "4106902",
    "emit/enderEmit/cMun": "4106902",
    "emit/enderEmit/UF": "PR",
    "emit/IE": "1234567850",
    "dest/enderDest/UF": "PR",
    "dest/enderDest/cMun": "4106902",
}


def responsible(cnpj: str = CNPJ, csrt: str = "") -> dict[str, str | None]:
    return {"infAdic>": RESPONSIBLE.format(cnpj=cnpj, csrt=csrt)}


CASES: list[tuple[str, Edits, Edits]] = [
    # references
    ("547", refers(SOLD[:43] + ("0" if SOLD[43] != "0" else "1")), refers(SOLD)),
    ("522", refers(key_of("99", "2610", CNPJ, "55", 1, 77)), refers(SOLD)),
    ("524", refers(key_of("35", "2710", CNPJ, "55", 1, 77)), refers(SOLD)),
    ("552", refers(key_of("35", "2610", "11222333000180", "55", 1, 77)), refers(SOLD)),
    ("679", refers(key_of("35", "2610", CNPJ, "62", 1, 77)), refers(SOLD)),
    ("679", refers(COUPON) | {"@at": "2026-12-14T12:00:00-03:00", "ide/dhEmi": "2026-12-14T11:00:00-03:00"}, refers(COUPON)),
    ("683", refers(key_of("35", "2610", CNPJ, "55", 1, 0)), refers(SOLD)),
    ("680", refers(SOLD, SOLD), refers(SOLD)),
    ("254", {"ide/finNFe": "2"}, COMPLEMENT),
    ("255", {"ide/finNFe": "2"} | refers(SOLD, key_of("35", "2610", CNPJ, "55", 1, 78)), COMPLEMENT),
    ("269", {"ide/finNFe": "2"} | refers(key_of("35", "2610", "11444777000161", "55", 1, 77)), COMPLEMENT),
    ("678", {"ide/finNFe": "2"} | refers(key_of("33", "2610", CNPJ, "55", 1, 77)), COMPLEMENT),
    (
        "923",
        interstate() | {"ide/verProc>": "<NFref><refECF><mod>2D</mod><nECF>1</nECF><nCOO>1</nCOO></refECF></NFref>"},
        {"ide/verProc>": "<NFref><refECF><mod>2D</mod><nECF>1</nECF><nCOO>1</nCOO></refECF></NFref>"},
    ),
    ("321", returned(item=""), returned()),
    ("321", returned(item="", header=REF.format(SOLD)), returned()),
    ("1010", returned(header=REF.format(SOLD)), returned()),
    (
        "1072",
        {"ide/finNFe": "4", "det/vItem>": BY_ITEM.format(SOLD) * 2, "@rules": ""},
        returned(),
    ),
    ("327", returned() | {"det/prod/CFOP": "1102"}, returned() | {"det/prod/CFOP": "1949"}),
    ("328", one_item() | {"ide/tpNF": "0", "det/prod/CFOP": "1202"}, one_item() | {"ide/tpNF": "0", "det/prod/CFOP": "1102"}),
    (
        "354",
        one_item()
        | {"det/imposto>": "<impostoDevol><pDevol>100.00</pDevol><IPI><vIPIDevol>0.00</vIPIDevol></IPI></impostoDevol>"},
        returned()
        | {"det/imposto>": "<impostoDevol><pDevol>100.00</pDevol><IPI><vIPIDevol>0.00</vIPIDevol></IPI></impostoDevol>"},
    ),
    ("701", one_item() | {"det/prod/CFOP": "5929"}, one_item() | {"det/prod/CFOP": "5929"} | refers(SOLD)),
    (
        "375",
        one_item()
        | refers(COUPON)
        | {"det/prod/CFOP": "5929", "ide/finNFe": "2", "@at": "2026-12-14T12:00:00-03:00"}
        | {"ide/dhEmi": "2026-12-14T11:00:00-03:00"},
        one_item() | refers(COUPON) | {"det/prod/CFOP": "5929", "ide/finNFe": "2"},
    ),
    # credit and debit notes
    ("1161", credit("04", SOLD, cfop="5949") | {"ide/tpNF": "1"}, credit("04", SOLD)),
    ("1162", IMMUNE | {"ide/tpNF": "0", "det/prod/CFOP": "1949"}, IMMUNE),
    ("1139", {"ide/finNFe>": "<tpNFDebito>04</tpNFDebito>"}, PASSES),
    ("1009", adjustment("000001", values(), debit="04") | {"ide/tpNFDebito": None}, IMMUNE),
    ("1163", {"ide/finNFe>": "<tpNFCredito>06</tpNFCredito>"}, PASSES),
    ("1164", credit("04", SOLD) | {"ide/tpNFCredito": None, "det/prod/CFOP": "1949"}, credit("04", SOLD)),
    ("1152", credit("03", SOLD, cfop="5949") | {"ide/tpNF": "1", "@rules": ""}, credit("03", SOLD)),
    ("1027", adjustment("810001", "", credit="02", at="2029-03-10T10:00:00-03:00") | refers(SOLD), credit("03", SOLD)),
    ("1003", credit("04", COUPON), credit("03", COUPON)),
    (
        "1001",
        reform("811001", COMPETENCE.format("1.00")) | {"ide/finNFe>": "<tpNFDebito>02</tpNFDebito>", "ide/finNFe": "6"},
        IMMUNE,
    ),
    ("1042", credit("06") | {"det/vItem>": BY_ITEM.format(SOLD)}, credit("06")),
    # billing
    ("905", billed(ONE, fat=""), billed(ONE)),
    (
        "901",
        billed(ONE, fat="<fat><nFat>1</nFat><vOrig>190.00</vOrig><vDesc>190.01</vDesc><vLiq>190.00</vLiq></fat>"),
        billed(ONE),
    ),
    ("902", billed(ONE, fat="<fat><nFat>1</nFat><vOrig>191.00</vOrig><vLiq>190.00</vLiq></fat>"), billed(ONE)),
    ("851", billed(("001", "2026-12-21", "189.99")), billed(ONE)),
    ("852", billed(("1", "2026-12-21", "190.00")), billed(ONE)),
    ("853", billed(("001", "2026-11-21", "190.00")), billed(("001", "2026-11-22", "190.00"))),
    ("853", billed(*HALVES, indPag="0"), billed(*HALVES)),
    ("900", billed(("001", "2026-11-20", "95.00"), HALVES[1]), billed(*HALVES)),
    ("850", billed(("001", "2027-02-21", "95.00"), HALVES[1]), billed(*HALVES)),
    ("797", billed(("001", "2036-11-22", "190.00")), billed(("001", "2036-11-21", "190.00"))),
    # service
    *[
        (cStat, service(**{field: "9.99"}), service())
        for field, cStat in [
            ("vServ", "605"),
            ("vBC", "606"),
            ("vISS", "607"),
            ("vPIS", "608"),
            ("vCOFINS", "609"),
            ("vDeducao", "364"),
            ("vOutro", "365"),
            ("vDescIncond", "366"),
            ("vDescCond", "367"),
            ("vISSRet", "368"),
        ]
        if field != "vServ"
    ],
    ("605", service(vServ="100.01") | {"total/ICMSTot/vNF": "190.01", "pag/detPag/vPag": "190.01"}, service()),
    ("530", service() | {"emit/IM": None}, service()),
    # registries
    ("230", registered(state="{" + f'"{BUYER}": {{}}' + "}"), registered(state="{" + ISSUER + "}")),
    ("231", registered(state="{" + ISSUER.replace(ISSUER_IE, "110042490115") + "}"), registered(state="{" + ISSUER + "}")),
    (
        "203",
        registered(state="{" + ISSUER.replace("}}", '}, "enabled": false}') + "}"),
        registered(state="{" + ISSUER + "}"),
    ),
    (
        "232",
        {"dest/CPF>": f"<CNPJ>{BUYER}</CNPJ>", "dest/CPF": None}
        | registered(state="{" + ISSUER + f', "{BUYER}": {{"ie": {{"SP": "{BUYER_IE}"}}}}' + "}"),
        {"dest/CPF>": f"<CNPJ>{BUYER}</CNPJ>", "dest/CPF": None} | registered(state="{" + ISSUER + "}"),
    ),
    (
        "233",
        {**TO_COMPANY, "dest/IE": "110042490114"} | registered(state="{" + ISSUER + "}") | {"dest/IE": "111111110006"},
        {**TO_COMPANY} | registered(state="{" + ISSUER + f', "{BUYER}": {{"ie": {{"SP": "{BUYER_IE}"}}}}' + "}"),
    ),
    (
        "234",
        {**TO_COMPANY} | registered(state="{" + ISSUER + "}"),
        {**TO_COMPANY} | registered(state="{" + ISSUER + f', "{BUYER}": {{"ie": {{"SP": "{BUYER_IE}"}}}}' + "}"),
    ),
    ("178", registered(rfb="{" + f'"{BUYER}": {{}}' + "}"), registered(rfb="{" + f'"{CNPJ}": {{}}' + "}")),
    ("179", registered(rfb="{" + f'"{CNPJ}": {{"standing": "irregular"}}' + "}"), registered(rfb="{" + f'"{CNPJ}": {{}}' + "}")),
    ("180", registered(rfb="{" + f'"{CNPJ}": {{"CRT": "1"}}' + "}"), registered(rfb="{" + f'"{CNPJ}": {{"CRT": "3"}}' + "}")),
    (
        "181",
        {**TO_COMPANY} | registered(rfb="{" + f'"{CNPJ}": {{}}' + "}"),
        {**TO_COMPANY} | registered(rfb="{" + f'"{CNPJ}": {{}}, "{BUYER}": {{}}' + "}"),
    ),
    (
        "182",
        {**TO_COMPANY} | registered(rfb="{" + f'"{CNPJ}": {{}}, "{BUYER}": {{"standing": "irregular"}}' + "}"),
        {**TO_COMPANY} | registered(rfb="{" + f'"{CNPJ}": {{}}, "{BUYER}": {{}}' + "}"),
    ),
    ("778", registered(ncm='["62034200"]'), registered(ncm='["61091000"]')),
    # infRespTec
    ("972", IN_PR, IN_PR | responsible(csrt=CSRT.format(WRONG_HASH))),
    ("975", IN_PR | responsible(), IN_PR | responsible(csrt=CSRT.format(WRONG_HASH))),
    ("973", responsible(cnpj="11222333000180"), responsible()),
    (
        "976",
        responsible(csrt=CSRT.format(WRONG_HASH)) | registered(csrt='{"02": "X"}'),
        responsible(csrt=CSRT.format(WRONG_HASH)),
    ),
    ("977", responsible(csrt=CSRT.format(WRONG_HASH)) | registered(csrt_revoked='["01"]'), responsible()),
    ("978", responsible(csrt=CSRT.format(WRONG_HASH)) | registered(csrt='{"01": "X"}'), responsible()),
    # issuer without IE
    (
        "157",
        {"emit/CNPJ>": "<CPF>52998224725</CPF>", "emit/CNPJ": None, "emit/IE": None, "ide/serie": "920", "@rules": ""},
        PASSES,
    ),
    ("161", one_item() | {"emit/IE": None, "det/prod/CFOP": "5908"}, PASSES),
    ("159", reform("410003", "") | {"emit/IE": None, "det/imposto/ICMS": None}, PASSES),
    ("162", simples(SN102) | {"emit/IE": None, "det/imposto/ICMS": None, "det/prod/CFOP": "5908"}, PASSES),
    ("158", {"emit/IE>": "<IEST>110042490114</IEST>", "emit/IE": None}, PASSES),
]
