"""A rule applied to a line's amount: the groups of `imposto`, and their values added to the note's sums."""

from __future__ import annotations

from decimal import Decimal

from gateway.nfe.layout.item import Imposto
from gateway.nfe.reform import group as reform
from gateway.nfe.reform.profile import ReformItem
from gateway.nfe.taxes.contributions import contributions
from gateway.nfe.taxes.difal import difal
from gateway.nfe.taxes.icms import icms
from gateway.nfe.taxes.rounding import NOTHING
from gateway.nfe.taxes.rule import TaxRule
from gateway.nfe.taxes.sums import Sums


def compute(rule: TaxRule, amount: Decimal, quantity: Decimal, sums: Sums, stated: ReformItem | None = None) -> Imposto:
    """Taxes of a line worth `amount` (vProd - vDesc + vFrete + vOutro, in cents, not negative).

    `stated`: what the line says of IBS, CBS and IS by itself; its amounts win over ours.
    """
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
    tax = values = None
    if rule.reform is not None:
        tax = reform.selective_tax(rule.reform, amount, quantity, stated)
        # UB16-10: what the legacy taxes take is not base of the new ones; the selective tax is.
        base = amount - taken - vICMS - vFCP - vICMSUFDest - vFCPUFDest
        if tax is not None:
            base += tax.vIS or NOTHING
        values = reform.ibs_cbs(rule.reform, base, quantity, stated)
        sums.reform.add(values, tax)
    return Imposto(ICMS=icms_group, IPI=rule.ipi, PIS=pis, COFINS=cofins, ICMSUFDest=dest, IS=tax, IBSCBS=values)
