"""Group IS: the selective tax, by value and by unit."""

from __future__ import annotations

from decimal import Decimal

from gateway.core.money import ZERO
from gateway.nfe.layout.selective import Is
from gateway.nfe.reform.profile import SelectiveTax
from gateway.nfe.reform.rounding import fraction, money


def selective(tax: SelectiveTax, vBCIS: Decimal, quantity: Decimal) -> Is:
    """vIS = vBCIS x pIS / 100 + qTrib x adRemIS (UB11-10, which reads the rate by unit in reais)."""
    rate = tax.rate or ZERO
    if tax.unit_rate is None:
        return Is(CSTIS=tax.cst, cClassTribIS=tax.cclasstrib, vBCIS=vBCIS, pIS=rate, vIS=money(vBCIS * fraction(rate)))
    qTrib = (quantity * tax.quantity).quantize(Decimal("0.0001"))
    return Is(
        CSTIS=tax.cst,
        cClassTribIS=tax.cclasstrib,
        vBCIS=vBCIS,
        pIS=rate,
        adRemIS=tax.unit_rate,
        uTrib=tax.unit,
        qTrib=qTrib,
        vIS=money(vBCIS * fraction(rate) + qTrib * tax.unit_rate),
    )
