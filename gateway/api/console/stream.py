"""`/console/stream`: tells open pages that something changed; they fetch themselves again. No data travels here."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from aiohttp import web
from aiohttp_sse import sse_response

from gateway.api.live import LIVE, TELL_EVERY

HEARTBEAT_SECONDS = 15.0
MAX_SECONDS = 30 * 60.0
"""A stream ends then and the browser opens another: that is when its session is checked again."""

LOOK_SECONDS = 2.0
"""How soon a tab that was closed is noticed, when nothing changes."""


async def stream(request: web.Request) -> web.StreamResponse:
    """At most one `changed` a second, however much changes; a comment every 15 s while nothing does."""
    live = request.app[LIVE]
    loop = asyncio.get_running_loop()
    deadline = loop.time() + MAX_SECONDS
    told: web.StreamResponse = web.Response(status=204)
    async with live.watching() as changed:
        # A tab that was closed shows as a reset connection on the next write: that is how streams end, not an error.
        with suppress(ConnectionResetError, ConnectionAbortedError, BrokenPipeError):
            async with sse_response(request, headers={"X-Accel-Buffering": "no"}, ping_interval=HEARTBEAT_SECONDS) as response:
                told = response
                await response.send("1", event="ready", retry=3000)
                while _open(request) and not live.closed and loop.time() < deadline:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(LOOK_SECONDS):
                            await changed.wait()
                        changed.clear()
                        await response.send("1", event="changed")
                        await asyncio.sleep(TELL_EVERY)
    return told


def _open(request: web.Request) -> bool:
    return request.transport is not None and not request.transport.is_closing()
