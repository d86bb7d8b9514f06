"""Where the proofs of the chain lie: one source for each kind, so that verification and export know them from one list.

A kind joins verification and the monthly export by one entry of SOURCES.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, String, and_, cast, func, or_, select

from gateway.store.custody_tables import ledger
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


SOURCES: tuple[Source, ...] = (Source("artefact", "nota", _artefacts, _unchained_artefacts, _month_artefacts, _count_artefacts),)
