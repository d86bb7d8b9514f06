"""From a stored XML to a paper in one call: what the API shows and what a print job sends."""

from __future__ import annotations

from gateway.nfe.branch import Printer
from gateway.printers import escpos, png
from gateway.printers.ir import PAPER_58, PAPER_80, Paper
from gateway.printers.slip import danfe_slip
from gateway.printers.view import read_note


def paper_of(printer: Printer) -> Paper:
    """The roll of a registered printer."""
    return PAPER_58 if printer.columns == 32 else PAPER_80


def slip_for(xml: bytes, printer: Printer) -> bytes:
    """The slip of a note as the bytes a registered printer takes. Raises InputError and ConfigInvalid as `escpos.render`."""
    paper = paper_of(printer)
    return escpos.render(danfe_slip(read_note(xml), paper), paper, printer.dialect)


def escpos_slip(xml: bytes) -> bytes:
    """The slip on 80 mm in the Epson dialect, which most printers understand."""
    return escpos.render(danfe_slip(read_note(xml), PAPER_80), PAPER_80)


def png_slip(xml: bytes) -> bytes:
    """The slip on 80 mm as a picture. Tens of milliseconds: call it off the event loop."""
    return png.render(danfe_slip(read_note(xml), PAPER_80), PAPER_80)
