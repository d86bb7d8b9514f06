"""Running totals of a note's items: the sums of group W are sums of rounded items, never recomputed."""

from __future__ import annotations

from decimal import Decimal

from gateway.core.money import CENT, ZERO
from gateway.nfe.layout.ibs_cbs import IbsCbsTot, TotalCbs, TotalIbs, TotalIbsMun, TotalIbsUf
from gateway.nfe.layout.total import IcmsTot, Total

_NOTHING = ZERO.quantize(CENT)


class Sums:
    """Adds items up. `vItem` are the items' shares of vNF."""

    __slots__ = (
        "difal",
        "ibs_cbs",
        "ibs_cbs_values",
        "vBC",
        "vBCIBSCBS",
        "vCBS",
        "vCOFINS",
        "vDesc",
        "vFCP",
        "vFCPUFDest",
        "vFrete",
        "vIBSMun",
        "vIBSUF",
        "vICMS",
        "vICMSDeson",
        "vICMSUFDest",
        "vItem",
        "vOutro",
        "vPIS",
        "vProd",
    )

    def __init__(self) -> None:
        self.difal = self.ibs_cbs = self.ibs_cbs_values = False
        self.vBC = self.vICMS = self.vICMSDeson = self.vFCP = _NOTHING
        self.vFCPUFDest = self.vICMSUFDest = _NOTHING
        self.vProd = self.vFrete = self.vDesc = self.vOutro = self.vItem = _NOTHING
        self.vPIS = self.vCOFINS = _NOTHING
        self.vBCIBSCBS = self.vIBSUF = self.vIBSMun = self.vCBS = _NOTHING

    @property
    def note_value(self) -> Decimal:
        """vNF: W16-10 with what a retail sale has: products less discount, plus freight and other charges."""
        return self.vProd - self.vDesc + self.vFrete + self.vOutro

    def total(self) -> Total:
        """Group W. In 2026 IBS and CBS are not added to vNF nor to vNFTot (NT 2025.002-RTC)."""
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
        if not self.ibs_cbs:
            return Total(ICMSTot=icms)
        return Total(ICMSTot=icms, IBSCBSTot=self._ibs_cbs_total(), vNFTot=self.vItem)

    def _ibs_cbs_total(self) -> IbsCbsTot:
        if not self.ibs_cbs_values:
            return IbsCbsTot(vBCIBSCBS=_NOTHING)
        return IbsCbsTot(
            vBCIBSCBS=self.vBCIBSCBS,
            gIBS=TotalIbs(
                gIBSUF=TotalIbsUf(vDif=_NOTHING, vDevTrib=_NOTHING, vIBSUF=self.vIBSUF),
                gIBSMun=TotalIbsMun(vDif=_NOTHING, vDevTrib=_NOTHING, vIBSMun=self.vIBSMun),
                vIBS=self.vIBSUF + self.vIBSMun,
                vCredPres=_NOTHING,
                vCredPresCondSus=_NOTHING,
            ),
            gCBS=TotalCbs(vDif=_NOTHING, vDevTrib=_NOTHING, vCBS=self.vCBS, vCredPres=_NOTHING, vCredPresCondSus=_NOTHING),
        )
