"""A month of a branch as a ZIP: every proof as it was stored, an index for the accountant, hashes for whoever checks.

The same stored month gives the same bytes: entries in a fixed order, with a fixed date, compressed at a fixed level. Streamed a
page of documents at a time to a file beside the final one, which appears only when it is whole.
"""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import os
import shutil
import tempfile
import zipfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from gateway.core.clock import from_epoch_ms, to_epoch_ms
from gateway.core.errors import NotFound
from gateway.nfe.lifecycle import DOCUMENT
from gateway.store import ledger, setup
from gateway.store.database import Database
from gateway.store.proofs import SOURCES, Entry, Source

PAGE = 200
"""Documents a page: some 2 MB."""
HEADER = (
    *("tipo", "modelo", "chave", "serie", "numero", "situacao", "protocolo", "valor", "emissao", "autorizacao"),
    *("sha256", "arquivo"),
)
_EPOCH = (1980, 1, 1, 0, 0, 0)

Progress = Callable[[int, int], Awaitable[None]]
"""Files written so far, of how many."""


@dataclass(frozen=True, slots=True)
class Exported:
    """The ZIP: how many proofs are in it, its size in bytes and its SHA-256 (hex)."""

    files: int
    size: int
    sha256: str


def month_bounds(month: str, zone: ZoneInfo) -> tuple[int, int]:
    """First instant of a month (`AAAA-MM`) and of the next in a time zone, in milliseconds. Raises ValueError."""
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=zone)
    following = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    return to_epoch_ms(first), to_epoch_ms(following)


async def write_export(
    db: Database, branch: str, month: str, path: Path, progress: Progress, sources: tuple[Source, ...] = SOURCES
) -> Exported:
    """Write the month to `path`, replacing what was there only once whole. Raises NotFound, ValueError, OSError."""
    found = await db.read(lambda conn: setup.get_branch(conn, branch))
    if found is None:
        raise NotFound(f"A filial {branch} não está cadastrada.", fix="Cadastre-a primeiro em PUT /v1/branches/{cnpj}.")
    zone = ZoneInfo(found.time_zone)
    since, until = month_bounds(month, zone)
    total = 0
    for source in sources:
        total += await db.read(partial(_count, source=source, branch=branch, since=since, until=until))
    await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part-{os.getpid()}-{id(progress):x}")
    archive = await asyncio.to_thread(_Archive, part, zone)
    try:
        for source in sources:
            after = ""
            while page := await db.read(partial(_page, source=source, branch=branch, since=since, until=until, after=after)):
                entries, last = page
                await asyncio.to_thread(archive.add, source.word, entries, last)
                after = entries[-1].subject
                await progress(archive.files, total)
        exported = await asyncio.to_thread(archive.finish, branch, month)
        await asyncio.to_thread(part.replace, path)
    except BaseException:
        with suppress(OSError):  # a full disk cannot end the file either; it goes away
            archive.close()
        with suppress(FileNotFoundError):
            part.unlink()
        raise
    return exported


def _count(conn: Connection, source: Source, branch: str, since: int, until: int) -> int:
    return source.count(conn, branch, since, until)


def _page(
    conn: Connection, source: Source, branch: str, since: int, until: int, after: str
) -> tuple[list[Entry], ledger.Link | None] | None:
    entries = source.month(conn, branch, since, until, after, PAGE)
    if not entries:
        return None
    return entries, ledger.last_of(conn, source.kind, [entry.subject for entry in entries])


class _Archive:
    """The ZIP being written; every method blocks."""

    def __init__(self, path: Path, zone: ZoneInfo) -> None:
        self.files = 0
        self._path = path
        self._zone = zone
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6)
        self._index = _Text(path.parent)
        self._sums = _Text(path.parent)
        self._index.write("\ufeff" + _row(HEADER))  # the mark by which spreadsheets know UTF-8
        self._last: ledger.Link | None = None

    def add(self, word: str, entries: list[Entry], last: ledger.Link | None) -> None:
        for entry in entries:
            digest = hashlib.sha256(entry.body).hexdigest()
            self._put(entry.name, entry.body)
            self._sums.write(f"{digest}  {entry.name}\n")
            row = (
                *(word, entry.model, entry.chave, entry.series, entry.number),
                *(DOCUMENT.labels.get(entry.status, entry.status), entry.protocol, entry.value),
                *(self._day(entry.issued_at), self._day(entry.authorized_at), digest, entry.name),
            )
            self._index.write(_row(row))
            self.files += 1
        if last is not None and (self._last is None or last.seq > self._last.seq):
            self._last = last

    def finish(self, branch: str, month: str) -> Exported:
        self._put("index.csv", self._index.file)
        head = f"{self._last.seq}:{self._last.hash.hex()}" if self._last else "nenhum"
        lines = (
            f"# Filial {branch}, mês {month}: {self.files} documento(s).\n"
            "# Confira os arquivos com: sha256sum -c integrity.txt\n"
            "# Confira a cadeia do gateway com: gateway verify --head ELO\n"
            f"# Último elo da cadeia entre estes documentos: {head}\n"
            f"{self._index.digest.hexdigest()}  index.csv\n"
        )
        integrity = _Text(self._path.parent)
        integrity.write(lines)
        integrity.append(self._sums)
        self._put("integrity.txt", integrity.file)
        integrity.file.close()
        self.close()
        digest = hashlib.sha256()
        with self._path.open("rb") as file:
            os.fsync(file.fileno())
            while piece := file.read(1 << 20):
                digest.update(piece)
        return Exported(self.files, self._path.stat().st_size, digest.hexdigest())

    def close(self) -> None:
        self._zip.close()
        self._index.file.close()
        self._sums.file.close()

    def _put(self, name: str, body: bytes | IO[bytes]) -> None:
        entry = zipfile.ZipInfo(name, _EPOCH)
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.create_system = 3
        entry.external_attr = 0o644 << 16
        if isinstance(body, bytes):
            self._zip.writestr(entry, body, compresslevel=6)
            return
        body.seek(0)
        with self._zip.open(entry, "w", force_zip64=True) as out:
            shutil.copyfileobj(body, out, 1 << 20)

    def _day(self, ms: int | None) -> str:
        return "" if ms is None else from_epoch_ms(ms).astimezone(self._zone).replace(microsecond=0).isoformat()


class _Text:
    """Lines written aside until their turn in the ZIP, and their hash."""

    def __init__(self, folder: Path) -> None:
        self.file: IO[bytes] = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 closed with the archive
        self.digest = hashlib.sha256()

    def write(self, text: str) -> None:
        data = text.encode()
        self.digest.update(data)
        self.file.write(data)

    def append(self, other: _Text) -> None:
        other.file.seek(0)
        shutil.copyfileobj(other.file, self.file, 1 << 20)


def _row(values: tuple[str, ...]) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerow(values)
    return text.getvalue()
