"""ICMSUFDest: the difference of rates of an interstate sale to who is no contributor (EC 87/2015, LC 190/2022)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from gateway.core.money import CENT, ZERO
from gateway.nfe.findings import Findings
from gateway.nfe.layout.icms import IcmsUfDest
from gateway.nfe.product import Product
from gateway.nfe.scope import Scope
from gateway.nfe.taxes.icms import IcmsRule
from gateway.nfe.taxes.rounding import HUNDRED, NOTHING, share
from gateway.nfe.taxes.sums import Sums


@dataclass(frozen=True, slots=True)
class DifalRule:
    """ICMSUFDest: rates of the destination and between the states; `exempt` writes the group with zeros."""

    internal: Decimal
    interstate: Decimal
    fcp: Decimal
    base: str
    exempt: bool


def resolve_difal(product: Product, icms: IcmsRule, scope: Scope, path: str, findings: Findings) -> DifalRule:
    internal = scope.icms_internal(scope.to_uf)
    if internal is None:
        findings.add("NFE-BRANCH-06", path, uf=scope.to_uf)
        internal = ZERO
    return DifalRule(
        internal=internal,
        interstate=scope.icms_interstate(product.origin),
        fcp=scope.fcp(scope.to_uf),
        base=scope.difal_base,
        # Convênio ICMS 153/2015: exemption of the goods is considered in the share of the destination too.
        exempt=icms.cst in ("40", "41"),
    )


def difal(rule: DifalRule, icms: IcmsRule, amount: Decimal, vICMS: Decimal, sums: Sums) -> IcmsUfDest:
    """EC 87/2015. Base única: the operation's base times the difference of rates; base dupla: LC 87/1996 art. 13, par. 6."""
    base = share(amount, icms.base_part) if icms.cst == "20" else amount
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
