"""gIBSCBSMono: fuels, charged once for the chain, by unit (AdRem) or value (AdValorem). Source: LC 214/2025 arts. 172-180."""

from __future__ import annotations

from decimal import Decimal

from gateway.core.money import NOTHING, ZERO
from gateway.nfe.layout import ibs_cbs_mono as mono
from gateway.nfe.reform.profile import MonoRates, ReformItem
from gateway.nfe.reform.rounding import fraction, money
from gateway.nfe.reform.rule import ReformRule

NAMES = {
    ("unit", "standard"): ("ibs", "cbs"),
    ("value", "standard"): ("ibs_uf", "ibs_mun", "cbs"),
    ("unit", "retention"): ("ibs_retention", "cbs_retention"),
    ("value", "retention"): ("ibs_retention", "cbs_retention"),
}
"""Rates that each part of the group cannot do without."""


def monophase(rule: ReformRule, vBC: Decimal, quantity: Decimal, stated: ReformItem) -> mono.Monofasia:
    """The group of one item. vTot...MonoItem: what is due now, standard and retention; what was retained before is not."""
    rates = rule.mono
    if rates is None or not rule.mono_parts - {"deferral"}:
        return mono.Monofasia(vTotIBSMonoItem=NOTHING, vTotCBSMonoItem=NOTHING)
    q = (quantity * rates.quantity).quantize(Decimal("0.0001"))
    blend_ibs = blend_cbs = None
    if stated.blend is not None and "blend" in rule.mono_parts:
        blend_ibs = mono.IbsBioDiferenca(qBCBioComb=stated.blend.quantity, vIBSDiferenca=stated.blend.ibs)
        blend_cbs = mono.CbsBioDiferenca(qBCBioComb=stated.blend.quantity, vCBSDiferenca=stated.blend.cbs)
    by_unit = rates.basis == "unit"
    retained_ibs, retained_cbs = _retained(rates, q if by_unit else vBC, by_unit, stated)
    ret_ibs = mono.IbsMonoRet(vIBSMonoRet=retained_ibs) if "retained" in rule.mono_parts else None
    ret_cbs = mono.CbsMonoRet(vCBSMonoRet=retained_cbs) if "retained" in rule.mono_parts else None
    if by_unit:
        ibs, cbs, total_ibs, total_cbs = _by_unit(rule, rates, q)
        return mono.Monofasia(
            gIBSMonoAdRem=mono.IbsMonoAdRem(gMonoPadrao=ibs[0], gMonoReten=ibs[1], gMonoRet=ret_ibs, gpBioDiferenca=blend_ibs),
            gCBSMonoAdRem=mono.CbsMonoAdRem(gMonoPadrao=cbs[0], gMonoReten=cbs[1], gMonoRet=ret_cbs, gpBioDiferenca=blend_cbs),
            vTotIBSMonoItem=total_ibs,
            vTotCBSMonoItem=total_cbs,
        )
    ibs_v, cbs_v, total_ibs, total_cbs = _by_value(rule, rates, vBC)
    return mono.Monofasia(
        gIBSMonoAdValorem=mono.IbsMonoAdValorem(
            gMonoPadrao=ibs_v[0], gMonoReten=ibs_v[1], gMonoRet=ret_ibs, gpBioDiferenca=blend_ibs
        ),
        gCBSMonoAdValorem=mono.CbsMonoAdValorem(
            gMonoPadrao=cbs_v[0], gMonoReten=cbs_v[1], gMonoRet=ret_cbs, gpBioDiferenca=blend_cbs
        ),
        vTotIBSMonoItem=total_ibs,
        vTotCBSMonoItem=total_cbs,
    )


