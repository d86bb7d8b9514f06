"""CODE128 as the printer understands it (GS k 73): code sets chosen by the data itself, bars computed here (ISO/IEC 15417)."""

from __future__ import annotations

# Widths of bar, space, bar, space, bar, space for the values 0 to 105, in the standard's order.
_TABLE = """
212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222 123122
123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321 232121 111323
131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121 313121 211331 231131
213113 213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 111422 121124 121421 141122
141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 241112 134111 111242 121142 121241 114212 124112
124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113 114311 411113 411311 113141 114131 311141
411131 211412 211214 211232
"""
_WIDTHS = _TABLE.split()
_STOP = "2331112"
_START = {"A": 103, "B": 104, "C": 105}
_SWITCH = {"A": 101, "B": 100, "C": 99}
_FNC = {"1": {"A": 102, "B": 102, "C": 102}, "2": {"A": 97, "B": 97}, "3": {"A": 96, "B": 96}, "4": {"A": 101, "B": 100}}
_SHIFT = 98


class BarcodeError(Exception):
    """The data is not what GS k 73 takes; a real printer prints nothing."""


class Code128:
    """`modules` is the drawing, one character a module, 1 is black; `text` is what a scanner reads."""

    def __init__(self, data: bytes) -> None:
        """`data` as in the command: `{A`, `{B` or `{C` first, `{{` for a brace, `{S` shift, `{1` to `{4` functions; in code
        set C one
        byte is a pair of digits, 0 to 99. Raises BarcodeError."""
        self._values: list[int] = []
        self._set = ""
        self._text: list[str] = []
        self._read(data)
        check = sum(value * max(1, position) for position, value in enumerate(self._values)) % 103
        symbols = [_WIDTHS[value] for value in (*self._values, check)] + [_STOP]
        bars = [("1" if position % 2 == 0 else "0") * int(width) for symbol in symbols for position, width in enumerate(symbol)]
        self.modules = "".join(bars)
        self.text = "".join(self._text)

    def _read(self, data: bytes) -> None:
        if len(data) < 3 or data[:1] != b"{" or chr(data[1]) not in _START:
            raise BarcodeError("the data must start with {A, {B or {C")
        position, shifted = 0, False
        while position < len(data):
            brace = data[position] == 0x7B
            if brace and position + 1 >= len(data):
                raise BarcodeError("a brace must be followed by a letter")
            if brace and data[position + 1] != 0x7B:
                shifted = self._escape(chr(data[position + 1]))
            else:
                self._character(data[position], shifted=shifted)
                shifted = False
            position += 2 if brace else 1

    def _escape(self, letter: str) -> bool:
        if letter in _START:
            self._values.append(_SWITCH[letter] if self._set else _START[letter])
            self._set = letter
        elif letter in _FNC and self._set in _FNC[letter]:
            self._values.append(_FNC[letter][self._set])
        elif letter == "S" and self._set in ("A", "B"):
            self._values.append(_SHIFT)
            return True
        else:
            raise BarcodeError(f"unknown escape {{{letter} in code set {self._set}")
        return False

    def _character(self, byte: int, *, shifted: bool) -> None:
        wanted = {"A": "B", "B": "A"}[self._set] if shifted else self._set
        if wanted == "C" and byte <= 99:
            value, text = byte, f"{byte:02d}"
        elif wanted == "A" and byte < 0x60:
            value, text = (byte - 0x20 if byte >= 0x20 else byte + 0x40), chr(byte)
        elif wanted == "B" and 0x20 <= byte <= 0x7F:
            value, text = byte - 0x20, chr(byte)
        else:
            raise BarcodeError(f"byte {byte:#04x} does not exist in code set {wanted}")
        self._values.append(value)
        self._text.append(text)
