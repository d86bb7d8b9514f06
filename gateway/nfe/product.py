"""What the gateway knows of a product, and how it is taxed: the body of `PUT /v1/products/{sku}`."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.nfe.reform.profile import ReformProfile
from gateway.nfe.tax_profile import ContributionsSt, Fuel, IpiProfile, Retained, Service, StateRates, StTerms

Situation = Literal[
    "tributada",
    "reduzida",
    "isenta",
    "imune",
    "nao_tributada",
    "suspensa",
    "diferida",
    "st",
    "substituto",
    "reduzida_substituto",
    "isenta_substituto",
    "partilha",
    "repasse",
    "monofasica",
    "monofasica_retencao",
    "monofasica_diferida",
    "monofasica_anterior",
    "outras",
]
"""How the ICMS of a product is, as an accountant says it; `schemas/fiscal/situations.toml` says the CST and the CSOSN of each."""

Cst = Literal["", "00", "02", "10", "15", "20", "30", "40", "41", "50", "51", "53", "60", "61", "70", "90"]
Csosn = Literal["", "101", "102", "103", "201", "202", "203", "300", "400", "500", "900"]


class TaxProfile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a product is taxed, whoever sells it; the branch's regime (CRT) turns it into CST or CSOSN.

    situation: `tributada` (ICMS 00 / CSOSN 102), `reduzida` (20 / 102), `isenta` (40 / 102), `st` (60 / 500, retained before),
    `substituto` (10 / 202), `diferida` (51 / 900)...; `icms_cst` and `csosn` name the code where the table's is not the one.
    Rates in percent; None means the dated table of `schemas/` or the branch's regime. icms_base_price: pauta, reais for a unit.
    deferral, fcp_deferral: pDif and pFCPDif. exemption_reason: motDesICMS, taken from the total when exemption_deducts.
    simples_credit: False keeps the product out of CSOSN 101 and 201, True gives the credit also in 900. own_share: pBCOp of
    `partilha`. pis_unit, cofins_unit: reais for a unit. states: where the product's rate or FCP is not the state's.
    cclasstrib (with its ibs_cbs_cst, or by itself) is a decision on IBS and CBS; empty leaves it to the facts, or to a person.
    """

    situation: Situation = "tributada"
    icms_cst: Cst = ""
    csosn: Csosn = ""
    icms_rate: Decimal | None = None
    icms_reduction: Decimal | None = None
    icms_base_price: Decimal | None = None
    fcp_rate: Decimal | None = None
    deferral: Decimal | None = None
    fcp_deferral: Decimal | None = None
    own_share: Decimal | None = None
    cbenef: Annotated[str, Meta(max_length=10)] = ""
    cbenef_rbc: Annotated[str, Meta(max_length=10)] = ""
    exemption_reason: Annotated[str, Meta(max_length=2)] = ""
    exemption_deducts: bool = False
    simples_credit: bool | None = None
    states: tuple[StateRates, ...] = ()
    st: tuple[StTerms, ...] = ()
    retained: Retained | None = None
    fuel: Fuel | None = None
    ipi: IpiProfile | None = None
    service: Service | None = None
    pis_cofins_cst: Annotated[str, Meta(max_length=2)] = "01"
    pis_rate: Decimal | None = None
    cofins_rate: Decimal | None = None
    pis_unit: Decimal | None = None
    cofins_unit: Decimal | None = None
    contributions_st: ContributionsSt | None = None
    ibs_cbs_cst: Annotated[str, Meta(pattern=r"^([0-9]{3})?$")] = ""
    cclasstrib: Annotated[str, Meta(pattern=r"^([0-9]{6})?$")] = ""
    reform: ReformProfile = ReformProfile()


class ApproximateTax(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Taxes inside the product's price, in percent of it, by sphere (Lei 12.741/2012), and whose figures they are."""

    federal: Decimal = Decimal(0)
    state: Decimal = Decimal(0)
    municipal: Decimal = Decimal(0)
    source: Annotated[str, Meta(max_length=60)] = ""


class Product(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the gateway needs to know of a product: the body of `PUT /v1/products/{sku}`.

    taxable_unit, when it is taxed in another unit than it is sold in: `taxable_factor` of them in one sold, `taxable_gtin` the
    bar code of one. fci: number of the Ficha de Conteúdo de Importação.
    """

    sku: Annotated[str, Meta(min_length=1, max_length=60)]
    description: Annotated[str, Meta(min_length=1, max_length=255)]
    ncm: Annotated[str, Meta(min_length=2, max_length=10)]
    unit: Annotated[str, Meta(min_length=1, max_length=6)] = "UN"
    gtin: Annotated[str, Meta(max_length=14)] = ""
    reference: Annotated[str, Meta(max_length=60)] = ""
    cest: Annotated[str, Meta(max_length=9)] = ""
    origin: Literal["0", "1", "2", "3", "4", "5", "6", "7", "8"] = "0"
    tax: TaxProfile = TaxProfile()
    taxable_unit: Annotated[str, Meta(max_length=6)] = ""
    taxable_factor: Decimal = Decimal(1)
    taxable_gtin: Annotated[str, Meta(max_length=14)] = ""
    fci: Annotated[str, Meta(max_length=36)] = ""
    approximate_tax: ApproximateTax | None = None
