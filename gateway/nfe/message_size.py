"""How large a document may be to travel: SEFAZ refuses a message over the limit of the table (214), whatever nItem allows."""

from __future__ import annotations

from datetime import date

from gateway.core.faults import Fault
from gateway.nfe.findings import Findings
from gateway.nfe.tables import rows_on, table

_ENVELOPE = 1024
"""Bytes kept for enviNFe, the SOAP envelope and a number longer than the rehearsed one."""
_FIRST, _LAST = b"<det ", b"</det>"


def limit(uf: str, day: date) -> int:
    """Bytes of the largest message that the authoriser of `uf` takes on `day`."""
    rows = rows_on("message_size", "limit", day) or table("message_size")["limit"]
    row = next(row for row in rows if uf in row.get("uf", (uf,)))
    return int(row["kib"]) * 1024


def too_large(document: bytes, path: str, uf: str, day: date) -> tuple[Fault, ...]:
    """NFE-SIZE-01, at `path`, when the signed document would not fit in a message: how many would, and the notes it takes."""
    most, size = limit(uf, day), len(document) + _ENVELOPE
    if size <= most:
        return ()
    first, last = document.find(_FIRST), document.rfind(_LAST) + len(_LAST)
    items, count = max(last - first, 1), max(document.count(_FIRST), 1)
    fit = max((most - (size - items)) * count // items, 1)
    findings = Findings()
    findings.add("NFE-SIZE-01", path, size=-(-size // 1024), limit=most // 1024, items=count, fit=fit, notes=-(-count // fit))
    return tuple(findings.faults)
