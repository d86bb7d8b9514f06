"""Group UB by its numbers: rates of the year, effective rates and what is due. Amounts may differ by a cent, rates by 0.0001."""

from __future__ import annotations

from decimal import Decimal
from operator import attrgetter

from gateway.core.money import CENT, MAX_REAIS, ZERO, to_cents
from gateway.nfe.layout.ibs_cbs import Dif, GroupCbs, GroupIbsMun, GroupIbsUf, Red
from gateway.nfe.rules.codes import ALWAYS_STANDARD, classification, credits_, rate
from gateway.nfe.rules.reading import Found, Reading, Valued
from gateway.nfe.rules.registry import check

_HUNDRED = Decimal(100)
_POINT = Decimal("0.0001")
_PUBLIC = Decimal("0.04")
_FREE_AREAS = frozenset({"AC", "AM", "AP", "RO", "RR"})
"""States with a free trade area or the Zona Franca: there CBS may be zero (UB56-10, exception 3)."""
_CREDIT_NOTES = frozenset({"03", "04", "06"})


def plain(value: Decimal) -> Decimal:
    """An amount as people are told it: to the cent, half up; one that does not fit stays as it is."""
    return value if abs(value) > MAX_REAIS else to_cents(value)


def apart(value: Decimal, wanted: Decimal) -> bool:
    """Whether they differ by more than a cent, once the calculation is rounded to the cent (MOC, note *4)."""
    return value != wanted and abs(value - plain(wanted)) > CENT


def _suspended(code: str) -> bool:
    """Whether a cClassTrib asks for gTribRegular: what would be due without its condition."""
    kind = classification(code)
    return kind is not None and "gTribRegular" in kind.groups


def _rated(r: Reading, share: str, tag: str, name: str) -> Found:
    """The rate of the year; returns and some credit notes carry that of the original.

    Where the cClassTrib asks for gTribRegular the rate is zero (exception 1); nothing is said of a cClassTrib of no table.
    """
    if r.ide.finNFe == "4" or r.ide.tpNFCredito in _CREDIT_NOTES:
        return
    wanted = rate(name, r.day)
    if wanted is None:
        return
    same = all(map(wanted.__eq__, map(attrgetter(f"{share}.{tag}"), r.values)))
    if same and not any(_suspended(shape.group.cClassTrib) for shape in r.shapes):
        return
    for each in r.valued:
        code = each.group.cClassTrib
        if classification(code) is None or each.group.CST not in ALWAYS_STANDARD:
            continue
        value, due = getattr(getattr(each.values, share), tag), ZERO if _suspended(code) else wanted
        if value != due:
            yield f"{each.path}/{share}/{tag}", {"value": value, "wanted": due, "year": r.day and r.day.year}


@check("R-UB18-10", when="valued")
def ibs_uf_rate(r: Reading) -> Found:
    return _rated(r, "gIBSUF", "pIBSUF", "ibs_uf")


@check("R-UB37-10", when="valued")
def ibs_mun_rate(r: Reading) -> Found:
    return _rated(r, "gIBSMun", "pIBSMun", "ibs_mun")


def _in_free_area(r: Reading) -> bool:
    return r.emit.enderEmit.UF in _FREE_AREAS


@check("R-UB56-10", when="valued")
def cbs_rate(r: Reading) -> Found:
    """The rate of 2026. Zero passes where a free trade area may be: which addresses are inside is SEFAZ's to know."""
    if r.day is not None and r.day.year <= 2026:
        for path, facts in _rated(r, "gCBS", "pCBS", "cbs"):
            if facts["value"] or not _in_free_area(r):
                yield path, facts


@check("R-UB56-20", when="valued")
def cbs_rate_from_2027(r: Reading) -> Found:
    """As UB56-10, from 2027 on."""
    if r.day is not None and r.day.year > 2026:
        for path, facts in _rated(r, "gCBS", "pCBS", "cbs"):
            if facts["value"] or not _in_free_area(r):
                yield path, facts


def _deferred(each: Valued, dif: Dif | None, red: Red | None, full: Decimal, share: str) -> Found:
    """vDif of the rate, or of the effective one when there is a reduction: only what neither reading gives is told."""
    if dif is not None:
        base = each.values.vBC * dif.pDif / 10000
        rates = [full] if red is None else [full, red.pAliqEfet]
        if all(apart(dif.vDif, base * percent) for percent in rates):
            yield f"{each.path}/{share}/gDif/vDif", {"value": dif.vDif, "wanted": plain(base * rates[-1])}


