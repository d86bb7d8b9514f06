"""Monthly exports asked for over the API: one row each, made by a job, the newest file of a branch and month kept."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

from sqlalchemy import Connection, insert, select, update

from gateway.core.errors import NotFound
from gateway.core.ids import new_id
from gateway.store.custody_tables import exports
from gateway.store.jobs import enqueue
from gateway.store.tables import branches

EXPORT_KIND = "export.month"
EXPORT_QUEUE = "batch"
State = Literal["queued", "running", "done", "failed"]
STATE_LABELS: dict[State, str] = {"queued": "Na fila", "running": "Em andamento", "done": "Pronta", "failed": "Não terminou"}


@dataclass(frozen=True, slots=True)
class ExportRow:
    """files: written so far, of total. sha256 (hex) and size of the ZIP once done; times in milliseconds."""

    id: str
    branch: str
    month: str
    state: State
    files: int
    total: int
    sha256: str | None
    size: int | None
    path: str | None
    error: str | None
    actor: str
    created_at: int
    finished_at: int | None


_COLUMNS = tuple(exports.c[field.name] for field in fields(ExportRow))


def ask(conn: Connection, branch: str, month: str, *, actor: str, at: int) -> tuple[ExportRow, bool]:
    """Ask for a month (`AAAA-MM`); True when it is new. One that is still on its way is the answer. Raises NotFound."""
    if conn.execute(select(branches.c.cnpj).where(branches.c.cnpj == branch).with_for_update()).first() is None:
        raise NotFound(f"A filial {branch} não está cadastrada.", fix="Cadastre a filial em PUT /v1/branches/{cnpj}.")
    live = (exports.c.branch == branch, exports.c.month == month, exports.c.state.in_(("queued", "running")))
    found = conn.execute(select(*_COLUMNS).where(*live).order_by(exports.c.created_at).limit(1)).mappings().first()
    if found is not None:
        row = ExportRow(**found)
        _wake(conn, row)  # its job may have been discarded by a person
        return row, False
    row = ExportRow(new_id("exp"), branch, month, "queued", 0, 0, None, None, None, None, actor[:120], at, None)
    conn.execute(insert(exports).values({field.name: getattr(row, field.name) for field in fields(ExportRow)}))
    _wake(conn, row)
    return row, True


def _wake(conn: Connection, row: ExportRow) -> None:
    enqueue(conn, kind=EXPORT_KIND, queue=EXPORT_QUEUE, subject=row.id, payload={}, unique_key=f"{EXPORT_KIND}:{row.id}")


def get(conn: Connection, export: str) -> ExportRow | None:
    """By id."""
    found = conn.execute(select(*_COLUMNS).where(exports.c.id == export)).mappings().one_or_none()
    return None if found is None else ExportRow(**found)


def progressed(conn: Connection, export: str, files: int, total: int) -> None:
    """So many files are written."""
    conn.execute(update(exports).where(exports.c.id == export).values(state="running", files=files, total=total))


def finished(conn: Connection, export: str, *, files: int, path: str, sha256: str, size: int, at: int) -> None:
    """The ZIP is whole at `path`."""
    values = {"state": "done", "files": files, "total": files, "path": path, "sha256": sha256, "size": size, "finished_at": at}
    conn.execute(update(exports).where(exports.c.id == export).values(**values, error=None))


def failed(conn: Connection, export: str, error: str, at: int) -> None:
    """It could not be made; nothing of it remains."""
    conn.execute(update(exports).where(exports.c.id == export).values(state="failed", error=error, finished_at=at))
