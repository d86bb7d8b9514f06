"""ICMS of the operation: a product's rule in a note's scope, and the group of a line's amount.

The plain groups are here; those made of parts, retained before, or of fuels have a module each.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from gateway.core.money import NOTHING, ZERO
from gateway.nfe.findings import Findings
from gateway.nfe.layout.fields import Group
from gateway.nfe.layout.icms import Icms, Icms00, Icms20, Icms40, Icms60, IcmsPart, IcmsSn102, IcmsSn500
from gateway.nfe.layout.icms_cst import Icms10, Icms30, Icms51, Icms70, Icms90
from gateway.nfe.layout.icms_simples import IcmsSn101, IcmsSn201, IcmsSn202, IcmsSn900
from gateway.nfe.product import Product, TaxProfile
from gateway.nfe.scope import Scope
from gateway.nfe.tax_profile import Retained
from gateway.nfe.taxes.icms_composed import ComposedIcms, OwnIcms, Relief
from gateway.nfe.taxes.icms_monophase import resolve_monophase
from gateway.nfe.taxes.icms_retained import resolve_retained
from gateway.nfe.taxes.icms_st import resolve_st
from gateway.nfe.taxes.rates import fcp_rate, operation_rate
from gateway.nfe.taxes.rounding import share
from gateway.nfe.taxes.situation import Situated
from gateway.nfe.taxes.sums import Sums

_OF_40 = frozenset({"1", "3", "4", "5", "6", "7", "8", "9", "10", "11", "16", "90"})
_REASONS = {
    "20": frozenset({"3", "9", "10", "11", "12"}),
    "30": frozenset({"6", "7", "9"}),
    "40": _OF_40,
    "41": _OF_40,
    "50": _OF_40,
    "70": frozenset({"3", "9", "12"}),
    "90": frozenset({"3", "9", "12"}),
    "ICMSPart": frozenset({"9", "10", "11"}),
}
"""motDesICMS that each group holds (layout, N28)."""
_COMPOSED: dict[str, tuple[str, type[Group]]] = {
    "00": ("ICMS00", Icms00),
    "10": ("ICMS10", Icms10),
    "20": ("ICMS20", Icms20),
    "30": ("ICMS30", Icms30),
    "51": ("ICMS51", Icms51),
    "70": ("ICMS70", Icms70),
    "90": ("ICMS90", Icms90),
    "101": ("ICMSSN101", IcmsSn101),
    "201": ("ICMSSN201", IcmsSn201),
    "202": ("ICMSSN202", IcmsSn202),
    "203": ("ICMSSN202", IcmsSn202),
    "900": ("ICMSSN900", IcmsSn900),
}


class IcmsCharge(Protocol):
    """A product's ICMS in a note. reduction: percent taken from the base, which the DIFAL follows."""

    @property
    def cst(self) -> str: ...

    @property
    def reduction(self) -> Decimal: ...

    def charge(self, base: Decimal, full: Decimal, quantity: Decimal, sums: Sums) -> tuple[Icms, Decimal, Decimal, Decimal]:
        """Group, vICMS, vFCP, and what the note's total gains. base: of the own ICMS; full: the line with its IPI."""
        ...


