"""Fiscal tables, dated: read by `gateway.nfe.tables`."""
