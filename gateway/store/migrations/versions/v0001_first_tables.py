"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("branches", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("action", sa.String(length=80), nullable=False),
        sa.Column("subject", sa.String(length=160), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_at", "audit", ["at"], unique=False)
    op.create_table(
        "branches",
        sa.Column("cnpj", sa.String(length=14), nullable=False),
        sa.Column("config", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("cnpj", name=op.f("pk_branches")),
    )
    op.create_table(
        "customers",
        sa.Column("tax_id", sa.String(length=14), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("origin", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tax_id", name=op.f("pk_customers")),
    )
    op.create_table(
        "guards",
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_guards")),
    )
    op.create_table(
        "inbox",
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("source", "external_id", name=op.f("pk_inbox")),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("queue", sa.String(length=20), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=True),
        sa.Column("unique_key", sa.String(length=200), nullable=True),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("crashes", sa.Integer(), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("again", sa.Boolean(), nullable=False),
        sa.Column("worker", sa.String(length=80), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("error_code", sa.String(length=60), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("fix", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "state in ('ready','running','waiting','needs_attention','done','discarded')", name=op.f("ck_jobs_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_index(
        "ix_jobs_due",
        "jobs",
        ["next_at"],
        unique=False,
        sqlite_where=sa.text("state in ('ready','waiting')"),
        postgresql_where=sa.text("state in ('ready','waiting')"),
    )
    op.create_index(
        "ix_jobs_key",
        "jobs",
        ["key", "created_at"],
        unique=False,
        sqlite_where=sa.text("state not in ('done','discarded')"),
        postgresql_where=sa.text("state not in ('done','discarded')"),
    )
    op.create_index(
        "ix_jobs_lease",
        "jobs",
        ["lease_until"],
        unique=False,
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_index("ix_jobs_state_kind", "jobs", ["state", "kind", "created_at"], unique=False)
    op.create_index("ix_jobs_subject", "jobs", ["subject"], unique=False)
    op.create_index(
        "uq_jobs_running_key",
        "jobs",
        ["key"],
        unique=True,
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_index(
        "uq_jobs_unique_key",
        "jobs",
        ["unique_key"],
        unique=True,
        sqlite_where=sa.text("state not in ('done','discarded')"),
        postgresql_where=sa.text("state not in ('done','discarded')"),
    )
    op.create_table(
        "number_sequences",
        sa.Column("branch", sa.String(length=14), nullable=False),
        sa.Column("model", sa.String(length=2), nullable=False),
        sa.Column("series", sa.Integer(), nullable=False),
        sa.Column("environment", sa.Integer(), nullable=False),
        sa.Column("next", sa.Integer(), nullable=False),
        sa.CheckConstraint("next between 1 and 1000000000", name=op.f("ck_number_sequences_next")),
        sa.PrimaryKeyConstraint("branch", "model", "series", "environment", name=op.f("pk_number_sequences")),
    )
    op.create_table(
        "products",
        sa.Column("sku", sa.String(length=60), nullable=False),
        sa.Column("gtin", sa.String(length=14), nullable=True),
        sa.Column("reference", sa.String(length=60), nullable=True),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sku", name=op.f("pk_products")),
    )
    op.create_index("ix_products_gtin", "products", ["gtin"], unique=False)
    op.create_index("ix_products_reference", "products", ["reference"], unique=False)
    op.create_table(
        "users",
        sa.Column("username", sa.String(length=80), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("role in ('admin', 'operator', 'viewer')", name=op.f("ck_users_role")),
        sa.PrimaryKeyConstraint("username", name=op.f("pk_users")),
    )
    op.create_table(
        "certificates",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("branch", sa.String(length=14), nullable=False),
        sa.Column("pfx", sa.LargeBinary(), nullable=False),
        sa.Column("password", sa.LargeBinary(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("tax_id", sa.String(length=14), nullable=False),
        sa.Column("serial", sa.String(length=64), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("not_after", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["branch"], ["branches.cnpj"], name=op.f("fk_certificates_branch")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificates")),
    )
    op.create_index(
        "uq_certificates_active",
        "certificates",
        ["branch"],
        unique=True,
        sqlite_where=sa.text("active = 1"),
        postgresql_where=sa.text("active"),
    )
    op.create_table(
        "documents",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("ref", sa.String(length=100), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("branch", sa.String(length=14), nullable=False),
        sa.Column("model", sa.String(length=2), nullable=False),
        sa.Column("environment", sa.Integer(), nullable=False),
        sa.Column("series", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("cnf", sa.String(length=8), nullable=True),
        sa.Column("issued_at", sa.BigInteger(), nullable=True),
        sa.Column("chave", sa.String(length=44), nullable=True),
        sa.Column("digest", sa.String(length=40), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("origin", sa.String(length=20), nullable=False),
        sa.Column("origin_ref", sa.String(length=200), nullable=True),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("total", sa.String(length=20), nullable=False),
        sa.Column("customer_name", sa.Text(), nullable=True),
        sa.Column("customer_tax_id", sa.String(length=14), nullable=True),
        sa.Column("protocol", sa.String(length=17), nullable=True),
        sa.Column("cstat", sa.String(length=4), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("authorized_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "status != 'authorized' or (chave is not null and protocol is not null)",
            name=op.f("ck_documents_authorized_has_protocol"),
        ),
        sa.CheckConstraint(
            "status in ('accepted','processing','authorized','rejected','denied','unknown','contingency','cancelled','voided')",
            name=op.f("ck_documents_status"),
        ),
        sa.ForeignKeyConstraint(["branch"], ["branches.cnpj"], name=op.f("fk_documents_branch")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
        sa.UniqueConstraint("chave", name=op.f("uq_documents_chave")),
        sa.UniqueConstraint("ref", name=op.f("uq_documents_ref")),
    )
    op.create_index("ix_documents_branch_created_at", "documents", ["branch", "created_at"], unique=False)
    op.create_index("ix_documents_created_at", "documents", ["created_at", "id"], unique=False)
    op.create_index("ix_documents_customer_tax_id", "documents", ["customer_tax_id", "created_at"], unique=False)
    op.create_index("ix_documents_number", "documents", ["number"], unique=False)
    op.create_index("ix_documents_origin_ref", "documents", ["origin_ref"], unique=False)
    op.create_index("ix_documents_status_created_at", "documents", ["status", "created_at"], unique=False)
    op.create_table(
        "job_attempts",
        sa.Column("job", sa.String(length=40), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=80), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("error_code", sa.String(length=60), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"], name=op.f("fk_job_attempts_job")),
        sa.PrimaryKeyConstraint("job", "n", name=op.f("pk_job_attempts")),
    )
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("username", sa.String(length=80), nullable=False),
        sa.Column("csrf", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["username"], ["users.username"], name=op.f("fk_sessions_username")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sessions")),
    )
    op.create_table(
        "vtex_accounts",
        sa.Column("account", sa.String(length=80), nullable=False),
        sa.Column("branch", sa.String(length=14), nullable=False),
        sa.Column("config", sa.Text(), nullable=False),
        sa.Column("app_key", sa.LargeBinary(), nullable=False),
        sa.Column("app_token", sa.LargeBinary(), nullable=False),
        sa.Column("hook_secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["branch"], ["branches.cnpj"], name=op.f("fk_vtex_accounts_branch")),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_vtex_accounts")),
    )
    op.create_table(
        "artefacts",
        sa.Column("document", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["document"], ["documents.id"], name=op.f("fk_artefacts_document")),
        sa.PrimaryKeyConstraint("document", "kind", "version", name=op.f("pk_artefacts")),
    )
    op.create_table(
        "document_events",
        sa.Column("document", sa.String(length=40), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["document"], ["documents.id"], name=op.f("fk_document_events_document")),
        sa.PrimaryKeyConstraint("document", "seq", name=op.f("pk_document_events")),
    )
    op.create_table(
        "numbers",
        sa.Column("branch", sa.String(length=14), nullable=False),
        sa.Column("model", sa.String(length=2), nullable=False),
        sa.Column("series", sa.Integer(), nullable=False),
        sa.Column("environment", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("document", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("state in ('held','authorized','denied','cancelled','voided')", name=op.f("ck_numbers_state")),
        sa.ForeignKeyConstraint(["document"], ["documents.id"], name=op.f("fk_numbers_document")),
        sa.PrimaryKeyConstraint("branch", "model", "series", "environment", "number", name=op.f("pk_numbers")),
        sa.UniqueConstraint("document", name=op.f("uq_numbers_document")),
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("account", sa.String(length=80), nullable=False),
        sa.Column("external_id", sa.String(length=80), nullable=False),
        sa.Column("branch", sa.String(length=14), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("external_status", sa.String(length=60), nullable=False),
        sa.Column("value", sa.String(length=20), nullable=False),
        sa.Column("customer_name", sa.Text(), nullable=True),
        sa.Column("customer_tax_id", sa.String(length=14), nullable=True),
        sa.Column("document", sa.String(length=40), nullable=True),
        sa.Column("hold_code", sa.String(length=60), nullable=True),
        sa.Column("hold_message", sa.Text(), nullable=True),
        sa.Column("hold_fix", sa.Text(), nullable=True),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["branch"], ["branches.cnpj"], name=op.f("fk_orders_branch")),
        sa.ForeignKeyConstraint(["document"], ["documents.id"], name=op.f("fk_orders_document")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("account", "external_id", name=op.f("uq_orders_account_external_id")),
    )
    op.create_index("ix_orders_created_at", "orders", ["created_at", "id"], unique=False)
    op.create_index("ix_orders_state_created_at", "orders", ["state", "created_at"], unique=False)
    op.create_table(
        "prints",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("document", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("state in ('queued','sending','printed','uncertain','cancelled')", name=op.f("ck_prints_state")),
        sa.ForeignKeyConstraint(["document"], ["documents.id"], name=op.f("fk_prints_document")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prints")),
    )
    op.create_index("ix_prints_document", "prints", ["document"], unique=False)
    op.create_table(
        "transmissions",
        sa.Column("document", sa.String(length=40), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("signed_version", sa.Integer(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("cstat", sa.String(length=4), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["document"], ["documents.id"], name=op.f("fk_transmissions_document")),
        sa.PrimaryKeyConstraint("document", "seq", name=op.f("pk_transmissions")),
    )
    op.create_table(
        "order_events",
        sa.Column("order", sa.String(length=40), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["order"], ["orders.id"], name=op.f("fk_order_events_order")),
        sa.PrimaryKeyConstraint("order", "seq", name=op.f("pk_order_events")),
    )
