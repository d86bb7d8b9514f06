"""PIS and COFINS by substitution (groups R and T)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from gateway.core.money import NOTHING, ZERO
from gateway.nfe.findings import Findings
from gateway.nfe.layout.pis_cofins import CofinsSt, PisSt
from gateway.nfe.product import Product
from gateway.nfe.scope import Scope
from gateway.nfe.tax_profile import ContributionsSt
from gateway.nfe.taxes.rounding import share


@dataclass(frozen=True, slots=True)
class ContributionsStRule:
    """By rate in percent, or by unit in reais; `adds`: what is due is also added to the note's total."""

    pis: Decimal
    cofins: Decimal
    by_unit: bool
    adds: bool

    def charge(self, base: Decimal, quantity: Decimal) -> tuple[PisSt | None, CofinsSt | None, Decimal]:
        """Both groups, none for a line worth nothing, and what the note's total gains."""
        flag = "1" if self.adds else "0"
        if self.by_unit:
            vPIS, vCOFINS = share(quantity, self.pis), share(quantity, self.cofins)
            pis = PisSt(qBCProd=quantity, vAliqProd=self.pis, vPIS=vPIS, indSomaPISST=flag)
            cofins = CofinsSt(qBCProd=quantity, vAliqProd=self.cofins, vCOFINS=vCOFINS, indSomaCOFINSST=flag)
        elif not base:
            return None, None, NOTHING
        else:
            vPIS, vCOFINS = share(base, self.pis.scaleb(-2)), share(base, self.cofins.scaleb(-2))
            pis = PisSt(vBC=base, pPIS=self.pis, vPIS=vPIS, indSomaPISST=flag)
            cofins = CofinsSt(vBC=base, pCOFINS=self.cofins, vCOFINS=vCOFINS, indSomaCOFINSST=flag)
        return pis, cofins, vPIS + vCOFINS if self.adds else NOTHING


def resolve_contributions_st(
    product: Product, profile: ContributionsSt, scope: Scope, path: str, findings: Findings
) -> ContributionsStRule:
    """The rule of a profile, whole by rate or whole by unit. NFC-e has none (746, 749)."""
    rates, units = (profile.pis_rate, profile.cofins_rate), (profile.pis_unit, profile.cofins_unit)
    by_rate, by_unit = None not in rates and units == (None, None), None not in units and rates == (None, None)
    if by_rate == by_unit:
        findings.add("NFE-TAX-25", path, sku=product.sku)
    if scope.mod == "65":
        findings.add("NFCE-TAX-02", path, sku=product.sku)
    pis, cofins = units if by_unit else rates
    return ContributionsStRule(pis or ZERO, cofins or ZERO, by_unit, profile.adds_to_total)
