"""ICMS of the operation: a product's rule in a note's scope, and the group of a line's amount."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from gateway.core.money import ZERO
from gateway.nfe.findings import Findings
from gateway.nfe.layout.icms import Icms, Icms00, Icms20, Icms40, Icms60, IcmsSn102, IcmsSn500
from gateway.nfe.product import Product, TaxProfile
from gateway.nfe.scope import Scope
from gateway.nfe.taxes.rounding import NOTHING, share
from gateway.nfe.taxes.sums import Sums

_CST = {"tributada": "00", "reduzida": "20", "isenta": "40", "nao_tributada": "41", "st": "60"}
_CSOSN = {"tributada": "102", "reduzida": "102", "isenta": "102", "nao_tributada": "400", "st": "500"}
_REASONS = {
    "20": frozenset({"3", "9", "10", "11", "12"}),
    "40": frozenset({"1", "3", "4", "5", "6", "7", "8", "9", "10", "11", "16", "90"}),
}


@dataclass(frozen=True, slots=True)
class IcmsRule:
    """CST with values (00, 20), or `fixed`: a group that needs no amounts. Rates are percent, parts the same as fractions.

    reason: motDesICMS; with it the exempted ICMS is computed at `rate` and told, without lowering the total.
    """

    cst: str
    orig: str
    rate: Decimal
    reduction: Decimal
    fcp: Decimal
    reason: str
    fixed: Icms | None
    rate_part: Decimal = field(init=False)
    base_part: Decimal = field(init=False)
    fcp_part: Decimal = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate_part", self.rate.scaleb(-2))
        object.__setattr__(self, "base_part", 1 - self.reduction.scaleb(-2))
        object.__setattr__(self, "fcp_part", self.fcp.scaleb(-2))


def resolve_icms(product: Product, tax: TaxProfile, scope: Scope, path: str, findings: Findings) -> IcmsRule:
    orig = product.origin
    operation = scope.operation
    if operation.icms == "fixed":
        if scope.csosn:
            untaxed = Icms(ICMSSN102=IcmsSn102(orig=orig, CSOSN=operation.csosn))
            return IcmsRule(operation.csosn, orig, ZERO, ZERO, ZERO, "", untaxed)
        return IcmsRule(operation.cst, orig, ZERO, ZERO, ZERO, "", Icms(ICMS40=Icms40(orig=orig, CST=operation.cst)))
    if scope.csosn:
        csosn = _CSOSN[tax.situation]
        simples = Icms(ICMSSN102=IcmsSn102(orig=orig, CSOSN=csosn))
        if csosn == "500":
            simples = Icms(ICMSSN500=IcmsSn500(orig=orig, CSOSN=csosn))
        return IcmsRule(csosn, orig, ZERO, ZERO, ZERO, "", simples)
    cst = _CST[tax.situation]
    # The product's rate is the internal one of the issuer's state; between states the Senate's rate rules.
    rate = scope.icms_interstate(orig) if scope.interstate else (tax.icms_rate or scope.icms_internal(scope.from_uf))
    if rate is None:
        findings.add("NFE-BRANCH-06", path, uf=scope.from_uf)
        rate = ZERO
    fcp = ZERO
    if not scope.interstate:
        fcp = scope.fcp(scope.from_uf) if tax.fcp_rate is None else tax.fcp_rate
    reason = tax.exemption_reason if cst in _REASONS else ""
    if reason and reason not in _REASONS[cst]:
        findings.add("NFE-PRODUCT-10", path, value=reason, sku=product.sku, cst=cst)
    if cst == "20" and not tax.icms_reduction:
        findings.add("NFE-PRODUCT-11", path, sku=product.sku)
    fixed = None
    if cst == "60":
        fixed = Icms(ICMS60=Icms60(orig=orig, CST=cst))
    elif cst in ("40", "41") and not reason:
        fixed = Icms(ICMS40=Icms40(orig=orig, CST=cst))
    return IcmsRule(cst, orig, rate, tax.icms_reduction or ZERO, fcp, reason, fixed)


def icms(rule: IcmsRule, amount: Decimal, sums: Sums) -> tuple[Icms, Decimal, Decimal]:
    """Group, vICMS and vFCP."""
    if rule.fixed is not None:
        return rule.fixed, NOTHING, NOTHING
    if rule.cst in ("40", "41"):
        exempted = share(amount, rule.rate_part)
        sums.vICMSDeson += exempted
        group = Icms40(orig=rule.orig, CST=rule.cst, vICMSDeson=exempted, motDesICMS=rule.reason, indDeduzDeson="0")
        return Icms(ICMS40=group), NOTHING, NOTHING
    reduced = rule.cst == "20"
    base = share(amount, rule.base_part) if reduced else amount
    vICMS = share(base, rule.rate_part)
    vFCP = share(base, rule.fcp_part) if rule.fcp else NOTHING
    pFCP, told = (rule.fcp, vFCP) if rule.fcp else (None, None)
    sums.vBC += base
    sums.vICMS += vICMS
    sums.vFCP += vFCP
    if not reduced:
        full = Icms00(orig=rule.orig, CST="00", modBC="3", vBC=base, pICMS=rule.rate, vICMS=vICMS, pFCP=pFCP, vFCP=told)
        return Icms(ICMS00=full), vICMS, vFCP
    exempted = share(amount, rule.rate_part) - vICMS if rule.reason else NOTHING
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
