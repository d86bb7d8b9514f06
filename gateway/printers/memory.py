"""A printer that is a list: for tests, and for a branch that prints nowhere. Addresses are `memory:name`."""

from __future__ import annotations

from gateway.workflows.ports import PrinterStatus, SendResult

READY = PrinterStatus(online=True, cover_open=False, paper="ok", error=False)


class MemoryPrinter:
    """`PrinterTransport` that keeps what it is sent, by address.

    `statuses` and `results` script the answers; without a script every printer is ready and every job acknowledged. A job
    answered with `not_sent` is not kept.
    """

    def __init__(self) -> None:
        self.jobs: dict[str, list[bytes]] = {}
        self.statuses: dict[str, PrinterStatus] = {}
        self.results: dict[str, list[SendResult]] = {}

    async def status(self, address: str) -> PrinterStatus:
        return self.statuses.get(address, READY)

    async def send(self, address: str, data: bytes, *, deadline: float) -> SendResult:
        script = self.results.get(address)
        result: SendResult = script.pop(0) if script else "acked"
        if result != "not_sent":
            self.jobs.setdefault(address, []).append(data)
        return result
