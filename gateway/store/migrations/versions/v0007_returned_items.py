"""What notes take of the items of earlier ones."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "returned_items",
        sa.Column("document", sa.String(length=40), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("chave", sa.String(length=44), nullable=False),
        sa.Column("item", sa.Integer(), nullable=False),
        sa.Column("basis", sa.String(length=8), nullable=False),
        sa.Column("size", sa.String(length=20), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("basis in ('quantity','amount')", name=op.f("ck_returned_items_basis")),
        sa.ForeignKeyConstraint(["document"], ["documents.id"], name=op.f("fk_returned_items_document")),
        sa.PrimaryKeyConstraint("document", "line", name=op.f("pk_returned_items")),
    )
    op.create_index("ix_returned_items_chave", "returned_items", ["chave", "item"])
