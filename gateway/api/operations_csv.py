"""The rows of operations of a branch as CSV, for people and their spreadsheets: read, checked and written."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from gateway.api.decode import decode
from gateway.api.respond import bad
from gateway.core.errors import ValidationFailed
from gateway.core.faults import Fault
from gateway.nfe.operation_faults import faults_of
from gateway.nfe.operations import CFOPS, EXPORT, SCOPES, BranchOperation, Explained

MAX_ROWS = 2000
_COLUMNS = BranchOperation.__struct_fields__


def checked(rows: list[BranchOperation]) -> list[BranchOperation]:
    """The rows when none has a fault. Raises ValidationFailed."""
    if len(rows) > MAX_ROWS:
        raise bad("OPERATION-MANY", "$", f"São {len(rows)} linhas; o limite é {MAX_ROWS}.", "Retire as que não valem mais.")
    if faults := faults_of(rows):
        raise ValidationFailed(faults[:100])
    return rows


def read_csv(body: bytes) -> list[BranchOperation]:
    """Rows of a CSV file in UTF-8, by comma or semicolon, empty cells left out, checked.

    Raises ValidationFailed, or InputError for what is no CSV; faults are at `$line[n]`, n as editors count.
    """
    try:
        text = body.decode("utf-8-sig")
        head = text.partition("\n")[0]
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=";" if head.count(";") > head.count(",") else ",")
        columns = tuple(reader.fieldnames or ())
        read = [(reader.line_num, row) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise bad("OPERATION-CSV", "$", "O arquivo não é um CSV em UTF-8.", "Exporte de novo como CSV UTF-8.") from error
    _check_columns(columns)
    lines = [line for line, _ in read]
    cells = [{key or "": value for key, value in row.items() if value} for _, row in read]
    values = [{key: _value(key, value) for key, value in row.items()} for row in cells]
    try:
        return checked(decode(msgspec.json.encode(values), list[BranchOperation]))
    except ValidationFailed as error:
        raise ValidationFailed([_at_line(fault, lines) for fault in error.faults]) from error


def _check_columns(columns: tuple[str, ...]) -> None:
    """What is wrong with the first line is told once, and not again at each row."""
    if not columns:
        fix = "Envie ao menos a linha dos nomes das colunas: só ela apaga as linhas da filial."
        raise bad("OPERATION-CSV", "$", "O arquivo está vazio.", fix)
    fix = f"Colunas possíveis: {', '.join(_COLUMNS)}. A tabela que se altera e se envia de volta é a de ?rows=own."
    unknown = [f"A coluna `{name[:60]}` não existe aqui." for name in columns if name not in _COLUMNS]
    missing = [f"Falta a coluna `{name}`." for name in ("operation", "since") if name not in columns]
    if faults := [Fault(code="OPERATION-COLUMN", path="$line[1]", message=one, fix=fix) for one in (*missing, *unknown)]:
        raise ValidationFailed(faults[:100])


def _value(column: str, text: Any) -> Any:
    if column.startswith("cfop_") and isinstance(text, str):
        return text.strip().replace(".", "")  # as the table of the Convênio writes it: 5.910
    return int(text) if column == "deadline_days" and re.fullmatch(r"[0-9]{1,9}", text) else text


def _at_line(fault: Fault, lines: list[int]) -> Fault:
    path = re.sub(r"^\$\[(\d+)\]", lambda found: f"$line[{lines[int(found[1])]}]", fault.path)
    return Fault(code=fault.code, path=path, message=fault.message, fix=fault.fix, source=fault.source)


def written_own(own: Sequence[BranchOperation]) -> str:
    """The branch's own rows as a CSV that `read_csv` takes back."""
    return _written(_COLUMNS, [msgspec.to_builtins(row) for row in own])


def written_used(used: tuple[Explained, ...]) -> str:
    """What is used of every operation, as a CSV for people."""
    rows = []
    for one in used:
        row = msgspec.to_builtins(one)
        for table in CFOPS:
            codes = row.pop(table)
            row.update({f"{table}_{scope}": codes.get(scope, "") for scope in SCOPES})
        row["cfop_export"] = one.cfop.get(EXPORT, "")
        row.update(model=" ".join(one.model), changed=" ".join(one.changed))
        rows.append(row)
    return _written(tuple(rows[0]) if rows else Explained.__struct_fields__, rows)


def _written(columns: tuple[str, ...], rows: list[dict[str, Any]]) -> str:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
