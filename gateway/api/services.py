"""What the HTTP side needs from the rest of the house, in one frozen value: injected, so that tests can fake any of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

from aiohttp import web

from gateway.core.clock import Clock
from gateway.core.faults import Fault
from gateway.nfe.answers import ServiceStatus
from gateway.nfe.event_answers import Taxpayer
from gateway.nfe.icp_chain import Authorities
from gateway.nfe.ports import Pfx
from gateway.nfe.request import Request
from gateway.nfe.rulebook import DECLARED, Rulebook
from gateway.store.certificates import CertificateInfo
from gateway.store.database import Database
from gateway.store.documents import DocumentRow
from gateway.store.vault import Vault


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """public_url: how the outside reaches us, without a final slash; empty means relative links. max_body in bytes, after
    decompression; wait_limit in seconds; time_zone (IANA) of the console. secure_cookies: the console is behind TLS."""

    public_url: str = ""
    version: str = "0"
    max_body: int = 5 * 1024 * 1024
    wait_limit: float = 30.0
    time_zone: str = "America/Sao_Paulo"
    secure_cookies: bool = False
    read_timeout: float = 30.0

    @property
    def zone(self) -> ZoneInfo:
        """The console's time zone (zoneinfo keeps one instance a name)."""
        return ZoneInfo(self.time_zone)


class Renderers(Protocol):
    """Drawings of an authorised note, from its nfeProc bytes. Slips are drawn in a thread of the caller's."""

    async def pdf(self, proc: bytes) -> bytes: ...

    def slip_png(self, proc: bytes) -> bytes: ...

    def slip_escpos(self, proc: bytes) -> bytes: ...


class LoadedCertificate(CertificateInfo, Protocol):
    """An opened certificate: what it says of itself, and whether this branch may sign with it."""

    @property
    def der(self) -> bytes: ...
    @property
    def chain(self) -> tuple[bytes, ...]: ...
    def check(self, at: datetime, branch_cnpj: str) -> None:
        """Raises CertificateExpired or CertificateInvalid (of another company)."""
        ...


@dataclass(frozen=True, slots=True)
class SalePreview:
    """A note that took no number: its unsigned XML with a placeholder, its total in reais, and what SEFAZ may refuse."""

    xml: bytes
    total: Decimal
    warnings: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class HookAnswer:
    """What became of a notification: `ping` and `accepted` are good news, `ignored` is logged and answered 200."""

    kind: Literal["ping", "accepted", "ignored", "unauthorized", "unknown_account"]
    detail: str = ""


AcceptSale = Callable[[Request, str], Awaitable[tuple[DocumentRow, bool]]]
"""Store the sale (as model `55` or `65`) or raw note for issue; True for a replay.

Raises ValidationFailed, IdempotencyConflict.
"""

PreviewSale = Callable[[Request, str], Awaitable[SalePreview]]
"""Compose as model `55` or `65` and dry-run, storing nothing. Raises ValidationFailed."""

RetryDocument = Callable[[str, Request | None, bool], Awaitable[DocumentRow]]
"""Try a rejected document (by its id) again, with a corrected sale under the same ref and number when one is given;
the flag forces what SEFAZ refused too often.
Raises ValidationFailed, TransitionRefused, NotFound; then nothing has changed."""

SefazStatus = Callable[[str, str, bool], Awaitable[ServiceStatus]]
"""Status of the authoriser of a branch (CNPJ) for model `55` or `65`; the flag: only what is known already.
Raises EdgeError and OperatorError."""

SvcStatus = Callable[[str], Awaitable[ServiceStatus]]
"""Status of the SVC of a branch (CNPJ), shared like any other probe. Raises NotSent when it gave no answer, OperatorError."""

TaxpayerLookup = Callable[[str, str, str], Awaitable[tuple[Taxpayer, int]]]
"""Branch (CNPJ), UF and document of a consulta cadastro: the answer and when it was given (ms).
Raises NotFound, Throttled, EdgeError, OperatorError and TimeoutError."""

VtexHook = Callable[[str, Mapping[str, str], bytes], Awaitable[HookAnswer]]
"""Account, headers (lower-case names) and raw body of a notification: verified, stored, answered."""

LoadCertificate = Callable[[Pfx], LoadedCertificate]
"""Opens a PFX; slow, called in a thread. Raises CertificateInvalid."""

Readiness = Callable[[], Mapping[str, str]]
"""Why this process cannot do its work now: part -> pt-BR sentence. Empty means ready."""


def _always_ready() -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Services:
    """Everything injected into the application. authorities: of ICP-Brasil, None while none is configured."""

    db: Database
    vault: Vault
    clock: Clock
    settings: ApiSettings
    renderers: Renderers
    accept_sale: AcceptSale
    preview_sale: PreviewSale
    retry_document: RetryDocument
    sefaz_status: SefazStatus
    svc_status: SvcStatus
    taxpayer: TaxpayerLookup
    load_certificate: LoadCertificate
    vtex_hook: VtexHook
    readiness: Readiness = field(default=_always_ready)
    rulebook: Rulebook = DECLARED
    authorities: Authorities | None = None


SERVICES = web.AppKey("services", Services)
