"""Rows of the store as the resources callers see: labels in pt-BR, times with the branch's offset, links."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from aiohttp import web

from gateway.api.resources import (
    Answer,
    Buyer,
    CertificateChain,
    Document,
    DocumentLinks,
    DocumentSummary,
    EventTerm,
    Job,
    Order,
    OtherAttempt,
    TimelineEntry,
)
from gateway.api.services import SERVICES, Services
from gateway.core.clock import from_epoch_ms
from gateway.core.faults import Fault
from gateway.nfe.branch import Branch
from gateway.nfe.events.term import Term
from gateway.nfe.icp_chain import STATUSES as CHAIN_STATUSES
from gateway.nfe.icp_chain import Followed
from gateway.nfe.lifecycle import DOCUMENT
from gateway.store import documents, event_intake, reissues, setup
from gateway.store.documents import DocumentRow, EventRow
from gateway.store.jobs import STATE_LABELS, JobRow
from gateway.store.orders import OrderRow
from gateway.store.queries import DocumentItem, JobItem, OrderItem
from gateway.workflows.marketplace_order import ORDER

FINAL = frozenset({"authorized", "rejected", "denied", "cancelled", "voided", "contingency"})
"""Statuses that nobody waits to end: they do not change by themselves, or not before SEFAZ is back."""

HAS_NOTE = frozenset({"authorized", "cancelled", "contingency"})
"""Statuses that have something to draw: an nfeProc, or a note issued off-line."""

_ZONE_SECONDS = 60.0


class Zones:
    """The time zone of each branch, remembered for a minute."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._known: dict[str, tuple[float, ZoneInfo]] = {}

    async def of(self, branch: str) -> ZoneInfo:
        """The branch's zone; the console's when the branch is unknown."""
        now = time.monotonic()
        known = self._known.get(branch)
        if known is not None and now - known[0] < _ZONE_SECONDS:
            return known[1]
        found = await self._services.db.read(lambda conn: setup.get_branch(conn, branch))
        zone = zone_named(found.time_zone if found else "") or self._services.settings.zone
        self._known[branch] = (now, zone)
        return zone

    def forget(self, branch: str) -> None:
        """The branch was just written."""
        self._known.pop(branch, None)


ZONES = web.AppKey("zones", Zones)


def zone_named(name: str) -> ZoneInfo | None:
    """The IANA zone of this name, or None."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def local(ms: int, zone: ZoneInfo) -> datetime:
    """A stored instant with the zone's offset, to the second."""
    return from_epoch_ms(ms).astimezone(zone).replace(microsecond=0)


def maybe_local(ms: int | None, zone: ZoneInfo) -> datetime | None:
    """`local`, for what may not have happened."""
    return None if ms is None else local(ms, zone)


def document_url(ref: str, public_url: str = "") -> str:
    """The address of a document; the ref is encoded whole, slashes included."""
    return f"{public_url}/v1/nfe/{quote(ref, safe='')}"


def document_links(ref: str, status: str, public_url: str, model: str = "55") -> DocumentLinks:
    """Where a document and its drawings are; drawings only when there is a note to draw, and no A4 page of a NFC-e."""
    base = document_url(ref, public_url)
    if status not in HAS_NOTE:
        return DocumentLinks(self=base, xml=f"{base}/xml")
    return DocumentLinks(
        self=base,
        xml=f"{base}/xml",
        danfe_pdf=f"{base}/danfe.pdf" if model == "55" else "",
        danfe_png=f"{base}/danfe.png",
        danfe_escpos=f"{base}/danfe.escpos",
    )


async def document(request: web.Request, row: DocumentRow) -> Document:
    """A document with its timeline."""
    services = request.app[SERVICES]
    zone = await request.app[ZONES].of(row.branch)

    def read(conn: Any) -> tuple[tuple[EventRow, ...], Branch | None, tuple[DocumentRow, ...], DocumentRow | None]:
        branch = setup.get_branch(conn, row.branch) if row.status == "authorized" else None
        return documents.events(conn, row.id), branch, reissues.attempts_of(conn, row.id), reissues.sale_of(conn, row)

    events, branch, attempts, sale = await services.db.read(read)
    return Document(
        **_summary(row, zone, services.settings.public_url),
        environment=row.environment,
        attempts=tuple(_other(one) for one in attempts),
        sale=None if sale is None else _other(sale),
        warnings=_warnings(events),
        deadlines=tuple(_term(one) for one in event_intake.terms(row, branch, services.clock.now())),
        timeline=tuple(TimelineEntry(at=local(e.at, zone), kind=e.kind, text=e.text) for e in events),
    )


