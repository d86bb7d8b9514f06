"""A rule applied to a line's amount: the groups of `imposto`, and their values added to the note's sums."""

from __future__ import annotations

from decimal import Decimal

from gateway.nfe.layout.ibs_cbs import IbsCbs
from gateway.nfe.layout.item import Imposto
from gateway.nfe.taxes.contributions import contributions
from gateway.nfe.taxes.difal import difal
from gateway.nfe.taxes.ibs_cbs import ibs_cbs
from gateway.nfe.taxes.issqn import IssqnRule
from gateway.nfe.taxes.rounding import NOTHING
from gateway.nfe.taxes.rule import TaxRule
from gateway.nfe.taxes.sums import Sums


def compute(rule: TaxRule, amount: Decimal, quantity: Decimal, sums: Sums) -> tuple[Imposto, Decimal]:
    """Taxes of a line worth `amount` (vProd - vDesc + vFrete + vSeg + vOutro, in cents, not negative), and its vItem.

    vItem is the amount and what the taxes add to the note's total or take from it (W16-10).
    """
    charged = rule.icms
    if charged is None:
        return _service(rule, amount, quantity, sums), amount
    value = full = base = amount
    ipi = None
    if rule.ipi is not None:
        ipi, vIPI = rule.ipi.charge(amount, quantity, sums)
        if vIPI:
            value = full = amount + vIPI
            base = full if rule.ipi.in_icms else amount
    icms_group, vICMS, vFCP, added = charged.charge(base, full, quantity, sums)
    if added:
        value += added
    dest = None if rule.difal is None else difal(rule.difal, base, sums)
    vICMSUFDest, vFCPUFDest = (NOTHING, NOTHING) if dest is None else (dest.vICMSUFDest, dest.vFCPUFDest or NOTHING)
    base = amount
    exclude_icms, exclude_fcp, exclude_difal = rule.exclude
    if exclude_icms:
        base -= vICMS
    if exclude_fcp:
        base -= vFCP
    if exclude_difal:
        base -= vICMSUFDest + vFCPUFDest
    pis, cofins, vPIS, vCOFINS = contributions(rule.contributions, base, quantity)
    sums.vPIS += vPIS
    sums.vCOFINS += vCOFINS
    pis_st = cofins_st = None
    if rule.contributions_st is not None:
        pis_st, cofins_st, added = rule.contributions_st.charge(amount, quantity)
        sums.contributions_st += added
        value += added
    reform = rule.ibs_cbs
    if reform is not None:
        # UB16-10: what the legacy taxes take is not base of the new ones.
        reform = _reform(rule, reform, amount - vPIS - vCOFINS - vICMS - vFCP - vICMSUFDest - vFCPUFDest, sums)
    if pis_st is None:
        return Imposto(ICMS=icms_group, IPI=ipi, PIS=pis, COFINS=cofins, ICMSUFDest=dest, IBSCBS=reform), value
    imposto = Imposto(
        ICMS=icms_group,
        IPI=ipi,
        PIS=pis,
        PISST=pis_st,
        COFINS=cofins,
        COFINSST=cofins_st,
        ICMSUFDest=dest,
        IBSCBS=reform,
    )
    return imposto, value


def _service(rule: TaxRule, amount: Decimal, quantity: Decimal, sums: Sums) -> Imposto:
    """A service: ISSQN in the place of ICMS and IPI, its PIS and COFINS in the totals of services."""
    issqn: IssqnRule | None = rule.issqn
    group, vISSQN = (None, NOTHING) if issqn is None else issqn.charge(amount, sums)
    pis, cofins, vPIS, vCOFINS = contributions(rule.contributions, amount, quantity)
    sums.service(vPIS=vPIS, vCOFINS=vCOFINS)
    reform = rule.ibs_cbs
    if reform is not None:
        reform = _reform(rule, reform, amount - vPIS - vCOFINS - vISSQN, sums)
    return Imposto(ISSQN=group, PIS=pis, COFINS=cofins, IBSCBS=reform)


def _reform(rule: TaxRule, group: IbsCbs, vBC: Decimal, sums: Sums) -> IbsCbs:
    sums.ibs_cbs = True
    return group if rule.ibs_cbs_rates is None else ibs_cbs(group, rule.ibs_cbs_rates, max(vBC, NOTHING), sums)
