"""A document as plain text: the lines of the paper, character for character. Codes stand as their content between brackets."""

from __future__ import annotations

from gateway.printers.ir import Barcode, Cut, Document, Drawer, Feed, Paper, Qr
from gateway.printers.typeset import SetLine, typeset

_FRAMES = str.maketrans("─═║╔╗╚╝", "-=|++++")


def render(document: Document, paper: Paper) -> str:
    """Lines end in `\\n`; a cut is a line of `- - -`. For logs, e-mails, tests and people without a printer."""
    lines: list[str] = []
    for node in typeset(document, paper).nodes:
        match node:
            case SetLine():
                lines.append(_line(node, paper))
            case Qr():
                lines.append(f"[QR {node.data}]")
            case Barcode():
                lines.append(f"[CODE-128 {node.data}]")
            case Feed():
                lines.extend([""] * node.lines)
            case Cut():
                lines.append("- " * (paper.columns // 2))
            case Drawer():
                lines.append("[gaveta]")
            case _:
                lines.append("[imagem]")
    return "".join(line.rstrip() + "\n" for line in lines)


def _line(line: SetLine, paper: Paper) -> str:
    text = line.text.translate(_FRAMES)
    free = paper.dots - line.dots
    columns = {"left": 0, "center": free // 2, "right": free}[line.align] // 12
    return " " * columns + text
