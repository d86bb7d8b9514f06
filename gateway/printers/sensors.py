"""What an ESC/POS printer answers: real-time status (DLE EOT) and the in-order answer to GS r 1.

Source: Epson ESC/POS reference, DLE EOT and GS r; bytes checked on a TM-T20III.
"""

from __future__ import annotations

from gateway.workflows.ports import PaperState, PrinterStatus

QUERIES = (b"\x10\x04\x01", b"\x10\x04\x02", b"\x10\x04\x04")
"""Printer, cause of being off-line, paper roll. Each is answered at once, with one byte."""

UNREACHABLE = PrinterStatus(online=False, cover_open=False, paper="unknown", error=False)
"""Nothing answers at the address, or what answers is not a printer that tells its status."""

_OFFLINE = 0x08
_COVER_OPEN = 0x04
_STOPPED_BY_PAPER = 0x20
_ERROR = 0x40
_NEAR_END = 0x0C
_END = 0x60


def is_status(byte: int) -> bool:
    """Whether `byte` can answer DLE EOT: bits 1 and 4 set, 0 and 7 clear. Tells it from automatic status and from XON."""
    return byte & 0x93 == 0x12


def is_acknowledgement(byte: int) -> bool:
    """Whether `byte` can answer GS r 1: bits 4 and 7 clear."""
    return byte & 0x90 == 0


def status(printer: int, offline_cause: int, roll: int) -> PrinterStatus:
    """The three answers to QUERIES, in order, as one status."""
    paper: PaperState = "ok"
    if roll & _END or offline_cause & _STOPPED_BY_PAPER:
        paper = "out"
    elif roll & _NEAR_END:
        paper = "near_end"
    return PrinterStatus(
        online=not printer & _OFFLINE,
        cover_open=bool(offline_cause & _COVER_OPEN),
        paper=paper,
        error=bool(offline_cause & _ERROR),
    )
