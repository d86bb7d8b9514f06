"""What a job row is: its columns as a value, the states it goes through, and the pieces every query over it shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, bindparam, select, text

from gateway.core.errors import NotFound, StateError
from gateway.store.tables import jobs
from gateway.store.topics import touch

LIVE = text("jobs.state not in ('done','discarded')")
"""Written as in the partial indexes: a bound parameter would keep both planners from using them."""

State = Literal["ready", "running", "waiting", "needs_attention", "done", "discarded"]

STATE_LABELS = {
    "ready": "Na fila",
    "running": "Em execução",
    "waiting": "Aguardando",
    "needs_attention": "Precisa de atenção",
    "done": "Concluída",
    "discarded": "Descartada",
}

MAX_ERROR_CHARS = 2000
MAX_CODE_CHARS = 60


class LeaseLost(StateError):
    """Another worker owns the job now, or it has already ended: what this one did must not be written."""

    code = "JOB-LEASE-LOST"


@dataclass(frozen=True, slots=True)
class JobRow:
    """A row of `jobs` with its payload decoded. Times in ms; `attempts` are starts that count (waits and hand-backs do not)."""

    id: str
    kind: str
    queue: str
    key: str | None
    unique_key: str | None
    subject: str
    payload: dict[str, Any]
    state: State
    next_at: int
    attempts: int
    failures: int
    crashes: int
    token: int
    worker: str | None
    lease_until: int | None
    error_code: str | None
    error: str | None
    fix: str | None
    created_at: int
    updated_at: int
    done_at: int | None


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One claim of a job. `outcome`: done, retry, waiting, parked, discarded, handed_back, lost (its worker died), or None while
    it runs."""

    job: str
    n: int
    worker: str
    started_at: int
    ended_at: int | None
    outcome: str | None
    error_code: str | None
    error: str | None


COLUMNS = tuple(jobs.c[field.name] for field in fields(JobRow))


def job_row(values: Mapping[str, Any]) -> JobRow:
    """The value of a fetched row."""
    return JobRow(**{**values, "payload": msgspec.json.decode(values["payload"])})


def get(conn: Connection, job_id: str) -> JobRow:
    """Raises NotFound."""
    row = conn.execute(select(*COLUMNS).where(jobs.c.id == job_id)).mappings().first()
    if row is None:
        raise NotFound(f"A tarefa {job_id} não existe.")
    return job_row(dict(row))


_NEXT = (
    select(jobs.c.id, jobs.c.queue)
    .where(jobs.c.key == bindparam("of_key"), jobs.c.id != bindparam("than"), LIVE, text("jobs.state in ('ready','waiting')"))
    .order_by(jobs.c.created_at, jobs.c.id)
    .limit(1)
)


def touch_next(conn: Connection, key: str, than: str) -> None:
    """Wake the worker of the oldest job of `key` other than `than`: what held it back may be gone."""
    row = conn.execute(_NEXT, {"of_key": key, "than": than}).first()
    if row is not None:
        touch(conn, f"job:{row.id}:{row.queue}")
