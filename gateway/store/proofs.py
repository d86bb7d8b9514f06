"""Where the proofs of the chain lie: one source for each kind, so that verification and export know them from one list.

A kind joins verification and the monthly export by one entry of SOURCES.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, String, Table, and_, cast, func, or_, select

from gateway.store.custody_tables import ledger
from gateway.store.event_tables import fiscal_events, inutilizacoes
from gateway.store.ledger import Kind
from gateway.store.tables import artefacts, documents

_PIECE = 400
"""SQLite bounds the variables of one statement."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Stored bytes and how a person finds them: a chave, or an id."""

    subject: str
    label: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """A proof of a month, with its line of the index. name: its path in the ZIP. dates in milliseconds, value in reais."""

    subject: str
    name: str
    model: str
    chave: str
    series: str
    number: str
    status: str
    protocol: str
    value: str
    issued_at: int | None
    authorized_at: int | None
    body: bytes


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of proof.

    read: those of some subjects that exist, by subject. unchained: labels of those stored that are in no link, at most a number.
    month: those of a branch authorised from one instant to before another (ms), after a position (the last `subject`, empty for
    the first page), at most a number, in a fixed order; count: how many.
    """

    kind: Kind
    word: str
    read: Callable[[Connection, Sequence[str]], dict[str, Proof]]
    unchained: Callable[[Connection, int], list[str]]
    month: Callable[[Connection, str, int, int, str, int], list[Entry]]
    count: Callable[[Connection, str, int, int], int]


def _artefacts(conn: Connection, subjects: Sequence[str]) -> dict[str, Proof]:
    found: dict[str, Proof] = {}
    pairs = [subject.rpartition(":") for subject in subjects]
    ids = list(dict.fromkeys(document for document, _, version in pairs if version.isdigit()))
    wanted = set(subjects)
    for start in range(0, len(ids), _PIECE):
        query = (
            select(artefacts.c.document, artefacts.c.version, artefacts.c.body, documents.c.chave)
            .join(documents, documents.c.id == artefacts.c.document)
            .where(artefacts.c.kind == "proc", artefacts.c.document.in_(ids[start : start + _PIECE]))
        )
        for row in conn.execute(query):
            subject = f"{row.document}:{row.version}"
            if subject in wanted:
                found[subject] = Proof(subject, row.chave or row.document, bytes(row.body))
    return found


def _unchained_artefacts(conn: Connection, limit: int) -> list[str]:
    subject = artefacts.c.document + ":" + cast(artefacts.c.version, String(10))
    known = and_(ledger.c.kind == "artefact", ledger.c.subject == subject)
    query = (
        select(func.coalesce(documents.c.chave, documents.c.id))
        .select_from(artefacts.join(documents, documents.c.id == artefacts.c.document).outerjoin(ledger, known))
        .where(artefacts.c.kind == "proc", ledger.c.seq.is_(None))
        .order_by(artefacts.c.created_at, artefacts.c.document)
        .limit(limit)
    )
    return list(conn.execute(query).scalars())


def _of_month(branch: str, since: int, until: int) -> tuple[Any, ...]:
    return (
        artefacts.c.kind == "proc",
        documents.c.branch == branch,
        documents.c.authorized_at >= since,
        documents.c.authorized_at < until,
    )


def _month_artefacts(conn: Connection, branch: str, since: int, until: int, after: str, limit: int) -> list[Entry]:
    """In the order of documents' ids, which is that of their acceptance."""
    document, _, version = after.rpartition(":")
    query = (
        select(artefacts.c.version, artefacts.c.body, documents)
        .join(documents, documents.c.id == artefacts.c.document)
        .where(*_of_month(branch, since, until))
        .order_by(artefacts.c.document, artefacts.c.version)
        .limit(limit)
    )
    if after:
        same = and_(artefacts.c.document == document, artefacts.c.version > int(version))
        query = query.where(or_(artefacts.c.document > document, same))
    return [_entry(row) for row in conn.execute(query)]


