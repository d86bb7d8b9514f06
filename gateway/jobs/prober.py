"""The prober: of all processes one asks an authoriser that is down whether it is back, at most every three minutes.

What was answered is written, and from that alone, for each branch, contingency begins and ends: by whichever process is first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime
from functools import partial

import structlog

from gateway.core.clock import Clock
from gateway.core.errors import EdgeError, GatewayError, NotFound, NotSent
from gateway.jobs.certificates import Certificates
from gateway.nfe.answers import ServiceStatus
from gateway.nfe.branch import Branch
from gateway.nfe.contingency import Seen, automatic_reason, may_enter, may_leave, ways
from gateway.nfe.ports import Sefaz, Target
from gateway.nfe.sefaz.endpoints import Endpoints
from gateway.store import authorizers, contingencies, setup
from gateway.store.authorizers import PROBE_MS, Authorizer, AuthorizerRow
from gateway.store.contingencies import Contingency
from gateway.store.database import Database

log = structlog.get_logger("gateway.jobs")

ANSWER_SECONDS = 60.0
SYSTEM = "gateway"
MODELS = ("55", "65")
Known = dict[Authorizer, AuthorizerRow]


class Prober:
    """Looks every `every` seconds for open circuits and contingencies; asks each authoriser at most once in `gap_ms`."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        sefaz: Sefaz,
        certificates: Certificates,
        endpoints: Endpoints,
        *,
        every: float = 5.0,
        gap_ms: int = PROBE_MS,
    ) -> None:
        self._db = db
        self._clock = clock
        self._sefaz = sefaz
        self._certificates = certificates
        self._endpoints = endpoints
        self._every = every
        self._gap_ms = gap_ms

    async def run(self) -> None:
        """Work until cancelled; a failed turn is logged and the next one comes."""
        while True:
            try:
                await self.turn()
            except Exception:
                log.exception("prober.failed")
            await asyncio.sleep(self._every)

    async def turn(self) -> None:
        """One look at everything that may need a question or a decision."""
        lasting = {(one.branch, one.environment, one.model): one for one in await self._db.read(contingencies.active)}
        known = await self._known()
        if not lasting and not any(row.open for row in known.values()):
            return
        branches = await self._db.read(setup.list_branches)
        concerned = [
            (branch, model, entered)
            for branch in branches
            for model in MODELS
            for entered in [lasting.get((branch.cnpj, branch.environment, model))]
            if entered is not None or _down(known, self._key(branch, model, "1"))
        ]
        for branch, model, entered in concerned:
            for tpEmis in self._questions(branch, model, entered):
                await self._ask(branch, model, tpEmis)
        known = await self._known()
        now = self._clock.now()
        for branch, model, entered in concerned:
            await self._decide(branch, model, entered, known, now)

    async def status_of(self, branch: Branch, model: str, *, ask: bool = True, svc: bool = False) -> ServiceStatus:
        """What the branch's authoriser, or its SVC, says, asked now unless somebody asked within the gap: then, what
        they were told.

        With `ask` False, only what is known already. Raises NotFound when nothing is; NotSent when there was no answer;
        OperatorError for a certificate that does not serve.
        """
        tpEmis = self._svc(branch) if svc else "1"
        if ask:
            await self._certificates.of(branch.cnpj)
            await self._ask(branch, model, tpEmis)
        key = self._key(branch, model, tpEmis)
        row = await self._db.read(lambda conn: authorizers.known(conn, key))
        if row is None and not ask:
            raise NotFound(f"Ninguém perguntou ainda pelo autorizador {key.name}.", fix="Pergunte sem cached=true.")
        if row is None or row.cstat is None:
            raise NotSent(f"O autorizador {key.name} não respondeu. {(row and row.reason) or ''}".strip(), code="SEFAZ-NO-ANSWER")
        return ServiceStatus(row.cstat, row.reason or "", row.t_med, None)

    async def _known(self) -> Known:
        return {row.key: row for row in await self._db.read(authorizers.every)}

    def _key(self, branch: Branch, model: str, tpEmis: str) -> Authorizer:
        name = self._endpoints.authorizer(branch.address.uf, model, branch.environment, tpEmis)
        return Authorizer(name, model, branch.environment)

    def _svc(self, branch: Branch) -> str:
        return self._endpoints.svc(branch.address.uf, branch.environment)

    def _questions(self, branch: Branch, model: str, entered: Contingency | None) -> Iterator[str]:
        """tpEmis of each authoriser to be asked for the branch: home, and its SVC where that may take or have taken over."""
        yield "1"
        if model == "55" and (entered is None or entered.mode == "svc") and (entered or branch.contingency.nfe == "automatic"):
            yield self._svc(branch)

    async def _ask(self, branch: Branch, model: str, tpEmis: str) -> None:
        key = self._key(branch, model, tpEmis)
        if not await self._db.write(lambda conn: authorizers.take_probe(conn, key, self._gap_ms)):
            return
        answer: ServiceStatus | str
        try:
            pfx, _ = await self._certificates.of(branch.cnpj)
            target = Target(branch.address.uf, branch.environment, model, pfx, tpEmis)
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await self._sefaz.status(target)
        except (EdgeError, TimeoutError) as error:
            answer = error.detail if isinstance(error, GatewayError) else "sem resposta a tempo"
        except GatewayError as error:  # a certificate that does not serve says nothing of SEFAZ
            log.warning("prober.not_asked", branch=branch.cnpj, authorizer=key.name, error=error.code)
            return
        state = await self._db.write(lambda conn: authorizers.probed(conn, key, answer))
        log.info("prober.asked", authorizer=key.name, model=model, state=state)

    async def _decide(self, branch: Branch, model: str, entered: Contingency | None, known: Known, now: datetime) -> None:
        home_row = known.get(self._key(branch, model, "1"))
        svc_row = known.get(self._key(branch, model, self._svc(branch))) if model == "55" else None
        home, svc = _seen(home_row), _seen(svc_row)
        if entered is not None:
            if may_leave(entered.mode, entered.since, home, svc, now):
                left = await self._db.write(partial(contingencies.leave, contingency=entered.id, who=SYSTEM))
                if left:
                    log.warning("contingency.left", branch=branch.cnpj, model=model, mode=entered.mode)
            return
        mode = next((one for one in ways(branch, model, now) if may_enter(branch.contingency, model, one, home, svc)), None)
        if mode is None:
            return
        reason = automatic_reason(None if home_row is None else home_row.reason)
        begin = partial(contingencies.enter, branch=branch, model=model, mode=mode, reason=reason, who=SYSTEM)
        _, new = await self._db.write(begin)
        if new:
            log.warning("contingency.entered", branch=branch.cnpj, model=model, mode=mode)


def _down(known: Known, key: Authorizer) -> bool:
    row = known.get(key)
    return row is not None and row.open


def _seen(row: AuthorizerRow | None) -> Seen | None:
    return None if row is None else Seen(row.open, row.since, row.probed_at, row.cstat, row.reason or "")
