"""Groups W34 to W60: IBSCBSTot and vNFTot against the items. Source: NT 2025.002 v1.52."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.sim.sefaz.document import Note, amount, find, find_all, total
from gateway.sim.sefaz.messages import Refusal
from gateway.sim.sefaz.rules.conditions import Conditions

_OF_VALUES = (
    ("vBCIBSCBS", "vBC", "1076", "W35-10"),
    ("gIBS/gIBSUF/vDif", "gIBSUF/gDif/vDif", "1077", "W38-10"),
    ("gIBS/gIBSUF/vDevTrib", "gIBSUF/gDevTrib/vDevTrib", "1078", "W39-10"),
    ("gIBS/gIBSUF/vIBSUF", "gIBSUF/vIBSUF", "1080", "W41-10"),
    ("gIBS/gIBSMun/vDif", "gIBSMun/gDif/vDif", "1081", "W43-10"),
    ("gIBS/gIBSMun/vDevTrib", "gIBSMun/gDevTrib/vDevTrib", "1082", "W44-10"),
    ("gIBS/gIBSMun/vIBSMun", "gIBSMun/vIBSMun", "1084", "W46-10"),
    ("gIBS/vIBS", "vIBS", "1085", "W47-10"),
    ("gCBS/vDif", "gCBS/gDif/vDif", "1088", "W53-10"),
    ("gCBS/vDevTrib", "gCBS/gDevTrib/vDevTrib", "1089", "W54-10"),
    ("gCBS/vCBS", "gCBS/vCBS", "1091", "W56-10"),
)
_OF_ITEM = (
    ("gIBS/vCredPres", "gCredPresOper/gIBSCredPres/vCredPres", "1086", "W48-10"),
    ("gCBS/vCredPres", "gCredPresOper/gCBSCredPres/vCredPres", "1087", "W56a-10"),
    ("gEstornoCred/vIBSEstCred", "gEstornoCred/vIBSEstCred", "1176", "W59f-10"),
    ("gEstornoCred/vCBSEstCred", "gEstornoCred/vCBSEstCred", "1177", "W59g-10"),
)


def rules(note: Note, _: Conditions) -> Iterator[Refusal]:
    """Presence, sums, then vNFTot."""
    items = find_all(note.inf, "det/imposto/IBSCBS")
    tot = find(note.inf, "total/IBSCBSTot")
    if tot is None:
        if items:
            yield Refusal("1119", rule="W34-20")
        return
    if not items:
        yield Refusal("1118", rule="W34-10")
        return
    values = find_all(note.inf, "det/imposto/IBSCBS/gIBSCBS")
    for field, item_field, cStat, rule in _OF_VALUES:
        if amount(tot, field) != total(values, item_field):
            yield Refusal(cStat, rule=rule)
    for field, item_field, cStat, rule in _OF_ITEM:
        if amount(tot, field) != total(items, item_field):
            yield Refusal(cStat, rule=rule)
    if find(note.inf, "total/vNFTot") is None:
        yield Refusal("1004", rule="W60-10")
    elif amount(note.inf, "total/vNFTot") != total(note.items, "vItem"):
        yield Refusal("1094", rule="W60-20")
