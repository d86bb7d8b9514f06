"""A note as paper needs it: values of its XML and nothing computed. Money in reais, dates with the offset they were written with.

Every text is as in the XML. What the XML does not say is None, an empty text or an empty tuple. Source: layout of the NF-e
4.00 (PL_010f) and `protNFe`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Place:
    """An address of the layout (TEndereco, TLocal)."""

    street: str
    number: str
    complement: str
    district: str
    city: str
    uf: str
    postal_code: str
    phone: str


@dataclass(frozen=True, slots=True)
class Party:
    """Issuer, recipient or place of delivery. `tax_id` is a CNPJ, a CPF or, when `foreign`, the idEstrangeiro (may be empty)."""

    tax_id: str
    foreign: bool
    name: str
    trade_name: str
    state_registration: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class Item:
    """One `det`. `total` is vProd, before `discount`; `notes` is infAdProd."""

    number: int
    code: str
    description: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    total: Decimal
    discount: Decimal
    cfop: str
    notes: str


@dataclass(frozen=True, slots=True)
class Totals:
    """ICMSTot, ISSQNtot and the totals of the tax reform, in reais.

    `cbs`, `ibs` and `selective_tax` are None without their group.
    """

    products: Decimal
    services: Decimal
    discount: Decimal
    freight: Decimal
    insurance: Decimal
    other: Decimal
    icms: Decimal
    icms_relieved: Decimal
    icms_st: Decimal
    fcp_st: Decimal
    difal: Decimal
    difal_fcp: Decimal
    ipi: Decimal
    ipi_returned: Decimal
    import_tax: Decimal
    approximate_taxes: Decimal
    total: Decimal
    cbs: Decimal | None
    ibs: Decimal | None
    selective_tax: Decimal | None


@dataclass(frozen=True, slots=True)
class Payment:
    """One `detPag`: tPag, its own description (xPag) and the amount. `authorization` is card/cAut."""

    method: str
    description: str
    value: Decimal
    authorization: str


@dataclass(frozen=True, slots=True)
class Installment:
    """One duplicata."""

    number: str
    due: date | None
    value: Decimal


@dataclass(frozen=True, slots=True)
class Protocolo:
    """What SEFAZ answered (infProt). `message` is xMsg, which some UFs want printed."""

    number: str
    received_at: datetime
    cStat: str
    xMotivo: str
    message: str

    @property
    def authorized(self) -> bool:
        return self.cStat in {"100", "120", "150"}

    @property
    def denied(self) -> bool:
        return self.cStat in {"110", "205", "301", "302", "303"}


@dataclass(frozen=True, slots=True)
class NoteView:
    """One NF-e or NFC-e. Letters of `ide` keep their tag; `chave` is the 44 characters of the Id."""

    chave: str
    mod: str
    serie: int
    nNF: int
    tpAmb: str
    tpEmis: str
    tpImp: str
    tpNF: str
    finNFe: str
    natOp: str
    issued_at: datetime
    contingency_at: datetime | None
    contingency_reason: str
    issuer: Party
    customer: Party | None
    delivery: Party | None
    items: tuple[Item, ...]
    totals: Totals
    payments: tuple[Payment, ...]
    change: Decimal | None
    installments: tuple[Installment, ...]
    infAdFisco: str
    infCpl: str
    qrCode: str
    urlChave: str
    protocolo: Protocolo | None

    @property
    def homologation(self) -> bool:
        return self.tpAmb == "2"

    @property
    def simplified_type_2(self) -> bool:
        """NF-e printed as DANFE Simplificado Tipo 2 (NT 2026.002)."""
        return self.mod == "55" and self.tpImp == "6"

    @property
    def retail(self) -> bool:
        """Papers that follow the manual of the DANFE NFC-e: model 65 and Tipo 2."""
        return self.mod == "65" or self.simplified_type_2
