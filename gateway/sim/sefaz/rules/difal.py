"""Group NA: ICMS that an interstate sale to a consumer owes to the UF of destination.

Source: MOC 7.0 annex I NA; NT 2015.003; EC 87/2015; Convênio ICMS 236/2021.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from gateway.sim.sefaz import tables
from gateway.sim.sefaz.document import Node, Note, amount, find, text
from gateway.sim.sefaz.messages import Refusal
from gateway.sim.sefaz.rules.arithmetic import HUNDRED, differs, percent
from gateway.sim.sefaz.rules.conditions import Conditions

IMPORTED = frozenset({"1", "2", "3", "8"})
_SOUTH_SOUTHEAST = frozenset({"MG", "PR", "RJ", "RS", "SC", "SP"})
_WITHOUT = frozenset({"40", "41", "103", "300", "400"})
_TAXED = frozenset({"00", "10", "20", "70", "90"})
_EXEMPT_CFOP = frozenset({"6552", "6922", "6929"})
_Broken = Iterator[tuple[str, str]]


def rules(note: Note, _: Conditions) -> Iterator[Refusal]:
    """Model 55 only: a NFC-e has no such group (NA01-10)."""
    if note.mod != "55":
        return
    for det in note.items:
        for rule, cStat in _of_item(note, det):
            yield Refusal(cStat, f"[nItem:{det.nItem}]", rule)


def _of_item(note: Note, det: Node) -> _Broken:
    group = find(det, "imposto/ICMSUFDest")
    icms = find(det, "imposto/ICMS/*")
    if group is None:
        if note.consumer_in_other_uf and _due(note, det, icms):
            yield "NA01-20", "694"
        return
    delivered = text(note.inf, "entrega/UF")
    if not (note.consumer_in_other_uf or (delivered and delivered != note.issuer_uf)) or find(det, "imposto/ISSQN"):
        yield "NA01-30", "695"
    yield from _rates(note, det, group, icms)
    if differs(amount(group, "vFCPUFDest"), percent(group, "vBCFCPUFDest", "pFCPUFDest")):
        yield "NA13-10", "793"
    base, inside, inter = amount(group, "vBCUFDest"), amount(group, "pICMSUFDest"), amount(group, "pICMSInter")
    single_base = base * (inside - inter) / HUNDRED
    own = amount(icms, "vBC") if icms is not None else base
    double_base = (base * inside - own * inter) / HUNDRED
    value = amount(group, "vICMSUFDest")
    if note.finNFe == "1" and differs(value, single_base) and differs(value, double_base):
        yield "NA15-10", "815"


def _due(note: Note, det: Node, icms: Node | None) -> bool:
    """NA01-20 less its exceptions; CST outside the taxed ones is left alone, as the manual leaves most of them."""
    if note.tpNF == "0" or note.finNFe in ("2", "3", "5", "6") or note.CRT in ("1", "4") or icms is None:
        return False
    code, cfop = text(icms, "CST") or text(icms, "CSOSN"), text(det, "prod/CFOP")
    if code in _WITHOUT or code not in _TAXED or find(icms, "pBCOp") is not None or find(det, "prod/comb") is not None:
        return False
    if cfop in tables.cfops("retorno") or cfop in tables.cfops("remessa") or cfop in _EXEMPT_CFOP:
        return False
    return text(note.inf, "entrega/UF") != note.issuer_uf


def _rates(note: Note, det: Node, group: Node, icms: Node | None) -> _Broken:
    inter = amount(group, "pICMSInter")
    imported = icms is not None and text(icms, "orig") in IMPORTED
    if icms is not None and imported != (inter == 4):
        yield "NA09-10", "697"
    moved = find(note.inf, "entrega") is not None or find(note.inf, "retirada") is not None
    normal = note.tpNF == "1" and note.finNFe == "1" and text(det, "prod/CFOP") not in tables.cfops("retorno")
    if inter != 4 and normal and not moved and inter != interstate_rate(note, imported=False):
        yield "NA09-30", "698"
    if amount(group, "pICMSInterPart") != HUNDRED and note.finNFe == "1":
        yield "NA11-10", "699"


def interstate_rate(note: Note, *, imported: bool) -> Decimal:
    """4 for imported goods, 7 from the South and Southeast (less ES) to the other regions and ES, else 12."""
    if imported:
        return Decimal(4)
    return Decimal(7) if note.issuer_uf in _SOUTH_SOUTHEAST and note.dest_uf not in _SOUTH_SOUTHEAST else Decimal(12)
