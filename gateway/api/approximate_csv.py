"""The CSV that IBPT publishes for a state, read and checked: `;` between columns, Latin-1 or UTF-8, days as DD/MM/AAAA."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal, cast

from gateway.api.respond import bad
from gateway.core.errors import ValidationFailed
from gateway.core.faults import Fault
from gateway.nfe.approximate_rates import ApproximateRate

MAX_BYTES: Final = 16 * 1024 * 1024
MAX_ROWS: Final = 100_000
_MAX_FAULTS = 100
_RATES = {"national": "nacionalfederal", "imported": "importadosfederal", "state": "estadual", "municipal": "municipal"}
_COLUMNS = ("codigo", "ex", "tipo", "descricao", *_RATES.values(), "vigenciainicio", "vigenciafim", "chave", "versao", "fonte")
_CODES = {"0": re.compile(r"[0-9]{8}"), "1": re.compile(r"[0-9]{9}"), "2": re.compile(r"[0-9]{4}")}
_DAY = re.compile(r"([0-3][0-9])/([01][0-9])/(20[0-9]{2})")
_RATE = re.compile(r"[0-9]{1,3}([.,][0-9]{1,4})?")
_FIX = "Envie o arquivo da UF como o IBPT o publica (TabelaIBPTaxUF.csv), sem abrir e salvar em planilha."


def read_csv(body: bytes) -> list[ApproximateRate]:
    """Rows of a file, all of them or none.

    Raises ValidationFailed with faults at `$line[n]`, n as editors count: columns, rates, days, codes, and rows that come twice.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = body.decode("latin-1")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";")
    try:
        head = [name.strip().lower() for name in next(reader, [])]
        if missing := [name for name in _COLUMNS if name not in head]:
            raise bad("APPROXIMATE-COLUMNS", "$line[1]", f"Faltam as colunas: {', '.join(missing)}.", _FIX)
        rows, faults = _rows(reader, head)
    except csv.Error as error:
        raise bad("APPROXIMATE-CSV", "$", "O arquivo não é um CSV.", _FIX) from error
    if faults:
        raise ValidationFailed(faults[:_MAX_FAULTS])
    if not rows:
        raise bad("APPROXIMATE-EMPTY", "$", "O arquivo não tem nenhuma linha.", _FIX)
    return rows


def _rows(lines: Any, head: list[str]) -> tuple[list[ApproximateRate], list[Fault]]:
    rows, faults = list[ApproximateRate](), list[Fault]()
    seen: set[tuple[object, ...]] = set()
    for cells in lines:
        if not any(cells):
            continue
        where = f"$line[{lines.line_num}]"
        try:
            row = _row(dict(zip(head, (cell.strip() for cell in cells), strict=False)))
        except ValueError as error:
            faults.append(Fault(code="APPROXIMATE-ROW", path=where, message=str(error), fix=_FIX))
            continue
        key = (row.kind, row.code, row.ex, row.since)
        if key in seen:
            message = f"O código {row.code} vem duas vezes com a mesma vigência."
            faults.append(Fault(code="APPROXIMATE-TWICE", path=where, message=message, fix="Retire uma das linhas."))
        seen.add(key)
        rows.append(row)
        if len(rows) > MAX_ROWS:
            raise bad("APPROXIMATE-MANY", "$", f"O arquivo passa de {MAX_ROWS} linhas.", "Envie um arquivo por UF.")
    return rows, faults


def _row(cells: Mapping[str, str]) -> ApproximateRate:
    """Raises ValueError with the sentence for people."""
    kind = cells.get("tipo", "")
    if kind not in _CODES:
        raise ValueError(f"O tipo '{kind[:10]}' não existe: use 0 (NCM), 1 (NBS) ou 2 (serviço da LC 116).")
    code = cells.get("codigo", "").zfill({"0": 8, "1": 9, "2": 4}[kind])
    if not _CODES[kind].fullmatch(code):
        raise ValueError(f"O código '{code[:12]}' não é do tipo {kind}.")
    since, until = _day(cells, "vigenciainicio"), _day(cells, "vigenciafim")
    if until < since:
        raise ValueError(f"A vigência termina em {until:%d/%m/%Y}, antes de começar.")
    return ApproximateRate(
        code=code,
        ex=cells.get("ex", "")[:3],
        kind=cast("Literal['0', '1', '2']", kind),
        since=since,
        until=until,
        source=cells.get("fonte", "")[:40],
        version=cells.get("versao", "")[:20],
        key=cells.get("chave", "")[:20],
        **{name: _rate(cells, column) for name, column in _RATES.items()},
    )


def _day(cells: Mapping[str, str], column: str) -> date:
    found = _DAY.fullmatch(cells.get(column, ""))
    try:
        if found is not None:
            return date(int(found[3]), int(found[2]), int(found[1]))
    except ValueError:
        pass
    raise ValueError(f"A data '{cells.get(column, '')[:20]}' da coluna {column} não é DD/MM/AAAA.")


def _rate(cells: Mapping[str, str], column: str) -> Decimal:
    text = cells.get(column, "")
    value = Decimal(text.replace(",", ".")) if _RATE.fullmatch(text) else None
    if value is None or value > 100:
        raise ValueError(f"A alíquota '{text[:20]}' da coluna {column} não é um percentual de 0 a 100.")
    return value
