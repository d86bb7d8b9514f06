"""How one product is taxed in one note: what depends on the amounts is left for `compute`."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.core.money import ZERO
from gateway.nfe.findings import Findings
from gateway.nfe.product import Product, TaxProfile
from gateway.nfe.reform.resolve import resolve_reform
from gateway.nfe.reform.rule import ReformRule
from gateway.nfe.scope import Scope
from gateway.nfe.tax_profile import Service
from gateway.nfe.taxes.contributions import ContributionRule, resolve_contributions
from gateway.nfe.taxes.contributions_st import ContributionsStRule, resolve_contributions_st
from gateway.nfe.taxes.difal import DifalRule, resolve_difal
from gateway.nfe.taxes.icms import IcmsCharge, resolve_icms
from gateway.nfe.taxes.ipi import IpiRule, resolve_ipi
from gateway.nfe.taxes.issqn import IssqnRule, resolve_issqn
from gateway.nfe.taxes.profile import wrong_numbers
from gateway.nfe.taxes.situation import Kind, situate


@dataclass(frozen=True, slots=True)
class TaxRule:
    """Everything `compute` needs; what is None does not apply. A service has `issqn`, goods have `icms`.

    kind: the table of CFOPs of the operation; cest: the goods need one.
    """

    icms: IcmsCharge | None
    difal: DifalRule | None
    contributions: ContributionRule
    exclude: tuple[bool, bool, bool]
    reform: ReformRule | None
    ipi: IpiRule | None
    contributions_st: ContributionsStRule | None
    issqn: IssqnRule | None
    kind: Kind
    cest: bool


def resolve(product: Product, scope: Scope, path: str, findings: Findings, *, donation: bool = False) -> TaxRule:
    """The rule of `product` in `scope`; faults are told at `path` (the product's place in the body)."""
    tax = product.tax
    if wrong := wrong_numbers(tax):
        for one in wrong:
            code = "NFE-TAX-26" if one.amount else "NFE-PRODUCT-08"
            findings.add(code, path, name=one.name, sku=product.sku, value=one.value)
        tax = TaxProfile() if tax.service is None else TaxProfile(service=Service(code=tax.service.code, rate=ZERO))
    policy = scope.pis_cofins()
    exclude = (policy.exclude_icms, policy.exclude_fcp, policy.exclude_difal)
    if tax.service is not None:
        issqn = resolve_issqn(product, tax.service, scope, path, findings)
        paid = resolve_contributions(product, tax, scope, path, findings)
        reform = resolve_reform(product, scope, path, findings, donation=donation)
        return TaxRule(None, None, paid, exclude, reform, None, None, issqn, "cfop_service", False)
    situated = situate(product, tax, scope, path, findings)
    icms = resolve_icms(product, tax, situated, scope, path, findings)
    # The difference of rates is of a taxed outgoing operation: what the operation leaves untaxed has none (NT 2015.003, 694).
    icms_due = scope.operation.icms == "product" and scope.operation.tpNF == "1"
    # Fuels pay once, and to the state where they are used (LC 192/2022).
    shared = scope.difal and icms_due and situated.kind != "cfop_fuel"
    substituted = tax.contributions_st if icms_due else None
    return TaxRule(
        icms=icms,
        difal=resolve_difal(product, tax, icms, scope, path, findings) if shared else None,
        contributions=resolve_contributions(product, tax, scope, path, findings),
        exclude=exclude,
        reform=resolve_reform(product, scope, path, findings, donation=donation),
        ipi=resolve_ipi(product, tax.ipi, scope, path, findings),
        contributions_st=None if substituted is None else resolve_contributions_st(product, substituted, scope, path, findings),
        issqn=None,
        kind=situated.kind,
        cest=situated.cest,
    )
