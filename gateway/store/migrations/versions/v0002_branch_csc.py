"""The CSC of each branch, for version 2 of the NFC-e's QR code."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "branch_csc",
        sa.Column("branch", sa.String(length=14), nullable=False),
        sa.Column("environment", sa.Integer(), nullable=False),
        sa.Column("csc_id", sa.String(length=6), nullable=False),
        sa.Column("csc", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("environment IN (1, 2)", name=op.f("ck_branch_csc_environment")),
        sa.ForeignKeyConstraint(["branch"], ["branches.cnpj"], name=op.f("fk_branch_csc_branch")),
        sa.PrimaryKeyConstraint("branch", "environment", name=op.f("pk_branch_csc")),
    )
