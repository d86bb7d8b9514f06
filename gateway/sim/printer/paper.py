"""What lands on the paper, as a list of marks in dots; drawing them is somebody else's work."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Font = Literal["A", "B"]
CELLS: dict[Font, tuple[int, int]] = {"A": (12, 24), "B": (9, 17)}
"""Width and height of a character cell in dots (203 dpi)."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a character looks. `width` and `height` multiply the cell (1 to 8); `underline` is its thickness in dots."""

    font: Font = "A"
    bold: bool = False
    underline: int = 0
    width: int = 1
    height: int = 1
    reverse: bool = False
    spacing: int = 0

    @property
    def advance(self) -> int:
        """Dots to the next character."""
        return (CELLS[self.font][0] + self.spacing) * self.width

    @property
    def tall(self) -> int:
        """Height of the cell in dots."""
        return CELLS[self.font][1] * self.height


@dataclass(frozen=True, slots=True)
class Glyph:
    """A character with its top left corner."""

    x: int
    y: int
    char: str
    style: Style


@dataclass(frozen=True, slots=True)
class Bitmap:
    """Black and white rows of `0` and `1`; each cell is `scale_x` by `scale_y` dots. QR codes, barcodes and raster images."""

    x: int
    y: int
    rows: tuple[str, ...]
    scale_x: int
    scale_y: int


Mark = Glyph | Bitmap


@dataclass(slots=True)
class Paper:
    """The strip since the last cut."""

    width: int
    height: int = 0
    marks: list[Mark] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    raw: bytearray = field(default_factory=bytearray)

    @property
    def blank(self) -> bool:
        """Nothing was printed, though the strip may be long."""
        return not self.marks
