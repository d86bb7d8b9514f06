"""Certificates of a root CNPJ, who sent each certificate, the chain of hashes over what is kept, and monthly exports.

What was stored before enters the chain here, in the order in which it was stored.
"""

from __future__ import annotations

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_PAGE = 2000


def upgrade() -> None:
    with op.batch_alter_table("certificates") as table:
        table.add_column(sa.Column("actor", sa.String(length=120), nullable=False, server_default=""))
    op.create_table(
        "root_certificates",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("root", sa.String(length=8), nullable=False),
        sa.Column("pfx", sa.LargeBinary(), nullable=False),
        sa.Column("password", sa.LargeBinary(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("tax_id", sa.String(length=14), nullable=False),
        sa.Column("serial", sa.String(length=64), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("not_after", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_root_certificates")),
    )
    op.create_index(
        "uq_root_certificates_active",
        "root_certificates",
        ["root"],
        unique=True,
        sqlite_where=sa.text("active = 1"),
        postgresql_where=sa.text("active"),
    )
    op.create_table(
        "ledger",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("subject", sa.String(length=60), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("kind in ('artefact','event','inutilizacao')", name=op.f("ck_ledger_kind")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_ledger")),
    )
    op.create_index("uq_ledger_subject", "ledger", ["kind", "subject"], unique=True)
    op.create_index("ix_ledger_at", "ledger", ["at"])
    op.create_table(
        "exports",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("branch", sa.String(length=14), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("files", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state in ('queued','running','done','failed')", name=op.f("ck_exports_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
    )
    op.create_index("ix_exports_created_at", "exports", ["created_at", "id"])
    _chain(op.get_bind())


def _chain(conn: sa.Connection) -> None:
    """Enter every authorised document stored so far. The form of a link is that of `gateway.store.ledger` in this version."""
    row = sa.text(
        "SELECT document, version, sha256, created_at FROM artefacts WHERE kind = 'proc'"
        " AND (created_at > :at OR (created_at = :at AND document > :document)"
        " OR (created_at = :at AND document = :document AND version > :version))"
        " ORDER BY created_at, document, version LIMIT :page"
    )
    add = sa.text(
        "INSERT INTO ledger (seq, at, kind, subject, sha256, previous, hash)"
        " VALUES (:seq, :at, 'artefact', :subject, :sha256, :previous, :hash)"
    )
    seq, previous = 0, bytes(32)
    last: dict[str, object] = {"at": -1, "document": "", "version": 0}
    while found := conn.execute(row, {**last, "page": _PAGE}).all():
        links = []
        for document, version, digest, at in found:
            seq += 1
            subject = f"{document}:{version}"
            link = hashlib.sha256(f"{seq}\n{at}\nartefact\n{subject}\n".encode() + bytes(digest) + previous).digest()
            links.append({"seq": seq, "at": at, "subject": subject, "sha256": bytes(digest), "previous": previous, "hash": link})
            previous = link
        conn.execute(add, links)
        last = {"at": found[-1][3], "document": found[-1][0], "version": found[-1][1]}
