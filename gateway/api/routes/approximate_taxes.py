"""`/v1/approximate-taxes`: the tables of approximate taxes (Lei 12.741) by state, as IBPT publishes them."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

from aiohttp import web
from msgspec import Struct

from gateway.api.approximate_csv import MAX_BYTES, read_csv
from gateway.api.auth import actor
from gateway.api.decode import too_large
from gateway.api.operation import operation
from gateway.api.resources import Listing
from gateway.api.respond import bad, ok
from gateway.api.services import SERVICES
from gateway.core.errors import InputError
from gateway.nfe.municipios import uf_code
from gateway.nfe.rulebook import BRASILIA
from gateway.store import access
from gateway.store.approximate_rates import publications, put_rates

TAG = "Cadastros"


class ApproximateTable(Struct, frozen=True, kw_only=True):
    """A version of a state's table. current: whether its days include today (Brasília); rows: how many codes it has."""

    uf: str
    version: str
    since: date
    until: date
    source: str
    key: str
    rows: int
    current: bool


@operation("Ver as tabelas da Lei 12.741", tag=TAG, scope="setup", responses={200: Listing[ApproximateTable]})
async def index(request: web.Request) -> web.Response:
    """What was uploaded, by state, the newest first. A product of no current row says nothing of its taxes."""
    services = request.app[SERVICES]
    today = services.clock.now().astimezone(BRASILIA).date()
    found = await services.db.read(publications)
    return ok(Listing(items=tuple(_told(each, today) for each in found), next=None))


@operation(
    "Trocar a tabela da Lei 12.741 de uma UF",
    tag=TAG,
    scope="setup",
    request=str,
    request_media="text/csv",
    responses={200: Listing[ApproximateTable]},
    problems=(400, 413, 422),
)
async def put(request: web.Request) -> web.Response:
    """The CSV of the state as IBPT publishes it. Rows that began on the same days are replaced, older ones stay; one that has a
    fault leaves everything as it was. It counts for branches of that state whose `approximate_taxes` is `on`."""
    uf = request.match_info["uf"].upper()
    if uf_code(uf) is None:
        raise bad("GW-ENUM", "uf", f"'{uf[:10]}' não é uma UF.", "Use a sigla do estado, por exemplo SP.")
    rows = await asyncio.to_thread(read_csv, await _body(request))
    services = request.app[SERVICES]
    at, who = services.clock.epoch_ms(), actor(request)

    def write(conn: Any) -> None:
        put_rates(conn, uf, rows)
        access.record(conn, actor=who, action="approximate_taxes.put", subject=uf, at=at, data={"rows": len(rows)})

    await services.db.write(write)
    return await index(request)


async def _body(request: web.Request) -> bytes:
    """The file, which is larger than any other body. Raises PayloadTooLarge, InputError."""
    read = bytearray()
    try:
        async with asyncio.timeout(request.app[SERVICES].settings.read_timeout):
            async for piece in request.content.iter_chunked(64 * 1024):
                read += piece
                if len(read) > MAX_BYTES:
                    raise too_large(MAX_BYTES)
    except TimeoutError as error:
        raise InputError("O corpo não chegou inteiro a tempo.", code="GW-BODY-TIMEOUT", fix="Envie de novo.") from error
    except web.RequestPayloadError as error:
        fix = "Confira Content-Encoding e Content-Length."
        raise InputError("O corpo não pôde ser lido.", code="GW-BODY", fix=fix) from error
    return bytes(read)


def _told(each: Any, today: date) -> ApproximateTable:
    return ApproximateTable(
        uf=each.uf,
        version=each.version,
        since=each.since,
        until=each.until,
        source=each.source,
        key=each.key,
        rows=each.rows,
        current=each.since <= today <= each.until,
    )
