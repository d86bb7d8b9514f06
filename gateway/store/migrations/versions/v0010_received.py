"""Notes issued against us: the queues of the distribution, what they handed over, and the answers of the cadastro."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "distribution_cursors",
        sa.Column("queue", sa.String(length=14), nullable=False),
        sa.Column("environment", sa.Integer(), nullable=False),
        sa.Column("last_nsu", sa.BigInteger(), nullable=False),
        sa.Column("max_nsu", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("last_nsu >= 0", name=op.f("ck_distribution_cursors_last_nsu")),
        sa.PrimaryKeyConstraint("queue", "environment", name=op.f("pk_distribution_cursors")),
    )
    op.create_table(
        "distribution_holes",
        sa.Column("queue", sa.String(length=14), nullable=False),
        sa.Column("environment", sa.Integer(), nullable=False),
        sa.Column("nsu", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state in ('open','found','absent')", name=op.f("ck_distribution_holes_state")),
        sa.PrimaryKeyConstraint("queue", "environment", "nsu", name=op.f("pk_distribution_holes")),
    )
    op.create_index("ix_distribution_holes_asked_at", "distribution_holes", ["queue", "asked_at"])
    op.create_table(
        "received_documents",
        sa.Column("queue", sa.String(length=14), nullable=False),
        sa.Column("environment", sa.Integer(), nullable=False),
        sa.Column("nsu", sa.BigInteger(), nullable=False),
        sa.Column("schema", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=14), nullable=False),
        sa.Column("chave", sa.String(length=44), nullable=True),
        sa.Column("xml", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "kind in ('resNFe','procNFe','resEvento','procEventoNFe','other')", name=op.f("ck_received_documents_kind")
        ),
        sa.PrimaryKeyConstraint("queue", "environment", "nsu", name=op.f("pk_received_documents")),
    )
    op.create_index("ix_received_documents_chave", "received_documents", ["chave", "environment"])
    op.create_table(
        "taxpayer_answers",
        sa.Column("uf", sa.String(length=2), nullable=False),
        sa.Column("document", sa.String(length=14), nullable=False),
        sa.Column("environment", sa.Integer(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("uf", "document", "environment", name=op.f("pk_taxpayer_answers")),
    )
    op.create_table(
        "received_notes",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("queue", sa.String(length=14), nullable=False),
        sa.Column("environment", sa.Integer(), nullable=False),
        sa.Column("chave", sa.String(length=44), nullable=False),
        sa.Column("branch", sa.String(length=14), nullable=False),
        sa.Column("issuer", sa.String(length=14), nullable=False),
        sa.Column("issuer_name", sa.Text(), nullable=False),
        sa.Column("issuer_ie", sa.String(length=20), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("authorized_at", sa.BigInteger(), nullable=True),
        sa.Column("tp_nf", sa.String(length=1), nullable=False),
        sa.Column("value", sa.String(length=20), nullable=False),
        sa.Column("protocol", sa.String(length=17), nullable=False),
        sa.Column("digest", sa.String(length=40), nullable=True),
        sa.Column("situation", sa.String(length=12), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("role", sa.String(length=14), nullable=True),
        sa.Column("manifestation", sa.String(length=6), nullable=True),
        sa.Column("xml_nsu", sa.BigInteger(), nullable=True),
        sa.Column("verdict", sa.String(length=14), nullable=True),
        sa.Column("verdict_text", sa.Text(), nullable=True),
        sa.Column("aware_until", sa.BigInteger(), nullable=True),
        sa.Column("conclude_until", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("situation in ('authorized','denied','cancelled')", name=op.f("ck_received_notes_situation")),
        sa.CheckConstraint("status != 'completo' or xml_nsu is not null", name=op.f("ck_received_notes_complete_has_xml")),
        sa.CheckConstraint("status in ('resumo','ciente','completo','manifestado')", name=op.f("ck_received_notes_status")),
        sa.CheckConstraint(
            "verdict in ('ok','altered','bad_signature','bad_protocol','not_ours')", name=op.f("ck_received_notes_verdict")
        ),
        sa.ForeignKeyConstraint(["branch"], ["branches.cnpj"], name=op.f("fk_received_notes_branch")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received_notes")),
        sa.UniqueConstraint("chave", "environment", "queue", name=op.f("uq_received_notes_chave_environment_queue")),
    )
    op.create_index("ix_received_notes_branch", "received_notes", ["branch", "created_at"])
    op.create_index("ix_received_notes_conclude_until", "received_notes", ["conclude_until"])
    op.create_index("ix_received_notes_created_at", "received_notes", ["created_at", "id"])
    op.create_index("ix_received_notes_issuer", "received_notes", ["issuer", "created_at"])
    op.create_index("ix_received_notes_status", "received_notes", ["status", "created_at"])
    op.create_table(
        "taxpayer_questions",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("branch", sa.String(length=14), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["branch"], ["branches.cnpj"], name=op.f("fk_taxpayer_questions_branch")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_taxpayer_questions")),
    )
    op.create_index("ix_taxpayer_questions_branch", "taxpayer_questions", ["branch", "at"])
