"""What SEFAZ said, as values. Nothing here raises for a refusal: only a broken protocol is an error.

An answer counts as `Authorized` only if it proves that what was authorised is ours: same chave and same `digVal`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Decision = Literal[
    "ok",
    "ok_alert",
    "ok_event",
    "info",
    "poll",
    "wait_retry",
    "query_then_decide",
    "idempotent",
    "contingency",
    "stop_wait",
    "fix_data",
    "fix_config",
    "fix_software",
    "new_number",
    "final_refused",
    "denied",
]
"""Engineering decision of a cStat: rows of `schemas/sefaz/cstat.json`, with their meaning."""


@dataclass(frozen=True, slots=True)
class Protocol:
    """`protNFe` as received: `xml` are its exact bytes, namespace declared on it, ready to be joined into nfeProc.

    dhRecbto is aware. digVal is base64 as written by SEFAZ; None when it left it out.
    """

    chNFe: str
    cStat: str
    xMotivo: str
    nProt: str | None
    dhRecbto: datetime
    digVal: str | None
    tpAmb: str
    xml: bytes
    alerts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Authorized:
    """Use authorised (cStat 100, 120, 150)."""

    protocol: Protocol


@dataclass(frozen=True, slots=True)
class Rejected:
    """Refused and not stored by SEFAZ: the number stays with the document and may be used again by it.

    `decision` says who acts: `fix_data`, `fix_config`, `fix_software`, `new_number`, `final_refused`; `wait_retry` and
    `contingency` for a service that is down; `stop_wait` for 656; `idempotent`/`query_then_decide` for 204 and 539.
    `other_chave` is the key SEFAZ names in xMotivo (`[chNFe:...]`), when it does.
    """

    cStat: str
    xMotivo: str
    decision: Decision
    other_chave: str | None = None


@dataclass(frozen=True, slots=True)
class Denied:
    """Use denied, with a protocol: the number is consumed and the document void."""

    protocol: Protocol


@dataclass(frozen=True, slots=True)
class Pending:
    """Received but not finished: `nRec` to be asked after `after` seconds."""

    cStat: str
    xMotivo: str
    nRec: str | None
    after: float


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody knows yet what became of it: consult by chave before anything else."""

    reason: str


Outcome = Authorized | Rejected | Denied | Pending | Unknown
"""Answer of an authorisation."""


@dataclass(frozen=True, slots=True)
class NotFound:
    """217: SEFAZ does not know this chave."""

    cStat: str
    xMotivo: str


@dataclass(frozen=True, slots=True)
class Cancelled:
    """101/151: authorised once, cancelled since; `protocol` is the authorisation's when SEFAZ sends it."""

    cStat: str
    xMotivo: str
    protocol: Protocol | None


Consultation = Authorized | Denied | Cancelled | NotFound | Rejected | Unknown
"""Answer of a consulta protocolo."""


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """Answer of statusServico: 107 running, 108 paralysed for now, 109 without forecast, 113/114 SVC leaving/off."""

    cStat: str
    xMotivo: str
    tMed: int | None
    dhRetorno: datetime | None

    @property
    def running(self) -> bool:
        return self.cStat == "107"