def _entry(row: Any) -> Entry:
    # Versions past the first exist when SEFAZ's protocol came twice: each is kept, under its own name.
    suffix = "" if row.version == 1 else f"-v{row.version}"
    return Entry(
        subject=f"{row.id}:{row.version}",
        name=f"{'nfce' if row.model == '65' else 'nfe'}/{row.chave}{suffix}-procNFe.xml",
        model=row.model,
        chave=row.chave,
        series=str(row.series),
        number=str(row.number),
        status=row.status,
        protocol=row.protocol or "",
        value=row.total,
        issued_at=row.issued_at,
        authorized_at=row.authorized_at,
        body=bytes(row.body),
    )


def _count_artefacts(conn: Connection, branch: str, since: int, until: int) -> int:
    query = select(func.count()).select_from(artefacts.join(documents, documents.c.id == artefacts.c.document))
    return int(conn.execute(query.where(*_of_month(branch, since, until))).scalar_one())


def _event_name(row: Any) -> str:
    return f"eventos/{row.chave}_{row.tp_evento}_{row.n_seq:02d}-procEventoNFe.xml"


def _event_entry(row: Any) -> Entry:
    return Entry(
        subject=row.id,
        name=_event_name(row),
        model=row.chave[20:22],
        chave=row.chave,
        series=str(int(row.chave[22:25])),
        number=str(int(row.chave[25:34])),
        status=f"evento {row.tp_evento}",
        protocol=row.protocol or "",
        value="",
        issued_at=None,
        authorized_at=row.registered_at,
        body=bytes(row.proc),
    )


def _voiding_entry(row: Any) -> Entry:
    return Entry(
        subject=row.id,
        name=f"inutilizacoes/{row.branch}_{row.model}_{row.series}_{row.first}-{row.last}-procInutNFe.xml",
        model=row.model,
        chave="",
        series=str(row.series),
        number=f"{row.first}-{row.last}",
        status="inutilizada",
        protocol=row.protocol or "",
        value="",
        issued_at=None,
        authorized_at=row.registered_at,
        body=bytes(row.proc),
    )


def _registered(kind: Kind, word: str, table: Table, label: Callable[[Any], str], entry: Callable[[Any], Entry]) -> Source:
    """A kind whose proofs lie in a column of its own table, by its id, from the instant SEFAZ registered them."""

    def of_month(branch: str, since: int, until: int) -> tuple[Any, ...]:
        return (
            table.c.proc.is_not(None),
            table.c.branch == branch,
            table.c.registered_at >= since,
            table.c.registered_at < until,
        )

    def read(conn: Connection, subjects: Sequence[str]) -> dict[str, Proof]:
        found: dict[str, Proof] = {}
        for start in range(0, len(subjects), _PIECE):
            query = select(table).where(table.c.proc.is_not(None), table.c.id.in_(subjects[start : start + _PIECE]))
            found |= {row.id: Proof(row.id, label(row), bytes(row.proc)) for row in conn.execute(query)}
        return found

    def unchained(conn: Connection, limit: int) -> list[str]:
        known = and_(ledger.c.kind == kind, ledger.c.subject == table.c.id)
        query = (
            select(table)
            .select_from(table.outerjoin(ledger, known))
            .where(table.c.proc.is_not(None), ledger.c.seq.is_(None))
            .order_by(table.c.created_at, table.c.id)
            .limit(limit)
        )
        return [label(row) for row in conn.execute(query)]

    def month(conn: Connection, branch: str, since: int, until: int, after: str, limit: int) -> list[Entry]:
        query = select(table).where(*of_month(branch, since, until), table.c.id > after).order_by(table.c.id).limit(limit)
        return [entry(row) for row in conn.execute(query)]

    def count(conn: Connection, branch: str, since: int, until: int) -> int:
        query = select(func.count()).select_from(table).where(*of_month(branch, since, until))
        return int(conn.execute(query).scalar_one())

    return Source(kind, word, read, unchained, month, count)


SOURCES: tuple[Source, ...] = (
    Source("artefact", "nota", _artefacts, _unchained_artefacts, _month_artefacts, _count_artefacts),
    _registered("event", "evento", fiscal_events, lambda row: f"{row.chave} {row.tp_evento} {row.n_seq}", _event_entry),
    _registered(
        "inutilizacao",
        "inutilização",
        inutilizacoes,
        lambda row: f"{row.branch} {row.model}/{row.series} {row.first}-{row.last}",
        _voiding_entry,
    ),
)
