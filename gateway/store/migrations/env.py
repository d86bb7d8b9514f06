"""What Alembic runs: migrate on the connection it is handed, inside the transaction that its owner holds."""

from __future__ import annotations

from alembic import context

from gateway.store import contingency_tables, custody_tables, event_tables, received_tables, tax_tables
from gateway.store.tables import metadata

# Importing them declared their tables.
assert event_tables.fiscal_events.metadata is metadata
assert contingency_tables.receipts.metadata is metadata
assert received_tables.received_notes.metadata is metadata
assert custody_tables.ledger.metadata is metadata
assert tax_tables.approximate_rates.metadata is metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
