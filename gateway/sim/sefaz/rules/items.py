"""Groups I, N and NA: products, ICMS and DIFAL of each item. Source: MOC 7.0 annex I; NT 2015.003; NT 2016.002."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from gateway.sim.sefaz.chave import valid_gtin
from gateway.sim.sefaz.document import Node, Note, amount, find, find_all, text
from gateway.sim.sefaz.messages import Refusal
from gateway.sim.sefaz.rules.conditions import Conditions

TOLERANCE = Decimal("0.01")
_HUNDRED = Decimal(100)
_IMPORTED = frozenset({"1", "2", "3", "8"})
_SOUTH_SOUTHEAST = frozenset({"MG", "PR", "RJ", "RS", "SC", "SP"})
_NEEDS_CEST = frozenset({"10", "30", "60", "70", "201", "202", "203", "500"})
_TAXED = frozenset({"00", "10", "20", "70", "90"})
_SCOPE_OF_CFOP = {"1": "1", "5": "1", "2": "2", "6": "2", "3": "3", "7": "3"}
_WRONG_SCOPE = {"1": "733", "2": "732", "3": "731"}
_WITHOUT_GTIN = frozenset({"", "SEM GTIN"})


def differs(value: Decimal, expected: Decimal) -> bool:
    """Apart by more than the centavo that the MOC tolerates in a product."""
    return abs(value - expected) > TOLERANCE


def rules(note: Note, _: Conditions) -> Iterator[Refusal]:
    """Every item, in order."""
    for det in note.items:
        where = f"[nItem:{det.nItem}]"
        for cStat in _of_item(note, det):
            yield Refusal(cStat, where)


def _of_item(note: Note, det: Node) -> Iterator[str]:
    prod, imposto = find(det, "prod"), find(det, "imposto")
    if prod is None or imposto is None:
        return
    yield from _product(note, prod)
    icms = find(imposto, "ICMS/*")
    if icms is not None:
        yield from _icms(note, prod, icms)
    yield from _difal(note, imposto, icms)
    if note.mod == "55" and note.finNFe not in ("5", "6"):
        if find(imposto, "PIS") is None:
            yield "745"
        if find(imposto, "COFINS") is None:
            yield "748"


def _product(note: Note, prod: Node) -> Iterator[str]:
    for tag, cStat in (("cEAN", "611"), ("cEANTrib", "612")):
        gtin = text(prod, tag)
        if gtin not in _WITHOUT_GTIN and not valid_gtin(gtin):
            yield cStat
    ncm = text(prod, "NCM")
    if len(ncm) != 8 and ncm != "00":
        yield "777"
    if ncm == "00000000":
        yield "778"
    cfop = text(prod, "CFOP")
    outgoing = text(note.ide, "tpNF") == "1"
    if outgoing and cfop[0] in "123":
        yield "518"
    if not outgoing and cfop[0] in "567":
        yield "519"
    scope = _SCOPE_OF_CFOP[cfop[0]]
    if scope != note.idDest:
        yield _WRONG_SCOPE[scope]
    if note.finNFe == "1":
        vProd = amount(prod, "vProd")
        if differs(vProd, amount(prod, "qCom") * amount(prod, "vUnCom")):
            yield "629"
        if differs(vProd, amount(prod, "qTrib") * amount(prod, "vUnTrib")):
            yield "630"


def _icms(note: Note, prod: Node, icms: Node) -> Iterator[str]:
    cst, csosn = text(icms, "CST"), text(icms, "CSOSN")
    if note.CRT in ("1", "4") and cst and cst not in ("02", "15", "53", "61"):
        yield "590"
    if note.CRT in ("2", "3") and csosn:
        yield "591"
    if (cst or csosn) in _NEEDS_CEST and not text(prod, "CEST"):
        yield "806"
    if cst == "51":
        if find(icms, "vICMSOp") is not None and differs(amount(icms, "vICMSOp"), _percent(icms, "vBC", "pICMS")):
            yield "351"
    elif find(icms, "vICMS") is not None and differs(amount(icms, "vICMS"), _percent(icms, "vBC", "pICMS")):
        yield "528"
    if find(icms, "vFCP") is not None:
        base = "vBC" if cst == "00" else "vBCFCP"
        if note.finNFe == "1" and differs(amount(icms, "vFCP"), _percent(icms, base, "pFCP")):
            yield "860"
        if note.consumer_in_other_uf:
            yield "876"
    if note.idDest == "2" and text(note.ide, "tpNF") == "1" and cst in _TAXED:
        imported = text(icms, "orig") in _IMPORTED
        if imported and amount(icms, "pICMS") > 4:
            yield "663"
        if amount(icms, "pICMS") > _interstate_rate(note, imported=imported):
            yield "693"


def _difal(note: Note, imposto: Node, icms: Node | None) -> Iterator[str]:
    group = find(imposto, "ICMSUFDest")
    if group is None:
        taxed = icms is not None and text(icms, "CST") in _TAXED
        if note.consumer_in_other_uf and note.mod == "55" and note.CRT in ("2", "3") and taxed and note.finNFe == "1":
            yield "694"
        return
    if not note.consumer_in_other_uf:
        yield "695"
    inter = amount(group, "pICMSInter")
    imported = icms is not None and text(icms, "orig") in _IMPORTED
    if imported != (inter == 4):
        yield "697"
    if inter != _interstate_rate(note, imported=imported):
        yield "698"
    if amount(group, "pICMSInterPart") != _HUNDRED:
        yield "699"
    if find(group, "vFCPUFDest") is not None and differs(
        amount(group, "vFCPUFDest"), _percent(group, "vBCFCPUFDest", "pFCPUFDest")
    ):
        yield "793"
    base, inside = amount(group, "vBCUFDest"), amount(group, "pICMSUFDest")
    single_base = base * (inside - inter) / _HUNDRED
    own = amount(icms, "vBC") if icms is not None else base
    double_base = (base * inside - own * inter) / _HUNDRED
    value = amount(group, "vICMSUFDest")
    if differs(value, single_base) and differs(value, double_base):
        yield "815"


def _interstate_rate(note: Note, *, imported: bool) -> Decimal:
    """4 for imported goods, 7 from the South and Southeast (less ES) to the other regions and ES, else 12."""
    if imported:
        return Decimal(4)
    dest = text(note.inf, "entrega/UF") or note.dest_uf
    return Decimal(7) if note.issuer_uf in _SOUTH_SOUTHEAST and dest not in _SOUTH_SOUTHEAST else Decimal(12)


def _percent(element: Node, base: str, rate: str) -> Decimal:
    return amount(element, base) * amount(element, rate) / _HUNDRED


def icms_of(note: Note) -> list[Node]:
    """The ICMS group of each item that has one."""
    return find_all(note.inf, "det/imposto/ICMS/*")
