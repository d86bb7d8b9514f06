"""Marks become a picture of the paper, dot for dot."""

from __future__ import annotations

import io
from functools import lru_cache
from importlib import resources

from PIL import Image, ImageDraw, ImageFont

from gateway.sim.printer.paper import CELLS, Bitmap, Font, Glyph, Paper, Style

MARGIN = 32
"""White dots around the printable area: the 4 mm at each side of an 80 mm roll, which also give codes their quiet zone."""
DPI = 203
MAX_HEIGHT = 60_000
_POINTS: dict[Font, int] = {"A": 20, "B": 15}  # IBM Plex Mono advances 0.6 em: 12 and 9 dots
_BASELINE: dict[Font, int] = {"A": 18, "B": 13}
_INK = 110
_FILE = "IBMPlexMono-Medium.ttf"


def draw(paper: Paper) -> bytes:
    """A PNG of the strip, one pixel a dot, black on white. Paper beyond 60,000 dots (7.5 m) is not shown."""
    size = (paper.width + 2 * MARGIN, min(paper.height, MAX_HEIGHT) + 2 * MARGIN)
    image = Image.new("1", size, 1)
    for mark in paper.marks:
        if mark.y >= MAX_HEIGHT:
            break
        cell = _character(mark) if isinstance(mark, Glyph) else _bitmap(mark)
        image.paste(0, (mark.x + MARGIN, mark.y + MARGIN), cell)
    out = io.BytesIO()
    image.save(out, "PNG", dpi=(DPI, DPI))
    return out.getvalue()


def _bitmap(mark: Bitmap) -> Image.Image:
    columns, rows = len(mark.rows[0]), len(mark.rows)
    cell = Image.new("1", (columns, rows))
    cell.putdata([bit == "1" for row in mark.rows for bit in row])
    return cell.resize((columns * mark.scale_x, rows * mark.scale_y), Image.Resampling.NEAREST)


def _character(mark: Glyph) -> Image.Image:
    return _styled(mark.char, mark.style)


@lru_cache(maxsize=2048)
def _styled(char: str, style: Style) -> Image.Image:
    wide, tall = CELLS[style.font]
    grey = Image.new("L", (wide + style.spacing, tall))
    pen = ImageDraw.Draw(grey)
    for shift in (0, 1) if style.bold else (0,):  # emphasis is a second strike one dot further, as a print head does it
        pen.text((shift, _BASELINE[style.font]), char, fill=255, font=_font(style.font), anchor="ls")
    if style.underline:
        pen.rectangle((0, tall - style.underline, wide + style.spacing, tall), fill=255)
    # Drawn in grey and cut at a threshold: the font's own hints for pure black and white lift accented letters off the line.
    cell = grey.point(lambda dot: 255 if dot >= _INK else 0).convert("1")
    cell = cell.resize((style.advance, style.tall), Image.Resampling.NEAREST)
    return cell.point(lambda dot: 0 if dot else 255) if style.reverse else cell


@lru_cache(maxsize=2)
def _font(font: Font) -> ImageFont.FreeTypeFont:
    file = resources.files("fontpkg_ibm_plex_mono").joinpath("files", _FILE)
    return ImageFont.truetype(io.BytesIO(file.read_bytes()), _POINTS[font])
