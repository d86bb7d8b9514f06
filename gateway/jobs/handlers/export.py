"""`export.month`: a branch's month becomes a ZIP in the data directory; cut off in the middle, it begins again."""

from __future__ import annotations

from pathlib import Path

from gateway.core.clock import Clock
from gateway.jobs.exporting import write_export
from gateway.jobs.results import Discard, Done, NeedsAttention, Result
from gateway.jobs.worker import Job
from gateway.store import exports
from gateway.store.database import Database


class ExportMonth:
    """The handler of `export.month`. A branch's month has one file: the newest replaces the one before."""

    def __init__(self, db: Database, clock: Clock, folder: Path) -> None:
        self._db = db
        self._clock = clock
        self._folder = folder

    async def __call__(self, job: Job) -> Result:
        row = await self._db.read(lambda conn: exports.get(conn, job.subject))
        if row is None or row.state == "done":
            return Discard("A exportação já terminou.")
        path = self._folder / f"{row.branch}-{row.month}.zip"

        async def progress(files: int, total: int) -> None:
            await self._db.write(lambda conn: exports.progressed(conn, row.id, files, total))

        try:
            made = await write_export(self._db, row.branch, row.month, path, progress)
        except OSError as error:
            at, text = self._clock.epoch_ms(), f"O arquivo não pôde ser gravado: {error.strerror}."
            return NeedsAttention(
                "EXPORT-DISK",
                text,
                f"Libere espaço em {self._folder} e tente de novo.",
                write=lambda conn: exports.failed(conn, row.id, text, at),
            )
        at = self._clock.epoch_ms()
        return Done(
            lambda conn: exports.finished(
                conn, row.id, files=made.files, path=str(path.resolve()), sha256=made.sha256, size=made.size, at=at
            )
        )
