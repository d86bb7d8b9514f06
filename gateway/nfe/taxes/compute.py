"""A rule applied to a line's amount: the groups of `imposto`, and their values added to the note's sums."""

from __future__ import annotations

from decimal import Decimal

from gateway.nfe.layout.item import Imposto
from gateway.nfe.taxes.contributions import contributions
from gateway.nfe.taxes.difal import difal
from gateway.nfe.taxes.ibs_cbs import ibs_cbs
from gateway.nfe.taxes.icms import icms
from gateway.nfe.taxes.rounding import NOTHING
from gateway.nfe.taxes.rule import TaxRule
from gateway.nfe.taxes.sums import Sums


def compute(rule: TaxRule, amount: Decimal, sums: Sums) -> Imposto:
    """Taxes of a line worth `amount` (vProd - vDesc + vFrete + vOutro, in cents, not negative)."""
    icms_group, vICMS, vFCP = icms(rule.icms, amount, sums)
    dest = None if rule.difal is None else difal(rule.difal, rule.icms, amount, vICMS, sums)
    vICMSUFDest, vFCPUFDest = (NOTHING, NOTHING) if dest is None else (dest.vICMSUFDest, dest.vFCPUFDest or NOTHING)
    base = amount
    exclude_icms, exclude_fcp, exclude_difal = rule.exclude
    if exclude_icms:
        base -= vICMS
    if exclude_fcp:
        base -= vFCP
    if exclude_difal:
        base -= vICMSUFDest + vFCPUFDest
    pis, cofins, taken = contributions(rule.contributions, base, sums)
    reform = rule.ibs_cbs
    if reform is not None:
        sums.ibs_cbs = True
        if rule.ibs_cbs_rates is not None:
            # UB16-10: what the legacy taxes take is not base of the new ones.
            vBC = amount - taken - vICMS - vFCP - vICMSUFDest - vFCPUFDest
            reform = ibs_cbs(reform, rule.ibs_cbs_rates, max(vBC, NOTHING), sums)
    return Imposto(ICMS=icms_group, IPI=rule.ipi, PIS=pis, COFINS=cofins, ICMSUFDest=dest, IBSCBS=reform)
