"""Running totals of a note's items: the sums of group W are sums of rounded items, never recomputed."""

from __future__ import annotations

from decimal import Decimal

from gateway.core.money import CENT, ZERO
from gateway.nfe.layout.total import IcmsTot, Total
from gateway.nfe.reform.totals import ReformSums

_NOTHING = ZERO.quantize(CENT)


class Sums:
    """Adds items up. `vItem` are the items' shares of vNF."""

    __slots__ = (
        "difal",
        "reform",
        "vBC",
        "vCOFINS",
        "vDesc",
        "vFCP",
        "vFCPUFDest",
        "vFrete",
        "vICMS",
        "vICMSDeson",
        "vICMSUFDest",
        "vItem",
        "vOutro",
        "vPIS",
        "vProd",
    )

    def __init__(self) -> None:
        self.difal = False
        self.reform = ReformSums()
        self.vBC = self.vICMS = self.vICMSDeson = self.vFCP = _NOTHING
        self.vFCPUFDest = self.vICMSUFDest = _NOTHING
        self.vProd = self.vFrete = self.vDesc = self.vOutro = self.vItem = _NOTHING
        self.vPIS = self.vCOFINS = _NOTHING

    @property
    def note_value(self) -> Decimal:
        """vNF: W16-10 with what a retail sale has: products less discount, plus freight and other charges."""
        return self.vProd - self.vDesc + self.vFrete + self.vOutro

    def total(self) -> Total:
        """Group W. IBS, CBS and IS are never added to vNF; to vItem and vNFTot from the day the tables say (NT 2025.002-RTC)."""
        icms = IcmsTot(
            vBC=self.vBC,
            vICMS=self.vICMS,
            vICMSDeson=self.vICMSDeson,
            vFCPUFDest=self.vFCPUFDest if self.difal else None,
            vICMSUFDest=self.vICMSUFDest if self.difal else None,
            vICMSUFRemet=_NOTHING if self.difal else None,
            vFCP=self.vFCP,
            vBCST=_NOTHING,
            vST=_NOTHING,
            vFCPST=_NOTHING,
            vFCPSTRet=_NOTHING,
            vProd=self.vProd,
            vFrete=self.vFrete,
            vSeg=_NOTHING,
            vDesc=self.vDesc,
            vII=_NOTHING,
            vIPI=_NOTHING,
            vIPIDevol=_NOTHING,
            vPIS=self.vPIS,
            vCOFINS=self.vCOFINS,
            vOutro=self.vOutro,
            vNF=self.note_value,
        )
        reform = self.reform.total()
        return Total(
            ICMSTot=icms,
            ISTot=self.reform.is_total(),
            IBSCBSTot=reform,
            vNFTot=None if reform is None else self.vItem,
        )
