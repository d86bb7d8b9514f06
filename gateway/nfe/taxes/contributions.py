"""PIS and COFINS."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from gateway.core.money import ZERO, to_cents
from gateway.nfe.findings import Findings
from gateway.nfe.layout.pis_cofins import Cofins, CofinsAliq, CofinsNt, CofinsOutr, Pis, PisAliq, PisNt, PisOutr
from gateway.nfe.product import Product, TaxProfile
from gateway.nfe.scope import Scope
from gateway.nfe.tables import simples_cst
from gateway.nfe.taxes.rounding import NOTHING, share
from gateway.nfe.taxes.sums import Sums

_ALIQ = frozenset({"01", "02"})
_NT = frozenset({"04", "05", "06", "07", "08", "09"})
_OUTR = frozenset({"49", "99"})


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


def resolve_contributions(product: Product, tax: TaxProfile, scope: Scope, path: str, findings: Findings) -> ContributionRule:
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


def contributions(rule: ContributionRule, base: Decimal, sums: Sums) -> tuple[Pis, Cofins, Decimal]:
    """Both groups, and what they take together from the base of IBS and CBS."""
    if rule.fixed is not None:
        return *rule.fixed, NOTHING
    vPIS, vCOFINS = share(base, rule.pis_part), share(base, rule.cofins_part)
    sums.vPIS += vPIS
    sums.vCOFINS += vCOFINS
    return *_groups(rule, base, vPIS, vCOFINS), vPIS + vCOFINS


def _groups(rule: ContributionRule, base: Decimal, vPIS: Decimal, vCOFINS: Decimal) -> tuple[Pis, Cofins]:
    if rule.group == "aliq":
        return (
            Pis(PISAliq=PisAliq(CST=rule.cst, vBC=base, pPIS=rule.pis, vPIS=vPIS)),
            Cofins(COFINSAliq=CofinsAliq(CST=rule.cst, vBC=base, pCOFINS=rule.cofins, vCOFINS=vCOFINS)),
        )
    return (
        Pis(PISOutr=PisOutr(CST=rule.cst, vBC=base, pPIS=rule.pis, vPIS=vPIS)),
        Cofins(COFINSOutr=CofinsOutr(CST=rule.cst, vBC=base, pCOFINS=rule.cofins, vCOFINS=vCOFINS)),
    )
