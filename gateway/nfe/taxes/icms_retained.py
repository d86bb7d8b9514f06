"""ICMS that was retained by substitution before (CST 60, CSOSN 500), or is passed on to another state (ICMSST)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from gateway.core.money import NOTHING, ZERO
from gateway.nfe.findings import Findings
from gateway.nfe.layout.icms import Icms, Icms60, IcmsSn500, IcmsSt
from gateway.nfe.product import Product
from gateway.nfe.scope import Scope
from gateway.nfe.tax_profile import Retained
from gateway.nfe.taxes.rounding import share
from gateway.nfe.taxes.sums import Sums


@dataclass(frozen=True, slots=True)
class RetainedIcms:
    """What the unit carries, told for the quantity sold; nothing of it is charged again. effective: the group Efet is told."""

    cst: str
    reduction: Decimal
    holder: str
    head: dict[str, str]
    of_unit: Retained
    effective: bool

    def charge(self, base: Decimal, full: Decimal, quantity: Decimal, sums: Sums) -> tuple[Icms, Decimal, Decimal, Decimal]:
        """Group, and zeros: no ICMS, no FCP, nothing added to the total."""
        unit = self.of_unit
        fields: dict[str, Any] = {**self.head}

        def told(value: Decimal | None) -> Decimal | None:
            return None if value is None else share(quantity, value)

        if unit.base is not None:
            fields |= {
                "vBCSTRet": told(unit.base),
                "pST": unit.rate,
                "vICMSSubstituto": told(unit.substitute),
                "vICMSSTRet": told(unit.value or ZERO),
            }
        if unit.fcp_rate:
            vFCPSTRet = share(quantity, unit.fcp_value or ZERO)
            sums.vFCPSTRet += vFCPSTRet
            fields |= {
                "vBCFCPSTRet": told(unit.base if unit.fcp_base is None else unit.fcp_base),
                "pFCPSTRet": unit.fcp_rate,
                "vFCPSTRet": vFCPSTRet,
            }
        if self.holder == "ICMSST":
            fields |= {"vBCSTDest": told(unit.destination_base), "vICMSSTDest": told(unit.destination_value)}
        if self.effective and unit.effective_rate is not None:
            reduction = unit.effective_reduction or ZERO
            vBCEfet = share(base, 1 - reduction.scaleb(-2))
            fields |= {
                "pRedBCEfet": reduction,
                "vBCEfet": vBCEfet,
                "pICMSEfet": unit.effective_rate,
                "vICMSEfet": share(vBCEfet, unit.effective_rate.scaleb(-2)),
            }
        return Icms(**{self.holder: _GROUPS[self.holder](**fields)}), NOTHING, NOTHING, NOTHING


_GROUPS = {"ICMS60": Icms60, "ICMSSN500": IcmsSn500, "ICMSST": IcmsSt}


def resolve_retained(
    product: Product, unit: Retained, code: str, holder: str, scope: Scope, path: str, findings: Findings
) -> RetainedIcms:
    """The rule of a profile with `retained`; incomplete values are one fault each."""
    if (unit.base is None) != (unit.value is None) or (unit.base is not None and unit.rate is None):
        findings.add("NFE-TAX-09", path, sku=product.sku)
    if unit.fcp_rate and (unit.fcp_value is None or (unit.fcp_base is None and unit.base is None)):
        findings.add("NFE-TAX-10", path, sku=product.sku)
    repasse = holder == "ICMSST"
    if repasse and (unit.base is None or unit.destination_base is None or unit.destination_value is None):
        findings.add("NFE-TAX-11", path, sku=product.sku)
        # The note is refused; whole, it can still be composed to tell what else is wrong with it.
        unit = Retained(base=ZERO, rate=ZERO, value=ZERO, destination_base=ZERO, destination_value=ZERO)
    effective = scope.final_consumer or not scope.policy("effective_to_consumer")
    kind = "CSOSN" if holder == "ICMSSN500" else "CST"
    return RetainedIcms(code, ZERO, holder, {"orig": product.origin, kind: code}, unit, effective)
