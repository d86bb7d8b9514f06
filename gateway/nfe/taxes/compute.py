"""A rule applied to a line's amount: the groups of `imposto`, and their values added to the note's sums."""

from __future__ import annotations

from decimal import Decimal

from gateway.core.money import NOTHING
from gateway.nfe.layout.ibs_cbs import IbsCbs
from gateway.nfe.layout.item import Imposto
from gateway.nfe.layout.selective import Is
from gateway.nfe.reform import group as reform
from gateway.nfe.reform.profile import ReformItem
from gateway.nfe.reform.rule import ReformRule
from gateway.nfe.taxes.contributions import contributions
from gateway.nfe.taxes.difal import difal
from gateway.nfe.taxes.issqn import IssqnRule
from gateway.nfe.taxes.rule import TaxRule
from gateway.nfe.taxes.sums import Sums


def compute(
    rule: TaxRule, amount: Decimal, quantity: Decimal, sums: Sums, stated: ReformItem | None = None
) -> tuple[Imposto, Decimal]:
    """Taxes of a line worth `amount` (vProd - vDesc + vFrete + vSeg + vOutro, in cents, not negative), and its vItem.

    vItem is the amount and what the legacy taxes add to the note's total or take from it (W16-10). `stated`: what the line says
    of IBS, CBS and IS by itself; its amounts win over ours.
    """
    charged = rule.icms
    if charged is None:
        return _service(rule, amount, quantity, sums, stated), amount
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
    tax = values = None
    if rule.reform is not None:
        # UB16-10: what the legacy taxes take is not base of the new ones; the selective tax is.
        left = amount - vPIS - vCOFINS - vICMS - vFCP - vICMSUFDest - vFCPUFDest
        tax, values = _reform(rule.reform, amount, left, quantity, stated, sums)
    if pis_st is None:
        return Imposto(ICMS=icms_group, IPI=ipi, PIS=pis, COFINS=cofins, ICMSUFDest=dest, IS=tax, IBSCBS=values), value
    imposto = Imposto(
        ICMS=icms_group,
        IPI=ipi,
        PIS=pis,
        PISST=pis_st,
        COFINS=cofins,
        COFINSST=cofins_st,
        ICMSUFDest=dest,
        IS=tax,
        IBSCBS=values,
    )
    return imposto, value


def _service(rule: TaxRule, amount: Decimal, quantity: Decimal, sums: Sums, stated: ReformItem | None) -> Imposto:
    """A service: ISSQN in the place of ICMS and IPI, its PIS and COFINS in the totals of services."""
    issqn: IssqnRule | None = rule.issqn
    group, vISSQN = (None, NOTHING) if issqn is None else issqn.charge(amount, sums)
    pis, cofins, vPIS, vCOFINS = contributions(rule.contributions, amount, quantity)
    sums.service(vPIS=vPIS, vCOFINS=vCOFINS)
    tax = values = None
    if rule.reform is not None:
        tax, values = _reform(rule.reform, amount, amount - vPIS - vCOFINS - vISSQN, quantity, stated, sums)
    return Imposto(ISSQN=group, PIS=pis, COFINS=cofins, IS=tax, IBSCBS=values)


def _reform(
    rule: ReformRule, amount: Decimal, left: Decimal, quantity: Decimal, stated: ReformItem | None, sums: Sums
) -> tuple[Is | None, IbsCbs]:
    """Groups IS and IBSCBS of a line; `left` is the base before the selective tax."""
    tax = reform.selective_tax(rule, amount, quantity, stated)
    base = left if tax is None else left + (tax.vIS or NOTHING)
    values = reform.ibs_cbs(rule, base, quantity, stated)
    sums.reform.add(values, tax)
    return tax, values
