"""`/v1/batches`: many documents at once, taken as they stream in, answered line by line."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from functools import partial
from typing import Any
from urllib.parse import quote

import msgspec
from aiohttp import web

from gateway.api.auth import KEY, actor, hidden, sees
from gateway.api.batch_resources import Batch, BatchLine, BatchLinks, BatchReceived, ToldLine, Upload
from gateway.api.batch_stream import KINDS, NDJSON, chunks
from gateway.api.decode import decode, read_body
from gateway.api.operation import CURSOR, LIMIT, Parameter, operation
from gateway.api.presentation import document_url, local, maybe_local
from gateway.api.resources import Answer, Listing, Reason
from gateway.api.respond import bad, choices, ok, page_limit
from gateway.api.services import SERVICES, Services
from gateway.store import access, batches, queries
from gateway.store.batch_lines import LINE_LABELS, OPEN, LineItem, LineKind, Taken, list_lines
from gateway.store.batches import STATE_LABELS, BatchRow, Progress

TAG = "Lotes"
STREAM_PAGE = 500
MAX_TOLD = 100
_REF = re.compile(r"[!-~]([ -~]{0,98}[!-~])?")
_KIND = Parameter("kind", "What a line is unless it says: nfe, nfce or raw", schema={"type": "string", "enum": list(KINDS)})
_KEY = Parameter("Idempotency-Key", "The batch's ref, 1 to 100 printable characters; or `?ref=`", where="header")
_REF_QUERY = Parameter("ref", "The batch's ref, when it is not in Idempotency-Key")
_STATE = Parameter("state", f"One or more of: {', '.join(LINE_LABELS)}")
_LINE = msgspec.json.Encoder()


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A body of POST /v1/nfe, /v1/nfce or /v1/nfe/raw, with an optional `kind`, on a line of its own."""

    ref: str
    kind: str = "nfe"


@operation(
    "Enviar um lote",
    tag=TAG,
    scope="nfe:write",
    request=Line,
    request_media=NDJSON[0],
    responses={202: BatchReceived},
    parameters=(_KEY, _REF_QUERY, _KIND),
    problems=(400, 409, 413, 415, 422, 503),
)
async def post(request: web.Request) -> web.Response:
    """Takes up to 100,000 lines (512 MiB) as they stream in: NDJSON, CSV whose columns are named by path (`items.0.sku`), or a
    form with `mapping` (TOML) and `file` (CSV). Lines are durable a hundred at a time: after a lost connection, post the same
    batch again, and what was taken is not taken twice. A line's ref under another body is a conflict of that line only. Answers
    202 when the whole body was read; the notes are composed, numbered and sent behind."""
    services = request.app[SERVICES]
    key, at = request[KEY], services.clock.epoch_ms()
    ref, kind = _ref(request), _kind(request)
    batch = await services.db.write(
        lambda conn: batches.open_batch(conn, ref, owner=key.id, branches_of=tuple(key.branches), at=at)
    )
    return await _receive(request, batch, kind, correcting=False)


@operation(
    "Corrigir ou tentar de novo linhas de um lote",
    tag=TAG,
    scope="nfe:write",
    request=Line,
    request_media=NDJSON[0],
    request_required=False,
    responses={202: BatchReceived},
    parameters=(_KIND,),
    problems=(400, 404, 409, 413, 415, 422, 503),
)
async def retry(request: web.Request) -> web.Response:
    """With a body, its lines replace the refused and rejected ones of the same ref; a rejected note keeps its number. Without
    one, every refused and rejected line is tried once more as it is, after a set-up was corrected."""
    batch = await _find(request)
    if request.body_exists:
        return await _receive(request, batch, _kind(request), correcting=True)
    n = await try_again(request.app[SERVICES], batch, actor(request))
    return await _told(request, batch.id, Taken(corrected=n), 0)


async def try_again(services: Services, batch: BatchRow, who: str) -> int:
    """Try the refused and rejected lines again, audited as `who`; answers how many. Raises TransitionRefused when cancelled."""
    at = services.clock.epoch_ms()

    def write(conn: Any) -> int:
        n = batches.retry(conn, batch.id, at)
        access.record(conn, actor=who, action="batch.retry", subject=batch.ref, at=at, data={"lines": n})
        return n

    return await services.db.write(write)


