"""`inutilizacao.send`: from a range asked for to SEFAZ's last word on it.

No service tells whether a range was voided: asking for the very same range again is how a lost answer is found (563 brings the
protocol). That is safe, because the second request says exactly what the first one said.
"""

from __future__ import annotations

import asyncio
from typing import Any

from gateway.core.clock import Clock
from gateway.core.errors import EdgeError, NotSent, OperatorError, Refused, Throttled
from gateway.core.taxid import Cnpj
from gateway.jobs.certificates import Certificates
from gateway.jobs.handlers.effects import after_outcome
from gateway.jobs.handlers.outcomes import VOIDING, issuer_guard
from gateway.jobs.results import Done, NeedsAttention, Result, RetryAfter, WaitFor
from gateway.jobs.worker import Job
from gateway.nfe.certificate import Certificate
from gateway.nfe.event_answers import Voided, VoidedBefore, VoidingRefused, VoidingUnknown
from gateway.nfe.events.inutilizacao import compose_voiding, sign_voiding
from gateway.nfe.events.proc import join_proc_inut
from gateway.nfe.municipios import uf_code
from gateway.nfe.ports import Sefaz, SignedInut, Target
from gateway.store import guards, ledger, setup, voidings
from gateway.store.database import Database
from gateway.store.number_gaps import refresh_series
from gateway.store.voidings import VoidingRow

_DOWN = frozenset({"wait_retry", "contingency", "poll"})
CONSUMO_INDEVIDO_SECONDS = 3600.0
ALREADY = frozenset({"206", "256"})
"""Refusals that say the numbers are void there: after a lost answer, nobody knows by whose request."""


