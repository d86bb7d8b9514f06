"""IBS and CBS: what breaks each rule of the groups UB and W34 to W60, and the nearest note that keeps it."""

from __future__ import annotations

from sim_sefaz_note import Edits
from sim_sefaz_variants import PASSES, one_item

BASE = "70.69"
"""Base of the one item. 0.1% of it is 0.07069, 0.9% is 0.63621."""
RED60_UF = "<gRed><pRedAliq>60.0000</pRedAliq><pAliqEfet>0.0400</pAliqEfet></gRed>"
RED60_MUN = "<gRed><pRedAliq>60.0000</pRedAliq><pAliqEfet>0.0000</pAliqEfet></gRed>"
RED60_CBS = "<gRed><pRedAliq>60.0000</pRedAliq><pAliqEfet>0.3600</pAliqEfet></gRed>"
NOT_RED = "<gRed><pRedAliq>0.0000</pRedAliq><pAliqEfet>{}</pAliqEfet></gRed>"
REGULAR = (
    "<gTribRegular><CSTReg>000</CSTReg><cClassTribReg>000001</cClassTribReg><pAliqEfetRegIBSUF>0.1000</pAliqEfetRegIBSUF>"
    "<vTribRegIBSUF>0.07</vTribRegIBSUF><pAliqEfetRegIBSMun>0.0000</pAliqEfetRegIBSMun><vTribRegIBSMun>0.00</vTribRegIBSMun>"
    "<pAliqEfetRegCBS>0.9000</pAliqEfetRegCBS><vTribRegCBS>0.64</vTribRegCBS></gTribRegular>"
)
GOVERNMENT = "<gCompraGov><tpEnteGov>2</tpEnteGov><pRedutor>0.0000</pRedutor><tpOperGov>1</tpOperGov></gCompraGov>"
SHARED = (
    "<gTribCompraGov><pAliqIBSUF>0.1000</pAliqIBSUF><vTribIBSUF>{}</vTribIBSUF><pAliqIBSMun>0.0000</pAliqIBSMun>"
    "<vTribIBSMun>0.00</vTribIBSMun><pAliqCBS>0.9000</pAliqCBS><vTribCBS>0.64</vTribCBS></gTribCompraGov>"
)


def values(
    *, uf: str = "", mun: str = "", cbs: str = "", vUF: str = "0.07", vMun: str = "0.00", vCBS: str = "0.64", pUF: str = "0.1000",
    pCBS: str = "0.9000", vIBS: str | None = None, after: str = "",
) -> str:  # fmt: skip
    """gIBSCBS over BASE; `uf`, `mun` and `cbs` go between rate and value of each tax, `after` at the end."""
    return (
        f"<gIBSCBS><vBC>{BASE}</vBC><gIBSUF><pIBSUF>{pUF}</pIBSUF>{uf}<vIBSUF>{vUF}</vIBSUF></gIBSUF><gIBSMun>"
        f"<pIBSMun>0.0000</pIBSMun>{mun}<vIBSMun>{vMun}</vIBSMun></gIBSMun><vIBS>{vUF if vIBS is None else vIBS}</vIBS>"
        f"<gCBS><pCBS>{pCBS}</pCBS>{cbs}<vCBS>{vCBS}</vCBS></gCBS>{after}</gIBSCBS>"
    )


def reform(
    code: str, inner: str, *, vUF: str = "0.00", vCBS: str = "0.00", dif: tuple[str, str] | None = None, vBC: str | None = None
) -> dict[str, str | None]:
    """A one-item note whose IBSCBS has this cClassTrib and content, with the totals it asks for."""
    group = f"<IBSCBS><CST>{code[:3]}</CST><cClassTrib>{code}</cClassTrib>{inner}</IBSCBS>"
    base = vBC if vBC is not None else BASE if "<gIBSCBS>" in inner else "0.00"
    edits = one_item() | {
        "det/imposto/IBSCBS>": group,
        "det/imposto/IBSCBS": None,
        "total/IBSCBSTot/vBCIBSCBS": base,
        "total/IBSCBSTot/gIBS/gIBSUF/vIBSUF": vUF,
        "total/IBSCBSTot/gIBS/vIBS": vUF,
        "total/IBSCBSTot/gCBS/vCBS": vCBS,
    }
    if dif is not None:
        edits |= {"total/IBSCBSTot/gIBS/gIBSUF/vDif": dif[0], "total/IBSCBSTot/gCBS/vDif": dif[1]}
    return edits