async def _receive(request: web.Request, batch: BatchRow, kind: LineKind, *, correcting: bool) -> web.Response:
    services = request.app[SERVICES]
    told, read = Taken(), 0
    async for lines in chunks(request, kind, lambda branch: sees(request, branch), services.preview_sale):
        at = services.clock.epoch_ms()
        add = partial(batches.add_lines, batch=batch.id, lines=lines, at=at, correcting=correcting)
        taken = await services.db.write(add)
        read += len(lines)
        told.new += taken.new
        told.replayed += taken.replayed
        told.corrected += taken.corrected
        told.told += taken.told[: MAX_TOLD - len(told.told)]
    at = services.clock.epoch_ms()
    await services.db.write(lambda conn: batches.received(conn, batch.id, at))
    return await _told(request, batch.id, told, read)


async def _told(request: web.Request, batch: str, told: Taken, read: int) -> web.Response:
    found = await request.app[SERVICES].db.read(lambda conn: batches.progress(conn, batch))
    assert found is not None  # batches are never deleted
    shown = presented(request, found)
    lines = tuple(ToldLine(line=line, ref=ref, fault=fault) for line, ref, fault in told.told)
    upload = Upload(read=read, new=told.new, replayed=told.replayed, corrected=told.corrected, told=lines)
    return ok(BatchReceived(batch=shown, upload=upload), status=202, headers={"Location": shown.links.self})


@operation(
    "Listar lotes", tag=TAG, scope="nfe:read", responses={200: Listing[Batch]}, parameters=(CURSOR, LIMIT), problems=(422,)
)
async def index(request: web.Request) -> web.Response:
    """Newest first, by cursor; those of the key, or of all its branches."""
    key, limit, cursor = request[KEY], page_limit(request), request.query.get("cursor")
    branches_of = tuple(sorted(key.branches))
    page = await request.app[SERVICES].db.read(
        lambda conn: queries.list_batches(conn, key=key.id, branches_of=branches_of, cursor=cursor, limit=limit)
    )
    return ok(Listing(items=tuple(presented(request, one) for one in page.rows), next=page.next))


@operation("Ver um lote", tag=TAG, scope="nfe:read", responses={200: Batch}, problems=(404,))
async def show(request: web.Request) -> web.Response:
    """By id or ref: how far it is, how fast it goes, when it should end."""
    row = await _find(request)
    found = await request.app[SERVICES].db.read(lambda conn: batches.progress(conn, row.id))
    assert found is not None
    return ok(presented(request, found))


@operation(
    "Listar as linhas de um lote",
    tag=TAG,
    scope="nfe:read",
    responses={200: Listing[BatchLine]},
    parameters=(_STATE, CURSOR, LIMIT),
    problems=(404, 422),
)
async def lines(request: web.Request) -> web.StreamResponse:
    """One answer a line, in the order they were taken, by cursor. With `Accept: application/x-ndjson`, all of them as a stream,
    one JSON object a line."""
    batch = await _find(request)
    statuses = choices(request, "state", LINE_LABELS)
    if any(media in request.headers.get("Accept", "") for media in NDJSON):
        return await _stream(request, batch, statuses)
    limit, cursor = page_limit(request), request.query.get("cursor", "0")
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 9:
        raise bad("GW-CURSOR", "cursor", "Cursor inválido.", "Use o cursor `next` da página anterior.")
    rows = await request.app[SERVICES].db.read(
        lambda conn: list_lines(conn, batch.id, after=int(cursor), limit=limit + 1, statuses=statuses)
    )
    more = str(rows[limit - 1].seq) if len(rows) > limit else None
    return ok(Listing(items=tuple(line_of(request, row) for row in rows[:limit]), next=more))


async def _stream(request: web.Request, batch: BatchRow, statuses: tuple[str, ...]) -> web.StreamResponse:
    response = web.StreamResponse()
    response.content_type = NDJSON[0]
    await response.prepare(request)
    async for rows in _pages(request, batch, statuses):
        await response.write(b"".join(_LINE.encode(line_of(request, row)) + b"\n" for row in rows))
    await response.write_eof()
    return response


async def _pages(request: web.Request, batch: BatchRow, statuses: tuple[str, ...]) -> AsyncIterator[tuple[LineItem, ...]]:
    after = 0
    while True:
        read = partial(list_lines, batch=batch.id, after=after, limit=STREAM_PAGE, statuses=statuses)
        rows = await request.app[SERVICES].db.read(read)
        if rows:
            yield rows
        if len(rows) < STREAM_PAGE:
            return
        after = rows[-1].seq


