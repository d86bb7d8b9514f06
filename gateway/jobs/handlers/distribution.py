"""`received.fetch`: reads a queue of the Ambiente Nacional to its end, then its holes, and stops for an hour.

Each answer is stored with the cursor in one transaction before the next question: killed anywhere, what was not stored is handed
over again, and what was is not asked for. Source: NT 2014.002 (one reader a CNPJ base, one hour after 137, 656).
"""

from __future__ import annotations

import asyncio

from gateway.core.clock import Clock
from gateway.core.taxid import Cnpj
from gateway.jobs.certificates import Certificates
from gateway.jobs.results import Done, NeedsAttention, Result, RetryAfter
from gateway.jobs.worker import Job
from gateway.nfe.branch import Branch
from gateway.nfe.event_answers import AfterNsu, DistributionBatch, OneNsu
from gateway.nfe.ports import Sefaz, Target
from gateway.store import distribution, setup
from gateway.store.database import Database
from gateway.store.distribution import Cursor

BATCHES = 40
"""Answers a run reads at most (2,000 documents): the rest is the next run's, so that no run outlives its time."""
_DOWN = frozenset({"wait_retry", "contingency", "poll"})


class FetchReceived:
    """The handler of `received.fetch`; the job's subject is the CNPJ of a branch."""

    def __init__(self, db: Database, clock: Clock, sefaz: Sefaz, certificates: Certificates) -> None:
        self._db = db
        self._clock = clock
        self._sefaz = sefaz
        self._certificates = certificates

    async def __call__(self, job: Job) -> Result:
        branch = await self._db.read(lambda conn: setup.get_branch(conn, Cnpj(job.subject)))
        if branch is None or branch.receive != "on":
            return Done()
        pfx, _ = await self._certificates.of(branch.cnpj)
        target = Target(uf=branch.address.uf, tpAmb=branch.environment, mod="55", pfx=pfx)
        for _ in range(BATCHES):
            cursor = await self._cursor(branch)
            if cursor.next_at > self._clock.epoch_ms():
                break
            batch = await self._sefaz.distribute(target, branch.cnpj, AfterNsu(cursor.last_nsu))
            stopped = await self._store(cursor, batch, branch)
            if stopped is not None:
                return stopped
        return await self._holes(branch, target)

    async def _cursor(self, branch: Branch) -> Cursor:
        return await self._db.read(lambda conn: distribution.cursor_of(conn, branch.queue, branch.environment))

    async def _store(self, cursor: Cursor, batch: DistributionBatch, branch: Branch) -> Result | None:
        """Store one answer; None to go on."""
        at = self._clock.epoch_ms()
        if batch.cStat not in ("137", "138"):
            return await self._refused(cursor, batch)
        taken = await asyncio.to_thread(distribution.prepare, batch.documents, branch.cnpj[:8])
        mine = await self._db.write(lambda conn: distribution.store(conn, cursor, batch, taken, branch, at))
        return None if mine else Done()

    async def _refused(self, cursor: Cursor, batch: DistributionBatch) -> Result:
        at = self._clock.epoch_ms()
        reason = f"{batch.cStat} {batch.xMotivo}"
        if batch.decision == "stop_wait":
            await self._db.write(lambda conn: distribution.pause(conn, cursor, reason, at))
            return Done()
        if batch.decision in _DOWN:
            return RetryAfter(f"SEFAZ-{batch.cStat}", reason)
        return NeedsAttention(
            f"SEFAZ-{batch.cStat}",
            f"O Ambiente Nacional recusou a busca de notas recebidas: {reason}",
            "Confira o CNPJ e o certificado da filial, e a fila em GET /v1/received/queues.",
        )

    async def _holes(self, branch: Branch, target: Target) -> Result:
        """The NSUs that were skipped, each by itself, twenty an hour."""
        cursor = await self._cursor(branch)
        at = self._clock.epoch_ms()
        for nsu in await self._db.read(lambda conn: distribution.open_holes(conn, cursor, at)):
            await self._ask_hole(cursor, nsu)
            batch = await self._sefaz.distribute(target, branch.cnpj, OneNsu(nsu))
            if batch.decision == "stop_wait" or batch.decision in _DOWN:
                return await self._refused(cursor, batch)
            documents = batch.documents if batch.cStat == "138" else ()
            taken = await asyncio.to_thread(distribution.prepare, documents, branch.cnpj[:8])
            await self._close_hole(cursor, nsu, taken, branch)
        return Done()

    async def _ask_hole(self, cursor: Cursor, nsu: int) -> None:
        at = self._clock.epoch_ms()
        await self._db.write(lambda conn: distribution.ask_hole(conn, cursor, nsu, at))

    async def _close_hole(self, cursor: Cursor, nsu: int, taken: tuple[distribution.Taken, ...], branch: Branch) -> None:
        at = self._clock.epoch_ms()
        await self._db.write(lambda conn: distribution.close_hole(conn, cursor, nsu, taken, branch, at))


class Receivers:
    """The branches whose queue may be read now, for the ticker."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def names(self) -> tuple[str, ...]:
        """CNPJs, one a queue."""
        at = self._clock.epoch_ms()
        return await self._db.read(lambda conn: distribution.due(conn, at))
