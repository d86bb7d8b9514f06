"""Tables of taxes that operators upload. See `tables`."""

from __future__ import annotations

from sqlalchemy import Column, PrimaryKeyConstraint, String, Table

from gateway.store.tables import metadata

approximate_rates = Table(
    "approximate_rates",
    metadata,
    Column("uf", String(2), nullable=False),
    Column("code", String(9), nullable=False),
    Column("ex", String(3), nullable=False),
    Column("kind", String(1), nullable=False),
    Column("since", String(10), nullable=False),
    Column("until", String(10), nullable=False),
    Column("national", String(8), nullable=False),
    Column("imported", String(8), nullable=False),
    Column("state", String(8), nullable=False),
    Column("municipal", String(8), nullable=False),
    Column("source", String(40), nullable=False),
    Column("version", String(20), nullable=False),
    Column("key", String(20), nullable=False),
    PrimaryKeyConstraint("uf", "code", "ex", "kind", "since"),
)
"""Approximate taxes (Lei 12.741) by state and NCM; rates are percent, days are AAAA-MM-DD."""
