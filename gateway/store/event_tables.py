"""Tables of what happens around a note: its events, and the numbers that never became one. See `tables` for the conventions."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    text,
)

from gateway.store.tables import metadata

_STATES = "'requested','processing','registered','rejected','unknown'"

fiscal_events = Table(
    "fiscal_events",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("ref", String(160), nullable=False, unique=True),
    Column("body_hash", LargeBinary, nullable=False),
    Column("branch", String(14), ForeignKey("branches.cnpj"), nullable=False),
    Column("document", String(40), ForeignKey("documents.id")),
    Column("environment", Integer, nullable=False),
    Column("chave", String(44), nullable=False),
    Column("tp_evento", String(6), nullable=False),
    Column("n_seq", Integer, nullable=False),
    Column("status", String(12), nullable=False),
    Column("detail", Text, nullable=False),
    Column("signed", LargeBinary),
    Column("answer", LargeBinary),
    Column("proc", LargeBinary),
    Column("protocol", String(17)),
    Column("cstat", String(4)),
    Column("reason", Text),
    Column("registered_at", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    CheckConstraint(f"status in ({_STATES})", name="status"),
    CheckConstraint("status != 'registered' or protocol is not null", name="registered_has_protocol"),
    Index(
        "uq_fiscal_events_sequence",
        "chave",
        "tp_evento",
        "n_seq",
        unique=True,
        sqlite_where=text("status <> 'rejected'"),
        postgresql_where=text("status <> 'rejected'"),
    ),
    Index("ix_fiscal_events_document", "document", "created_at"),
    Index("ix_fiscal_events_created_at", "created_at", "id"),
)
"""`detail` is what was told (JSON by official tags); `signed` the live bytes, stored before they leave; `answer` retEvento.

A sequence has one event that SEFAZ has, or may have; the refused ones leave it free.
"""

inutilizacoes = Table(
    "inutilizacoes",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("ref", String(160), nullable=False, unique=True),
    Column("body_hash", LargeBinary, nullable=False),
    Column("branch", String(14), ForeignKey("branches.cnpj"), nullable=False),
    Column("environment", Integer, nullable=False),
    Column("model", String(2), nullable=False),
    Column("series", Integer, nullable=False),
    Column("year", Integer, nullable=False),
    Column("first", Integer, nullable=False),
    Column("last", Integer, nullable=False),
    Column("justification", Text, nullable=False),
    Column("status", String(12), nullable=False),
    Column("signed", LargeBinary),
    Column("answer", LargeBinary),
    Column("proc", LargeBinary),
    Column("protocol", String(17)),
    Column("cstat", String(4)),
    Column("reason", Text),
    Column("registered_at", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    CheckConstraint(f"status in ({_STATES})", name="status"),
    CheckConstraint("first between 1 and last", name="range"),
    Index("ix_inutilizacoes_series", "branch", "model", "series", "environment", "first"),
    Index("ix_inutilizacoes_created_at", "created_at", "id"),
)
"""`protocol` may come from the text of a 563, and then there is no `answer` to join into a procInutNFe."""

number_gaps = Table(
    "number_gaps",
    metadata,
    Column("branch", String(14), ForeignKey("branches.cnpj"), nullable=False),
    Column("model", String(2), nullable=False),
    Column("series", Integer, nullable=False),
    Column("environment", Integer, nullable=False),
    Column("first", Integer, nullable=False),
    Column("last", Integer, nullable=False),
    Column("ref", String(160)),
    Column("year", Integer),
    Column("deadline", String(10)),
    PrimaryKeyConstraint("branch", "model", "series", "environment", "first"),
    Index("ix_number_gaps_deadline", "deadline"),
)
"""What the last look at a series found to be voided. `ref`: the rejected note that holds the number. `deadline`: ISO day."""
