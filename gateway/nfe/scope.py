"""Where a sale happens for the fisco, and the rates that hold there on that day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import msgspec

from gateway.nfe import tables
from gateway.nfe.branch import Branch
from gateway.nfe.operations import EXPORT, Operation
from gateway.nfe.reform.profile import GovernmentPurchase
from gateway.nfe.reform.rates import Rates, rates
from gateway.nfe.sale import Sale
from gateway.nfe.tables import PisCofins


class Scope(msgspec.Struct, frozen=True, gc=False):
    """One note's fiscal circumstances. Rates are percent; `overrides` of the branch win over the tables.

    city_code: of the issuer; municipal: it has a municipal registration. credit_rate: pCredSN of the day, if the branch has one.
    buyer: `person` (CPF), `company` (CNPJ), or empty when the document names none. Cities are IBGE codes.
    """

    day: date
    crt: str
    regime: str
    from_uf: str
    to_uf: str
    interstate: bool
    contributor: bool
    final_consumer: bool
    operation: Operation
    overrides: Mapping[str, Decimal]
    mod: str = "55"
    city_code: str = ""
    municipal: bool = False
    credit_rate: Decimal | None = None
    buyer: str = ""
    to_city: str = ""
    government: GovernmentPurchase | None = None
    ibs_cbs_since: date | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for scopes in which every product is taxed alike; good while the operation it names by identity lives."""
        return (
            id(self.operation),
            self.day,
            self.crt,
            self.regime,
            self.from_uf,
            self.to_uf,
            self.interstate,
            self.contributor,
            self.final_consumer,
            self.mod,
            self.city_code,
            self.municipal,
            self.credit_rate,
            self.buyer,
            self.to_city,
            self.government,
            self.ibs_cbs_since,
            frozenset(self.overrides.items()) if self.overrides else None,
        )

    @property
    def csosn(self) -> bool:
        """Whether ICMS goes by CSOSN (CRT 1 and 4) and not by CST (590, 591)."""
        return self.crt in ("1", "4")

    @property
    def difal(self) -> bool:
        """ICMSUFDest is due: interstate, final consumer, no contributor, issuer outside the Simples (ADI 5.464)."""
        return self.interstate and self.final_consumer and not self.contributor and not self.csosn

    @property
    def credit(self) -> bool:
        """The buyer takes the credit of a Simples issuer: a contributor who sells again or makes other goods (LC 123 art. 23)."""
        return self.contributor and not self.final_consumer and self.operation.tpNF == "1"

    @property
    def retains(self) -> bool:
        """The issuer may have ICMS-ST to retain: a contributor buys to sell again, or to use in another state.

        Operations without a CFOP of their own for it (transfers, goods sent to be repaired, lent...) retain nothing.
        """
        resold = self.contributor and (self.interstate or not self.final_consumer)
        return resold and bool(self.operation.cfop_substitute)

    @property
    def place(self) -> str:
        """Key of the operation's CFOP."""
        if EXPORT in self.operation.cfop:
            return EXPORT
        if not self.interstate:
            return "internal"
        return "interstate" if self.contributor else "interstate_non_contributor"

    def icms_internal(self, uf: str) -> Decimal | None:
        """Internal rate of a state, None when nobody has it."""
        given = self.overrides.get(f"icms.{uf}")
        return tables.icms_internal(uf, self.day) if given is None else given

    def icms_interstate(self, origin: str) -> Decimal:
        """4, 7 or 12."""
        return tables.icms_interstate(self.from_uf, self.to_uf, origin, self.day)

    def fcp(self, uf: str) -> Decimal:
        """FCP of every product in a state."""
        given = self.overrides.get(f"fcp.{uf}")
        return tables.fcp(uf, self.day) if given is None else given

    @property
    def difal_base(self) -> str:
        """`unica` or `dupla`, of the destination; the branch says it by `policy.difal_dupla.UF`."""
        given = self.overrides.get(f"policy.difal_dupla.{self.to_uf}")
        if given is not None:
            return "dupla" if given else "unica"
        return tables.difal_base(self.to_uf, self.day)

    def policy(self, name: str) -> Decimal:
        """A debated point: the branch's word (`policy.{name}`), or else the table's."""
        given = self.overrides.get(f"policy.{name}")
        return tables.policy(name, self.day) if given is None else given

    def pis_cofins(self) -> PisCofins:
        """Rates and base policy of the branch's regime."""
        return tables.pis_cofins(self.regime, self.day)

    def reform_rates(self) -> Rates:
        """Rates of IBS and CBS: each of the branch when it states it, or else of the table."""
        return rates(self.day, self.overrides)


def crosses_border(sale: Sale, branch: Branch, *, from_uf: str, to_uf: str, consumer: bool, day: date) -> bool:
    """idDest 2: the buyer is of another state.

    A consumer who takes the goods away from the store may count as internal (policy `in_store`, of the table or of the branch).
    """
    if from_uf == to_uf or not to_uf:
        return False
    handed_over = consumer and sale.presence == "presencial" and sale.freight.mode == "sem_frete"
    in_store = bool(branch.overrides.get("policy.in_store")) or tables.place_policy(day) == "in_store"
    return not (handed_over and in_store)
