"""A store without its authoriser for a day: sold and printed off-line, the deadline told, transmitted, one refused and put right.

The day passes by a clock that the test moves: the gateway's, the one its database measures jobs by, and SEFAZ's.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from gateway import demo_data
from gateway.nfe.contingency import alert_before, transmit_until
from gateway.sim.sefaz import Fault
from gateway.sim.sefaz.faults import Match
from gateway.stage import Stage
from gateway.store import dbclock
from tests.e2e.test_offline import HERE, SEND, WHY, sell, sends, until

ZONE = ZoneInfo("America/Sao_Paulo")


class MovableClock:
    """The machine's clock, moved forward as the test says; stands for `time` where the database's instants are read."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def epoch_ms(self) -> int:
        return self.time_ns() // 1_000_000

    def time_ns(self) -> int:
        return time.time_ns() + self.ahead // timedelta(microseconds=1) * 1000

    def go_to(self, at: datetime, stage: Stage | None = None) -> None:
        self.ahead = at - datetime.now(UTC)
        if stage is not None:
            stage.sims.sefaz.set_state(clock_offset_s=self.ahead.total_seconds())


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> MovableClock:
    """Ten in the morning of the next Monday, in São Paulo."""
    found = MovableClock()
    today = datetime.now(ZONE).replace(hour=10, minute=0, second=0, microsecond=0)
    found.go_to(today + timedelta(days=7 - today.weekday()))
    monkeypatch.setattr(dbclock, "time", found)
    return found


@pytest.fixture
async def stage(sqlite_url: str, tmp_path: Path, authority: Path, clock: MovableClock) -> AsyncIterator[Stage]:
    """On SQLite alone, whose clock is this process's."""
    await asyncio.to_thread((tmp_path / "stage").mkdir)
    (tmp_path / "stage" / "pki").symlink_to(authority / "pki", target_is_directory=True)
    opened = Stage(tmp_path / "stage", database_url=sqlite_url, clock=clock)
    await opened.open()
    clock.go_to(clock.now(), opened)
    yield opened
    await opened.close()


@asynccontextmanager
async def at_the_console(stage: Stage) -> AsyncIterator[aiohttp.ClientSession]:
    """Somebody who has just entered."""
    async with aiohttp.ClientSession(stage.gateway.url, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        async with session.get("/console/login") as answer:
            found = dict(re.findall(r'name="(\w+)" value="([^"]*)"', await answer.text()))
        form = {"token": found["token"], "next": "", "username": "admin", "password": stage.password}
        async with session.post("/console/login", data=form) as answer:
            assert answer.url.path == "/console"
        yield session


async def page(browser: aiohttp.ClientSession, path: str) -> str:
    """A page of the console as text."""
    async with browser.get(path) as answer:
        assert answer.status == 200
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", await answer.text())).split())


async def told(stage: Stage, ref: str) -> tuple[list[str], dict[str, Any]]:
    """The kinds of the story's lines, and the story."""
    found = await stage._call("GET", f"/v1/nfe/{ref}/why")
    return [line["kind"] for line in found["lines"]], found


BEGINNING = ["contingency_entered", "accepted", "number", "signed", "issue_offline", "printed"]


async def test_a_day_off_line_ends_with_every_sale_authorised_and_told(stage: Stage, clock: MovableClock) -> None:
    sefaz = stage.sims.sefaz
    sefaz.set_state(status="109")
    await stage._call("POST", HERE, {"model": "65", "reason": WHY})
    for ref in ("dia-1", "dia-2"):
        await sell(stage, ref)
        await until(stage, ref, "contingency")
    slips = await stage.sims.printer.wait_receipts(2)
    for slip in slips:
        for mark in ("EMITIDA EM CONTINGÊNCIA", "Pendente de autorização", "Entrada em contingência", WHY):
            assert mark in " ".join(slip.text.split())
    # Sold on a Monday: due at the end of the next business day (a Wednesday when that Tuesday is a holiday).
    due = transmit_until(clock.now(), ZONE)
    kinds, story = await told(stage, "dia-1")
    assert kinds == BEGINNING
    assert story["headline"] == "Nota 1 da série 1 (ref dia-1), R$ 100,00: em contingência, ainda não foi enviada."
    assert story["now"] == [
        f"O prazo para a SEFAZ receber esta nota, emitida em contingência, termina em {due:%d/%m/%Y} às 23:59."
    ]

    # A day later nothing was transmitted: before the deadline a person is told, once for both notes.
    clock.go_to(due - alert_before(due.date()) + timedelta(minutes=1), stage)
    async with at_the_console(stage) as browser:
        async with asyncio.timeout(20):
            while "NFCE-OFFLINE-DUE" not in (now := await page(browser, "/console")):
                await asyncio.sleep(0.05)
        assert f"2 NFC-e emitidas off-line pela filial {demo_data.TEST_CNPJ} ainda não foram aceitas pela SEFAZ" in now
        assert f"O prazo termina em {due:%d/%m/%Y} às 23:59: corrija as rejeitadas" in now
        assert "2 a transmitir" in now
        assert story["now"][0] in await page(browser, "/console/notas/dia-2")
        assert sends(stage) == []

        # SEFAZ is back in time, and refuses one of the two: the alert stays, for that one.
        second = await stage._call("GET", "/v1/nfe/dia-2")
        sefaz.push_fault(Fault(action="cstat", service=SEND, cStat="611", match=Match(chave=second["chave_acesso"])))
        sefaz.set_state(status="107")
        await until(stage, "dia-1", "authorized")
        await until(stage, "dia-2", "rejected")
        async with asyncio.timeout(20):
            while "Uma NFC-e emitida off-line" not in (now := await page(browser, "/console")):
                await asyncio.sleep(0.05)
        assert "ainda não foi aceita pela SEFAZ: dia-2." in now
        kinds, _ = await told(stage, "dia-1")
        assert kinds == [*BEGINNING, "contingency_left", "transmit", "authorize"]
        kinds, story = await told(stage, "dia-2")
        assert kinds == [*BEGINNING, "contingency_left", "transmit", "reject"]
        assert story["now"][:2] == [
            f"O prazo para a SEFAZ receber esta nota, emitida em contingência, termina em {due:%d/%m/%Y} às 23:59.",
            "Corrija e reenvie: a nota mantém a ref e o número.",
        ]

        # Put right by the corrected body, on the same key; the alert goes, and the console tells it all.
        draft = (await stage._call("GET", "/v1/nfe/dia-2/explanation"))["draft"]
        await stage._call("POST", "/v1/nfe/dia-2/retry", draft)
        fixed = await until(stage, "dia-2", "authorized")
        assert fixed["chave_acesso"] == second["chave_acesso"]
        kinds, story = await told(stage, "dia-2")
        ending = ["contingency_left", "transmit", "reject", "resubmitted", "retry", "changed", "signed", "authorize"]
        assert kinds == [*BEGINNING, *ending]
        shown = await page(browser, "/console/notas/dia-2")
        for line in story["lines"]:
            assert line["text"] in shown
        async with asyncio.timeout(20):
            while "NFCE-OFFLINE-DUE" in await page(browser, "/console"):
                await asyncio.sleep(0.05)
    assert len(stage.sims.printer.receipts) == 2  # the buyers have theirs
    assert [note.chave[34] for note in sefaz.authorized] == ["9", "9"]
