"""Modes of rules as the operator set them, by environment. Read with every note, so a change counts at once for every worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.nfe.rules import Mode
from gateway.store.tables import rule_modes


@dataclass(frozen=True, slots=True)
class ModeRow:
    """Who put a rule in which mode, when (ms) and why; `forced`: against the numbers."""

    code: str
    environment: int
    mode: Mode
    reason: str
    forced: bool
    actor: str
    at: int


_COLUMNS = tuple(rule_modes.c[field.name] for field in fields(ModeRow))


def modes_of(conn: Connection, environment: int) -> Mapping[str, Mode]:
    """The operator's modes by rule code."""
    query = select(rule_modes.c.code, rule_modes.c.mode).where(rule_modes.c.environment == environment)
    return {row.code: row.mode for row in conn.execute(query)}


def mode_rows(conn: Connection) -> dict[tuple[str, int], ModeRow]:
    """Every row, by code and environment."""
    return {(row["code"], row["environment"]): ModeRow(**row) for row in conn.execute(select(*_COLUMNS)).mappings()}


def put_mode(conn: Connection, row: ModeRow) -> None:
    """From here on the rule runs in this mode."""
    dialect: Any = sqlite if conn.dialect.name == "sqlite" else postgresql
    values = {field.name: getattr(row, field.name) for field in fields(ModeRow)}
    statement = dialect.insert(rule_modes).values(values)
    conn.execute(statement.on_conflict_do_update(index_elements=["code", "environment"], set_=values))


def drop_mode(conn: Connection, code: str, environment: int) -> None:
    """From here on the rule follows its own mode."""
    conn.execute(delete(rule_modes).where(rule_modes.c.code == code, rule_modes.c.environment == environment))
