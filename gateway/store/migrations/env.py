"""What Alembic runs: migrate on the connection it is handed, inside the transaction that its owner holds."""

from __future__ import annotations

from alembic import context

from gateway.store import contingency_tables
from gateway.store.tables import metadata

assert contingency_tables.receipts.metadata is metadata  # importing it declared its tables

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