@check("R-UB23-10", when="deferral")
def ibs_uf_deferred(r: Reading) -> Found:
    for each in r.valued:
        share = each.values.gIBSUF
        if share.gDif is not None:
            yield from _deferred(each, share.gDif, share.gRed, share.pIBSUF, "gIBSUF")


@check("R-UB42-10", when="deferral")
def ibs_mun_deferred(r: Reading) -> Found:
    for each in r.valued:
        share = each.values.gIBSMun
        if share.gDif is not None:
            yield from _deferred(each, share.gDif, share.gRed, share.pIBSMun, "gIBSMun")


@check("R-UB61-10", when="deferral")
def cbs_deferred(r: Reading) -> Found:
    for each in r.valued:
        share = each.values.gCBS
        if share.gDif is not None:
            yield from _deferred(each, share.gDif, share.gRed, share.pCBS, "gCBS")


def _cut(each: Valued, red: Red | None, tax: int, share: str) -> Found:
    """pRedAliq is the cClassTrib's."""
    kind = classification(each.group.cClassTrib)
    if red is not None and kind is not None and red.pRedAliq != kind.reductions[tax]:
        facts = {"value": red.pRedAliq, "wanted": kind.reductions[tax], "code": each.group.cClassTrib}
        yield f"{each.path}/{share}/gRed/pRedAliq", facts


@check("R-UB27-10", when="reduction")
def ibs_uf_reduction(r: Reading) -> Found:
    for each in r.valued:
        if each.values.gIBSUF.gRed is not None:
            yield from _cut(each, each.values.gIBSUF.gRed, 0, "gIBSUF")


@check("R-UB46-10", when="reduction")
def ibs_mun_reduction(r: Reading) -> Found:
    for each in r.valued:
        if each.values.gIBSMun.gRed is not None:
            yield from _cut(each, each.values.gIBSMun.gRed, 0, "gIBSMun")


@check("R-UB65-10", when="reduction")
def cbs_reduction(r: Reading) -> Found:
    for each in r.valued:
        if each.values.gCBS.gRed is not None:
            yield from _cut(each, each.values.gCBS.gRed, 1, "gCBS")


def _effective(r: Reading, each: Valued, red: Red, full: Decimal, share: str) -> Found:
    """pAliqEfet = rate x (1 - reduction) x (1 - the public purchase's reducer)."""
    wanted = full * (1 - red.pRedAliq / _HUNDRED)
    if r.ide.gCompraGov is not None:
        wanted *= 1 - r.ide.gCompraGov.pRedutor / _HUNDRED
    if abs(red.pAliqEfet - wanted) > _POINT:
        yield (
            f"{each.path}/{share}/gRed/pAliqEfet",
            {"value": red.pAliqEfet, "wanted": wanted if wanted > MAX_REAIS else wanted.quantize(_POINT)},
        )


@check("R-UB28-10", when="reduction")
def ibs_uf_effective(r: Reading) -> Found:
    for each in r.valued:
        share = each.values.gIBSUF
        if share.gRed is not None:
            yield from _effective(r, each, share.gRed, share.pIBSUF, "gIBSUF")


@check("R-UB47-10", when="reduction")
def ibs_mun_effective(r: Reading) -> Found:
    for each in r.valued:
        share = each.values.gIBSMun
        if share.gRed is not None:
            yield from _effective(r, each, share.gRed, share.pIBSMun, "gIBSMun")


@check("R-UB66-10", when="reduction")
def cbs_effective(r: Reading) -> Found:
    for each in r.valued:
        share = each.values.gCBS
        if share.gRed is not None:
            yield from _effective(r, each, share.gRed, share.pCBS, "gCBS")


def _due(each: Valued, share: GroupIbsUf | GroupIbsMun | GroupCbs, full: Decimal) -> Decimal:
    """Base x effective rate, less what is deferred and given back."""
    due = each.values.vBC * (full if share.gRed is None else share.gRed.pAliqEfet) / _HUNDRED
    if share.gDif is not None:
        due -= share.gDif.vDif
    if share.gDevTrib is not None:
        due -= share.gDevTrib.vDevTrib
    return due


