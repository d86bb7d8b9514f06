"""Group N: Icms by CST or CSOSN, and NA: the share of the destination's UF (DIFAL)."""

from __future__ import annotations

from gateway.nfe.layout.fields import Group, Money, Rate, RateOpc


class Icms00(Group, frozen=True, kw_only=True):
    """N02: taxed in full."""

    orig: str
    CST: str
    modBC: str
    vBC: Money
    pICMS: Rate
    vICMS: Money
    pFCP: RateOpc | None = None
    vFCP: Money | None = None


class Icms20(Group, frozen=True, kw_only=True):
    """N04: taxed on a reduced base."""

    orig: str
    CST: str
    modBC: str
    pRedBC: Rate
    vBC: Money
    pICMS: Rate
    vICMS: Money
    vBCFCP: Money | None = None
    pFCP: RateOpc | None = None
    vFCP: Money | None = None
    vICMSDeson: Money | None = None
    motDesICMS: str | None = None
    indDeduzDeson: str | None = None


class Icms40(Group, frozen=True, kw_only=True):
    """N06: exempt (40), not taxed (41), suspended (50)."""

    orig: str
    CST: str
    vICMSDeson: Money | None = None
    motDesICMS: str | None = None
    indDeduzDeson: str | None = None


class Icms60(Group, frozen=True, kw_only=True):
    """N08: collected before by substitution."""

    orig: str
    CST: str
    vBCSTRet: Money | None = None
    pST: RateOpc | None = None
    vICMSSubstituto: Money | None = None
    vICMSSTRet: Money | None = None


class IcmsSn102(Group, frozen=True, kw_only=True):
    """N10d: Simples Nacional, CSOSN 102, 103, 300, 400."""

    orig: str | None = None
    CSOSN: str


class IcmsSn500(Group, frozen=True, kw_only=True):
    """N10g: Simples Nacional, collected before by substitution."""

    orig: str
    CSOSN: str
    vBCSTRet: Money | None = None
    pST: RateOpc | None = None
    vICMSSubstituto: Money | None = None
    vICMSSTRet: Money | None = None


class Icms(Group, frozen=True, kw_only=True):
    """N01: exactly one of its groups."""

    ICMS00: Icms00 | None = None
    ICMS20: Icms20 | None = None
    ICMS40: Icms40 | None = None
    ICMS60: Icms60 | None = None
    ICMSSN102: IcmsSn102 | None = None
    ICMSSN500: IcmsSn500 | None = None


class IcmsUfDest(Group, frozen=True, kw_only=True):
    """NA01: interstate sale to a final consumer who is no contributor. pICMSInter is a text of the schema: 4.00, 7.00, 12.00."""

    vBCUFDest: Money
    vBCFCPUFDest: Money | None = None
    pFCPUFDest: Rate | None = None
    pICMSUFDest: Rate
    pICMSInter: str
    pICMSInterPart: Rate
    vFCPUFDest: Money | None = None
    vICMSUFDest: Money
    vICMSUFRemet: Money
