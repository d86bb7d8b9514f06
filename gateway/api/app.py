"""The aiohttp application: every address in one table, every middleware in order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

from gateway.api import console
from gateway.api.auth import KEY_CACHE, KeyCache, authenticate
from gateway.api.headers import secure
from gateway.api.live import LIVE, Live
from gateway.api.metrics import METRICS, Metrics, measured
from gateway.api.openapi import build
from gateway.api.presentation import ZONES, Zones
from gateway.api.problems import problems
from gateway.api.routes import (
    approximate_taxes,
    artefacts,
    authorisers,
    batches,
    branches,
    catalogue,
    certificates,
    classifications,
    contingency,
    csc,
    documentation,
    events,
    explanations,
    exports,
    health,
    jobs,
    nfe,
    operations,
    orders,
    raw,
    received,
    rules,
    taken_numbers,
    taxpayers,
    voidings,
    vtex_accounts,
    webhooks,
)
from gateway.api.services import SERVICES, Services

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

REF = r"{ref:[^/]+}"
"""A ref may hold any printable ASCII; slashes come percent-encoded."""

ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("POST", "/v1/nfe", nfe.issue),
    ("GET", "/v1/nfe", nfe.index),
    ("POST", "/v1/nfe/preview", nfe.preview),
    ("POST", "/v1/nfce", nfe.issue_nfce),
    ("POST", "/v1/nfce/preview", nfe.preview_nfce),
    ("POST", "/v1/nfe/raw", raw.issue),
    ("POST", "/v1/nfe/raw/preview", raw.preview),
    ("GET", f"/v1/nfe/{REF}", nfe.show),
    ("POST", f"/v1/nfe/{REF}/retry", nfe.retry),
    ("POST", f"/v1/nfe/{REF}/cancel", events.cancel),
    ("POST", f"/v1/nfe/{REF}/correction", events.correction),
    ("GET", f"/v1/nfe/{REF}/events", events.index),
    ("POST", f"/v1/nfe/{REF}/events", events.create),
    ("GET", f"/v1/nfe/{REF}/events/{{event}}", events.show),
    ("GET", f"/v1/nfe/{REF}/events/{{event}}/xml", events.xml),
    ("POST", f"/v1/nfe/{REF}/events/{{event}}/retry", events.retry),
    ("GET", f"/v1/nfe/{REF}/explanation", explanations.explanation),
    ("GET", f"/v1/nfe/{REF}/why", explanations.why),
    ("POST", f"/v1/nfe/{REF}/adopt", taken_numbers.adopt),
    ("POST", f"/v1/nfe/{REF}/renumber", taken_numbers.renumber),
    ("GET", f"/v1/nfe/{REF}/xml", artefacts.xml),
    ("GET", f"/v1/nfe/{REF}/danfe.pdf", artefacts.danfe_pdf),
    ("GET", f"/v1/nfe/{REF}/danfe.png", artefacts.danfe_png),
    ("GET", f"/v1/nfe/{REF}/danfe.escpos", artefacts.danfe_escpos),
    ("POST", "/v1/batches", batches.post),
    ("GET", "/v1/batches", batches.index),
    ("GET", "/v1/batches/{id:[^/]+}", batches.show),
    ("GET", "/v1/batches/{id:[^/]+}/lines", batches.lines),
    ("POST", "/v1/batches/{id:[^/]+}/cancel", batches.cancel),
    ("POST", "/v1/batches/{id:[^/]+}/retry", batches.retry),
    ("GET", "/v1/numbers/{branch}/{model}/{series}", authorisers.numbers),
    ("GET", "/v1/inutilizacoes", voidings.index),
    ("POST", "/v1/inutilizacoes", voidings.create),
    ("GET", "/v1/inutilizacoes/{id}", voidings.show),
    ("GET", "/v1/inutilizacoes/{id}/xml", voidings.xml),
    ("GET", "/v1/sefaz/status", authorisers.sefaz_status),
    ("GET", "/v1/received", received.index),
    ("GET", "/v1/received/queues", received.queues),
    ("GET", "/v1/received/{chave}", received.show),
    ("GET", "/v1/received/{chave}/xml", received.xml),
    ("GET", "/v1/received/{chave}/danfe.pdf", received.danfe_pdf),
    ("POST", "/v1/received/{chave}/manifestation", received.manifest),
    ("POST", "/v1/received/{chave}/events", received.register),
    ("GET", "/v1/taxpayers/{uf}/{document}", taxpayers.show),
    ("GET", "/v1/rejections/{code:[0-9]+}", explanations.code),
    ("GET", "/v1/contingency", contingency.index),
    ("GET", "/v1/contingency/{branch}", contingency.show),
    ("POST", "/v1/contingency/{branch}", contingency.enter),
    ("DELETE", "/v1/contingency/{branch}", contingency.leave),
    ("GET", "/v1/rules", rules.index),
    ("GET", "/v1/rules/{code}", rules.show),
    ("POST", "/v1/rules/{code}/mode", rules.put_mode),
    ("GET", "/v1/orders", orders.index),
    ("GET", "/v1/orders/{id}", orders.show),
    ("POST", "/v1/orders/{id}/retry", orders.retry),
    ("GET", "/v1/jobs", jobs.index),
    ("GET", "/v1/jobs/{id}", jobs.show),
    ("POST", "/v1/jobs/{id}/retry", jobs.retry),
    ("POST", "/v1/jobs/{id}/discard", jobs.discard),
    ("POST", "/v1/jobs/{id}/snooze", jobs.snooze),
    ("GET", "/v1/branches", branches.index),
    ("GET", "/v1/branches/{cnpj}", branches.show),
    ("PUT", "/v1/branches/{cnpj}", branches.put),
    ("GET", "/v1/branches/{cnpj}/certificate", certificates.show_certificate),
    ("PUT", "/v1/branches/{cnpj}/certificate", certificates.put_certificate),
    ("POST", "/v1/exports", exports.post),
    ("GET", "/v1/exports/{id}", exports.show),
    ("GET", "/v1/exports/{id}/file", exports.file),
    ("GET", "/v1/certificates", certificates.index),
    ("GET", "/v1/certificates/{root}", certificates.show_root),
    ("PUT", "/v1/certificates/{root}", certificates.put_root),
    ("GET", "/v1/branches/{cnpj}/csc", csc.index),
    ("PUT", "/v1/branches/{cnpj}/csc", csc.put),
    ("GET", "/v1/branches/{cnpj}/operations", operations.index),
    ("PUT", "/v1/branches/{cnpj}/operations", operations.put),
    ("GET", "/v1/branches/{cnpj}/vtex", vtex_accounts.list_vtex),
    ("PUT", "/v1/branches/{cnpj}/vtex", vtex_accounts.put_vtex),
    ("GET", "/v1/approximate-taxes", approximate_taxes.index),
    ("PUT", "/v1/approximate-taxes/{uf}", approximate_taxes.put),
    ("GET", "/v1/products", catalogue.list_products),
    ("GET", "/v1/products/{sku:[^/]+}/classification", classifications.show),
    ("PUT", "/v1/products/{sku:[^/]+}/classification", classifications.put),
    ("GET", "/v1/products/{sku:[^/]+}", catalogue.show_product),
    ("PUT", "/v1/products/{sku:[^/]+}", catalogue.put_product),
    ("GET", "/v1/customers", catalogue.list_customers),
    ("GET", "/v1/customers/{tax_id:[^/]+}", catalogue.show_customer),
    ("PUT", "/v1/customers/{tax_id:[^/]+}", catalogue.put_customer),
    ("POST", "/v1/customers/{tax_id:[^/]+}/complete", taxpayers.complete),
    ("POST", "/webhooks/vtex/{account}", webhooks.vtex),
    ("GET", "/healthz", health.healthz),
    ("GET", "/readyz", health.readyz),
    ("GET", "/metrics", health.metrics),
    ("GET", "/openapi.json", documentation.openapi),
    ("GET", "/docs", documentation.page),
)


def make_app(services: Services) -> web.Application:
    """The whole HTTP side over the injected services. Owns no process, port or database: the caller runs and closes those."""
    app = web.Application(
        middlewares=(measured, problems, console.pages_of_problems, authenticate, console.signed_in),
        client_max_size=services.settings.max_body,
    )
    live = Live(services.db)
    app[SERVICES] = services
    app[LIVE] = live
    app[METRICS] = Metrics()
    app[KEY_CACHE] = KeyCache()
    app[ZONES] = Zones(services)
    for method, path, handler in ROUTES:
        if method == "GET":
            app.router.add_get(path, handler)
        else:
            app.router.add_route(method, path, handler)
    console.add_to(app)
    app[documentation.DOCUMENT] = documentation.encoded(build(app))
    app.on_response_prepare.append(secure)
    # Before the server waits for open requests: those that only watch must end first.
    app.on_shutdown.append(_stop_live)
    app.cleanup_ctx.append(_live)
    return app


async def _live(app: web.Application) -> AsyncIterator[None]:
    app[LIVE].start()
    yield
    await app[LIVE].stop()


async def _stop_live(app: web.Application) -> None:
    await app[LIVE].stop()
