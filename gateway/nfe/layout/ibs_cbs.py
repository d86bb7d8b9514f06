"""Group UB: IBS and CBS of an item, and W34: their totals. Source: NT 2025.002-RTC v1.52."""

from __future__ import annotations

from gateway.nfe.layout.fields import Group, Money, Rate


class GroupIbsUf(Group, frozen=True, kw_only=True):
    """UB17: share of the state."""

    pIBSUF: Rate
    vIBSUF: Money


class GroupIbsMun(Group, frozen=True, kw_only=True):
    """UB36: share of the municipality."""

    pIBSMun: Rate
    vIBSMun: Money


class GroupCbs(Group, frozen=True, kw_only=True):
    """UB55: CBS."""

    pCBS: Rate
    vCBS: Money


class GroupIbsCbs(Group, frozen=True, kw_only=True):
    """UB15: base and values."""

    vBC: Money
    gIBSUF: GroupIbsUf
    gIBSMun: GroupIbsMun
    vIBS: Money
    gCBS: GroupCbs


class IbsCbs(Group, frozen=True, kw_only=True):
    """UB12: gIBSCBS is present or absent as the CST demands."""

    CST: str
    cClassTrib: str
    gIBSCBS: GroupIbsCbs | None = None


class TotalIbsUf(Group, frozen=True, kw_only=True):
    """W37."""

    vDif: Money
    vDevTrib: Money
    vIBSUF: Money


class TotalIbsMun(Group, frozen=True, kw_only=True):
    """W42."""

    vDif: Money
    vDevTrib: Money
    vIBSMun: Money


class TotalIbs(Group, frozen=True, kw_only=True):
    """W36."""

    gIBSUF: TotalIbsUf
    gIBSMun: TotalIbsMun
    vIBS: Money
    vCredPres: Money
    vCredPresCondSus: Money


class TotalCbs(Group, frozen=True, kw_only=True):
    """W50."""

    vDif: Money
    vDevTrib: Money
    vCBS: Money
    vCredPres: Money
    vCredPresCondSus: Money


class IbsCbsTot(Group, frozen=True, kw_only=True):
    """W34."""

    vBCIBSCBS: Money
    gIBS: TotalIbs | None = None
    gCBS: TotalCbs | None = None
