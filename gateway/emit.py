"""`gateway emit`: a file of sales posted to a running gateway, one answer for each line, in a file that can be gone on with.

The file is NDJSON (a body of `POST /v1/nfe` on each line) or CSV with a mapping in TOML. Posting the same line again is safe:
the service answers the same document for the same `ref` and content, so a line whose fate is unknown is simply posted again.
"""

from __future__ import annotations

import asyncio
import csv
import json
import tomllib
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from gateway.core.errors import InputError

MAX_LINE = 5 * 1024 * 1024
MAX_ANSWER = 5 * 1024 * 1024
MAX_LINES = 1_000_000
GOOD = frozenset({"authorized"})
_TIMEOUT = aiohttp.ClientTimeout(total=60.0, connect=10.0)
_WAIT = 25
_TRIES = 4

Answer = dict[str, Any]


class EmitFailed(InputError):
    """The file, the mapping or the answers to go on from cannot be used."""

    code = "EMIT-FILE"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file: its number, from 1, and the body, or what is wrong with it."""

    line: int
    body: dict[str, Any] | None
    error: str = ""


def _fault(code: str, message: str, fix: str) -> dict[str, str]:
    return {"code": code, "path": "$", "message": message, "fix": fix}


def read(path: Path, mapping: Path | None = None) -> Iterator[Row]:
    """The rows of `path`; blank lines are skipped. Raises EmitFailed when the file or the mapping cannot be read."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            if mapping is None:
                yield from _ndjson(file)
            else:
                yield from _table(file, _mapped(mapping))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        detail = f"O arquivo {path} não pôde ser lido: {error}."
        raise EmitFailed(detail, fix="Confira o caminho, e grave o arquivo em UTF-8.") from error


def _ndjson(file: Any) -> Iterator[Row]:
    for number in range(1, MAX_LINES + 1):
        text = file.readline(MAX_LINE + 1)
        if not text:
            return
        if len(text) > MAX_LINE:
            raise EmitFailed(f"A linha {number} passa de 5 MB.", fix="O arquivo é NDJSON: uma venda em cada linha.")
        if not text.strip():
            continue
        try:
            body = json.loads(text, parse_float=str)
        except (ValueError, RecursionError):
            yield Row(number, None, "A linha não é um JSON válido.")
            continue
        yield Row(number, body, "") if isinstance(body, dict) else Row(number, None, "A linha não é um objeto JSON.")
    raise EmitFailed(f"O arquivo passa de {MAX_LINES} linhas.", fix="Divida o arquivo.")


