"""Every address of the console, in one table, and the templates behind them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp_jinja2
import jinja2
from aiohttp import web

from gateway.api.console import (
    batches,
    certificates,
    login,
    note_events,
    notes,
    now,
    numbering,
    orders,
    queues,
    received,
    stream,
)
from gateway.api.console.render import FILTERS
from gateway.api.console.session import LOGINS, Logins

HERE = Path(__file__).parent

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
REF = r"{ref:[^/]+}"

ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/console/login", login.form),
    ("POST", "/console/login", login.enter),
    ("POST", "/console/logout", login.leave),
    ("GET", "/console", now.page),
    ("GET", "/console/stream", stream.stream),
    ("GET", "/console/notas", notes.index),
    ("GET", f"/console/notas/{REF}", notes.show),
    ("GET", f"/console/notas/{REF}/xml", notes.xml),
    ("GET", f"/console/notas/{REF}/danfe.pdf", notes.pdf),
    ("GET", f"/console/notas/{REF}/cupom.png", notes.slip),
    ("POST", f"/console/notas/{REF}/tentar", notes.retry),
    ("POST", f"/console/notas/{REF}/cancelar", note_events.cancel),
    ("POST", f"/console/notas/{REF}/corrigir", note_events.correct),
    ("GET", f"/console/notas/{REF}/eventos/{{event}}/xml", note_events.xml),
    ("POST", f"/console/notas/{REF}/eventos/{{event}}/tentar", note_events.retry),
    ("GET", "/console/numeracao", numbering.index),
    ("POST", "/console/numeracao", numbering.void),
    ("GET", "/console/recebidas", received.index),
    ("GET", "/console/recebidas/{chave}", received.show),
    ("GET", "/console/recebidas/{chave}/xml", received.xml),
    ("GET", "/console/recebidas/{chave}/danfe.pdf", received.pdf),
    ("POST", "/console/recebidas/{chave}/manifestar", received.manifest),
    ("POST", f"/console/notas/{REF}/reenviar", notes.correct),
    ("POST", f"/console/notas/{REF}/forcar", notes.retry),
    ("POST", f"/console/notas/{REF}/adotar", notes.adopt),
    ("POST", f"/console/notas/{REF}/renumerar", notes.renumber),
    ("GET", "/console/pedidos", orders.index),
    ("GET", "/console/pedidos/{id}", orders.show),
    ("POST", "/console/pedidos/{id}/olhar", orders.look_again),
    ("GET", "/console/lotes", batches.index),
    ("GET", "/console/lotes/{id}", batches.show),
    ("POST", "/console/lotes/{id}/cancelar", batches.cancel),
    ("POST", "/console/lotes/{id}/tentar", batches.retry),
    ("GET", "/console/certificados", certificates.index),
    ("POST", "/console/certificados", certificates.put),
    ("GET", "/console/filas", queues.index),
    ("GET", "/console/filas/{id}", queues.show),
    ("POST", "/console/filas/{id}/tentar", queues.retry),
    ("POST", "/console/filas/{id}/adiar", queues.snooze),
    ("POST", "/console/filas/{id}/descartar", queues.discard),
)


def add_to(app: web.Application) -> None:
    """Add the pages, their files and their templates to the application."""
    environment = aiohttp_jinja2.setup(
        app,
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    app[LOGINS] = Logins()
    for method, path, handler in ROUTES:
        if method == "GET":
            app.router.add_get(path, handler)
        else:
            app.router.add_route(method, path, handler)
    app.router.add_static("/console/static", HERE / "static", append_version=True, name="console-static")


__all__ = ["ROUTES", "add_to"]
