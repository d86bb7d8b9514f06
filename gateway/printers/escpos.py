"""A document as ESC/POS bytes, in the dialect of the registered printer.

Only the Epson dialect is here: TM-T20/T20X, Elgin i7/i8/i9 and whatever follows them. A maker that differs is one more class
with the same methods and a row in `DIALECTS`.
"""

from __future__ import annotations

from typing import Protocol

import structlog

from gateway.core.errors import ConfigInvalid, InvariantBroken
from gateway.printers import code128, qrcode
from gateway.printers.ir import PLAIN, Align, Barcode, Cut, Document, Drawer, Feed, Image, Paper, Qr, Style
from gateway.printers.paper_text import encode
from gateway.printers.symbol import BAR_LENGTH, MODULE, place_barcode
from gateway.printers.typeset import SetLine, SetNode, typeset

log = structlog.get_logger(__name__)

LINE_DOTS = 30
"""The printer's own line pitch (ESC 2)."""
BAND_ROWS = 128
"""Rows of a picture sent in one command: what the smallest buffers take."""


_ZERO_ONE = bytes([0x30]) + bytes([0x31]) * 255
"""Bytes 0 and 1 as the digits `0` and `1`."""


class Dialect(Protocol):
    """How one family of printers is told things. Every method answers bytes and keeps no state."""

    codepage: str

    def begin(self) -> bytes: ...

    def align(self, align: Align) -> bytes: ...

    def style(self, old: Style, new: Style) -> bytes: ...

    def feed(self, lines: int) -> bytes: ...

    def qr(self, data: bytes, module: int) -> bytes: ...

    def barcode(self, runs: tuple[code128.Run, ...]) -> bytes: ...

    def picture(self, rows: tuple[bytes, ...]) -> bytes: ...

    def cut(self, *, partial: bool) -> bytes: ...

    def drawer(self, pin: int) -> bytes: ...

    def end(self) -> bytes: ...


class Epson:
    """ESC/POS as Epson publishes it. `end` asks for the paper sensor (GS r 1): the answer comes in order, after all that
    was sent before it was printed, and so says that the job ended."""

    codepage = "cp850"
    page = 2

    def begin(self) -> bytes:
        return b"\x1b@\x1bt" + bytes([self.page])

    def align(self, align: Align) -> bytes:
        return b"\x1ba" + bytes([("left", "center", "right").index(align)])

    def style(self, old: Style, new: Style) -> bytes:
        out = b""
        if old.font != new.font:
            out += b"\x1bM" + bytes([new.font == "b"])
        if old.bold != new.bold:
            out += b"\x1bE" + bytes([new.bold])
        if old.underline != new.underline:
            out += b"\x1b-" + bytes([new.underline])
        if old.inverse != new.inverse:
            out += b"\x1dB" + bytes([new.inverse])
        if (old.wide, old.tall) != (new.wide, new.tall):
            out += b"\x1d!" + bytes([(new.wide - 1) << 4 | (new.tall - 1)])
        return out

    def feed(self, lines: int) -> bytes:
        return b"\x1bd" + bytes([lines])

    def qr(self, data: bytes, module: int) -> bytes:
        store = len(data) + 3
        return (
            b"\x1d(k\x04\x001A2\x00"  # model 2
            + b"\x1d(k\x03\x001C"
            + bytes([module])
            + b"\x1d(k\x03\x001E1"  # level M
            + b"\x1d(k"
            + store.to_bytes(2, "little")
            + b"1P0"
            + data
            + b"\x1d(k\x03\x001Q0"
        )

    def barcode(self, runs: tuple[code128.Run, ...]) -> bytes:
        body = b""
        for run in runs:
            body += b"{" + run.set.encode()
            if run.set == "C":
                body += bytes(int(run.text[i : i + 2]) for i in range(0, len(run.text), 2))
            else:
                body += run.text.encode()
        return b"\x1dh" + bytes([BAR_LENGTH]) + b"\x1dw" + bytes([MODULE]) + b"\x1dH\x00\x1dkI" + bytes([len(body)]) + body

    def picture(self, rows: tuple[bytes, ...]) -> bytes:
        out = bytearray()
        for start in range(0, len(rows), BAND_ROWS):
            band = rows[start : start + BAND_ROWS]
            across = (len(band[0]) + 7) // 8
            out += b"\x1dv0\x00" + across.to_bytes(2, "little") + len(band).to_bytes(2, "little")
            for row in band:
                bits = int(row.ljust(across * 8, b"\x00").translate(_ZERO_ONE), 2)
                out += bits.to_bytes(across, "big")
        return bytes(out)

    def cut(self, *, partial: bool) -> bytes:
        return b"\x1dV" + (b"B" if partial else b"A") + b"\x00"

    def drawer(self, pin: int) -> bytes:
        return b"\x1bp" + bytes([pin, 50, 200])

    def end(self) -> bytes:
        return b"\x1dr\x01"


