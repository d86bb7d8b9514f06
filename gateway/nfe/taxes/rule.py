"""How one product is taxed in one note: what depends on the amounts is left for `compute`."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from gateway.core.money import ZERO, to_cents
from gateway.nfe.amounts import percent
from gateway.nfe.findings import Findings
from gateway.nfe.layout.ibs_cbs import IbsCbs
from gateway.nfe.layout.icms import Icms, Icms40, Icms60, IcmsSn102, IcmsSn500
from gateway.nfe.layout.ipi import Ipi, IpiNt
from gateway.nfe.layout.pis_cofins import Cofins, CofinsNt, CofinsOutr, Pis, PisNt, PisOutr
from gateway.nfe.sale import Product, TaxProfile
from gateway.nfe.scope import Scope
from gateway.nfe.tables import IbsCbsRates, ibs_cbs_emitted, ibs_cbs_values, simples_cst

_CST = {"tributada": "00", "reduzida": "20", "isenta": "40", "nao_tributada": "41", "st": "60"}
_CSOSN = {"tributada": "102", "reduzida": "102", "isenta": "102", "nao_tributada": "400", "st": "500"}
_REASONS = {
    "20": frozenset({"3", "9", "10", "11", "12"}),
    "40": frozenset({"1", "3", "4", "5", "6", "7", "8", "9", "10", "11", "16", "90"}),
}
_ALIQ = frozenset({"01", "02"})
_NT = frozenset({"04", "05", "06", "07", "08", "09"})
_OUTR = frozenset({"49", "99"})


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


@dataclass(frozen=True, slots=True)
class DifalRule:
    """ICMSUFDest: rates of the destination and between the states; `exempt` writes the group with zeros."""

    internal: Decimal
    interstate: Decimal
    fcp: Decimal
    base: str
    exempt: bool


@dataclass(frozen=True, slots=True)
class ContributionRule:
    """PIS and COFINS with a base (Aliq, or Outr with rates), or `fixed` groups."""

    cst: str
    pis: Decimal
    cofins: Decimal
    group: Literal["aliq", "outr"]
    fixed: tuple[Pis, Cofins] | None
    pis_part: Decimal = field(init=False)
    cofins_part: Decimal = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pis_part", self.pis.scaleb(-2))
        object.__setattr__(self, "cofins_part", self.cofins.scaleb(-2))


@dataclass(frozen=True, slots=True)
class TaxRule:
    """Everything `compute` needs; what is None does not apply."""

    icms: IcmsRule
    difal: DifalRule | None
    contributions: ContributionRule
    exclude: tuple[bool, bool, bool]
    ibs_cbs: IbsCbs | None
    ibs_cbs_rates: IbsCbsRates | None
    ipi: Ipi | None = None


def resolve(product: Product, scope: Scope, path: str, findings: Findings) -> TaxRule:
    """The rule of `product` in `scope`; faults are told at `path` (the product's place in the body)."""
    tax = product.tax
    for name in ("icms_rate", "icms_reduction", "fcp_rate", "pis_rate", "cofins_rate"):
        value = getattr(tax, name)
        if value is not None and not percent(value):
            findings.add("NFE-PRODUCT-08", path, name=name, sku=product.sku, value=value)
            tax = TaxProfile(situation=tax.situation)
            break
    icms = _icms(product, tax, scope, path, findings)
    # The difference of rates is of a taxed outgoing operation: what the operation leaves untaxed has none (NT 2015.003, 694).
    icms_due = scope.operation.icms == "product" and scope.operation.tpNF == "1"
    policy = scope.pis_cofins()
    group, rates = _ibs_cbs(product, scope, path, findings)
    return TaxRule(
        icms=icms,
        difal=_difal(product, icms, scope, path, findings) if scope.difal and icms_due else None,
        contributions=_contributions(product, tax, scope, path, findings),
        exclude=(policy.exclude_icms, policy.exclude_fcp, policy.exclude_difal),
        ibs_cbs=group,
        ibs_cbs_rates=rates,
        ipi=_ipi(scope.operation.ipi_cst),
    )


def _icms(product: Product, tax: TaxProfile, scope: Scope, path: str, findings: Findings) -> IcmsRule:
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


def _difal(product: Product, icms: IcmsRule, scope: Scope, path: str, findings: Findings) -> DifalRule:
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


def _contributions(product: Product, tax: TaxProfile, scope: Scope, path: str, findings: Findings) -> ContributionRule:
    if scope.operation.pis_cofins_cst:
        return _without_base(scope.operation.pis_cofins_cst)
    cst = tax.pis_cofins_cst
    if cst not in _ALIQ | _NT | _OUTR:
        findings.add("NFE-PRODUCT-05", path, value=cst, sku=product.sku)
        cst = "01"
    if cst in _NT:
        return _without_base(cst)
    inside_das = simples_cst(scope.crt, scope.day)
    if inside_das is not None or cst in _OUTR:
        cst = cst if cst in _OUTR else inside_das or cst
        rates = (tax.pis_rate or ZERO, tax.cofins_rate or ZERO)
        plain = inside_das is not None or not any(rates)
        return ContributionRule(cst, *rates, "outr", _without_base(cst).fixed if plain else None)
    rates_of_regime = scope.pis_cofins()
    pis = rates_of_regime.pis if tax.pis_rate is None else tax.pis_rate
    cofins = rates_of_regime.cofins if tax.cofins_rate is None else tax.cofins_rate
    return ContributionRule(cst, pis, cofins, "aliq", None)


def _without_base(cst: str) -> ContributionRule:
    """A CST that is told and charges nothing: NT has no values, Outr has zeros."""
    if cst in _NT:
        return ContributionRule(cst, ZERO, ZERO, "aliq", (Pis(PISNT=PisNt(CST=cst)), Cofins(COFINSNT=CofinsNt(CST=cst))))
    nothing = to_cents(ZERO)
    zeros = (
        Pis(PISOutr=PisOutr(CST=cst, vBC=nothing, pPIS=nothing, vPIS=nothing)),
        Cofins(COFINSOutr=CofinsOutr(CST=cst, vBC=nothing, pCOFINS=nothing, vCOFINS=nothing)),
    )
    return ContributionRule(cst, ZERO, ZERO, "outr", zeros)


def _ipi(cst: str) -> Ipi | None:
    """IPI told as not taxed. cEnq 999: other; a retailer has no legal framing of its own."""
    return Ipi(cEnq="999", IPINT=IpiNt(CST=cst)) if cst else None


def _ibs_cbs(product: Product, scope: Scope, path: str, findings: Findings) -> tuple[IbsCbs | None, IbsCbsRates | None]:
    """The group without its values, and the rates when the CST carries values."""
    if not ibs_cbs_emitted(scope.crt, scope.day):
        return None, None
    operation = scope.operation
    cst = operation.ibs_cbs_cst or product.tax.ibs_cbs_cst
    code = operation.cclasstrib or product.tax.cclasstrib
    values = ibs_cbs_values(cst, scope.day)
    if values is None:
        findings.add("NFE-PRODUCT-06", path, value=cst, sku=product.sku)
        return None, None
    if len(code) != 6 or not code.isdigit() or not code.startswith(cst):
        findings.add("NFE-PRODUCT-07", path, value=code, cst=cst, sku=product.sku)
    group = IbsCbs(CST=cst, cClassTrib=code)
    if values == "none":
        return group, None
    rates = scope.ibs_cbs()
    if rates is None:
        findings.add("NFE-RTC-01", "$.branch", day=scope.day)
    return group, rates
