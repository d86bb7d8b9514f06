"""What a job leaves on the paper: text, codes, images, cuts, events."""

from __future__ import annotations

import io
import json

import pytest
import zxingcpp
from PIL import Image

from gateway.sim.printer.barcode import BarcodeError, Code128
from gateway.sim.printer.commands import Parser
from gateway.sim.printer.drawing import MARGIN

INIT, CUT, ACK = b"\x1b@", b"\x1dVB\x00", b"\x1dr\x01"
QR_URL = "https://www.homologacao.nfce.fazenda.sp.gov.br/qrcode?p=35261111222333000181650010000001231000001230|3|2"
CHAVE = "35261111222333000181650010000001231000001230"


def qr(data: bytes, *, module: int = 5, level: int = 49) -> bytes:
    def command(*parameters: int) -> bytes:
        return b"\x1d(k" + len(parameters).to_bytes(2, "little") + bytes(parameters)

    print_it = command(49, 81, 48)
    return command(49, 65, 50, 0) + command(49, 67, module) + command(49, 69, level) + command(49, 80, 48, *data) + print_it


def code128(data: bytes, *, module: int = 2) -> bytes:
    return b"\x1dh\x50\x1dw" + bytes([module]) + b"\x1dk\x49" + bytes([len(data)]) + data


def pairs(digits: str) -> bytes:
    return bytes(int(digits[i : i + 2]) for i in range(0, len(digits), 2))


def picture(receipt) -> Image.Image:
    return Image.open(io.BytesIO(receipt.png))


async def printed(printer, line, body: bytes):
    """The receipt of one acknowledged job."""
    assert await line.ask(INIT + body + CUT + ACK) == b"\x00"
    return printer.receipts[-1]


@pytest.mark.parametrize(("page", "codec"), [(0, "cp437"), (2, "cp850"), (3, "cp860"), (16, "cp1252"), (19, "cp858")])
async def test_text_in_each_code_page(printer, line, page, codec):
    text = "Comércio à çã" if codec not in ("cp437",) else "Café à ç"
    receipt = await printed(printer, line, b"\x1bt" + bytes([page]) + text.encode(codec) + b"\n")
    assert receipt.text == text + "\n"
    assert receipt.problems == []


async def test_cp850_has_every_letter_of_latin_1(printer, line):
    text = "".join(chr(c) for c in range(0xA0, 0x100))
    receipt = await printed(printer, line, b"\x1bt\x02" + text[:48].encode("cp850") + b"\n" + text[48:].encode("cp850") + b"\n")
    assert receipt.text == text[:48] + "\n" + text[48:] + "\n"


async def test_unsupported_code_page_is_an_event_and_changes_nothing(printer, line):
    receipt = await printed(printer, line, b"\x1bt\x02\x1bt\x0d" + "ã\n".encode("cp850"))
    assert receipt.text == "ã\n"
    assert receipt.problems == [{"type": "codepage.unsupported", "y": 0, "page": 13}]


async def test_a_line_holds_48_of_font_a_and_64_of_font_b(printer, line):
    receipt = await printed(printer, line, b"a" * 49 + b"\n" + b"\x1bM\x01" + b"b" * 65 + b"\n")
    assert receipt.text == f"{'a' * 48}\na\n{'b' * 64}\nb\n"


async def test_double_width_halves_the_line(printer, line):
    receipt = await printed(printer, line, b"\x1d!\x11" + b"x" * 25 + b"\n")
    assert receipt.text == f"{'x' * 24}\nx\n"
    assert receipt.summary()["height"] == 96


async def test_alignment_moves_the_ink(printer, line):
    def left_edge(receipt) -> int:
        ink = picture(receipt).convert("L").point(lambda v: 255 - v).getbbox()
        return ink[0] - MARGIN

    edges = [left_edge(await printed(printer, line, b"\x1ba" + bytes([n]) + b"\xdb" * 4 + b"\n")) for n in (0, 1, 2)]
    assert edges == [0, 264, 528]


async def test_styles_change_the_ink(printer, line):
    def ink(receipt) -> int:
        return sum(1 for dot in picture(receipt).convert("L").tobytes() if dot == 0)

    plain = ink(await printed(printer, line, b"HHHH\n"))
    bold = ink(await printed(printer, line, b"\x1bE\x01HHHH\n"))
    underlined = ink(await printed(printer, line, b"\x1b-\x02HHHH\n"))
    reverse = ink(await printed(printer, line, b"\x1dB\x01HHHH\n"))
    assert bold > plain
    assert underlined == plain + 2 * 48
    assert reverse == 4 * 12 * 24 - plain


async def test_reset_forgets_styles_and_the_unprinted_line(printer, line):
    receipt = await printed(printer, line, b"\x1ba\x02\x1d!\x77sumiu\x1b@fica\n")
    assert receipt.text == "fica\n"
    assert receipt.summary()["height"] == 30