class SendVoiding:
    """The handler of `inutilizacao.send`."""

    def __init__(self, db: Database, clock: Clock, sefaz: Sefaz, certificates: Certificates) -> None:
        self._db = db
        self._clock = clock
        self._sefaz = sefaz
        self._certificates = certificates

    async def __call__(self, job: Job) -> Result:
        row = await self._db.read(lambda conn: voidings.get(conn, job.subject))
        if row is None or row.status in ("registered", "rejected"):
            return Done()
        issuer, key = Cnpj(row.branch), issuer_guard(row.branch, VOIDING)
        asked_before = row.status in ("processing", "unknown")
        paused = await self._db.read(lambda conn: guards.paused_for(conn, key))
        if paused is not None:
            return WaitFor(paused[0], paused[1], code="SEFAZ-656")
        branch = await self._db.read(lambda conn: setup.get_branch(conn, issuer))
        assert branch is not None  # inutilizacoes.branch is a foreign key
        pfx, certificate = await self._certificates.of(row.branch)
        target = Target(uf=branch.address.uf, tpAmb=row.environment, mod=row.model, pfx=pfx)
        row = await self._ready(row, uf_code(branch.address.uf) or "", certificate)
        assert row.signed is not None  # stored by `_ready`
        try:
            outcome = await self._sefaz.inutilize(target, SignedInut(row.signed))
        except (NotSent, OperatorError):
            # What may have left before stays in doubt: only bytes that never left are given up.
            await self._step(row, "lose" if asked_before else "hold")
            raise
        except Throttled as error:
            return self._wait(row, error.after, error.detail, error.code, asked_before)
        except Refused:
            await self._step(row, "lose")
            raise
        except EdgeError as error:
            return self._lost(row, f"{error.detail} [{error.code}]")
        match outcome:
            case Voided():
                proc = join_proc_inut(SignedInut(row.signed), outcome.xml)
                when = int(outcome.at.timestamp() * 1000)
                return self._done(row, outcome.nProt, outcome.cStat, outcome.xMotivo, when, outcome.xml, proc)
            case VoidedBefore(xMotivo, nProt):
                if nProt is None:
                    return NeedsAttention(
                        "SEFAZ-563",
                        f"A SEFAZ diz que a faixa já foi inutilizada e não informou o protocolo: {xMotivo}",
                        "Consulte a inutilização no portal da SEFAZ e guarde o protocolo.",
                    )
                return self._done(row, nProt, "563", xMotivo, None, None, None)
            case VoidingUnknown(reason):
                return self._lost(row, reason)
            case VoidingRefused():
                return self._refused(row, outcome, asked_before)

    async def _ready(self, row: VoidingRow, cUF: str, certificate: Certificate) -> VoidingRow:
        """Signed, stored and in `processing`: a request that may have left before goes again with the same bytes."""
        at = self._clock.epoch_ms()
        if row.status == "processing":
            return row
        if row.status == "unknown":
            return await self._db.write(lambda conn: voidings.move(conn, row.id, "resend", at=at))
        composed = compose_voiding(
            cUF=cUF,
            year=row.year,
            this_year=row.year,
            cnpj=Cnpj(row.branch),
            mod=row.model,
            series=row.series,
            first=row.first,
            last=row.last,
            reason=row.justification,
            environment=row.environment,
        )
        signed = await asyncio.to_thread(sign_voiding, composed, certificate)
        return await self._db.write(lambda conn: voidings.move(conn, row.id, "sign", at=at, signed=bytes(signed)))

    def _lost(self, row: VoidingRow, reason: str) -> Result:
        at = self._clock.epoch_ms()

        def write(conn: Any) -> None:
            voidings.move(conn, row.id, "lose", at=at, reason=reason[:1000])

        return RetryAfter("SEFAZ-NO-ANSWER", f"Sem resposta clara da SEFAZ à inutilização: {reason}", write=write)

    def _refused(self, row: VoidingRow, answer: VoidingRefused, asked_before: bool) -> Result:
        at = self._clock.epoch_ms()
        reason = f"{answer.cStat} {answer.xMotivo}"
        if answer.decision == "stop_wait":
            return self._wait(row, CONSUMO_INDEVIDO_SECONDS, reason, "SEFAZ-656", asked_before)
        if answer.decision in _DOWN:

            def hold(conn: Any) -> None:
                voidings.move(conn, row.id, "lose" if asked_before else "hold", at=at)

            return RetryAfter(f"SEFAZ-{answer.cStat}", reason, write=hold)
        if asked_before and answer.cStat in ALREADY:
            return NeedsAttention(
                f"SEFAZ-{answer.cStat}",
                f"A resposta do primeiro envio se perdeu, e agora a SEFAZ diz que há números já inutilizados: {reason}",
                "Consulte a inutilização no portal da SEFAZ: se ela estiver lá, os números estão inutilizados.",
            )

        def reject(conn: Any) -> None:
            moved = voidings.move(conn, row.id, "reject", at=at, cstat=answer.cStat, reason=answer.xMotivo)
            refresh_series(conn, moved)

        return Done(reject)

    async def _step(self, row: VoidingRow, step: str) -> None:
        at = self._clock.epoch_ms()
        await self._db.write(lambda conn: voidings.move(conn, row.id, step, at=at))

    def _wait(self, row: VoidingRow, seconds: float, reason: str, code: str, asked_before: bool) -> Result:
        at = self._clock.epoch_ms()

        def stop(conn: Any) -> None:
            guards.pause(conn, issuer_guard(row.branch, VOIDING), seconds, reason)
            voidings.move(conn, row.id, "lose" if asked_before else "hold", at=at)

        return WaitFor(seconds, reason, code=code, write=stop)

    def _done(
        self, row: VoidingRow, nProt: str, cStat: str, xMotivo: str, when: int | None, answer: bytes | None, proc: bytes | None
    ) -> Result:
        at = self._clock.epoch_ms()

        def write(conn: Any) -> None:
            moved = voidings.move(
                conn,
                row.id,
                "register",
                at=at,
                protocol=nProt,
                cstat=cStat,
                reason=xMotivo,
                answer=answer,
                proc=proc,
                registered_at=when or at,
            )
            for document in voidings.end_documents(conn, moved, at):
                after_outcome(conn, document, at)
            refresh_series(conn, moved)
            if proc is not None:
                ledger.append_proof(conn, "inutilizacao", row.id, proc, at)

        return Done(write)
