"""The process that draws DANFE pages: one note in on stdin, one PDF out on stdout, until stdin ends.

Apart from the service so that neither the event loop waits for it nor the service keeps its memory; it ends by itself when the
service dies, because the pipe ends. BrazilFiscalReport (LGPL-3.0) is imported here only, and is extended, never changed.
"""

from __future__ import annotations

import os
import sys
from typing import IO, Any

import msgspec
from brazilfiscalreport.danfe import DanfeConfig
from brazilfiscalreport.danfe.config import DanfeLayout
from brazilfiscalreport.danfe.danfe import resolve_layout
from brazilfiscalreport.danfe.danfe_moc_7_0 import DanfeMoc70
from brazilfiscalreport.danfe.danfe_nt_2026_010 import DanfeNt2026010

from gateway.core.errors import InputError
from gateway.printers.danfe import ANSWER, CANCELLED, FAILURE, INPUT, PDF, REQUEST
from gateway.printers.note import NoteView
from gateway.printers.situation import marks
from gateway.printers.view import read_note

MAX_DRAWN_ITEMS = 600
"""The library's time grows with the square of the items: 400 take 10 to 20 s, 990 pass a minute on a busy machine."""

_LAYOUTS = {DanfeLayout.MOC_7_0: DanfeMoc70, DanfeLayout.NT_2026_010: DanfeNt2026010}


def draw(xml: bytes, *, cancelled: bool) -> bytes:
    """The DANFE of a model 55 note, A4; the layout is the one in force on its date. The same XML gives the same bytes.

    Raises InputError for what is not such a note.
    """
    view = read_note(xml)
    if view.mod != "55":
        raise InputError(
            "O DANFE em A4 é da NF-e (modelo 55).", code="DANFE-MODEL", fix="Para a NFC-e, use danfe.png ou danfe.escpos."
        )
    if len(view.items) > MAX_DRAWN_ITEMS:
        raise InputError(
            f"O DANFE em PDF é desenhado até {MAX_DRAWN_ITEMS} itens; esta nota tem {len(view.items)}.",
            code="DANFE-ITEMS",
            fix="Imprima o cupom desta nota, que não tem esse limite.",
        )
    source = xml.decode("utf-8")
    if view.tpImp != "2":
        # the library draws landscape unless tpImp is 1; only 2 asks for landscape
        source = source.replace(f"<tpImp>{view.tpImp}</tpImp>", "<tpImp>1</tpImp>", 1)
    drawing = _LAYOUTS[resolve_layout(source)]
    marked = type("MarkedDanfe", (drawing,), {"_draw_void_watermark": _draw_marks, "gateway_marks": _watermark(view, cancelled)})
    page = marked(source, config=DanfeConfig())
    page.set_creation_date(view.issued_at)
    page.set_producer("gateway")
    return bytes(page.output())


def _watermark(view: NoteView, cancelled: bool) -> tuple[str, ...]:
    """The situation's words, and the environment's: a test note has no value whatever its situation."""
    words = marks(view, cancelled=cancelled)
    if view.homologation and "SEM VALOR FISCAL" not in words:
        words = (*words, "SEM VALOR FISCAL")
    return words


def _draw_marks(page: Any) -> None:
    """In place of the library's watermark, which knows neither contingency nor denial; pale, so that the page stays readable."""
    words = page.gateway_marks
    if not words:
        return
    size = 60.0
    page.set_font(page.default_font, "B", size)
    widest = max(page.get_string_width(line) for line in words)
    size *= min(1.0, 230 / widest)
    page.set_font(page.default_font, "B", size)
    pitch = size * 0.45
    x, y = page.w / 2, page.h / 2
    with page.local_context(fill_opacity=0.22), page.rotation(55, x, y):
        page.set_text_color(200, 40, 40)
        top = y - pitch * (len(words) - 1) / 2 + size * 0.12
        for i, line in enumerate(words):
            page.text(x - page.get_string_width(line) / 2, top + i * pitch, line)
    page.set_text_color(0, 0, 0)


def answer(xml: bytes, flags: int) -> tuple[bytes, bytes]:
    """Kind and bytes of the answer to one request."""
    try:
        return PDF, draw(xml, cancelled=bool(flags & CANCELLED))
    except InputError as error:
        return INPUT, msgspec.json.encode({"code": error.code, "detail": error.detail, "fix": error.fix})
    except Exception as error:
        # whatever the library raises ends here as an answer: the service decides, and this process goes on
        reason = f"{type(error).__name__}: {error}"[:300]
        return FAILURE, msgspec.json.encode({"code": "DANFE-DRAW", "detail": reason, "fix": ""})


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer requests until the pipe ends."""
    while len(header := requests.read(REQUEST.size)) == REQUEST.size:
        length, flags = REQUEST.unpack(header)
        kind, body = answer(requests.read(length), flags)
        answers.write(ANSWER.pack(kind, len(body)) + body)
        answers.flush()


def main() -> None:
    """Take stdout for answers and leave whatever a library prints to stderr."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
