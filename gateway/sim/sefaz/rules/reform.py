"""Groups UB12 to UB14: whether an item has IBS and CBS, under which CST and cClassTrib, and which groups these demand.

If the group is present every rule applies; its absence is refused only where UB12-10 is awake. Source: NT 2025.002 v1.52;
NT 2026.007 v1.10.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.sim.sefaz import tables
from gateway.sim.sefaz.document import Node, Note, amount, find, text
from gateway.sim.sefaz.messages import Refusal
from gateway.sim.sefaz.rules import reform_credits, reform_rates
from gateway.sim.sefaz.rules.conditions import Conditions

_OF_DEBIT = {"01": "800002", "02": "811001", "03": "811002", "05": "800001", "07": "410030", "08": "811003"}
_OF_CREDIT = {"02": "810001", "05": "800001"}
_RESERVED = frozenset(_OF_DEBIT.values()) | frozenset(_OF_CREDIT.values())
_Broken = Iterator[tuple[str, str]]


def rules(note: Note, conditions: Conditions) -> Iterator[Refusal]:
    """Group UB of every item, then what is asked of all of them together."""
    kinds: set[str] = set()
    for det in note.items:
        where = f"[nItem:{det.nItem}]"
        group = find(det, "imposto/IBSCBS")
        if group is None:
            if not text(note.emit, "IE"):
                yield Refusal("162", where, "UB12-11")
            if note.CRT == "3":
                yield Refusal("1115", where, "UB12-10")
            continue
        for rule, cStat in _of_item(note, det, group, conditions):
            yield Refusal(cStat, where, rule)
        kind = text(group, "gCredPresIBSZFM/tpCredPresIBSZFM")
        if kind:
            if kind in kinds:
                yield Refusal("1136", where, "UB133-10")
            kinds.add(kind)


def _of_item(note: Note, det: Node, group: Node, conditions: Conditions) -> _Broken:
    code, cClassTrib = text(group, "CST"), text(group, "cClassTrib")
    cst = tables.cst_table().get(code)
    if cst is None:
        yield "UB13-10", "1020"
    if cClassTrib[:3] != code:
        yield "UB14-20", "1024"
    classification = tables.cclasstrib_table().get(cClassTrib)
    day = note.dhEmi.date()
    if classification is None or day < classification.since or (classification.until is not None and day >= classification.until):
        yield "UB14-10", "1023"
    elif note.mod not in classification.models:
        yield "UB14-25", "1025"
    if note.mod == "55":
        yield from _of_kind(note, cClassTrib)
    if cst is None:
        return
    yield from _groups(note, group, cst)
    values = find(group, "gIBSCBS")
    if values is not None:
        yield from reform_rates.of_item(note, group, values, cst, classification)
    yield from reform_credits.of_item(note, det, group, cst, classification, conditions)


def _of_kind(note: Note, cClassTrib: str) -> _Broken:
    """UB14-60 to UB14-80: the codes that belong to kinds of debit and credit notes."""
    debit, credit = _OF_DEBIT.get(note.tpNFDebito), _OF_CREDIT.get(note.tpNFCredito)
    if cClassTrib in _RESERVED and cClassTrib not in (debit, credit):
        yield "UB14-60", "1202"
    if debit is not None and cClassTrib != debit:
        yield "UB14-70", "1200"
    if credit is not None and cClassTrib != credit:
        yield "UB14-80", "1201"


def _groups(note: Note, group: Node, cst: tables.Cst) -> _Broken:
    """UB13-20 to UB13-45, UB106, UB112: the alternatives under IBSCBS."""
    has_values, has_transfer = find(group, "gIBSCBS") is not None, find(group, "gTransfCred") is not None
    if has_values and not cst.gIBSCBS:
        yield "UB13-20", "1021"
    if cst.gIBSCBS and not has_values and note.tpNFDebito != "07":
        yield "UB13-30", "1022"
    if has_transfer and not cst.gTransfCred:
        yield "UB13-44", "1131"
    if cst.gTransfCred and not has_transfer:
        yield "UB13-45", "1132"
    if has_transfer and note.mod == "55":
        if note.finNFe != "6":
            yield "UB106-30", "1133"
        elif note.tpNFDebito not in ("01", "05"):
            yield "UB106-31", "1168"
        if amount(group, "gTransfCred/vIBS") == 0 and amount(group, "gTransfCred/vCBS") == 0:
            yield "UB106-40", "1129"
    adjusted = find(group, "gAjusteCompet") is not None
    if adjusted and not cst.gAjusteCompet:
        yield "UB112-10", "1169"
    if note.mod == "55":
        if cst.gAjusteCompet and not adjusted:
            yield "UB112-20", "1170"
        if adjusted and amount(group, "gAjusteCompet/vIBS") == 0 and amount(group, "gAjusteCompet/vCBS") == 0:
            yield "UB112-30", "1171"
