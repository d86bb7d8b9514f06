"""The rows a branch puts over the table of operations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "branch_operations",
        sa.Column("branch", sa.String(length=14), nullable=False),
        sa.Column("operation", sa.String(length=40), nullable=False),
        sa.Column("since", sa.String(length=10), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["branch"], ["branches.cnpj"], name=op.f("fk_branch_operations_branch")),
        sa.PrimaryKeyConstraint("branch", "operation", "since", name=op.f("pk_branch_operations")),
    )