def _other(row: DocumentRow) -> OtherAttempt:
    return OtherAttempt(ref=row.ref, status=row.status, number=row.number, chave_acesso=row.chave)


def chain_told(one: Followed) -> CertificateChain:
    """Where a certificate leads to, on the wire."""
    return CertificateChain(status=one.status, status_label=CHAIN_STATUSES[one.status], text=one.text, path=one.path)


def _term(one: Term) -> EventTerm:
    return EventTerm(
        tpEvento=one.kind.tpEvento,
        label=one.kind.label,
        standing=one.standing,
        until=one.until.replace(microsecond=0),
        late_until=None if one.late_until is None else one.late_until.replace(microsecond=0),
        text=one.text,
        source=one.limit.source,
        certainty=one.limit.certainty,
    )


def _warnings(events: Sequence[EventRow]) -> tuple[Fault, ...]:
    """Of the body the document has now: what was said when it was last accepted or corrected."""
    found: tuple[Fault, ...] = ()
    for event in events:
        if event.kind in ("accepted", "resubmitted"):
            found = ()
        elif event.kind == "warned":
            found = msgspec.convert(event.data["warnings"], tuple[Fault, ...])
    return found


async def document_summary(request: web.Request, row: DocumentItem) -> DocumentSummary:
    """A document as a line of a list."""
    zone = await request.app[ZONES].of(row.branch)
    return DocumentSummary(**_summary(row, zone, request.app[SERVICES].settings.public_url))


def _summary(row: DocumentRow | DocumentItem, zone: ZoneInfo, public_url: str) -> dict[str, Any]:
    buyer = None
    if row.customer_tax_id or row.customer_name:
        buyer = Buyer(name=row.customer_name or "", tax_id=row.customer_tax_id or "")
    return {
        "ref": row.ref,
        "status": row.status,
        "status_label": DOCUMENT.labels[row.status],
        "final": row.status in FINAL,
        "branch": row.branch,
        "model": row.model,
        "series": row.series,
        "number": row.number,
        "chave_acesso": row.chave,
        "protocolo": row.protocol,
        "total": str(row.total),
        "customer": buyer,
        "answer": Answer(cStat=row.cstat or "", xMotivo=row.reason or "") if row.cstat or row.reason else None,
        "origin": row.origin,
        "created_at": local(row.created_at, zone),
        "updated_at": local(row.updated_at, zone),
        "authorized_at": maybe_local(row.authorized_at, zone),
        "links": document_links(row.ref, row.status, public_url, row.model),
    }


def job(row: JobItem | JobRow, zone: ZoneInfo) -> Job:
    """A job without its payload and tries."""
    return Job(
        id=row.id,
        kind=row.kind,
        queue=row.queue,
        subject=row.subject,
        state=cast(Any, row.state),
        state_label=STATE_LABELS[row.state],
        attempts=row.attempts,
        failures=row.failures,
        next_at=local(row.next_at, zone) if row.state in ("ready", "waiting") else None,
        error_code=row.error_code,
        error=row.error,
        fix=row.fix,
        created_at=local(row.created_at, zone),
        updated_at=local(row.updated_at, zone),
    )


def order(row: OrderItem | OrderRow, zone: ZoneInfo) -> Order:
    """An order as a line of a list."""
    return Order(
        id=row.id,
        account=row.account,
        external_id=row.external_id,
        branch=row.branch,
        state=cast(Any, row.state),
        state_label=ORDER.labels[row.state],
        external_status=row.external_status,
        value=str(row.value),
        customer_name=row.customer_name,
        hold_code=row.hold_code,
        hold_message=row.hold_message,
        hold_fix=row.hold_fix,
        created_at=local(row.created_at, zone),
        updated_at=local(row.updated_at, zone),
    )
