"""Bytes in pieces of any size become the same rows; what is wrong with a line stays with that line."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.core.rows import Columns, NdjsonRows, Rows, RowsUnreadable, TableRows


def pushed(rows: Rows, data: bytes, size: int) -> list[tuple[int, Any, str]]:
    found = [row for at in range(0, len(data), size) for row in rows.feed(data[at : at + size])]
    return [(row.line, row.body, row.error) for row in [*found, *rows.end()]]


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_ndjson_in_pieces(size: int) -> None:
    data = b'\xef\xbb\xbf{"ref": "a", "v": 10.50}\r\n\n{oops\n[1]\n"\xff"\n' + b'{"x": "' + b"9" * 60 + b'"}\n{"ref": "\xc3\xa9"}'
    bad = "A linha não é um JSON válido em UTF-8."
    assert pushed(NdjsonRows(max_line=60), data, size) == [
        (1, {"ref": "a", "v": "10.50"}, ""),
        (3, None, bad),
        (4, None, "A linha não é um objeto JSON."),
        (5, None, bad),
        (6, None, "A linha passa de 0 KiB: uma venda em cada linha."),
        (7, {"ref": "é"}, ""),
    ]


@pytest.mark.parametrize("size", [1, 4, 1000])
def test_csv_in_pieces_with_a_record_over_two_lines(size: int) -> None:
    data = 'ref;obs;q\r\nA;"dois ""ou""\r\ntrês; fim";1\r\n\r\nB;;2'.encode()
    columns = Columns.read(
        b'delimiter = ";"\n[columns]\nref = "ref"\nnotes = "obs"\n"items.0.quantity" = "q"\n[constants]\n"items.0.sku" = "X"'
    )
    assert pushed(TableRows(columns), data, size) == [
        (3, {"ref": "A", "notes": 'dois "ou"\r\ntrês; fim', "items": [{"sku": "X", "quantity": "1"}]}, ""),
        (5, {"ref": "B", "items": [{"sku": "X", "quantity": "2"}]}, ""),
    ]


def test_csv_without_a_mapping_names_its_fields_in_the_header() -> None:
    assert pushed(TableRows(), b"ref,items.0.sku,items.0.quantity\nA,CAM,2\n", 9) == [
        (2, {"ref": "A", "items": [{"sku": "CAM", "quantity": "2"}]}, "")
    ]


def test_quotes_that_do_not_close_end_the_reading() -> None:
    rows = TableRows(max_line=40)
    assert [row.body for row in rows.feed(b"ref\nA\n")] == [{"ref": "A"}]
    with pytest.raises(RowsUnreadable, match="depois da linha 7"):
        list(rows.feed(b'"B\n' + b"0123456789\n" * 9))
    with pytest.raises(RowsUnreadable, match="aspas que não fecham"):
        pushed(TableRows(), b'ref\n"B\n', 100)
