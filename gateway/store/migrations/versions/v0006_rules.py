"""Rules in shadow: their modes, what they predicted, how often they were right, and their replays over stored notes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "rule_modes",
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("environment", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("forced", sa.Boolean(), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("environment IN (1, 2)", name=op.f("ck_rule_modes_environment")),
        sa.CheckConstraint("mode in ('refuse','warn','shadow','off')", name=op.f("ck_rule_modes_mode")),
        sa.PrimaryKeyConstraint("code", "environment", name=op.f("pk_rule_modes")),
    )
    op.create_table(
        "rule_predictions",
        sa.Column("document", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("environment", sa.Integer(), nullable=False),
        sa.Column("cstat", sa.String(length=40), nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("mode", sa.String(length=10), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=True),
        sa.Column("answer", sa.String(length=4), nullable=True),
        sa.Column("resolved_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("outcome in ('hit','false_alarm','undetermined','miss')", name=op.f("ck_rule_predictions_outcome")),
        sa.ForeignKeyConstraint(["document"], ["documents.id"], name=op.f("fk_rule_predictions_document")),
        sa.PrimaryKeyConstraint("document", "version", "code", name=op.f("pk_rule_predictions")),
    )
    op.create_index("ix_rule_predictions_code", "rule_predictions", ["code", "environment", "at"])
    op.create_table(
        "rule_counts",
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("environment", sa.Integer(), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.Column("false_alarms", sa.Integer(), nullable=False),
        sa.Column("undetermined", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", "environment", name=op.f("pk_rule_counts")),
    )
    op.create_table(
        "rule_replays",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("environment", sa.Integer(), nullable=False),
        sa.Column("codes", sa.Text(), nullable=False),
        sa.Column("position", sa.String(length=80), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("unreadable", sa.Integer(), nullable=False),
        sa.Column("results", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_replays")),
    )
    op.create_index("ix_rule_replays_started_at", "rule_replays", ["environment", "started_at"])
