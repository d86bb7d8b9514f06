"""**Filas**: every job by state, its last error, and what a person may do about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web

from gateway.api.console.render import KINDS, query, render
from gateway.api.console.session import SESSION, local_path
from gateway.api.respond import bad, choices
from gateway.api.routes.jobs import Act
from gateway.api.services import SERVICES
from gateway.store import documents, jobs, orders, overview, queries
from gateway.store.jobs import STATE_LABELS, JobRow
from gateway.store.queries import JOB_STATES, JobFilter

PAGE = 50
SNOOZES = {"900": "15 minutos", "3600": "1 hora", "14400": "4 horas", "86400": "1 dia"}


async def index(request: web.Request) -> web.Response:
    """Newest first; every filter is in the address. Without one: what needs a person, when anything does."""
    cursor = request.query.get("cursor")
    shown = {name: request.query.get(name, "") for name in ("state", "kind", "search")}
    states = choices(request, "state", JOB_STATES)

    def read(conn: Any) -> dict[str, Any]:
        wanted = JobFilter(states=states, kinds=(shown["kind"],) if shown["kind"] else (), search=shown["search"].strip()[:200])
        kinds = {kind: None for state in states or JOB_STATES for kind in queries.job_kinds(conn, state)}
        page = queries.list_jobs(conn, wanted, cursor=cursor, limit=PAGE)
        subjects = _subjects(conn, [row.subject for row in page.rows])
        return {"page": page, "counts": overview.job_counts(conn), "kinds": list(kinds), "subjects": subjects}

    found = await request.app[SERVICES].db.read(read)
    page = found.pop("page")
    following = query("/console/filas", **shown, cursor=page.next) if page.next else ""
    return render(
        request,
        "queues.html",
        "queues",
        rows=page.rows,
        next=following,
        first=not cursor,
        shown=shown,
        states=STATE_LABELS,
        order=JOB_STATES,
        names=KINDS,
        snoozes=SNOOZES,
        **found,
    )


def _subjects(conn: Any, ids: list[str]) -> dict[str, dict[str, str]]:
    """What people call the notes and orders that jobs serve, and where their pages are."""
    notes, bought = queries.names_of(conn, ids)
    found = {
        key: {"href": f"/console/notas/{key}", "text": f"Nota {number}" if number else f"Nota {ref}"}
        for key, (number, ref) in notes.items()
    }
    return found | {key: {"href": f"/console/pedidos/{key}", "text": f"Pedido {name}"} for key, name in bought.items()}


async def show(request: web.Request) -> web.Response:
    """A job's whole story, and the note or order it serves."""
    job_id = request.match_info["id"]

    def read(conn: Any) -> dict[str, Any]:
        row = jobs.get(conn, job_id)
        return {
            "job": row,
            "attempts": jobs.attempts(conn, job_id),
            "doc": documents.get(conn, row.subject),
            "served": orders.get(conn, row.subject),
        }

    return render(request, "job.html", "queues", snoozes=SNOOZES, **await request.app[SERVICES].db.read(read))


async def retry(request: web.Request) -> web.Response:
    """Try now."""
    return await _act(request, "job.retry", "retry", jobs.retry_now)


async def discard(request: web.Request) -> web.Response:
    """Never; the reason is required and kept."""
    reason = str((await request.post()).get("reason", "")).strip()[:500]
    if not reason:
        raise bad("JOB-REASON", "$.reason", "Descartar pede um motivo.", "Volte e escreva por que esta tarefa não é necessária.")
    return await _act(request, "job.discard", "discard", lambda conn, job_id: jobs.discard(conn, job_id, reason))


async def snooze(request: web.Request) -> web.Response:
    """Later."""
    seconds = str((await request.post()).get("seconds", ""))
    if seconds not in SNOOZES:
        raise bad("JOB-SNOOZE", "$.seconds", "Tempo de adiamento inválido.", "Escolha um dos tempos da lista.")
    return await _act(request, "job.snooze", "snooze", lambda conn, job_id: jobs.snooze(conn, job_id, float(seconds)))


async def _act(request: web.Request, action: str, notice: str, change: Callable[[Any, str], JobRow]) -> web.Response:
    form = await request.post()
    services = request.app[SERVICES]
    act = Act(
        who=f"user:{request[SESSION].username}",
        action=action,
        reason=str(form.get("reason", "")).strip()[:500],
        at=services.clock.epoch_ms(),
    )
    job_id = request.match_info["id"]
    await services.db.write(lambda conn: act.on(conn, job_id, change))
    back = local_path(form.get("next"))
    back = f"/console/filas/{job_id}" if back == "/console" else back
    return web.Response(status=303, headers={"Location": f"{back}{'&' if '?' in back else '?'}feito={notice}"})
