"""IBS and CBS of an item (NT 2025.002-RTC)."""

from __future__ import annotations

from decimal import Decimal

from gateway.nfe.findings import Findings
from gateway.nfe.layout.ibs_cbs import GroupCbs, GroupIbsCbs, GroupIbsMun, GroupIbsUf, IbsCbs
from gateway.nfe.product import Product
from gateway.nfe.scope import Scope
from gateway.nfe.tables import IbsCbsRates, ibs_cbs_emitted, ibs_cbs_values
from gateway.nfe.taxes.rounding import share_even
from gateway.nfe.taxes.sums import Sums


def resolve_ibs_cbs(product: Product, scope: Scope, path: str, findings: Findings) -> tuple[IbsCbs | None, IbsCbsRates | None]:
    """The group without its values, and the rates when the CST carries values."""
    if not ibs_cbs_emitted(scope.crt, scope.day):
        return None, None
    operation = scope.operation
    cst = operation.ibs_cbs_cst or product.tax.ibs_cbs_cst
    code = operation.cclasstrib or product.tax.cclasstrib
    values = ibs_cbs_values(cst, scope.day)
    if values is None:
        findings.add("NFE-PRODUCT-06", path, value=cst, sku=product.sku)
        return None, None
    if len(code) != 6 or not code.isdigit() or not code.startswith(cst):
        findings.add("NFE-PRODUCT-07", path, value=code, cst=cst, sku=product.sku)
    group = IbsCbs(CST=cst, cClassTrib=code)
    if values == "none":
        return group, None
    rates = scope.ibs_cbs()
    if rates is None:
        findings.add("NFE-RTC-01", "$.branch", day=scope.day)
    return group, rates


def ibs_cbs(group: IbsCbs, rates: IbsCbsRates, vBC: Decimal, sums: Sums) -> IbsCbs:
    vIBSUF = share_even(vBC, rates.ibs_uf_part)
    vIBSMun = share_even(vBC, rates.ibs_mun_part)
    vCBS = share_even(vBC, rates.cbs_part)
    sums.ibs_cbs_values = True
    sums.vBCIBSCBS += vBC
    sums.vIBSUF += vIBSUF
    sums.vIBSMun += vIBSMun
    sums.vCBS += vCBS
    values = GroupIbsCbs(
        vBC=vBC,
        gIBSUF=GroupIbsUf(pIBSUF=rates.ibs_uf, vIBSUF=vIBSUF),
        gIBSMun=GroupIbsMun(pIBSMun=rates.ibs_mun, vIBSMun=vIBSMun),
        vIBS=vIBSUF + vIBSMun,
        gCBS=GroupCbs(pCBS=rates.cbs, vCBS=vCBS),
    )
    return IbsCbs(CST=group.CST, cClassTrib=group.cClassTrib, gIBSCBS=values)
