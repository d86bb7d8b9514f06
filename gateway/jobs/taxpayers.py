"""Consulta cadastro: asked once a day per taxpayer, by the certificate of a branch."""

from __future__ import annotations

import asyncio

from gateway.core.clock import Clock
from gateway.core.errors import NotFound, Throttled
from gateway.jobs.certificates import Certificates
from gateway.nfe.event_answers import Taxpayer
from gateway.nfe.ports import Sefaz, Target
from gateway.store import guards, setup, taxpayers
from gateway.store.database import Database

SECONDS = 20.0
PAUSE_SECONDS = 3600.0
KEPT = frozenset({"111", "112", "259", "261", "264"})
"""Answers that tell of the taxpayer (found, or not registered there); any other says something of the question."""


class TaxpayerLookup:
    """The registrations of a document in a state."""

    def __init__(self, db: Database, clock: Clock, sefaz: Sefaz, certificates: Certificates) -> None:
        self._db = db
        self._clock = clock
        self._sefaz = sefaz
        self._certificates = certificates

    async def __call__(self, branch: str, uf: str, document: str) -> tuple[Taxpayer, int]:
        """The answer and when it was given (ms), from memory when it is not a day old.

        Raises NotFound (the branch), Throttled (too many questions, or a 656 that still lasts), EdgeError, OperatorError.
        """
        at = self._clock.epoch_ms()
        found = await self._db.read(lambda conn: setup.get_branch(conn, branch))
        if found is None:
            raise NotFound(f"A filial {branch} não está cadastrada.", fix="Cadastre-a em PUT /v1/branches/{cnpj}.")
        known = await self._db.read(lambda conn: taxpayers.remembered(conn, uf, document, found.environment, at))
        if known is not None:
            return known
        paused = await self._db.read(lambda conn: guards.paused_for(conn, f"cadastro:{branch}"))
        if paused is not None:
            raise Throttled(paused[1], after=paused[0], code="SEFAZ-656", fix="Espere a hora indicada e consulte de novo.")
        pfx, _ = await self._certificates.of(branch)
        await self._db.write(lambda conn: taxpayers.count_question(conn, branch, at))
        target = Target(uf=found.address.uf, tpAmb=found.environment, mod="55", pfx=pfx)
        async with asyncio.timeout(SECONDS):
            answer = await self._sefaz.taxpayer(target, uf, document)
        if answer.cStat == "656":
            reason = f"A SEFAZ pediu uma hora sem consultas ao cadastro: {answer.cStat} {answer.xMotivo}"
            await self._db.write(lambda conn: guards.pause(conn, f"cadastro:{branch}", PAUSE_SECONDS, reason))
            raise Throttled(reason, after=PAUSE_SECONDS, code="SEFAZ-656", fix="Espere uma hora e consulte de novo.")
        if answer.cStat in KEPT:
            await self._db.write(lambda conn: taxpayers.remember(conn, uf, document, found.environment, answer, at))
        return answer, at
