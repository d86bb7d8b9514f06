"""IPI of an item."""

from __future__ import annotations

from gateway.nfe.layout.ipi import Ipi, IpiNt


def resolve_ipi(cst: str) -> Ipi | None:
    """IPI told as not taxed. cEnq 999: other; a retailer has no legal framing of its own."""
    return Ipi(cEnq="999", IPINT=IpiNt(CST=cst)) if cst else None
