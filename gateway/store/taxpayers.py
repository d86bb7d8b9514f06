"""What states said of taxpayers, kept a day, and how often a branch asked. Every function is (part of) a unit of work."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.core.errors import Throttled
from gateway.core.ids import new_id
from gateway.nfe.event_answers import Taxpayer
from gateway.store.received_tables import taxpayer_answers as answers
from gateway.store.received_tables import taxpayer_questions as questions

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
AN_HOUR = 60
"""Questions of a branch an hour: states block who asks without measure (656), and publish no number."""


def remembered(conn: Connection, uf: str, document: str, environment: int, at: int) -> tuple[Taxpayer, int] | None:
    """An answer not older than a day, and when it was given (ms)."""
    mine = (answers.c.uf == uf, answers.c.document == document, answers.c.environment == environment)
    row = conn.execute(select(answers.c.answer, answers.c.at).where(*mine, answers.c.at > at - DAY_MS)).first()
    return None if row is None else (msgspec.json.decode(row.answer, type=Taxpayer), row.at)


def count_question(conn: Connection, branch: str, at: int) -> None:
    """Write that the branch asks now, before it does. Raises Throttled, and writes nothing, past the hour's measure."""
    conn.execute(delete(questions).where(questions.c.at <= at - HOUR_MS))
    mine = select(func.count(), func.min(questions.c.at)).where(questions.c.branch == branch, questions.c.at > at - HOUR_MS)
    asked, oldest = conn.execute(mine).one()
    if asked >= AN_HOUR:
        raise Throttled(
            f"A filial já fez {AN_HOUR} consultas ao cadastro de contribuintes na última hora.",
            after=max(1.0, (oldest + HOUR_MS - at) / 1000),
            code="TAXPAYER-RATE",
            fix="Espere alguns minutos; o que já foi consultado hoje é respondido sem nova pergunta.",
        )
    conn.execute(insert(questions).values(id=new_id("tpq"), branch=branch, at=at))


def remember(conn: Connection, uf: str, document: str, environment: int, answer: Taxpayer, at: int) -> None:
    """Keep an answer; the one before it goes."""
    dialect: Any = sqlite if conn.dialect.name == "sqlite" else postgresql
    values = {"uf": uf, "document": document, "environment": environment}
    told = {"answer": msgspec.json.encode(answer).decode(), "at": at}
    statement = dialect.insert(answers).values(**values, **told)
    conn.execute(statement.on_conflict_do_update(index_elements=list(values), set_=told))