async def test_feeds(printer, line):
    receipt = await printed(printer, line, b"a\x1bd\x03b\n\x1bJ\x0a\x1b3\x40c\n\x1b2d\n")
    assert receipt.text == "a\n\n\nb\nc\nd\n"
    assert receipt.summary()["height"] == 3 * 30 + 30 + 10 + 64 + 30


async def test_tab_goes_to_the_next_multiple_of_eight(printer, line):
    receipt = await printed(printer, line, b"abc\tx\n")
    assert receipt.text == "abc     x\n"


@pytest.mark.parametrize(("level", "name"), [(48, "L"), (49, "M"), (50, "Q"), (51, "H")])
async def test_qr_decodes_from_the_picture(printer, line, level, name):
    receipt = await printed(printer, line, b"\x1ba\x01" + qr(QR_URL.encode(), level=level))
    (found,) = zxingcpp.read_barcodes(picture(receipt))
    assert (found.format, found.text, found.ec_level) == (zxingcpp.BarcodeFormat.QRCode, QR_URL, name)
    assert receipt.codes == [QR_URL]
    assert receipt.problems == []


async def test_qr_size_is_modules_times_module(printer, line):
    receipt = await printed(printer, line, qr(QR_URL.encode(), module=5))
    event = receipt.events[0]
    assert (event["level"], event["module"], event["modules"]) == ("M", 5, 41)
    assert picture(receipt).size == (576 + 2 * MARGIN, 205 + 2 * MARGIN)


async def test_qr_that_cannot_be_printed_is_an_event(printer, line):
    receipt = await printed(printer, line, b"x\n" + qr(b"a" * 300, module=16) + qr(b"a" * 3000) + b"\x1b@\x1d(k\x03\x001Q0")
    assert [event["type"] for event in receipt.events] == ["qr.too_wide", "qr.too_long", "qr.empty"]
    assert zxingcpp.read_barcodes(picture(receipt)) == []


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"{C" + pairs(CHAVE), CHAVE),
        (b"{BPEDIDO-123a", "PEDIDO-123a"),
        (b"{AABC 1", "ABC 1"),
        (b"{BNF{C" + pairs("1234") + b"{B{{x", "NF1234{x"),
        (b"{Aab"[:2] + b"A{SbC", "AbC"),
    ],
)
async def test_code128_decodes_from_the_picture(printer, line, data, text):
    receipt = await printed(printer, line, b"\x1ba\x01" + code128(data))
    (found,) = zxingcpp.read_barcodes(picture(receipt))
    assert (found.format, found.text) == (zxingcpp.BarcodeFormat.Code128, text)
    assert receipt.codes == [text]


def test_code128_of_a_chave_has_277_modules():
    assert len(Code128(b"{C" + pairs(CHAVE)).modules) == 277


@pytest.mark.parametrize(
    "data", [b"", b"123456", b"{X1", b"{C\x64", b"{Bx{", b"{A{3{Ca"[:5] + b"{S1", b"{C\x01{SA", "{Bé".encode("cp850")]
)
def test_code128_refuses_what_the_printer_refuses(data):
    with pytest.raises(BarcodeError):
        Code128(data)


async def test_barcode_events(printer, line):
    body = b"x\n" + code128(b"123") + code128(b"{C" + pairs(CHAVE), module=3) + b"\x1dk\x04ABC\x00"
    receipt = await printed(printer, line, body)
    assert [event["type"] for event in receipt.events] == ["barcode.invalid", "barcode.too_wide", "command.unsupported"]


async def test_text_under_a_barcode(printer, line):
    receipt = await printed(printer, line, b"\x1dH\x02" + code128(b"{B123"))
    assert receipt.summary()["height"] == 80 + 24
    assert receipt.text == "\n"


async def test_raster_image_dot_for_dot(printer, line):
    receipt = await printed(printer, line, b"\x1dv0\x00\x01\x00\x02\x00\x81\x7e" + b"\x1dv0\x03\x01\x00\x01\x00\xf0")
    image = picture(receipt)
    rows = ["".join("1" if image.getpixel((MARGIN + x, MARGIN + y)) == 0 else "0" for x in range(16)) for y in range(4)]
    assert rows == ["1000000100000000", "0111111000000000", "1111111100000000", "1111111100000000"]
    assert [event["type"] for event in receipt.events] == ["image", "image"]


async def test_image_wider_than_the_paper_is_clipped_and_told(printer, line):
    receipt = await printed(printer, line, b"\x1dv0\x00\x49\x00\x01\x00" + b"\xff" * 73)
    assert [event["type"] for event in receipt.events] == ["image.clipped", "image"]
    assert receipt.events[1]["width"] == 576


