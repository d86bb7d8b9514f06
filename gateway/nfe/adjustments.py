"""Credit and debit notes made of items: only IBS and CBS, to be transferred, adjusted, reversed or paid in advance. Pure.

Source: NT 2025.002-RTC v1.52, B25-80 (1001), UB14-70 and UB14-80 (1200, 1201), UB106, UB112, UB116, UB131.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from gateway.nfe.amounts import reais
from gateway.nfe.findings import Findings
from gateway.nfe.layout.ibs_cbs import AjusteCompet, CredPresIbsZfm, EstornoCred, IbsCbs, TransfCred
from gateway.nfe.layout.item import Det, Imposto
from gateway.nfe.operations import Operation
from gateway.nfe.raw_totals import item_value
from gateway.nfe.sale import Sale, SaleItem


def worked(operation: Operation) -> Operation:
    """The operation as the tax engine works it out: where the older taxes are not said, as if nothing of them were due."""
    if not operation.reform_only:
        return operation
    untaxed = replace(operation, icms="fixed", cst="41", csosn="400", pis_cofins_cst="08", ipi_cst="")
    return replace(untaxed, ibs_cbs_cst="410", cclasstrib="410999") if operation.by == "credit" else untaxed


def reformed(details: Sequence[Det], sale: Sale, operation: Operation, findings: Findings) -> tuple[Det, ...]:
    """The items with IBS, CBS and IS alone; of a `credit` operation, with the amounts that each item of the sale says."""
    items: list[Det] = []
    for i, det in enumerate(details):
        group = det.imposto.IBSCBS
        if operation.by == "credit":
            group = _credit(sale.items[i], operation, f"$.items[{i}].credit", findings)
        bare = msgspec.structs.replace(det, imposto=Imposto(IS=det.imposto.IS, IBSCBS=group))
        items.append(msgspec.structs.replace(bare, vItem=item_value(bare)))
    return tuple(items)


def check_credits(sale: Sale, operation: Operation, findings: Findings) -> None:
    """Amounts of credit are of `credit` operations only."""
    if operation.by == "credit":
        return
    for i, item in enumerate(sale.items):
        if item.credit is not None:
            findings.add("NFE-CREDIT-02", f"$.items[{i}].credit", name=operation.name)


def _credit(item: SaleItem, operation: Operation, path: str, findings: Findings) -> IbsCbs:
    empty = IbsCbs(CST=operation.ibs_cbs_cst, cClassTrib=operation.cclasstrib)
    credit, group = item.credit, operation.group
    dated = group in ("gAjusteCompet", "gCredPresIBSZFM")
    zfm = group == "gCredPresIBSZFM"
    more = ", competence" * dated + ", zfm_type" * zfm
    if credit is None or (dated and not credit.competence) or (zfm and not credit.zfm_type):
        findings.add("NFE-CREDIT-01", path, group=group, more=more)
        return empty
    ibs = reais(credit.ibs, "O IBS do item", f"{path}.ibs", findings)
    cbs = reais(credit.cbs, "A CBS do item", f"{path}.cbs", findings)
    if not (ibs if zfm else ibs or cbs):
        findings.add("NFE-CREDIT-01", path, group=group, more=more)
    match group:
        case "gEstornoCred":
            return msgspec.structs.replace(empty, gEstornoCred=EstornoCred(vIBSEstCred=ibs, vCBSEstCred=cbs))
        case "gTransfCred":
            return msgspec.structs.replace(empty, gTransfCred=TransfCred(vIBS=ibs, vCBS=cbs))
        case "gAjusteCompet":
            return msgspec.structs.replace(empty, gAjusteCompet=AjusteCompet(competApur=credit.competence, vIBS=ibs, vCBS=cbs))
    presumed = CredPresIbsZfm(competApur=credit.competence, tpCredPresIBSZFM=credit.zfm_type, vCredPresIBSZFM=ibs)
    return msgspec.structs.replace(empty, gCredPresIBSZFM=presumed)
