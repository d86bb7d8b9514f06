"""Printers on a cable (USB or serial device) and spool folders. Addresses are `file:///dev/usb/lp0` or `file:///var/spool/cupons`."""

from __future__ import annotations

import asyncio
import os
import select
import stat
import termios
import time
import tty
from collections.abc import Callable
from itertools import count
from pathlib import Path
from urllib.parse import unquote, urlsplit

from gateway.core.errors import ConfigInvalid
from gateway.printers.sensors import QUERIES, UNREACHABLE, is_acknowledgement, is_status, status
from gateway.workflows.ports import PrinterStatus, SendResult

ANSWER_SECONDS = 2.0
MAX_WAIT = 300.0
_MAX_CHATTER = 64

_FOLDER = PrinterStatus(online=True, cover_open=False, paper="unknown", error=False)


def parse_address(address: str) -> Path:
    """The path of `file:///path`. Raises ConfigInvalid."""
    parts = urlsplit(address)
    path = Path(unquote(parts.path))
    if parts.scheme != "file" or parts.netloc or not path.is_absolute() or "\x00" in address:
        raise ConfigInvalid(
            f"O endereço de impressora {address[:80]!r} não é válido.", fix="Use file:///dev/usb/lp0 ou file:///pasta/de/spool."
        )
    return path


class FilePrinter:
    """`PrinterTransport` over a character device, or into a folder that an agent of yours empties.

    A job in a folder is a file of its own, complete when it gets its name, and counts as delivered. Blocking calls run in a
    thread; every one of them has a deadline.
    """

    def __init__(self, *, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._answer_seconds = answer_seconds
        self._serial = count(1)

    async def status(self, address: str) -> PrinterStatus:
        """A device is asked; a folder that can be written is online. Raises ConfigInvalid for a malformed address."""
        return await asyncio.to_thread(self._status, parse_address(address))

    async def send(self, address: str, data: bytes, *, deadline: float) -> SendResult:
        """As `TcpPrinter.send`. A folder answers `acked` once the file is on the disk."""
        return await asyncio.to_thread(self._send, parse_address(address), data, time.monotonic() + min(deadline, MAX_WAIT))

    def _status(self, path: Path) -> PrinterStatus:
        if path.is_dir():
            return _FOLDER if os.access(path, os.W_OK | os.X_OK) else UNREACHABLE
        device = _open(path)
        if device is None:
            return UNREACHABLE
        try:
            answers: list[int] = []
            for query in QUERIES:
                end = time.monotonic() + self._answer_seconds
                if _write(device, query, end) < len(query) or (answer := _read_byte(device, is_status, end)) is None:
                    return UNREACHABLE
                answers.append(answer)
            return status(*answers)
        finally:
            os.close(device)

    def _send(self, path: Path, data: bytes, end: float) -> SendResult:
        if path.is_dir():
            return self._spool(path, data)
        device = _open(path)
        if device is None:
            return "not_sent"
        try:
            sent = _write(device, data, end)
            if sent < len(data):
                return "partial" if sent else "not_sent"
            return "unconfirmed" if _read_byte(device, is_acknowledgement, end) is None else "acked"
        finally:
            os.close(device)

    def _spool(self, folder: Path, data: bytes) -> SendResult:
        name = f"{time.time_ns()}-{os.getpid()}-{next(self._serial)}"
        hidden = folder / f".{name}.part"
        try:
            with hidden.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            hidden.rename(folder / f"{name}.escpos")
        except OSError:
            hidden.unlink(missing_ok=True)
            return "not_sent"
        return "acked"


def _open(path: Path) -> int | None:
    """A character device, not blocking, raw when it is a line; None when it is not there or is something else."""
    try:
        device = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:
        return None
    try:
        if stat.S_ISCHR(os.fstat(device).st_mode):
            if os.isatty(device):
                tty.setraw(device, termios.TCSANOW)
            return device
    except (OSError, termios.error):
        pass
    os.close(device)
    return None


def _write(device: int, data: bytes, end: float) -> int:
    """How many bytes the device took before it failed or time was up."""
    sent = 0
    while sent < len(data):
        _, ready, _ = select.select([], [device], [], max(0.0, end - time.monotonic()))
        if not ready:
            break
        try:
            sent += os.write(device, data[sent : sent + 4096])
        except BlockingIOError:
            continue
        except OSError:
            break
    return sent


def _read_byte(device: int, wanted: Callable[[int], bool], end: float) -> int | None:
    for _ in range(_MAX_CHATTER):
        ready, _, _ = select.select([device], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            return None
        try:
            data = os.read(device, 1)
        except BlockingIOError:
            continue
        except OSError:
            return None
        if not data:
            return None
        if wanted(data[0]):
            return data[0]
    return None
