"""What rules said of a note before SEFAZ answered, and what became of it: hits, misses and false alarms, counted by rule.

A prediction is written with the signed bytes it is about, and resolved in the transaction that writes SEFAZ's answer:
authorised, it was a false alarm; rejected by the refusal it named, a hit; by another, undetermined, since SEFAZ tells one
refusal at a time. A refusal that a rule in use should have foretold, and none did, is a miss of each such rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.nfe.rules import Mode
from gateway.store.artefacts import last_version
from gateway.store.documents import DocumentRow
from gateway.store.tables import documents, rule_counts, rule_predictions

Outcome = Literal["hit", "false_alarm", "undetermined", "miss"]
COUNTERS: dict[Outcome, str] = {
    "hit": "hits",
    "miss": "misses",
    "false_alarm": "false_alarms",
    "undetermined": "undetermined",
}
MAX_PATH = 200


@dataclass(frozen=True, slots=True)
class Prediction:
    """A rule that fired: code, the refusals it names (comma-separated), the first place, and the mode it ran in."""

    code: str
    cStat: str
    path: str
    mode: Mode


def predict(conn: Connection, doc: DocumentRow, version: int, predictions: Sequence[Prediction], at: int) -> None:
    """Keep what was said of this version of the signed bytes; the same again changes nothing."""
    if predictions:
        conn.execute(
            _insert(conn, rule_predictions).on_conflict_do_nothing(),
            [
                {
                    "document": doc.id,
                    "version": version,
                    "code": one.code,
                    "environment": doc.environment,
                    "cstat": one.cStat[:40],
                    "path": one.path[:MAX_PATH],
                    "mode": one.mode,
                    "at": at,
                }
                for one in predictions
            ],
        )


def resolve(conn: Connection, doc: DocumentRow, at: int, avoiding: Callable[[str], Sequence[str]]) -> None:
    """Compare with SEFAZ's answer, which `doc` already has; `avoiding` names the rules that should foretell a cStat.

    The caller holds the document's lock, so that an answer is counted once.
    """
    version = last_version(conn, doc.id, "signed")
    if version is None or doc.cstat is None or doc.status not in ("authorized", "rejected", "denied"):
        return
    mine = (rule_predictions.c.document == doc.id, rule_predictions.c.version == version)
    query = select(rule_predictions.c.code, rule_predictions.c.cstat, rule_predictions.c.outcome).where(*mine)
    known = {row.code: row for row in conn.execute(query)}
    outcomes: dict[str, Outcome] = {}
    for code, row in known.items():
        if row.outcome is None:
            outcomes[code] = _outcome(doc, row.cstat)
    missed: tuple[str, ...] = ()
    if doc.status == "rejected" and not any(_names(row.cstat, doc.cstat) for row in known.values()):
        missed = tuple(code for code in avoiding(doc.cstat) if code not in known)
    if not outcomes and not missed:
        return
    for code, outcome in outcomes.items():
        change = update(rule_predictions).where(*mine, rule_predictions.c.code == code)
        conn.execute(change.values(outcome=outcome, answer=doc.cstat, resolved_at=at))
    for code in missed:
        values: dict[str, Any] = {"document": doc.id, "version": version, "code": code, "environment": doc.environment}
        said = {
            "cstat": doc.cstat,
            "path": "",
            "mode": "miss",
            "at": at,
            "outcome": "miss",
            "answer": doc.cstat,
            "resolved_at": at,
        }
        conn.execute(_insert(conn, rule_predictions).values(**values, **said).on_conflict_do_nothing())
        outcomes[code] = "miss"
    # In one order everywhere, so that two answers at once cannot wait for each other.
    for code in sorted(outcomes):
        _count(conn, code, doc.environment, outcomes[code])


def _outcome(doc: DocumentRow, said: str) -> Outcome:
    if doc.status == "authorized":
        return "false_alarm"
    if doc.status == "rejected" and doc.cstat is not None and _names(said, doc.cstat):
        return "hit"
    return "undetermined"


def _names(said: str, cStat: str) -> bool:
    return cStat in said.replace(" ", "").split(",")


def _insert(conn: Connection, table: Any) -> Any:
    dialect: Any = sqlite if conn.dialect.name == "sqlite" else postgresql
    return dialect.insert(table)


def _count(conn: Connection, code: str, environment: int, outcome: Outcome) -> None:
    name = COUNTERS[outcome]
    zero = dict.fromkeys(COUNTERS.values(), 0)
    statement = _insert(conn, rule_counts).values(code=code, environment=environment, **{**zero, name: 1})
    conn.execute(statement.on_conflict_do_update(index_elements=["code", "environment"], set_={name: rule_counts.c[name] + 1}))


@dataclass(frozen=True, slots=True)
class Counts:
    """How often a rule was right, since it was first watched."""

    hits: int = 0
    misses: int = 0
    false_alarms: int = 0
    undetermined: int = 0


def counts(conn: Connection) -> dict[tuple[str, int], Counts]:
    """By code and environment; a rule that nothing was counted of is absent."""
    columns = [rule_counts.c[one.name] for one in fields(Counts)]
    query = select(rule_counts.c.code, rule_counts.c.environment, *columns)
    return {(code, environment): Counts(*rest) for code, environment, *rest in conn.execute(query)}


@dataclass(frozen=True, slots=True)
class Example:
    """A note that counted. `outcome` None: SEFAZ has not answered yet. Times in ms."""

    ref: str
    chave: str | None
    branch: str
    path: str
    mode: str
    at: int
    outcome: Outcome | None
    answer: str | None = None
    resolved_at: int | None = field(default=None)


def examples(conn: Connection, code: str, environment: int, limit: int = 20) -> tuple[Example, ...]:
    """The last notes that the rule fired on or missed, newest first."""
    own = [rule_predictions.c[name] for name in ("path", "mode", "at", "outcome", "answer", "resolved_at")]
    query = (
        select(documents.c.ref, documents.c.chave, documents.c.branch, *own)
        .join(documents, documents.c.id == rule_predictions.c.document)
        .where(rule_predictions.c.code == code, rule_predictions.c.environment == environment)
        .order_by(rule_predictions.c.at.desc())
        .limit(limit)
    )
    return tuple(Example(**row) for row in conn.execute(query).mappings())
