"""ISSQN of a service sold in a note that has goods too (LC 116/2003; MOC 7.0, group U)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from gateway.core.money import NOTHING, ZERO
from gateway.core.text import clean_text
from gateway.nfe import municipios
from gateway.nfe.findings import Findings
from gateway.nfe.layout.issqn import Issqn
from gateway.nfe.product import Product
from gateway.nfe.scope import Scope
from gateway.nfe.tax_profile import Service
from gateway.nfe.taxes.rounding import share
from gateway.nfe.taxes.sums import Sums

_IND_ISS = {
    "exigivel": "1",
    "nao_incide": "2",
    "isenta": "3",
    "exportacao": "4",
    "imune": "5",
    "suspensa_judicial": "6",
    "suspensa_administrativa": "7",
}
_DUE = frozenset({"1", "6", "7"})
_SUSPENDED = frozenset({"6", "7"})


@dataclass(frozen=True, slots=True)
class IssqnRule:
    """A service's ISSQN. Rates are percent; what is not due is told with zeros."""

    service: Service
    indISS: str
    cMunFG: str
    rate: Decimal

    def charge(self, amount: Decimal, sums: Sums) -> tuple[Issqn, Decimal]:
        """Group and vISSQN; amount is what the buyer pays for the line."""
        service = self.service
        due = self.indISS in _DUE
        vDeducao = share(amount, (service.deduction or ZERO).scaleb(-2)) if due else NOTHING
        vBC = amount - vDeducao if due else NOTHING
        vISSQN = share(vBC, self.rate.scaleb(-2))
        vISSRet = vISSQN if service.withheld else NOTHING
        sums.service(vBC=vBC, vISS=vISSQN, vDeducao=vDeducao, vISSRet=vISSRet)
        return Issqn(
            vBC=vBC,
            vAliq=self.rate,
            vISSQN=vISSQN,
            cMunFG=self.cMunFG,
            cListServ=service.code,
            vDeducao=vDeducao or None,
            vISSRet=vISSRet or None,
            indISS=self.indISS,
            cServico=clean_text(service.municipal_code, 20) or None,
            cMun=self.cMunFG if self.indISS != "4" else None,
            nProcesso=clean_text(service.process, 30) or None,
            indIncentivo="1" if service.incentive else "2",
        ), vISSQN


def resolve_issqn(product: Product, service: Service, scope: Scope, path: str, findings: Findings) -> IssqnRule:
    """The rule of a service; a branch without municipal registration, or an unknown rate, is refused."""
    indISS = _IND_ISS[service.enforceability]
    city = service.city_code or scope.city_code
    if not scope.municipal:
        findings.add("NFE-TAX-18", path, sku=product.sku)
    if scope.operation.icms == "fixed":
        findings.add("NFE-TAX-19", path, sku=product.sku, operation=scope.operation.name)
    if indISS in _DUE and service.rate is None:
        findings.add("NFE-TAX-20", path, sku=product.sku)
    if service.city_code and municipios.city_name(city) is None:
        findings.add("NFE-TAX-21", path, sku=product.sku, value=city)
    if indISS in _SUSPENDED and not clean_text(service.process, 30):
        findings.add("NFE-TAX-22", path, sku=product.sku)
    return IssqnRule(service, indISS, city, (service.rate or ZERO) if indISS in _DUE else ZERO)
