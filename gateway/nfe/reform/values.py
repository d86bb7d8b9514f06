"""gIBSCBS and what hangs from it: v = vBC x rate - vDif - vDevTrib, each tax by itself (UB35-10, UB54-10, UB67-10)."""

from __future__ import annotations

from decimal import Decimal

from gateway.core.money import NOTHING
from gateway.nfe.layout.ibs_cbs import (
    AlcZfmCbs,
    CredPres,
    CredPresOper,
    DevTrib,
    Dif,
    GroupCbs,
    GroupIbsCbs,
    GroupIbsMun,
    GroupIbsUf,
    TribCompraGov,
    TribRegular,
)
from gateway.nfe.reform.rounding import HUNDRED, cents, fraction, money
from gateway.nfe.reform.rule import Credit, ReformRule, Regular, Share


def plain(rule: ReformRule, vBC: Decimal) -> GroupIbsCbs:
    """Without deferral, refund or any special: what nearly every item of a shop is."""
    uf, mun, cbs = rule.uf, rule.mun, rule.cbs
    assert uf is not None and mun is not None and cbs is not None
    # Cents by a percent of four places have 8 places already: one rounding is the two.
    vIBSUF, vIBSMun = cents(vBC * uf.part), cents(vBC * mun.part)
    return GroupIbsCbs(
        vBC=vBC,
        gIBSUF=GroupIbsUf(pIBSUF=uf.rate, gRed=uf.red, vIBSUF=vIBSUF),
        gIBSMun=GroupIbsMun(pIBSMun=mun.rate, gRed=mun.red, vIBSMun=vIBSMun),
        vIBS=vIBSUF + vIBSMun,
        gCBS=GroupCbs(pCBS=cbs.rate, gRed=cbs.red, vCBS=cents(vBC * cbs.part)),
    )


def values(rule: ReformRule, vBC: Decimal, credit: CredPresOper | None) -> GroupIbsCbs:
    """With all that the rule says. `credit` is taken from vIBS when its code deducts (UB54a-10)."""
    uf, mun, cbs = rule.uf, rule.mun, rule.cbs
    assert uf is not None and mun is not None and cbs is not None
    uf_dif, vIBSUF = _deferred(uf, vBC, rule.deferral)
    mun_dif, vIBSMun = _deferred(mun, vBC, rule.deferral)
    cbs_dif, vCBS = _deferred(cbs, vBC, rule.deferral)
    refund = None
    if rule.refund is not None:
        refund = DevTrib(pDevTrib=rule.refund, vDevTrib=money(vBC * cbs.part * fraction(rule.refund)))
        vCBS = max(vCBS - refund.vDevTrib, NOTHING)
    vIBS = vIBSUF + vIBSMun
    if rule.credit is not None and rule.credit.deducts and credit is not None and credit.gIBSCredPres is not None:
        vIBS = max(vIBS - (credit.gIBSCredPres.vCredPres or NOTHING), NOTHING)
    return GroupIbsCbs(
        vBC=vBC,
        gIBSUF=GroupIbsUf(pIBSUF=uf.rate, gDif=uf_dif, gRed=uf.red, vIBSUF=vIBSUF),
        gIBSMun=GroupIbsMun(pIBSMun=mun.rate, gDif=mun_dif, gRed=mun.red, vIBSMun=vIBSMun),
        vIBS=vIBS,
        gCBS=GroupCbs(pCBS=cbs.rate, gDif=cbs_dif, gDevTrib=refund, gRed=cbs.red, gALCZFMCBS=_incentive(rule, vBC), vCBS=vCBS),
        gTribRegular=None if rule.regular is None else _regular(rule.regular, vBC),
        gTribCompraGov=_government(uf, mun, cbs, vIBSUF, vIBSMun, vCBS) if rule.government else None,
    )


def presumed(credit: Credit, base: Decimal) -> CredPresOper:
    """gCredPresOper over `base`."""
    return CredPresOper(
        vBCCredPres=base,
        cCredPres=credit.code,
        gIBSCredPres=_credit(credit.ibs, base, credit.condition),
        gCBSCredPres=_credit(credit.cbs, base, credit.condition),
    )


def _credit(rate: Decimal | None, base: Decimal, condition: bool) -> CredPres | None:
    if rate is None:
        return None
    amount = money(base * fraction(rate))
    if condition:
        return CredPres(pCredPres=rate, vCredPresCondSus=amount)
    return CredPres(pCredPres=rate, vCredPres=amount)


def _deferred(of: Share, vBC: Decimal, deferral: Decimal | None) -> tuple[Dif | None, Decimal]:
    """vDif = vBC x rate x pDif; what is not deferred is the rest of the rounded whole, so that both add up to it."""
    due = money(vBC * of.part)
    if deferral is None:
        return None, due
    vDif = due if deferral == HUNDRED else money(vBC * of.part * fraction(deferral))
    return Dif(pDif=deferral, vDif=vDif), due - vDif


def _incentive(rule: ReformRule, vBC: Decimal) -> AlcZfmCbs | None:
    if rule.incentive is None or rule.untouched_cbs is None:
        return None
    return AlcZfmCbs(
        tpALCZFMCBS=rule.incentive.kind,
        nProcSuframa=rule.incentive.suframa or None,
        pAliqEfetRegCBS=rule.untouched_cbs,
        vTribRegCBS=money(vBC * fraction(rule.untouched_cbs)),
    )


def _regular(rule: Regular, vBC: Decimal) -> TribRegular:
    return TribRegular(
        CSTReg=rule.cst,
        cClassTribReg=rule.cclasstrib,
        pAliqEfetRegIBSUF=rule.ibs_uf,
        vTribRegIBSUF=money(vBC * fraction(rule.ibs_uf)),
        pAliqEfetRegIBSMun=rule.ibs_mun,
        vTribRegIBSMun=money(vBC * fraction(rule.ibs_mun)),
        pAliqEfetRegCBS=rule.cbs,
        vTribRegCBS=money(vBC * fraction(rule.cbs)),
    )


def _government(uf: Share, mun: Share, cbs: Share, vIBSUF: Decimal, vIBSMun: Decimal, vCBS: Decimal) -> TribCompraGov:
    """What each entity would be due; the three add up to the note's own values (UB82a-20, 1142)."""
    return TribCompraGov(
        pAliqIBSUF=uf.part.scaleb(2),
        vTribIBSUF=vIBSUF,
        pAliqIBSMun=mun.part.scaleb(2),
        vTribIBSMun=vIBSMun,
        pAliqCBS=cbs.part.scaleb(2),
        vTribCBS=vCBS,
    )
