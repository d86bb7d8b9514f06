"""Groups W34 to W60: totals of IBS and CBS are the sums of the items as written, to the cent."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from gateway.core.money import CENT, ZERO
from gateway.nfe.layout.ibs_cbs import IbsCbs, IbsCbsTot
from gateway.nfe.rules.ibs_cbs_amounts import apart
from gateway.nfe.rules.reading import Found, Reading, Valued, total_of
from gateway.nfe.rules.registry import check

_ROOT = "/infNFe/total/IBSCBSTot"


@check("R-W34-10")
def totals_without_items(r: Reading) -> Found:
    if r.inf.total.IBSCBSTot is not None and not r.reform:
        yield _ROOT, {}


@check("R-W34-20")
def totals_missing(r: Reading) -> Found:
    if r.inf.total.IBSCBSTot is None and r.reform:
        yield "/infNFe/total", {}


def _of(r: Reading, tail: str, told: Callable[[IbsCbsTot], Decimal | None], part: Callable[[Valued], Decimal | None]) -> Found:
    """A total against its sum over the items that have values; silent without any of them, which other rules tell."""
    totals = r.inf.total.IBSCBSTot
    if totals is not None and r.reform:
        value, wanted = told(totals) or ZERO, total_of(map(part, r.valued))
        if apart(value, wanted):
            yield f"{_ROOT}/{tail}", {"value": value, "wanted": wanted.quantize(CENT)}


@check("R-W35-10")
def base(r: Reading) -> Found:
    return _of(r, "vBCIBSCBS", lambda t: t.vBCIBSCBS, lambda v: v.values.vBC)


@check("R-W38-10")
def ibs_uf_deferred(r: Reading) -> Found:
    return _of(
        r,
        "gIBS/gIBSUF/vDif",
        lambda t: t.gIBS and t.gIBS.gIBSUF.vDif,
        lambda v: v.values.gIBSUF.gDif and v.values.gIBSUF.gDif.vDif,
    )


@check("R-W39-10")
def ibs_uf_returned(r: Reading) -> Found:
    return _of(
        r,
        "gIBS/gIBSUF/vDevTrib",
        lambda t: t.gIBS and t.gIBS.gIBSUF.vDevTrib,
        lambda v: v.values.gIBSUF.gDevTrib and v.values.gIBSUF.gDevTrib.vDevTrib,
    )


@check("R-W41-10")
def ibs_uf(r: Reading) -> Found:
    return _of(r, "gIBS/gIBSUF/vIBSUF", lambda t: t.gIBS and t.gIBS.gIBSUF.vIBSUF, lambda v: v.values.gIBSUF.vIBSUF)


@check("R-W43-10")
def ibs_mun_deferred(r: Reading) -> Found:
    return _of(
        r,
        "gIBS/gIBSMun/vDif",
        lambda t: t.gIBS and t.gIBS.gIBSMun.vDif,
        lambda v: v.values.gIBSMun.gDif and v.values.gIBSMun.gDif.vDif,
    )


@check("R-W44-10")
def ibs_mun_returned(r: Reading) -> Found:
    return _of(
        r,
        "gIBS/gIBSMun/vDevTrib",
        lambda t: t.gIBS and t.gIBS.gIBSMun.vDevTrib,
        lambda v: v.values.gIBSMun.gDevTrib and v.values.gIBSMun.gDevTrib.vDevTrib,
    )


@check("R-W46-10")
def ibs_mun(r: Reading) -> Found:
    return _of(r, "gIBS/gIBSMun/vIBSMun", lambda t: t.gIBS and t.gIBS.gIBSMun.vIBSMun, lambda v: v.values.gIBSMun.vIBSMun)


@check("R-W47-10")
def ibs(r: Reading) -> Found:
    return _of(r, "gIBS/vIBS", lambda t: t.gIBS and t.gIBS.vIBS, lambda v: v.values.vIBS)


@check("R-W53-10")
def cbs_deferred(r: Reading) -> Found:
    return _of(r, "gCBS/vDif", lambda t: t.gCBS and t.gCBS.vDif, lambda v: v.values.gCBS.gDif and v.values.gCBS.gDif.vDif)


@check("R-W54-10")
def cbs_returned(r: Reading) -> Found:
    return _of(
        r,
        "gCBS/vDevTrib",
        lambda t: t.gCBS and t.gCBS.vDevTrib,
        lambda v: v.values.gCBS.gDevTrib and v.values.gCBS.gDevTrib.vDevTrib,
    )


@check("R-W56-10")
def cbs(r: Reading) -> Found:
    return _of(r, "gCBS/vCBS", lambda t: t.gCBS and t.gCBS.vCBS, lambda v: v.values.gCBS.vCBS)


def _summed(
    r: Reading, tail: str, told: Callable[[IbsCbsTot], Decimal | None], part: Callable[[IbsCbs], Decimal | None]
) -> Found:
    """As `_of`, for groups that an item may have without gIBSCBS."""
    totals = r.inf.total.IBSCBSTot
    if totals is not None and r.reform:
        value, wanted = told(totals) or ZERO, total_of(part(item.reform) for item in r.reform if item.reform is not None)
        if apart(value, wanted):
            yield f"{_ROOT}/{tail}", {"value": value, "wanted": wanted.quantize(CENT)}


@check("R-W48-10")
def ibs_presumed(r: Reading) -> Found:
    return _summed(
        r,
        "gIBS/vCredPres",
        lambda t: t.gIBS and t.gIBS.vCredPres,
        lambda g: g.gCredPresOper and g.gCredPresOper.gIBSCredPres and g.gCredPresOper.gIBSCredPres.vCredPres,
    )


@check("R-W56a-10")
def cbs_presumed(r: Reading) -> Found:
    return _summed(
        r,
        "gCBS/vCredPres",
        lambda t: t.gCBS and t.gCBS.vCredPres,
        lambda g: g.gCredPresOper and g.gCredPresOper.gCBSCredPres and g.gCredPresOper.gCBSCredPres.vCredPres,
    )


@check("R-W59f-10")
def ibs_reversed(r: Reading) -> Found:
    return _summed(
        r,
        "gEstornoCred/vIBSEstCred",
        lambda t: t.gEstornoCred and t.gEstornoCred.vIBSEstCred,
        lambda g: g.gEstornoCred and g.gEstornoCred.vIBSEstCred,
    )


@check("R-W59g-10")
def cbs_reversed(r: Reading) -> Found:
    return _summed(
        r,
        "gEstornoCred/vCBSEstCred",
        lambda t: t.gEstornoCred and t.gEstornoCred.vCBSEstCred,
        lambda g: g.gEstornoCred and g.gEstornoCred.vCBSEstCred,
    )


@check("R-1004")
def note_total_missing(r: Reading) -> Found:
    """IBSCBSTot goes with vNFTot."""
    if r.inf.total.IBSCBSTot is not None and r.inf.total.vNFTot is None:
        yield "/infNFe/total", {}


@check("R-1094")
def note_total(r: Reading) -> Found:
    """vNFTot is the sum of vItem; silent while an item of a note with totals has none."""
    told = r.inf.total.vNFTot
    if told is not None and all(item.det.vItem is not None for item in r.items):
        wanted = total_of(item.det.vItem for item in r.items)
        if apart(told, wanted):
            yield "/infNFe/total/vNFTot", {"value": told, "wanted": wanted}
