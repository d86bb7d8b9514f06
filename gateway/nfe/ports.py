"""What the fiscal core needs from outside, as Protocols its edges implement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType, Protocol

from gateway.nfe.answers import Consultation, Outcome, ServiceStatus

SignedXml = NewType("SignedXml", bytes)
"""A complete, signed `<NFe>` as UTF-8 bytes: stored before it is sent, sent as it is, never re-serialised."""


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

    Every method has a timeout. Raises NotSent (no byte left), OutcomeUnknown (only `authorize`: bytes may have arrived
    and no clear answer did), Throttled (guard of 656), Refused (TLS or HTTP 4xx), ProtocolBroken, CertificateExpired,
    CertificateInvalid, ConfigInvalid. Never retries by itself.
    """

    async def authorize(self, target: Target, signed: SignedXml, *, idLote: int) -> Outcome:
        """Send one note, synchronously (indSinc 1)."""
        ...

    async def consult(self, target: Target, chave: str) -> Consultation:
        """Consulta protocolo by chave, at the authoriser the chave implies."""
        ...

    async def status(self, target: Target) -> ServiceStatus:
        """Status of the service; callers share one prober per authoriser."""
        ...

    async def close(self) -> None:
        """Close every session."""
        ...
