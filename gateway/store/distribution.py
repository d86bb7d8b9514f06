"""How far each queue of the Ambiente Nacional was read, and what it handed over, in one transaction.

One reader a queue: the cursor only moves from where that reader found it, so a worker that lost its lease stores nothing. Every
function is (part of) a unit of work. Source: NT 2014.002.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.core.errors import ProtocolBroken
from gateway.nfe.branch import Branch
from gateway.nfe.distributed import EventFacts, NoteFacts, read_distributed
from gateway.nfe.event_answers import Distributed, DistributionBatch
from gateway.nfe.received import Check, examine
from gateway.store import received, setup
from gateway.store.jobs import enqueue
from gateway.store.received_tables import distribution_cursors as cursors
from gateway.store.received_tables import distribution_holes as holes
from gateway.store.received_tables import received_documents as documents
from gateway.store.tables import certificates
from gateway.store.topics import touch

JOB = "received.fetch"
QUEUE = "sefaz"
HOUR_MS = 3_600_000
WIDEST_GAP = 100
"""A wider hole is not one: the Ambiente Nacional drops documents after 90 days, and numbers jump over them."""
HOLES_AN_HOUR = 20


@dataclass(frozen=True, slots=True)
class Cursor:
    """A queue as it stands; times in ms. Nobody asks before `next_at`; `reason` says why."""

    queue: str
    environment: int
    last_nsu: int
    max_nsu: int
    next_at: int
    asked_at: int
    reason: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A document ready to be stored: read and examined outside of any transaction."""

    document: Distributed
    sha256: bytes
    facts: NoteFacts | EventFacts | None
    check: Check | None
    problem: str | None


def prepare(batch: Sequence[Distributed], base: str) -> tuple[Taken, ...]:
    """Read and examine documents, lowest NSU first. Slow (signatures): for a thread of its own. Never raises for bad content."""
    return tuple(_taken(one, base) for one in sorted(batch, key=lambda one: one.nsu))


def _taken(document: Distributed, base: str) -> Taken:
    digest = hashlib.sha256(document.xml).digest()
    try:
        facts = read_distributed(document)
    except ProtocolBroken as error:
        return Taken(document, digest, None, None, error.detail)
    check = examine(document.xml, facts, base) if isinstance(facts, NoteFacts) and facts.whole else None
    problem = f"O tipo {document.schema[:40]!r} não é conhecido." if facts is None else None
    return Taken(document, digest, facts, check, problem)


def cursor_of(conn: Connection, queue: str, environment: int) -> Cursor:
    """The queue's cursor, from the beginning when it was never read."""
    names = list(Cursor.__slots__)
    query = select(*[cursors.c[name] for name in names]).where(cursors.c.queue == queue, cursors.c.environment == environment)
    row = conn.execute(query).first()
    return Cursor(queue, environment, 0, 0, 0, 0, "") if row is None else Cursor(**dict(row._mapping))


def all_cursors(conn: Connection) -> tuple[Cursor, ...]:
    """Every queue that was ever read."""
    names = list(Cursor.__slots__)
    query = select(*[cursors.c[name] for name in names]).order_by(cursors.c.queue, cursors.c.environment)
    return tuple(Cursor(**dict(row._mapping)) for row in conn.execute(query))


def _insert(conn: Connection, table: Any) -> Any:
    dialect: Any = sqlite if conn.dialect.name == "sqlite" else postgresql
    return dialect.insert(table)


def _advance(conn: Connection, seen: Cursor, *, last: int, top: int, next_at: int, reason: str, at: int) -> bool:
    """Move the cursor from where `seen` found it; False when somebody else has moved it since."""
    mine = {"queue": seen.queue, "environment": seen.environment}
    new = {**mine, "last_nsu": 0, "max_nsu": 0, "next_at": 0, "asked_at": 0, "reason": ""}
    conn.execute(_insert(conn, cursors).values(**new).on_conflict_do_nothing())
    where = [cursors.c[name] == value for name, value in mine.items()]
    moved = conn.execute(
        update(cursors)
        .where(*where, cursors.c.last_nsu == seen.last_nsu, cursors.c.asked_at == seen.asked_at)
        .values(last_nsu=last, max_nsu=top, next_at=next_at, reason=reason, asked_at=max(at, seen.asked_at + 1))
    )
    return moved.rowcount == 1


def store(conn: Connection, seen: Cursor, batch: DistributionBatch, taken: Sequence[Taken], branch: Branch, at: int) -> bool:
    """Store an answer to `AfterNsu(seen.last_nsu)` and move the cursor; False, and nothing stored, for one who came late.

    After 137, or when everything was handed over, nobody asks for an hour.
    """
    last = max([seen.last_nsu, batch.last_nsu, *(one.document.nsu for one in taken)])
    over = batch.cStat == "137" or last >= batch.max_nsu
    reason = "Tudo o que havia foi recebido: a próxima consulta é daqui a uma hora." if over else ""
    top = max(batch.max_nsu, last)
    if not _advance(conn, seen, last=last, top=top, next_at=at + HOUR_MS if over else at, reason=reason, at=at):
        return False
    _note_holes(conn, seen, [one.document.nsu for one in taken])
    for one in taken:
        _keep(conn, seen, one, branch, at)
    touch(conn, "received")
    return True


