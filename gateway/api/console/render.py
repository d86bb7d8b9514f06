"""What every page has: who is signed in, the clock, and how values are written in pt-BR."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import aiohttp_jinja2
from aiohttp import web

from gateway.api.console.session import SESSION
from gateway.api.presentation import local
from gateway.api.services import SERVICES
from gateway.core.taxid import Cnpj, Cpf, masked
from gateway.nfe.events.lifecycle import EVENT, VOIDING
from gateway.nfe.lifecycle import DOCUMENT
from gateway.store.jobs import STATE_LABELS
from gateway.store.overview import COUNT_CAP
from gateway.workflows.marketplace_order import ORDER

NOTICES = {
    "retry": "Pedido feito: a tarefa será tentada agora.",
    "snooze": "Tarefa adiada.",
    "discard": "Tarefa descartada. O motivo ficou na auditoria.",
    "note": "Nova tentativa pedida para a nota.",
    "event": "Evento pedido: a SEFAZ responde em instantes.",
    "voiding": "Inutilização pedida: a SEFAZ responde em instantes.",
    "look": "O pedido será lido de novo agora.",
    "manifestation": "Manifestação pedida: a SEFAZ responde em instantes.",
    "batch_cancel": "Lote cancelado: o que não tinha número não será emitido.",
    "certificate": "Certificado guardado. As próximas notas já saem com ele.",
    "batch_retry": "Nova tentativa pedida para as linhas recusadas e rejeitadas.",
}

TONES = {
    "authorized": "good",
    "done": "good",
    "registered": "good",
    "invoiced": "good",
    "finished": "good",
    "refused": "bad",
    "conflict": "bad",
    "rejected": "bad",
    "denied": "bad",
    "needs_attention": "bad",
    "parked": "bad",
    "divergent": "bad",
    "unknown": "warn",
    "waiting": "warn",
    "contingency": "warn",
    "requested": "busy",
    "accepted": "busy",
    "processing": "busy",
    "running": "busy",
    "ready": "busy",
    "received": "busy",
    "receiving": "busy",
    "taken": "busy",
    "ok": "good",
    "notice": "warn",
    "warning": "warn",
    "critical": "bad",
    "expired": "bad",
    "issuing": "busy",
    "invoicing": "busy",
}
"""How a state feels; those not named are quiet. The word is always beside the color."""

KINDS = {
    "nfe.issue": "Emitir nota",
    "event.send": "Registrar evento",
    "inutilizacao.send": "Inutilizar números",
    "received.fetch": "Buscar notas recebidas",
    "contingency.transmit": "Transmitir notas em contingência",
    "contingency.deadline": "Conferir prazo das notas em contingência",
    "reissue.settle": "Encerrar primeira tentativa",
    "batch.take": "Processar lote",
    "export.month": "Exportar um mês",
    "print.slip": "Imprimir cupom",
    "vtex.order": "Ler pedido VTEX",
    "vtex.start_handling": "Avisar preparo à VTEX",
    "vtex.invoice": "Enviar fatura à VTEX",
    "vtex.confirm": "Conferir fatura na VTEX",
    "vtex.sweep": "Varrer pedidos VTEX",
}

SECTIONS = (
    ("now", "/console", "Agora"),
    ("notes", "/console/notas", "Notas"),
    ("numbers", "/console/numeracao", "Numeração"),
    ("received", "/console/recebidas", "Recebidas"),
    ("orders", "/console/pedidos", "Pedidos"),
    ("batches", "/console/lotes", "Lotes"),
    ("queues", "/console/filas", "Filas"),
    ("certificates", "/console/certificados", "Certificados"),
)


def common(request: web.Request) -> dict[str, Any]:
    """The context every template may rely on."""
    services = request.app[SERVICES]
    zone = services.settings.zone
    now = services.clock.epoch_ms()
    return {
        "session": request.get(SESSION),
        "sections": SECTIONS,
        "version": services.settings.version,
        "here": str(request.rel_url.without_query_params("feito")),
        "notice": NOTICES.get(request.query.get("feito", ""), ""),
        "when": lambda ms: moment(ms, zone, now),
        "static": lambda name: str(request.app.router["console-static"].url_for(filename=name)),
    }


def render(request: web.Request, template: str, section: str, *, status: int = 200, **context: Any) -> web.Response:
    """A page of a section."""
    return aiohttp_jinja2.render_template(template, request, {**common(request), "section": section, **context}, status=status)


def moment(ms: int, zone: ZoneInfo, now: int) -> dict[str, str]:
    """An instant in three ways: for machines, in full, and as people say it."""
    at = local(ms, zone)
    return {"iso": at.isoformat(), "full": f"{at:%d/%m/%Y %H:%M:%S}", "short": f"{at:%d/%m %H:%M}", "ago": ago(now - ms)}


def ago(ms: int) -> str:
    """`há 5 min`, `em 2 h`, `agora`."""
    seconds = abs(ms) // 1000
    if seconds < 5:
        return "agora"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        if seconds >= size:
            words = f"{seconds // size} {unit}"
            return f"há {words}" if ms > 0 else f"em {words}"
    return "agora"


def money(value: Any) -> str:
    """`R$ 1.234,56`."""
    try:
        text = f"{Decimal(str(value)):,.2f}"
    except InvalidOperation:
        return str(value)
    return "R$ " + text.replace(",", "_").replace(".", ",").replace("_", ".")


def count(n: int) -> str:
    """A capped count, with thousands apart."""
    return f"{COUNT_CAP:,}+".replace(",", ".") if n > COUNT_CAP else f"{n:,}".replace(",", ".")


def thousands(n: int) -> str:
    """A number with thousands apart."""
    return f"{n:,}".replace(",", ".")


def tax_id(text: str | None) -> str:
    """A CNPJ with its punctuation; of a CPF only the middle, lists are seen by many."""
    if not text:
        return ""
    try:
        return Cnpj(text).formatted() if len(text) == 14 else masked(Cpf(text))
    except ValueError:
        return text


def grouped(chave: str | None) -> str:
    """A chave in blocks of four."""
    return " ".join(chave[i : i + 4] for i in range(0, len(chave), 4)) if chave else ""


def label(state: str, of: str) -> str:
    """The pt-BR name of a state of a `document`, `job`, `order`, `event` or `voiding`."""
    tables = {
        "document": DOCUMENT.labels,
        "job": STATE_LABELS,
        "order": ORDER.labels,
        "event": EVENT.labels,
        "voiding": VOIDING.labels,
    }
    return tables[of].get(state, state)


def query(base: str, **given: Any) -> str:
    """An address with those parameters that have a value."""
    kept = {name: value for name, value in given.items() if value not in ("", None)}
    return f"{base}?{urlencode(kept)}" if kept else base


FILTERS: dict[str, Callable[..., Any]] = {
    "money": money,
    "count": count,
    "thousands": thousands,
    "tax_id": tax_id,
    "grouped": grouped,
    "label": label,
    "tone": lambda state: TONES.get(state, "quiet"),
    "kind": lambda kind: KINDS.get(kind, kind),
    "segment": lambda text: quote(text, safe=""),
    "query": query,
}
