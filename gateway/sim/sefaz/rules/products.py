"""Group I and its annexes: the product of each item. Source: MOC 7.0 annex I H to LB; NT 2017.001, NT 2021.003, NT 2026.009."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.sim.sefaz import tables
from gateway.sim.sefaz.chave import valid_cnpj, valid_gtin
from gateway.sim.sefaz.document import Node, Note, amount, find, find_all, text
from gateway.sim.sefaz.messages import Refusal
from gateway.sim.sefaz.rules.arithmetic import differs
from gateway.sim.sefaz.rules.conditions import Conditions

_SCOPE_OF_CFOP = {"1": "1", "5": "1", "2": "2", "6": "2", "3": "3", "7": "3"}
_WRONG_SCOPE = {"1": ("I08-50", "733"), "2": ("I08-40", "732"), "3": ("I08-30", "731")}
_NO_GTIN = "SEM GTIN"
_ANY_RETURN = frozenset({"1949", "2949"})
_FISCAL_COUPON = frozenset({"5929", "6929"})
_GLP = "210203001"
_Broken = Iterator[tuple[str, str]]


def rules(note: Note, conditions: Conditions) -> Iterator[Refusal]:
    """Every item, in order."""
    for det in note.items:
        where = f"[nItem:{det.nItem}]"
        prod = find(det, "prod")
        if prod is None:
            continue
        for rule, cStat in _product(note, det, prod, conditions):
            yield Refusal(cStat, where, rule)
        for rule, cStat in _cfop(note, det, text(prod, "CFOP")):
            yield Refusal(cStat, where, rule)


def _product(note: Note, det: Node, prod: Node, conditions: Conditions) -> _Broken:
    yield from _gtin(text(prod, "cEAN"), text(prod, "cEANTrib"))
    ncm = text(prod, "NCM")
    if len(ncm) != 8 and ncm != "00":
        yield "I05-10", "777"
    if ncm == "00" and note.finNFe not in ("3", "5", "6") and find(det, "imposto/ISSQN") is None:
        yield "I05-24", "471"
    if ncm == "00000000" or (len(ncm) == 8 and conditions.taxpayers.ncm and ncm not in conditions.taxpayers.ncm):
        yield "I05-20", "778"
    if text(prod, "indEscala") == "N" and not text(prod, "CNPJFab"):
        yield "I05e-10", "879"
    if text(prod, "CNPJFab") and not valid_cnpj(text(prod, "CNPJFab")):
        yield "I05e-20", "489"
    vProd = amount(prod, "vProd")
    if note.finNFe == "1":
        if differs(vProd, amount(prod, "qCom") * amount(prod, "vUnCom")):
            yield "I11-10", "629"
        if differs(vProd, amount(prod, "qTrib") * amount(prod, "vUnTrib")):
            yield "I11-20", "630"
    if amount(prod, "vDesc") > vProd:
        yield "I17-10", "483"
    if find(prod, "detExport") is not None and note.idDest != "3":
        yield "I50-10", "336"
    yield from _tracked(note, prod, conditions)
    comb = find(prod, "comb")
    if comb is not None and text(comb, "cProdANP") != _GLP and any(find(comb, tag) for tag in ("pGLP", "pGNn", "pGNi")):
        yield "LA03c-10", "461"


def _gtin(cEAN: str, cEANTrib: str) -> _Broken:
    if cEAN and cEAN != _NO_GTIN and not valid_gtin(cEAN):
        yield "I03-10", "611"
    if not cEAN:
        yield "I03-30", "883"
    if cEANTrib and cEANTrib != _NO_GTIN and not valid_gtin(cEANTrib):
        yield "I12-10", "612"
    if not cEANTrib:
        yield "I12-60", "888"
    if cEAN and cEAN != _NO_GTIN and cEANTrib == _NO_GTIN:
        yield "I12-30", "885"
    if cEAN == _NO_GTIN and cEANTrib and cEANTrib != _NO_GTIN:
        yield "I12-40", "886"


def _tracked(note: Note, prod: Node, conditions: Conditions) -> _Broken:
    for lot in find_all(prod, "rastro"):
        if text(lot, "dFab") > conditions.now.date().isoformat():
            yield "I83-10", "877"
        if text(lot, "dVal") < text(lot, "dFab"):
            yield "I84-10", "870"
    if note.mod == "55" and find(prod, "med") is not None and find(prod, "rastro") is None:
        yield "K01-20", "873"


def _cfop(note: Note, det: Node, cfop: str) -> _Broken:
    outgoing = note.tpNF == "1"
    if outgoing and cfop[0] in "123":
        yield "I08-10", "518"
    if not outgoing and cfop[0] in "567":
        yield "I08-20", "519"
    scope = _SCOPE_OF_CFOP[cfop[0]]
    if scope != note.idDest:
        yield _WRONG_SCOPE[scope]
    if note.mod != "55":
        return
    of_return = cfop in tables.cfops("devolucao")
    if note.finNFe == "4" and not of_return and cfop not in _ANY_RETURN:
        yield "I08-140", "327"
    if of_return and note.finNFe not in ("2", "4") and note.tpNFCredito not in ("03", "04", "06"):
        yield "I08-144", "328"
    if cfop in _FISCAL_COUPON:
        if find(note.ide, "NFref") is None and find(det, "DFeReferenciado") is None:
            yield "I08-184", "701"
        if any(chave[20:22] == "65" for chave in note.references):
            yield "I08-180", "375"
    if not text(note.emit, "IE") and cfop not in tables.cfops("sem_ibs_cbs"):
        yield "I08-200", "159"
