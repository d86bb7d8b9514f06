"""What `/metrics` shows of the HTTP side and the queues, in the process's Prometheus registry."""

from __future__ import annotations

import time

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from gateway.api.problems import Handler
from gateway.core.clock import Clock
from gateway.nfe.validity import validity
from gateway.store.certificates import list_certificates
from gateway.store.database import Database
from gateway.store.overview import document_counts, job_counts

WATCHED = ("accepted", "processing", "unknown", "rejected")
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_FRESH_SECONDS = 5.0


class Metrics:
    """One registry per application. Queue gauges cost a query, so they are read at most every five seconds."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "gateway_http_requests_total", "Requests answered", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "gateway_http_request_seconds", "Time to answer", ("method", "route"), buckets=_BUCKETS, registry=self.registry
        )
        self.jobs = Gauge("gateway_jobs", "Live jobs by state (10001: more than that)", ("state",), registry=self.registry)
        self.documents = Gauge(
            "gateway_documents", "Documents on their way by status (10001: more)", ("status",), registry=self.registry
        )
        self.certificates = Gauge(
            "gateway_certificate_days_left", "Whole days until a certificate ends", ("owner",), registry=self.registry
        )
        self._read_at = float("-inf")

    async def render(self, db: Database, clock: Clock) -> bytes:
        """The exposition format. Raises StorageFull when the database does not answer."""
        now = time.monotonic()
        if now - self._read_at >= _FRESH_SECONDS:
            for state, n in (await db.read(job_counts)).items():
                if state not in ("done", "discarded"):
                    self.jobs.labels(state).set(n)
            for status, n in (await db.read(lambda conn: document_counts(conn, WATCHED))).items():
                self.documents.labels(status).set(n)
            self.certificates.clear()
            for row in await db.read(list_certificates):
                self.certificates.labels(row.owner).set(validity(row.not_after, clock.epoch_ms()).days_left)
            self._read_at = now
        return generate_latest(self.registry)


METRICS = web.AppKey("metrics", Metrics)


@web.middleware
async def measured(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count and time every request by its route, never by its address: labels must stay few."""
    metrics = request.app[METRICS]
    resource = request.match_info.route.resource
    route = resource.canonical if resource is not None else "none"
    started = time.perf_counter()
    status = 500
    try:
        response = await handler(request)
        status = response.status
    except web.HTTPException as error:
        status = error.status
        raise
    else:
        return response
    finally:
        # A stream is as long as its reader wishes: its length says nothing.
        if not route.endswith("/stream"):
            metrics.seconds.labels(request.method, route).observe(time.perf_counter() - started)
        metrics.requests.labels(request.method, route, str(status)).inc()
