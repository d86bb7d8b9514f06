"""What a paper says, before it is bytes or pixels: the one form between every layout and every printer.

Nodes are logical: a `Line` is as long as its text and is wrapped by `typeset` for the paper at hand, so one document prints on
any width. Texts may be anything; hygiene happens in `typeset`, once, for every medium.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Align = Literal["left", "center", "right"]
Font = Literal["a", "b"]


@dataclass(frozen=True, slots=True)
class Paper:
    """A roll: printable dots at 203 dpi (8 a mm), the width of the paper itself, and the columns of fonts A and B."""

    name: str
    dots: int
    width_mm: int

    @property
    def columns(self) -> int:
        return self.dots // CELL["a"]

    @property
    def columns_b(self) -> int:
        return self.dots // CELL["b"]

    @property
    def margin(self) -> int:
        """Dots at each side that the head does not reach."""
        return (self.width_mm * 8 - self.dots) // 2


CELL: dict[Font, int] = {"a": 12, "b": 9}
"""Dots a character is wide."""

PAPER_80 = Paper("80mm", dots=576, width_mm=80)
PAPER_58 = Paper("58mm", dots=384, width_mm=58)
PAPERS = {paper.name: paper for paper in (PAPER_80, PAPER_58)}


@dataclass(frozen=True, slots=True)
class Style:
    """How characters look. `wide` and `tall` are multiples, 1 or 2."""

    font: Font = "a"
    bold: bool = False
    underline: bool = False
    inverse: bool = False
    wide: int = 1
    tall: int = 1

    @property
    def cell(self) -> int:
        """Dots one character is wide."""
        return CELL[self.font] * self.wide


PLAIN = Style()
BOLD = Style(bold=True)
FINE = Style(font="b")


@dataclass(frozen=True, slots=True)
class Span:
    """Characters of one style."""

    text: str
    style: Style = PLAIN


@dataclass(frozen=True, slots=True)
class Line:
    """A paragraph. `hang` columns indent its second and further lines; `balanced` evens the lengths of a centred one."""

    spans: tuple[Span, ...]
    align: Align = "left"
    hang: int = 0
    balanced: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """`left` at the left, `right` at the right of the same line; a long left wraps above it."""

    left: Span
    right: Span
    hang: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across the paper."""

    double: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """Centred lines in a frame."""

    lines: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Qr:
    """A QR code, printed verbatim, centred, with its quiet zone."""

    data: str


@dataclass(frozen=True, slots=True)
class Barcode:
    """A CODE-128, centred; along the paper when it is too wide for it."""

    data: str


@dataclass(frozen=True, slots=True)
class Image:
    """A one-bit picture, centred: `rows` of 0 (paper) and 1 (ink), all of the same length."""

    rows: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Feed:
    """Blank lines."""

    lines: int = 1


@dataclass(frozen=True, slots=True)
class Cut:
    """The end of one slip."""

    partial: bool = True


@dataclass(frozen=True, slots=True)
class Drawer:
    """Opens the cash drawer. Travels alone: a document that may be printed again must not open it again."""

    pin: int = 0


Node = Line | Pair | Rule | Box | Qr | Barcode | Image | Feed | Cut | Drawer


@dataclass(frozen=True, slots=True)
class Document:
    """Nodes in the order they leave the printer. `title` names the job for people."""

    nodes: tuple[Node, ...]
    title: str = field(default="")


def line(text: str, style: Style = PLAIN, align: Align = "left", *, hang: int = 0) -> Line:
    """A paragraph of one style."""
    return Line((Span(text, style),), align, hang)


def centered(text: str, style: Style = PLAIN) -> Line:
    """A centred paragraph whose lines are of like length."""
    return Line((Span(text, style),), "center", balanced=True)


def pair(left: str, right: str, style: Style = PLAIN, *, hang: int = 0) -> Pair:
    """`left` and `right` of one style."""
    return Pair(Span(left, style), Span(right, style), hang)
