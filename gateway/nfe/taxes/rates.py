"""Rates of a product in a state: of its profile, of the branch, or of the dated tables. Percent."""

from __future__ import annotations

from decimal import Decimal

from gateway.core.money import ZERO
from gateway.nfe.findings import Findings
from gateway.nfe.product import TaxProfile
from gateway.nfe.scope import Scope
from gateway.nfe.tax_profile import row_of


def internal_rate(tax: TaxProfile, uf: str, scope: Scope, path: str, findings: Findings) -> Decimal:
    """Internal rate of the product in a state; `icms_rate` is of the issuer's. A fault, and zero, when nobody has it."""
    row = row_of(tax.states, uf, scope.day) if tax.states else None
    if row is not None and row.icms_rate is not None:
        return row.icms_rate
    if tax.icms_rate is not None and uf == scope.from_uf:
        return tax.icms_rate
    rate = scope.icms_internal(uf)
    if rate is None:
        findings.add("NFE-BRANCH-06", path, uf=uf)
        return ZERO
    return rate


def operation_rate(tax: TaxProfile, origin: str, scope: Scope, path: str, findings: Findings) -> Decimal:
    """Rate of the operation itself: the Senate's between states, or else the product's in the issuer's state."""
    return scope.icms_interstate(origin) if scope.interstate else internal_rate(tax, scope.from_uf, scope, path, findings)


def fcp_rate(tax: TaxProfile, uf: str, scope: Scope) -> Decimal:
    """FCP of the product in a state; `fcp_rate` is of the issuer's."""
    row = row_of(tax.states, uf, scope.day) if tax.states else None
    if row is not None and row.fcp_rate is not None:
        return row.fcp_rate
    if tax.fcp_rate is not None and uf == scope.from_uf:
        return tax.fcp_rate
    return scope.fcp(uf)
