"""How one product is taxed in one note: what depends on the amounts is left for `compute`."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.nfe.amounts import percent
from gateway.nfe.findings import Findings
from gateway.nfe.layout.ipi import Ipi
from gateway.nfe.product import Product, TaxProfile
from gateway.nfe.reform.resolve import resolve_reform
from gateway.nfe.reform.rule import ReformRule
from gateway.nfe.scope import Scope
from gateway.nfe.taxes.contributions import ContributionRule, resolve_contributions
from gateway.nfe.taxes.difal import DifalRule, resolve_difal
from gateway.nfe.taxes.icms import IcmsRule, resolve_icms
from gateway.nfe.taxes.ipi import resolve_ipi


@dataclass(frozen=True, slots=True)
class TaxRule:
    """Everything `compute` needs; what is None does not apply."""

    icms: IcmsRule
    difal: DifalRule | None
    contributions: ContributionRule
    exclude: tuple[bool, bool, bool]
    reform: ReformRule | None
    ipi: Ipi | None = None


def resolve(product: Product, scope: Scope, path: str, findings: Findings, *, donation: bool = False) -> TaxRule:
    """The rule of `product` in `scope`; faults are told at `path` (the product's place in the body)."""
    tax = product.tax
    for name in ("icms_rate", "icms_reduction", "fcp_rate", "pis_rate", "cofins_rate"):
        value = getattr(tax, name)
        if value is not None and not percent(value):
            findings.add("NFE-PRODUCT-08", path, name=name, sku=product.sku, value=value)
            tax = TaxProfile(situation=tax.situation)
            break
    icms = resolve_icms(product, tax, scope, path, findings)
    # The difference of rates is of a taxed outgoing operation: what the operation leaves untaxed has none (NT 2015.003, 694).
    icms_due = scope.operation.icms == "product" and scope.operation.tpNF == "1"
    policy = scope.pis_cofins()
    return TaxRule(
        icms=icms,
        difal=resolve_difal(product, icms, scope, path, findings) if scope.difal and icms_due else None,
        contributions=resolve_contributions(product, tax, scope, path, findings),
        exclude=(policy.exclude_icms, policy.exclude_fcp, policy.exclude_difal),
        reform=resolve_reform(product, scope, path, findings, donation=donation),
        ipi=resolve_ipi(scope.operation.ipi_cst),
    )