def _mapped(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            mapping = tomllib.load(file)
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise EmitFailed(f"O mapeamento {path} não pôde ser lido: {error}.", fix="Confira o caminho e o TOML.") from error
    if not isinstance(mapping.get("columns"), dict) or not mapping["columns"]:
        raise EmitFailed("O mapeamento não tem a tabela [columns].", fix='Exemplo: [columns] e, nela, "ref" = "pedido".')
    delimiter, constants = mapping.get("delimiter", ","), mapping.get("constants", {})
    if not isinstance(delimiter, str) or len(delimiter) != 1 or not isinstance(constants, dict):
        raise EmitFailed("O mapeamento tem delimiter ou [constants] inválidos.", fix='delimiter é um caractere, como ";".')
    return mapping


def _table(file: Any, mapping: Mapping[str, Any]) -> Iterator[Row]:
    reader = csv.DictReader(file, delimiter=str(mapping.get("delimiter", ",")), strict=True)
    absent = sorted({str(name) for name in mapping["columns"].values()} - set(reader.fieldnames or ()))
    if absent:
        raise EmitFailed(f"O CSV não tem as colunas {', '.join(absent)}.", fix="Corrija [columns] do mapeamento ou o CSV.")
    constants = mapping.get("constants", {})
    for count, record in enumerate(reader, start=1):
        if count > MAX_LINES:
            raise EmitFailed(f"O arquivo passa de {MAX_LINES} linhas.", fix="Divida o arquivo.")
        body: dict[str, Any] = {}
        for where, value in constants.items():
            _place(body, where, deepcopy(value))
        for where, column in mapping["columns"].items():
            value = (record.get(str(column)) or "").strip()
            if value:
                _place(body, where, value)
        yield Row(reader.line_num, body)


def _place(body: dict[str, Any], where: str, value: Any) -> None:
    """`value` at a path such as `customer.tax_id` or `items.0.sku`. Raises EmitFailed for a path that contradicts another."""
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
            raise EmitFailed(f"O caminho {where} do mapeamento não serve.", fix="Listas começam em 0 e não pulam posições.")


def finished(path: Path) -> dict[int, Answer]:
    """The final answers of an earlier run, by line. A last line cut by an interruption is ignored. Raises EmitFailed."""
    done: dict[int, Answer] = {}
    try:
        with path.open(encoding="utf-8") as file:
            for text in file:
                try:
                    answer = json.loads(text)
                except ValueError:
                    continue
                if isinstance(answer, dict) and isinstance(answer.get("line"), int) and answer.get("final") is True:
                    done[answer["line"]] = answer
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise EmitFailed(f"As respostas {path} não puderam ser lidas: {error}.", fix="Confira o caminho.") from error
    return done


async def emit(
    rows: Iterator[Row],
    *,
    url: str,
    key: str,
    at_once: int,
    done: Mapping[int, Answer],
    write: Callable[[Answer], None],
    pause: Callable[[float], Any] = asyncio.sleep,
) -> tuple[int, int]:
    """Post every row that `done` does not end, at most `at_once` together; `write` gets each answer as it comes.

    Answers how many lines there were and how many are not authorised notes. Only the same line with the same ref is skipped.
    Raises EmitFailed when the file turns out to be unreadable on the way.
    """
    total = failed = 0
    headers = {"Authorization": f"Bearer {key}", "Prefer": f"wait={_WAIT}"}
    async with aiohttp.ClientSession(headers=headers, timeout=_TIMEOUT) as session:

        async def lane() -> None:
            nonlocal total, failed
            # One iterator for all lanes: the file is read as fast as the service answers, never ahead of it.
            for row in rows:
                total += 1
                known = done.get(row.line)
                if known is not None and row.body is not None and known.get("ref") == row.body.get("ref"):
                    failed += known.get("status") not in GOOD
                    continue
                answer = await _post(session, f"{url.rstrip('/')}/v1/nfe", row, pause)
                failed += answer["status"] not in GOOD
                write(answer)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(at_once):
                    group.create_task(lane())
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from several
    return total, failed


async def _post(session: aiohttp.ClientSession, address: str, row: Row, pause: Callable[[float], Any]) -> Answer:
    answer: Answer = {"line": row.line, "ref": None, "status": "invalid", "final": False, "chave": None, "faults": []}
    if row.body is None:
        return answer | {"faults": [_fault("EMIT-LINE", row.error, "Corrija a linha e rode de novo.")]}
    answer["ref"] = row.body.get("ref")
    told = ""
    for turn in range(_TRIES):
        if turn:
            await pause(2.0**turn)
        try:
            async with session.post(address, json=row.body, allow_redirects=False) as response:
                status = response.status
                content = await response.content.read(MAX_ANSWER)
        except (aiohttp.ClientError, TimeoutError) as error:
            told = f"O gateway não respondeu ({type(error).__name__})."
            continue
        if status == 429 or status >= 500:
            told = f"O gateway respondeu HTTP {status}."
            continue
        return answer | _told(status, content)
    fault = _fault("EMIT-NO-ANSWER", told, "Confira se o gateway está no ar e continue com --resume.")
    return answer | {"status": "unknown", "final": False, "faults": [fault]}


def _told(status: int, content: bytes) -> Answer:
    try:
        body = json.loads(content)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        fault = _fault("EMIT-ANSWER", f"O gateway respondeu HTTP {status} sem JSON.", "Confira --url e continue com --resume.")
        return {"status": "unknown", "final": False, "faults": [fault]}
    if status in (200, 202):
        answer, faults = body.get("answer"), []
        if body.get("status") not in GOOD and isinstance(answer, dict):
            fix = "Corrija a causa e peça de novo: POST /v1/nfe/{ref}/retry."
            faults = [_fault(str(answer.get("cStat", "")), str(answer.get("xMotivo", "")), fix)]
        return {
            "status": body.get("status", "unknown"),
            "final": bool(body.get("final")),
            "chave": body.get("chave_acesso"),
            "faults": faults,
        }
    faults = body.get("faults") or [_fault(str(body.get("code", "")), str(body.get("detail", "")), str(body.get("fix", "")))]
    # Nothing was stored: mended, in the file or outside of it, the line is posted again by --resume.
    return {"status": "refused", "final": False, "faults": faults}
