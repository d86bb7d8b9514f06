"""Job rows: the truth about what is left to do. Every function is a unit of work (or part of one).

::

    enqueue ──> ready ──claim──> running ──finish──> done
                  ^  ^              │ ├────────────> discarded
                  │  └──hand_back───┤ ├──RetryAfter─> ready (next_at later)
                  │                 │ ├──WaitFor────> waiting (next_at later)
                  └──retry_now──────┘ └──────────────> needs_attention

`waiting` and `ready` are claimed alike once `next_at` has come; they differ in what they tell a person.

Jobs with the same `key` never run two at a time and run in the order they were enqueued: a job is held back while an older one
of its key is ready, running or waiting, even if that one's time has not come yet (what happens to one document happens in
order). A job in `needs_attention` steps aside: it may wait for a person for days, and must not hold the others.

A claim raises the job's `token`; whatever finishes the job must still hold it. A worker that lost its lease writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Connection, String, and_, bindparam, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.core.errors import InvariantBroken, NotFound, TransitionRefused
from gateway.core.ids import new_id
from gateway.store.claims import POISON_LIMIT, Settlement, claim, finish, hand_back, heartbeat
from gateway.store.dbclock import db_now
from gateway.store.job_rows import (
    COLUMNS,
    LIVE,
    MAX_ERROR_CHARS,
    STATE_LABELS,
    AttemptRow,
    JobRow,
    LeaseLost,
    State,
    get,
    job_row,
    touch_next,
)
from gateway.store.tables import job_attempts, jobs
from gateway.store.topics import touch

__all__ = [
    "POISON_LIMIT",
    "STATE_LABELS",
    "AttemptRow",
    "Count",
    "JobRow",
    "LeaseLost",
    "Settlement",
    "State",
    "attempts",
    "claim",
    "counts",
    "discard",
    "enqueue",
    "finish",
    "get",
    "hand_back",
    "heartbeat",
    "live_for",
    "retry_now",
    "snooze",
]


@dataclass(frozen=True, slots=True)
class Count:
    """How many jobs of a kind are in a state, and since when the oldest of them exists (ms)."""

    queue: str
    kind: str
    state: State
    n: int
    oldest: int


def _insert_unless_taken(dialect: Any, later_of: Any) -> Any:
    """The statement of `enqueue`, built once.

    Ids of one millisecond have no order, and clocks step back: within a key creation times strictly rise.
    """
    now = bindparam("now", type_=BigInteger)
    newest = select(func.max(jobs.c.created_at) + 1).where(jobs.c.key == bindparam("of_key", type_=String), LIVE)
    created = later_of(now, func.coalesce(newest.scalar_subquery(), now))
    return dialect.insert(jobs).values(created_at=created).on_conflict_do_nothing().returning(jobs.c.id)


_ENQUEUE = {
    "sqlite": _insert_unless_taken(sqlite, func.max),
    "postgresql": _insert_unless_taken(postgresql, func.greatest),
}
_HOLDER = select(jobs.c.id).where(jobs.c.unique_key == bindparam("of_unique_key"), LIVE)


def enqueue(
    conn: Connection,
    *,
    kind: str,
    queue: str,
    subject: str,
    payload: Mapping[str, Any],
    key: str | None = None,
    unique_key: str | None = None,
    delay: float = 0.0,
    again: bool = False,
) -> str:
    """Write a job that becomes due in `delay` seconds; answers its id.

    While a job with the same `unique_key` lives (that is: is neither done nor discarded), its id is the answer and nothing is
    written: also when that job waits for a person. With `again` there is news for it: one that waits becomes due now, and one
    that runs, and may have looked before the news, runs once more when it ends.
    """
    now = db_now(conn)
    job_id = new_id("job")
    values = {
        "id": job_id,
        "kind": kind,
        "queue": queue,
        "key": key,
        "unique_key": unique_key,
        "subject": subject,
        "payload": msgspec.json.encode(dict(payload)).decode(),
        "state": "ready",
        "next_at": now + int(delay * 1000),
        "attempts": 0,
        "failures": 0,
        "crashes": 0,
        "token": 0,
        "again": False,
        "updated_at": now,
        "now": now,
        "of_key": key,
    }
    for _ in range(3):
        if conn.execute(_ENQUEUE[conn.dialect.name], values).first() is not None:
            if delay <= 0:
                touch(conn, f"job:{job_id}:{queue}")
            touch(conn, "jobs")
            return job_id
        taken = conn.execute(_HOLDER, {"of_unique_key": unique_key}).scalar()
        if taken is not None and (not again or _tell(conn, str(taken), now)):
            return str(taken)
        # The holder ended between the two statements (possible on PostgreSQL): the key is free now.
    raise InvariantBroken(f"A chave única {unique_key!r} está ocupada por uma tarefa que não existe.")


def _tell(conn: Connection, job_id: str, now: int) -> bool:
    """Give a live job the news; False when it has just ended."""
    mine = jobs.c.id == job_id
    waits = update(jobs).where(mine, jobs.c.state.in_(("ready", "waiting", "needs_attention")))
    queue = conn.execute(waits.values(state="ready", next_at=now, updated_at=now).returning(jobs.c.queue)).scalar()
    if queue is not None:
        touch(conn, f"job:{job_id}:{queue}")
        touch(conn, "jobs")
        return True
    return conn.execute(update(jobs).where(mine, jobs.c.state == "running").values(again=True)).rowcount == 1


def look_again(conn: Connection, subject: str) -> None:
    """There is news for the jobs of `subject`: one that waits for a person, or is due, looks (again) once this is committed, and
    one that runs once more when it ends. One that waits for its time is left to it."""
    now, mine = db_now(conn), jobs.c.subject == subject
    due = or_(jobs.c.state == "needs_attention", and_(jobs.c.state == "ready", jobs.c.next_at <= now))
    told = update(jobs).where(mine, due).values(state="ready", next_at=now, updated_at=now).returning(jobs.c.id, jobs.c.queue)
    for row in conn.execute(told).all():
        touch(conn, f"job:{row.id}:{row.queue}")
        touch(conn, "jobs")
    conn.execute(update(jobs).where(mine, jobs.c.state == "running").values(again=True))


def attempts(conn: Connection, job_id: str) -> tuple[AttemptRow, ...]:
    """Every claim of the job that is still told apart, oldest first (waits in a row are kept as one: the last)."""
    rows = conn.execute(select(job_attempts).where(job_attempts.c.job == job_id).order_by(job_attempts.c.n)).mappings()
    return tuple(AttemptRow(**row) for row in rows)


def live_for(conn: Connection, subject: str) -> tuple[JobRow, ...]:
    """Jobs of `subject` that are neither done nor discarded, oldest first."""
    statement = select(*COLUMNS).where(jobs.c.subject == subject, LIVE).order_by(jobs.c.created_at, jobs.c.id)
    return tuple(job_row(dict(row)) for row in conn.execute(statement).mappings())


def counts(conn: Connection) -> tuple[Count, ...]:
    """Live jobs by queue, kind and state. The done and discarded are history: counting them would read the whole table."""
    group = (jobs.c.queue, jobs.c.kind, jobs.c.state)
    statement = (
        select(*group, func.count().label("n"), func.min(jobs.c.created_at).label("oldest"))
        .where(LIVE)
        .group_by(*group)
        .order_by(*group)
    )
    return tuple(Count(**row) for row in conn.execute(statement).mappings())


def retry_now(conn: Connection, job_id: str) -> JobRow:
    """A person says: try now. The schedule starts over. Raises NotFound; TransitionRefused unless the job is parked or waits."""
    return _operate(conn, job_id, ("ready", "waiting", "needs_attention"), "tentar de novo", _now_ready)


def snooze(conn: Connection, job_id: str, seconds: float) -> JobRow:
    """A person says: not before `seconds` from now. Raises NotFound; TransitionRefused when it runs or has ended."""
    return _operate(
        conn,
        job_id,
        ("ready", "waiting", "needs_attention"),
        "adiar",
        lambda now: {"state": "waiting", "next_at": now + int(seconds * 1000)},
    )


def discard(conn: Connection, job_id: str, reason: str) -> JobRow:
    """A person says: never. `reason` is kept. Raises NotFound; TransitionRefused when it runs or has ended."""
    return _operate(
        conn,
        job_id,
        ("ready", "waiting", "needs_attention"),
        "descartar",
        lambda now: {
            "state": "discarded",
            "error_code": "JOB-DISCARDED",
            "error": reason[:MAX_ERROR_CHARS],
            "fix": None,
            "done_at": now,
        },
    )


def _now_ready(now: int) -> dict[str, Any]:
    return {"state": "ready", "next_at": now, "failures": 0, "crashes": 0}


def _operate(
    conn: Connection, job_id: str, allowed: tuple[State, ...], verb: str, change: Callable[[int], dict[str, Any]]
) -> JobRow:
    row = conn.execute(select(*COLUMNS).where(jobs.c.id == job_id).with_for_update()).mappings().first()
    if row is None:
        raise NotFound(f"A tarefa {job_id} não existe.")
    job = job_row(dict(row))
    if job.state not in allowed:
        label = STATE_LABELS[job.state].lower()
        raise TransitionRefused(
            f"Não é possível {verb} uma tarefa que está {label}.",
            code="JOB-STATE",
            fix="Espere a execução terminar." if job.state == "running" else "Ela já terminou: nada mais será feito com ela.",
        )
    now = db_now(conn)
    conn.execute(update(jobs).where(jobs.c.id == job_id).values(**change(now), updated_at=now))
    changed = get(conn, job_id)
    if changed.state == "ready":
        touch(conn, f"job:{job_id}:{job.queue}")
    elif job.key is not None:
        touch_next(conn, job.key, job_id)
    touch(conn, "jobs")
    return changed
