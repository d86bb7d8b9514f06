"""One transport for every printer: the address's scheme says which."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.core.errors import ConfigInvalid
from gateway.printers.device import FilePrinter
from gateway.printers.memory import MemoryPrinter
from gateway.printers.tcp import TcpPrinter
from gateway.workflows.ports import PrinterStatus, PrinterTransport, SendResult


def default_transports() -> dict[str, PrinterTransport]:
    """A fresh transport of each kind, by scheme."""
    return {"tcp": TcpPrinter(), "file": FilePrinter(), "memory": MemoryPrinter()}


class Transports:
    """`PrinterTransport` that hands each call to the scheme's own. Raises ConfigInvalid for a scheme it does not have."""

    def __init__(self, by_scheme: Mapping[str, PrinterTransport] | None = None) -> None:
        self._by_scheme = dict(by_scheme or default_transports())

    async def status(self, address: str) -> PrinterStatus:
        return await self._of(address).status(address)

    async def send(self, address: str, data: bytes, *, deadline: float) -> SendResult:
        return await self._of(address).send(address, data, deadline=deadline)

    def _of(self, address: str) -> PrinterTransport:
        scheme, colon, _ = address.partition(":")
        transport = self._by_scheme.get(scheme.lower()) if colon else None
        if transport is None:
            known = ", ".join(sorted(self._by_scheme))
            raise ConfigInvalid(
                f"O endereço de impressora {address[:80]!r} usa um meio que não existe.", fix=f"Use um destes no início: {known}."
            )
        return transport
