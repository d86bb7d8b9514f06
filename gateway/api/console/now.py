"""**Agora**: what needs a person, first; then whether everything moves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from aiohttp import web

from gateway.api.console.render import KINDS, query, render
from gateway.api.presentation import local
from gateway.api.services import SERVICES
from gateway.nfe.validity import URGENCY_LABELS, Validity, validity
from gateway.store import authorizers, certificates, contingencies, number_gaps, overview
from gateway.store.certificates import CertificateRow
from gateway.store.received_list import alerts

HOUR = 3_600_000
HOURS = 24


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

    today = services.clock.now().astimezone(services.settings.zone).date()

    def read(conn: Any) -> dict[str, Any]:
        return {
            "needs": [*_gaps(conn, today), *sorted([*_needs(conn), *_received(conn, now)], key=lambda need: -need.count)],
            "jobs": overview.job_counts(conn),
            "documents": overview.document_counts(conn, ("accepted", "processing", "unknown", "rejected")),
            "hours": overview.authorized_by_hour(conn, since),
            "authorizers": [row for row in authorizers.every(conn) if row.state != "up"],
            "contingencies": [(one, contingencies.pending(conn, one.id)) for one in contingencies.active(conn)],
            "ending": _ending(conn, now),
        }

    found = await services.db.read(read)
    hours = found.pop("hours")
    zone = services.settings.zone
    top = max([*hours.values(), 1])
    bars = [
        Bar(i * 100 / HOURS, hours.get(at, 0) * 100 / top, f"{local(at, zone):%H}h", hours.get(at, 0))
        for i, at in enumerate(range(since, since + HOURS * HOUR, HOUR))
    ]
    return render(request, "now.html", "now", bars=bars, authorized=sum(hours.values()), top=top, urgency=URGENCY_LABELS, **found)


def _ending(conn: Any, now: int) -> list[tuple[CertificateRow, Validity]]:
    """Certificates under one of the alerts, the most urgent first."""
    found = [(row, validity(row.not_after, now)) for row in certificates.list_certificates(conn)]
    return [(row, left) for row, left in found if left.step is not None][:50]


def _gaps(conn: Any, today: date) -> list[Need]:
    """Numbers whose time to be voided is near or over: the law's own deadline, so before everything else."""
    return [
        Need(
            area="Numeração",
            title="Números por inutilizar",
            text=f"Série {one.series.series} do modelo {one.series.model}: "
            + (
                f"o prazo terminou em {one.deadline:%d/%m/%Y}." if one.deadline < today else f"prazo até {one.deadline:%d/%m/%Y}."
            ),
            fix="Corrija e reenvie a nota que tem o número, ou inutilize-o.",
            code="",
            count=one.count,
            href="/console/numeracao",
        )
        for one in number_gaps.pressing(conn, today)
    ]


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
    return needs


def _received(conn: Any, now: int) -> list[Need]:
    """What received notes wait for: answers before their deadlines, and files that do not hold."""
    found = alerts(conn, now)
    soon = "/console/recebidas"
    needs = [
        Need(
            area="Recebidas",
            title="Prazo da ciência termina em até 3 dias",
            text="Sem a ciência o XML completo destas notas não chega.",
            fix="Dê ciência da operação, ou manifeste-se de uma vez.",
            code="",
            count=found.aware,
            href=query(soon, status="resumo", deadline=3),
        ),
        Need(
            area="Recebidas",
            title="Prazo da manifestação termina em até 15 dias",
            text="Depois de 90 dias da autorização a SEFAZ não aceita mais a manifestação.",
            fix="Confirme, desconheça ou diga que a operação não se realizou.",
            code="",
            count=found.conclude,
            href=query(soon, deadline=15),
        ),
        Need(
            area="Recebidas",
            title="XML que não confere",
            text="A assinatura ou o protocolo da nota não batem com o conteúdo.",
            fix="Abra a nota, veja o motivo e fale com o emitente antes de lançá-la.",
            code="",
            count=found.broken,
            href=query(soon, status="completo"),
        ),
        Need(
            area="Recebidas",
            title="Manifestação recusada",
            text="A SEFAZ recusou a manifestação destas notas.",
            fix="Abra a nota, veja o motivo da recusa e manifeste-se de novo.",
            code="",
            count=found.refused,
            href=query(soon, status="resumo,ciente,completo"),
        ),
        Need(
            area="Recebidas",
            title="Documento que não pôde ser lido",
            text="A SEFAZ entregou um documento que o gateway não conhece; ele está guardado como veio.",
            fix="Atualize o gateway; se continuar, chame o suporte.",
            code="",
            count=found.unreadable,
            href=soon,
        ),
    ]
    return [need for need in needs if need.count]
