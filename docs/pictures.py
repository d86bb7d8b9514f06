"""Draws the README's pictures from a demonstration: `python -m docs.pictures`. The console's needs Debian's `chromium`."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
from aiohttp import web

from gateway import demo_data
from gateway.api.console.session import COOKIE
from gateway.sim.sefaz import Fault
from gateway.stage import FINAL_DOCUMENT, Stage
from gateway.store import access

IMAGES = Path(__file__).parent / "images"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--timeout=2500",
)


async def main() -> int:
    """Run the demonstration and write the pictures; answers the exit code."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        stage = Stage(Path(directory))
        await stage.open()
        try:
            await _a_day(stage)
            await _console(stage)
        finally:
            await stage.close()
    return 0


async def _a_day(stage: Stage) -> None:
    """Sales, one of them refused; an order invoiced, one parked by its two documents, one by an unknown product."""
    first = await stage.sell("balcao-1001")
    shutil.copy(first.files["png"], IMAGES / "cupom.png")
    for n in range(2, 9):
        await stage.sell(f"balcao-100{n}")
    stage.sims.sefaz.push_fault(Fault(action="cstat", service="NFeAutorizacao4", cStat="778"))
    await stage._call("POST", "/v1/nfe", demo_data.sale("balcao-1009"))
    await stage._until("/v1/nfe/balcao-1009", "status", FINAL_DOCUMENT)
    now = datetime.now(UTC)
    await stage.take_order(demo_data.order("v100201-01", now))
    both = demo_data.order("v100202-01", now)
    both["clientProfileData"] |= {"corporateDocument": "11222333000181", "corporateName": "Bar Exemplo Ltda"}
    await stage.take_order(both)
    unknown = demo_data.order("v100203-01", now)
    unknown["items"][0] |= {"id": "7003", "refId": None}
    await stage.take_order(unknown, register_products=False)


async def _console(stage: Stage) -> None:
    browser = shutil.which("chromium")
    if browser is None:
        print("chromium não encontrado: a imagem do console ficou como estava")
        return
    at = stage.gateway.clock.epoch_ms()
    token, _ = await stage.gateway.db.write(lambda conn: access.new_session(conn, "admin", at))
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as session:
        runner = await _proxy(session, stage.gateway.url, f"{COOKIE}={token}")
        port = runner.addresses[0][1]
        for name, path in (("console", "/console"), ("nota", "/console/notas/balcao-1001")):
            await _shoot(browser, f"http://127.0.0.1:{port}{path}", IMAGES / f"{name}.png")
        await runner.cleanup()


async def _proxy(session: aiohttp.ClientSession, base: str, cookie: str) -> web.AppRunner:
    """A browser from the command line cannot sign in: this passes its requests on with the session's cookie."""

    async def forward(request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/stream"):
            return await _quiet_stream(request)
        async with session.get(base + request.path_qs, headers={"Cookie": cookie}, allow_redirects=False) as answer:
            body = await answer.read()
            kept = {name: answer.headers[name] for name in ("Content-Type", "Content-Security-Policy") if name in answer.headers}
            return web.Response(body=body, status=answer.status, headers=kept)

    app = web.Application()
    app.router.add_get("/{path:.*}", forward)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner


async def _quiet_stream(request: web.Request) -> web.StreamResponse:
    """A live connection on which nothing happens, for as long as a picture takes."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    await response.write(b": nada\n\n")
    await asyncio.sleep(5)
    return response


async def _shoot(browser: str, url: str, target: Path) -> None:
    with tempfile.TemporaryDirectory() as profile:
        process = await asyncio.create_subprocess_exec(
            browser, *FLAGS, f"--user-data-dir={profile}", "--window-size=1280,900", f"--screenshot={target}", url,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        await asyncio.wait_for(process.wait(), 60)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
