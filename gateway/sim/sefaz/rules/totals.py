"""Group W: every total is the sum of its items, to the centavo. Source: MOC 7.0 annex I W03-10 to W16-10, NT 2016.002."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from gateway.sim.sefaz.document import ZERO, Node, Note, amount, find, find_all, text, total
from gateway.sim.sefaz.messages import Refusal
from gateway.sim.sefaz.rules.conditions import Conditions
from gateway.sim.sefaz.rules.items import icms_of

_OF_ICMS = (
    ("vBC", "vBC", "531"),
    ("vICMS", "vICMS", "532"),
    ("vICMSDeson", "vICMSDeson", "795"),
    ("vFCP", "vFCP", "861"),
    ("vBCST", "vBCST", "533"),
    ("vST", "vICMSST", "534"),
    ("vFCPST", "vFCPST", "862"),
    ("vFCPSTRet", "vFCPSTRet", "859"),
)
_OF_DIFAL = (("vFCPUFDest", "798"), ("vICMSUFDest", "799"), ("vICMSUFRemet", "800"))
_OF_PRODUCT = (("vFrete", "535"), ("vSeg", "536"), ("vDesc", "537"), ("vOutro", "604"))


def rules(note: Note, _: Conditions) -> Iterator[Refusal]:
    """Each field of ICMSTot against its sum, then vNF against its formula."""
    tot = find(note.inf, "total/ICMSTot")
    if tot is None:
        return
    icms = icms_of(note)
    for field, item_field, cStat in _OF_ICMS:
        if amount(tot, field) != total(icms, item_field):
            yield Refusal(cStat)
    difal = find_all(note.inf, "det/imposto/ICMSUFDest")
    for field, cStat in _OF_DIFAL:
        if amount(tot, field) != total(difal, field):
            yield Refusal(cStat)
    products = find_all(note.inf, "det/prod")
    goods = [d for d in note.items if find(d, "imposto/ISSQN") is None]
    counted = [d for d in goods if text(d, "prod/indTot") == "1"]
    if amount(tot, "vProd") != total(counted, "prod/vProd"):
        yield Refusal("564")
    for field, cStat in _OF_PRODUCT:
        if amount(tot, field) != total(products, field):
            yield Refusal(cStat)
    for field, path, cStat in (
        ("vII", "imposto/II/vII", "601"),
        ("vIPI", "imposto/IPI/IPITrib/vIPI", "538"),
        ("vIPIDevol", "impostoDevol/IPI/vIPIDevol", "863"),
        ("vPIS", "imposto/PIS/*/vPIS", "602"),
        ("vCOFINS", "imposto/COFINS/*/vCOFINS", "603"),
    ):
        if amount(tot, field) != total(goods, path):
            yield Refusal(cStat)
    if find(tot, "vTotTrib") is not None and amount(tot, "vTotTrib") != total(note.items, "imposto/vTotTrib"):
        yield Refusal("685")
    yield from _grand_total(note, tot, icms)


def _grand_total(note: Note, tot: Node, icms: list[Node]) -> Iterator[Refusal]:
    """W16-10. Its exception 3 accepts a vNF from which the relieved ICMS was not taken."""
    gross = (
        amount(tot, "vProd")
        - amount(tot, "vDesc")
        + sum((amount(tot, f) for f in ("vST", "vFCPST", "vICMSMonoReten", "vFrete", "vSeg", "vOutro")), ZERO)
        + sum((amount(tot, f) for f in ("vII", "vIPI", "vIPIDevol")), ZERO)
        + amount(note.inf, "total/ISSQNtot/vServ")
        + _added_st(note, "PISST", "vPIS", "indSomaPISST")
        + _added_st(note, "COFINSST", "vCOFINS", "indSomaCOFINSST")
    )
    relieved = total([group for group in icms if text(group, "indDeduzDeson") == "1"], "vICMSDeson")
    if amount(tot, "vNF") not in (gross - relieved, gross):
        yield Refusal("610")


def _added_st(note: Note, group: str, value: str, flag: str) -> Decimal:
    return total([g for g in find_all(note.inf, f"det/imposto/{group}") if text(g, flag) == "1"], value)
