"""CODE-128 and QR code: sizes by the rules, and the pixels read back by zxing at the printer's own resolution."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
import zxingcpp
from barcode.codex import Code128
from PIL import Image

from gateway.core.errors import InputError
from gateway.printers import code128, png, qrcode
from gateway.printers.code128 import Run
from gateway.printers.ir import PAPER_58, PAPER_80, PAPERS, Barcode, Document, Paper, Qr
from gateway.printers.slip import danfe_slip
from gateway.printers.symbol import place_barcode
from gateway.printers.view import read_note

GOLDEN = Path(__file__).parents[2] / "golden" / "printers"
NUMERIC = "35261111222333000181550010000001241482019374"
LETTERS = "35261112ABC34501DE35550010000001261482019370"
WORST = "3526110A1B2C3D4E5F35550010000001261482019370"


def decoded(picture: bytes) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(Image.open(BytesIO(picture)).convert("L"))]


def test_the_example_of_the_technical_note() -> None:
    assert code128.runs("5225AB83") == (Run("C", "5225"), Run("A", "AB"), Run("C", "83"))
    assert code128.symbols("5225AB83") == (105, 52, 25, 101, 33, 34, 99, 83, 30)


def test_lengths() -> None:
    assert len(code128.modules(NUMERIC)) == 277
    assert len(code128.modules(LETTERS)) == 354
    assert code128.runs(NUMERIC) == (Run("C", NUMERIC),)


def test_a_numeric_key_is_what_python_barcode_draws() -> None:
    assert "".join("01"[bar] for bar in code128.modules(NUMERIC)) == Code128(NUMERIC).build()[0]


@pytest.mark.parametrize("text", ["", "a", "É", "1" * 81, "A\x1b"])
def test_what_sets_a_and_c_do_not_have_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="80 caracteres"):
        code128.runs(text)
    with pytest.raises(InputError):
        place_barcode(text, PAPER_80)


@pytest.mark.parametrize(
    ("key", "paper", "ladder"),
    [(NUMERIC, PAPER_80, False), (NUMERIC, PAPER_58, True), (LETTERS, PAPER_80, True), (LETTERS, PAPER_58, True)],
)
def test_a_barcode_too_wide_runs_along_the_paper(key: str, paper: Paper, ladder: bool) -> None:
    assert place_barcode(key, paper).ladder is ladder


@pytest.mark.parametrize("paper", PAPERS.values(), ids=PAPERS.keys())
@pytest.mark.parametrize("key", [NUMERIC, LETTERS, WORST, "1", "A1", "12345", "ABCDE"])
def test_barcodes_decode(key: str, paper: Paper) -> None:
    assert decoded(png.render(Document((Barcode(key),)), paper)) == [key]


def test_capacity_table_is_the_encoders() -> None:
    for version in range(1, 41):
        full = qrcode._CAPACITY[version - 1]
        assert qrcode.size("a" * full, 10_000).version == version
        rows = qrcode.matrix("a" * full, version)
        assert len(rows) == len(rows[0]) == 17 + 4 * version
        if version < 40:
            assert qrcode.size("a" * (full + 1), 10_000).version == version + 1


@pytest.mark.parametrize(
    ("chars", "version", "modules", "module"),
    [(104, 6, 41, 5), (147, 8, 49, 4), (213, 10, 57, 4), (214, 11, 61, 3), (473, 17, 85, 3)],
)
def test_qr_sizes_of_the_manual(chars: int, version: int, modules: int, module: int) -> None:
    for paper in (PAPER_80, PAPER_58):
        size = qrcode.size("a" * chars, paper.dots)
        assert (size.version, size.modules, size.module) == (version, modules, module)
        assert size.modules * size.module >= 176


def test_a_qr_that_would_be_illegible_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        qrcode.size("a" * 1000, PAPER_58.dots)
    assert caught.value.code == "PRINT-QR"
    with pytest.raises(InputError):
        qrcode.size("", PAPER_80.dots)
    with pytest.raises(InputError):
        qrcode.size("a" * 2332, PAPER_80.dots)


def test_qr_holds_utf_8() -> None:
    assert decoded(png.render(Document((Qr("São José ½"),)), PAPER_58)) == ["São José ½"]


@pytest.mark.parametrize("paper", PAPERS.values(), ids=PAPERS.keys())
@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.xml")), ids=lambda path: path.stem)
def test_slips_decode_to_what_the_xml_says(path: Path, paper: Paper) -> None:
    view = read_note(path.read_bytes())
    document = danfe_slip(view, paper)
    picture = png.render(document, paper)
    assert decoded(picture) == [view.qrCode or view.chave]
    assert Image.open(BytesIO(picture)).width == paper.width_mm * 8
    assert png.render(document, paper) == picture
