"""Events of a note, and voided numbers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_STATES = "'requested','processing','registered','rejected','unknown'"


def upgrade() -> None:
    op.create_table(
        "fiscal_events",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("ref", sa.String(length=160), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("branch", sa.String(length=14), nullable=False),
        sa.Column("document", sa.String(length=40), nullable=True),
        sa.Column("environment", sa.Integer(), nullable=False),
        sa.Column("chave", sa.String(length=44), nullable=False),
        sa.Column("tp_evento", sa.String(length=6), nullable=False),
        sa.Column("n_seq", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("signed", sa.LargeBinary(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("proc", sa.LargeBinary(), nullable=True),
        sa.Column("protocol", sa.String(length=17), nullable=True),
        sa.Column("cstat", sa.String(length=4), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("registered_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(f"status in ({_STATES})", name=op.f("ck_fiscal_events_status")),
        sa.CheckConstraint(
            "status != 'registered' or protocol is not null", name=op.f("ck_fiscal_events_registered_has_protocol")
        ),
        sa.ForeignKeyConstraint(["branch"], ["branches.cnpj"], name=op.f("fk_fiscal_events_branch")),
        sa.ForeignKeyConstraint(["document"], ["documents.id"], name=op.f("fk_fiscal_events_document")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fiscal_events")),
        sa.UniqueConstraint("ref", name=op.f("uq_fiscal_events_ref")),
    )
    op.create_index(
        "uq_fiscal_events_sequence",
        "fiscal_events",
        ["chave", "tp_evento", "n_seq"],
        unique=True,
        sqlite_where=sa.text("status <> 'rejected'"),
        postgresql_where=sa.text("status <> 'rejected'"),
    )
    op.create_index("ix_fiscal_events_document", "fiscal_events", ["document", "created_at"])
    op.create_index("ix_fiscal_events_created_at", "fiscal_events", ["created_at", "id"])
    op.create_table(
        "inutilizacoes",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("ref", sa.String(length=160), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("branch", sa.String(length=14), nullable=False),
        sa.Column("environment", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(length=2), nullable=False),
        sa.Column("series", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("justification", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("signed", sa.LargeBinary(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("proc", sa.LargeBinary(), nullable=True),
        sa.Column("protocol", sa.String(length=17), nullable=True),
        sa.Column("cstat", sa.String(length=4), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("registered_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(f"status in ({_STATES})", name=op.f("ck_inutilizacoes_status")),
        sa.CheckConstraint("first between 1 and last", name=op.f("ck_inutilizacoes_range")),
        sa.ForeignKeyConstraint(["branch"], ["branches.cnpj"], name=op.f("fk_inutilizacoes_branch")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inutilizacoes")),
        sa.UniqueConstraint("ref", name=op.f("uq_inutilizacoes_ref")),
    )
    op.create_index("ix_inutilizacoes_series", "inutilizacoes", ["branch", "model", "series", "environment", "first"])
    op.create_index("ix_inutilizacoes_created_at", "inutilizacoes", ["created_at", "id"])
    op.create_table(
        "number_gaps",
        sa.Column("branch", sa.String(length=14), nullable=False),
        sa.Column("model", sa.String(length=2), nullable=False),
        sa.Column("series", sa.Integer(), nullable=False),
        sa.Column("environment", sa.Integer(), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(length=160), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("deadline", sa.String(length=10), nullable=True),
        sa.ForeignKeyConstraint(["branch"], ["branches.cnpj"], name=op.f("fk_number_gaps_branch")),
        sa.PrimaryKeyConstraint("branch", "model", "series", "environment", "first", name=op.f("pk_number_gaps")),
    )
    op.create_index("ix_number_gaps_deadline", "number_gaps", ["deadline"])
