"""ICMSUFDest: the difference of rates of an interstate sale to who is no contributor (EC 87/2015, LC 190/2022)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from gateway.core.money import CENT, NOTHING, ZERO
from gateway.nfe.findings import Findings
from gateway.nfe.layout.icms import IcmsUfDest
from gateway.nfe.product import Product, TaxProfile
from gateway.nfe.scope import Scope
from gateway.nfe.taxes.icms import IcmsCharge
from gateway.nfe.taxes.rates import fcp_rate, internal_rate
from gateway.nfe.taxes.rounding import HUNDRED, share
from gateway.nfe.taxes.sums import Sums


@dataclass(frozen=True, slots=True)
class DifalRule:
    """ICMSUFDest: rates of the destination and between the states; `exempt` writes the group with zeros.

    base_part: what the reduction of the operation's base leaves of it, as a fraction.
    """

    internal: Decimal
    interstate: Decimal
    fcp: Decimal
    base: str
    base_part: Decimal
    exempt: bool


def resolve_difal(product: Product, tax: TaxProfile, icms: IcmsCharge, scope: Scope, path: str, findings: Findings) -> DifalRule:
    return DifalRule(
        internal=internal_rate(tax, scope.to_uf, scope, path, findings),
        interstate=scope.icms_interstate(product.origin),
        fcp=fcp_rate(tax, scope.to_uf, scope),
        base=scope.difal_base,
        base_part=1 - icms.reduction.scaleb(-2),
        # Convênio ICMS 153/2015: exemption of the goods is considered in the share of the destination too.
        exempt=icms.cst in ("40", "41", "50"),
    )


def difal(rule: DifalRule, amount: Decimal, sums: Sums) -> IcmsUfDest:
    """EC 87/2015. Base única: the operation's base times the difference of rates; base dupla: LC 87/1996 art. 13, par. 6."""
    base = share(amount, rule.base_part)
    if rule.exempt:
        base = value = NOTHING
    elif rule.base == "dupla":
        own = share(base, rule.interstate.scaleb(-2))
        base = ((base - own) * HUNDRED / (HUNDRED - rule.internal - rule.fcp)).quantize(CENT, ROUND_HALF_UP)
        value = max(share(base, rule.internal.scaleb(-2)) - own, NOTHING)
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
        pICMSInterPart=HUNDRED,
        vFCPUFDest=vFCP if rule.fcp else None,
        vICMSUFDest=value,
        vICMSUFRemet=NOTHING,
    )
