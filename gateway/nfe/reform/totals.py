"""IBSCBSTot and ISTot: sums of the rounded items, never recomputed (W34-10 to W59g-10)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from gateway.core.money import NOTHING
from gateway.nfe.layout.fields import Group
from gateway.nfe.layout.ibs_cbs import (
    CredPres,
    EstornoCred,
    GroupIbsCbs,
    IbsCbs,
    IbsCbsTot,
    TotalCbs,
    TotalIbs,
    TotalIbsMun,
    TotalIbsUf,
    TotalMono,
)
from gateway.nfe.layout.ibs_cbs_mono import Monofasia
from gateway.nfe.layout.selective import Is, IsTot

_MONO = ("vIBSMono", "vCBSMono", "vIBSMonoReten", "vCBSMonoReten", "vIBSMonoRet", "vCBSMonoRet")


class ReformSums:
    """Adds up the groups of a note's items, one by one."""

    __slots__ = ("_cbs", "_credits", "_ibs", "_mono", "_mun", "_reversals", "_seen", "_selective", "_uf", "_vBC", "_valued")

    def __init__(self) -> None:
        self._seen = self._valued = False
        self._vBC = self._ibs = NOTHING
        self._uf = [NOTHING, NOTHING, NOTHING]
        self._mun = [NOTHING, NOTHING, NOTHING]
        self._cbs = [NOTHING, NOTHING, NOTHING]
        self._credits = [NOTHING, NOTHING, NOTHING, NOTHING]
        self._mono: dict[str, Decimal] | None = None
        self._reversals: list[Decimal] | None = None
        self._selective: Decimal | None = None

    def add(self, group: IbsCbs | None, tax: Is | None = None) -> None:
        """One item's groups."""
        if tax is not None:
            self._selective = (self._selective or NOTHING) + (tax.vIS or NOTHING)
        if group is None:
            return
        self._seen = True
        if group.gIBSCBS is not None:
            self._add_values(group.gIBSCBS)
        if group.gIBSCBSMono is not None:
            self._add_mono(group.gIBSCBSMono)
        if group.gEstornoCred is not None:
            told = self._reversals or [NOTHING, NOTHING]
            self._reversals = [told[0] + group.gEstornoCred.vIBSEstCred, told[1] + group.gEstornoCred.vCBSEstCred]
        if group.gCredPresOper is not None:
            self._valued = True
            self._add_credit(group.gCredPresOper.gIBSCredPres, 0)
            self._add_credit(group.gCredPresOper.gCBSCredPres, 2)

    def row(self) -> tuple[Decimal, ...] | None:
        """Of one item: base, IBS, of the state, of the city, and CBS. Empty without the group, None when there is more."""
        if not self._seen:
            return () if self._selective is None else None
        rare = self._mono is not None or self._reversals is not None or self._selective is not None or not self._valued
        if rare or any((*self._uf[:2], *self._mun[:2], *self._cbs[:2], *self._credits)):
            return None
        return (self._vBC, self._ibs, self._uf[2], self._mun[2], self._cbs[2])

    def add_row(self, row: Sequence[Decimal]) -> None:
        """What `row` gave, of one item or of several added up."""
        if not row:
            return
        self._seen = self._valued = True
        self._vBC += row[0]
        self._ibs += row[1]
        for sums, added in zip((self._uf, self._mun, self._cbs), row[2:], strict=True):
            sums[2] += added

    def is_total(self) -> IsTot | None:
        """ISTot, when any item has the selective tax."""
        return None if self._selective is None else IsTot(vIS=self._selective)

    def total(self) -> IbsCbsTot | None:
        """IBSCBSTot, when any item has the group."""
        if not self._seen:
            return None
        uf, mun, cbs, credits_, reversals = self._uf, self._mun, self._cbs, self._credits, self._reversals
        return IbsCbsTot(
            vBCIBSCBS=self._vBC,
            gIBS=TotalIbs(
                gIBSUF=TotalIbsUf(vDif=uf[0], vDevTrib=uf[1], vIBSUF=uf[2]),
                gIBSMun=TotalIbsMun(vDif=mun[0], vDevTrib=mun[1], vIBSMun=mun[2]),
                vIBS=self._ibs,
                vCredPres=credits_[0],
                vCredPresCondSus=credits_[1],
            )
            if self._valued
            else None,
            gCBS=TotalCbs(vDif=cbs[0], vDevTrib=cbs[1], vCBS=cbs[2], vCredPres=credits_[2], vCredPresCondSus=credits_[3])
            if self._valued
            else None,
            gMono=None if self._mono is None else TotalMono(**self._mono),
            gEstornoCred=None if reversals is None else EstornoCred(vIBSEstCred=reversals[0], vCBSEstCred=reversals[1]),
        )

    def _add_values(self, group: GroupIbsCbs) -> None:
        self._valued = True
        self._vBC += group.vBC
        self._ibs += group.vIBS
        uf, mun, cbs = group.gIBSUF, group.gIBSMun, group.gCBS
        self._uf[2] += uf.vIBSUF
        self._mun[2] += mun.vIBSMun
        self._cbs[2] += cbs.vCBS
        if uf.gDif or mun.gDif or cbs.gDif or uf.gDevTrib or mun.gDevTrib or cbs.gDevTrib:
            for share, sums in ((uf, self._uf), (mun, self._mun), (cbs, self._cbs)):
                sums[0] += NOTHING if share.gDif is None else share.gDif.vDif
                sums[1] += NOTHING if share.gDevTrib is None else share.gDevTrib.vDevTrib

    def _add_credit(self, credit: CredPres | None, place: int) -> None:
        if credit is not None:
            self._credits[place] += credit.vCredPres or NOTHING
            self._credits[place + 1] += credit.vCredPresCondSus or NOTHING

    def _add_mono(self, group: Monofasia) -> None:
        """gMonoPadrao, gMonoReten and gMonoRet, by unit or by value alike."""
        sums = self._mono = self._mono or dict.fromkeys(_MONO, NOTHING)
        for arm in (group.gIBSMonoAdRem, group.gIBSMonoAdValorem, group.gCBSMonoAdRem, group.gCBSMonoAdValorem):
            leaves: tuple[Group | None, ...] = () if arm is None else (arm.gMonoPadrao, arm.gMonoReten, arm.gMonoRet)
            for leaf in leaves:
                for name in _MONO:
                    sums[name] += getattr(leaf, name, None) or NOTHING
