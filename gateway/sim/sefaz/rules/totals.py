"""Groups W and W01: every total is the sum of its items, to the centavo.

Source: MOC 7.0 annex I W03-10 to W22f-10, NT 2016.002, NT 2023.001.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from gateway.sim.sefaz.document import ZERO, Node, Note, amount, find, find_all, text, total
from gateway.sim.sefaz.messages import Refusal
from gateway.sim.sefaz.rules.conditions import Conditions

_OF_ICMS = (
    ("vBC", "vBC", "531", "W03-10"),
    ("vICMS", "vICMS", "532", "W04-10"),
    ("vICMSDeson", "vICMSDeson", "795", "W04a-10"),
    ("vFCP", "vFCP", "861", "W04b-10"),
    ("vBCST", "vBCST", "533", "W05-10"),
    ("vST", "vICMSST", "534", "W06-10"),
    ("vFCPST", "vFCPST", "862", "W06a-10"),
    ("vFCPSTRet", "vFCPSTRet", "859", "W06b-10"),
)
_OF_DIFAL = (
    ("vFCPUFDest", "798", "W04c-10"),
    ("vICMSUFDest", "799", "W04e-10"),
    ("vICMSUFRemet", "800", "W04g-10"),
)
_OF_PRODUCT = (
    ("vFrete", "535", "W08-10"),
    ("vSeg", "536", "W09-10"),
    ("vDesc", "537", "W10-10"),
    ("vOutro", "604", "W15-10"),
)
_OF_GOODS = (
    ("vII", "imposto/II/vII", "601", "W11-10"),
    ("vIPI", "imposto/IPI/IPITrib/vIPI", "538", "W12-10"),
    ("vIPIDevol", "impostoDevol/IPI/vIPIDevol", "863", "W12a-10"),
    ("vPIS", "imposto/PIS/*/vPIS", "602", "W13-10"),
    ("vCOFINS", "imposto/COFINS/*/vCOFINS", "603", "W14-10"),
)
_OF_SERVICE = (
    ("vServ", "prod/vProd", "605", "W18-10"),
    ("vBC", "imposto/ISSQN/vBC", "606", "W19-10"),
    ("vISS", "imposto/ISSQN/vISSQN", "607", "W20-10"),
    ("vPIS", "imposto/PIS/*/vPIS", "608", "W21-10"),
    ("vCOFINS", "imposto/COFINS/*/vCOFINS", "609", "W22-10"),
    ("vDeducao", "imposto/ISSQN/vDeducao", "364", "W22b-10"),
    ("vOutro", "imposto/ISSQN/vOutro", "365", "W22c-10"),
    ("vDescIncond", "imposto/ISSQN/vDescIncond", "366", "W22d-10"),
    ("vDescCond", "imposto/ISSQN/vDescCond", "367", "W22e-10"),
    ("vISSRet", "imposto/ISSQN/vISSRet", "368", "W22f-10"),
)
_ADDED = ("vST", "vFCPST", "vICMSMonoReten", "vFrete", "vSeg", "vOutro", "vII", "vIPI", "vIPIDevol")


def rules(note: Note, _: Conditions) -> Iterator[Refusal]:
    """Each field of ICMSTot and ISSQNtot against its sum, then vNF against its formula."""
    tot = find(note.inf, "total/ICMSTot")
    if tot is None:
        return
    icms = find_all(note.inf, "det/imposto/ICMS/*")
    for field, item_field, cStat, rule in _OF_ICMS:
        if amount(tot, field) != total(icms, item_field):
            yield Refusal(cStat, rule=rule)
    difal = find_all(note.inf, "det/imposto/ICMSUFDest")
    for field, cStat, rule in _OF_DIFAL:
        if amount(tot, field) != total(difal, field):
            yield Refusal(cStat, rule=rule)
    services = [det for det in note.items if find(det, "imposto/ISSQN") is not None]
    goods = [det for det in note.items if find(det, "imposto/ISSQN") is None] if services else note.items
    if amount(tot, "vProd") != total([det for det in goods if text(det, "prod/indTot") == "1"], "prod/vProd"):
        yield Refusal("564", rule="W07-10")
    products = find_all(note.inf, "det/prod")
    for field, cStat, rule in _OF_PRODUCT:
        if amount(tot, field) != total(products, field):
            yield Refusal(cStat, rule=rule)
    for field, path, cStat, rule in _OF_GOODS:
        if amount(tot, field) != total(goods, path):
            yield Refusal(cStat, rule=rule)
    if amount(tot, "vTotTrib") != total(note.items, "imposto/vTotTrib"):
        yield Refusal("685", rule="W16a-10")
    issqn = find(note.inf, "total/ISSQNtot")
    if services or issqn is not None:
        yield from _services(services, issqn)
    yield from _grand_total(note, tot, icms)


def _services(services: list[Node], issqn: Node | None) -> Iterator[Refusal]:
    for field, path, cStat, rule in _OF_SERVICE:
        declared = ZERO if issqn is None else amount(issqn, field)
        if field == "vServ":
            counted = [det for det in services if text(det, "prod/indTot") == "1"]
            if declared not in (total(counted, path), total(services, path)):
                yield Refusal(cStat, rule=rule)
        elif declared != total(services, path):
            yield Refusal(cStat, rule=rule)


def _grand_total(note: Note, tot: Node, icms: list[Node]) -> Iterator[Refusal]:
    """W16-10. Its exception 2 leaves imports alone; its exception 3 accepts a vNF from which the relieved ICMS was not taken."""
    if any(text(det, "prod/CFOP")[0] == "3" for det in note.items):
        return
    gross = (
        amount(tot, "vProd")
        - amount(tot, "vDesc")
        + sum((amount(tot, field) for field in _ADDED), ZERO)
        + amount(note.inf, "total/ISSQNtot/vServ")
        + _added_st(note, "PISST", "vPIS", "indSomaPISST")
        + _added_st(note, "COFINSST", "vCOFINS", "indSomaCOFINSST")
    )
    relieved = total([group for group in icms if text(group, "indDeduzDeson") == "1"], "vICMSDeson")
    if amount(tot, "vNF") not in (gross - relieved, gross):
        yield Refusal("610", rule="W16-10")


def _added_st(note: Note, group: str, value: str, flag: str) -> Decimal:
    return total([g for g in find_all(note.inf, f"det/imposto/{group}") if text(g, flag) == "1"], value)
