"""What the API answers: the structs of its responses. Money is text of a decimal in reais; times carry their offset."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Generic, Literal, TypeVar

from msgspec import Meta, Struct, field

from gateway.core.faults import Fault
from gateway.nfe.operations import BranchOperation, Explained
from gateway.nfe.sale import Customer
from gateway.store.setup import VtexAccountConfig

T = TypeVar("T")


class TimelineEntry(Struct, frozen=True, kw_only=True):
    """One thing that happened; `text` is pt-BR."""

    at: datetime
    kind: str
    text: str


class Buyer(Struct, frozen=True, kw_only=True):
    """Who the note is for."""

    name: str
    tax_id: str


class Answer(Struct, frozen=True, kw_only=True):
    """SEFAZ's last word, in its own tags; `cStat` is empty when the refusal is ours."""

    cStat: str
    xMotivo: str


class DocumentLinks(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Addresses of the document and its artefacts; a drawing's is absent while there is nothing to draw."""

    self: str
    xml: str
    danfe_pdf: str = ""
    danfe_png: str = ""
    danfe_escpos: str = ""


class DocumentSummary(Struct, frozen=True, kw_only=True):
    """A document as a line of a list. `final`: it changes no more by itself."""

    ref: str
    status: Literal["accepted", "processing", "authorized", "rejected", "denied", "unknown", "contingency", "cancelled", "voided"]
    status_label: Annotated[str, Meta(description="pt-BR")]
    final: bool
    branch: str
    model: str
    series: int
    number: int | None
    chave_acesso: str | None
    protocolo: str | None
    total: str
    customer: Buyer | None
    answer: Answer | None
    origin: str
    created_at: datetime
    updated_at: datetime
    authorized_at: datetime | None
    links: DocumentLinks


class EventTerm(Struct, frozen=True, kw_only=True):
    """Until when an event of an authorised note may be asked for. `standing`: `late` is still sent and SEFAZ decides (155 or
    501), `past` is refused here. `late_until`: until when the state takes a late one, null when it does not say. `certainty` U:
    confirm with the state."""

    tpEvento: str
    label: str
    standing: Literal["inside", "late", "past"]
    until: datetime
    late_until: datetime | None
    text: str
    source: str
    certainty: str


class OtherAttempt(Struct, frozen=True, kw_only=True):
    """The other document of a sale that was issued twice: first without an answer, then again in contingency."""

    ref: str
    status: str
    number: int | None
    chave_acesso: str | None


class Document(DocumentSummary, frozen=True, kw_only=True):
    """A document with its story. `environment`: 1 produção, 2 homologação. `warnings`: rules it breaks that did not stop it.
    `deadlines`: of an authorised note, until when it may be cancelled or corrected.
    `attempts`: first attempts of this sale that got no answer; `sale`: of one of those (origin `attempt`), the sale's document.
    """

    environment: int
    attempts: tuple[OtherAttempt, ...]
    sale: OtherAttempt | None
    warnings: tuple[Fault, ...]
    deadlines: tuple[EventTerm, ...]
    timeline: tuple[TimelineEntry, ...]


class Listing(Struct, Generic[T], frozen=True, kw_only=True):
    """A page of a list; `next` is the cursor of the following one, null at the end."""

    items: tuple[T, ...]
    next: str | None


class Preview(Struct, frozen=True, kw_only=True):
    """A note that took no number and was not stored. `warnings`: rules it breaks that would not stop it."""

    xml: str
    total: str
    warnings: tuple[Fault, ...] = ()


class Job(Struct, frozen=True, kw_only=True):
    """A piece of durable work."""

    id: str
    kind: str
    queue: str
    subject: str
    state: Literal["ready", "running", "waiting", "needs_attention", "done", "discarded"]
    state_label: str
    attempts: int
    failures: int
    next_at: datetime | None
    error_code: str | None
    error: str | None
    fix: str | None
    created_at: datetime
    updated_at: datetime


class Attempt(Struct, frozen=True, kw_only=True):
    """One try of a job; `outcome` null while it runs, or when its worker died."""

    n: int
    worker: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    error_code: str | None
    error: str | None


class JobDetail(Struct, frozen=True, kw_only=True):
    """A job with its tries."""

    job: Job
    attempts: tuple[Attempt, ...]


class Reason(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a person acts; kept in the audit."""

    reason: Annotated[str, Meta(max_length=500)] = ""


class Snooze(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Let a job wait `seconds` (up to 30 days) from now."""

    seconds: Annotated[int, Meta(ge=1, le=2_592_000)]
    reason: Annotated[str, Meta(max_length=500)] = ""


class Order(Struct, frozen=True, kw_only=True):
    """An order of a marketplace. `hold_*` say why it waits and what to do."""

    id: str
    account: str
    external_id: str
    branch: str
    state: Literal["received", "parked", "issuing", "authorized", "invoicing", "invoiced", "divergent", "cancelled"]
    state_label: str
    external_status: str
    value: str
    customer_name: str | None
    hold_code: str | None
    hold_message: str | None
    hold_fix: str | None
    created_at: datetime
    updated_at: datetime


class OrderDetail(Struct, frozen=True, kw_only=True):
    """An order with its story and the document issued for it, when there is one."""

    order: Order
    document_ref: str | None
    timeline: tuple[TimelineEntry, ...]


class CertificateUpload(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An A1 certificate: the PFX file in base64, and its password."""

    pfx: Annotated[bytes, Meta(min_length=1, max_length=200_000)]
    password: Annotated[str, Meta(max_length=200)]


class CertificateChain(Struct, frozen=True, kw_only=True):
    """Where a certificate leads to among the authorities of `ca_bundle`. path: names, from the certificate up."""

    status: Literal["trusted", "unknown_authority", "out_of_date", "not_an_authority"]
    status_label: Annotated[str, Meta(description="pt-BR")]
    text: Annotated[str, Meta(description="pt-BR")]
    path: tuple[str, ...]


class CertificateSummary(Struct, frozen=True, kw_only=True):
    """What a stored certificate says of itself; never its file or password.

    owner: the branch, or the root CNPJ (8 characters) whose branches share it. alert: which of 60, 30, 15, 7 and 1 days it has
    come under, null before. urgency: ok, notice, warning, critical or expired. chain: said when it is sent, while authorities are
    configured; a certificate that leads to none of them is stored all the same.
    """

    owner: str
    subject: str
    tax_id: str
    serial: str
    not_before: datetime
    not_after: datetime
    days_left: int
    alert: int | None
    urgency: str
    urgency_label: str
    uploaded_at: datetime
    uploaded_by: str
    chain: CertificateChain | None = None


class CscUpload(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The CSC that the state gave the branch, for version 2 of the NFC-e's QR code. It is written, never read back.

    csc_id: its number, 1 to 6 digits. environment: 1 produção, 2 homologação; by default the branch's.
    """

    csc_id: Annotated[str, Meta(pattern=r"^0{0,5}[1-9][0-9]{0,5}$", max_length=6)]
    csc: Annotated[str, Meta(min_length=8, max_length=64, pattern=r"^[!-~]+$")]
    environment: Literal[1, 2] | None = None


class CscSummary(Struct, frozen=True, kw_only=True):
    """A stored CSC without its secret."""

    environment: int
    csc_id: str
    updated_at: datetime


class Operations(Struct, frozen=True, kw_only=True):
    """What each operation is on the day `at`, and all of the branch's own rows, whatever day they count on."""

    at: date
    items: tuple[Explained, ...]
    own: tuple[BranchOperation, ...]


class VtexAccount(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account whose orders the branch bills. Secrets are written, never read back.

    hook_secret: what VTEX sends in the hook's secret header; at least 16 characters.
    """

    account: Annotated[str, Meta(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9_-]+$")]
    app_key: Annotated[str, Meta(min_length=1, max_length=200)]
    app_token: Annotated[str, Meta(min_length=1, max_length=1000)]
    hook_secret: Annotated[str, Meta(min_length=16, max_length=200)]
    config: VtexAccountConfig = VtexAccountConfig()


class VtexAccountSummary(Struct, frozen=True, kw_only=True):
    """An account without its secrets; `hook_url` is what to configure at VTEX."""

    account: str
    branch: str
    config: VtexAccountConfig
    hook_url: str
    updated_at: datetime


class StoredCustomer(Struct, frozen=True, kw_only=True):
    """A customer and who told us of it: `api`, or a marketplace account."""

    customer: Customer
    origin: str
    updated_at: datetime


class HeldNumber(Struct, frozen=True, kw_only=True):
    """A number taken by a document that is not finished."""

    number: int
    ref: str


class NumberGap(Struct, frozen=True, kw_only=True):
    """Numbers to be voided: `ref` is the rejected note that holds them, null when nobody does.

    deadline: the last legal day. year: to be told in the request. Both are null when nobody knows since when they are a gap.
    """

    first: int
    last: int
    ref: str | None
    year: int | None
    deadline: date | None


class Numbers(Struct, frozen=True, kw_only=True):
    """A series: the number that comes next, those held by live documents, and the gaps that should be voided."""

    branch: str
    model: str
    series: int
    environment: int
    next: int
    held: tuple[HeldNumber, ...]
    gaps: tuple[NumberGap, ...]


class AuthoriserStatus(Struct, frozen=True, kw_only=True):
    """SEFAZ's status service, in its own tags. `tMed` in seconds."""

    branch: str
    running: bool
    cStat: str
    xMotivo: str
    tMed: int | None
    dhRetorno: datetime | None


class Received(Struct, frozen=True, kw_only=True):
    """What became of a notification: `ping`, `accepted` or `ignored`."""

    result: str


class Health(Struct, frozen=True, kw_only=True):
    """`reasons`: what does not work, part by part; empty when all does."""

    status: Literal["ok", "unavailable"]
    version: str
    reasons: dict[str, str] = field(default_factory=dict)
