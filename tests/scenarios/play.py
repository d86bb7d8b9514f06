"""Plays a story: a real gateway process, SEFAZ's simulator, and a clock that leaps to the next thing due when nothing runs.

Whoever asks and sees no answer, because the process died, starts it again and asks again, as a store would.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp

from gateway import demo_data
from gateway.sim.sefaz import SefazSimulator
from gateway.sim.sefaz.chave import Key, key_digit
from gateway.sim.sefaz.records import Authorized, Event
from tests.scenarios.life import Hours, Life, Nursery
from tests.scenarios.story import Step, Story

CNPJ = demo_data.TEST_CNPJ
WHY = "Registro pedido pela loja neste caso"
PATIENCE_SECONDS = 100.0
LOOK_SECONDS = 0.01
ASIDE = ("vtex.sweep", "received.fetch", "contingency.deadline")
"""Kinds of job that no story waits for."""
LONG_WAIT_MS = 5 * 60_000
PROBE_SECONDS = 4.0
NEVER = ("none", 0)
STEP = "step"
NAMED = """
    CREATE TEMP VIEW named AS
    SELECT d.id, d.status, d.number, d.chave, d.cstat, CASE WHEN s.id IS NULL THEN d.ref ELSE s.ref || ' (primeira)' END AS ref
    FROM documents d LEFT JOIN documents s ON s.id = d.origin_ref AND d.origin = 'attempt'
"""
"""Documents by the names that stories have for them: a sale's ref; `ref (primeira)` for the first attempt at one issued again."""


