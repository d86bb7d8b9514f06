"""A rule applied to a line's amount: the groups of `imposto`, and their values added to the note's sums.

Legacy taxes round half up to cents, IBS and CBS half even (the calculator of the Receita Federal); either is inside the
tolerance of one cent of the rules.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

from gateway.core.money import CENT, ZERO
from gateway.nfe.layout.ibs_cbs import GroupCbs, GroupIbsCbs, GroupIbsMun, GroupIbsUf, IbsCbs
from gateway.nfe.layout.icms import Icms, Icms00, Icms20, Icms40, IcmsUfDest
from gateway.nfe.layout.item import Imposto
from gateway.nfe.layout.pis_cofins import Cofins, CofinsAliq, CofinsOutr, Pis, PisAliq, PisOutr
from gateway.nfe.tables import IbsCbsRates
from gateway.nfe.taxes.rule import ContributionRule, DifalRule, IcmsRule, TaxRule
from gateway.nfe.taxes.sums import Sums

_NOTHING = ZERO.quantize(CENT)
_HUNDRED = Decimal("100.00")


def share(base: Decimal, part: Decimal) -> Decimal:
    """`part` (a fraction) of `base`, in cents, half up."""
    return (base * part).quantize(CENT, ROUND_HALF_UP)


def share_even(base: Decimal, part: Decimal) -> Decimal:
    """`part` (a fraction) of `base`, in cents, half even."""
    return (base * part).quantize(CENT, ROUND_HALF_EVEN)


def compute(rule: TaxRule, amount: Decimal, sums: Sums) -> Imposto:
    """Taxes of a line worth `amount` (vProd - vDesc + vFrete + vOutro, in cents, not negative)."""
    icms, vICMS, vFCP = _icms(rule.icms, amount, sums)
    difal = None if rule.difal is None else _difal(rule.difal, rule.icms, amount, vICMS, sums)
    vICMSUFDest, vFCPUFDest = (_NOTHING, _NOTHING) if difal is None else (difal.vICMSUFDest, difal.vFCPUFDest or _NOTHING)
    base = amount
    exclude_icms, exclude_fcp, exclude_difal = rule.exclude
    if exclude_icms:
        base -= vICMS
    if exclude_fcp:
        base -= vFCP
    if exclude_difal:
        base -= vICMSUFDest + vFCPUFDest
    contributions = rule.contributions
    if contributions.fixed is not None:
        pis, cofins = contributions.fixed
        vPIS = vCOFINS = _NOTHING
    else:
        vPIS, vCOFINS = share(base, contributions.pis_part), share(base, contributions.cofins_part)
        pis, cofins = _contributions(contributions, base, vPIS, vCOFINS)
        sums.vPIS += vPIS
        sums.vCOFINS += vCOFINS
    ibs_cbs = rule.ibs_cbs
    if ibs_cbs is not None:
        sums.ibs_cbs = True
        if rule.ibs_cbs_rates is not None:
            # UB16-10: what the legacy taxes take is not base of the new ones.
            vBC = amount - vPIS - vCOFINS - vICMS - vFCP - vICMSUFDest - vFCPUFDest
            ibs_cbs = _ibs_cbs(ibs_cbs, rule.ibs_cbs_rates, max(vBC, _NOTHING), sums)
    return Imposto(ICMS=icms, IPI=rule.ipi, PIS=pis, COFINS=cofins, ICMSUFDest=difal, IBSCBS=ibs_cbs)


def _icms(rule: IcmsRule, amount: Decimal, sums: Sums) -> tuple[Icms, Decimal, Decimal]:
    """Group, vICMS and vFCP."""
    if rule.fixed is not None:
        return rule.fixed, _NOTHING, _NOTHING
    if rule.cst in ("40", "41"):
        exempted = share(amount, rule.rate_part)
        sums.vICMSDeson += exempted
        group = Icms40(orig=rule.orig, CST=rule.cst, vICMSDeson=exempted, motDesICMS=rule.reason, indDeduzDeson="0")
        return Icms(ICMS40=group), _NOTHING, _NOTHING
    reduced = rule.cst == "20"
    base = share(amount, rule.base_part) if reduced else amount
    vICMS = share(base, rule.rate_part)
    vFCP = share(base, rule.fcp_part) if rule.fcp else _NOTHING
    pFCP, told = (rule.fcp, vFCP) if rule.fcp else (None, None)
    sums.vBC += base
    sums.vICMS += vICMS
    sums.vFCP += vFCP
    if not reduced:
        full = Icms00(orig=rule.orig, CST="00", modBC="3", vBC=base, pICMS=rule.rate, vICMS=vICMS, pFCP=pFCP, vFCP=told)
        return Icms(ICMS00=full), vICMS, vFCP
    exempted = share(amount, rule.rate_part) - vICMS if rule.reason else _NOTHING
    sums.vICMSDeson += exempted
    partial = Icms20(
        orig=rule.orig,
        CST="20",
        modBC="3",
        pRedBC=rule.reduction,
        vBC=base,
        pICMS=rule.rate,
        vICMS=vICMS,
        vBCFCP=base if rule.fcp else None,
        pFCP=pFCP,
        vFCP=told,
        vICMSDeson=exempted if rule.reason else None,
        motDesICMS=rule.reason or None,
        indDeduzDeson="0" if rule.reason else None,
    )
    return Icms(ICMS20=partial), vICMS, vFCP


def _difal(rule: DifalRule, icms: IcmsRule, amount: Decimal, vICMS: Decimal, sums: Sums) -> IcmsUfDest:
    """EC 87/2015. Base única: the operation's base times the difference of rates; base dupla: LC 87/1996 art. 13, par. 6."""
    base = share(amount, icms.base_part) if icms.cst == "20" else amount
    if rule.exempt:
        base = value = _NOTHING
    elif rule.base == "dupla":
        own = share(base, rule.interstate.scaleb(-2))
        base = ((base - own) * _HUNDRED / (_HUNDRED - rule.internal - rule.fcp)).quantize(CENT, ROUND_HALF_UP)
        value = max(share(base, rule.internal.scaleb(-2)) - own, _NOTHING)
    else:
        value = share(base, max(rule.internal - rule.interstate, ZERO).scaleb(-2))
    vFCP = share(base, rule.fcp.scaleb(-2))
    sums.difal = True
    sums.vICMSUFDest += value
    sums.vFCPUFDest += vFCP
    return IcmsUfDest(
        vBCUFDest=base,
        vBCFCPUFDest=base if rule.fcp else None,
        pFCPUFDest=rule.fcp if rule.fcp else None,
        pICMSUFDest=rule.internal,
        pICMSInter=f"{rule.interstate:.2f}",
        pICMSInterPart=_HUNDRED,
        vFCPUFDest=vFCP if rule.fcp else None,
        vICMSUFDest=value,
        vICMSUFRemet=_NOTHING,
    )


