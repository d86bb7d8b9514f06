"""The code of a product's ICMS in one note: CST or CSOSN, by the branch's regime, the buyer and the dated table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gateway.nfe import tables
from gateway.nfe.findings import Findings
from gateway.nfe.product import Product, TaxProfile
from gateway.nfe.scope import Scope
from gateway.nfe.tax_profile import StTerms, row_of

Kind = Literal["cfop", "cfop_st", "cfop_substitute", "cfop_fuel", "cfop_service"]

_SUBSTITUTE = frozenset({"10", "30", "70", "201", "202", "203"})
_WITH_ST = _SUBSTITUTE | {"90", "900"}
_RETAINED = frozenset({"60", "500"})
_FUEL = frozenset({"02", "15", "53", "61"})
_CREDITED = frozenset({"101", "201"})
_OF_GROUP = {"part": frozenset({"10", "20", "90"}), "st": frozenset({"41", "60"})}


@dataclass(frozen=True, slots=True)
class Situated:
    """`code` is a CST or a CSOSN; `group` names ICMSPart (`part`) and ICMSST (`st`). st: what is to be retained, if anything.

    kind: the table of CFOPs; cest: the code asks for a CEST (806).
    """

    code: str
    group: str
    kind: Kind
    cest: bool
    st: StTerms | None


def situate(product: Product, tax: TaxProfile, scope: Scope, path: str, findings: Findings) -> Situated:
    """The code, as the profile or the table of situations says it, in this note's circumstances."""
    row = tables.situation(tax.situation, scope.day)
    if row is None:
        findings.add("NFE-TAX-01", path, sku=product.sku, value=tax.situation, day=scope.day)
        row = tables.SituationCodes("00", "102", "", "", "")
    code = _code(product, tax, scope, row, path, findings)
    # ICMSPart and ICMSST hold a CST, which an issuer of the Simples has not (590).
    group = "" if scope.csosn else row.group
    terms = None
    if code in _WITH_ST or group == "part":
        terms = _terms(product, tax, scope, code, group, path, findings)
        if terms is None:
            if group == "part":
                group = ""
            code = tables.without_st(code, scope.day)
    if group and code not in _OF_GROUP[group]:
        findings.add("NFE-TAX-02", path, sku=product.sku, value=code, situation=tax.situation)
        group = ""
    if code in _CREDITED and scope.credit_rate is None:
        findings.add("NFE-TAX-03", path, sku=product.sku, code=code)
    if scope.mod == "65" and (group or code == "50"):
        findings.add("NFCE-TAX-03", path, sku=product.sku, code=code)
    kind: Kind = "cfop"
    if code in _SUBSTITUTE or terms is not None:
        kind = "cfop_substitute"
    elif code in _RETAINED or group == "st":
        kind = "cfop_st"
    elif code in _FUEL:
        kind = "cfop_fuel"
    return Situated(code, group, kind, code in _SUBSTITUTE or code in _RETAINED, terms)


def _code(product: Product, tax: TaxProfile, scope: Scope, row: tables.SituationCodes, path: str, findings: Findings) -> str:
    if not scope.csosn or (not row.csosn and not tax.csosn) or tax.icms_cst in _FUEL:
        return tax.icms_cst or row.cst
    if tax.csosn:
        return tax.csosn
    credited = bool(row.csosn_credit) and scope.credit and scope.credit_rate is not None and tax.simples_credit is not False
    if tax.simples_credit and not row.csosn_credit and row.csosn != "900":
        findings.add("NFE-TAX-04", path, sku=product.sku, code=row.csosn)
    return row.csosn_credit if credited else row.csosn


def _terms(
    product: Product, tax: TaxProfile, scope: Scope, code: str, group: str, path: str, findings: Findings
) -> StTerms | None:
    """The row of the buyer's state, when there is somebody to retain for. A substitute without any row lacks something."""
    if not scope.retains and group != "part":
        return None
    if not tax.st and (code in _SUBSTITUTE or group == "part"):
        findings.add("NFE-TAX-05", path, sku=product.sku, code=code)
    return row_of(tax.st, scope.to_uf, scope.day)
