"""Decisions on how IBS and CBS fall on a product."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "product_classifications",
        sa.Column("sku", sa.String(length=60), nullable=False),
        sa.Column("cclasstrib", sa.String(length=6), nullable=False),
        sa.Column("origin", sa.String(length=10), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("version", sa.String(length=20), nullable=False),
        sa.Column("row_hash", sa.String(length=16), nullable=False),
        sa.Column("row", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["sku"], ["products.sku"], name=op.f("fk_product_classifications_sku")),
        sa.PrimaryKeyConstraint("sku", name=op.f("pk_product_classifications")),
    )
    op.create_index(op.f("ix_product_classifications_cclasstrib"), "product_classifications", ["cclasstrib", "row_hash", "sku"])
