"""Who works on what: claim with a lease, keep it by heartbeat, finish under the fencing token.

Lease times are the database's. A lease that ran out is a crash: the next claim takes the job over, and a job that has
crashed its worker `POISON_LIMIT` times in a row is set aside for a person.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from sqlalchemy import Connection, bindparam, delete, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from gateway.store.dbclock import db_now
from gateway.store.job_rows import COLUMNS, MAX_CODE_CHARS, MAX_ERROR_CHARS, JobRow, LeaseLost, job_row, touch_next
from gateway.store.tables import job_attempts, jobs
from gateway.store.topics import touch

POISON_LIMIT = 5
"""Crashes in a row (the worker died or hung while it held the job) after which a person has to look."""

Outcome = Literal["done", "retry", "waiting", "parked", "discarded", "handed_back", "lost"]


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a run ends, decided outside: what `finish` writes.

    delay: seconds until the job is due again (`ready` and `waiting`). failed: one more failure. burned: whether the start counts
    as an attempt. write: runs in the transaction that finishes the job.
    """

    state: Literal["done", "ready", "waiting", "needs_attention", "discarded"]
    outcome: Outcome
    delay: float = 0.0
    code: str | None = None
    reason: str | None = None
    fix: str | None = None
    failed: bool = False
    burned: bool = True
    write: Callable[[Any], None] | None = None


@cache
def _statement(sql: str, dialect: str, *, only: bool) -> Any:
    """A query as its engine wants it.

    PostgreSQL: rows that another worker is claiming are passed over. SQLite needs no row locks, as the writer holds the whole
    database, but a word on the index: left alone it walks all that waits by state and kind, not what is due by time.
    """
    sql = sql.replace("/*only*/", "AND jobs.id = :only" if only else "")
    sql = sql.replace("/*by*/", "INDEXED BY ix_jobs_due") if dialect == "sqlite" else sql + " FOR UPDATE SKIP LOCKED"
    return text(sql).bindparams(bindparam("queues", expanding=True), bindparam("kinds", expanding=True))


EXPIRED = """
SELECT jobs.id, jobs.crashes, jobs.token FROM jobs
WHERE jobs.state = 'running' AND jobs.lease_until <= :now AND jobs.queue IN :queues AND jobs.kind IN :kinds /*only*/
ORDER BY jobs.lease_until LIMIT :limit"""
"""Jobs whose worker stopped reporting. They already hold their key, so nothing else can hold them back."""

DUE = """
SELECT jobs.id FROM jobs /*by*/
WHERE jobs.state IN ('ready','waiting') AND jobs.next_at <= :now AND jobs.queue IN :queues AND jobs.kind IN :kinds /*only*/
  AND (jobs.key IS NULL OR NOT EXISTS (
    SELECT 1 FROM jobs AS other
    WHERE other.key = jobs.key AND other.id <> jobs.id AND other.state NOT IN ('done','discarded')
      AND (other.state = 'running' OR (other.state IN ('ready','waiting') AND (
        other.created_at < jobs.created_at OR (other.created_at = jobs.created_at AND other.id < jobs.id))))))
ORDER BY jobs.next_at, jobs.created_at, jobs.id LIMIT :limit"""
"""Jobs whose time has come and whose key is free: nothing of the key runs, nothing older of it is still to run."""


def claim(
    conn: Connection,
    *,
    worker: str,
    queues: Sequence[str],
    lease: float,
    limit: int,
    only: str | None = None,
    kinds: Sequence[str],
) -> list[JobRow]:
    """Take up to `limit` due jobs of `queues` for `lease` seconds, the longest due first; none that another worker holds.

    Only jobs of `kinds` are looked at: a job of a kind this version does not know stays for the one that does. `only` narrows
    it to one job. Raises each job's token and attempts, and opens its attempt row.
    """
    if limit <= 0 or not queues or not kinds:
        return []
    now = db_now(conn)
    search = {"now": now, "queues": list(queues), "kinds": list(kinds), "limit": limit}
    if only is not None:
        search["only"] = only
    dialect = conn.dialect.name
    expired = conn.execute(_statement(EXPIRED, dialect, only=only is not None), search).all()
    taken: list[JobRow] = []
    if expired:
        _close_lost(conn, [(row.id, row.token) for row in expired], now)
        poisoned = [row.id for row in expired if row.crashes + 1 >= POISON_LIMIT]
        _set_aside(conn, poisoned, now)
        taken += _take(conn, [row.id for row in expired if row.id not in poisoned], worker, now, lease, crashed=True)
    if len(taken) < limit:
        search["limit"] = limit - len(taken)
        ids = [row.id for row in conn.execute(_statement(DUE, dialect, only=only is not None), search)]
        taken += _take_due(conn, ids, worker, now, lease)
    return taken


def _take_due(conn: Connection, ids: list[str], worker: str, now: int, lease: float) -> list[JobRow]:
    if not ids or conn.dialect.name == "sqlite":
        return _take(conn, ids, worker, now, lease, crashed=False)
    try:
        with conn.begin_nested():
            return _take(conn, ids, worker, now, lease, crashed=False)
    except IntegrityError:
        # Another worker claimed a job of the same key between our snapshot and our update: the index kept it to one.
        return []


_TAKE = (
    update(jobs)
    .where(jobs.c.id.in_(bindparam("of_ids", expanding=True)))
    .values(
        state="running",
        worker=bindparam("to"),
        lease_until=bindparam("until"),
        token=jobs.c.token + 1,
        attempts=jobs.c.attempts + 1,
        crashes=jobs.c.crashes + bindparam("crashed"),
        updated_at=bindparam("now"),
    )
    .returning(*COLUMNS)
)
_OPEN_ATTEMPT = insert(job_attempts)
_END_ATTEMPT = update(job_attempts).where(job_attempts.c.job == bindparam("of_job"), job_attempts.c.n == bindparam("of_token"))
_FENCED = update(jobs).where(
    jobs.c.id == bindparam("of_id"), jobs.c.token == bindparam("of_token"), text("jobs.state = 'running'")
)
"""What only the holder of the token may change."""


