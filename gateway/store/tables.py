"""Every table. Timestamps are BIGINT milliseconds since 1970 in UTC; money is text of a Decimal in reais; JSON is text.

Invariants live here as UNIQUE and CHECK: one document per ref, one document per chave, one owner per number,
one order per (account, order id), one live job per unique key.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

branches = Table(
    "branches",
    metadata,
    Column("cnpj", String(14), primary_key=True),
    Column("config", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)

certificates = Table(
    "certificates",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("branch", String(14), ForeignKey("branches.cnpj"), nullable=False),
    Column("pfx", LargeBinary, nullable=False),
    Column("password", LargeBinary, nullable=False),
    Column("subject", Text, nullable=False),
    Column("tax_id", String(14), nullable=False),
    Column("serial", String(64), nullable=False),
    Column("not_before", BigInteger, nullable=False),
    Column("not_after", BigInteger, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("actor", String(120), nullable=False, server_default=""),
    Index("uq_certificates_active", "branch", unique=True, sqlite_where=text("active = 1"), postgresql_where=text("active")),
)

branch_csc = Table(
    "branch_csc",
    metadata,
    Column("branch", String(14), ForeignKey("branches.cnpj"), nullable=False),
    Column("environment", Integer, nullable=False),
    Column("csc_id", String(6), nullable=False),
    Column("csc", LargeBinary, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("branch", "environment"),
    CheckConstraint("environment IN (1, 2)", name="environment"),
)
"""CSC of the NFC-e's QR code version 2, sealed; one for each environment."""