_EPSON = Epson()

DIALECTS: dict[str, Dialect] = {"epson": _EPSON, "elgin": _EPSON}
"""By the name in the printer's registration; Elgin's i7, i8 and i9 speak Epson's."""


def render(document: Document, paper: Paper, dialect: str = "epson") -> bytes:
    """The whole job, for one write: reset, code page, document, a cut after its last slip, the request for an answer.

    Pure but for a log line when a character had to become `?`. A `Drawer` must be alone in its document: a job that may be
    sent again must not open the drawer again (InvariantBroken). Raises ConfigInvalid for a dialect we do not have, InputError
    for a QR code or barcode that does not fit the paper.
    """
    speaker = DIALECTS.get(dialect)
    if speaker is None:
        known = ", ".join(sorted(DIALECTS))
        raise ConfigInvalid(
            f"O dialeto de impressora {dialect!r} não existe.", fix=f"Use um destes no cadastro da impressora: {known}."
        )
    if len(document.nodes) > 1 and any(isinstance(node, Drawer) for node in document.nodes):
        raise InvariantBroken("a abertura da gaveta precisa ir em um trabalho próprio")
    sheet = typeset(document, paper)
    writer = _Writer(speaker, paper)
    for node in sheet.nodes:
        writer.write(node)
    if sheet.nodes and not isinstance(sheet.nodes[-1], Cut | Drawer):
        writer.write(Cut())
    if lost := sheet.lost + writer.lost:
        log.warning(
            "printers.escpos.characters_lost", count=len(lost), characters="".join(sorted(set(lost)))[:40], title=document.title
        )
    return speaker.begin() + bytes(writer.out) + speaker.end()


class _Writer:
    """Remembers what the printer was last told, so that nothing is said twice."""

    def __init__(self, dialect: Dialect, paper: Paper) -> None:
        self.out = bytearray()
        self.lost = ""
        self._dialect = dialect
        self._paper = paper
        self._align: Align = "left"
        self._style = PLAIN

    def write(self, node: SetNode) -> None:
        match node:
            case SetLine():
                self._line(node)
            case Qr():
                self._qr(node)
            case Barcode():
                self._barcode(node)
            case Image():
                self._set_align("center")
                self.out += self._dialect.picture(node.rows)
            case Feed():
                self.out += self._dialect.feed(node.lines)
            case Cut():
                self.out += self._dialect.cut(partial=node.partial)
            case Drawer():
                self.out += self._dialect.drawer(node.pin)

    def _set_align(self, align: Align) -> None:
        if align != self._align:
            self.out += self._dialect.align(align)
            self._align = align

    def _set_style(self, style: Style) -> None:
        self.out += self._dialect.style(self._style, style)
        self._style = style

    def _line(self, line: SetLine) -> None:
        self._set_align(line.align)
        for span in line.spans:
            self._set_style(span.style)
            data, lost = encode(span.text, self._dialect.codepage)
            self.out += data
            self.lost += lost
        self.out += b"\n"

    def _qr(self, node: Qr) -> None:
        size = qrcode.size(node.data, self._paper.dots)
        quiet = -(-size.quiet_dots // LINE_DOTS)
        self._set_align("center")
        self._set_style(PLAIN)
        self.out += (
            self._dialect.feed(quiet) + self._dialect.qr(node.data.encode("utf-8"), size.module) + self._dialect.feed(quiet)
        )

    def _barcode(self, node: Barcode) -> None:
        place = place_barcode(node.data, self._paper)
        self._set_align("center")
        self._set_style(PLAIN)
        if place.ladder:
            self.out += self._dialect.feed(1) + self._dialect.picture(place.ladder_rows()) + self._dialect.feed(1)
        else:
            self.out += self._dialect.barcode(code128.runs(node.data)) + b"\n"
