"""The body of a batch, read as it comes: pieces of bytes become lines, lines become chunks, each checked on its own.

Held in memory: one piece, one line, one chunk. What needs the branch and its products (composition, taxes, dry run) is left to
the work behind, so that a post costs the others no more than parsing between two awaits.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any, get_args

import msgspec
from aiohttp import BodyPartReader, web

from gateway.api.decode import decode
from gateway.api.problems import problem_of
from gateway.api.salvage import whole
from gateway.api.services import SERVICES
from gateway.core.errors import GatewayError, InputError, PayloadTooLarge
from gateway.core.faults import Fault
from gateway.core.rows import Columns, NdjsonRows, Row, Rows, TableRows
from gateway.core.taxid import strip_punctuation
from gateway.nfe.raw import RawNote
from gateway.nfe.request import Request
from gateway.nfe.sale import Sale
from gateway.store.batch_lines import LineKind, NewLine

MAX_BYTES = 512 * 1024 * 1024
CHUNK_LINES = 100
CHUNK_BYTES = 512 * 1024
BREATH = 20
"""Lines checked before others have the event loop: about 3 ms."""
MAX_MAPPING = 256 * 1024
_PIECE = 64 * 1024
NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl")
CSV = "text/csv"
FORM = "multipart/form-data"
KINDS: tuple[LineKind, ...] = get_args(LineKind)

Sees = Callable[[str], bool]
"""Whether the caller's key covers a branch (14 characters)."""
Tried = Callable[[Request, str], Awaitable[object]]
"""Checks a document of a model, storing nothing. Raises ValidationFailed."""


async def chunks(request: web.Request, kind: LineKind, sees: Sees, tried: Tried) -> AsyncIterator[list[NewLine]]:
    """The lines of the request's body, checked, a chunk at a time; one that cannot be read whole is told the rest by `tried`.

    Raises RowsUnreadable, PayloadTooLarge, InputError (does not arrive), HTTPUnsupportedMediaType: chunks given before stand.
    """
    settings = request.app[SERVICES].settings
    rows, pieces = await _source(request, settings.max_body)
    read, held, chunk = 0, 0, list[NewLine]()
    while piece := await _next(pieces, settings.read_timeout):
        read += len(piece)
        if read > MAX_BYTES:
            detail = f"O lote passa de {MAX_BYTES // 1024 // 1024} MiB; as linhas já lidas ficaram aceitas."
            raise PayloadTooLarge(detail, code="BATCH-BYTES", fix="Envie o resto em outro lote.")
        for row in rows.feed(piece):
            chunk.append(await _told(row, checked(row, kind, sees), sees, tried))
            held += len(chunk[-1].body or "")
            if len(chunk) == CHUNK_LINES or held >= CHUNK_BYTES:
                yield chunk
                held, chunk = 0, []
            elif len(chunk) % BREATH == 0:
                await asyncio.sleep(0)
    chunk += [await _told(row, checked(row, kind, sees), sees, tried) for row in rows.end()]
    if chunk:
        yield chunk


async def _next(pieces: AsyncIterator[bytes], seconds: float) -> bytes:
    try:
        async with asyncio.timeout(seconds):
            async for piece in pieces:
                if piece:
                    return piece
    except TimeoutError as error:
        detail = "O corpo parou de chegar; as linhas já lidas ficaram aceitas."
        raise InputError(detail, code="GW-BODY-TIMEOUT", fix="Envie o mesmo lote de novo: elas não se repetem.") from error
    except (web.RequestPayloadError, ValueError) as error:
        fix = "Confira Content-Encoding, Content-Length e multipart, e envie o mesmo lote de novo."
        raise InputError("O corpo não pôde ser lido até o fim.", code="GW-BODY", fix=fix) from error
    return b""


async def _source(request: web.Request, max_line: int) -> tuple[Rows, AsyncIterator[bytes]]:
    if request.content_type in NDJSON:
        return NdjsonRows(max_line), request.content.iter_chunked(_PIECE)
    if request.content_type == CSV:
        return TableRows(max_line=max_line), request.content.iter_chunked(_PIECE)
    if request.content_type == FORM:
        return await _form(request, max_line)
    raise web.HTTPUnsupportedMediaType(reason=f"Use {NDJSON[0]}, {CSV} ou {FORM} (partes mapping e file).")


