"""Approximate taxes (Lei 12.741) by state and NCM."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "approximate_rates",
        sa.Column("uf", sa.String(length=2), nullable=False),
        sa.Column("code", sa.String(length=9), nullable=False),
        sa.Column("ex", sa.String(length=3), nullable=False),
        sa.Column("kind", sa.String(length=1), nullable=False),
        sa.Column("since", sa.String(length=10), nullable=False),
        sa.Column("until", sa.String(length=10), nullable=False),
        sa.Column("national", sa.String(length=8), nullable=False),
        sa.Column("imported", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("municipal", sa.String(length=8), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("version", sa.String(length=20), nullable=False),
        sa.Column("key", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("uf", "code", "ex", "kind", "since", name=op.f("pk_approximate_rates")),
    )
