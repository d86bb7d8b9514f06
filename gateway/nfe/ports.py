"""What the fiscal core needs from outside, as Protocols its edges implement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType, Protocol

from gateway.nfe.answers import Consultation, Outcome, ServiceStatus
from gateway.nfe.event_answers import DistributionBatch, DistributionQuery, EventOutcome, History, Taxpayer, VoidingOutcome

SignedXml = NewType("SignedXml", bytes)
"""A complete, signed `<NFe>` as UTF-8 bytes: stored before it is sent, sent as it is, never re-serialised."""

SignedEvent = NewType("SignedEvent", bytes)
"""A complete, signed `<evento>`: stored before it is sent, sent as it is, never re-serialised."""

SignedInut = NewType("SignedInut", bytes)
"""A complete, signed `<inutNFe>`: stored before it is sent, sent as it is."""


@dataclass(frozen=True, slots=True, repr=False)
class Pfx:
    """An A1 certificate as it is stored once decrypted: PKCS#12 bytes and their password. Never printed."""

    data: bytes
    password: str

    def __repr__(self) -> str:
        return "Pfx(...)"


@dataclass(frozen=True, slots=True)
class Target:
    """Where and as whom to talk: the issuer's UF, environment (1 produção, 2 homologação), model and TLS certificate."""

    uf: str
    tpAmb: int
    mod: str
    pfx: Pfx
    tpEmis: str = "1"


class Sefaz(Protocol):
    """The authoriser's services.

    Every method has a timeout. Raises NotSent (no byte left), OutcomeUnknown (only what writes there, `authorize`, `send_event`
    and `inutilize`: bytes may have arrived and no clear answer did), Throttled (guard of 656), Refused (TLS or HTTP 4xx),
    ProtocolBroken, CertificateExpired, CertificateInvalid, ConfigInvalid. Never retries by itself.
    """

    async def authorize(self, target: Target, signed: SignedXml, *, idLote: int) -> Outcome:
        """Send one note, synchronously (indSinc 1)."""
        ...

    async def consult(self, target: Target, chave: str) -> Consultation:
        """Consulta protocolo by chave, at the authoriser the chave implies."""
        ...

    async def receipt(self, target: Target, chave: str, nRec: str) -> Outcome:
        """What became of the note of a lot that was answered with a receipt (103)."""
        ...

    async def history(self, target: Target, chave: str) -> History:
        """As `consult`, with every event that SEFAZ lists for the note."""
        ...

    async def send_event(self, target: Target, event: SignedEvent, *, idLote: int, at_origin: bool = False) -> EventOutcome:
        """Send one event: to the Ambiente Nacional when its cOrgao says so, to the SVC of the key when `at_origin`, or home."""
        ...

    async def inutilize(self, target: Target, request: SignedInut) -> VoidingOutcome:
        """Void a range of numbers, at the home authoriser."""
        ...

    async def taxpayer(self, target: Target, uf: str, document: str) -> Taxpayer:
        """Consulta cadastro: registrations of a CNPJ, CPF or IE in `uf`. Raises ConfigInvalid where nobody offers it."""
        ...

    async def distribute(self, target: Target, tax_id: str, query: DistributionQuery) -> DistributionBatch:
        """Documents of interest to `tax_id`, from the Ambiente Nacional. One caller at a time per CNPJ base."""
        ...

    async def status(self, target: Target) -> ServiceStatus:
        """Status of the service; callers share one prober per authoriser."""
        ...

    async def close(self) -> None:
        """Close every session."""
        ...
