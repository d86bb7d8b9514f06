"""A document as a picture of the paper, dot for dot at 203 dpi: what the console, an e-mail and a person look at.

Drawn from the same lines as the bytes, with a font that comes as a package, so the same document gives the same picture on
any machine with the same locked packages.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from io import BytesIO

from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont

from gateway.core.errors import InputError
from gateway.printers import qrcode
from gateway.printers.ir import Barcode, Cut, Document, Drawer, Feed, Image, Paper, Qr, Span, Style
from gateway.printers.symbol import BAR_LENGTH, MODULE, place_barcode
from gateway.printers.typeset import SetLine, SetNode, typeset

LINE = 30
"""Dots from line to line; characters are 24 of them."""
HEAD, TAIL = 32, 40
"""Blank dots above the first and below the last line."""
MAX_DOTS = 60_000
"""Dots of length, 7.5 m of paper: a picture longer than this helps nobody and costs 38 MB."""

_SIZE = {"a": 20, "b": 15}
"""IBM Plex Mono is 0.6 em wide: 12 and 9 dots."""


def render(document: Document, paper: Paper) -> bytes:
    """PNG bytes, 16 greys, as wide as the paper with its margins.

    Promises that QR code and barcode decode from it. Raises InputError when the picture would be longer than MAX_DOTS or a
    code does not fit. Takes about a millisecond a line: call it off the event loop.
    """
    nodes = typeset(document, paper).nodes
    pieces = [(node, height) for i, node in enumerate(nodes) if (height := _height(node, paper, last=i == len(nodes) - 1))]
    total = HEAD + sum(height for _, height in pieces) + TAIL
    if total > MAX_DOTS:
        raise InputError(
            "A nota é longa demais para uma imagem de bobina.", code="PRINT-TOO-LONG", fix="Use o DANFE em PDF (A4) desta nota."
        )
    picture = Pictures.new("L", (paper.width_mm * 8, total), 255)
    y = HEAD
    for node, height in pieces:
        _draw(picture, node, y, height, paper)
        y += height
    return _png(picture)


def _png(picture: Pictures.Image) -> bytes:
    """Sixteen greys: two thirds of the size and a tenth of the time of 256."""
    indexes = picture.point([(grey + 8) // 17 for grey in range(256)])
    small = Pictures.frombytes("P", picture.size, indexes.tobytes())
    small.putpalette([17 * step for step in range(16) for _ in "RGB"])
    out = BytesIO()
    small.save(out, "PNG", bits=4, compress_level=6, dpi=(203.2, 203.2))
    return out.getvalue()


def _height(node: SetNode, paper: Paper, *, last: bool) -> int:
    height = 0
    match node:
        case SetLine():
            height = LINE + 24 * (node.tall - 1)
        case Qr():
            size = qrcode.size(node.data, paper.dots)
            height = (size.modules + 2 * qrcode.QUIET_ZONE) * size.module
        case Barcode():
            place = place_barcode(node.data, paper)
            height = (place.dots if place.ladder else BAR_LENGTH) + LINE
        case Image():
            height = len(node.rows)
        case Feed():
            height = LINE * node.lines
        case Cut():
            height = 0 if last else 2 * LINE
        case Drawer():
            pass
    return height


def _draw(picture: Pictures.Image, node: SetNode, y: int, height: int, paper: Paper) -> None:
    match node:
        case SetLine():
            free = paper.dots - node.dots
            x = paper.margin + {"left": 0, "center": free // 2, "right": free}[node.align]
            for span in node.spans:
                _draw_span(picture, span, x, y, node.tall)
                x += len(span.text) * span.style.cell
        case Qr():
            size = qrcode.size(node.data, paper.dots)
            _draw_rows(picture, qrcode.matrix(node.data, size.version), y + size.quiet_dots, size.module)
        case Barcode():
            place = place_barcode(node.data, paper)
            if place.ladder:
                _draw_rows(picture, place.ladder_rows(), y + LINE // 2, 1)
            else:
                _draw_rows(picture, (bytes(place.modules),), y + LINE // 2, MODULE, BAR_LENGTH)
        case Image():
            _draw_rows(picture, node.rows, y, 1)
        case Cut():
            pen = ImageDraw.Draw(picture)
            for x in range(0, picture.width, 16):
                pen.line((x, y + height // 2, x + 8, y + height // 2), fill=120)
        case _:
            pass


def _draw_rows(picture: Pictures.Image, rows: tuple[bytes, ...], y: int, dots: int, length: int | None = None) -> None:
    """Rows of 0 and 1, centred, `dots` a module; `length` stretches each row instead."""
    grey = b"".join(rows).translate(_INK)
    code = Pictures.frombytes("L", (len(rows[0]), len(rows)), grey)
    code = code.resize((code.width * dots, length or code.height * dots), Pictures.Resampling.NEAREST)
    picture.paste(code, ((picture.width - code.width) // 2, y))


_INK = b"\xff" + b"\x00" * 255


@lru_cache(maxsize=16)
def _font(size: int, bold: bool) -> ImageFont.FreeTypeFont:
    name = "IBMPlexMono-Bold.ttf" if bold else "IBMPlexMono-Medium.ttf"
    data = resources.files("fontpkg_ibm_plex_mono").joinpath("files", name).read_bytes()
    return ImageFont.truetype(BytesIO(data), size, layout_engine=ImageFont.Layout.BASIC)


def _draw_span(picture: Pictures.Image, span: Span, x: int, y: int, tall: int) -> None:
    style = span.style
    box = _set_text(span.text, style)
    # characters of every height stand on the baseline of the tallest
    picture.paste(box, (x, y + (tall - style.tall) * 24))


def _set_text(text: str, style: Style) -> Pictures.Image:
    """The span in its cells: `cell` dots wide, 24 dots tall (48 when tall) and 6 dots of leading."""
    scale = max(style.wide, style.tall)
    paper, ink = (0, 255) if style.inverse else (255, 0)
    drawn = Pictures.new("L", (len(text) * style.cell // style.wide * scale, 24 * scale + 6), paper)
    pen = ImageDraw.Draw(drawn)
    baseline = 18 * scale + 3
    pen.text((0, baseline), text, font=_font(_SIZE[style.font] * scale, style.bold), fill=ink, anchor="ls")
    if style.underline:
        pen.line((0, baseline + 4, drawn.width, baseline + 4), fill=ink, width=2 * scale)
    wanted = (len(text) * style.cell, 24 * style.tall + 6)
    return drawn if drawn.size == wanted else drawn.resize(wanted, Pictures.Resampling.LANCZOS)