async def _form(request: web.Request, max_line: int) -> tuple[Rows, AsyncIterator[bytes]]:
    """Part `file`, as CSV by the part `mapping` before it, or else as NDJSON."""
    columns: Columns | None = None
    try:
        async with asyncio.timeout(request.app[SERVICES].settings.read_timeout):
            form = await request.multipart()
            async for part in form:
                if not isinstance(part, BodyPartReader):
                    break
                if part.name == "mapping":
                    columns = Columns.read(await _small(part))
                elif part.name == "file":
                    rows: Rows = NdjsonRows(max_line) if columns is None else TableRows(columns, max_line)
                    return rows, _pieces(part)
    except TimeoutError as error:
        raise InputError("O corpo não chegou inteiro a tempo.", code="GW-BODY-TIMEOUT", fix="Envie de novo.") from error
    except (ValueError, AssertionError) as error:
        raise InputError("O formulário não é multipart/form-data.", code="GW-BODY", fix="Confira o boundary.") from error
    raise InputError("Falta a parte `file`.", code="BATCH-FILE", fix="Envie as partes mapping (TOML) e file (CSV), nesta ordem.")


async def _small(part: BodyPartReader) -> bytes:
    text = b""
    while piece := await part.read_chunk(_PIECE):
        text += piece
        if len(text) > MAX_MAPPING:
            raise PayloadTooLarge("O mapeamento passa de 256 KiB.", fix="Ele só precisa de uma linha por coluna.")
    return text


async def _pieces(part: BodyPartReader) -> AsyncIterator[bytes]:
    while piece := await part.read_chunk(_PIECE):
        yield piece


def checked(row: Row, kind: LineKind, sees: Sees) -> NewLine:
    """The line as it is kept: of a known kind, decodable, of a branch that the key covers; or refused with all its faults."""
    if row.body is None:
        digest = hashlib.sha256(f"{row.line}\0{row.error}\0".encode() + row.text).digest()
        return NewLine(
            row.line, "", digest, kind, None, (_fault("BATCH-LINE", "$", row.error, "Corrija a linha e envie de novo."),)
        )
    body = dict(row.body)
    named = body.pop("kind", "raw" if "infNFe" in body else kind)
    ref = body.get("ref")
    ref = ref if isinstance(ref, str) and len(ref) <= 100 else ""
    text, whole = b"", hashlib.sha256()
    faults: tuple[Fault, ...]
    try:
        text = msgspec.json.encode(body)
        whole.update(msgspec.json.encode([str(named), body], order="sorted"))
        faults = _faults(text, named, sees)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError, OverflowError):
        # JSON escapes can spell what is no text: a surrogate alone.
        whole.update(f"{row.line}\0{row.body!r}".encode(errors="replace"))
        faults = (_fault("BATCH-LINE", "$", "A linha tem um texto que não é Unicode.", "Corrija a linha e envie de novo."),)
    known = named if named in KINDS else kind
    if not ref.isprintable() or not ref.isascii():
        ref = ""
    return NewLine(row.line, ref, whole.digest(), known, None if faults else text.decode(), faults)


async def _told(row: Row, line: NewLine, sees: Sees, tried: Tried) -> NewLine:
    """A line refused by its reading, with what else is wrong in the rest of it."""
    if row.body is None or not line.faults or line.faults[0].code in _ITS_OWN:
        return line
    raw = line.kind == "raw"

    async def check(request: Request) -> None:
        if sees(strip_punctuation(request.branch)):
            await tried(request, request.model if isinstance(request, RawNote) else "65" if line.kind == "nfce" else "55")

    text = msgspec.json.encode({name: value for name, value in row.body.items() if name != "kind"})
    faults = await (whole(text, RawNote, line.faults, check) if raw else whole(text, Sale, line.faults, check))
    return replace(line, faults=tuple(faults))


_ITS_OWN = frozenset({"BATCH-LINE", "BATCH-KIND", "GW-BRANCH"})
"""Of the line itself: its body says no document of a branch that may be tried."""


def _faults(text: bytes, named: Any, sees: Sees) -> tuple[Fault, ...]:
    if named not in KINDS:
        return (_fault("BATCH-KIND", "$.kind", "O tipo da linha não existe.", f"Use: {', '.join(KINDS)}."),)
    try:
        request: Request = decode(text, RawNote) if named == "raw" else decode(text, Sale)
    except GatewayError as error:
        return problem_of(error).faults
    if not sees(strip_punctuation(request.branch)):
        path = "$.infNFe.emit.CNPJ" if named == "raw" else "$.branch"
        return (_fault("GW-BRANCH", path, "A chave não cobre esta filial.", "Use uma chave da filial."),)
    return ()


def _fault(code: str, path: str, message: str, fix: str) -> Fault:
    return Fault(code=code, path=path, message=message, fix=fix)
