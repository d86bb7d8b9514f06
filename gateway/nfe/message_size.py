"""How large a document may be to travel: SEFAZ refuses a message of more than 500 KB (214)."""

from __future__ import annotations

from gateway.core.faults import Fault
from gateway.nfe.findings import Findings

LIMIT = 500 * 1024
"""Bytes of the message (MOC 7.0; rejection 214)."""
_ENVELOPE = 1024
"""Bytes kept for enviNFe, the SOAP envelope and a number longer than the rehearsed one."""


def too_large(document: bytes, path: str) -> tuple[Fault, ...]:
    """NFE-SIZE-01, at `path`, when the signed document would not fit in a message."""
    size = len(document) + _ENVELOPE
    if size <= LIMIT:
        return ()
    findings = Findings()
    findings.add("NFE-SIZE-01", path, size=size, limit=LIMIT)
    return tuple(findings.faults)