def deferred(uf: str, cbs: str, *, red: bool = False, pDif: str = "100.0000") -> str:
    """gIBSCBS with everything deferred; a gDif of None text is left out."""
    dif = "<gDif><pDif>" + pDif + "</pDif><vDif>{}</vDif></gDif>"
    return values(
        uf=(dif.format(uf) if uf else "") + (RED60_UF if red else ""),
        mun=dif.format("0.00") + (RED60_MUN if red else ""),
        cbs=(dif.format(cbs) if cbs else "") + (RED60_CBS if red else ""),
        vUF="0.00",
        vCBS="0.00",
    )


REDUCED = reform("200034", values(uf=RED60_UF, mun=RED60_MUN, cbs=RED60_CBS, vUF="0.03", vCBS="0.25"), vUF="0.03", vCBS="0.25")
DEFERRED = reform("510001", deferred("0.07", "0.64"), dif=("0.07", "0.64"))
SUSPENDED = reform("550001", values(pUF="0.0000", pCBS="0.0000", vUF="0.00", vCBS="0.00", after=REGULAR))
FULL = reform("000001", values(), vUF="0.07", vCBS="0.64")
REVERSED = "<gEstornoCred><vIBSEstCred>{}</vIBSEstCred><vCBSEstCred>0.00</vCBSEstCred></gEstornoCred>"
REVERSED_TOTAL = "<gEstornoCred><vIBSEstCred>{}</vIBSEstCred><vCBSEstCred>{}</vCBSEstCred></gEstornoCred>"
DONATED = reform("410026", REVERSED.format("1.00")) | {"total/IBSCBSTot/gCBS>": REVERSED_TOTAL.format("1.00", "0.00")}
PRESUMED = (
    "<gCredPresOper><vBCCredPres>70.69</vBCCredPres><cCredPres>{code}</cCredPres><gIBSCredPres><pCredPres>1.0000</pCredPres>"
    "{ibs}</gIBSCredPres><gCBSCredPres><pCredPres>1.0000</pCredPres>{cbs}</gCBSCredPres></gCredPresOper>"
)


def presumed(code: str = "01", ibs: str = "<vCredPres>0.50</vCredPres>", cbs: str = "<vCredPres>0.50</vCredPres>") -> str:
    return PRESUMED.format(code=code, ibs=ibs, cbs=cbs)


def with_credit(inner: str, ibs: str = "0.50", cbs: str = "0.50") -> dict[str, str | None]:
    return reform("410016", inner) | {"total/IBSCBSTot/gIBS/vCredPres": ibs, "total/IBSCBSTot/gCBS/vCredPres": cbs}


def adjustment(code: str, inner: str, *, debit: str = "", credit: str = "", at: str = "") -> dict[str, str | None]:
    """A debit or credit note of one item that carries IBS and CBS only."""
    edits = reform(code, inner)
    kind = f"<tpNFDebito>{debit}</tpNFDebito>" if debit else f"<tpNFCredito>{credit}</tpNFCredito>" if credit else ""
    edits |= {"ide/finNFe>": kind} if kind else {}
    edits |= {
        "ide/finNFe": "6" if debit else "5",
        "det/imposto/ICMS": None,
        "det/imposto/PIS": None,
        "det/imposto/COFINS": None,
        "total/ICMSTot/vBC": "0.00",
        "total/ICMSTot/vICMS": "0.00",
        "total/ICMSTot/vPIS": "0.00",
        "total/ICMSTot/vCOFINS": "0.00",
        "pag/detPag/tPag": "90",
        "pag/detPag/vPag": "0.00",
    }
    if not debit:
        edits |= {"ide/tpNF": "0", "det/prod/CFOP": "1949"}
    return edits | ({"@at": at, "ide/dhEmi": at} if at else {})