@dataclass(frozen=True, slots=True)
class IcmsRule:
    """CST with values (00, 20), or `fixed`: a group that needs no amounts. Rates are percent, parts the same as fractions.

    reason: motDesICMS; with it the exempted ICMS is computed at `rate` and told, and taken from the total when `deducts`.
    """

    cst: str
    orig: str
    rate: Decimal
    reduction: Decimal
    fcp: Decimal
    reason: str
    deducts: bool
    fixed: Icms | None
    rate_part: Decimal = field(init=False)
    base_part: Decimal = field(init=False)
    fcp_part: Decimal = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate_part", self.rate.scaleb(-2))
        object.__setattr__(self, "base_part", 1 - self.reduction.scaleb(-2))
        object.__setattr__(self, "fcp_part", self.fcp.scaleb(-2))

    def charge(self, base: Decimal, full: Decimal, quantity: Decimal, sums: Sums) -> tuple[Icms, Decimal, Decimal, Decimal]:
        """Group, vICMS, vFCP, and what the total loses when the relieved ICMS is taken from it."""
        if self.fixed is not None:
            return self.fixed, NOTHING, NOTHING, NOTHING
        if self.cst in ("40", "41", "50"):
            exempted = share(base, self.rate_part)
            group = Icms40(
                orig=self.orig,
                CST=self.cst,
                vICMSDeson=exempted,
                motDesICMS=self.reason,
                indDeduzDeson="1" if self.deducts else "0",
            )
            return Icms(ICMS40=group), NOTHING, NOTHING, self._relieved(exempted, sums)
        reduced = self.cst == "20"
        vBC = share(base, self.base_part) if reduced else base
        vICMS = share(vBC, self.rate_part)
        vFCP = share(vBC, self.fcp_part) if self.fcp else NOTHING
        pFCP, told = (self.fcp, vFCP) if self.fcp else (None, None)
        sums.vBC += vBC
        sums.vICMS += vICMS
        sums.vFCP += vFCP
        if not reduced:
            whole = Icms00(orig=self.orig, CST="00", modBC="3", vBC=vBC, pICMS=self.rate, vICMS=vICMS, pFCP=pFCP, vFCP=told)
            return Icms(ICMS00=whole), vICMS, vFCP, NOTHING
        exempted = share(base, self.rate_part) - vICMS if self.reason else NOTHING
        partial = Icms20(
            orig=self.orig,
            CST="20",
            modBC="3",
            pRedBC=self.reduction,
            vBC=vBC,
            pICMS=self.rate,
            vICMS=vICMS,
            vBCFCP=vBC if self.fcp else None,
            pFCP=pFCP,
            vFCP=told,
            vICMSDeson=exempted if self.reason else None,
            motDesICMS=self.reason or None,
            indDeduzDeson=("1" if self.deducts else "0") if self.reason else None,
        )
        return Icms(ICMS20=partial), vICMS, vFCP, self._relieved(exempted, sums)

    def _relieved(self, exempted: Decimal, sums: Sums) -> Decimal:
        sums.vICMSDeson += exempted
        if not self.deducts:
            return NOTHING
        sums.deducted += exempted
        return -exempted


def resolve_icms(
    product: Product, tax: TaxProfile, situated: Situated, scope: Scope, path: str, findings: Findings
) -> IcmsCharge:
    """The rule of a product in a note; what its profile lacks is told at `path`."""
    orig, code, operation = product.origin, situated.code, scope.operation
    if operation.icms == "fixed":
        if scope.csosn:
            return _fixed(operation.csosn, orig, Icms(ICMSSN102=IcmsSn102(orig=orig, CSOSN=operation.csosn)))
        return _fixed(operation.cst, orig, Icms(ICMS40=Icms40(orig=orig, CST=operation.cst)))
    if situated.group == "st" or code in ("60", "500"):
        holder = "ICMSST" if situated.group else f"ICMS{'SN' if code == '500' else ''}{code}"
        if tax.retained is not None or situated.group:
            return resolve_retained(product, tax.retained or Retained(), code, holder, scope, path, findings)
        if code == "60":
            return _fixed(code, orig, Icms(ICMS60=Icms60(orig=orig, CST=code)))
        return _fixed(code, orig, Icms(ICMSSN500=IcmsSn500(orig=orig, CSOSN=code)))
    if code in ("02", "15", "53", "61"):
        return resolve_monophase(product, code, scope, path, findings)
    if code in ("102", "103", "300", "400"):
        return _fixed(code, orig, Icms(ICMSSN102=IcmsSn102(orig=orig, CSOSN=code)))
    reason = _reason(product, tax, "ICMSPart" if situated.group else code, path, findings)
    if code in ("20", "70") and not tax.icms_reduction:
        findings.add("NFE-PRODUCT-11", path, sku=product.sku)
    if code in ("40", "41", "50"):
        if not reason:
            return _fixed(code, orig, Icms(ICMS40=Icms40(orig=orig, CST=code)))
        rate = operation_rate(tax, orig, scope, path, findings)
        return IcmsRule(code, orig, rate, ZERO, ZERO, reason, tax.exemption_deducts, None)
    if code in ("00", "20") and not situated.group and tax.icms_base_price is None:
        rate = operation_rate(tax, orig, scope, path, findings)
        fcp = ZERO if scope.interstate else fcp_rate(tax, scope.from_uf, scope)
        reduction = tax.icms_reduction or ZERO if code == "20" else ZERO
        return IcmsRule(code, orig, rate, reduction, fcp, reason, tax.exemption_deducts, None)
    return _composed(product, tax, situated, reason, scope, path, findings)