@pytest.mark.parametrize(
    ("cut", "boundary"),
    [
        (b"\x1dV\x00", "cut"),
        (b"\x1dV0", "cut"),
        (b"\x1dVA\x10", "cut"),
        (b"\x1dV\x01", "partial-cut"),
        (b"\x1dV1", "partial-cut"),
        (b"\x1dVB\x00", "partial-cut"),
        (b"\x1bi", "partial-cut"),
        (b"\x1bm", "partial-cut"),
    ],
)
async def test_each_cut_ends_a_receipt(printer, line, cut, boundary):
    assert await line.ask(b"um\n" + cut + b"dois\n" + cut + ACK) == b"\x00"
    assert [(r.number, r.boundary, r.text) for r in printer.receipts] == [(1, boundary, "um\n"), (2, boundary, "dois\n")]


async def test_a_torn_job_ends_with_its_connection(printer, line, connect):
    line.send(b"metade\n\x1b")
    await line.close()
    (torn,) = await printer.wait_receipts(1)
    assert (torn.boundary, torn.text) == ("connection-closed", "metade\n")
    assert {"type": "command.incomplete", "raw": "1b"} in printer.events
    other = await connect()
    assert await other.ask(INIT + b"\x1bd\x02" + CUT + b"inteiro\n" + CUT + ACK) == b"\x00"
    assert [r.boundary for r in printer.receipts] == ["connection-closed", "partial-cut"]
    assert [e["type"] for e in printer.events] == ["command.incomplete", "receipt", "blank", "receipt"]


async def test_unknown_and_unsupported_commands_are_events(printer, line):
    receipt = await printed(printer, line, b"a\x1bZ\x1d\x01\x01\x1bL\x1c.\x1d(L\x02\x000\x45\x1da\xff\x1bV\x01b\n")
    assert receipt.text == "ab\n"
    assert [(e["type"], e["command"]) for e in receipt.events] == [
        ("command.unknown", "unknown"),
        ("command.unknown", "unknown"),
        ("command.unknown", "unknown"),
        ("command.unsupported", "ESC L"),
        ("command.unsupported", "FS ."),
        ("command.unsupported", "GS ( L"),
        ("command.unsupported", "GS a"),
        ("command.unsupported", "ESC V"),
    ]


async def test_drawer_and_beep_are_events_without_paper(printer, line):
    assert await line.ask(b"\x1bp\x00\x19\xfa\x07" + b"\x10\x14\x01\x00\x01" + CUT + ACK) == b"\x00"
    assert list(printer.receipts) == []
    kinds = [(e["type"], e.get("pin"), e.get("on_ms")) for e in printer.events]
    assert kinds == [("drawer", 0, None), ("drawer", 0, 50), ("beep", None, None), ("blank", None, None)]


async def test_a_drawer_pulse_of_its_own_is_no_part_of_the_next_receipt(printer, line, connect):
    line.send(b"\x1b@\x1bp\x00\x19\xfa")
    await line.close()
    await printer.wait_until(lambda: [e["type"] for e in printer.events] == ["drawer"])
    receipt = await printed(printer, await connect(), b"oi\n")
    assert (receipt.raw, receipt.events) == (INIT + b"oi\n" + CUT, [])


async def test_files_are_there_when_the_job_is_acknowledged(printer, line, tmp_path):
    receipt = await printed(printer, line, b"oi\n")
    folder = tmp_path / "slips"
    assert sorted(file.name for file in folder.iterdir()) == [f"receipt-0001.{kind}" for kind in ("bin", "json", "png", "txt")]
    assert (folder / "receipt-0001.bin").read_bytes() == receipt.raw == INIT + b"oi\n" + CUT
    assert (folder / "receipt-0001.txt").read_text(encoding="utf-8") == "oi\n"
    assert (folder / "receipt-0001.png").read_bytes() == receipt.png
    assert json.loads((folder / "receipt-0001.json").read_bytes())["boundary"] == "partial-cut"


def test_commands_do_not_depend_on_how_tcp_cut_the_stream():
    stream = (
        INIT + b"texto\n" + qr(b"dado") + code128(b"{B12") + b"\x1dv0\x00\x01\x00\x01\x00\xff\x10\x04\x01\x1dk\x04AB\x00" + CUT
    )
    whole = Parser().feed(stream)
    parser = Parser()
    piecewise = [command for byte in stream for command in parser.feed(bytes([byte]))]
    assert parser.unfinished == b""
    assert [c.name for c in piecewise if c.name != "text"] == [c.name for c in whole if c.name != "text"]
    assert b"".join(c.raw for c in piecewise) == b"".join(c.raw for c in whole) == stream


def test_a_huge_announced_image_does_not_fill_the_buffer():
    (first, *_) = Parser().feed(b"\x1dv0\x00\xff\xff\xff\xff" + b"abc")
    assert first.name == "unknown"
