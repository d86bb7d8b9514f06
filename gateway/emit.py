"""`gateway emit`: a file of sales posted to a running gateway, one answer for each line, in a file that can be gone on with.

The file is NDJSON (a body of `POST /v1/nfe` on each line) or CSV with a mapping in TOML. Posting the same line again is safe:
the service answers the same document for the same `ref` and content, so a line whose fate is unknown is simply posted again.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp

from gateway.core.rows import Columns, NdjsonRows, Row, Rows, RowsUnreadable, TableRows

MAX_ANSWER = 5 * 1024 * 1024
MAX_LINES = 1_000_000
GOOD = frozenset({"authorized"})
_TIMEOUT = aiohttp.ClientTimeout(total=60.0, connect=10.0)
_WAIT = 25
_TRIES = 4
_PIECE = 64 * 1024

Answer = dict[str, Any]


class Ended(NamedTuple):
    """What is kept of a line that an earlier run ended: a file of a million answers has to fit in memory."""

    ref: str | None
    good: bool


def _fault(code: str, message: str, fix: str) -> dict[str, str]:
    return {"code": code, "path": "$", "message": message, "fix": fix}


def read(path: Path, mapping: Path | None = None) -> Iterator[Row]:
    """The rows of `path`; blank lines are skipped. Raises RowsUnreadable when the file or the mapping cannot be read."""
    rows: Rows = NdjsonRows() if mapping is None else TableRows(Columns.read(_bytes_of(mapping)))
    try:
        with path.open("rb") as file:
            found = chain(chain.from_iterable(map(rows.feed, iter(partial(file.read, _PIECE), b""))), rows.end())
            for count, row in enumerate(found):
                if count == MAX_LINES:
                    raise RowsUnreadable(f"O arquivo passa de {MAX_LINES} linhas.", fix="Divida o arquivo.")
                yield row
    except OSError as error:
        raise RowsUnreadable(f"O arquivo {path} não pôde ser lido: {error}.", fix="Confira o caminho.") from error


def _bytes_of(mapping: Path) -> bytes:
    try:
        return mapping.read_bytes()
    except OSError as error:
        raise RowsUnreadable(f"O mapeamento {mapping} não pôde ser lido: {error}.", fix="Confira o caminho.") from error


def finished(path: Path) -> dict[int, Ended]:
    """The lines that an earlier run ended. A last line cut by an interruption is ignored. Raises RowsUnreadable."""
    done: dict[int, Ended] = {}
    try:
        with path.open(encoding="utf-8") as file:
            for text in file:
                try:
                    answer = json.loads(text)
                except ValueError:
                    continue
                if isinstance(answer, dict) and isinstance(answer.get("line"), int) and answer.get("final") is True:
                    done[answer["line"]] = Ended(answer.get("ref"), answer.get("status") in GOOD)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise RowsUnreadable(f"As respostas {path} não puderam ser lidas: {error}.", fix="Confira o caminho.") from error
    return done


def cut(path: Path) -> bool:
    """Whether an interruption left the last answer of the file without its end."""
    with path.open("rb") as file:
        if not file.seek(0, os.SEEK_END):
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


async def emit(
    rows: Iterator[Row],
    *,
    url: str,
    key: str,
    at_once: int,
    done: Mapping[int, Ended],
    write: Callable[[Answer], None],
    pause: Callable[[float], Any] = asyncio.sleep,
) -> tuple[int, int]:
    """Post every row that `done` does not end, at most `at_once` together; `write` gets each answer as it comes.

    Answers how many lines there were and how many are not authorised notes. Only the same line with the same ref is skipped.
    Raises RowsUnreadable when the file turns out to be unreadable on the way.
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
                if known is not None and row.body is not None and known.ref == row.body.get("ref"):
                    failed += not known.good
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
