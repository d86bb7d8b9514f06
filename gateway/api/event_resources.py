"""Bodies and answers of the events of a note and of voided numbers. Times carry their offset."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from gateway.nfe.sale import Ref

EventState = Literal["requested", "processing", "registered", "rejected", "unknown"]
Justification = Annotated[str, Meta(min_length=15, max_length=255, description="xJust: why, in 15 to 255 characters")]
Chave = Annotated[str, Meta(pattern=r"^[0-9]{6}[0-9A-Z]{12}[0-9]{26}$")]


class Cancel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Cancel an authorised note. `substitute`: chave of the NFC-e issued in its place, for the cancelamento por substituição.

    ref: the caller's key; without one, the same request about the same note is the same event.
    """

    reason: Justification
    substitute: Chave | None = None
    ref: Ref | None = None


class Correction(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A carta de correção. The corrections registered before are carried in front of `text`, for the last one replaces them all;
    not with `whole`, when `text` is already everything that is to be corrected."""

    text: Annotated[str, Meta(min_length=15, max_length=1000)]
    ref: Ref | None = None
    whole: bool = False


class NewEvent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Any event of the table. `event`: tpEvento (`110130`) or name (`comprovante_entrega`).

    detEvento: its detail by the official tags; descEvento, versao, tpAutor, cOrgaoAutor and verAplic are filled in.
    """

    event: Annotated[str, Meta(min_length=4, max_length=60)]
    detEvento: dict[str, Any] = {}
    ref: Ref | None = None


class EventCorrection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The detail of a refused event, corrected."""

    detEvento: dict[str, Any]


class Event(Struct, frozen=True, kw_only=True):
    """An event of a note. `links.xml` is the procEventoNFe once registered."""

    id: str
    ref: str
    document: str
    chave_acesso: str
    tpEvento: str
    name: str
    label: str
    nSeqEvento: int
    status: EventState
    status_label: Annotated[str, Meta(description="pt-BR")]
    protocolo: str | None
    cStat: str | None
    xMotivo: str | None
    detEvento: dict[str, Any]
    registered_at: datetime | None
    created_at: datetime
    updated_at: datetime
    links: dict[str, str]


class Events(Struct, frozen=True, kw_only=True):
    """Every event asked for of a note, oldest first."""

    items: tuple[Event, ...]


class NewVoiding(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Numbers `first` to `last` of a series that will never be notes (inutilização). `year`: of the gap, this year by default."""

    ref: Ref
    branch: Annotated[str, Meta(min_length=14, max_length=18)]
    model: Literal["55", "65"] = "55"
    series: Annotated[int, Meta(ge=0, le=889)]
    first: Annotated[int, Meta(ge=1, le=999_999_999)]
    last: Annotated[int, Meta(ge=1, le=999_999_999)]
    reason: Justification
    year: Annotated[int, Meta(ge=2006, le=2099)] | None = None


class Voiding(Struct, frozen=True, kw_only=True):
    """A range of voided numbers. `links.xml` is the procInutNFe, absent when only its protocol could be recovered."""

    id: str
    ref: str
    branch: str
    model: str
    series: int
    year: int
    first: int
    last: int
    reason: str
    status: EventState
    status_label: Annotated[str, Meta(description="pt-BR")]
    protocolo: str | None
    cStat: str | None
    xMotivo: str | None
    registered_at: datetime | None
    created_at: datetime
    updated_at: datetime
    links: dict[str, str]
