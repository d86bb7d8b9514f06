"""Group W: totals."""

from __future__ import annotations

from gateway.nfe.layout.fields import Group, Money
from gateway.nfe.layout.ibs_cbs import IbsCbsTot


class IcmsTot(Group, frozen=True, kw_only=True):
    """W02: sums of the items, and vNF (W16)."""

    vBC: Money
    vICMS: Money
    vICMSDeson: Money
    vFCPUFDest: Money | None = None
    vICMSUFDest: Money | None = None
    vICMSUFRemet: Money | None = None
    vFCP: Money
    vBCST: Money
    vST: Money
    vFCPST: Money
    vFCPSTRet: Money
    vProd: Money
    vFrete: Money
    vSeg: Money
    vDesc: Money
    vII: Money
    vIPI: Money
    vIPIDevol: Money
    vPIS: Money
    vCOFINS: Money
    vOutro: Money
    vNF: Money
    vTotTrib: Money | None = None


class Total(Group, frozen=True, kw_only=True):
    """W01."""

    ICMSTot: IcmsTot
    IBSCBSTot: IbsCbsTot | None = None
    vNFTot: Money | None = None