TRANSFER = "<gTransfCred><vIBS>{}</vIBS><vCBS>0.00</vCBS></gTransfCred>"
COMPETENCE = "<gAjusteCompet><competApur>2026-10</competApur><vIBS>{}</vIBS><vCBS>0.00</vCBS></gAjusteCompet>"
ZONE = (
    "<gCredPresIBSZFM><competApur>{}</competApur><tpCredPresIBSZFM>1</tpCredPresIBSZFM>"
    "<vCredPresIBSZFM>1.00</vCredPresIBSZFM></gCredPresIBSZFM>"
)
IN_2029 = "2029-03-10T10:00:00-03:00"
MERGER = adjustment("800001", TRANSFER.format("1.00"), debit="05")
IMMUNE = adjustment("811001", COMPETENCE.format("1.00"), debit="02")
ZONE_NOTE = adjustment("810001", ZONE.format("2029-02"), credit="02", at=IN_2029)
LOSS = adjustment("410030", REVERSED.format("1.00"), debit="07") | {
    "total/IBSCBSTot/gCBS>": REVERSED_TOTAL.format("1.00", "0.00")
}


def zone_item() -> str:
    """Two items that claim the same credit of the Zona Franca."""
    item = "<det nItem='{n}'><prod><CFOP>1949</CFOP></prod><imposto><IBSCBS><CST>810</CST><cClassTrib>810001</cClassTrib>"
    return "".join(item.format(n=n) + ZONE.format("2026-10") + "</IBSCBS></imposto></det>" for n in (1, 2))


CREDITS = '{{"taxpayers": {{"cred_pres": {{"01": {}}}}}}}'

