"""Where barcodes and QR codes stand on a roll and how large: one decision for bytes and for pixels."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.core.errors import InputError
from gateway.printers.code128 import QUIET_ZONE, modules
from gateway.printers.ir import Paper

BAR_LENGTH = 80
"""Dots, 10 mm: MOC Annex II asks for 8 mm."""
LADDER_LENGTH = 96
"""Dots, 12 mm, a multiple of 8: bars of a symbol that runs along the paper."""
MODULE = 2
"""Dots, 0.25 mm: below that a 203 dpi head does not print what a reader can tell apart."""


@dataclass(frozen=True, slots=True)
class BarcodePlace:
    """`ladder`: the symbol runs along the paper, its bars across."""

    modules: tuple[bool, ...]
    ladder: bool

    @property
    def dots(self) -> int:
        """Length of the symbol without quiet zones."""
        return len(self.modules) * MODULE

    def ladder_rows(self) -> tuple[bytes, ...]:
        """The symbol that runs along the paper, one row a dot, 0 blank and 1 ink."""
        return tuple(bytes([bar]) * LADDER_LENGTH for bar in self.modules for _ in range(MODULE))


def place_barcode(data: str, paper: Paper) -> BarcodePlace:
    """Across the paper when it fits with its quiet zones (the unprintable margins count), along it otherwise.

    A key with letters needs 354 modules or more, 89 mm: wider than any roll. Raises InputError when `data` is no CODE-128.
    """
    try:
        bars = modules(data)
    except ValueError as error:
        raise InputError(f"O código de barras não pode ser desenhado: {error}.", code="PRINT-BARCODE") from error
    dots = len(bars) * MODULE
    fits = dots <= paper.dots and (paper.dots - dots) // 2 + paper.margin >= QUIET_ZONE * MODULE
    return BarcodePlace(bars, ladder=not fits)
