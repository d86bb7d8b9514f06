"""The exact bytes of every command of the Epson dialect."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image as Pictures
from structlog.testing import capture_logs

from gateway.core.errors import ConfigInvalid, InputError, InvariantBroken
from gateway.printers import escpos, png
from gateway.printers.ir import (
    BOLD,
    FINE,
    PAPER_58,
    PAPER_80,
    Barcode,
    Cut,
    Document,
    Drawer,
    Feed,
    Image,
    Line,
    Node,
    Qr,
    Span,
    Style,
    centered,
    line,
)

BEGIN = b"\x1b@\x1bt\x02"
END = b"\x1dr\x01"
CUT = b"\x1dVB\x00"


def body(*nodes: Node) -> bytes:
    data = escpos.render(Document(nodes), PAPER_80)
    assert data.startswith(BEGIN)
    assert data.endswith(CUT + END)
    return data.removeprefix(BEGIN).removesuffix(CUT + END)


def test_every_job_ends_in_a_cut_and_the_request_for_an_answer() -> None:
    assert escpos.render(Document((line("a"),)), PAPER_80) == BEGIN + b"a\n" + CUT + END
    assert escpos.render(Document((line("a"), Cut())), PAPER_80) == BEGIN + b"a\n" + CUT + END
    two = escpos.render(Document((line("a"), Cut(), line("b"), Cut(partial=False))), PAPER_80)
    assert two == BEGIN + b"a\n" + CUT + b"b\n\x1dVA\x00" + END


def test_accents_are_cp850() -> None:
    assert body(line("Ação ÇÃÕÜ ªº½§")) == b"A\x87\xc6o \x80\xc7\xe5\x9a \xa6\xa7\xab\xf5\n"


def test_only_what_changes_is_said() -> None:
    spans = (Span("a"), Span("b", BOLD), Span("c", Style(bold=True, wide=2, tall=2)), Span("d"))
    assert body(Line(spans)) == b"a\x1bE\x01b\x1d!\x11c\x1bE\x00\x1d!\x00d\n"
    assert body(line("x", FINE), line("y")) == b"\x1bM\x01x\n\x1bM\x00y\n"
    assert body(line("u", Style(underline=True, inverse=True)), Feed(3)) == b"\x1b-\x01\x1dB\x01u\n\x1bd\x03"
    assert body(centered("a"), centered("b"), line("c")) == b"\x1ba\x01a\nb\n\x1ba\x00c\n"


def test_qr() -> None:
    data = "https://example.test/qrcode?p=" + "1" * 74
    assert body(Qr(data)) == (
        b"\x1ba\x01\x1bd\x01\x1d(k\x04\x001A2\x00\x1d(k\x03\x001C\x05\x1d(k\x03\x001E1\x1d(k\x6b\x001P0"
        + data.encode()
        + b"\x1d(k\x03\x001Q0\x1bd\x01"
    )


def test_barcode_across_the_paper() -> None:
    assert body(Barcode("5225AB83")) == b"\x1ba\x01\x1dhP\x1dw\x02\x1dH\x00\x1dkI\x0b{C\x34\x19{AAB{C\x53\n"


def test_barcode_along_the_paper_is_a_picture_in_bands() -> None:
    data = body(Barcode("35261112ABC34501DE35550010000001261482019370"))
    assert data.startswith(b"\x1ba\x01\x1bd\x01\x1dv0\x00\x0c\x00\x80\x00" + b"\xff" * 12 * 4 + b"\x00" * 12 * 2)
    assert data.count(b"\x1dv0\x00") == 6
    assert len(data) == 3 + 3 + 6 * 8 + 708 * 12 + 3


def test_picture_rows_are_padded_to_whole_bytes() -> None:
    assert body(Image((bytes([1, 0, 1]), bytes([0, 1, 1])))) == b"\x1ba\x01\x1dv0\x00\x01\x00\x02\x00\xa0\x60"


def test_the_drawer_travels_alone() -> None:
    assert escpos.render(Document((Drawer(),)), PAPER_80) == BEGIN + b"\x1bp\x00\x32\xc8" + END
    with pytest.raises(InvariantBroken):
        escpos.render(Document((line("a"), Drawer())), PAPER_80)


def test_a_lost_character_is_counted_and_said() -> None:
    with capture_logs() as logs:
        assert body(line("Łódź 日")) == b"?\xa2dz ?\n"
    assert [(entry["event"], entry["count"]) for entry in logs] == [("printers.escpos.characters_lost", 2)]
    with capture_logs() as logs:
        assert body(line("R$ 5 – “São”")) == b'R$ 5 - "S\xc6o"\n'
    assert logs == []


def test_an_unknown_dialect_is_refused() -> None:
    with pytest.raises(ConfigInvalid, match="zpl"):
        escpos.render(Document((line("a"),)), PAPER_80, "zpl")


def test_a_qr_that_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError):
        escpos.render(Document((Qr("a" * 1000),)), PAPER_58)


def test_a_picture_has_the_dots_of_the_paper() -> None:
    picture = Pictures.open(BytesIO(png.render(Document((line("a"), Feed(2), Image((bytes([1] * 8),) * 5))), PAPER_58)))
    assert picture.size == (464, 32 + 30 + 60 + 5 + 40)
    assert round(picture.info["dpi"][0]) == 203


def test_a_picture_longer_than_seven_metres_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        png.render(Document((Feed(2000),)), PAPER_80)
    assert caught.value.code == "PRINT-TOO-LONG"
