"""What only its owner knows of how IBS, CBS and IS fall on a product, and what only the line knows of it.

Rates in percent (reais per unit where said), amounts in reais. Nothing here has a default rate: what the law has not published
and the owner has not stated is a fault, never zero. Official names are in the MOC; these are the trade's.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

Cst = Annotated[str, Meta(pattern=r"^[0-9]{3}$")]
ClassCode = Annotated[str, Meta(pattern=r"^[0-9]{6}$")]


class RegularTaxation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """gTribRegular: the CST and cClassTrib that would hold if the condition of the suspension or zero rate failed."""

    cst: Cst = "000"
    cclasstrib: ClassCode = "000001"


class PresumedCredit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """gCredPresOper: code of the cCredPres table, percent of each tax. suspended: under a suspensive condition (code 04)."""

    code: Annotated[str, Meta(pattern=r"^[0-9]{2}$")]
    ibs_rate: Decimal | None = None
    cbs_rate: Decimal | None = None
    suspended: bool = False


class MonoRates(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """gIBSCBSMono: rates of a fuel, in reais per unit (`basis` unit) or percent (`basis` value).

    By value, IBS is told by state and municipality. retention: what is withheld for the mixture; retained: what had been
    charged before. quantity: units of the rate in one unit sold.
    """

    basis: Literal["unit", "value"] = "unit"
    ibs: Decimal | None = None
    ibs_uf: Decimal | None = None
    ibs_mun: Decimal | None = None
    cbs: Decimal | None = None
    ibs_retention: Decimal | None = None
    cbs_retention: Decimal | None = None
    ibs_retained: Decimal | None = None
    cbs_retained: Decimal | None = None
    quantity: Decimal = Decimal(1)


class Incentive(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """gALCZFMCBS: CBS at zero between addresses of one incentivised area. kind 2: industrial, with `suframa` process."""

    kind: Literal["1", "2"] = "1"
    suframa: Annotated[str, Meta(max_length=12)] = ""


class SelectiveTax(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Group IS: `rate` in percent of the value; `unit_rate` in reais per `unit` besides, `quantity` of them in one unit sold."""

    cst: Cst
    cclasstrib: ClassCode
    rate: Decimal | None = None
    unit_rate: Decimal | None = None
    unit: Annotated[str, Meta(max_length=6)] = ""
    quantity: Decimal = Decimal(1)


class ReformProfile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of the product. deferral: percent deferred (CST 510, 515); refund: percent of CBS given back to the consumer (gDevTrib)."""

    regular: RegularTaxation | None = None
    deferral: Decimal | None = None
    refund: Decimal | None = None
    credit: PresumedCredit | None = None
    mono: MonoRates | None = None
    incentive: Incentive | None = None
    selective: SelectiveTax | None = None


class Amounts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An amount of each tax, in reais."""

    ibs: Decimal = Decimal(0)
    cbs: Decimal = Decimal(0)


class Adjustment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """gAjusteCompet: amounts of another month (AAAA-MM)."""

    month: Annotated[str, Meta(max_length=7)]
    ibs: Decimal = Decimal(0)
    cbs: Decimal = Decimal(0)


class ZfmCredit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """gCredPresIBSZFM: kind by LC 214/2025 art. 450, § 1º (0 none, 1 consumption, 2 capital, 3 intermediate, 4 informatics)."""

    month: Annotated[str, Meta(max_length=7)]
    kind: Literal["0", "1", "2", "3", "4"]
    amount: Decimal


class Blend(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """gpBioDiferenca: quantity of biofuel off the compulsory share, and the difference of each tax."""

    quantity: Decimal
    ibs: Decimal
    cbs: Decimal


class ReformItem(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of the line. `base` wins over the gateway's own (UB16-10), `selective_base` over the value, `credit_base` over the base.

    withheld: IBS and CBS of the fuel retained before, in place of the product's rates. donation marks indDoacao.
    """

    base: Decimal | None = None
    donation: bool = False
    transfer: Amounts | None = None
    adjustment: Adjustment | None = None
    reversal: Amounts | None = None
    credit_base: Decimal | None = None
    zfm_credit: ZfmCredit | None = None
    withheld: Amounts | None = None
    blend: Blend | None = None
    selective_base: Decimal | None = None


class GovernmentPurchase(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """ide/gCompraGov: a sale to the public administration (LC 214/2025 art. 473).

    entity 1 Union, 2 state, 3 Distrito Federal, 4 municipality, 5 consortium, 6 comitê gestor; operation 1 supply paid later,
    2 payment of a supply, 3 supply paid before, 4 payment before. reducer: percent taken from the rates (zero in 2026).
    """

    entity: Literal["1", "2", "3", "4", "5", "6"]
    operation: Literal["1", "2", "3", "4"] = "1"
    reducer: Decimal = Decimal(0)
    references: Annotated[tuple[Annotated[str, Meta(max_length=60)], ...], Meta(max_length=99)] = ()