def _composed(
    product: Product, tax: TaxProfile, situated: Situated, reason: str, scope: Scope, path: str, findings: Findings
) -> ComposedIcms:
    code = situated.code
    part = situated.group == "part"
    holder, group = ("ICMSPart", IcmsPart) if part else _COMPOSED[code]
    rate = operation_rate(tax, product.origin, scope, path, findings)
    # 90 and 900 tell the operation's own ICMS only when the profile says at what rate: they also stand for nothing due.
    tells = part or code in ("00", "10", "20", "51", "70") or (code in ("90", "900") and tax.icms_rate is not None)
    own = None
    if tells:
        fields = group.__struct_fields__
        deferral = tax.deferral if "pDif" in fields else None
        if code == "51" and deferral is None:
            deferral = Decimal(100)
        fcp = ZERO if scope.interstate or ("vBCFCP" not in fields and code != "00") else fcp_rate(tax, scope.from_uf, scope)
        if part and tax.own_share is None:
            findings.add("NFE-TAX-14", path, sku=product.sku)
        own = OwnIcms(
            rate=rate,
            reduction=tax.icms_reduction or ZERO if code not in ("00", "10") else ZERO,
            fcp=fcp,
            price=tax.icms_base_price,
            deferral=deferral,
            fcp_deferral=tax.fcp_deferral,
            own_share=tax.own_share if part else None,
            cBenefRBC=tax.cbenef_rbc.strip().upper() or None,
        )
    own_rate = rate if scope.csosn or (code == "30" and scope.policy("exempt_deducts")) else None
    st = None if situated.st is None else resolve_st(product, tax, situated.st, own_rate, scope, path, findings)
    credited = code in ("101", "201") or (code == "900" and tax.simples_credit is True and scope.credit)
    return ComposedIcms(
        cst=code,
        reduction=own.reduction if own is not None else ZERO,
        holder=holder,
        group=group,
        head={"orig": product.origin, "CSOSN" if holder.startswith("ICMSSN") else "CST": code},
        own=own,
        st=st,
        relief=Relief(reason, tax.exemption_deducts, rate) if reason else None,
        credit=(scope.credit_rate or ZERO) if credited else None,
        tail={"pBCOp": tax.own_share or ZERO, "UFST": scope.to_uf} if part else {},
    )


def _reason(product: Product, tax: TaxProfile, group: str, path: str, findings: Findings) -> str:
    """motDesICMS, when the group has one."""
    if not tax.exemption_reason or group not in _REASONS:
        return ""
    if tax.exemption_reason not in _REASONS[group]:
        findings.add("NFE-PRODUCT-10", path, value=tax.exemption_reason, sku=product.sku, cst=group)
    return tax.exemption_reason


def _fixed(code: str, orig: str, group: Icms) -> IcmsRule:
    return IcmsRule(code, orig, ZERO, ZERO, ZERO, "", False, group)