@check("R-UB35-10", when="valued")
def ibs_uf_due(r: Reading) -> Found:
    for each in r.valued:
        share = each.values.gIBSUF
        due = _due(each, share, share.pIBSUF)
        if apart(share.vIBSUF, due):
            yield f"{each.path}/gIBSUF/vIBSUF", {"value": share.vIBSUF, "wanted": plain(due)}


@check("R-UB54-10", when="valued")
def ibs_mun_due(r: Reading) -> Found:
    for each in r.valued:
        share = each.values.gIBSMun
        due = _due(each, share, share.pIBSMun)
        if apart(share.vIBSMun, due):
            yield f"{each.path}/gIBSMun/vIBSMun", {"value": share.vIBSMun, "wanted": plain(due)}


@check("R-UB67-10", when="valued")
def cbs_due(r: Reading) -> Found:
    for each in r.valued:
        share = each.values.gCBS
        due = _due(each, share, share.pCBS)
        if apart(share.vCBS, due) and not (share.gALCZFMCBS is not None and not share.vCBS):
            yield f"{each.path}/gCBS/vCBS", {"value": share.vCBS, "wanted": plain(due)}


@check("R-UB54a-10", when="valued")
def ibs_is_its_shares(r: Reading) -> Found:
    """vIBS = vIBSUF + vIBSMun, less the presumed credit that comes off the tax: both readings of which one does pass."""
    for each in r.valued:
        wanted = each.values.gIBSUF.vIBSUF + each.values.gIBSMun.vIBSMun
        if each.values.vIBS != wanted:
            presumed = each.group.gCredPresOper
            credit = None if presumed is None else presumed.gIBSCredPres
            if credit is None or each.values.vIBS != wanted - (credit.vCredPres or ZERO):
                yield f"{each.path}/vIBS", {"value": each.values.vIBS, "wanted": wanted}


@check("R-UB63-10", when="returned")
def cbs_returned(r: Reading) -> Found:
    """vDevTrib of CBS = base x effective rate x percentage given back."""
    for each in r.valued:
        share = each.values.gCBS
        if share.gDevTrib is not None and share.gDevTrib.pDevTrib is not None:
            full = share.pCBS if share.gRed is None else share.gRed.pAliqEfet
            wanted = each.values.vBC * full * share.gDevTrib.pDevTrib / 10000
            if apart(share.gDevTrib.vDevTrib, wanted):
                facts = {"value": share.gDevTrib.vDevTrib, "wanted": plain(wanted)}
                yield f"{each.path}/gCBS/gDevTrib/vDevTrib", facts


def _regular(r: Reading, value: str, percent: str) -> Found:
    for each in r.valued:
        regular = each.values.gTribRegular
        if regular is not None:
            told, wanted = getattr(regular, value), each.values.vBC * getattr(regular, percent) / _HUNDRED
            if apart(told, wanted):
                yield f"{each.path}/gTribRegular/{value}", {"value": told, "wanted": plain(wanted)}


@check("R-UB72-10", when="regular")
def regular_ibs_uf(r: Reading) -> Found:
    return _regular(r, "vTribRegIBSUF", "pAliqEfetRegIBSUF")


@check("R-UB72b-10", when="regular")
def regular_ibs_mun(r: Reading) -> Found:
    return _regular(r, "vTribRegIBSMun", "pAliqEfetRegIBSMun")


@check("R-UB72d-10", when="regular")
def regular_cbs(r: Reading) -> Found:
    return _regular(r, "vTribRegCBS", "pAliqEfetRegCBS")


@check("R-UB82a-20", when="valued")
def public_purchase_sum(r: Reading) -> Found:
    """In a public purchase the taxes are the same money, given to one entity: the parts add up to what is due."""
    public = r.ide.gCompraGov
    if public is not None:
        for each in r.valued:
            whole = each.values.gTribCompraGov
            if whole is not None:
                told = whole.vTribIBSUF + whole.vTribIBSMun + whole.vTribCBS
                due = each.values.vIBS + each.values.gCBS.vCBS
                if abs(told - due) > _PUBLIC:
                    yield f"{each.path}/gTribCompraGov", {"value": plain(told), "wanted": due}


@check("R-UB122-10", when="credits")
def credit_unknown(r: Reading) -> Found:
    for item in r.reform:
        credit = item.reform and item.reform.gCredPresOper
        if credit and credit.cCredPres not in credits_():
            yield f"{item.path}/imposto/IBSCBS/gCredPresOper/cCredPres", {"value": credit.cCredPres}
