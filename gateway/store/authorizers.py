"""What every process knows of each authoriser: whether it answers, and whether its circuit is open.

A circuit opens after some failures in normal emission (no answer, 108, 109) within some minutes, and one probe that is answered
107 closes it. Probes are taken by a conditional write, so that of all processes one asks, and at most every three minutes.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.nfe.answers import ServiceStatus
from gateway.store.contingency_tables import authorizers as table
from gateway.store.dbclock import db_now
from gateway.store.topics import touch

PROBE_MS = 180_000
"""SEFAZ wants no authoriser asked more often (consumo indevido of statusServico)."""
SLOW_SECONDS = 30
"""tMed from which a running service is called slow."""

State = Literal["up", "slow", "down"]


class Authorizer(NamedTuple):
    """Who authorises, for a model in an environment: `SVRS`, `SP`, `SVC-AN`, ..."""

    name: str
    model: str
    environment: int


@dataclass(frozen=True, slots=True)
class AuthorizerRow:
    """A row of `authorizers`. Times in ms; t_med in seconds; failures: since `first_failure_at`."""

    name: str
    model: str
    environment: int
    state: State
    since: int
    cstat: str | None
    reason: str | None
    t_med: int | None
    probed_at: int | None
    failures: int
    first_failure_at: int | None

    @property
    def key(self) -> Authorizer:
        return Authorizer(self.name, self.model, self.environment)

    @property
    def open(self) -> bool:
        """Whether nobody sends there."""
        return self.state == "down"


_COLUMNS = tuple(table.c[field.name] for field in fields(AuthorizerRow))


def _is(key: Authorizer) -> Any:
    return (table.c.name == key.name) & (table.c.model == key.model) & (table.c.environment == key.environment)


def known(conn: Connection, key: Authorizer) -> AuthorizerRow | None:
    """The row, or None while nothing was ever noted of it."""
    row = conn.execute(select(*_COLUMNS).where(_is(key))).mappings().first()
    return None if row is None else AuthorizerRow(**row)


def every(conn: Connection) -> tuple[AuthorizerRow, ...]:
    """All of them, those that are down first."""
    order = (table.c.state != "down", table.c.name, table.c.model, table.c.environment)
    return tuple(AuthorizerRow(**row) for row in conn.execute(select(*_COLUMNS).order_by(*order)).mappings())


def _ensure(conn: Connection, key: Authorizer, now: int) -> None:
    dialect: Any = sqlite if conn.dialect.name == "sqlite" else postgresql
    new = dialect.insert(table).values(**key._asdict(), state="up", since=now, failures=0)
    conn.execute(new.on_conflict_do_nothing())


def failed(conn: Connection, key: Authorizer, reason: str, *, limit: int, within_ms: int, cstat: str | None = None) -> bool:
    """A send or question in normal emission had no answer, or 108/109. Answers whether this opened the circuit."""
    now = db_now(conn)
    _ensure(conn, key, now)
    row = conn.execute(select(*_COLUMNS).where(_is(key)).with_for_update()).mappings().one()
    fresh = row["first_failure_at"] is None or row["first_failure_at"] <= now - within_ms
    failures = 1 if fresh else row["failures"] + 1
    values: dict[str, Any] = {"failures": failures, "reason": reason[:1000], "cstat": cstat}
    if fresh:
        values["first_failure_at"] = now
    opened = failures >= limit and row["state"] != "down"
    if opened:
        values |= {"state": "down", "since": now}
        touch(conn, f"authorizer:{key.name}")
    conn.execute(update(table).where(_is(key)).values(**values))
    return opened


def answered(conn: Connection, key: Authorizer) -> None:
    """It answered a note: the failures before were not a row of failures. Does not close an open circuit: a probe does."""
    conn.execute(
        update(table).where(_is(key), table.c.failures > 0, table.c.state != "down").values(failures=0, first_failure_at=None)
    )


def take_probe(conn: Connection, key: Authorizer, every_ms: int = PROBE_MS) -> bool:
    """Whether it is the caller's turn to ask: true for one caller, once in `every_ms`."""
    now = db_now(conn)
    _ensure(conn, key, now)
    due = or_(table.c.probed_at.is_(None), table.c.probed_at <= now - every_ms)
    return conn.execute(update(table).where(_is(key), due).values(probed_at=now)).rowcount == 1


def probed(conn: Connection, key: Authorizer, answer: ServiceStatus | str) -> State:
    """Note what a probe was told (a str: why there was no answer); 107 closes the circuit. Answers the state."""
    now = db_now(conn)
    _ensure(conn, key, now)
    if isinstance(answer, str):
        state, cstat, reason, t_med = "down", None, answer, None
    else:
        running = answer.running or answer.cStat == "113"
        slow = answer.cStat == "113" or (answer.tMed or 0) >= SLOW_SECONDS
        state = "down" if not running else "slow" if slow else "up"
        cstat, reason, t_med = answer.cStat, answer.xMotivo, answer.tMed
    values: dict[str, Any] = {"state": state, "cstat": cstat, "reason": reason[:1000], "t_med": t_med, "probed_at": now}
    if state != "down":
        values |= {"failures": 0, "first_failure_at": None}
    conn.execute(update(table).where(_is(key), table.c.state != state).values(since=now))
    conn.execute(update(table).where(_is(key)).values(**values))
    touch(conn, f"authorizer:{key.name}")
    return state  # type: ignore[return-value]
