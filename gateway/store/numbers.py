"""Numbers of a branch, model, series and environment: taken one by one, each with one owner and a visible end."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from sqlalchemy import Connection, case, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.core.errors import ConfigInvalid, TransitionRefused
from gateway.nfe.raw import number_taken
from gateway.store.contingency_tables import foreign_numbers
from gateway.store.document_rows import DocumentRow
from gateway.store.event_tables import inutilizacoes
from gateway.store.tables import number_sequences, numbers

LAST = 999_999_999
"""Largest nNF of the layout."""

NumberState = Literal["held", "authorized", "denied", "cancelled", "voided"]

ENDS: dict[str, NumberState] = {
    "authorized": "authorized",
    "denied": "denied",
    "cancelled": "cancelled",
    "voided": "voided",
}
"""Status of a document that ends its number's doubt, and the number's state then."""


@dataclass(frozen=True, slots=True)
class NumberKey:
    """One number of a branch, model, series and environment."""

    branch: str
    model: str
    series: int
    environment: int
    number: int


def owner(conn: Connection, key: NumberKey) -> str | None:
    """The document that holds the number, whatever its end; None when none does."""
    mine = [numbers.c[name] == value for name, value in asdict(key).items()]
    return conn.execute(select(numbers.c.document).where(*mine)).scalar()


def foreign(conn: Connection, key: NumberKey) -> tuple[str, str] | None:
    """The key under which SEFAZ holds the number, and the document of ours that gave it up for that (539)."""
    mine = [foreign_numbers.c[name] == value for name, value in asdict(key).items()]
    row = conn.execute(select(foreign_numbers.c.chave, foreign_numbers.c.document).where(*mine)).first()
    return None if row is None else (row.chave, row.document)


def given(conn: Connection, key: NumberKey) -> bool:
    """Whether the series has already gone past the number."""
    series = {name: value for name, value in asdict(key).items() if name != "number"}
    mine = [number_sequences.c[name] == value for name, value in series.items()]
    following = conn.execute(select(number_sequences.c.next).where(*mine)).scalar()
    return following is not None and key.number < following


def allocate(conn: Connection, doc: DocumentRow, at: int, chosen: int | None = None) -> int:
    """The next number of the document's series, held by it. Concurrent callers wait for each other: no gap, no number twice.

    A gap cannot come from a rollback either: the sequence is a row of the same transaction. A number `chosen` by the caller is
    taken as it is, and the series goes on after it. Raises ConfigInvalid at the end of the series, ValidationFailed when the
    chosen number has an owner.
    """
    series = {"branch": doc.branch, "model": doc.model, "series": doc.series, "environment": doc.environment}
    dialect: Any = sqlite if conn.dialect.name == "sqlite" else postgresql
    statement = (
        dialect.insert(number_sequences)
        .values(**series, next=2)
        .on_conflict_do_update(
            index_elements=list(series),
            set_={"next": number_sequences.c.next + 1},
            where=number_sequences.c.next <= LAST,
        )
        .returning(number_sequences.c.next)
    )
    if chosen is not None:
        statement = (
            dialect.insert(number_sequences)
            .values(**series, next=chosen + 1)
            .on_conflict_do_update(
                index_elements=list(series),
                set_={"next": case((number_sequences.c.next > chosen, number_sequences.c.next), else_=chosen + 1)},
            )
        )
        # The row of the series is locked from here on: whoever owns the number is already to be seen.
        conn.execute(statement)
        refuse_taken(conn, branch=doc.branch, model=doc.model, series=doc.series, environment=doc.environment, number=chosen)
        conn.execute(insert(numbers).values(**series, number=chosen, document=doc.id, state="held", at=at))
        return chosen
    following = conn.execute(statement).scalar()
    if following is None:
        raise ConfigInvalid(
            f"A série {doc.series} da filial {doc.branch} chegou ao último número.",
            fix="Configure outra série na filial e tente de novo.",
        )
    number = int(following) - 1
    conn.execute(insert(numbers).values(**series, number=number, document=doc.id, state="held", at=at))
    return number


def refuse_taken(conn: Connection, *, branch: str, model: str, series: int, environment: int, number: int) -> None:
    """Raises ValidationFailed (NFE-RAW-09) when a document owns the number, or a range asked to be voided holds it."""
    query = select(numbers.c.document).where(
        numbers.c.branch == branch,
        numbers.c.model == model,
        numbers.c.series == series,
        numbers.c.environment == environment,
        numbers.c.number == number,
    )
    foreign = select(foreign_numbers.c.document).where(
        foreign_numbers.c.branch == branch,
        foreign_numbers.c.model == model,
        foreign_numbers.c.series == series,
        foreign_numbers.c.environment == environment,
        foreign_numbers.c.number == number,
    )
    taken = conn.execute(query).scalar() is not None or conn.execute(foreign).scalar() is not None
    if taken or _reserved(conn, branch, model, series, environment, number):
        raise number_taken(number, series)


def refuse_voided(conn: Connection, doc: DocumentRow) -> None:
    """Raises TransitionRefused when the document's number was voided, or asked to be. The caller holds the document."""
    if doc.number is not None and _reserved(conn, doc.branch, doc.model, doc.series, doc.environment, doc.number):
        raise TransitionRefused(
            f"O número {doc.number} da série {doc.series} foi pedido para inutilização: esta nota não pode mais ser enviada.",
            fix="Emita a venda com outra ref.",
        )


def _reserved(conn: Connection, branch: str, model: str, series: int, environment: int, number: int) -> bool:
    asked = select(inutilizacoes.c.id).where(
        inutilizacoes.c.branch == branch,
        inutilizacoes.c.model == model,
        inutilizacoes.c.series == series,
        inutilizacoes.c.environment == environment,
        inutilizacoes.c.first <= number,
        inutilizacoes.c.last >= number,
        inutilizacoes.c.status != "rejected",
    )
    return conn.execute(asked).first() is not None


def settle(conn: Connection, document: str, state: NumberState, at: int) -> None:
    """Write how the document's number ended; a document without one has nothing to write."""
    conn.execute(update(numbers).where(numbers.c.document == document).values(state=state, at=at))


def state_of(conn: Connection, document: str) -> NumberState | None:
    """The state of the number that the document owns, or None when it owns none."""
    return conn.execute(select(numbers.c.state).where(numbers.c.document == document)).scalar()
