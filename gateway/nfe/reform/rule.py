"""How IBS, CBS and IS fall on a product in one note: everything but the line's amounts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from gateway.nfe.layout.ibs_cbs import IbsCbs, Red
from gateway.nfe.reform.profile import Incentive, MonoRates, SelectiveTax
from gateway.nfe.reform.rounding import fraction, percent4

Kind = Literal["plain", "values", "mono", "transfer", "adjustment", "zfm", "none"]
"""Which arm of the group: gIBSCBS without any special (plain) or with (values), gIBSCBSMono, gTransfCred, gAjusteCompet,
gCredPresIBSZFM alone, or only the codes."""


@dataclass(frozen=True, slots=True)
class Share:
    """One tax's rate: `rate` as told, `red` when it is reduced, `part` the fraction that applies."""

    rate: Decimal
    red: Red | None
    part: Decimal


def share(rate: Decimal, reduction: Decimal | None, reducer: Decimal) -> Share:
    """`reduction` of the cClassTrib (None: gRed is not written) and the government's `reducer`, all in percent (UB28-10)."""
    if reduction is None:
        return Share(rate, None, fraction(rate))
    effective = percent4(rate * (1 - fraction(reduction)) * (1 - fraction(reducer)))
    return Share(rate, Red(pRedAliq=reduction, pAliqEfet=effective), fraction(effective))


@dataclass(frozen=True, slots=True)
class Regular:
    """gTribRegular: codes, and effective rates in percent."""

    cst: str
    cclasstrib: str
    ibs_uf: Decimal
    ibs_mun: Decimal
    cbs: Decimal


@dataclass(frozen=True, slots=True)
class Credit:
    """gCredPresOper: percents; `deducts` from vIBS (UB54a-10); `condition`: told as vCredPresCondSus."""

    code: str
    ibs: Decimal | None
    cbs: Decimal | None
    deducts: bool
    condition: bool


@dataclass(frozen=True, slots=True)
class ReformRule:
    """Rates and groups of a product; what is None does not apply. `deferral` and `refund` in percent.

    `group` has the codes. reversal: gEstornoCred is demanded. adds: the values are part of vItem (VB01-10).
    """

    kind: Kind
    group: IbsCbs
    uf: Share | None = None
    mun: Share | None = None
    cbs: Share | None = None
    deferral: Decimal | None = None
    refund: Decimal | None = None
    regular: Regular | None = None
    government: bool = False
    incentive: Incentive | None = None
    untouched_cbs: Decimal | None = None
    credit: Credit | None = None
    mono: MonoRates | None = None
    mono_parts: frozenset[str] = frozenset()
    reversal: bool = False
    selective: SelectiveTax | None = None
    adds: bool = False
