"""Groups of ICMS made of parts: the operation's own tax, its deferral, what is retained, what is relieved, and a credit."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from gateway.core.money import NOTHING
from gateway.nfe.layout.fields import Group
from gateway.nfe.layout.icms import Icms
from gateway.nfe.taxes.icms_st import StRule, st_fields
from gateway.nfe.taxes.rounding import share
from gateway.nfe.taxes.sums import Sums


@dataclass(frozen=True, slots=True)
class OwnIcms:
    """The operation's own ICMS. Rates are percent; price (pauta) is reais for a unit, None: the value of the operation.

    deferral: pDif; None: no deferral. own_share: percent of the base that is of the operation (pBCOp of ICMSPart).
    """

    rate: Decimal
    reduction: Decimal
    fcp: Decimal
    price: Decimal | None
    deferral: Decimal | None
    fcp_deferral: Decimal | None
    own_share: Decimal | None
    cBenefRBC: str | None


@dataclass(frozen=True, slots=True)
class Relief:
    """motDesICMS, and whether the relieved ICMS is taken from the total (indDeduzDeson 1)."""

    reason: str
    deducts: bool
    rate: Decimal


@dataclass(frozen=True, slots=True)
class ComposedIcms:
    """One of the groups whose parts are optional. holder: its name in Icms; head and tail: texts before and after the parts."""

    cst: str
    reduction: Decimal
    holder: str
    group: type[Group]
    head: dict[str, str]
    own: OwnIcms | None
    st: StRule | None
    relief: Relief | None
    credit: Decimal | None
    tail: dict[str, Any]

    def charge(self, base: Decimal, full: Decimal, quantity: Decimal, sums: Sums) -> tuple[Icms, Decimal, Decimal, Decimal]:
        """Group, vICMS, vFCP, and what the note's total gains (ICMS-ST) or loses (relief)."""
        fields: dict[str, Any] = {**self.head}
        vICMS = vFCP = added = NOTHING
        if self.own is not None:
            own, vICMS, vFCP = _own(self.own, base, quantity, sums)
            fields |= own
        if self.st is not None:
            retained, paid = st_fields(self.st, base, full, quantity, (vICMS, vFCP), sums)
            fields |= retained
            added += paid
        if self.relief is not None:
            relieved = max(share(base, self.relief.rate.scaleb(-2)) - fields.get("vICMSOp", vICMS), NOTHING)
            sums.vICMSDeson += relieved
            fields |= {
                "vICMSDeson": relieved,
                "motDesICMS": self.relief.reason,
                "indDeduzDeson": "1" if self.relief.deducts else "0",
            }
            if self.relief.deducts:
                sums.deducted += relieved
                added -= relieved
        if self.credit is not None:
            fields |= {"pCredSN": self.credit, "vCredICMSSN": share(base, self.credit.scaleb(-2))}
        fields |= self.tail
        known = self.group.__struct_fields__
        group: Any = self.group(**{name: value for name, value in fields.items() if name in known})
        return Icms(**{self.holder: group}), vICMS, vFCP, added


def _own(rule: OwnIcms, base: Decimal, quantity: Decimal, sums: Sums) -> tuple[dict[str, Any], Decimal, Decimal]:
    """Fields, and the ICMS and FCP that are due after the deferral."""
    whole = base if rule.price is None else rule.price * quantity
    if rule.own_share is not None:
        whole *= rule.own_share.scaleb(-2)
    vBC = share(whole, 1 - rule.reduction.scaleb(-2))
    vICMS = operation = share(vBC, rule.rate.scaleb(-2))
    fields: dict[str, Any] = {
        "modBC": "3" if rule.price is None else "1",
        "pRedBC": rule.reduction or None,
        "vBC": vBC,
        "pICMS": rule.rate,
    }
    if rule.cBenefRBC:
        fields["cBenefRBC"] = rule.cBenefRBC
    if rule.deferral is not None:
        deferred = share(operation, rule.deferral.scaleb(-2))
        vICMS = operation - deferred
        fields |= {"vICMSOp": operation, "pDif": rule.deferral, "vICMSDif": deferred}
    fields["vICMS"] = vICMS
    vFCP = due = share(vBC, rule.fcp.scaleb(-2)) if rule.fcp else NOTHING
    if rule.fcp:
        fields |= {"vBCFCP": vBC, "pFCP": rule.fcp, "vFCP": vFCP}
        if rule.fcp_deferral:
            deferred = share(vFCP, rule.fcp_deferral.scaleb(-2))
            due = vFCP - deferred
            fields |= {"pFCPDif": rule.fcp_deferral, "vFCPDif": deferred, "vFCPEfet": due}
    sums.vBC += vBC
    sums.vICMS += vICMS
    sums.vFCP += vFCP
    return fields, vICMS, due