CASES: list[tuple[str, Edits, Edits]] = [
    ("1023", {"det/imposto/IBSCBS/cClassTrib": "000999"}, PASSES),
    ("1025", {"det/imposto/IBSCBS/cClassTrib": "000002"}, PASSES),
    ("1032", reform("000001", values(uf=NOT_RED.format("0.1000")), vUF="0.07", vCBS="0.64"), FULL),
    ("1033", reform("200034", values(mun=RED60_MUN, cbs=RED60_CBS, vCBS="0.25"), vUF="0.07", vCBS="0.25"), REDUCED),
    ("1034", REDUCED | {"det/imposto/IBSCBS/gIBSCBS/gIBSUF/gRed/pRedAliq": "50.0000"}, REDUCED),
    ("1035", REDUCED | {"det/imposto/IBSCBS/gIBSCBS/gIBSUF/gRed/pAliqEfet": "0.0500"}, REDUCED),
    ("1007", reform("000001", values(mun=NOT_RED.format("0.0000")), vUF="0.07", vCBS="0.64"), FULL),
    ("1074", reform("200034", values(uf=RED60_UF, cbs=RED60_CBS, vUF="0.03", vCBS="0.25"), vUF="0.03", vCBS="0.25"), REDUCED),
    ("1046", REDUCED | {"det/imposto/IBSCBS/gIBSCBS/gIBSMun/gRed/pRedAliq": "50.0000"}, REDUCED),
    ("1047", REDUCED | {"det/imposto/IBSCBS/gIBSCBS/gIBSMun/gRed/pAliqEfet": "0.0100"}, REDUCED),
    ("1028", reform("000001", values(cbs=NOT_RED.format("0.9000")), vUF="0.07", vCBS="0.64"), FULL),
    ("1079", reform("200034", values(uf=RED60_UF, mun=RED60_MUN, vUF="0.03"), vUF="0.03", vCBS="0.64"), REDUCED),
    ("1063", REDUCED | {"det/imposto/IBSCBS/gIBSCBS/gCBS/gRed/pRedAliq": "50.0000"}, REDUCED),
    ("1029", reform("000001", values(uf="<gDif><pDif>0.0000</pDif><vDif>0.00</vDif></gDif>"), vUF="0.07", vCBS="0.64"), FULL),
    ("1030", reform("510001", deferred("", "0.64").replace("<vIBSUF>0.00", "<vIBSUF>0.07")), DEFERRED),
    ("1031", reform("510001", deferred("0.09", "0.64"), dif=("0.09", "0.64")), DEFERRED),
    ("1083", reform("000001", values(mun="<gDif><pDif>0.0000</pDif><vDif>0.00</vDif></gDif>"), vUF="0.07", vCBS="0.64"), FULL),
    ("1044", DEFERRED | {"det/imposto/IBSCBS/gIBSCBS/gIBSMun/gDif": None}, DEFERRED),
    ("1045", DEFERRED | {"det/imposto/IBSCBS/gIBSCBS/gIBSMun/gDif/vDif": "0.02"}, DEFERRED),
    ("1090", reform("000001", values(cbs="<gDif><pDif>0.0000</pDif><vDif>0.00</vDif></gDif>"), vUF="0.07", vCBS="0.64"), FULL),
    ("1061", reform("510001", deferred("0.07", "").replace("<vCBS>0.00", "<vCBS>0.64")), DEFERRED),
    ("1062", reform("510001", deferred("0.07", "0.66"), dif=("0.07", "0.66")), DEFERRED),
    ("1111", reform("000001", values(uf="<gDevTrib><vDevTrib>0.00</vDevTrib></gDevTrib>"), vUF="0.07", vCBS="0.64"), FULL),
    ("1112", reform("000001", values(mun="<gDevTrib><vDevTrib>0.00</vDevTrib></gDevTrib>"), vUF="0.07", vCBS="0.64"), FULL),
    ("1188", reform("000001", values(cbs="<gDevTrib><vDevTrib>0.00</vDevTrib></gDevTrib>"), vUF="0.07", vCBS="0.64"), FULL),
    # a half of 0.64 given back: 0.32, and 0.32 left
    (
        "1189",
        reform("000001", values(cbs="<gDevTrib><pDevTrib>50.0000</pDevTrib><vDevTrib>0.34</vDevTrib></gDevTrib>", vCBS="0.30"))
        | {"total/IBSCBSTot/gCBS/vDevTrib": "0.34"},
        reform(
            "000001",
            values(cbs="<gDevTrib><pDevTrib>50.0000</pDevTrib><vDevTrib>0.32</vDevTrib></gDevTrib>", vCBS="0.32"),
            vUF="0.07",
            vCBS="0.32",
        )
        | {"total/IBSCBSTot/gCBS/vDevTrib": "0.32"},
    ),
    # Exception 1: a suspended tax has rates of zero.
    ("1026", reform("550001", values(pCBS="0.0000", vCBS="0.00", after=REGULAR), vUF="0.07"), SUSPENDED),
    ("1065", SUSPENDED | {"det/imposto/IBSCBS/gIBSCBS/gTribRegular": None}, SUSPENDED),
    ("1114", reform("000001", values(after=REGULAR), vUF="0.07", vCBS="0.64"), FULL),
    ("1066", SUSPENDED | {"det/imposto/IBSCBS/gIBSCBS/gTribRegular/CSTReg": "999"}, SUSPENDED),
    ("1067", SUSPENDED | {"det/imposto/IBSCBS/gIBSCBS/gTribRegular/cClassTribReg": "000999"}, SUSPENDED),
    ("1040", SUSPENDED | {"det/imposto/IBSCBS/gIBSCBS/gTribRegular/vTribRegIBSUF": "0.09"}, SUSPENDED),
    ("1051", SUSPENDED | {"det/imposto/IBSCBS/gIBSCBS/gTribRegular/vTribRegIBSMun": "0.02"}, SUSPENDED),
    ("1068", SUSPENDED | {"det/imposto/IBSCBS/gIBSCBS/gTribRegular/vTribRegCBS": "0.66"}, SUSPENDED),
    # sale to the government: 0.07 + 0.64 = 0.71, and 0.75 is 0.04 away
    (
        "1141",
        FULL | {"ide/verProc>": GOVERNMENT},
        FULL | {"ide/verProc>": GOVERNMENT, "det/imposto/IBSCBS/gIBSCBS/gCBS>": SHARED.format("0.07")},
    ),
    (
        "1142",
        FULL | {"ide/verProc>": GOVERNMENT, "det/imposto/IBSCBS/gIBSCBS/gCBS>": SHARED.format("0.12")},
        FULL | {"ide/verProc>": GOVERNMENT, "det/imposto/IBSCBS/gIBSCBS/gCBS>": SHARED.format("0.11")},
    ),
    ("1144", FULL | {"det/imposto/IBSCBS/gIBSCBS/gCBS>": SHARED.format("0.07")}, FULL),
    # kinds of debit and credit notes
    ("1202", reform("811001", COMPETENCE.format("1.00")), IMMUNE),
    ("1200", adjustment("000001", values(), debit="02"), IMMUNE),
    ("1201", adjustment("000001", values(), credit="05"), adjustment("800001", TRANSFER.format("1.00"), debit="05")),
    ("1131", reform("410003", TRANSFER.format("1.00")), MERGER),
    ("1132", adjustment("800001", "", debit="05"), MERGER),
    ("1133", adjustment("800001", TRANSFER.format("1.00"), credit="05"), MERGER),
    ("1168", adjustment("800001", TRANSFER.format("1.00"), debit="04") | {"@rules": ""}, MERGER),
    ("1129", adjustment("800001", TRANSFER.format("0.00"), debit="05"), MERGER),
    ("1169", adjustment("410003", COMPETENCE.format("1.00"), debit="04"), IMMUNE),
    ("1170", adjustment("811001", "", debit="02"), IMMUNE),
    ("1171", adjustment("811001", COMPETENCE.format("0.00"), debit="02"), IMMUNE),
    ("1172", FULL | {"det/imposto/IBSCBS/gIBSCBS>": REVERSED.format("1.00")}, FULL),
    ("1173", reform("410026", ""), DONATED),
    ("1174", reform("410026", REVERSED.format("0.00")), DONATED),
    ("1176", DONATED | {"total/IBSCBSTot/gEstornoCred/vIBSEstCred": "2.00"}, DONATED),
    ("1177", DONATED | {"total/IBSCBSTot/gEstornoCred/vCBSEstCred": "0.01"}, DONATED),
    ("1022", reform("000001", ""), LOSS),
    # presumed credits
    ("1175", reform("410003", presumed()), with_credit(presumed())),
    ("1055", with_credit(presumed("14")), with_credit(presumed("13"))),
    ("1086", with_credit(presumed(), ibs="0.49"), with_credit(presumed())),
    ("1087", with_credit(presumed(), cbs="0.49"), with_credit(presumed())),
    (
        "1107",
        with_credit(presumed("04", ibs="<vCredPres>100.01</vCredPres>"), ibs="100.01"),
        with_credit(presumed("04", ibs="<vCredPres>100.00</vCredPres>"), ibs="100.00"),
    ),
    (
        "1124",
        with_credit(presumed("04", cbs="<vCredPres>100.01</vCredPres>"), cbs="100.01"),
        with_credit(presumed("04", cbs="<vCredPres>100.00</vCredPres>"), cbs="100.00"),
    ),
    (
        "1056",
        with_credit(presumed("04", ibs="<vCredPresCondSus>0.50</vCredPresCondSus>"), ibs="0.00"),
        with_credit(presumed("04")),
    ),
    (
        "1060",
        with_credit(presumed("04", cbs="<vCredPresCondSus>0.50</vCredPresCondSus>"), cbs="0.00"),
        with_credit(presumed("04")),
    ),
    (
        "1053",
        with_credit(presumed()) | {"@state": CREDITS.format('["CBS"]')},
        with_credit(presumed()) | {"@state": CREDITS.format('["IBS", "CBS"]')},
    ),
    ("1050", with_credit(presumed()) | {"@state": CREDITS.format('["IBS"]')}, with_credit(presumed())),
    (
        "1054",
        with_credit(presumed(), ibs="0.00")
        | {"det/imposto/IBSCBS/gCredPresOper/gIBSCredPres": None, "@state": CREDITS.format('["IBS", "CBS"]')},
        with_credit(presumed(), ibs="0.00")
        | {"det/imposto/IBSCBS/gCredPresOper/gIBSCredPres": None, "@state": CREDITS.format('["CBS"]')},
    ),
    (
        "1058",
        with_credit(presumed(), cbs="0.00")
        | {"det/imposto/IBSCBS/gCredPresOper/gCBSCredPres": None, "@state": CREDITS.format('["IBS", "CBS"]')},
        with_credit(presumed(), cbs="0.00")
        | {"det/imposto/IBSCBS/gCredPresOper/gCBSCredPres": None, "@state": CREDITS.format('["IBS"]')},
    ),
    # Zona Franca
    ("1134", reform("410003", ZONE.format("2026-10")), ZONE_NOTE),
    ("1135", adjustment("810001", "", credit="02", at=IN_2029), ZONE_NOTE),
    ("1159", adjustment("410003", "", credit="02", at=IN_2029) | {"@rules": ""}, ZONE_NOTE),
    ("1158", adjustment("810001", ZONE.format("2029-02"), credit="04", at=IN_2029) | {"@rules": ""}, ZONE_NOTE),
    ("1160", adjustment("810001", ZONE.format("2029-04"), credit="02", at=IN_2029), ZONE_NOTE),
    ("1145", adjustment("810001", ZONE.format("2026-10"), credit="02"), ZONE_NOTE),
]
