"""Commands become marks on paper: text, styles, codes, images, feeds and cuts of the Epson dialect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import segno

from gateway.sim.printer.barcode import BarcodeError, Code128
from gateway.sim.printer.commands import Command
from gateway.sim.printer.paper import CELLS, Bitmap, Glyph, Paper, Style

CODE_PAGES = {0: "cp437", 2: "cp850", 3: "cp860", 16: "cp1252", 19: "cp858"}
DEFAULT_SPACING = 30
QR_LEVELS = {48: "L", 49: "M", 50: "Q", 51: "H"}
FULL_CUTS = frozenset({0, 48, 65, 97, 103})
PARTIAL_CUTS = frozenset({1, 49, 66, 98, 104})


@dataclass(frozen=True, slots=True)
class Cut:
    """The blade moved."""

    partial: bool


@dataclass(slots=True)
class _Code:
    """Parameters of bar and QR codes; a reset brings these back."""

    bar_height: int = 162
    bar_module: int = 3
    bar_text: int = 0
    qr_module: int = 3
    qr_level: int = 48
    qr_model: int = 50
    qr_data: bytes = b""


class Interpreter:
    """The mechanism: one, shared by all connections, with the modes the last job left. `width` is the printable width in dots."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.paper = Paper(width)
        self._handlers: dict[str, Callable[[Command], None]] = self._table()
        self._reset()

    @property
    def busy(self) -> bool:
        """Something of an uncut receipt is on the paper or in the line buffer."""
        return bool(self._line or self.paper.marks)

    def apply(self, command: Command) -> Cut | None:
        """Carries out one command. What the printer does not know or cannot do becomes an event; nothing is ignored silently."""
        self.paper.raw += command.raw
        if command.name in ("GS V", "ESC i", "ESC m"):
            return self._cut(command)
        handler = self._handlers.get(command.name)
        if handler is not None:
            handler(command)
        else:
            kind = "command.unknown" if command.name == "unknown" else "command.unsupported"
            self.note(kind, command=command.name, raw=command.raw[:64].hex())
        return None

    def take_paper(self) -> Paper:
        """Tears off the strip: what is in the line buffer is printed first."""
        if self._line:
            self._print_line()
        done, self.paper = self.paper, Paper(self.width)
        return done

    def note(self, kind: str, **details: Any) -> None:
        """Writes an event down."""
        self.paper.events.append({"type": kind, "y": self.paper.height, **details})

    def _table(self) -> dict[str, Callable[[Command], None]]:
        return {
            "text": self._text,
            "LF": lambda _: self._print_line(),
            "CR": lambda _: None,  # with LF it is part of the line end; the printer is set to ignore it
            "HT": lambda _: self._tab(),
            "BEL": lambda _: self.note("beep"),
            "ESC B": lambda c: self.note("beep", times=c.args[0]),
            "ESC ( A": lambda _: self.note("beep"),
            "ESC @": lambda _: self._reset(),
            "ESC t": lambda c: self._code_page(c.args[0]),
            "ESC R": self._international,
            "ESC a": self._align,
            "ESC E": lambda c: self._restyle(bold=bool(c.args[0] & 1)),
            "ESC G": lambda c: self._restyle(bold=bool(c.args[0] & 1)),
            "ESC -": lambda c: self._restyle(underline=c.args[0] % 48 if c.args[0] % 48 <= 2 else 0),
            "ESC M": lambda c: self._restyle(font="B" if c.args[0] in (1, 49) else "A"),
            "ESC !": self._mode,
            "ESC  ": lambda c: self._restyle(spacing=c.args[0]),
            "GS !": lambda c: self._restyle(width=(c.args[0] >> 4 & 7) + 1, height=(c.args[0] & 7) + 1),
            "GS B": lambda c: self._restyle(reverse=bool(c.args[0] & 1)),
            "ESC 2": lambda _: self._set_spacing(DEFAULT_SPACING),
            "ESC 3": lambda c: self._set_spacing(c.args[0]),
            "ESC d": lambda c: self._feed_lines(c.args[0]),
            "ESC J": lambda c: self._feed_dots(c.args[0]),
            "ESC p": lambda c: self.note("drawer", pin=c.args[0] % 48, on_ms=c.args[1] * 2, off_ms=c.args[2] * 2),
            "GS h": lambda c: self._set_code(bar_height=max(1, c.args[0])),
            "GS w": lambda c: self._set_code(bar_module=min(6, max(1, c.args[0]))),
            "GS H": lambda c: self._set_code(bar_text=c.args[0] % 48),
            "GS f": lambda c: None if c.args[0] in (0, 48) else self.note("command.unsupported", command="GS f", raw=c.raw.hex()),
            "GS k": self._barcode,
            "GS ( k": self._two_dimensional,
            "GS v 0": self._raster,
        }

    def _reset(self) -> None:
        self._line: list[tuple[str, Style]] = []
        self._style = Style()
        self._justify = 0
        self._spacing = DEFAULT_SPACING
        self._encoding = CODE_PAGES[0]
        self._code = _Code()

    def _restyle(self, **changes: Any) -> None:
        self._style = replace(self._style, **changes)

    def _set_spacing(self, dots: int) -> None:
        self._spacing = dots

    def _set_code(self, **changes: Any) -> None:
        self._code = replace(self._code, **changes)

    def _mode(self, command: Command) -> None:
        bits = command.args[0]
        font = "B" if bits & 0x01 else "A"
        underline = 1 if bits & 0x80 else 0
        width, height = (2 if bits & 0x20 else 1), (2 if bits & 0x10 else 1)
        self._restyle(font=font, bold=bool(bits & 0x08), height=height, width=width, underline=underline)

    def _align(self, command: Command) -> None:
        wanted = command.args[0] % 48
        if wanted <= 2:
            self._justify = wanted

    def _code_page(self, number: int) -> None:
        if number in CODE_PAGES:
            self._encoding = CODE_PAGES[number]
        else:
            self.note("codepage.unsupported", page=number)

    def _international(self, command: Command) -> None:
        if command.args[0] != 0:
            self.note("command.unsupported", command="ESC R", raw=command.raw.hex())

    def _text(self, command: Command) -> None:
        decoded = command.data.decode(self._encoding, "replace")
        if "\ufffd" in decoded:
            self.note("text.undefined", encoding=self._encoding, raw=command.data.hex())
        for char in decoded:
            self._put(char)

    def _put(self, char: str) -> None:
        used = sum(style.advance for _, style in self._line)
        if self._line and used + self._style.advance > self.width:
            self._print_line()
        self._line.append((char, self._style))

    def _tab(self) -> None:
        stop = 8 * self._style.advance
        used = sum(style.advance for _, style in self._line)
        for _ in range((stop - used % stop) // self._style.advance):
            self._put(" ")

    def _print_line(self) -> None:
        tallest = max((style.tall for _, style in self._line), default=0)
        x = self._left(sum(style.advance for _, style in self._line))
        for char, style in self._line:
            self.paper.marks.append(Glyph(x, self.paper.height + tallest - style.tall, char, style))
            x += style.advance
        self.paper.lines.append("".join(char for char, _ in self._line))
        self.paper.height += max(self._spacing, tallest)
        self._line = []

    def _left(self, width: int) -> int:
        return max(0, (0, (self.width - width) // 2, self.width - width)[self._justify])

    def _feed_lines(self, count: int) -> None:
        for _ in range(count):
            self._print_line()
        if count == 0 and self._line:
            self._print_line()

    def _feed_dots(self, dots: int) -> None:
        if self._line:
            spacing, self._spacing = self._spacing, 0
            self._print_line()
            self._spacing = spacing
        self.paper.height += dots

    def _cut(self, command: Command) -> Cut | None:
        if command.name != "GS V":
            return Cut(partial=True)
        mode, feed = command.args
        if mode not in FULL_CUTS | PARTIAL_CUTS:
            self.note("command.unsupported", command="GS V", raw=command.raw.hex())
            return None
        self._feed_dots(feed)
        return Cut(partial=mode in PARTIAL_CUTS)

    def _barcode(self, command: Command) -> None:
        system = command.args[0]
        if system != 73:
            self.note("command.unsupported", command="GS k", raw=command.raw[:64].hex())
            return
        try:
            code = Code128(command.data)
        except BarcodeError as error:
            self.note("barcode.invalid", reason=str(error), raw=command.data.hex())
            return
        width = len(code.modules) * self._code.bar_module
        if width > self.width:
            self.note("barcode.too_wide", dots=width, data=code.text)
            return
        self.note("barcode", system="CODE128", data=code.text, module=self._code.bar_module, height=self._code.bar_height)
        if self._code.bar_text in (1, 3):
            self._caption(code.text)
        self._stamp((code.modules,), self._code.bar_module, self._code.bar_height)
        if self._code.bar_text in (2, 3):
            self._caption(code.text)

    def _caption(self, text: str) -> None:
        style = Style()
        x = self._left(len(text) * style.advance)
        self.paper.marks += [Glyph(x + place * style.advance, self.paper.height, char, style) for place, char in enumerate(text)]
        self.paper.height += CELLS["A"][1]

    def _two_dimensional(self, command: Command) -> None:
        data = command.data
        if len(data) < 3 or data[0] != 49:
            self.note("command.unsupported", command="GS ( k", raw=command.raw[:64].hex())
            return
        function, parameters = data[1], data[2:]
        if function == 65:
            self._set_code(qr_model=parameters[0])
        elif function == 67:
            self._set_code(qr_module=min(16, max(1, parameters[0])))
        elif function == 69 and parameters[0] in QR_LEVELS:
            self._set_code(qr_level=parameters[0])
        elif function == 80 and parameters[0] == 48:
            self._set_code(qr_data=parameters[1:])
        elif function == 81 and parameters[0] == 48:
            self._print_qr()
        else:
            self.note("command.unsupported", command="GS ( k", raw=command.raw[:64].hex())

    def _print_qr(self) -> None:
        data, level, module = self._code.qr_data, QR_LEVELS[self._code.qr_level], self._code.qr_module
        text = data.decode("utf-8", "backslashreplace")
        if not data:
            self.note("qr.empty")
            return
        if self._code.qr_model != 50:
            self.note("qr.unsupported_model", model=self._code.qr_model)
            return
        try:
            symbol = segno.make_qr(data, error=level, boost_error=False)
        except segno.DataOverflowError:
            self.note("qr.too_long", bytes=len(data))
            return
        rows = tuple("".join("1" if cell else "0" for cell in row) for row in symbol.matrix)
        if len(rows) * module > self.width:
            self.note("qr.too_wide", dots=len(rows) * module, data=text)
            return
        self.note("qr", data=text, level=level, module=module, modules=len(rows))
        self._stamp(rows, module, module)

    def _raster(self, command: Command) -> None:
        mode, width_bytes, height = command.args
        if mode % 48 > 3 or not width_bytes or not height:
            self.note("command.unsupported", command="GS v 0", raw=command.raw[:64].hex())
            return
        lines = (command.data[y * width_bytes : (y + 1) * width_bytes] for y in range(height))
        rows = tuple("".join(f"{byte:08b}" for byte in line) for line in lines)
        scale_x, scale_y = 1 + (mode & 1), 1 + (mode >> 1 & 1)
        visible = self.width // scale_x
        if width_bytes * 8 > visible:
            self.note("image.clipped", dots=width_bytes * 8 * scale_x)
            rows = tuple(row[:visible] for row in rows)
        self.note("image", width=len(rows[0]) * scale_x, height=height * scale_y)
        self._stamp(rows, scale_x, scale_y)

    def _stamp(self, rows: tuple[str, ...], scale_x: int, scale_y: int) -> None:
        if self._line:
            self._print_line()
        self.paper.marks.append(Bitmap(self._left(len(rows[0]) * scale_x), self.paper.height, rows, scale_x, scale_y))
        self.paper.height += len(rows) * scale_y
