"""`print.slip`: the slip of an authorised note, on paper once. When nobody can tell whether it came out, a person decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.core.clock import Clock
from gateway.jobs.results import Done, NeedsAttention, Result, RetryAfter, WaitFor
from gateway.jobs.worker import Job
from gateway.nfe.branch import Printer
from gateway.store import contingencies, documents, prints, setup
from gateway.store.database import Database
from gateway.workflows.ports import PrinterStatus, PrinterTransport

NOT_READY_SECONDS = 15.0
SEND_DEADLINE_SECONDS = 20.0

Slip = Callable[[bytes, Printer], bytes]
"""Renders an nfeProc for a printer, as the bytes to send."""


class PrintSlip:
    """The handler of `print.slip`."""

    def __init__(self, db: Database, clock: Clock, transport: PrinterTransport, slip: Slip) -> None:
        self._db = db
        self._clock = clock
        self._transport = transport
        self._slip = slip

    async def __call__(self, job: Job) -> Result:
        found = await self._db.read(lambda conn: _context(conn, job.subject))
        if found is None:
            return NeedsAttention("PRINT-NO-NOTE", "A nota a imprimir não está autorizada.", "Descarte este trabalho.")
        proc, printer, row = found
        address = str(job.payload["address"])
        at = self._clock.epoch_ms()
        if row is None:
            body = self._slip(proc, printer)
            row = await self._db.write(
                lambda conn: prints.open_print(conn, document=job.subject, kind="slip", address=address, body=body, at=at)
            )
        if row.state == "printed":
            return Done()
        if row.state == "sending":
            return self._uncertain(row, "O envio anterior foi interrompido sem confirmação da impressora.")
        # `uncertain` stopped this job: that it runs again is a person's word that no paper came out.
        status = await self._transport.status(row.address)
        if not status.ready:
            return WaitFor(NOT_READY_SECONDS, f"Impressora {row.address}: {_trouble(status)}.", code="PRINTER-NOT-READY")
        await self._db.write(lambda conn: prints.set_state(conn, row.id, "sending", None, at))
        result = await self._transport.send(row.address, row.body, deadline=SEND_DEADLINE_SECONDS)
        at = self._clock.epoch_ms()
        if result == "acked":
            return Done(lambda conn: self._printed(conn, row, at))
        if result == "not_sent":
            reason = f"A impressora {row.address} não aceitou a conexão."
            return RetryAfter("PRINTER-NOT-SENT", reason, write=lambda conn: prints.set_state(conn, row.id, "queued", reason, at))
        return self._uncertain(row, "A impressora não confirmou o fim da impressão.")

    def _printed(self, conn: Any, row: prints.PrintRow, at: int) -> None:
        prints.set_state(conn, row.id, "printed", None, at)
        documents.add_event(conn, row.document, "printed", f"Cupom impresso em {row.address}.", {"print": row.id}, at)

    def _uncertain(self, row: prints.PrintRow, reason: str) -> Result:
        at = self._clock.epoch_ms()

        def write(conn: Any) -> None:
            prints.set_state(conn, row.id, "uncertain", reason, at)

        return NeedsAttention(
            "PRINT-UNCERTAIN",
            reason,
            "Veja se o papel saiu. Se não saiu, tente de novo: o cupom sai outra vez. Se saiu, descarte.",
            write=write,
        )


def _context(conn: Any, document: str) -> tuple[bytes, Printer, prints.PrintRow | None] | None:
    doc = documents.get(conn, document)
    proc = documents.artefact(conn, document, "proc")
    if proc is None and contingencies.handed_over(conn, document):
        proc = documents.artefact(conn, document, "signed")
    if doc is None or proc is None:
        return None
    branch = setup.get_branch(conn, doc.branch)
    if branch is None:
        return None
    return proc, branch.printer, prints.for_document(conn, document, "slip")


def _trouble(status: PrinterStatus) -> str:
    if not status.online and not status.cover_open and status.paper != "out":
        return "desligada ou sem rede"
    if status.cover_open:
        return "tampa aberta"
    if status.paper == "out":
        return "sem papel"
    return "em erro"
