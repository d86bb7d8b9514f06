"""Contingency: authorisers, receipts, repeated rejections, numbers of others."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "receipts",
        sa.Column("document", sa.String(length=40), nullable=False),
        sa.Column("nrec", sa.String(length=15), nullable=False),
        sa.Column("polls", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["document"], ["documents.id"], name=op.f("fk_receipts_document")),
        sa.PrimaryKeyConstraint("document", name=op.f("pk_receipts")),
    )
    op.create_table(
        "rejections",
        sa.Column("document", sa.String(length=40), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("cstat", sa.String(length=4), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["document"], ["documents.id"], name=op.f("fk_rejections_document")),
        sa.PrimaryKeyConstraint("document", "content", "cstat", name=op.f("pk_rejections")),
    )
    op.create_table(
        "foreign_numbers",
        sa.Column("branch", sa.String(length=14), nullable=False),
        sa.Column("model", sa.String(length=2), nullable=False),
        sa.Column("series", sa.Integer(), nullable=False),
        sa.Column("environment", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("chave", sa.String(length=44)),
        sa.Column("document", sa.String(length=40), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["document"], ["documents.id"], name=op.f("fk_foreign_numbers_document")),
        sa.PrimaryKeyConstraint("branch", "model", "series", "environment", "number", name=op.f("pk_foreign_numbers")),
    )
    op.create_table(
        "authorizers",
        sa.Column("name", sa.String(length=10), nullable=False),
        sa.Column("model", sa.String(length=2), nullable=False),
        sa.Column("environment", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=4), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("cstat", sa.String(length=4)),
        sa.Column("reason", sa.Text()),
        sa.Column("t_med", sa.Integer()),
        sa.Column("probed_at", sa.BigInteger()),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("first_failure_at", sa.BigInteger()),
        sa.CheckConstraint("state in ('up','slow','down')", name=op.f("ck_authorizers_state")),
        sa.PrimaryKeyConstraint("name", "model", "environment", name=op.f("pk_authorizers")),
    )
    op.create_table(
        "contingencies",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("environment", sa.Integer(), nullable=False),
        sa.Column("uf", sa.String(length=2), nullable=False),
        sa.Column("model", sa.String(length=2), nullable=False),
        sa.Column("branch", sa.String(length=14), nullable=False),
        sa.Column("mode", sa.String(length=8), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.String(length=80), nullable=False),
        sa.Column("left_at", sa.BigInteger()),
        sa.Column("left_by", sa.String(length=80)),
        sa.CheckConstraint("mode in ('svc','epec','offline')", name=op.f("ck_contingencies_mode")),
        sa.ForeignKeyConstraint(["branch"], ["branches.cnpj"], name=op.f("fk_contingencies_branch")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contingencies")),
    )
    op.create_index(
        "ux_contingencies_active",
        "contingencies",
        ["branch", "environment", "model"],
        unique=True,
        sqlite_where=sa.text("left_at is null"),
        postgresql_where=sa.text("left_at is null"),
    )
    op.create_table(
        "contingency_documents",
        sa.Column("document", sa.String(length=40), nullable=False),
        sa.Column("contingency", sa.String(length=40), nullable=False),
        sa.Column("tp_emis", sa.String(length=1), nullable=False),
        sa.Column("due_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["document"], ["documents.id"], name=op.f("fk_contingency_documents_document")),
        sa.ForeignKeyConstraint(["contingency"], ["contingencies.id"], name=op.f("fk_contingency_documents_contingency")),
        sa.PrimaryKeyConstraint("document", name=op.f("pk_contingency_documents")),
    )
    op.create_index("ix_contingency_documents_contingency", "contingency_documents", ["contingency"])
    op.create_index("ix_contingency_documents_due_at", "contingency_documents", ["due_at"])
