"""`/v1/jobs`: the retry queues."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from gateway.api.auth import actor
from gateway.api.decode import decode, read_body, read_json
from gateway.api.operation import CURSOR, LIMIT, Parameter, operation
from gateway.api.presentation import job, local, maybe_local
from gateway.api.resources import Attempt, Job, JobDetail, Listing, Reason, Snooze
from gateway.api.respond import choices, ok, page_limit
from gateway.api.services import SERVICES
from gateway.store import access, jobs, queries
from gateway.store.jobs import AttemptRow, JobRow
from gateway.store.queries import JOB_STATES, JobFilter

TAG = "Filas"


@operation(
    "Listar tarefas",
    tag=TAG,
    scope="jobs",
    responses={200: Listing[Job]},
    parameters=(
        Parameter("state", "One or more states, comma-separated"),
        Parameter("kind", "One or more kinds, comma-separated"),
        Parameter("search", "A whole id, subject or key"),
        CURSOR,
        LIMIT,
    ),
    problems=(422,),
)
async def index(request: web.Request) -> web.Response:
    """Newest first, by cursor."""
    wanted = JobFilter(
        states=choices(request, "state", JOB_STATES),
        kinds=tuple(one for text in request.query.getall("kind", []) for one in text.split(",") if one)[:50],
        search=request.query.get("search", "")[:200],
    )
    cursor, limit = request.query.get("cursor"), page_limit(request)
    page = await request.app[SERVICES].db.read(lambda conn: queries.list_jobs(conn, wanted, cursor=cursor, limit=limit))
    zone = request.app[SERVICES].settings.zone
    return ok(Listing(items=tuple(job(row, zone) for row in page.rows), next=page.next))


@operation("Ver uma tarefa", tag=TAG, scope="jobs", responses={200: JobDetail}, problems=(404,))
async def show(request: web.Request) -> web.Response:
    """With every try: when, by which worker, how it ended."""
    job_id = request.match_info["id"]

    def read(conn: Any) -> tuple[JobRow, tuple[AttemptRow, ...]]:
        return jobs.get(conn, job_id), jobs.attempts(conn, job_id)

    row, tries = await request.app[SERVICES].db.read(read)
    zone = request.app[SERVICES].settings.zone
    attempts = tuple(
        Attempt(
            n=one.n,
            worker=one.worker,
            started_at=local(one.started_at, zone),
            ended_at=maybe_local(one.ended_at, zone),
            outcome=one.outcome,
            error_code=one.error_code,
            error=one.error,
        )
        for one in tries
    )
    return ok(JobDetail(job=job(row, zone), attempts=attempts))


@operation(
    "Tentar agora",
    tag=TAG,
    scope="jobs",
    request=Reason,
    request_required=False,
    responses={200: Job},
    problems=(400, 404, 409, 422),
)
async def retry(request: web.Request) -> web.Response:
    """Makes the job due now; its schedule starts over."""
    reason = await _reason(request)
    return await _act(request, "job.retry", reason, jobs.retry_now)


@operation("Descartar", tag=TAG, scope="jobs", request=Reason, responses={200: Job}, problems=(400, 404, 409, 422))
async def discard(request: web.Request) -> web.Response:
    """Ends the job without doing it; the reason is kept."""
    reason = await _reason(request)
    return await _act(request, "job.discard", reason, lambda conn, job_id: jobs.discard(conn, job_id, reason or "sem motivo"))


@operation("Adiar", tag=TAG, scope="jobs", request=Snooze, responses={200: Job}, problems=(400, 404, 409, 422))
async def snooze(request: web.Request) -> web.Response:
    """Lets the job wait; burns no try."""
    body = await read_json(request, Snooze)
    return await _act(request, "job.snooze", body.reason, lambda conn, job_id: jobs.snooze(conn, job_id, body.seconds))


async def _reason(request: web.Request) -> str:
    body = await read_body(request)
    return decode(body, Reason).reason if body.strip() else ""


async def _act(request: web.Request, action: str, reason: str, change: Callable[[Any, str], JobRow]) -> web.Response:
    services = request.app[SERVICES]
    act = Act(who=actor(request), action=action, reason=reason, at=services.clock.epoch_ms())
    job_id = request.match_info["id"]
    row = await services.db.write(lambda conn: act.on(conn, job_id, change))
    return ok(job(row, services.settings.zone))


@dataclass(frozen=True, slots=True)
class Act:
    """What a person or a key does to a job, and why."""

    who: str
    action: str
    reason: str
    at: int

    def on(self, conn: Any, job_id: str, change: Callable[[Any, str], JobRow]) -> JobRow:
        """Do it, with its audit row, in the caller's transaction. Raises NotFound and TransitionRefused."""
        row = change(conn, job_id)
        data = {"reason": self.reason, "kind": row.kind}
        access.record(conn, actor=self.who, action=self.action, subject=job_id, at=self.at, data=data)
        return row
