"""Batches: many documents posted under one ref, and the answer to each of their lines."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "batches",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("ref", sa.String(length=100), nullable=False),
        sa.Column("owner", sa.String(length=40), nullable=False),
        sa.Column("branches", sa.Text(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=True),
        sa.Column("cancelled_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
        sa.UniqueConstraint("ref", name=op.f("uq_batches_ref")),
    )
    op.create_index("ix_batches_created_at", "batches", ["created_at", "id"])
    op.create_table(
        "batch_lines",
        sa.Column("batch", sa.String(length=40), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(length=100), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(length=4), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("document", sa.String(length=40), nullable=True),
        sa.Column("faults", sa.Text(), nullable=True),
        sa.Column("again", sa.Boolean(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind in ('nfe','nfce','raw')", name=op.f("ck_batch_lines_kind")),
        sa.CheckConstraint(
            "status in ('taken','accepted','authorized','rejected','denied','cancelled','refused','conflict')",
            name=op.f("ck_batch_lines_status"),
        ),
        sa.ForeignKeyConstraint(["batch"], ["batches.id"], name=op.f("fk_batch_lines_batch")),
        sa.ForeignKeyConstraint(["document"], ["documents.id"], name=op.f("fk_batch_lines_document")),
        sa.PrimaryKeyConstraint("batch", "seq", name=op.f("pk_batch_lines")),
        sa.UniqueConstraint("batch", "hash", name=op.f("uq_batch_lines_batch_hash")),
    )
    op.create_index("ix_batch_lines_ref", "batch_lines", ["batch", "ref"])
    op.create_index("ix_batch_lines_status", "batch_lines", ["batch", "status", "seq"])
    op.create_index("ix_batch_lines_document", "batch_lines", ["document"])