@operation(
    "Cancelar um lote",
    tag=TAG,
    scope="nfe:write",
    request=Reason,
    request_required=False,
    responses={202: Batch},
    problems=(400, 404, 409, 422, 503),
)
async def cancel(request: web.Request) -> web.Response:
    """Stops what has no number yet; notes already numbered go on to their end. A batch that has ended is 409."""
    batch = await _find(request)
    body = await read_body(request)
    reason = decode(body, Reason).reason if body.strip() else ""
    services = request.app[SERVICES]
    await stop(services, batch, actor(request), reason)
    found = await services.db.read(lambda conn: batches.progress(conn, batch.id))
    assert found is not None
    return ok(presented(request, found), status=202)


async def stop(services: Services, batch: BatchRow, who: str, reason: str) -> None:
    """Cancel the batch, audited as `who`. Raises TransitionRefused when it has ended."""
    at = services.clock.epoch_ms()

    def write(conn: Any) -> None:
        batches.cancel(conn, batch.id, at)
        access.record(conn, actor=who, action="batch.cancel", subject=batch.ref, at=at, data={"reason": reason})

    await services.db.write(write)


async def _find(request: web.Request) -> BatchRow:
    name, key = request.match_info["id"], request[KEY]
    row = await request.app[SERVICES].db.read(lambda conn: batches.get(conn, name))
    if row is None or not batches.visible(row, key.id, tuple(key.branches)):
        raise hidden("O lote", name)
    return row


def _ref(request: web.Request) -> str:
    ref = request.headers.get("Idempotency-Key", "") or request.query.get("ref", "")
    if not _REF.fullmatch(ref):
        fix = "Envie Idempotency-Key (ou ?ref=) com 1 a 100 caracteres visíveis: repetir o envio com ela não duplica nada."
        raise bad("BATCH-REF", "ref", "Falta a ref do lote, ou ela não serve.", fix)
    return ref


def _kind(request: web.Request) -> LineKind:
    kind = request.query.get("kind", "nfe")
    if kind not in KINDS:
        raise bad("GW-ENUM", "kind", f"'{kind[:40]}' não é um valor de `kind`.", f"Use: {', '.join(KINDS)}.")
    return kind


def presented(request: web.Request, found: Progress) -> Batch:
    """The batch as its callers see it."""
    services = request.app[SERVICES]
    zone, now, row, n = services.settings.zone, services.clock.epoch_ms(), found.row, found.counts
    base = f"{services.settings.public_url}/v1/batches/{quote(row.id, safe='')}"
    return Batch(
        id=row.id,
        ref=row.ref,
        state=row.state,
        state_label=STATE_LABELS[row.state],
        total=found.total,
        pending=found.pending,
        accepted=n["accepted"],
        authorized=n["authorized"],
        rejected=n["rejected"],
        denied=n["denied"],
        cancelled=n["cancelled"],
        refused=n["refused"],
        conflict=n["conflict"],
        started_at=local(row.created_at, zone),
        received_at=maybe_local(row.received_at, zone),
        finished_at=maybe_local(row.finished_at, zone),
        rate_per_minute=round(found.per_minute(now), 1),
        estimated_end=maybe_local(found.estimated_end(now), zone),
        links=BatchLinks(self=base, lines=f"{base}/lines", cancel=f"{base}/cancel", retry=f"{base}/retry"),
    )


def line_of(request: web.Request, row: LineItem) -> BatchLine:
    """A line as its callers see it."""
    settings = request.app[SERVICES].settings
    issued = row.status not in ("taken", "refused", "conflict")
    return BatchLine(
        line=row.line,
        ref=row.ref,
        kind=row.kind,
        status=row.status,
        status_label=LINE_LABELS[row.status],
        final=row.status not in OPEN,
        number=row.number,
        chave_acesso=row.chave,
        protocolo=row.protocol,
        answer=Answer(cStat=row.cstat or "", xMotivo=row.reason or "") if row.cstat or row.reason else None,
        faults=row.faults,
        url=document_url(row.ref, settings.public_url) if issued else None,
        updated_at=local(row.updated_at, settings.zone),
    )
