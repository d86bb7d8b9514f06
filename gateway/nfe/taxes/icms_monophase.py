"""ICMS of fuels, due once for the whole chain in reais for a unit (CST 02, 15, 53, 61). Source: LC 192/2022, NT 2023.001."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from gateway.core.money import NOTHING, ZERO
from gateway.nfe.findings import Findings
from gateway.nfe.layout.icms import Icms
from gateway.nfe.layout.icms_cst import Icms02, Icms15, Icms53, Icms61
from gateway.nfe.product import Product
from gateway.nfe.scope import Scope
from gateway.nfe.tax_profile import Fuel
from gateway.nfe.taxes.rounding import share
from gateway.nfe.taxes.sums import Sums

_QUANTUM = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class MonophaseIcms:
    """`deferral`: pDif of CST 53, percent. reduces: the reduction of the rate lowers the values told."""

    cst: str
    reduction: Decimal
    orig: str
    fuel: Fuel
    deferral: Decimal
    reduces: bool

    def charge(self, base: Decimal, full: Decimal, quantity: Decimal, sums: Sums) -> tuple[Icms, Decimal, Decimal, Decimal]:
        """Group, the operation's own ICMS, no FCP, and what the buyer pays besides: the ICMS retained for another's share."""
        fuel = self.fuel
        rate = fuel.rate or ZERO
        taxed = _part(quantity, fuel.share)
        kept = 1 - (fuel.reduction or ZERO).scaleb(-2) if self.reduces else Decimal(1)
        if self.cst == "61":
            vICMSMonoRet = share(taxed, rate)
            sums.fuel("qBCMonoRet", taxed, "vICMSMonoRet", vICMSMonoRet)
            past = Icms61(orig=self.orig, CST="61", qBCMonoRet=taxed, adRemICMSRet=rate, vICMSMonoRet=vICMSMonoRet)
            return Icms(ICMS61=past), NOTHING, NOTHING, NOTHING
        vICMSMono = share(taxed, rate * kept)
        if self.cst == "53":
            deferred = share(vICMSMono, self.deferral.scaleb(-2))
            due = vICMSMono - deferred
            sums.fuel("qBCMono", taxed, "vICMSMono", due)
            later = Icms53(
                orig=self.orig,
                CST="53",
                qBCMono=taxed,
                adRemICMS=rate,
                vICMSMonoOp=vICMSMono,
                pDif=self.deferral,
                vICMSMonoDif=deferred,
                vICMSMono=due,
            )
            return Icms(ICMS53=later), due, NOTHING, NOTHING
        sums.fuel("qBCMono", taxed, "vICMSMono", vICMSMono)
        if self.cst == "02":
            own = Icms02(orig=self.orig, CST="02", qBCMono=taxed, adRemICMS=rate, vICMSMono=vICMSMono)
            return Icms(ICMS02=own), vICMSMono, NOTHING, NOTHING
        others = _part(quantity, fuel.retained_share)
        vICMSMonoReten = share(others, (fuel.retained_rate or ZERO) * kept)
        sums.fuel("qBCMonoReten", others, "vICMSMonoReten", vICMSMonoReten)
        lowered: dict[str, Any] = {}
        if fuel.reduction:
            lowered = {"pRedAdRem": fuel.reduction, "motRedAdRem": fuel.reduction_reason}
        both = Icms15(
            orig=self.orig,
            CST="15",
            qBCMono=taxed,
            adRemICMS=rate,
            vICMSMono=vICMSMono,
            qBCMonoReten=others,
            adRemICMSReten=fuel.retained_rate or ZERO,
            vICMSMonoReten=vICMSMonoReten,
            **lowered,
        )
        return Icms(ICMS15=both), vICMSMono, NOTHING, vICMSMonoReten


def _part(quantity: Decimal, percent: Decimal) -> Decimal:
    """A share of the quantity, up to four decimals."""
    if percent == 100:
        return quantity
    part = (quantity * percent.scaleb(-2)).quantize(_QUANTUM)
    short = part.normalize()
    return short if int(short.as_tuple().exponent) <= 0 else short.quantize(Decimal(1))


def resolve_monophase(product: Product, code: str, scope: Scope, path: str, findings: Findings) -> MonophaseIcms:
    """The rule of a fuel; one without its rates is refused, for an unknown rate is never zero."""
    fuel = product.tax.fuel
    if fuel is None or fuel.rate is None:
        findings.add("NFE-TAX-12", path, sku=product.sku, code=code)
    elif code == "15" and fuel.retained_rate is None:
        findings.add("NFE-TAX-13", path, sku=product.sku)
    deferral = product.tax.deferral
    return MonophaseIcms(
        cst=code,
        reduction=ZERO,
        orig=product.origin,
        fuel=fuel or Fuel(),
        deferral=Decimal(100) if deferral is None else deferral,
        reduces=bool(scope.policy("rate_reduction_ad_rem")),
    )
