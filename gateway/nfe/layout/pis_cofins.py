"""Groups Q and S: Pis and COFINS."""

from __future__ import annotations

from gateway.nfe.layout.fields import Group, Money, Rate


class PisAliq(Group, frozen=True, kw_only=True):
    """Q02: CST 01 and 02."""

    CST: str
    vBC: Money
    pPIS: Rate
    vPIS: Money


class PisNt(Group, frozen=True, kw_only=True):
    """Q04: CST 04 to 09, nothing to pay."""

    CST: str


class PisOutr(Group, frozen=True, kw_only=True):
    """Q05: CST 49 to 99, by rate."""

    CST: str
    vBC: Money
    pPIS: Rate
    vPIS: Money


class Pis(Group, frozen=True, kw_only=True):
    """Q01: exactly one of its groups."""

    PISAliq: PisAliq | None = None
    PISNT: PisNt | None = None
    PISOutr: PisOutr | None = None


class CofinsAliq(Group, frozen=True, kw_only=True):
    """S02: CST 01 and 02."""

    CST: str
    vBC: Money
    pCOFINS: Rate
    vCOFINS: Money


class CofinsNt(Group, frozen=True, kw_only=True):
    """S04: CST 04 to 09, nothing to pay."""

    CST: str


class CofinsOutr(Group, frozen=True, kw_only=True):
    """S05: CST 49 to 99, by rate."""

    CST: str
    vBC: Money
    pCOFINS: Rate
    vCOFINS: Money


class Cofins(Group, frozen=True, kw_only=True):
    """S01: exactly one of its groups."""

    COFINSAliq: CofinsAliq | None = None
    COFINSNT: CofinsNt | None = None
    COFINSOutr: CofinsOutr | None = None
