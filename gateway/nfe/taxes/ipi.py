"""IPI of an item: of the operation's row, or of the product's profile."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from gateway.core.money import NOTHING, ZERO
from gateway.core.taxid import Cnpj
from gateway.core.text import clean_text
from gateway.nfe.findings import Findings
from gateway.nfe.layout.ipi import Ipi, IpiNt, IpiTrib
from gateway.nfe.parties import tax_id
from gateway.nfe.product import Product
from gateway.nfe.scope import Scope
from gateway.nfe.tax_profile import IpiProfile
from gateway.nfe.taxes.rounding import share
from gateway.nfe.taxes.sums import Sums

_ENTERING = {"50": "00", "51": "01", "52": "02", "53": "03", "54": "04", "55": "05", "99": "49"}
"""CST of the entry that answers each CST of an outgoing note."""


@dataclass(frozen=True, slots=True)
class IpiRule:
    """IPI: `fixed`, a group without values, or by rate (percent) or by unit (reais). seals: for each unit.

    in_icms: it is also part of the base of the ICMS.
    """

    fixed: Ipi | None
    cst: str = ""
    cEnq: str = "999"
    rate: Decimal | None = None
    unit_value: Decimal | None = None
    CNPJProd: str | None = None
    cSelo: str | None = None
    seals: int = 0
    in_icms: bool = False

    def charge(self, amount: Decimal, quantity: Decimal, sums: Sums) -> tuple[Ipi, Decimal]:
        """Group and vIPI, which the note's total gains."""
        if self.fixed is not None:
            return self.fixed, NOTHING
        if self.unit_value is not None:
            vIPI = share(quantity, self.unit_value)
            due = IpiTrib(CST=self.cst, qUnid=quantity, vUnid=self.unit_value, vIPI=vIPI)
        else:
            rate = self.rate or ZERO
            vIPI = share(amount, rate.scaleb(-2))
            due = IpiTrib(CST=self.cst, vBC=amount, pIPI=rate, vIPI=vIPI)
        sums.vIPI += vIPI
        return Ipi(
            CNPJProd=self.CNPJProd,
            cSelo=self.cSelo,
            # A seal belongs to a whole package: what is sold by fractions takes one more.
            qSelo=str(int((quantity * self.seals).to_integral_value(rounding="ROUND_CEILING"))) if self.cSelo else None,
            cEnq=self.cEnq,
            IPITrib=due,
        ), vIPI


def resolve_ipi(product: Product, profile: IpiProfile | None, scope: Scope, path: str, findings: Findings) -> IpiRule | None:
    """The operation's IPI is told as not taxed (cEnq 999: other); else the product's, if it has any. NFC-e has none (742)."""
    operation = scope.operation
    if operation.ipi_cst:
        return IpiRule(Ipi(cEnq="999", IPINT=IpiNt(CST=operation.ipi_cst)))
    if profile is None or operation.icms == "fixed":
        return None
    if scope.mod == "65":
        findings.add("NFCE-TAX-01", path, sku=product.sku)
    cst = profile.cst if operation.tpNF == "1" else _ENTERING[profile.cst]
    producer = tax_id(profile.producer_cnpj) if profile.producer_cnpj else None
    if profile.producer_cnpj and not isinstance(producer, Cnpj):
        findings.add("NFE-TAX-15", path, sku=product.sku, value=profile.producer_cnpj)
        producer = None
    seal = clean_text(profile.seal_code, 60) or None
    if profile.cst not in ("50", "99"):
        return IpiRule(Ipi(CNPJProd=producer, cEnq=profile.cenq, IPINT=IpiNt(CST=cst)))
    if (profile.rate is None) == (profile.unit_value is None):
        findings.add("NFE-TAX-16", path, sku=product.sku, cst=profile.cst)
    if (seal is None) != (profile.seals == 0):
        findings.add("NFE-TAX-17", path, sku=product.sku)
    return IpiRule(
        fixed=None,
        cst=cst,
        cEnq=profile.cenq,
        rate=profile.rate,
        unit_value=profile.unit_value,
        CNPJProd=producer,
        cSelo=seal,
        seals=profile.seals,
        in_icms=scope.final_consumer and bool(scope.policy("ipi_in_base")),
    )