branch_operations = Table(
    "branch_operations",
    metadata,
    Column("branch", String(14), ForeignKey("branches.cnpj"), nullable=False),
    Column("operation", String(40), nullable=False),
    Column("since", String(10), nullable=False),
    Column("data", Text, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("branch", "operation", "since"),
)
"""Rows a branch puts over the table of operations; `since` is a day, AAAA-MM-DD."""

products = Table(
    "products",
    metadata,
    Column("sku", String(60), primary_key=True),
    Column("gtin", String(14)),
    Column("reference", String(60)),
    Column("data", Text, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index("ix_products_gtin", "gtin"),
    Index("ix_products_reference", "reference"),
)

product_classifications = Table(
    "product_classifications",
    metadata,
    Column("sku", String(60), ForeignKey("products.sku"), primary_key=True),
    Column("cclasstrib", String(6), nullable=False),
    Column("origin", String(10), nullable=False),
    Column("actor", String(80), nullable=False),
    Column("reason", String(200), nullable=False),
    Column("version", String(20), nullable=False),
    Column("row_hash", String(16), nullable=False),
    Column("row", Text, nullable=False),
    Column("decided_at", BigInteger, nullable=False),
    Index("ix_product_classifications_cclasstrib", "cclasstrib", "row_hash", "sku"),
)
"""The last decision on a product's cClassTrib: `row` is the official table's row when it was taken, as JSON."""

customers = Table(
    "customers",
    metadata,
    Column("tax_id", String(14), primary_key=True),
    Column("name", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("origin", String(40), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("branches", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_used_at", BigInteger),
    Column("revoked_at", BigInteger),
)

users = Table(
    "users",
    metadata,
    Column("username", String(80), primary_key=True),
    Column("password_hash", Text, nullable=False),
    Column("role", String(20), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    CheckConstraint("role in ('admin', 'operator', 'viewer')", name="role"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("username", String(80), ForeignKey("users.username"), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("actor", String(120), nullable=False),
    Column("action", String(80), nullable=False),
    Column("subject", String(160), nullable=False),
    Column("data", Text, nullable=False),
    Index("ix_audit_at", "at"),
)

documents = Table(
    "documents",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("ref", String(100), nullable=False, unique=True),
    Column("body_hash", LargeBinary, nullable=False),
    Column("branch", String(14), ForeignKey("branches.cnpj"), nullable=False),
    Column("model", String(2), nullable=False),
    Column("environment", Integer, nullable=False),
    Column("series", Integer, nullable=False),
    Column("number", Integer),
    Column("cnf", String(8)),
    Column("issued_at", BigInteger),
    Column("chave", String(44), unique=True),
    Column("digest", String(40)),
    Column("status", String(20), nullable=False),
    Column("origin", String(20), nullable=False),
    Column("origin_ref", String(200)),
    Column("request", Text, nullable=False),
    Column("total", String(20), nullable=False),
    Column("customer_name", Text),
    Column("customer_tax_id", String(14)),
    Column("protocol", String(17)),
    Column("cstat", String(4)),
    Column("reason", Text),
    Column("authorized_at", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    CheckConstraint(
        "status in ('accepted','processing','authorized','rejected','denied','unknown','contingency','cancelled','voided')",
        name="status",
    ),
    CheckConstraint("status != 'authorized' or (chave is not null and protocol is not null)", name="authorized_has_protocol"),
    Index("ix_documents_created_at", "created_at", "id"),
    Index("ix_documents_status_created_at", "status", "created_at"),
    Index("ix_documents_customer_tax_id", "customer_tax_id", "created_at"),
    Index("ix_documents_number", "number"),
    Index("ix_documents_origin_ref", "origin_ref"),
    Index("ix_documents_branch_created_at", "branch", "created_at"),
)

document_events = Table(
    "document_events",
    metadata,
    Column("document", String(40), ForeignKey("documents.id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("text", Text, nullable=False),
    Column("data", Text, nullable=False),
    PrimaryKeyConstraint("document", "seq"),
)

artefacts = Table(
    "artefacts",
    metadata,
    Column("document", String(40), ForeignKey("documents.id"), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("version", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("document", "kind", "version"),
)
"""kind: `signed` (one version per build; only the last is live), `proc` (nfeProc), `protocol` (as received)."""

transmissions = Table(
    "transmissions",
    metadata,
    Column("document", String(40), ForeignKey("documents.id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("kind", String(12), nullable=False),
    Column("signed_version", Integer),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("outcome", String(20)),
    Column("cstat", String(4)),
    Column("reason", Text),
    Column("answer", LargeBinary),
    PrimaryKeyConstraint("document", "seq"),
)
"""One row per request that may leave for SEFAZ, written before it does; `ended_at` null after a crash means maybe sent."""

returned_items = Table(
    "returned_items",
    metadata,
    Column("document", String(40), ForeignKey("documents.id"), nullable=False),
    Column("line", Integer, nullable=False),
    Column("chave", String(44), nullable=False),
    Column("item", Integer, nullable=False),
    Column("basis", String(8), nullable=False),
    Column("size", String(20), nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("document", "line"),
    CheckConstraint("basis in ('quantity','amount')", name="basis"),
    Index("ix_returned_items_chave", "chave", "item"),
)
"""What a line of a note takes of an item of an earlier document (`chave`, ours or not), in its unit or in reais."""

number_sequences = Table(
    "number_sequences",
    metadata,
    Column("branch", String(14), nullable=False),
    Column("model", String(2), nullable=False),
    Column("series", Integer, nullable=False),
    Column("environment", Integer, nullable=False),
    Column("next", Integer, nullable=False),
    PrimaryKeyConstraint("branch", "model", "series", "environment"),
    CheckConstraint("next between 1 and 1000000000", name="next"),
)

numbers = Table(
    "numbers",
    metadata,
    Column("branch", String(14), nullable=False),
    Column("model", String(2), nullable=False),
    Column("series", Integer, nullable=False),
    Column("environment", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("document", String(40), ForeignKey("documents.id"), nullable=False, unique=True),
    Column("state", String(12), nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("branch", "model", "series", "environment", "number"),
    CheckConstraint("state in ('held','authorized','denied','cancelled','voided')", name="state"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("queue", String(20), nullable=False),
    Column("key", String(200)),
    Column("unique_key", String(200)),
    Column("subject", String(200), nullable=False),
    Column("payload", Text, nullable=False),
    Column("state", String(20), nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("crashes", Integer, nullable=False),
    Column("token", Integer, nullable=False),
    Column("again", Boolean, nullable=False),
    Column("worker", String(80)),
    Column("lease_until", BigInteger),
    Column("error_code", String(60)),
    Column("error", Text),
    Column("fix", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("done_at", BigInteger),
    CheckConstraint("state in ('ready','running','waiting','needs_attention','done','discarded')", name="state"),
    Index(
        "ix_jobs_due",
        "next_at",
        sqlite_where=text("state in ('ready','waiting')"),
        postgresql_where=text("state in ('ready','waiting')"),
    ),
    Index("ix_jobs_lease", "lease_until", sqlite_where=text("state = 'running'"), postgresql_where=text("state = 'running'")),
    Index(
        "uq_jobs_running_key",
        "key",
        unique=True,
        sqlite_where=text("state = 'running'"),
        postgresql_where=text("state = 'running'"),
    ),
    Index(
        "uq_jobs_unique_key",
        "unique_key",
        unique=True,
        sqlite_where=text("state not in ('done','discarded')"),
        postgresql_where=text("state not in ('done','discarded')"),
    ),
    Index("ix_jobs_state_kind", "state", "kind", "created_at"),
    Index("ix_jobs_subject", "subject"),
    Index(
        "ix_jobs_key",
        "key",
        "created_at",
        sqlite_where=text("state not in ('done','discarded')"),
        postgresql_where=text("state not in ('done','discarded')"),
    ),
)

job_attempts = Table(
    "job_attempts",
    metadata,
    Column("job", String(40), ForeignKey("jobs.id"), nullable=False),
    Column("n", Integer, nullable=False),
    Column("worker", String(80), nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("outcome", String(20)),
    Column("error_code", String(60)),
    Column("error", Text),
    PrimaryKeyConstraint("job", "n"),
)

guards = Table(
    "guards",
    metadata,
    Column("key", String(120), primary_key=True),
    Column("until", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
)
"""Pauses shared by every worker: `sefaz:{cnpj}:{service}` after a 656, `vtex:{account}` after a 429."""

vtex_accounts = Table(
    "vtex_accounts",
    metadata,
    Column("account", String(80), primary_key=True),
    Column("branch", String(14), ForeignKey("branches.cnpj"), nullable=False),
    Column("config", Text, nullable=False),
    Column("app_key", LargeBinary, nullable=False),
    Column("app_token", LargeBinary, nullable=False),
    Column("hook_secret", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)

inbox = Table(
    "inbox",
    metadata,
    Column("source", String(100), nullable=False),
    Column("external_id", String(200), nullable=False),
    Column("body", Text, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("times", Integer, nullable=False),
    PrimaryKeyConstraint("source", "external_id"),
)

orders = Table(
    "orders",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("source", String(20), nullable=False),
    Column("account", String(80), nullable=False),
    Column("external_id", String(80), nullable=False),
    Column("branch", String(14), ForeignKey("branches.cnpj"), nullable=False),
    Column("state", String(20), nullable=False),
    Column("external_status", String(60), nullable=False),
    Column("value", String(20), nullable=False),
    Column("customer_name", Text),
    Column("customer_tax_id", String(14)),
    Column("document", String(40), ForeignKey("documents.id")),
    Column("hold_code", String(60)),
    Column("hold_message", Text),
    Column("hold_fix", Text),
    Column("raw", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("account", "external_id"),
    Index("ix_orders_state_created_at", "state", "created_at"),
    Index("ix_orders_created_at", "created_at", "id"),
)

order_events = Table(
    "order_events",
    metadata,
    Column("order", String(40), ForeignKey("orders.id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("text", Text, nullable=False),
    Column("data", Text, nullable=False),
    PrimaryKeyConstraint("order", "seq"),
)

prints = Table(
    "prints",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("document", String(40), ForeignKey("documents.id"), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("address", String(200), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("state", String(20), nullable=False),
    Column("reason", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    CheckConstraint("state in ('queued','sending','printed','uncertain','cancelled')", name="state"),
    Index("ix_prints_document", "document"),
)

batches = Table(
    "batches",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("ref", String(100), nullable=False, unique=True),
    Column("owner", String(40), nullable=False),
    Column("branches", Text, nullable=False),
    Column("lines", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("received_at", BigInteger),
    Column("cancelled_at", BigInteger),
    Column("finished_at", BigInteger),
    Index("ix_batches_created_at", "created_at", "id"),
)
"""Many documents posted under one ref. `owner` and `branches` are of the API key that opened it; `lines` numbers its rows."""

batch_lines = Table(
    "batch_lines",
    metadata,
    Column("batch", String(40), ForeignKey("batches.id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("line", Integer, nullable=False),
    Column("ref", String(100), nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("kind", String(4), nullable=False),
    Column("body", Text),
    Column("status", String(12), nullable=False),
    Column("document", String(40), ForeignKey("documents.id")),
    Column("faults", Text),
    Column("again", Boolean, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("batch", "seq"),
    UniqueConstraint("batch", "hash"),
    CheckConstraint("kind in ('nfe','nfce','raw')", name="kind"),
    CheckConstraint(
        "status in ('taken','accepted','authorized','rejected','denied','cancelled','refused','conflict')", name="status"
    ),
    Index("ix_batch_lines_ref", "batch", "ref"),
    Index("ix_batch_lines_status", "batch", "status", "seq"),
    Index("ix_batch_lines_document", "document"),
)
"""A line and its answer. `body` is kept until a document has it; `again`: a person asked for it once more.

`status` follows the document's from the moment there is one: see `gateway.store.batch_lines.follow`.
"""

rule_modes = Table(
    "rule_modes",
    metadata,
    Column("code", String(60), nullable=False),
    Column("environment", Integer, nullable=False),
    Column("mode", String(10), nullable=False),
    Column("reason", Text, nullable=False),
    Column("forced", Boolean, nullable=False),
    Column("actor", String(120), nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("code", "environment"),
    CheckConstraint("environment IN (1, 2)", name="environment"),
    CheckConstraint("mode in ('refuse','warn','shadow','off')", name="mode"),
)
"""Modes the operator put over those of the rules; a rule without a row follows its own."""

rule_predictions = Table(
    "rule_predictions",
    metadata,
    Column("document", String(40), ForeignKey("documents.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("code", String(60), nullable=False),
    Column("environment", Integer, nullable=False),
    Column("cstat", String(40), nullable=False),
    Column("path", String(200), nullable=False),
    Column("mode", String(10), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("outcome", String(12)),
    Column("answer", String(4)),
    Column("resolved_at", BigInteger),
    PrimaryKeyConstraint("document", "version", "code"),
    CheckConstraint("outcome in ('hit','false_alarm','undetermined','miss')", name="outcome"),
    Index("ix_rule_predictions_code", "code", "environment", "at"),
)
"""What a rule said of the signed bytes of a version, before SEFAZ answered, and what it answered. A `miss` was said by nobody."""

rule_counts = Table(
    "rule_counts",
    metadata,
    Column("code", String(60), nullable=False),
    Column("environment", Integer, nullable=False),
    Column("hits", Integer, nullable=False),
    Column("misses", Integer, nullable=False),
    Column("false_alarms", Integer, nullable=False),
    Column("undetermined", Integer, nullable=False),
    PrimaryKeyConstraint("code", "environment"),
)

rule_replays = Table(
    "rule_replays",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("environment", Integer, nullable=False),
    Column("codes", Text, nullable=False),
    Column("position", String(80), nullable=False),
    Column("seen", Integer, nullable=False),
    Column("unreadable", Integer, nullable=False),
    Column("results", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    Index("ix_rule_replays_started_at", "environment", "started_at"),
)
"""Rules tried over stored authorised notes. `position`: the last note seen, so that it goes on from there; results by code."""
