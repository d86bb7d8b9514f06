"""Alembic: how the database got its tables, step by step. Run by `gateway.store.schema`, never by hand."""
