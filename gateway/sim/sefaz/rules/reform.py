"""Groups UB and W34-W60: IBS and CBS. Source: NT 2025.002 v1.52; rates of 2026 by LC 214/2025 art. 343 and 346.

If the group is present every rule applies; its absence is refused only in homologação, for CRT 3, since 01/07/2026.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from gateway.sim.sefaz.document import ZERO, Node, Note, amount, find, find_all, text, total
from gateway.sim.sefaz.messages import Refusal
from gateway.sim.sefaz.rules.conditions import Conditions
from gateway.sim.sefaz.rules.items import differs

COMPULSORY_SINCE = date(2026, 7, 1)
_HUNDRED = Decimal(100)
_RATE_TOLERANCE = Decimal("0.0001")

_NEED_GROUP = frozenset({"000", "010", "011", "200", "220", "221", "222", "510", "515", "550"})
_FORBID_GROUP = frozenset({"400", "410", "620", "800", "810", "811", "820"})
_CONDITIONAL = frozenset({"200022", "200024"})
_DEDUCTED = frozenset({"04", "07", "11"})
"""Presumed credits taken from vIBS of the item (indDeduzCredPres)."""
_CSTS = _NEED_GROUP | _FORBID_GROUP | {"830"}

_RATES_2026 = (
    ("gIBSUF/pIBSUF", Decimal("0.1"), "1026"),
    ("gIBSMun/pIBSMun", Decimal("0"), "1036"),
    ("gCBS/pCBS", Decimal("0.9"), "1037"),
)


@dataclass(frozen=True, slots=True)
class _Tax:
    group: str
    rate: str
    value: str
    wrong_effective_rate: str
    wrong_value: str


_TAXES = (
    _Tax("gIBSUF", "pIBSUF", "vIBSUF", "1035", "1041"),
    _Tax("gIBSMun", "pIBSMun", "vIBSMun", "1047", "1052"),
    _Tax("gCBS", "pCBS", "vCBS", "1064", "1069"),
)
_TOTALS = (
    ("vBCIBSCBS", "vBC", "1076"),
    ("gIBS/gIBSUF/vDif", "gIBSUF/gDif/vDif", "1077"),
    ("gIBS/gIBSUF/vDevTrib", "gIBSUF/gDevTrib/vDevTrib", "1078"),
    ("gIBS/gIBSUF/vIBSUF", "gIBSUF/vIBSUF", "1080"),
    ("gIBS/gIBSMun/vDif", "gIBSMun/gDif/vDif", "1081"),
    ("gIBS/gIBSMun/vDevTrib", "gIBSMun/gDevTrib/vDevTrib", "1082"),
    ("gIBS/gIBSMun/vIBSMun", "gIBSMun/vIBSMun", "1084"),
    ("gIBS/vIBS", "vIBS", "1085"),
    ("gCBS/vDif", "gCBS/gDif/vDif", "1088"),
    ("gCBS/vDevTrib", "gCBS/gDevTrib/vDevTrib", "1089"),
    ("gCBS/vCBS", "gCBS/vCBS", "1091"),
)


def item_rules(note: Note, _: Conditions) -> Iterator[Refusal]:
    """Group UB of every item."""
    compulsory = note.homologacao and note.CRT == "3" and note.dhEmi.date() >= COMPULSORY_SINCE
    for det in note.items:
        where = f"[nItem:{det.nItem}]"
        group = find(det, "imposto/IBSCBS")
        if group is None:
            if compulsory:
                yield Refusal("1115", where)
            continue
        for cStat in _of_item(note, group):
            yield Refusal(cStat, where)


def _of_item(note: Note, group: Node) -> Iterator[str]:
    cst = text(group, "CST")
    if cst not in _CSTS:
        yield "1020"
    if text(group, "cClassTrib")[:3] != cst:
        yield "1024"
    values = find(group, "gIBSCBS")
    if values is None:
        if cst in _NEED_GROUP and text(note.ide, "tpNFDebito") != "07":
            yield "1022"
        return
    if cst in _FORBID_GROUP:
        yield "1021"
    if note.dhEmi.year == 2026 and note.finNFe != "4":
        # Suspended or conditional: the rates are zero and gTribRegular tells what they would be.
        conditional = cst == "550" or text(group, "cClassTrib") in _CONDITIONAL
        for path, rate, cStat in _RATES_2026:
            free = path == "gCBS/pCBS" and find(values, "gCBS/gALCZFMCBS") is not None
            if amount(values, path) != (ZERO if conditional or free else rate):
                yield cStat
    reducer = amount(note.ide, "gCompraGov/pRedutor")
    for tax in _TAXES:
        yield from _of_tax(values, tax, reducer)
    due = amount(values, "gIBSUF/vIBSUF") + amount(values, "gIBSMun/vIBSMun")
    if text(group, "gCredPresOper/cCredPres") in _DEDUCTED:
        due -= amount(group, "gCredPresOper/gIBSCredPres/vCredPres")
    if amount(values, "vIBS") != max(due, ZERO):
        yield "1150"


def _of_tax(values: Node, tax: _Tax, reducer: Decimal) -> Iterator[str]:
    """v = vBC x p - vDif - vDevTrib, where p is pAliqEfet = p x (1 - pRedAliq) x (1 - pRedutor) when the rate is reduced."""
    group = find(values, tax.group)
    if group is None:
        return
    rate = amount(group, tax.rate)
    reduction = find(group, "gRed")
    if reduction is not None:
        expected = rate * (1 - amount(reduction, "pRedAliq") / _HUNDRED) * (1 - reducer / _HUNDRED)
        rate = amount(reduction, "pAliqEfet")
        if abs(rate - expected) > _RATE_TOLERANCE:
            yield tax.wrong_effective_rate
    deducted = amount(group, "gDif/vDif") + amount(group, "gDevTrib/vDevTrib")
    if differs(amount(group, tax.value), amount(values, "vBC") * rate / _HUNDRED - deducted):
        yield tax.wrong_value


def total_rules(note: Note, _: Conditions) -> Iterator[Refusal]:
    """IBSCBSTot and vNFTot against the items."""
    with_group = find_all(note.inf, "det/imposto/IBSCBS")
    tot = find(note.inf, "total/IBSCBSTot")
    if tot is None:
        if with_group:
            yield Refusal("1119")
        return
    if not with_group:
        yield Refusal("1118")
    groups = find_all(note.inf, "det/imposto/IBSCBS/gIBSCBS")
    for field, item_field, cStat in _TOTALS:
        if amount(tot, field) != total(groups, item_field):
            yield Refusal(cStat)
    if find(note.inf, "total/vNFTot") is None:
        yield Refusal("1004")
    if amount(note.inf, "total/vNFTot") != total(note.items, "vItem"):
        yield Refusal("1094")