class Play:
    """One telling of a story in `folder`, from a copy of the data directory `house`."""

    def __init__(
        self, story: Story, folder: Path, *, house: Path, token: str, sim: SefazSimulator, nursery: Nursery, hours: Hours
    ) -> None:
        self.story = story
        self.folder = folder
        self.data = folder / "dados"
        self.trace = folder / "pontos.txt"
        self.log = folder / "gateway.log"
        self.sim = sim
        self.hours = hours
        self.foreign: set[str] = set()
        self.cancelled_elsewhere: set[str] = set()
        self.deaths = 0
        self._nursery = nursery
        self._token = token
        self._life: Life | None = None
        self._fatal = NEVER
        self._idle: float | None = None
        shutil.copytree(house, self.data)

    # ---- lives

    async def tell(self, fatal: tuple[str, int] = NEVER) -> None:
        """From the first step to the last, and until nothing moves any more. The process is gone when it answers.

        fatal: the point where it is killed the first time.
        """
        self._fatal = fatal
        try:
            await self._bear()
            await self._set_up()
            for n, step in enumerate(self.story.step, 1):
                with self.trace.open("a") as trace:
                    trace.write(f"{STEP} #{n}\n")
                await self._step(step)
            await self._settle()
        finally:
            if self._life is not None:
                await self._life.end()

    async def _bear(self) -> None:
        point, nth = self._fatal
        silent = any(step.fault is not None and step.fault.action == "hang" for step in self.story.step)
        order = {
            "settings": {
                "data_dir": str(self.data),
                "port": 0,
                "redis_url": "off",
                "sefaz_url": self.sim.url,
                "sefaz_svc_url": f"{self.sim.url}/svc",
                "sefaz_an_url": f"{self.sim.url}/an",
                "sefaz_ca": str(self.sim.ca_path),
                "sefaz_read_timeout": 3.0 if silent else 20.0,
                "sefaz_probe_seconds": 0.2,
                "vtex_sweep_seconds": 86400.0,
            },
            "hours": str(self.hours.path),
            "trace": str(self.trace),
            "log": str(self.log),
            "fatal": point,
            "nth": nth,
        }
        self._life = await self._nursery.bear(order)
        if self._life.dead:
            await self._revive()

    async def _revive(self) -> Life:
        """The life at hand; a new one when that is dead. Only the first may be told to die."""
        assert self._life is not None
        if self._life.dead:
            assert self._life.exit == -signal.SIGKILL, self.log.read_text()[-3000:]
            assert self._fatal != NEVER, "morreu sem que ninguém a matasse"
            self.deaths += 1
            self._fatal = NEVER
            await self._bear()
        return self._life

    async def _again(self) -> None:
        assert self._life is not None
        await self._life.end()
        if self._life.exit != 0:  # it had died just before
            self.deaths += 1
            self._fatal = NEVER

    # ---- the store

    async def _call(self, method: str, path: str, body: Any = None, *, refused: str = "", twice: tuple[int, ...] = ()) -> Any:
        """Ask until there is an answer. twice: statuses that are as good when it is asked a second time."""
        repeated = False
        while True:
            life = await self._revive()
            timeout = aiohttp.ClientTimeout(total=60)
            headers = {"Authorization": f"Bearer {self._token}"}
            try:
                async with (
                    aiohttp.ClientSession(life.url, headers=headers, timeout=timeout) as http,
                    http.request(method, path, json=body) as answer,
                ):
                    told = await answer.json()
            except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError):
                repeated = True
                await asyncio.wait_for(life.ended.wait(), PATIENCE_SECONDS)
                continue
            if refused:
                assert (answer.status // 100, told["code"]) == (4, refused), told
            elif not (repeated and answer.status in twice):
                assert answer.status < 400, (method, path, answer.status, told)
            return told

    async def _set_up(self) -> None:
        if self.story.contingency:
            branch = await self._call("GET", f"/v1/branches/{CNPJ}")
            await self._call("PUT", f"/v1/branches/{CNPJ}", branch | {"contingency": self.story.contingency})

    async def _step(self, step: Step) -> None:
        await self._act(step)
        for ref, status in step.until.items():
            await self._until(lambda ref=ref: self.status(ref), status, f"{step.text} [{ref}]")
        for ref, code in step.stops.items():
            first, *others = code.split(" ou ")

            def found(ref: str = ref, first: str = first, others: list[str] = others) -> Any:
                told = self._waits_for_a_person(ref)
                return first if self.deaths and told in others else told

            await self._until(found, first, f"{step.text} [{ref}]")
        if step.entered or step.left:
            await self._until(self._contingencies, int(step.entered), step.text)

    async def _act(self, step: Step) -> None:
        if step.fault is not None or step.clear or step.state is not None:
            self._sefaz(step)
            return
        model = step.model or self.story.model
        if step.sell:
            kind, body = ("nfce", demo_data.nfce) if model == "65" else ("nfe", demo_data.sale)
            await self._call("POST", f"/v1/{kind}", body(step.sell) | step.body, refused=step.refused)
        elif step.retry:
            made = demo_data.nfce if model == "65" else demo_data.sale
            changed = made(step.retry) | step.body if step.body else None
            await self._call("POST", f"/v1/nfe/{step.retry}/retry", changed, refused=step.refused, twice=(409,))
        elif step.cancel or step.correct or step.substitute:
            await self._event(step)
        elif step.void is not None:
            await self._void(step, model)
        elif step.decide is not None:
            await self._call("POST", f"/v1/nfe/{step.decide.ref}/{step.decide.how}", refused=step.refused, twice=(409,))
        elif step.enter:
            asked = {"model": model, "mode": step.enter, "reason": "SEFAZ sem resposta nesta loja"}
            await self._call("POST", f"/v1/contingency/{CNPJ}", asked, refused=step.refused)
        elif step.leave:
            await self._call("DELETE", f"/v1/contingency/{CNPJ}?model={model}", twice=(404,))
        elif step.elsewhere is not None or step.cancelled_elsewhere:
            self._elsewhere(step, model)
        elif step.passes:
            await self._until(self._busy, False, step.text)
            self.hours.advance(timedelta(hours=step.passes))
            self._wake()
        else:
            await self._machine(step)

    def _sefaz(self, step: Step) -> None:
        if step.fault is not None:
            self.sim.push_fault(step.fault)
        elif step.clear:
            self.sim.clear_faults()
        else:
            self.sim.set_state(**step.state or {})

    async def _machine(self, step: Step) -> None:
        kept = self.folder / "copia.db"
        if step.backup:
            with closing(sqlite3.connect(self.data / "gateway.db")) as live, closing(sqlite3.connect(kept)) as copy:
                live.backup(copy)
        elif step.restart or step.restore:
            await self._again()
            if step.restore:
                for path in self.data.glob("gateway.db*"):
                    path.unlink()
                shutil.copy(kept, self.data / "gateway.db")
            await self._bear()

    async def _event(self, step: Step) -> None:
        if step.correct:
            ref, path, body = step.correct, "correction", {"text": "Transportadora correta: Frota da Loja"}
        elif step.substitute is not None:
            ref, path = step.substitute.ref, "cancel"
            body = {"reason": WHY, "substitute": self.chave(step.substitute.by)}
        else:
            ref, path, body = step.cancel, "cancel", {"reason": WHY}
        asked = await self._call("POST", f"/v1/nfe/{ref}/{path}", body, refused=step.refused)
        if step.ends and not step.refused:
            query = "SELECT status FROM fiscal_events WHERE id = ?"
            await self._until(lambda: self.value(query, asked["id"]), step.ends, step.text)

    async def _void(self, step: Step, model: str) -> None:
        assert step.void is not None
        first, last = step.void.first, step.void.last
        body = {
            "ref": f"inut-{model}-{first}-{last}",
            "branch": CNPJ,
            "model": model,
            "series": 1,
            "first": first,
            "last": last,
            "reason": WHY,
        }
        asked = await self._call("POST", "/v1/inutilizacoes", body, refused=step.refused)
        if step.ends and not step.refused:
            query = "SELECT status FROM inutilizacoes WHERE id = ?"
            await self._until(lambda: self.value(query, asked["id"]), step.ends, step.text)

    # ---- another program of the company

    def _elsewhere(self, step: Step, model: str) -> None:
        register, now = self.sim._register, self.hours.now()
        if step.elsewhere is None:
            chave = self.chave(step.cancelled_elsewhere)
            self.cancelled_elsewhere.add(chave)
            evento = f'<evento versao="1.00"><infEvento><chNFe>{chave}</chNFe><tpEvento>110111</tpEvento></infEvento></evento>'
            register.store(
                Event(
                    chave=chave,
                    tpEvento="110111",
                    nSeqEvento=1,
                    author=CNPJ,
                    cOrgao=chave[:2],
                    nProt=register.next_protocol(chave[:2], now.year),
                    dhRegEvento=now.isoformat(timespec="seconds"),
                    cStat="135",
                    evento=evento,
                    retEvento="",
                )
            )
            return
        asked = step.elsewhere
        base = self.chave(asked.of) if asked.of else f"35{now:%y%m}{CNPJ}{model}001{asked.number:09d}1000000000"
        key = Key(base)
        aamm = f"{now - timedelta(days=now.day):%y%m}" if asked.differs == "month" else key.AAMM
        cNF = "13572468" if asked.differs == "cNF" else key.cNF
        emis = "4" if asked.differs == "tpEmis" else key.tpEmis
        head = f"{base[:2]}{aamm}{base[6:25]}{asked.number:09d}{emis}{cNF}"
        chave = head + key_digit(head)
        self.foreign.add(chave)
        register.store(
            Authorized(
                chave=chave,
                nNF=asked.number,
                serie=key.serie,
                mod=key.mod,
                cUF=base[:2],
                issuer=CNPJ,
                nProt=register.next_protocol(base[:2], now.year),
                digVal="AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                dhRecbto=now.isoformat(timespec="seconds"),
                cStat="100",
                xMotivo="Autorizado o uso da NF-e",
                vNF="1.00",
            )
        )

    # ---- what the database says

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(f"file:{self.data / 'gateway.db'}?mode=ro", uri=True, timeout=10)
        try:
            connection.execute(NAMED)
            yield connection
        finally:
            connection.close()

    def rows(self, query: str, *values: Any) -> list[Any]:
        with self.reading() as connection:
            return connection.execute(query, values).fetchall()

    def value(self, query: str, *values: Any) -> Any:
        found = self.rows(query, *values)
        return found[0][0] if found else None

    def status(self, ref: str) -> Any:
        return self.value("SELECT status FROM named WHERE ref = ?", ref)

    def chave(self, ref: str) -> str:
        found = self.value("SELECT chave FROM named WHERE ref = ?", ref)
        assert isinstance(found, str), f"{ref} ainda não tem chave"
        return found

    def _waits_for_a_person(self, ref: str) -> Any:
        query = (
            "SELECT jobs.error_code FROM jobs JOIN named ON jobs.subject = named.id"
            " WHERE named.ref = ? AND jobs.state = 'needs_attention'"
        )
        return self.value(query, ref)

    def _contingencies(self) -> Any:
        return self.value("SELECT count(*) FROM contingencies WHERE left_at IS NULL")

    # ---- time

    async def _until(self, look: Callable[[], Any], wanted: Any, told: str) -> None:
        loop = asyncio.get_running_loop()
        limit = loop.time() + PATIENCE_SECONDS
        while (found := look()) != wanted:
            assert loop.time() < limit, f"{told}: {found!r} e não {wanted!r}; {self._work()}"
            await self._revive()
            self._leap()
            await asyncio.sleep(LOOK_SECONDS)

    async def _settle(self) -> None:
        """Until every job has ended, or waits for a person."""
        loop = asyncio.get_running_loop()
        limit = loop.time() + PATIENCE_SECONDS
        while self._work():
            assert loop.time() < limit, f"não se aquieta: {self._work()}"
            await self._revive()
            self._leap()
            await asyncio.sleep(LOOK_SECONDS)

    def _work(self) -> list[Any]:
        return self.rows(
            "SELECT kind, state, next_at, lease_until, worker, error_code FROM jobs"
            " WHERE state IN ('ready', 'waiting', 'running') AND kind NOT IN (SELECT value FROM json_each(?))",
            json.dumps(ASIDE),
        )

    def _next(self) -> int | None:
        """Milliseconds until something is due: 0 or less when it is, or runs; None when there is no work."""
        assert self._life is not None
        ours = f"{socket.gethostname()}:{self._life.pid}"
        moments = []
        for _, state, next_at, lease_until, worker, _ in self._work():
            if state == "running" and worker == ours:
                return 0
            moments.append(lease_until if state == "running" else next_at)
        return min(moments) - self.hours.epoch_ms() if moments else None

    def _busy(self) -> bool:
        ahead = self._next()
        return ahead is not None and ahead <= 0

    def _leap(self) -> None:
        """Nothing runs and nothing is due: on to the moment when something is."""
        ahead = self._next()
        if ahead is None or ahead <= 0:
            self._idle = None
            return
        # Whether an authoriser is back is no job's work: before a long wait under a contingency, it gets its time to be seen.
        now = asyncio.get_running_loop().time()
        self._idle = now if self._idle is None else self._idle
        if ahead < LONG_WAIT_MS or not self._contingencies() or now - self._idle > PROBE_SECONDS:
            self._idle = None
            self.hours.advance(timedelta(milliseconds=ahead + 1))
            self._wake()

    def _wake(self) -> None:
        if self._life is not None and self._life.url:
            self._life.tell(signal.SIGUSR1)


def points(trace: Path, since: int = 1) -> list[tuple[str, int]]:
    """Places passed in a telling from a step on, in order, each with the number of its passage."""
    lines = [line.rpartition(" #") for line in trace.read_text().splitlines()]
    found = [(name, int(nth)) for name, _, nth in lines]
    return [point for point in found[found.index((STEP, since)) :] if point[0] != STEP]
