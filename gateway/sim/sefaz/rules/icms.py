"""Group N: ICMS of each item, its substitution and its FCP. Source: MOC 7.0 annex I N; NT 2015.003, NT 2016.002, NT 2023.001."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.sim.sefaz import tables
from gateway.sim.sefaz.document import Node, Note, amount, find, text
from gateway.sim.sefaz.messages import Refusal
from gateway.sim.sefaz.rules.arithmetic import HUNDRED, differs, percent
from gateway.sim.sefaz.rules.conditions import Conditions
from gateway.sim.sefaz.rules.difal import IMPORTED, interstate_rate

_NEEDS_CEST = frozenset({"10", "30", "60", "70", "201", "202", "203", "500"})
_NEEDS_CEST_WITH_ST = frozenset({"90", "900"})
_TAXED = frozenset({"00", "10", "20", "70", "90"})
_MULTIPLIED = frozenset({"00", "10", "20", "70"})
_OF_SIMPLES_TOO = frozenset({"02", "15", "53", "61"})
_TO_CONSUMER = frozenset({"00", "20", "40", "41", "60", "02", "15", "53", "61"})
_TO_CONSUMER_SIMPLES = frozenset({"102", "103", "300", "400", "500"})
_REPAIR_OR_SHOW = frozenset(first + rest for first in "1256" for rest in ("912", "913", "915", "916"))
_TO_ORDER = frozenset({"6118", "6119", "6122", "6123"})
_DEFERRED = frozenset({"5123", "5922", "6123", "6922"})
_Broken = Iterator[tuple[str, str]]


def rules(note: Note, _: Conditions) -> Iterator[Refusal]:
    """Every item that has a group of ICMS."""
    for det in note.items:
        icms = find(det, "imposto/ICMS/*")
        prod = find(det, "prod")
        if icms is None or prod is None:
            continue
        where = f"[nItem:{det.nItem}]"
        for rule, cStat in _of_item(note, prod, icms, text(icms, "CST"), text(icms, "CSOSN")):
            yield Refusal(cStat, where, rule)


def _of_item(note: Note, prod: Node, icms: Node, cst: str, csosn: str) -> _Broken:
    if not text(note.emit, "IE") and note.mod == "55" and note.finNFe != "4" and note.tpNFCredito != "03":
        yield "N01-10", "161"
    # The layout gives the sharing between states (ICMSPart) and the passing on (ICMSST) a CST only: no CSOSN could stand for it.
    shared = find(icms, "pBCOp") is not None or find(icms, "vBCSTDest") is not None
    if note.CRT in ("1", "4") and cst and cst not in _OF_SIMPLES_TOO and not shared:
        yield "N12-20", "590"
    if note.CRT in ("2", "3") and csosn:
        yield "N12a-10", "591"
    code = cst or csosn
    with_st = code in _NEEDS_CEST or (code in _NEEDS_CEST_WITH_ST and amount(icms, "vICMSST") != 0)
    if with_st and not text(prod, "CEST") and find(icms, "pBCOp") is None:
        yield "N23-10", "806"
    if note.mod == "55":
        yield from _situation(note, text(prod, "CFOP"), cst, csosn)
    yield from _value(note, icms, cst)
    yield from _fcp(note, icms, cst)
    if text(icms, "motDesICMS") and amount(icms, "vICMSDeson") == 0:
        yield "N28-30", "627"
    yield from _interstate(note, text(prod, "CFOP"), icms, cst)


def _situation(note: Note, cfop: str, cst: str, csosn: str) -> _Broken:
    """N12-10 to N12-80: the situation against who buys."""
    if cfop[0] == "7" and note.finNFe != "4" and ((cst and cst != "41") or (csosn and csosn != "300")):
        yield "N12-10", "527"
    if note.indIEDest == "2" and cst in ("50", "51"):
        repair = cst == "50" and cfop in _REPAIR_OR_SHOW
        internal = cst == "51" and note.idDest == "1"
        if not repair and not internal:
            yield "N12-80", "529"
    if note.indIEDest != "9" or note.tpNF == "0" or note.idDest == "3":
        return
    if cst and cst not in _TO_CONSUMER and not _allowed_to_consumer(note, cfop, cst):
        yield "N12-70", "508"
    if csosn and csosn not in _TO_CONSUMER_SIMPLES and cfop not in _REPAIR_OR_SHOW:
        yield "N12a-70", "600"


def _allowed_to_consumer(note: Note, cfop: str, cst: str) -> bool:
    """Exceptions of N12-70, with those that a UF may grant."""
    if cst == "50":
        moved = cfop in tables.cfops("retorno") or cfop in tables.cfops("remessa") or cfop in ("5949", "6949")
        return moved or note.finNFe == "4"
    if cst == "51":
        return note.finNFe == "4" or note.idDest == "1" or cfop in _DEFERRED
    return (cst == "10" and note.idDest == "1") or (cst == "30" and note.idDest == "2")


def _value(note: Note, icms: Node, cst: str) -> _Broken:
    """N16a-10 to N17-20: own ICMS and its deferral."""
    if cst == "51" or find(icms, "vICMSOp") is not None:  # N10 holds the deferral too: vICMS is then what is left of vICMSOp
        vICMSOp = amount(icms, "vICMSOp")
        if find(icms, "vICMSOp") is not None and differs(vICMSOp, percent(icms, "vBC", "pICMS")):
            yield "N16a-10", "351"
        if find(icms, "vICMSDif") is not None:
            if differs(amount(icms, "vICMSDif"), vICMSOp * amount(icms, "pDif") / HUNDRED):
                yield "N16c-10", "352"
            if differs(amount(icms, "vICMS"), vICMSOp - amount(icms, "vICMSDif")):
                yield "N17-10", "353"
    elif cst in _MULTIPLIED and note.finNFe == "1" and differs(amount(icms, "vICMS"), percent(icms, "vBC", "pICMS")):
        yield "N17-20", "528"


def _fcp(note: Note, icms: Node, cst: str) -> _Broken:
    """N17b-10 to N27b-10."""
    if find(icms, "pFCP") is not None:
        if amount(icms, "pFCP") == 0:
            yield "N17b-10", "880"
        if note.finNFe == "1" and differs(amount(icms, "vFCP"), percent(icms, "vBC" if cst == "00" else "vBCFCP", "pFCP")):
            yield "N17c-10", "860"
        if note.mod == "55" and note.consumer_in_other_uf:
            yield "N17c-20", "876"
    for tag, rule in (("pFCPST", "N23b-10"), ("pFCPSTRet", "N27b-10")):
        if find(icms, tag) is not None and amount(icms, tag) == 0:
            yield rule, "881"


def _interstate(note: Note, cfop: str, icms: Node, cst: str) -> _Broken:
    """N16-04 and N16-20: the rate of what leaves the UF."""
    if note.mod != "55" or note.idDest != "2" or note.tpNF != "1" or cst not in _TAXED:
        return
    back = cfop in tables.cfops("retorno") or cfop in _TO_ORDER
    pICMS, imported = amount(icms, "pICMS"), text(icms, "orig") in IMPORTED
    if imported and pICMS > 4 and note.finNFe != "4" and not back:
        yield "N16-04", "663"
    if note.finNFe != "1" or back or cfop in tables.cfops("anulacao"):
        return
    elsewhere = find(note.inf, "entrega") is not None or find(note.inf, "retirada") is not None
    if not elsewhere and pICMS > interstate_rate(note, imported=imported):
        yield "N16-20", "693"
