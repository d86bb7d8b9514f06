"""Tables of the notes issued against us: how far each queue was read, what it handed over, and the notes. See `tables`."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from gateway.store.tables import metadata

distribution_cursors = Table(
    "distribution_cursors",
    metadata,
    Column("queue", String(14), nullable=False),
    Column("environment", Integer, nullable=False),
    Column("last_nsu", BigInteger, nullable=False),
    Column("max_nsu", BigInteger, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    PrimaryKeyConstraint("queue", "environment"),
    CheckConstraint("last_nsu >= 0", name="last_nsu"),
)
"""`queue` is a CNPJ base, or a whole CNPJ where the branch says so. Moved in the transaction that stores what was read."""

distribution_holes = Table(
    "distribution_holes",
    metadata,
    Column("queue", String(14), nullable=False),
    Column("environment", Integer, nullable=False),
    Column("nsu", BigInteger, nullable=False),
    Column("state", String(8), nullable=False),
    Column("asked_at", BigInteger),
    PrimaryKeyConstraint("queue", "environment", "nsu"),
    CheckConstraint("state in ('open','found','absent')", name="state"),
    Index("ix_distribution_holes_asked_at", "queue", "asked_at"),
)
"""NSUs that were skipped between two documents; each is asked for once, by itself."""

received_documents = Table(
    "received_documents",
    metadata,
    Column("queue", String(14), nullable=False),
    Column("environment", Integer, nullable=False),
    Column("nsu", BigInteger, nullable=False),
    Column("schema", String(60), nullable=False),
    Column("kind", String(14), nullable=False),
    Column("chave", String(44)),
    Column("xml", LargeBinary, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("problem", Text),
    Column("received_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("queue", "environment", "nsu"),
    CheckConstraint("kind in ('resNFe','procNFe','resEvento','procEventoNFe','other')", name="kind"),
    Index("ix_received_documents_chave", "chave", "environment"),
)
"""Every document as it came, byte for byte. `problem`: why it could not be read; it is kept all the same."""

received_notes = Table(
    "received_notes",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("queue", String(14), nullable=False),
    Column("environment", Integer, nullable=False),
    Column("chave", String(44), nullable=False),
    Column("branch", String(14), ForeignKey("branches.cnpj"), nullable=False),
    Column("issuer", String(14), nullable=False),
    Column("issuer_name", Text, nullable=False),
    Column("issuer_ie", String(20), nullable=False),
    Column("issued_at", BigInteger, nullable=False),
    Column("authorized_at", BigInteger),
    Column("tp_nf", String(1), nullable=False),
    Column("value", String(20), nullable=False),
    Column("protocol", String(17), nullable=False),
    Column("digest", String(40)),
    Column("situation", String(12), nullable=False),
    Column("status", String(12), nullable=False),
    Column("role", String(14)),
    Column("manifestation", String(6)),
    Column("xml_nsu", BigInteger),
    Column("verdict", String(14)),
    Column("verdict_text", Text),
    Column("aware_until", BigInteger),
    Column("conclude_until", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("chave", "environment", "queue"),
    CheckConstraint("situation in ('authorized','denied','cancelled')", name="situation"),
    CheckConstraint("status in ('resumo','ciente','completo','manifestado')", name="status"),
    CheckConstraint("verdict in ('ok','altered','bad_signature','bad_protocol','not_ours')", name="verdict"),
    CheckConstraint("status != 'completo' or xml_nsu is not null", name="complete_has_xml"),
    Index("ix_received_notes_created_at", "created_at", "id"),
    Index("ix_received_notes_status", "status", "created_at"),
    Index("ix_received_notes_issuer", "issuer", "created_at"),
    Index("ix_received_notes_branch", "branch", "created_at"),
    Index("ix_received_notes_conclude_until", "conclude_until"),
)
"""`role` and `verdict` are known once the whole note came; `manifestation` is the last one registered (tpEvento)."""

taxpayer_answers = Table(
    "taxpayer_answers",
    metadata,
    Column("uf", String(2), nullable=False),
    Column("document", String(14), nullable=False),
    Column("environment", Integer, nullable=False),
    Column("answer", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("uf", "document", "environment"),
)
"""What a state said of a taxpayer (JSON), kept a day."""

taxpayer_questions = Table(
    "taxpayer_questions",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("branch", String(14), ForeignKey("branches.cnpj"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("ix_taxpayer_questions_branch", "branch", "at"),
)
"""Each question that left, so that a branch asks at most so often an hour whichever process asks."""