def _contributions(rule: ContributionRule, base: Decimal, vPIS: Decimal, vCOFINS: Decimal) -> tuple[Pis, Cofins]:
    if rule.group == "aliq":
        return (
            Pis(PISAliq=PisAliq(CST=rule.cst, vBC=base, pPIS=rule.pis, vPIS=vPIS)),
            Cofins(COFINSAliq=CofinsAliq(CST=rule.cst, vBC=base, pCOFINS=rule.cofins, vCOFINS=vCOFINS)),
        )
    return (
        Pis(PISOutr=PisOutr(CST=rule.cst, vBC=base, pPIS=rule.pis, vPIS=vPIS)),
        Cofins(COFINSOutr=CofinsOutr(CST=rule.cst, vBC=base, pCOFINS=rule.cofins, vCOFINS=vCOFINS)),
    )


def _ibs_cbs(group: IbsCbs, rates: IbsCbsRates, vBC: Decimal, sums: Sums) -> IbsCbs:
    vIBSUF = share_even(vBC, rates.ibs_uf_part)
    vIBSMun = share_even(vBC, rates.ibs_mun_part)
    vCBS = share_even(vBC, rates.cbs_part)
    sums.ibs_cbs_values = True
    sums.vBCIBSCBS += vBC
    sums.vIBSUF += vIBSUF
    sums.vIBSMun += vIBSMun
    sums.vCBS += vCBS
    values = GroupIbsCbs(
        vBC=vBC,
        gIBSUF=GroupIbsUf(pIBSUF=rates.ibs_uf, vIBSUF=vIBSUF),
        gIBSMun=GroupIbsMun(pIBSMun=rates.ibs_mun, vIBSMun=vIBSMun),
        vIBS=vIBSUF + vIBSMun,
        gCBS=GroupCbs(pCBS=rates.cbs, vCBS=vCBS),
    )
    return IbsCbs(CST=group.CST, cClassTrib=group.cClassTrib, gIBSCBS=values)
