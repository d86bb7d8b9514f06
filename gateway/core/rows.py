"""Lines of a file or of a stream as bodies: NDJSON, or CSV with a mapping. Pushed in pieces of bytes: only a line is held."""

from __future__ import annotations

import codecs
import csv
import json
import tomllib
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Protocol

from gateway.core.errors import InputError

MAX_LINE = 5 * 1024 * 1024
"""Bytes of one line, or characters of one CSV record."""


class RowsUnreadable(InputError):
    """The file or its mapping cannot be used, from some line on."""

    code = "ROWS-UNREADABLE"


@dataclass(frozen=True, slots=True)
class Row:
    """One line: its number as editors count, from 1, and the body, or what is wrong with it (`text` are then its bytes)."""

    line: int
    body: dict[str, Any] | None
    error: str = ""
    text: bytes = b""


class Rows(Protocol):
    """A reader that is pushed: bytes in, the rows they complete out. Raises RowsUnreadable; what was read before stands."""

    def feed(self, data: bytes) -> Iterator[Row]: ...

    def end(self) -> Iterator[Row]: ...


class NdjsonRows:
    """A JSON object on each line, in UTF-8; blank lines are skipped. A line that is none is a row with its error."""

    def __init__(self, max_line: int = MAX_LINE) -> None:
        self._max = max_line
        self._rest = bytearray()
        self._line = 0
        self._long = False

    def feed(self, data: bytes) -> Iterator[Row]:
        start = 0
        while (stop := data.find(b"\n", start)) >= 0:
            yield from self._complete(data[start:stop])
            start = stop + 1
        self._keep(data[start:])

    def end(self) -> Iterator[Row]:
        if self._rest or self._long:
            yield from self._complete(b"")

    def _keep(self, piece: bytes) -> None:
        if len(self._rest) + len(piece) > self._max:
            self._long = True
            self._rest.clear()
        if not self._long:
            self._rest += piece

    def _complete(self, piece: bytes) -> Iterator[Row]:
        self._keep(piece)
        self._line += 1
        text, too_long = bytes(self._rest), self._long
        self._rest.clear()
        self._long = False
        if self._line == 1:
            text = text.removeprefix(codecs.BOM_UTF8)
        if too_long:
            yield Row(self._line, None, f"A linha passa de {self._max // 1024} KiB: uma venda em cada linha.")
        elif text.strip():
            yield _json_row(self._line, text)


