"""ICMS that an item lacked: base or rate left out of the original, told by a complementary note (finNFe 2). Pure."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from gateway.core.money import NOTHING, to_cents
from gateway.nfe.amounts import percent, reais
from gateway.nfe.branch import Branch
from gateway.nfe.findings import Findings
from gateway.nfe.layout.ibs_cbs import IbsCbs
from gateway.nfe.layout.icms import Icms
from gateway.nfe.layout.icms_cst import Icms00
from gateway.nfe.layout.icms_simples import IcmsSn900
from gateway.nfe.layout.item import Det, Imposto
from gateway.nfe.layout.pis_cofins import Cofins, CofinsNt, Pis, PisNt
from gateway.nfe.mirror import chosen
from gateway.nfe.operations import Operation
from gateway.nfe.sale import ReturnedLine

_ONE = Decimal(1)


def icms_complement(
    item: Det, operation: Operation, given: ReturnedLine, branch: Branch, path: str, findings: Findings
) -> Det | None:
    """The item with nothing but the ICMS that lacks: `icms_base` x the original's rate, or the original's base x `icms_rate`.

    Goods and the other taxes are zero. None when the line or the original does not tell a base and a rate.
    """
    if given.quantity is not None or given.amount is not None or (given.icms_base is None and given.icms_rate is None):
        findings.add("NFE-RET-09", path, wanted="icms_base, icms_rate ou os dois")
        return None
    arm = None if item.imposto.ICMS is None else chosen(item.imposto.ICMS)
    base, rate, mode = (getattr(arm, name, None) for name in ("vBC", "pICMS", "modBC"))
    if base is None or rate is None or mode is None or arm is None:
        findings.add("NFE-RET-16", path, item=item.nItem)
        return None
    if given.icms_base is not None:
        base = reais(given.icms_base, "A base que faltou", f"{path}.icms_base", findings)
    if given.icms_rate is not None:
        rate = given.icms_rate
        if not percent(rate):
            findings.add("NFE-RET-09", f"{path}.icms_rate", wanted="icms_rate de 0 a 100, com até 4 casas")
            return None
    orig = getattr(arm, "orig", None) or "0"
    value = to_cents(base * rate / 100)
    if branch.crt in ("1", "4"):
        icms = Icms(ICMSSN900=IcmsSn900(orig=orig, CSOSN="900", modBC=mode, vBC=base, pICMS=rate, vICMS=value))
    else:
        icms = Icms(ICMS00=Icms00(orig=orig, CST="00", modBC=mode, vBC=base, pICMS=rate, vICMS=value))
    cst = operation.pis_cofins_cst
    reform = IbsCbs(CST=operation.ibs_cbs_cst, cClassTrib=operation.cclasstrib) if item.imposto.IBSCBS is not None else None
    prod = msgspec.structs.replace(
        item.prod,
        qCom=_ONE,
        vUnCom=NOTHING,
        vProd=NOTHING,
        uTrib=item.prod.uCom,
        qTrib=_ONE,
        vUnTrib=NOTHING,
        vFrete=None,
        vSeg=None,
        vDesc=None,
        vOutro=None,
        indTot="1",
        DI=(),
        detExport=(),
        xPed=None,
        nItemPed=None,
    )
    imposto = Imposto(ICMS=icms, PIS=Pis(PISNT=PisNt(CST=cst)), COFINS=Cofins(COFINSNT=CofinsNt(CST=cst)), IBSCBS=reform)
    return Det(nItem=item.nItem, prod=prod, imposto=imposto)
