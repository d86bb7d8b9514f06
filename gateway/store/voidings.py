"""Numbers that will never be notes: ranges voided, or asked to be voided, at SEFAZ.

Every function is (part of) a unit of work. From the asking on, a number of the range is nobody's to take; refused, it is free.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, and_, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.core.errors import IdempotencyConflict, InvariantBroken, NotFound, ValidationFailed
from gateway.core.faults import Fault
from gateway.core.ids import new_id
from gateway.nfe.events.inutilizacao import Voiding
from gateway.nfe.events.lifecycle import VOIDING, EventStatus
from gateway.store import documents
from gateway.store.document_rows import locked
from gateway.store.event_tables import inutilizacoes as table
from gateway.store.jobs import enqueue
from gateway.store.numbers import NumberKey
from gateway.store.tables import documents as documents_table
from gateway.store.tables import number_sequences, numbers
from gateway.store.topics import touch

JOB = "inutilizacao.send"
QUEUE = "sefaz"


@dataclass(frozen=True, slots=True)
class VoidingRow:
    """A row of `inutilizacoes`. Times in ms."""

    id: str
    ref: str
    body_hash: bytes
    branch: str
    environment: int
    model: str
    series: int
    year: int
    first: int
    last: int
    justification: str
    status: EventStatus
    signed: bytes | None
    answer: bytes | None
    proc: bytes | None
    protocol: str | None
    cstat: str | None
    reason: str | None
    registered_at: int | None
    created_at: int
    updated_at: int


_COLUMNS = tuple(table.c[field.name] for field in fields(VoidingRow))
RESERVED = ("requested", "processing", "unknown", "registered")


def _row(values: Mapping[str, Any]) -> VoidingRow:
    return VoidingRow(**values)


def get(conn: Connection, voiding: str) -> VoidingRow | None:
    """By our id."""
    row = conn.execute(select(*_COLUMNS).where(table.c.id == voiding)).mappings().first()
    return None if row is None else _row(dict(row))


def by_ref(conn: Connection, ref: str) -> VoidingRow | None:
    """By the caller's reference."""
    row = conn.execute(select(*_COLUMNS).where(table.c.ref == ref)).mappings().first()
    return None if row is None else _row(dict(row))


def recent(conn: Connection, branches: frozenset[str] | None, *, limit: int) -> tuple[VoidingRow, ...]:
    """The newest ones, of some branches or of all."""
    statement = select(*_COLUMNS).order_by(table.c.created_at.desc(), table.c.id.desc()).limit(limit)
    if branches is not None:
        statement = statement.where(table.c.branch.in_(branches))
    return tuple(_row(dict(row)) for row in conn.execute(statement).mappings())


def covering(conn: Connection, key: NumberKey) -> tuple[VoidingRow, ...]:
    """Every request whose range has the number, oldest first, the refused too."""
    statement = (
        select(*_COLUMNS)
        .where(
            table.c.branch == key.branch,
            table.c.model == key.model,
            table.c.series == key.series,
            table.c.environment == key.environment,
            table.c.first <= key.number,
            table.c.last >= key.number,
        )
        .order_by(table.c.created_at, table.c.id)
    )
    return tuple(_row(dict(row)) for row in conn.execute(statement).mappings())


def replayed(conn: Connection, ref: str, body_hash: bytes) -> VoidingRow | None:
    """The request this ref already made. Raises IdempotencyConflict when it said something else."""
    existing = by_ref(conn, ref)
    if existing is not None and not hmac.compare_digest(existing.body_hash, body_hash):
        raise IdempotencyConflict(
            f"O ref {ref!r} já foi usado por outra inutilização.", fix="Use outro ref, ou repita exatamente o mesmo pedido."
        )
    return existing


def request(conn: Connection, voiding: Voiding, *, ref: str, body_hash: bytes, at: int) -> VoidingRow:
    """Reserve the range and store the request with its job. Raises ValidationFailed: a number of it has, or may have, a note."""
    series = {
        "branch": voiding.cnpj,
        "model": voiding.mod,
        "series": voiding.series,
        "environment": voiding.environment,
    }
    _hold_documents(conn, series, voiding)
    _advance(conn, series, voiding)
    _refuse_used(conn, series, voiding)
    identity = new_id("inu")
    conn.execute(
        insert(table).values(
            **series,
            id=identity,
            ref=ref,
            body_hash=body_hash,
            year=voiding.year,
            first=voiding.first,
            last=voiding.last,
            justification=voiding.reason,
            status=VOIDING.initial,
            created_at=at,
            updated_at=at,
        )
    )
    _enqueue(conn, identity, voiding.cnpj, voiding.mod)
    touch(conn, f"voiding:{identity}")
    found = get(conn, identity)
    assert found is not None  # just written
    return found


