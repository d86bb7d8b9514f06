"""Fiscal gateway: every external edge of a Brazilian retailer, durable and issued once."""

__version__ = "0.1.0"
