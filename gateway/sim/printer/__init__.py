"""A virtual ESC/POS printer: TCP 9100 in, status bytes and PNG receipts out, with a small HTTP control."""

from gateway.sim.printer.control import PrinterControl
from gateway.sim.printer.receipt import Receipt
from gateway.sim.printer.server import PrinterFaults, VirtualPrinter

__all__ = ["PrinterControl", "PrinterFaults", "Receipt", "VirtualPrinter"]