def _hold_documents(conn: Connection, series: Mapping[str, Any], voiding: Voiding) -> None:
    """Lock the notes that hold numbers of the range, in the order everybody locks them: notes first, then the series."""
    held = select(numbers.c.document).where(
        *[numbers.c[name] == value for name, value in series.items()],
        numbers.c.number.between(voiding.first, voiding.last),
        numbers.c.state == "held",
    )
    for document in sorted(conn.execute(held).scalars()):
        locked(conn, document)


def _advance(conn: Connection, series: Mapping[str, Any], voiding: Voiding) -> None:
    """Lock the series' row, and let it go on after the range: no number of it is given out any more.

    Raises ValidationFailed when the range begins after the next number of a series in use: the numbers between would be lost.
    """
    dialect: Any = sqlite if conn.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(number_sequences).values(**series, next=1)
    conn.execute(statement.on_conflict_do_update(index_elements=list(series), set_={"next": number_sequences.c.next + 0}))
    mine = [number_sequences.c[name] == value for name, value in series.items()]
    following = conn.execute(select(number_sequences.c.next).where(*mine)).scalar_one()
    if 1 < following < voiding.first:
        message = f"O próximo número da série é {following}: inutilizar a partir do {voiding.first} pularia números."
        fix = f"Comece o intervalo no número {following} ou antes dele."
        raise ValidationFailed([Fault(code="INUT-AHEAD", path="$.first", message=message, fix=fix)])
    if voiding.last >= following:
        conn.execute(update(number_sequences).where(*mine).values(next=voiding.last + 1))


def _refuse_used(conn: Connection, series: Mapping[str, Any], voiding: Voiding) -> None:
    faults: list[Fault] = []
    mine = [numbers.c[name] == value for name, value in series.items()]
    used = conn.execute(
        select(numbers.c.number, numbers.c.state, documents_table.c.ref, documents_table.c.status)
        .join(documents_table, documents_table.c.id == numbers.c.document)
        .where(*mine, numbers.c.number.between(voiding.first, voiding.last))
        .where(or_(numbers.c.state != "held", documents_table.c.status != "rejected"))
        .order_by(numbers.c.number)
        .limit(20)
    ).all()
    for row in used:
        message = f"O número {row.number} é da nota {row.ref}, que não foi recusada (241, 256)."
        faults.append(
            Fault(code="INUT-USED", path="$.first", message=message, fix="Inutilize só números sem nota, ou de nota rejeitada.")
        )
    series_of = [table.c[name] == value for name, value in series.items()]
    twin = conn.execute(
        select(table.c.ref)
        .where(*series_of, table.c.status.in_(RESERVED), table.c.first <= voiding.last, table.c.last >= voiding.first)
        .limit(1)
    ).first()
    if twin is not None:
        message = f"Parte do intervalo já foi pedida pela inutilização {twin.ref}."
        faults.append(Fault(code="INUT-TWICE", path="$.first", message=message, fix="Peça só os números que faltam."))
    if faults:
        raise ValidationFailed(faults)


def _enqueue(conn: Connection, voiding: str, branch: str, model: str) -> None:
    enqueue(
        conn,
        kind=JOB,
        queue=QUEUE,
        subject=voiding,
        payload={},
        key=f"voiding:{branch}:{model}",
        unique_key=f"{JOB}:{voiding}",
        again=True,
    )


def move(conn: Connection, voiding: str, step: str, *, at: int, **changes: Any) -> VoidingRow:
    """Step the request; fields in `changes` are written with it. Raises TransitionRefused, NotFound: then nothing changed."""
    found = get(conn, voiding)
    if found is None:
        raise NotFound(f"A inutilização {voiding} não existe.")
    following = VOIDING.step(found.status, step)
    mine = and_(table.c.id == voiding, table.c.status == found.status)
    if conn.execute(update(table).where(mine).values(status=following.next, updated_at=at, **changes)).rowcount != 1:
        raise InvariantBroken(f"A inutilização {voiding} mudou enquanto era tratada.")
    touch(conn, f"voiding:{voiding}")
    moved = get(conn, voiding)
    assert moved is not None
    return moved


def end_documents(conn: Connection, row: VoidingRow, at: int) -> tuple[str, ...]:
    """Rejected notes that held a number of a voided range are `voided`, and so is the number. Answers those notes."""
    held = conn.execute(
        select(numbers.c.document)
        .join(documents_table, documents_table.c.id == numbers.c.document)
        .where(
            numbers.c.branch == row.branch,
            numbers.c.model == row.model,
            numbers.c.series == row.series,
            numbers.c.environment == row.environment,
            numbers.c.number.between(row.first, row.last),
            numbers.c.state == "held",
            documents_table.c.status == "rejected",
        )
    ).scalars()
    ended = tuple(sorted(held))
    for document in ended:
        text = f"Número inutilizado na SEFAZ: protocolo {row.protocol}."
        documents.move(conn, document, "void", at=at, text=text, data={"voiding": row.id})
    return ended
