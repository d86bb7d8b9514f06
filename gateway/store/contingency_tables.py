"""Tables of what happens when SEFAZ is down, and of what is never sent again. See `tables` for the conventions."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    text,
)

from gateway.store.tables import metadata

receipts = Table(
    "receipts",
    metadata,
    Column("document", String(40), ForeignKey("documents.id"), primary_key=True),
    Column("nrec", String(15), nullable=False),
    Column("polls", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
)
"""Answers 103 that are still to be asked about: the number of the receipt and how often it was asked."""

rejections = Table(
    "rejections",
    metadata,
    Column("document", String(40), ForeignKey("documents.id"), nullable=False),
    Column("content", String(64), nullable=False),
    Column("cstat", String(4), nullable=False),
    Column("first_at", BigInteger, nullable=False),
    Column("count", Integer, nullable=False),
    PrimaryKeyConstraint("document", "content", "cstat"),
)
"""How often SEFAZ refused the same content for the same reason since `first_at` (ms by the database's clock)."""

foreign_numbers = Table(
    "foreign_numbers",
    metadata,
    Column("branch", String(14), nullable=False),
    Column("model", String(2), nullable=False),
    Column("series", Integer, nullable=False),
    Column("environment", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("chave", String(44)),
    Column("document", String(40), ForeignKey("documents.id"), nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("branch", "model", "series", "environment", "number"),
)
"""Numbers that SEFAZ holds under another key (539): given up by `document`, never offered again nor voided."""

authorizers = Table(
    "authorizers",
    metadata,
    Column("name", String(10), nullable=False),
    Column("model", String(2), nullable=False),
    Column("environment", Integer, nullable=False),
    Column("state", String(4), nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("cstat", String(4)),
    Column("reason", Text),
    Column("t_med", Integer),
    Column("probed_at", BigInteger),
    Column("failures", Integer, nullable=False),
    Column("first_failure_at", BigInteger),
    PrimaryKeyConstraint("name", "model", "environment"),
    CheckConstraint("state in ('up','slow','down')", name="state"),
)
"""What every process knows of an authoriser. `down` is an open circuit: nobody sends there until a probe is answered 107."""

contingencies = Table(
    "contingencies",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("environment", Integer, nullable=False),
    Column("uf", String(2), nullable=False),
    Column("model", String(2), nullable=False),
    Column("branch", String(14), ForeignKey("branches.cnpj"), nullable=False),
    Column("mode", String(8), nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("entered_by", String(80), nullable=False),
    Column("left_at", BigInteger),
    Column("left_by", String(80)),
    CheckConstraint("mode in ('svc','epec','offline')", name="mode"),
    Index(
        "ux_contingencies_active",
        "branch",
        "environment",
        "model",
        unique=True,
        sqlite_where=text("left_at is null"),
        postgresql_where=text("left_at is null"),
    ),
)
"""`since` is dhCont and `reason` is xJust of every note issued under it; one at a time for a branch, model and environment."""

contingency_documents = Table(
    "contingency_documents",
    metadata,
    Column("document", String(40), ForeignKey("documents.id"), primary_key=True),
    Column("contingency", String(40), ForeignKey("contingencies.id"), nullable=False),
    Column("tp_emis", String(1), nullable=False),
    Column("due_at", BigInteger),
    Index("ix_contingency_documents_contingency", "contingency"),
    Index("ix_contingency_documents_due_at", "due_at"),
)
"""Notes issued in contingency. `due_at`: until when one issued off-line or by EPEC must be transmitted (ms); null for
the SVC."""
