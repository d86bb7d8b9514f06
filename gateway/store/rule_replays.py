"""Rules tried over the notes that SEFAZ authorised: what each would have stopped, and whether it catches spoilt ones.

A replay is rows in the database: it goes on from the last note it saw, whatever ended the process before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import msgspec
from sqlalchemy import Connection, func, insert, or_, select, update

from gateway.core.ids import new_id
from gateway.store.tables import artefacts, documents, rule_replays

MAX_EXAMPLES = 10


class Tally(msgspec.Struct, kw_only=True):
    """What a replay found of one rule.

    evaluated: notes it counts for; false_alarms: of those, how many it would have stopped; controlled and fired: spoilt notes,
    and how many it caught. examples: chaves of the first false alarms. version: of the rule as it was then, empty when unknown.
    """

    evaluated: int = 0
    false_alarms: int = 0
    controlled: int = 0
    fired: int = 0
    examples: list[str] = []
    version: str = ""


@dataclass(frozen=True, slots=True)
class ReplayRow:
    """A replay; times in ms. `position` is opaque; `unreadable` notes could not be read and were counted apart."""

    id: str
    environment: int
    codes: tuple[str, ...]
    position: str
    seen: int
    unreadable: int
    results: Mapping[str, Tally]
    started_at: int
    updated_at: int
    finished_at: int | None


_COLUMNS = tuple(rule_replays.c[field.name] for field in fields(ReplayRow))


def _row(values: Any) -> ReplayRow:
    results = msgspec.json.decode(values["results"], type=dict[str, Tally])
    return ReplayRow(**{**values, "codes": tuple(values["codes"].split()), "results": results})


def start(conn: Connection, environment: int, versions: Mapping[str, str], at: int) -> ReplayRow:
    """A new replay, or the unfinished one of these very rules. `versions`: of each rule, by its code."""
    joined = " ".join(sorted(versions))
    query = (
        select(*_COLUMNS)
        .where(
            rule_replays.c.environment == environment,
            rule_replays.c.codes == joined,
            rule_replays.c.finished_at.is_(None),
        )
        .order_by(rule_replays.c.started_at.desc())
        .limit(1)
    )
    found = conn.execute(query).mappings().first()
    if found is not None:
        row = _row(found)
        if all(row.results[code].version == version for code, version in versions.items()):
            return row
    values = {
        "id": new_id("rpl"),
        "environment": environment,
        "codes": joined,
        "position": "",
        "seen": 0,
        "unreadable": 0,
        "results": msgspec.json.encode({code: Tally(version=versions[code]) for code in sorted(versions)}).decode(),
        "started_at": at,
        "updated_at": at,
        "finished_at": None,
    }
    conn.execute(insert(rule_replays).values(values))
    return _row(values)


def advance(conn: Connection, row: ReplayRow, at: int) -> None:
    """Write how far it came."""
    values = {
        "position": row.position,
        "seen": row.seen,
        "unreadable": row.unreadable,
        "results": msgspec.json.encode(row.results).decode(),
        "updated_at": at,
        "finished_at": row.finished_at,
    }
    conn.execute(update(rule_replays).where(rule_replays.c.id == row.id).values(values))


def last_finished(conn: Connection, environment: int, limit: int = 50) -> dict[str, tuple[ReplayRow, Tally]]:
    """The newest finished replay of each rule, among the last of them."""
    query = (
        select(*_COLUMNS)
        .where(rule_replays.c.environment == environment, rule_replays.c.finished_at.is_not(None))
        .order_by(rule_replays.c.started_at.desc())
        .limit(limit)
    )
    found: dict[str, tuple[ReplayRow, Tally]] = {}
    for values in conn.execute(query).mappings():
        row = _row(values)
        for code, tally in row.results.items():
            found.setdefault(code, (row, tally))
    return found


@dataclass(frozen=True, slots=True)
class StoredNote:
    """An authorised note as it was sent; created_at in ms."""

    position: str
    chave: str
    model: str
    issued_at: int
    signed: bytes


def authorised_after(conn: Connection, environment: int, position: str, until: int, limit: int) -> tuple[StoredNote, ...]:
    """Authorised notes accepted before `until` (ms), after a position ('' for the first), oldest first, with their bytes."""
    query = select(documents.c.id, documents.c.created_at, documents.c.chave, documents.c.model, documents.c.issued_at).where(
        documents.c.environment == environment, documents.c.status == "authorized", documents.c.created_at < until
    )
    if position:
        at, last = position.split(".", 1)
        query = query.where(documents.c.created_at >= int(at), or_(documents.c.created_at > int(at), documents.c.id > last))
    rows = conn.execute(query.order_by(documents.c.created_at, documents.c.id).limit(limit)).all()
    live = (
        select(artefacts.c.document, artefacts.c.version, artefacts.c.body)
        .where(artefacts.c.document.in_([row.id for row in rows]), artefacts.c.kind == "signed")
        .order_by(artefacts.c.version)
    )
    signed = {row.document: bytes(row.body) for row in conn.execute(live)}
    return tuple(
        StoredNote(f"{row.created_at}.{row.id}", row.chave, row.model, row.issued_at or row.created_at, signed.get(row.id, b""))
        for row in rows
    )


def count_authorised(conn: Connection, environment: int, until: int) -> int:
    """How many notes a replay will see."""
    query = select(func.count()).where(
        documents.c.environment == environment, documents.c.status == "authorized", documents.c.created_at < until
    )
    return int(conn.execute(query).scalar_one())
