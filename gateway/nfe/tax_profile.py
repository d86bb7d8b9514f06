"""Parts of a product's tax profile that most products do without: each is one tax, or one way of charging it.

Rates are percent with up to four decimals; what is `per unit` is reais for one unit of the product as it is sold. `since` and
`until` are included; the newest row that counts wins, and a row of the state wins over one without `uf`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, TypeVar

from msgspec import Meta, Struct

Uf = Annotated[str, Meta(pattern=r"^([A-Z]{2})?$")]
StBase = Literal["mva", "pauta", "preco_tabelado", "lista_negativa", "lista_positiva", "lista_neutra", "valor_operacao"]
"""modBCST: 4, 5, 0, 1, 2, 3, 6."""
Enforceability = Literal[
    "exigivel", "nao_incide", "isenta", "exportacao", "imune", "suspensa_judicial", "suspensa_administrativa"
]
"""indISS: 1 to 7."""


class StateRates(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Internal rate and FCP of the product in a state, where they are not the state's modal ones."""

    uf: Annotated[str, Meta(pattern=r"^[A-Z]{2}$")]
    since: date | None = None
    until: date | None = None
    icms_rate: Decimal | None = None
    fcp_rate: Decimal | None = None


class StTerms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Substitution for the next sales, due to a state. Without a row for the buyer's state there is none there.

    mva: the original one; between states it is adjusted (Convênio ICMS 142/2018) unless `adjust_mva` is false. price: of a unit,
    for `pauta` and the lists. exemption_reason: motDesICMSST, with the ICMS-ST that the reduction relieves told.
    """

    uf: Uf = ""
    since: date | None = None
    until: date | None = None
    base: StBase = "mva"
    mva: Decimal | None = None
    adjust_mva: bool = True
    price: Decimal | None = None
    reduction: Decimal | None = None
    rate: Decimal | None = None
    fcp_rate: Decimal | None = None
    exemption_reason: Literal["", "3", "9", "12"] = ""


class Retained(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was retained by substitution when the goods were bought, for each unit, and the effective ICMS of their sale.

    rate: pST, FCP included. substitute: the substitute's own ICMS. effective_*: told to a final consumer. destination_*: what is
    due to the buyer's state, only in `repasse`.
    """

    base: Decimal | None = None
    rate: Decimal | None = None
    substitute: Decimal | None = None
    value: Decimal | None = None
    fcp_base: Decimal | None = None
    fcp_rate: Decimal | None = None
    fcp_value: Decimal | None = None
    effective_rate: Decimal | None = None
    effective_reduction: Decimal | None = None
    destination_base: Decimal | None = None
    destination_value: Decimal | None = None


class Fuel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """ICMS due once for the whole chain, in reais for a unit (ad rem): of the operation, and retained for another's share.

    For `monofasica_anterior`, `rate` is what was collected before. share, retained_share: percent of the quantity. reduction and
    its reason: pRedAdRem and motRedAdRem. anp_code and anp_description: group comb.
    """

    rate: Decimal | None = None
    share: Decimal = Decimal(100)
    retained_rate: Decimal | None = None
    retained_share: Decimal = Decimal(100)
    reduction: Decimal | None = None
    reduction_reason: Literal["1", "9"] = "9"
    anp_code: Annotated[str, Meta(pattern=r"^([0-9]{9})?$")] = ""
    anp_description: Annotated[str, Meta(max_length=95)] = ""


class IpiProfile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """IPI of who owes it (industry and its equals): by `rate`, or by `unit_value`; CST 51 to 55 charge nothing.

    cenq: legal framing. producer_cnpj, seal_code and seals (for each unit) only where the law asks for them.
    """

    cst: Literal["50", "51", "52", "53", "54", "55", "99"] = "50"
    cenq: Annotated[str, Meta(pattern=r"^[0-9]{3}$")] = "999"
    rate: Decimal | None = None
    unit_value: Decimal | None = None
    producer_cnpj: Annotated[str, Meta(max_length=18)] = ""
    seal_code: Annotated[str, Meta(max_length=60)] = ""
    seals: Annotated[int, Meta(ge=0, le=999)] = 0


class ContributionsSt(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """PIS and COFINS by substitution, both by rate or both by unit. adds_to_total: indSomaPISST and indSomaCOFINSST."""

    pis_rate: Decimal | None = None
    cofins_rate: Decimal | None = None
    pis_unit: Decimal | None = None
    cofins_unit: Decimal | None = None
    adds_to_total: bool = True


class Service(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A service under ISSQN, sold together with goods. Its NCM is 00.

    code: cListServ (`14.06`). city_code: of the taxable event, the branch's when empty. deduction: percent of the price that
    leaves the base. withheld: the buyer withholds the ISSQN. process: of a suspension.
    """

    code: Annotated[str, Meta(pattern=r"^[0-9]{2}\.[0-9]{2}$")]
    rate: Decimal | None = None
    city_code: Annotated[str, Meta(pattern=r"^([0-9]{7})?$")] = ""
    municipal_code: Annotated[str, Meta(max_length=20)] = ""
    deduction: Decimal | None = None
    enforceability: Enforceability = "exigivel"
    incentive: bool = False
    withheld: bool = False
    process: Annotated[str, Meta(max_length=30)] = ""


Row = TypeVar("Row", StateRates, StTerms)


def row_of(rows: Sequence[Row], uf: str, day: date) -> Row | None:
    """The row that counts in a state on a day."""
    alive = [row for row in rows if row.uf in (uf, "") and (row.since or date.min) <= day <= (row.until or date.max)]
    return max(alive, key=lambda row: (row.uf != "", row.since or date.min), default=None)
