"""**Agora**: what needs a person, first; then whether everything moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from gateway.api.console.render import KINDS, query, render
from gateway.api.presentation import local
from gateway.api.services import SERVICES
from gateway.store import authorizers, contingencies, overview

HOUR = 3_600_000
HOURS = 24
SOON_DAYS = 30


@dataclass(frozen=True, slots=True)
class Need:
    """One cause that waits for a person, with the list it opens."""

    area: str
    title: str
    text: str
    fix: str
    code: str
    count: int
    href: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour of the chart, in its 0 to 100 units."""

    x: float
    height: float
    label: str
    count: int


async def page(request: web.Request) -> web.Response:
    """The first page."""
    services = request.app[SERVICES]
    now = services.clock.epoch_ms()
    since = now - now % HOUR - (HOURS - 1) * HOUR

    def read(conn: Any) -> dict[str, Any]:
        return {
            "needs": _needs(conn),
            "jobs": overview.job_counts(conn),
            "documents": overview.document_counts(conn, ("accepted", "processing", "unknown", "rejected")),
            "hours": overview.authorized_by_hour(conn, since),
            "authorizers": [row for row in authorizers.every(conn) if row.state != "up"],
            "contingencies": [(one, contingencies.pending(conn, one.id)) for one in contingencies.active(conn)],
            "ending": overview.certificates_ending(conn, now + SOON_DAYS * 24 * HOUR),
        }

    found = await services.db.read(read)
    hours = found.pop("hours")
    zone = services.settings.zone
    top = max([*hours.values(), 1])
    bars = [
        Bar(i * 100 / HOURS, hours.get(at, 0) * 100 / top, f"{local(at, zone):%H}h", hours.get(at, 0))
        for i, at in enumerate(range(since, since + HOURS * HOUR, HOUR))
    ]
    return render(request, "now.html", "now", bars=bars, authorized=sum(hours.values()), top=top, **found)


def _needs(conn: Any) -> list[Need]:
    needs = [
        Need(
            area="Fila",
            title=KINDS.get(cause.where["kind"], cause.where["kind"]),
            text=cause.text or "Parou e espera uma decisão.",
            fix=cause.fix,
            code=cause.code,
            count=cause.count,
            href=query("/console/filas", state="needs_attention", kind=cause.where["kind"]),
        )
        for cause in overview.job_causes(conn)
    ]
    needs += [
        Need(
            area="Pedido",
            title="Pedido parado",
            text=cause.text,
            fix=cause.fix,
            code=cause.code,
            count=cause.count,
            href=query("/console/pedidos", hold_code=cause.code),
        )
        for cause in overview.hold_causes(conn)
    ]
    needs += [
        Need(
            area="Nota",
            title="Nota rejeitada",
            text=cause.text or "Recusada antes de chegar à SEFAZ.",
            fix="Corrija o que a rejeição aponta e tente de novo.",
            code=cause.code,
            count=cause.count,
            href=query("/console/notas", status="rejected"),
        )
        for cause in overview.rejection_causes(conn)
    ]
    return sorted(needs, key=lambda need: -need.count)
