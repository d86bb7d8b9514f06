"""What the API answers about batches. Times carry the offset of the console's zone."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.api.resources import Answer
from gateway.core.faults import Fault

LineStatusName = Literal["taken", "accepted", "authorized", "rejected", "denied", "cancelled", "refused", "conflict"]


class BatchLinks(Struct, frozen=True, kw_only=True):
    """Addresses of the batch."""

    self: str
    lines: str
    cancel: str
    retry: str


class Batch(Struct, frozen=True, kw_only=True):
    """A batch by its numbers. Every line counts once.

    total: distinct lines taken. pending: without a last word yet, of which `accepted` are already documents on their way.
    refused: by the gateway, before SEFAZ; conflict: the ref has another body. rate_per_minute: lines that ended, since it began.
    received_at null: no post arrived whole; post it again, what was taken is not taken twice.
    """

    id: str
    ref: str
    state: Literal["receiving", "processing", "finished", "cancelled"]
    state_label: Annotated[str, Meta(description="pt-BR")]
    total: int
    pending: int
    accepted: int
    authorized: int
    rejected: int
    denied: int
    cancelled: int
    refused: int
    conflict: int
    started_at: datetime
    received_at: datetime | None
    finished_at: datetime | None
    rate_per_minute: float
    estimated_end: datetime | None
    links: BatchLinks


class ToldLine(Struct, frozen=True, kw_only=True):
    """A line that changed nothing, and why."""

    line: int
    ref: str
    fault: Fault


class Upload(Struct, frozen=True, kw_only=True):
    """What one post brought: `read` lines, of which `new`, `replayed` (already there, same body), `corrected`.

    `told`: the first hundred that were not taken because their ref has another body, or is not of the batch.
    """

    read: int
    new: int
    replayed: int
    corrected: int
    told: tuple[ToldLine, ...]


class BatchReceived(Struct, frozen=True, kw_only=True):
    """The batch after a post, and what the post brought."""

    batch: Batch
    upload: Upload


class BatchLine(Struct, frozen=True, kw_only=True):
    """One line's answer. `line` is its number in the post that brought it last; `url` is the document's, when there is one."""

    line: int
    ref: str
    kind: Literal["nfe", "nfce", "raw"]
    status: LineStatusName
    status_label: Annotated[str, Meta(description="pt-BR")]
    final: bool
    number: int | None
    chave_acesso: str | None
    protocolo: str | None
    answer: Answer | None
    faults: tuple[Fault, ...]
    url: str | None
    updated_at: datetime
