"""Groups UB16 to UB82: base, rates, deferral, reduction and value of IBS and CBS, and what they would be otherwise.

Source: NT 2025.002 v1.52; rates by LC 214/2025 art. 343 to 347.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from gateway.sim.sefaz import tables
from gateway.sim.sefaz.document import Node, Note, amount, find, text
from gateway.sim.sefaz.rules.arithmetic import HUNDRED, differs

_RATE_TOLERANCE = Decimal("0.0001")
_GOVERNMENT_TOLERANCE = Decimal("0.04")
_DEDUCTED = frozenset({"04", "07", "11"})
"""cCredPres whose credit of IBS comes off vIBS (UB54a-10)."""


@dataclass(frozen=True, slots=True)
class _Tax:
    """One of the three shares; each field names the (rule, cStat) of what may be wrong with it."""

    group: str
    rate: str
    value: str
    table_rate: tuple[str, str]
    gDif: tuple[tuple[str, str], tuple[str, str], tuple[str, str]]
    gRed: tuple[tuple[str, str], tuple[str, str], tuple[str, str], tuple[str, str]]
    wrong_value: tuple[str, str]


_TAXES = (
    _Tax(
        "gIBSUF",
        "pIBSUF",
        "vIBSUF",
        ("UB18-10", "1026"),
        (("UB22-10", "1029"), ("UB22-20", "1030"), ("UB23-10", "1031")),
        (("UB26-10", "1032"), ("UB26-20", "1033"), ("UB27-10", "1034"), ("UB28-10", "1035")),
        ("UB35-10", "1041"),
    ),
    _Tax(
        "gIBSMun",
        "pIBSMun",
        "vIBSMun",
        ("UB37-10", "1036"),
        (("UB40-20", "1083"), ("UB40-10", "1044"), ("UB42-10", "1045")),
        (("UB45-10", "1007"), ("UB45-20", "1074"), ("UB46-10", "1046"), ("UB47-10", "1047")),
        ("UB54-10", "1052"),
    ),
    _Tax(
        "gCBS",
        "pCBS",
        "vCBS",
        ("UB56-10", "1037"),
        (("UB59-20", "1090"), ("UB59-10", "1061"), ("UB61-10", "1062")),
        (("UB64-10", "1028"), ("UB64-20", "1079"), ("UB65-10", "1063"), ("UB66-10", "1064")),
        ("UB67-10", "1069"),
    ),
)
_Broken = Iterator[tuple[str, str]]


def of_item(note: Note, item: Node, values: Node, cst: tables.Cst, classification: tables.ClassTrib | None) -> _Broken:
    """gIBSCBS of one item; `item` is its IBSCBS."""
    government = find(note.ide, "gCompraGov")
    rates = None if note.supplementary else tables.standard_rates(note.dhEmi.year)
    for tax in _TAXES:
        group = find(values, tax.group)
        if group is not None:
            yield from _of_tax(note, values, group, tax, cst, classification, rates, government)
    yield from _returned(note, values)
    vIBS = amount(values, "gIBSUF/vIBSUF") + amount(values, "gIBSMun/vIBSMun")
    if text(item, "gCredPresOper/cCredPres") in _DEDUCTED:
        vIBS -= amount(item, "gCredPresOper/gIBSCredPres/vCredPres")
    if amount(values, "vIBS") != vIBS:
        yield "UB54a-10", "1150"
    yield from _regular(values, classification)
    if note.mod == "55":
        yield from _government(values, government)


def _of_tax(
    note: Note,
    values: Node,
    group: Node,
    tax: _Tax,
    cst: tables.Cst,
    classification: tables.ClassTrib | None,
    rates: dict[str, str] | None,
    government: Node | None,
) -> _Broken:
    """v = vBC x p - vDif - vDevTrib, where p is pAliqEfet = p x (1 - pRedAliq) [x (1 - pRedutor)] when the rate is reduced."""
    full = amount(group, tax.rate)
    free_zone = full == 0 and find(group, "gALCZFMCBS") is not None
    if rates is not None and tax.rate in rates and not free_zone and classification is not None:
        # Exception 1: what would hold if the condition failed is told in gTribRegular, and here the rate is zero.
        expected = Decimal(0) if classification.gTribRegular else Decimal(rates[tax.rate])
        if full != expected:
            yield tax.table_rate
    yield from _reduction(group, full, tax, cst, classification, government)
    reduction = find(group, "gRed")
    rate = full if reduction is None else amount(reduction, "pAliqEfet")
    base = amount(values, "vBC")
    yield from _deferral(group, base * full / HUNDRED, base * rate / HUNDRED, tax, cst)
    deducted = amount(group, "gDif/vDif") + amount(group, "gDevTrib/vDevTrib")
    if differs(amount(group, tax.value), base * rate / HUNDRED - deducted):
        yield tax.wrong_value


def _reduction(
    group: Node, full: Decimal, tax: _Tax, cst: tables.Cst, classification: tables.ClassTrib | None, government: Node | None
) -> _Broken:
    """gRed: there when the CST reduces, or the government buys at less; pAliqEfet of four decimals."""
    reduction = find(group, "gRed")
    forbidden, required, wrong_reduction, wrong_effective = tax.gRed
    less = HUNDRED if government is None else HUNDRED - amount(government, "pRedutor")
    if reduction is None:
        if cst.gRed or less != HUNDRED:
            yield required
        return
    if not cst.gRed and government is None:
        yield forbidden
    pRedAliq = amount(reduction, "pRedAliq")
    if classification is not None:
        of_class = classification.red_cbs if tax.group == "gCBS" else classification.red_ibs
        if pRedAliq != Decimal(of_class):
            yield wrong_reduction
    effective = full * (HUNDRED - pRedAliq) / HUNDRED * less / HUNDRED
    if abs(amount(reduction, "pAliqEfet") - effective) > _RATE_TOLERANCE:
        yield wrong_effective


def _deferral(group: Node, on_full: Decimal, on_reduced: Decimal, tax: _Tax, cst: tables.Cst) -> _Broken:
    """gDif: of the tax at the full rate or at the reduced one, as the note writes either."""
    deferral = find(group, "gDif")
    forbidden, required, wrong = tax.gDif
    if deferral is None:
        if cst.gDif:
            yield required
        return
    if not cst.gDif:
        yield forbidden
    vDif, pDif = amount(deferral, "vDif"), amount(deferral, "pDif") / HUNDRED
    if differs(vDif, on_full * pDif) and differs(vDif, on_reduced * pDif):
        yield wrong


def _returned(note: Note, values: Node) -> _Broken:
    """UB24, UB43, UB62 and UB63: tax given back in the note itself; only of the CBS, only in a NF-e."""
    if find(values, "gIBSUF/gDevTrib") is not None:
        yield "UB24-10", "1111"
    if find(values, "gIBSMun/gDevTrib") is not None:
        yield "UB43-10", "1112"
    group = find(values, "gCBS")
    returned = None if group is None else find(group, "gDevTrib")
    if group is None or returned is None:
        return
    if note.mod == "65":
        yield "UB62-10", "1187"
        return
    if find(returned, "pDevTrib") is None:
        yield "UB62a-10", "1188"
        return
    rate = amount(group, "gRed/pAliqEfet") if find(group, "gRed") is not None else amount(group, "pCBS")
    due, share = amount(values, "vBC") * rate / HUNDRED, amount(returned, "pDevTrib") / HUNDRED
    after_deferral = due - amount(group, "gDif/vDif")
    vDevTrib = amount(returned, "vDevTrib")
    if differs(vDevTrib, due * share) and differs(vDevTrib, after_deferral * share):
        yield "UB63-10", "1189"


def _regular(values: Node, classification: tables.ClassTrib | None) -> _Broken:
    """UB68 to UB72d: the taxation that would hold if a condition failed."""
    regular = find(values, "gTribRegular")
    if regular is None:
        if classification is not None and classification.gTribRegular:
            yield "UB68-10", "1065"
        return
    if classification is not None and not classification.gTribRegular:
        yield "UB68-11", "1114"
    if text(regular, "CSTReg") not in tables.cst_table():
        yield "UB69-10", "1066"
    if text(regular, "cClassTribReg") not in tables.cclasstrib_table():
        yield "UB70-10", "1067"
    base = amount(values, "vBC")
    for rate, value, rule, cStat in (
        ("pAliqEfetRegIBSUF", "vTribRegIBSUF", "UB72-10", "1040"),
        ("pAliqEfetRegIBSMun", "vTribRegIBSMun", "UB72b-10", "1051"),
        ("pAliqEfetRegCBS", "vTribRegCBS", "UB72d-10", "1068"),
    ):
        if differs(amount(regular, value), base * amount(regular, rate) / HUNDRED):
            yield rule, cStat


def _government(values: Node, government: Node | None) -> _Broken:
    """UB82a: in a sale to the government the taxes are the same money, given to one of them (LC 214/2025 art. 473)."""
    shared = find(values, "gTribCompraGov")
    if shared is None:
        if government is not None:
            yield "UB82a-10", "1141"
        return
    if government is None:
        yield "UB82a-30", "1144"
    paid = amount(values, "vIBS") + amount(values, "gCBS/vCBS")
    due = amount(shared, "vTribIBSUF") + amount(shared, "vTribIBSMun") + amount(shared, "vTribCBS")
    if abs(paid - due) > _GOVERNMENT_TOLERANCE:
        yield "UB82a-20", "1142"
