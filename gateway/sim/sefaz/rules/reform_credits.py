"""Groups UB116 to UB133: credits of IBS and CBS reversed, presumed, and those of the Zona Franca. Source: NT 2025.002 v1.52."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.sim.sefaz import tables
from gateway.sim.sefaz.document import Node, Note, amount, find, text
from gateway.sim.sefaz.rules.conditions import Conditions

_LAST_CREDIT = 13
_USED_GOODS = 4
"""cCredPres of movable goods bought used: its credit is capped and may be conditional."""

_Broken = Iterator[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Share:
    """gIBSCredPres or gCBSCredPres, and the (rule, cStat) of each fault."""

    tax: str
    group: str
    conditional_since: int
    forbidden: tuple[str, str]
    required: tuple[str, str]
    too_much: tuple[str, str]
    conditional: tuple[str, str]


_SHARES = (
    _Share("IBS", "gIBSCredPres", 2033, ("UB123-10", "1053"), ("UB123-20", "1054"), ("UB125-10", "1107"), ("UB126-10", "1056")),
    _Share("CBS", "gCBSCredPres", 2027, ("UB127-10", "1050"), ("UB127-20", "1058"), ("UB129-10", "1124"), ("UB130-10", "1060")),
)


def of_item(
    note: Note, det: Node, group: Node, cst: tables.Cst, classification: tables.ClassTrib | None, conditions: Conditions
) -> _Broken:
    """The credits of one item."""
    yield from _reversed(note, group, classification)
    yield from _presumed(note, det, group, classification, conditions)
    yield from _free_zone(note, group, cst, conditions)


def _reversed(note: Note, group: Node, classification: tables.ClassTrib | None) -> _Broken:
    present = find(group, "gEstornoCred") is not None
    demanded = classification is not None and classification.gEstornoCred
    if present and classification is not None and not demanded:
        yield "UB116-10", "1172"
    if note.mod != "55":
        return
    if demanded and not present:
        yield "UB116-20", "1173"
    if present and amount(group, "gEstornoCred/vIBSEstCred") == 0 and amount(group, "gEstornoCred/vCBSEstCred") == 0:
        yield "UB116-30", "1174"


def _presumed(note: Note, det: Node, group: Node, classification: tables.ClassTrib | None, conditions: Conditions) -> _Broken:
    credit = find(group, "gCredPresOper")
    if credit is None:
        return
    if note.mod == "65":
        yield "UB120-10", "1049"
        return
    if classification is not None and not classification.gCredPresOper:
        yield "UB120-20", "1175"
    code = text(credit, "cCredPres")
    number = int(code) if code.isdigit() else 0
    if not 1 <= number <= _LAST_CREDIT:
        yield "UB122-10", "1055"
    taxes = conditions.taxpayers.cred_pres.get(code)
    for share in _SHARES:
        values = find(credit, share.group)
        if taxes is not None and values is not None and share.tax not in taxes:
            yield share.forbidden
        if taxes is not None and values is None and share.tax in taxes:
            yield share.required
        if values is None:
            continue
        if number == _USED_GOODS and amount(values, "vCredPres") > amount(det, "prod/vProd"):
            yield share.too_much
        allowed = number == _USED_GOODS and note.dhEmi.year >= share.conditional_since
        if find(values, "vCredPresCondSus") is not None and not allowed:
            yield share.conditional


def _free_zone(note: Note, group: Node, cst: tables.Cst, conditions: Conditions) -> _Broken:
    credit = find(group, "gCredPresIBSZFM")
    if note.mod == "65":
        if credit is not None:
            yield "UB131-10", "1138"
        return
    if credit is None:
        if cst.gCredPresIBSZFM:
            yield "UB131-30", "1135"
        if note.tpNFCredito == "02":
            yield "UB131-50", "1159"
        return
    if not cst.gCredPresIBSZFM:
        yield "UB131-20", "1134"
    if note.tpNFCredito != "02":
        yield "UB131-40", "1158"
    if text(credit, "competApur") > f"{conditions.now:%Y-%m}":
        yield "UB132-10", "1160"
