"""Tables of what is kept for years: certificates of a company's root CNPJ, and the chain of hashes over every document.

See `tables` for the conventions.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Index, LargeBinary, String, Table, Text, text

from gateway.store.tables import metadata

root_certificates = Table(
    "root_certificates",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("root", String(8), nullable=False),
    Column("pfx", LargeBinary, nullable=False),
    Column("password", LargeBinary, nullable=False),
    Column("subject", Text, nullable=False),
    Column("tax_id", String(14), nullable=False),
    Column("serial", String(64), nullable=False),
    Column("not_before", BigInteger, nullable=False),
    Column("not_after", BigInteger, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("actor", String(120), nullable=False),
    Index("uq_root_certificates_active", "root", unique=True, sqlite_where=text("active = 1"), postgresql_where=text("active")),
)
"""A1 certificates that serve every branch of a root CNPJ without one of its own."""

ledger = Table(
    "ledger",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", String(12), nullable=False),
    Column("subject", String(60), nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("previous", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    CheckConstraint("kind in ('artefact','event','inutilizacao')", name="kind"),
    Index("uq_ledger_subject", "kind", "subject", unique=True),
    Index("ix_ledger_at", "at"),
)
"""One row per stored proof, in the order of storing; `hash` covers the row and the hash before it: see `gateway.store.ledger`."""

exports = Table(
    "exports",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("branch", String(14), nullable=False),
    Column("month", String(7), nullable=False),
    Column("state", String(12), nullable=False),
    Column("files", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("sha256", String(64)),
    Column("size", BigInteger),
    Column("path", Text),
    Column("error", Text),
    Column("actor", String(120), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    CheckConstraint("state in ('queued','running','done','failed')", name="state"),
    Index("ix_exports_created_at", "created_at", "id"),
)
"""A month of a branch as a ZIP file, made by a job."""
