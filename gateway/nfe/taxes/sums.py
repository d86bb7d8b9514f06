"""Running totals of a note's items: the sums of group W are sums of rounded items, never recomputed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import msgspec

from gateway.core.money import NOTHING, ZERO, to_cents
from gateway.nfe.layout.issqn import IssqnTot
from gateway.nfe.layout.total import IcmsTot, Total
from gateway.nfe.reform.totals import ReformSums

_PLAIN = ("vBC", "vICMS", "vFCP", "vPIS", "vCOFINS", "vProd", "vFrete", "vDesc", "vOutro", "vItem")
"""Sums of a `Row`, before those of the reform."""
Row = tuple[Decimal, ...]
"""What one item adds: `_PLAIN`, and the five sums of `ReformSums.row` when it has IBSCBS."""


class Sums:
    """Adds items up. `vItem` are the items' shares of vNF.

    deducted: relieved ICMS taken from the total; contributions_st: PISST and COFINSST that are added to it. fuels and services
    are the sums that few notes have, by their names in W.
    """

    __slots__ = (
        "_bare_rows",
        "_rows",
        "contributions_st",
        "deducted",
        "difal",
        "fuels",
        "reform",
        "services",
        "vBC",
        "vBCST",
        "vCOFINS",
        "vDesc",
        "vFCP",
        "vFCPST",
        "vFCPSTRet",
        "vFCPUFDest",
        "vFrete",
        "vICMS",
        "vICMSDeson",
        "vICMSUFDest",
        "vIPI",
        "vItem",
        "vOutro",
        "vPIS",
        "vProd",
        "vST",
        "vSeg",
        "vServ",
    )

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._bare_rows: list[Row] = []
        self.difal = False
        self.reform = ReformSums()
        self.vBC = self.vICMS = self.vICMSDeson = self.vFCP = NOTHING
        self.vFCPUFDest = self.vICMSUFDest = NOTHING
        self.vBCST = self.vST = self.vFCPST = self.vFCPSTRet = NOTHING
        self.vProd = self.vFrete = self.vSeg = self.vDesc = self.vOutro = self.vItem = self.vServ = NOTHING
        self.vIPI = self.deducted = self.contributions_st = NOTHING
        self.vPIS = self.vCOFINS = NOTHING
        self.fuels: dict[str, Decimal] = {}
        self.services: dict[str, Decimal] = {}

    def fuel(self, quantity_name: str, quantity: Decimal, name: str, value: Decimal) -> None:
        """Monophase: a quantity and its ICMS, by their names in W."""
        self.fuels[quantity_name] = self.fuels.get(quantity_name, ZERO) + quantity
        self.fuels[name] = self.fuels.get(name, ZERO) + value

    def service(self, **values: Decimal) -> None:
        """ISSQN and the contributions of a service, by their names in W17."""
        for name, value in values.items():
            self.services[name] = self.services.get(name, NOTHING) + value

    def row(self) -> Row | None:
        """These sums, of one item, as a row for those of a note; None when they have what a row has no place for."""
        if self.difal or self.fuels or self.services or any(getattr(self, name) for name in _OTHERS):
            return None
        reform = self.reform.row()
        return None if reform is None else (*(getattr(self, name) for name in _PLAIN), *reform)

    def take(self, row: Row) -> None:
        """Adds an item given whole, when the total is asked for: columns are added faster than items."""
        (self._bare_rows if len(row) == len(_PLAIN) else self._rows).append(row)

    def _add_rows(self) -> None:
        for rows in (self._rows, self._bare_rows):
            if not rows:
                continue
            columns = rows[0] if len(rows) == 1 else [sum(column) for column in zip(*rows, strict=True)]
            vBC, vICMS, vFCP, vPIS, vCOFINS, vProd, vFrete, vDesc, vOutro, vItem, *reform = columns
            self.vBC += vBC
            self.vICMS += vICMS
            self.vPIS += vPIS
            self.vCOFINS += vCOFINS
            self.vProd += vProd
            self.vItem += vItem
            if vFCP:
                self.vFCP += vFCP
            if vFrete:
                self.vFrete += vFrete
            if vDesc:
                self.vDesc += vDesc
            if vOutro:
                self.vOutro += vOutro
            self.reform.add_row(reform)
            rows.clear()

    @property
    def note_value(self) -> Decimal:
        """vNF: W16-10, less what only an import (vII) or a return (vIPIDevol) has."""
        value = self.vProd - self.vDesc - self.deducted + self.vST + self.vFCPST + self.vFrete + self.vSeg + self.vOutro
        return value + self.vIPI + self.vServ + self.contributions_st + self.fuels.get("vICMSMonoReten", ZERO)

    def total(self, competence: date, regime: str = "") -> Total:
        """Group W. IBS, CBS and IS are never added to vNF; to vItem and vNFTot from the day the tables say (NT 2025.002-RTC).

        competence: of the services (dCompet); regime: cRegTrib of the issuer.
        """
        self._add_rows()
        icms = IcmsTot(
            vBC=self.vBC,
            vICMS=self.vICMS,
            vICMSDeson=self.vICMSDeson,
            vFCPUFDest=self.vFCPUFDest if self.difal else None,
            vICMSUFDest=self.vICMSUFDest if self.difal else None,
            vICMSUFRemet=NOTHING if self.difal else None,
            vFCP=self.vFCP,
            vBCST=self.vBCST,
            vST=self.vST,
            vFCPST=self.vFCPST,
            vFCPSTRet=self.vFCPSTRet,
            vProd=self.vProd,
            vFrete=self.vFrete,
            vSeg=self.vSeg,
            vDesc=self.vDesc,
            vII=NOTHING,
            vIPI=self.vIPI,
            vIPIDevol=NOTHING,
            vPIS=self.vPIS,
            vCOFINS=self.vCOFINS,
            vOutro=self.vOutro,
            vNF=self.note_value,
        )
        if self.fuels:
            icms = msgspec.structs.replace(icms, **{name: to_cents(value) for name, value in self.fuels.items()})
        reform = self.reform.total()
        return Total(
            ICMSTot=icms,
            ISSQNtot=self._issqn_total(competence, regime) if self.services else None,
            ISTot=self.reform.is_total(),
            IBSCBSTot=reform,
            vNFTot=None if reform is None else self.vItem,
        )

    def _issqn_total(self, competence: date, regime: str) -> IssqnTot:
        return IssqnTot(vServ=self.vServ, dCompet=competence.isoformat(), cRegTrib=regime or None, **self.services)


_OTHERS = tuple(set(Sums.__slots__) - {*_PLAIN, "difal", "fuels", "services", "reform", "_rows", "_bare_rows"})
"""Amounts that a row has no place for."""