def pause(conn: Connection, seen: Cursor, reason: str, at: int) -> bool:
    """Nobody asks this queue for an hour (656): asking again would start the hour anew."""
    return _advance(conn, seen, last=seen.last_nsu, top=seen.max_nsu, next_at=at + HOUR_MS, reason=reason, at=at)


def _keep(conn: Connection, seen: Cursor, taken: Taken, branch: Branch, at: int) -> None:
    document, facts = taken.document, taken.facts
    values = {
        "queue": seen.queue,
        "environment": seen.environment,
        "nsu": document.nsu,
        "schema": document.schema,
        "kind": document.kind,
        "chave": None if facts is None else str(facts.chave),
        "xml": document.xml,
        "sha256": taken.sha256,
        "problem": taken.problem,
        "received_at": at,
    }
    new = conn.execute(_insert(conn, documents).values(**values).on_conflict_do_nothing().returning(documents.c.nsu)).first()
    if new is None:
        return
    if isinstance(facts, NoteFacts):
        received.take_note(conn, facts, taken.check, queue=seen.queue, branch=branch, nsu=document.nsu, at=at)
    elif isinstance(facts, EventFacts):
        received.take_event(conn, facts, queue=seen.queue, environment=seen.environment, at=at)


def _note_holes(conn: Connection, seen: Cursor, numbers: Sequence[int]) -> None:
    """NSUs skipped between the last one read (once something was) and the next."""
    before = [seen.last_nsu] if seen.last_nsu else []
    for low, high in pairwise([*before, *numbers]):
        if 1 < high - low <= WIDEST_GAP:
            for nsu in range(low + 1, high):
                values = {"queue": seen.queue, "environment": seen.environment, "nsu": nsu, "state": "open"}
                conn.execute(_insert(conn, holes).values(**values).on_conflict_do_nothing())


def open_holes(conn: Connection, seen: Cursor, at: int) -> tuple[int, ...]:
    """The holes that may be asked for now: lowest first, twenty an hour with those already asked for."""
    asked = conn.execute(
        select(func.count()).select_from(holes).where(holes.c.queue == seen.queue, holes.c.asked_at > at - HOUR_MS)
    ).scalar_one()
    query = (
        select(holes.c.nsu)
        .where(holes.c.queue == seen.queue, holes.c.environment == seen.environment, holes.c.state == "open")
        .order_by(holes.c.nsu)
        .limit(max(0, HOLES_AN_HOUR - asked))
    )
    return tuple(conn.execute(query).scalars())


def ask_hole(conn: Connection, seen: Cursor, nsu: int, at: int) -> None:
    """Count a question before it leaves: an answer that is lost was asked for all the same."""
    conn.execute(update(holes).where(*_hole(seen, nsu)).values(asked_at=at))


def close_hole(conn: Connection, seen: Cursor, nsu: int, taken: Sequence[Taken], branch: Branch, at: int) -> None:
    """What came in a hole's place, or that nothing did."""
    conn.execute(update(holes).where(*_hole(seen, nsu)).values(state="found" if taken else "absent"))
    for one in taken:
        _keep(conn, seen, one, branch, at)
    touch(conn, "received")


def _hole(seen: Cursor, nsu: int) -> tuple[Any, ...]:
    return (holes.c.queue == seen.queue, holes.c.environment == seen.environment, holes.c.nsu == nsu)


def due(conn: Connection, at: int) -> tuple[str, ...]:
    """Branches to fetch for now: one a queue, switched on, with a certificate, whose hour has come."""
    certified = frozenset(conn.execute(select(certificates.c.branch).where(certificates.c.active.is_(True))).scalars())
    chosen: dict[tuple[str, int], str] = {}
    for branch in _receiving(conn):
        if branch.cnpj in certified:
            chosen.setdefault((branch.queue, branch.environment), branch.cnpj)
    return tuple(cnpj for (queue, environment), cnpj in chosen.items() if cursor_of(conn, queue, environment).next_at <= at)


def _receiving(conn: Connection) -> Iterator[Branch]:
    after = ""
    while page := setup.list_branches(conn, after=after):
        yield from (branch for branch in page if branch.receive == "on")
        after = page[-1].cnpj


def request_fetch(conn: Connection, cnpj: str) -> str:
    """Ask for the queue of a branch to be read. Jobs of one CNPJ base run one at a time."""
    return enqueue(
        conn, kind=JOB, queue=QUEUE, subject=cnpj, payload={}, key=f"distribution:{cnpj[:8]}", unique_key=f"{JOB}:{cnpj}"
    )
