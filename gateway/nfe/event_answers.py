"""What SEFAZ said of an event, of voided numbers, of a taxpayer and of the notes of others, as values.

Nothing here raises for a refusal; see `gateway.nfe.answers` for the notes themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from gateway.nfe.answers import Consultation, Decision


@dataclass(frozen=True, slots=True)
class EventRegistered:
    """Registered (135, 136, 155; 124 for the EPEC). `xml` is `<retEvento>` as received. `late`: accepted past its time (155).

    at: dhRegEvento, aware. linked: false when the note is not known there yet (136).
    """

    cStat: str
    xMotivo: str
    nProt: str
    at: datetime
    xml: bytes
    late: bool
    linked: bool


@dataclass(frozen=True, slots=True)
class EventRefused:
    """Not registered; `decision` says who acts. 573 (`idempotent`): the same event is there already, ask for it."""

    cStat: str
    xMotivo: str
    decision: Decision


@dataclass(frozen=True, slots=True)
class EventUnknown:
    """Nobody knows yet: ask for the note's events before anything else."""

    reason: str


EventOutcome = EventRegistered | EventRefused | EventUnknown


@dataclass(frozen=True, slots=True)
class RegisteredEvent:
    """An event that a consulta lists. `xml` is `<procEventoNFe>` as received, `answer` its `<retEvento>`."""

    tpEvento: str
    n_seq: int
    chave: str
    cStat: str
    xMotivo: str
    nProt: str | None
    at: datetime | None
    xml: bytes
    answer: bytes
    correction: str | None = None


@dataclass(frozen=True, slots=True)
class History:
    """A note as SEFAZ tells it: what became of it, and every event registered for it."""

    consultation: Consultation
    events: tuple[RegisteredEvent, ...]


@dataclass(frozen=True, slots=True)
class Voided:
    """102: the numbers will never be notes. `xml` is `<retInutNFe>` as received; at: dhRecbto, aware."""

    cStat: str
    xMotivo: str
    nProt: str
    at: datetime
    xml: bytes


@dataclass(frozen=True, slots=True)
class VoidedBefore:
    """563: the very same range was voided before; the text brings its protocol, the only way to learn of a lost answer."""

    xMotivo: str
    nProt: str | None


@dataclass(frozen=True, slots=True)
class VoidingRefused:
    """Not voided; `decision` says who acts."""

    cStat: str
    xMotivo: str
    decision: Decision


@dataclass(frozen=True, slots=True)
class VoidingUnknown:
    """Nobody knows yet: asking for the same range again is the way to know (563)."""

    reason: str


VoidingOutcome = Voided | VoidedBefore | VoidingRefused | VoidingUnknown


@dataclass(frozen=True, slots=True)
class Registration:
    """A state registration of a taxpayer. active: cSit 1. issues_nfe: indCredNFe 1 to 4."""

    ie: str
    tax_id: str
    uf: str
    active: bool
    issues_nfe: bool
    name: str
    trade_name: str | None
    since: date | None


@dataclass(frozen=True, slots=True)
class Taxpayer:
    """Answer of the consulta cadastro: 111 one, 112 several; any other cStat and no registration is a refusal."""

    cStat: str
    xMotivo: str
    registrations: tuple[Registration, ...]


@dataclass(frozen=True, slots=True)
class AfterNsu:
    """The documents that come after `nsu` (0 from the beginning of what is kept)."""

    nsu: int


@dataclass(frozen=True, slots=True)
class OneNsu:
    """One document by its NSU: a hole in the sequence."""

    nsu: int


@dataclass(frozen=True, slots=True)
class OneChave:
    """One note by its key."""

    chave: str


DistributionQuery = AfterNsu | OneNsu | OneChave


@dataclass(frozen=True, slots=True)
class Distributed:
    """One document of a batch, unpacked: `schema` as `procNFe_v4.00.xsd`, `kind` its first word."""

    nsu: int
    schema: str
    xml: bytes

    @property
    def kind(self) -> Literal["resNFe", "procNFe", "resEvento", "procEventoNFe", "other"]:
        name = self.schema.partition("_")[0]
        if name in ("resNFe", "procNFe", "resEvento", "procEventoNFe"):
            return name  # type: ignore[return-value]
        return "other"


@dataclass(frozen=True, slots=True)
class DistributionBatch:
    """138 with documents, 137 without, 656 when asked too soon (`stop_wait`); last_nsu is where to go on from."""

    cStat: str
    xMotivo: str
    decision: Decision
    last_nsu: int
    max_nsu: int
    documents: tuple[Distributed, ...]