def _by_unit(
    rule: ReformRule, rates: MonoRates, q: Decimal
) -> tuple[
    tuple[mono.IbsUnitPadrao | None, mono.IbsUnitReten | None],
    tuple[mono.CbsUnitPadrao | None, mono.CbsUnitReten | None],
    Decimal,
    Decimal,
]:
    ibs = cbs = ibs_kept = cbs_kept = None
    total_ibs = total_cbs = NOTHING
    if "standard" in rule.mono_parts:
        ibs = mono.IbsUnitPadrao(qBCMono=q, adRemIBS=rates.ibs or ZERO, vIBSMono=money(q * (rates.ibs or ZERO)))
        cbs = mono.CbsUnitPadrao(qBCMono=q, adRemCBS=rates.cbs or ZERO, vCBSMono=money(q * (rates.cbs or ZERO)))
        total_ibs, total_cbs = ibs.vIBSMono, cbs.vCBSMono
    if "retention" in rule.mono_parts:
        of_ibs, of_cbs = rates.ibs_retention or ZERO, rates.cbs_retention or ZERO
        ibs_kept = mono.IbsUnitReten(qBCMonoReten=q, adRemIBSReten=of_ibs, vIBSMonoReten=money(q * of_ibs))
        cbs_kept = mono.CbsUnitReten(qBCMonoReten=q, adRemCBSReten=of_cbs, vCBSMonoReten=money(q * of_cbs))
        total_ibs, total_cbs = total_ibs + ibs_kept.vIBSMonoReten, total_cbs + cbs_kept.vCBSMonoReten
    return (ibs, ibs_kept), (cbs, cbs_kept), total_ibs, total_cbs


def _by_value(
    rule: ReformRule, rates: MonoRates, vBC: Decimal
) -> tuple[
    tuple[mono.IbsValuePadrao | None, mono.IbsValueReten | None],
    tuple[mono.CbsValuePadrao | None, mono.CbsValueReten | None],
    Decimal,
    Decimal,
]:
    ibs = cbs = ibs_kept = cbs_kept = None
    total_ibs = total_cbs = NOTHING
    if "standard" in rule.mono_parts:
        uf, mun, of_cbs = rates.ibs_uf or ZERO, rates.ibs_mun or ZERO, rates.cbs or ZERO
        vUF, vMun = money(vBC * fraction(uf)), money(vBC * fraction(mun))
        ibs = mono.IbsValuePadrao(
            vBCMono=vBC, pAliqMonoUF=uf, vIBSMonoUF=vUF, pAliqMonoMun=mun, vIBSMonoMun=vMun, vIBSMono=vUF + vMun
        )
        cbs = mono.CbsValuePadrao(vBCMono=vBC, pAliqMonoCBS=of_cbs, vCBSMono=money(vBC * fraction(of_cbs)))
        total_ibs, total_cbs = ibs.vIBSMono, cbs.vCBSMono
    if "retention" in rule.mono_parts:
        of_ibs, of_cbs = rates.ibs_retention or ZERO, rates.cbs_retention or ZERO
        ibs_kept = mono.IbsValueReten(vBCMonoReten=vBC, pAliqMonoReten=of_ibs, vIBSMonoReten=money(vBC * fraction(of_ibs)))
        cbs_kept = mono.CbsValueReten(vBCMonoReten=vBC, pAliqMonoReten=of_cbs, vCBSMonoReten=money(vBC * fraction(of_cbs)))
        total_ibs, total_cbs = total_ibs + ibs_kept.vIBSMonoReten, total_cbs + cbs_kept.vCBSMonoReten
    return (ibs, ibs_kept), (cbs, cbs_kept), total_ibs, total_cbs


def _retained(rates: MonoRates, base: Decimal, by_unit: bool, stated: ReformItem) -> tuple[Decimal, Decimal]:
    """What was charged before: as the line says, or else of the product's rates."""
    if stated.withheld is not None:
        return money(stated.withheld.ibs), money(stated.withheld.cbs)
    of_ibs, of_cbs = rates.ibs_retained or ZERO, rates.cbs_retained or ZERO
    if not by_unit:
        of_ibs, of_cbs = fraction(of_ibs), fraction(of_cbs)
    return money(base * of_ibs), money(base * of_cbs)