def _take(conn: Connection, ids: list[str], worker: str, now: int, lease: float, *, crashed: bool) -> list[JobRow]:
    if not ids:
        return []
    values = {"of_ids": ids, "to": worker, "until": now + int(lease * 1000), "now": now, "crashed": int(crashed)}
    rows = {row["id"]: job_row(dict(row)) for row in conn.execute(_TAKE, values).mappings()}
    taken = [rows[job_id] for job_id in ids]
    conn.execute(_OPEN_ATTEMPT, [{"job": row.id, "n": row.token, "worker": worker, "started_at": now} for row in taken])
    touch(conn, "jobs")
    return taken


def _close_lost(conn: Connection, holders: list[tuple[str, int]], now: int) -> None:
    lost = {
        "ended_at": now,
        "outcome": "lost",
        "error_code": "JOB-LOST",
        "error": "O processo que executava a tarefa parou de responder.",
    }
    conn.execute(_END_ATTEMPT, [{"of_job": job_id, "of_token": token, **lost} for job_id, token in holders])


def _set_aside(conn: Connection, ids: list[str], now: int) -> None:
    if not ids:
        return
    conn.execute(
        update(jobs)
        .where(jobs.c.id.in_(ids))
        .values(
            state="needs_attention",
            crashes=jobs.c.crashes + 1,
            # The last holder may still be alive somewhere: its token must not fit any more.
            token=jobs.c.token + 1,
            worker=None,
            lease_until=None,
            error_code="JOB-POISON",
            error=f"O processo parou {POISON_LIMIT} vezes seguidas enquanto executava esta tarefa.",
            fix="Veja os registros do serviço na hora de cada tentativa antes de tentar de novo.",
            updated_at=now,
        )
    )
    for job_id in ids:
        key = conn.execute(select(jobs.c.key).where(jobs.c.id == job_id)).scalar_one()
        if key is not None:
            touch_next(conn, key, job_id)
    touch(conn, "jobs")


def heartbeat(conn: Connection, job_id: str, token: int, lease: float) -> bool:
    """Hold the job for `lease` more seconds; False when it is no longer ours."""
    now = db_now(conn)
    values = {"of_id": job_id, "of_token": token, "lease_until": now + int(lease * 1000)}
    return conn.execute(_FENCED, values).rowcount == 1


def finish(conn: Connection, job: JobRow, settlement: Settlement) -> None:
    """End this run of `job`, and run what it has to write, in one transaction. Raises LeaseLost, and then writes nothing.

    The fence is raised first, so that `settlement.write` may enqueue a job under the unique key this one held.
    """
    now = db_now(conn)
    again = conn.execute(select(jobs.c.again).where(jobs.c.id == job.id).with_for_update()).scalar()
    ended = not again and settlement.state in ("done", "discarded")
    told = settlement.state != "done"
    values = {
        "state": "ready" if again else settlement.state,
        "next_at": now if again else now + int(settlement.delay * 1000),
        "again": False,
        "attempts": job.attempts if settlement.burned else job.attempts - 1,
        "failures": job.failures + (1 if settlement.failed else 0),
        "crashes": 0,
        "error_code": settlement.code[:MAX_CODE_CHARS] if told and settlement.code else None,
        "error": settlement.reason[:MAX_ERROR_CHARS] if told and settlement.reason else None,
        "fix": settlement.fix[:MAX_ERROR_CHARS] if told and settlement.fix else None,
        "done_at": now if ended else None,
    }
    _release(conn, job, now, values)
    _close(conn, job, now, settlement)
    if settlement.write is not None:
        settlement.write(conn)
    if again:
        touch(conn, f"job:{job.id}:{job.queue}")
    elif job.key is not None:
        touch_next(conn, job.key, job.id)
    touch(conn, "jobs")


def hand_back(conn: Connection, job: JobRow) -> None:
    """Give the job to whoever is there, now: this worker stops. Burns no attempt. Raises LeaseLost."""
    now = db_now(conn)
    _release(conn, job, now, {"state": "ready", "next_at": now, "attempts": job.attempts - 1})
    _close(conn, job, now, Settlement("ready", "handed_back", burned=False))
    touch(conn, f"job:{job.id}:{job.queue}")
    touch(conn, "jobs")


def _release(conn: Connection, job: JobRow, now: int, values: dict[str, Any]) -> None:
    fence = {"of_id": job.id, "of_token": job.token, "worker": None, "lease_until": None, "updated_at": now}
    if conn.execute(_FENCED, {**fence, **values}).rowcount != 1:
        raise LeaseLost(f"A tarefa {job.id} já não pertence a este processo.")


def _close(conn: Connection, job: JobRow, now: int, settlement: Settlement) -> None:
    values = {
        "of_job": job.id,
        "of_token": job.token,
        "ended_at": now,
        "outcome": settlement.outcome,
        "error_code": settlement.code[:MAX_CODE_CHARS] if settlement.code else None,
        "error": settlement.reason[:MAX_ERROR_CHARS] if settlement.reason else None,
    }
    conn.execute(_END_ATTEMPT, values)
    if settlement.outcome == "waiting":
        # A job that looks every few seconds for days leaves one row, not thousands.
        conn.execute(
            delete(job_attempts).where(
                job_attempts.c.job == job.id, job_attempts.c.n == job.token - 1, job_attempts.c.outcome == "waiting"
            )
        )
