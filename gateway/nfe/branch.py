"""An issuing establishment as its configuration says: the body of `PUT /v1/branches/{cnpj}`."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.nfe.address import Address, Text60
from gateway.nfe.trade import TaxId


class Printer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A thermal printer of the branch. `address` is `tcp://host:9100`; empty means: do not print by itself."""

    address: Annotated[str, Meta(max_length=200)] = ""
    columns: Literal[48, 32] = 48
    dialect: Literal["epson", "elgin", "bematech", "daruma"] = "epson"


class TechnicalContact(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """infRespTec: who answers for the emitting software (NT 2018.005)."""

    cnpj: Annotated[str, Meta(min_length=14, max_length=18)]
    contact: Annotated[str, Meta(min_length=2, max_length=60)]
    email: Annotated[str, Meta(min_length=6, max_length=60)]
    phone: Annotated[str, Meta(min_length=6, max_length=14)]
    csrt_id: Annotated[str, Meta(max_length=3)] = ""
    csrt: Annotated[str, Meta(max_length=36)] = ""


class NfceSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the branch issues NFC-e (65). The CSC is a secret and is not here: `PUT /v1/branches/{cnpj}/csc`.

    What is None follows the dated policy of the branch's state. qr_version: `2` (with CSC) or `3`. delivery: whether NFC-e are
    delivered at home. cnpj_buyers: whether a buyer may be identified by a CNPJ.
    """

    series: Annotated[int, Meta(ge=0, le=889)] = 1
    qr_version: Literal["2", "3"] | None = None
    delivery: bool | None = None
    cnpj_buyers: bool | None = None


class ContingencySettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When the branch issues in contingency, for each model: `manual` (a person says so) or `automatic`.

    failures, minutes: that many sends without answer (or 108/109) within that many minutes open the authoriser's circuit, and
    only then `automatic` asks whether contingency may begin.
    epec: `off` (never), `manual` (a person enters it), or `automatic`: where `nfe` is automatic and the SVC was asked and is not
    active.
    reissue: what becomes of a note whose normal send got no answer once the branch is in contingency: `wait` until SEFAZ tells,
    or `reissue` the sale at once with another number and key. Then, if SEFAZ had authorised the first one it is cancelled while
    there is time; substitution: `on` cancels a NFC-e by its off-line substitute (110112) after that. void: whether the number
    of a first one that SEFAZ never received is only proposed to be voided, or voided by the gateway.
    """

    nfe: Literal["manual", "automatic"] = "manual"
    nfce: Literal["manual", "automatic"] = "manual"
    epec: Literal["off", "manual", "automatic"] = "manual"
    reissue: Literal["wait", "reissue"] = "wait"
    substitution: Literal["off", "on"] = "off"
    void: Literal["propose", "automatic"] = "propose"
    failures: Annotated[int, Meta(ge=1, le=100)] = 3
    minutes: Annotated[int, Meta(ge=1, le=60)] = 5


class BranchText(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text the branch prints on its notes (infCpl) from `since` to `until`, both included: a regime, a benefit, an appeal."""

    text: Annotated[str, Meta(min_length=1, max_length=1000)]
    since: date
    until: date | None = None
    models: tuple[Literal["55", "65"], ...] = ("55", "65")
    reason: Annotated[str, Meta(max_length=200)] = ""


class SimplesCredit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """pCredSN: percent of ICMS that the buyers of a Simples issuer take as credit, from `since` to `until` (both included)."""

    since: date
    until: date | None = None
    rate: Decimal


class Branch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything about the issuer that is not a secret.

    crt: 1 Simples, 2 Simples acima do sublimite, 3 regime normal, 4 MEI. environment: 1 produção, 2 homologação.
    pis_cofins_regime decides the default rates. time_zone is an IANA name: it gives the offset of every printed time.
    overrides: rates in percent that replace the dated tables of `schemas/` for this branch (`icms.SP`, `fcp.RJ`, ...), and
    answers to the debated points (`policy.ipi_in_base`, ...). simples_credit: what CSOSN 101 and 201 pass on, month by month.
    municipal_registration and iss_regime (cRegTrib): of a branch that also sells services. ibs_cbs_since: from which day it
    writes IBS and CBS although its CRT (1, 2, 4) does not have to yet.
    billing: `term` writes a duplicata for each payment with a due date when the sale says no bill. readers: CPF or CNPJ of who
    may fetch the XML of every note (autXML), the accountant for one. approximate_taxes: `on` tells final consumers the taxes
    inside the price (Lei 12.741/2012), by the products' rates.
    receive: `on` fetches the notes issued against the company; awareness: whether each of them gets its ciência by itself, for
    without one only a summary comes. distribution_queue: whether the Ambiente Nacional numbers what it hands over by CNPJ base
    or by whole CNPJ.
    """

    cnpj: Annotated[str, Meta(min_length=14, max_length=18)]
    name: Annotated[str, Meta(min_length=2, max_length=60)]
    trade_name: Text60 = ""
    state_registration: Annotated[str, Meta(max_length=14)]
    address: Address
    crt: Literal["1", "2", "3", "4"] = "3"
    environment: Literal[1, 2] = 2
    series: Annotated[int, Meta(ge=0, le=889)] = 1
    time_zone: Annotated[str, Meta(max_length=40)] = "America/Sao_Paulo"
    pis_cofins_regime: Literal["cumulativo", "nao_cumulativo"] = "nao_cumulativo"
    printer: Printer = Printer()
    nfce: NfceSettings = NfceSettings()
    contingency: ContingencySettings = ContingencySettings()
    technical_contact: TechnicalContact | None = None
    simples_credit: Annotated[tuple[SimplesCredit, ...], Meta(max_length=500)] = ()
    municipal_registration: Annotated[str, Meta(max_length=15)] = ""
    iss_regime: Literal["", "1", "2", "3", "4", "5", "6"] = ""
    overrides: dict[str, Decimal] = {}
    ibs_cbs_since: date | None = None
    billing: Literal["off", "term"] = "off"
    readers: Annotated[tuple[TaxId, ...], Meta(max_length=10)] = ()
    approximate_taxes: Literal["off", "on"] = "off"
    texts: Annotated[tuple[BranchText, ...], Meta(max_length=50)] = ()
    receive: Literal["off", "on"] = "off"
    awareness: Literal["automatic", "manual"] = "automatic"
    distribution_queue: Literal["base", "cnpj"] = "base"

    @property
    def queue(self) -> str:
        """Whose queue of documents it reads: all its CNPJ base's (8 characters), or its own (14)."""
        return self.cnpj[:8] if self.distribution_queue == "base" else self.cnpj

    def credit_rate(self, day: date) -> Decimal | None:
        """pCredSN that counts on `day`: of the newest row, None when there is none or it is zero."""
        alive = [row for row in self.simples_credit if row.since <= day <= (row.until or date.max)]
        newest = max(alive, key=lambda row: row.since, default=None)
        return None if newest is None or not newest.rate else newest.rate
