"""Bodies and answers of received notes and of the cadastro. Times carry the branch's offset; money is text in reais."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from gateway.api.event_resources import EventState, Justification
from gateway.api.resources import CertificateChain
from gateway.nfe.sale import Ref

ManifestationName = Literal["ciencia", "confirmacao", "desconhecimento", "nao_realizada"]


class NewManifestation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the company answers to a note. `reason` (15 to 255 characters) goes with `nao_realizada`, and only with it."""

    event: ManifestationName
    reason: Justification | None = None
    ref: Ref | None = None


class Manifestation(Struct, frozen=True, kw_only=True):
    """An answer asked for; it counts once `registered`."""

    id: str
    ref: str
    tpEvento: str
    label: str
    nSeqEvento: int
    status: EventState
    status_label: Annotated[str, Meta(description="pt-BR")]
    protocolo: str | None
    cStat: str | None
    xMotivo: str | None
    registered_at: datetime | None
    created_at: datetime


class ReceivedEvent(Manifestation, frozen=True, kw_only=True):
    """An event of the addressee asked for, with its detail by the official tags."""

    detEvento: dict[str, Any]


class ReceivedSummary(Struct, frozen=True, kw_only=True):
    """A note issued against us. role and verdict are null while only the summary came.

    aware_until, conclude_until: until when ciência, and a conclusive answer, may be registered.
    """

    chave_acesso: str
    branch: str
    environment: int
    issuer: str
    issuer_name: str
    issuer_ie: str
    number: int
    series: int
    issued_at: datetime
    authorized_at: datetime | None
    protocolo: str
    value: str
    situation: Literal["authorized", "denied", "cancelled"]
    situation_label: Annotated[str, Meta(description="pt-BR")]
    status: Literal["resumo", "ciente", "completo", "manifestado"]
    status_label: Annotated[str, Meta(description="pt-BR")]
    role: Literal["destinatario", "transportador", "autorizado"] | None
    manifestation: ManifestationName | None
    verdict: Literal["ok", "altered", "bad_signature", "bad_protocol", "not_ours"] | None
    verdict_label: Annotated[str | None, Meta(description="pt-BR")]
    aware_until: datetime | None
    conclude_until: datetime | None
    created_at: datetime
    updated_at: datetime
    links: dict[str, str]


class ReceivedItem(Struct, frozen=True, kw_only=True):
    """A line of the note. quantity and unit_price as the issuer wrote them."""

    number: str
    code: str
    description: str
    ncm: str
    cfop: str
    gtin: str
    quantity: str
    unit: str
    unit_price: str
    total: str


class ReceivedInstallment(Struct, frozen=True, kw_only=True):
    """A duplicata."""

    number: str
    due: str
    amount: str


class ReceivedContent(Struct, frozen=True, kw_only=True):
    """What the note says, for a person."""

    natureza_operacao: str
    issuer_uf: str
    dest: str
    dest_name: str
    items: tuple[ReceivedItem, ...]
    products: str
    freight: str
    discount: str
    icms: str
    ipi: str
    total: str
    installments: tuple[ReceivedInstallment, ...]
    information: str


class Received(ReceivedSummary, frozen=True, kw_only=True):
    """A note with its answers, and its content once the XML came. verdict_text: what the examination of the XML found.

    chain: where its signer's certificate leads to, and whether it was valid when SEFAZ authorised the note; null while no
    authority is configured, or when the signature itself does not hold. events: those of the addressee besides the manifestation.
    """

    verdict_text: str | None
    chain: CertificateChain | None
    manifestations: tuple[Manifestation, ...]
    events: tuple[ReceivedEvent, ...]
    content: ReceivedContent | None


class Queue(Struct, frozen=True, kw_only=True):
    """How far a queue of the Ambiente Nacional was read. behind: documents there that are not here yet."""

    queue: str
    environment: int
    last_nsu: int
    max_nsu: int
    behind: int
    next_at: datetime
    asked_at: datetime | None
    reason: str


class Queues(Struct, frozen=True, kw_only=True):
    """All of them."""

    items: tuple[Queue, ...]


class TaxpayerRegistration(Struct, frozen=True, kw_only=True):
    """A state registration. active: habilitada; issues_nfe: accredited to issue NF-e."""

    ie: str
    tax_id: str
    uf: str
    active: bool
    issues_nfe: bool
    name: str
    trade_name: str | None
    since: date | None


class TaxpayerAnswer(Struct, frozen=True, kw_only=True):
    """What the state said, and when: an answer is kept for a day."""

    cStat: str
    xMotivo: str
    asked_at: datetime
    registrations: tuple[TaxpayerRegistration, ...]
