"""Splitting an ESC/POS stream into commands, whatever way TCP cut it. No command is guessed: one that is not known is named
so.
"""

from __future__ import annotations

from dataclasses import dataclass

ESC, GS, FS, DLE, NUL = 0x1B, 0x1D, 0x1C, 0x10, 0x00
MAX_DATA = 4 * 1024 * 1024
"""Longest declared data; a command that announces more is taken as unknown, so that a header cannot make the buffer grow
without end.
"""


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `name` is the mnemonic of the Epson manual, `text` for printable bytes, `unknown` for the rest; `args` are its
    fixed parameters, `data` what follows them, `raw` the bytes as received."""

    name: str
    raw: bytes
    args: tuple[int, ...] = ()
    data: bytes = b""


_CONTROLS = {0x07: "BEL", 0x09: "HT", 0x0A: "LF", 0x0C: "FF", 0x0D: "CR", 0x18: "CAN"}

# Letter after ESC, GS or FS: number of one-byte parameters.
_FIXED: dict[int, dict[str, int]] = {
    ESC: {
        "@": 0, "2": 0, "i": 0, "m": 0, "L": 0, "S": 0,
        "t": 1, "a": 1, "E": 1, "G": 1, "-": 1, "M": 1, "!": 1, "d": 1, "e": 1, "J": 1, "K": 1, "3": 1, " ": 1, "R": 1, "{":
        1, "V": 1,
        "r": 1, "U": 1, "T": 1, "=": 1, "%": 1, "?": 1,
        "c": 2, "$": 2, "\\": 2, "B": 2,
        "p": 3,
        "W": 8,
    },
    GS: {
        ":": 0,
        "!": 1, "B": 1, "h": 1, "w": 1, "H": 1, "f": 1, "r": 1, "a": 1, "I": 1, "b": 1, "T": 1, "/": 1,
        "L": 2, "W": 2, "P": 2, "$": 2, "\\": 2,
        "^": 3,
    },
    FS: {"&": 0, ".": 0, "!": 1, "C": 1, "-": 1, "W": 1, "p": 2, "S": 2},
}  # fmt: skip
_PREFIX = {ESC: "ESC", GS: "GS", FS: "FS"}


class _MoreNeededError(Exception):
    """The buffer ends inside a command."""


class Parser:
    """Bytes in, whole commands out; what is left of an unfinished command waits for the next bytes."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def unfinished(self) -> bytes:
        """Bytes of a command that has not ended."""
        return bytes(self._buffer)

    def feed(self, data: bytes) -> list[Command]:
        """The commands that these bytes complete."""
        self._buffer += data
        whole = bytes(self._buffer)
        commands, start = [], 0
        while start < len(whole):
            try:
                command = _next(_Cursor(whole, start))
            except _MoreNeededError:
                break
            commands.append(command)
            start += len(command.raw)
        del self._buffer[:start]
        return commands


class _Cursor:
    """Reads forward over the bytes of one command."""

    def __init__(self, whole: bytes, start: int) -> None:
        self._whole, self._start, self._at = whole, start, start

    def take(self, count: int) -> bytes:
        if self._at + count > len(self._whole):
            raise _MoreNeededError
        self._at += count
        return self._whole[self._at - count : self._at]

    def byte(self) -> int:
        return self.take(1)[0]

    def word(self) -> int:
        return int.from_bytes(self.take(2), "little")

    def until_nul(self) -> bytes:
        end = self._whole.find(NUL, self._at)
        if end < 0:
            raise _MoreNeededError
        return self.take(end + 1 - self._at)[:-1]

    def text(self) -> bytes:
        end = self._at
        while end < len(self._whole) and self._whole[end] >= 0x20:
            end += 1
        return self.take(end - self._at)

    def done(self, name: str, args: tuple[int, ...] = (), data: bytes = b"") -> Command:
        return Command(name, self._whole[self._start : self._at], args, data)


def _next(cursor: _Cursor) -> Command:
    first = cursor.byte()
    if first >= 0x20:
        return cursor.done("text", data=bytes([first]) + cursor.text())
    if first in _CONTROLS:
        return cursor.done(_CONTROLS[first])
    if first == DLE:
        return _real_time(cursor)
    return _lettered(cursor, first) if first in _FIXED else cursor.done("unknown")


def _lettered(cursor: _Cursor, first: int) -> Command:
    letter = chr(cursor.byte())
    name = f"{_PREFIX[first]} {letter}"
    if letter in _FIXED[first]:
        return cursor.done(name, tuple(cursor.take(_FIXED[first][letter])))
    if letter == "(":
        return _extended(cursor, name)
    reader = _VARIABLE.get(name)
    return reader(cursor) if reader is not None else cursor.done("unknown")


def _real_time(cursor: _Cursor) -> Command:
    kind = cursor.byte()
    if kind in (0x04, 0x05):
        return cursor.done("DLE EOT" if kind == 0x04 else "DLE ENQ", (cursor.byte(),))
    if kind != 0x14:
        return cursor.done("unknown")
    function = cursor.byte()
    length = {1: 2, 2: 2, 8: 7}.get(function)
    return cursor.done("unknown") if length is None else cursor.done("DLE DC4", (function, *cursor.take(length)))


def _extended(cursor: _Cursor, name: str) -> Command:
    function = chr(cursor.byte())
    return cursor.done(f"{name} {function}", data=cursor.take(cursor.word()))


def _cut(cursor: _Cursor) -> Command:
    mode = cursor.byte()
    return cursor.done("GS V", (mode, cursor.byte()) if mode in (65, 66, 97, 98, 103, 104) else (mode, 0))


def _barcode(cursor: _Cursor) -> Command:
    system = cursor.byte()
    if system <= 6:
        return cursor.done("GS k", (system,), cursor.until_nul())
    if 65 <= system <= 79:
        return cursor.done("GS k", (system,), cursor.take(cursor.byte()))
    return cursor.done("unknown")


def _raster(cursor: _Cursor) -> Command:
    if cursor.byte() != 0x30:
        return cursor.done("unknown")
    mode, width_bytes, height = cursor.byte(), cursor.word(), cursor.word()
    if width_bytes * height > MAX_DATA:
        return cursor.done("unknown")
    return cursor.done("GS v 0", (mode, width_bytes, height), cursor.take(width_bytes * height))


def _bit_image(cursor: _Cursor) -> Command:
    mode, columns = cursor.byte(), cursor.word()
    return cursor.done("ESC *", (mode, columns), cursor.take(columns * (3 if mode in (32, 33) else 1)))


def _tabs(cursor: _Cursor) -> Command:
    return cursor.done("ESC D", data=cursor.until_nul())


def _large(cursor: _Cursor) -> Command:
    if cursor.byte() != 0x4C:
        return cursor.done("unknown")
    length = int.from_bytes(cursor.take(4), "little")
    return cursor.done("unknown") if length > MAX_DATA else cursor.done("GS 8 L", data=cursor.take(length))


def _download(cursor: _Cursor) -> Command:
    x, y = cursor.byte(), cursor.byte()
    return cursor.done("GS *", (x, y), cursor.take(x * y * 8))


_VARIABLE = {
    "GS V": _cut,
    "GS k": _barcode,
    "GS v": _raster,
    "ESC *": _bit_image,
    "ESC D": _tabs,
    "GS 8": _large,
    "GS *": _download,
}
