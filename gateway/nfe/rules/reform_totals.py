"""Groups W34 to W60: totals of IBS and CBS are the sums of the items as written, without a difference."""

from __future__ import annotations

from decimal import Decimal
from operator import attrgetter
from typing import Any, Final

from gateway.core.money import ZERO
from gateway.nfe.rules.ibs_cbs_amounts import plain
from gateway.nfe.rules.reading import Found, Reading, Trait, total_of
from gateway.nfe.rules.registry import check

_ROOT: Final = "/infNFe/total/IBSCBSTot"


@check("R-W34-10", when="reform")
def totals_without_items(r: Reading) -> Found:
    if r.inf.total.IBSCBSTot is not None and not r.reform:
        yield _ROOT, {}


@check("R-W34-20", when="reform")
def totals_missing(r: Reading) -> Found:
    if r.inf.total.IBSCBSTot is None and r.reform:
        yield "/infNFe/total", {}


def _walk(group: Any, path: str) -> Any:
    """A field some groups below, None when one of them is not there."""
    for name in path.split("."):
        if group is None:
            return None
        group = getattr(group, name)
    return group


def _sum(r: Reading, path: str, wanted: Decimal) -> Found:
    """A total against its sum; silent without a group of totals or without items, which other rules tell."""
    totals = r.inf.total.IBSCBSTot
    if totals is not None and r.reform:
        value = _walk(totals, path) or ZERO
        if value != wanted:
            yield f"{_ROOT}/{path.replace('.', '/')}", {"value": value, "wanted": plain(wanted)}


def _always(r: Reading, path: str, part: str) -> Found:
    """The sum of a field every gIBSCBS has."""
    return _sum(r, path, total_of(map(attrgetter(part), r.values)))


def _sometimes(r: Reading, path: str, part: str, trait: Trait) -> Found:
    """The sum of a field of a group that gIBSCBS may have."""
    return _sum(r, path, total_of(_walk(values, part) for values in r.values) if trait in r.traits else ZERO)


def _credited(r: Reading, path: str, part: str) -> Found:
    """The sum of a field of a group of credits, which IBSCBS may have without gIBSCBS."""
    return _sum(r, path, total_of(_walk(item.reform, part) for item in r.reform) if "credits" in r.traits else ZERO)


@check("R-W35-10", when="reform")
def base(r: Reading) -> Found:
    return _always(r, "vBCIBSCBS", "vBC")


@check("R-W38-10", when="reform")
def ibs_uf_deferred(r: Reading) -> Found:
    return _sometimes(r, "gIBS.gIBSUF.vDif", "gIBSUF.gDif.vDif", "deferral")


@check("R-W39-10", when="reform")
def ibs_uf_returned(r: Reading) -> Found:
    return _sometimes(r, "gIBS.gIBSUF.vDevTrib", "gIBSUF.gDevTrib.vDevTrib", "returned")


@check("R-W41-10", when="reform")
def ibs_uf(r: Reading) -> Found:
    return _always(r, "gIBS.gIBSUF.vIBSUF", "gIBSUF.vIBSUF")


@check("R-W43-10", when="reform")
def ibs_mun_deferred(r: Reading) -> Found:
    return _sometimes(r, "gIBS.gIBSMun.vDif", "gIBSMun.gDif.vDif", "deferral")


@check("R-W44-10", when="reform")
def ibs_mun_returned(r: Reading) -> Found:
    return _sometimes(r, "gIBS.gIBSMun.vDevTrib", "gIBSMun.gDevTrib.vDevTrib", "returned")


@check("R-W46-10", when="reform")
def ibs_mun(r: Reading) -> Found:
    return _always(r, "gIBS.gIBSMun.vIBSMun", "gIBSMun.vIBSMun")


@check("R-W47-10", when="reform")
def ibs(r: Reading) -> Found:
    return _always(r, "gIBS.vIBS", "vIBS")


@check("R-W48-10", when="reform")
def ibs_presumed(r: Reading) -> Found:
    return _credited(r, "gIBS.vCredPres", "gCredPresOper.gIBSCredPres.vCredPres")


@check("R-W53-10", when="reform")
def cbs_deferred(r: Reading) -> Found:
    return _sometimes(r, "gCBS.vDif", "gCBS.gDif.vDif", "deferral")


@check("R-W54-10", when="reform")
def cbs_returned(r: Reading) -> Found:
    return _sometimes(r, "gCBS.vDevTrib", "gCBS.gDevTrib.vDevTrib", "returned")


@check("R-W56-10", when="reform")
def cbs(r: Reading) -> Found:
    return _always(r, "gCBS.vCBS", "gCBS.vCBS")


@check("R-W56a-10", when="reform")
def cbs_presumed(r: Reading) -> Found:
    return _credited(r, "gCBS.vCredPres", "gCredPresOper.gCBSCredPres.vCredPres")


@check("R-W59f-10", when="reform")
def ibs_reversed(r: Reading) -> Found:
    return _credited(r, "gEstornoCred.vIBSEstCred", "gEstornoCred.vIBSEstCred")


@check("R-W59g-10", when="reform")
def cbs_reversed(r: Reading) -> Found:
    return _credited(r, "gEstornoCred.vCBSEstCred", "gEstornoCred.vCBSEstCred")


@check("R-1004")
def note_total_missing(r: Reading) -> Found:
    """IBSCBSTot goes with vNFTot."""
    if r.inf.total.IBSCBSTot is not None and r.inf.total.vNFTot is None:
        yield "/infNFe/total", {}


@check("R-1094")
def note_total(r: Reading) -> Found:
    """vNFTot is the sum of vItem, an item without it counting as zero; silent without IBSCBSTot, which other rules tell."""
    told = r.inf.total.vNFTot
    if told is not None and r.inf.total.IBSCBSTot is not None and r.reform:
        wanted = total_of(item.det.vItem for item in r.items)
        if told != wanted:
            yield "/infNFe/total/vNFTot", {"value": told, "wanted": wanted}
