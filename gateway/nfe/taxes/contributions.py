"""PIS and COFINS."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from gateway.core.money import NOTHING, ZERO, to_cents
from gateway.nfe.findings import Findings
from gateway.nfe.layout.pis_cofins import (
    Cofins,
    CofinsAliq,
    CofinsNt,
    CofinsOutr,
    CofinsQtde,
    Pis,
    PisAliq,
    PisNt,
    PisOutr,
    PisQtde,
)
from gateway.nfe.product import Product, TaxProfile
from gateway.nfe.scope import Scope
from gateway.nfe.tables import simples_cst
from gateway.nfe.taxes.rounding import share

_ALIQ = frozenset({"01", "02"})
_QTDE = "03"
_NT = frozenset({"04", "05", "06", "07", "08", "09"})
_OUTR = frozenset({"49", "99"})
_ENTERING = frozenset(
    {*(str(n) for n in range(50, 57)), *(str(n) for n in range(60, 68)), *(str(n) for n in range(70, 76)), "98"}
)
"""Other CSTs of Outr, which only an entry has (IN RFB 1.009/2010)."""


@dataclass(frozen=True, slots=True)
class ContributionRule:
    """PIS and COFINS: by rate in percent (Aliq, or Outr), by unit in reais (Qtde, or Outr), or `fixed` groups."""

    cst: str
    pis: Decimal
    cofins: Decimal
    group: Literal["aliq", "outr", "unit"]
    fixed: tuple[Pis, Cofins] | None
    pis_part: Decimal = field(init=False)
    cofins_part: Decimal = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pis_part", self.pis.scaleb(-2))
        object.__setattr__(self, "cofins_part", self.cofins.scaleb(-2))


def resolve_contributions(product: Product, tax: TaxProfile, scope: Scope, path: str, findings: Findings) -> ContributionRule:
    """The operation's CST when it has one; else the product's, which in the Simples is inside the DAS."""
    if scope.operation.pis_cofins_cst:
        return _without_base(scope.operation.pis_cofins_cst)
    cst = tax.pis_cofins_cst
    outr = _OUTR | _ENTERING if scope.operation.tpNF == "0" else _OUTR
    if cst not in _ALIQ | _NT | outr | {_QTDE}:
        findings.add("NFE-PRODUCT-05", path, value=cst, sku=product.sku)
        cst = "01"
    if cst in _NT:
        return _without_base(cst)
    by_unit = tax.pis_unit is not None or tax.cofins_unit is not None
    if (cst == _QTDE or by_unit) and (tax.pis_unit is None or tax.cofins_unit is None):
        findings.add("NFE-TAX-23", path, sku=product.sku)
    if by_unit and (cst in _ALIQ or tax.pis_rate is not None or tax.cofins_rate is not None):
        findings.add("NFE-TAX-24", path, sku=product.sku, cst=cst)
    inside_das = simples_cst(scope.crt, scope.day)
    if inside_das is not None and cst not in outr:
        return _without_base(inside_das)
    if by_unit or cst == _QTDE:
        return ContributionRule(cst, tax.pis_unit or ZERO, tax.cofins_unit or ZERO, "unit", None)
    if cst in outr:
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


def contributions(rule: ContributionRule, base: Decimal, quantity: Decimal) -> tuple[Pis, Cofins, Decimal, Decimal]:
    """Both groups, vPIS and vCOFINS. The caller adds them to the totals of goods, or of services."""
    if rule.fixed is not None:
        return *rule.fixed, NOTHING, NOTHING
    if rule.group == "unit":
        return _by_unit(rule, quantity)
    vPIS, vCOFINS = share(base, rule.pis_part), share(base, rule.cofins_part)
    if rule.group == "aliq":
        return (
            Pis(PISAliq=PisAliq(CST=rule.cst, vBC=base, pPIS=rule.pis, vPIS=vPIS)),
            Cofins(COFINSAliq=CofinsAliq(CST=rule.cst, vBC=base, pCOFINS=rule.cofins, vCOFINS=vCOFINS)),
            vPIS,
            vCOFINS,
        )
    return (
        Pis(PISOutr=PisOutr(CST=rule.cst, vBC=base, pPIS=rule.pis, vPIS=vPIS)),
        Cofins(COFINSOutr=CofinsOutr(CST=rule.cst, vBC=base, pCOFINS=rule.cofins, vCOFINS=vCOFINS)),
        vPIS,
        vCOFINS,
    )


def _by_unit(rule: ContributionRule, quantity: Decimal) -> tuple[Pis, Cofins, Decimal, Decimal]:
    vPIS, vCOFINS = share(quantity, rule.pis), share(quantity, rule.cofins)
    if rule.cst == _QTDE:
        return (
            Pis(PISQtde=PisQtde(CST=rule.cst, qBCProd=quantity, vAliqProd=rule.pis, vPIS=vPIS)),
            Cofins(COFINSQtde=CofinsQtde(CST=rule.cst, qBCProd=quantity, vAliqProd=rule.cofins, vCOFINS=vCOFINS)),
            vPIS,
            vCOFINS,
        )
    return (
        Pis(PISOutr=PisOutr(CST=rule.cst, qBCProd=quantity, vAliqProd=rule.pis, vPIS=vPIS)),
        Cofins(COFINSOutr=CofinsOutr(CST=rule.cst, qBCProd=quantity, vAliqProd=rule.cofins, vCOFINS=vCOFINS)),
        vPIS,
        vCOFINS,
    )