def _json_row(line: int, text: bytes) -> Row:
    try:
        # Money goes as it was written, never through a float.
        body = json.loads(text.decode(), parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return Row(line, None, "A linha não é um JSON válido em UTF-8.", text)
    return Row(line, body) if isinstance(body, dict) else Row(line, None, "A linha não é um objeto JSON.", text)


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column goes to which field. `columns`: path -> column; None when the columns' names are the paths themselves."""

    columns: Mapping[str, str] | None = None
    constants: Mapping[str, Any] = field(default_factory=dict)
    delimiter: str = ""

    @classmethod
    def read(cls, text: bytes) -> Columns:
        """From TOML: `[columns]`, `[constants]`, `delimiter`. Raises RowsUnreadable."""
        try:
            given = tomllib.loads(text.decode())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise RowsUnreadable(f"O mapeamento não pôde ser lido: {error}.", fix="Confira o TOML.") from error
        columns = given.get("columns")
        if not isinstance(columns, dict) or not columns or not all(isinstance(name, str) for name in columns.values()):
            raise RowsUnreadable("O mapeamento não tem a tabela [columns].", fix='Exemplo: [columns] e, nela, "ref" = "pedido".')
        delimiter, constants = given.get("delimiter", ","), given.get("constants", {})
        if not isinstance(delimiter, str) or len(delimiter) != 1 or not isinstance(constants, dict):
            raise RowsUnreadable(
                "O mapeamento tem delimiter ou [constants] inválidos.", fix='delimiter é um caractere, como ";".'
            )
        return cls(columns, constants, delimiter)


class TableRows:
    """CSV in UTF-8 with a header. Empty cells are absent fields; a record may span lines inside quotes."""

    def __init__(self, columns: Columns | None = None, max_line: int = MAX_LINE) -> None:
        self._given = columns or Columns()
        self._max = max_line
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._rest = ""
        self._record: list[str] = []
        self._held = 0
        self._open = False
        self._line = 0
        self._header: list[str] = []
        self._columns: Mapping[str, str] = {}
        self._delimiter = self._given.delimiter

    def feed(self, data: bytes) -> Iterator[Row]:
        yield from self._read(data, final=False)

    def end(self) -> Iterator[Row]:
        yield from self._read(b"", final=True)
        if self._rest:
            self._rest += "\n"
            yield from self._read(b"", final=True)
        if self._record:
            raise RowsUnreadable(f"A linha {self._line} tem aspas que não fecham.", fix="Corrija o CSV a partir dela.")

    def _read(self, data: bytes, *, final: bool) -> Iterator[Row]:
        try:
            self._rest += self._decoder.decode(data, final)
        except UnicodeDecodeError as error:
            raise RowsUnreadable(f"O CSV não está em UTF-8 depois da linha {self._line}.", fix="Grave em UTF-8.") from error
        *lines, self._rest = self._rest.split("\n")
        for line in lines:
            self._line += 1
            self._record.append(line)
            self._held += len(line) + 1
            # Quotes inside a quoted cell are doubled, so an open cell is an odd count.
            self._open ^= line.count('"') % 2 == 1
            if not self._open:
                record = "\n".join([*self._record, ""])
                self._record.clear()
                self._held = 0
                yield from self._complete(record)
            self._bounded(self._held)
        self._bounded(len(self._rest))

    def _bounded(self, held: int) -> None:
        if held > self._max:
            detail = f"O registro depois da linha {self._line} passa de {self._max // 1024} KiB."
            raise RowsUnreadable(detail, fix="Confira as aspas e as quebras de linha do CSV.")

    def _complete(self, record: str) -> Iterator[Row]:
        if not record.strip():
            return
        delimiter = self._delimiter or (";" if record.count(";") > record.count(",") else ",")
        try:
            cells = next(csv.reader([record], delimiter=delimiter, strict=True))
        except csv.Error as error:
            raise RowsUnreadable(f"A linha {self._line} não é CSV: {error}.", fix="Corrija o CSV a partir dela.") from error
        if not self._header:
            self._delimiter, self._header = delimiter, cells
            self._columns = self._given.columns or {name.strip(): name for name in cells if name.strip()}
            absent = sorted(set(self._columns.values()) - set(cells))
            if absent:
                detail = f"O CSV não tem as colunas {', '.join(absent)}."
                raise RowsUnreadable(detail, fix="Corrija [columns] do mapeamento ou o CSV.")
            return
        values = dict(zip(self._header, cells, strict=False))
        body: dict[str, Any] = {}
        for where, value in self._given.constants.items():
            _place(body, where, deepcopy(value))
        for where, column in self._columns.items():
            value = values.get(column, "").strip()
            if value:
                _place(body, where, value)
        yield Row(self._line, body)


def _place(body: dict[str, Any], where: str, value: Any) -> None:
    """`value` at a path such as `customer.tax_id` or `items.0.sku`. Raises RowsUnreadable for a path that contradicts another."""
    here: Any = body
    steps = where.split(".")
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        fresh: Any = value if after is None else ([] if after.isdigit() else {})
        if isinstance(here, list) and step.isdigit() and int(step) <= len(here):
            if int(step) == len(here):
                here.append(fresh)
            here = here[int(step)]
        elif isinstance(here, dict) and not step.isdigit():
            here = here.setdefault(step, fresh)
        else:
            raise RowsUnreadable(f"O caminho {where} do mapeamento não serve.", fix="Listas começam em 0 e não pulam posições.")
