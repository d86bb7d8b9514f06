"""One row per request that may leave for SEFAZ, written before it does: a row without an end means "maybe sent"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, func, insert, select, update

from gateway.core.errors import InvariantBroken, TransitionRefused
from gateway.store.artefacts import last_version
from gateway.store.document_rows import locked
from gateway.store.tables import transmissions as table
from gateway.store.topics import touch

TransmissionKind = Literal["authorize", "consult"]

MAX_REASON_CHARS = 1000


@dataclass(frozen=True, slots=True)
class TransmissionRow:
    """A request and what came of it. Times in ms; `outcome` None means that nobody knows whether it left."""

    document: str
    seq: int
    kind: TransmissionKind
    signed_version: int | None
    started_at: int
    ended_at: int | None
    outcome: str | None
    cstat: str | None
    reason: str | None
    answer: bytes | None


def begin_transmission(
    conn: Connection, document: str, *, kind: TransmissionKind, signed_version: int | None = None, at: int
) -> int:
    """Write down that a request is about to leave; answers its number within the document. `signed_version` None: the last.

    An `authorize` is refused with TransitionRefused unless the document is `processing`, and while an earlier `authorize`
    has no end and SEFAZ has not been asked since: what was maybe sent is resolved by asking, never by sending again.
    Raises NotFound; InvariantBroken when the bytes are not the live ones.
    """
    doc = locked(conn, document)
    rows = transmissions(conn, document)
    if kind == "authorize":
        live = last_version(conn, document, "signed")
        if live is None or doc.chave is None or signed_version not in (None, live):
            raise InvariantBroken(f"O documento {document} não tem estes bytes assinados guardados (versão {signed_version}).")
        signed_version = live
        if doc.status != "processing":
            raise TransitionRefused("Só um documento em processamento pode ser enviado à SEFAZ.")
        if _maybe_sent(rows):
            raise TransitionRefused(
                "Um envio anterior não teve resposta.", fix="Consulte a chave na SEFAZ antes de enviar outra vez."
            )
    seq = rows[-1].seq + 1 if rows else 1
    conn.execute(insert(table).values(document=document, seq=seq, kind=kind, signed_version=signed_version, started_at=at))
    touch(conn, f"document:{document}")
    return seq


def _maybe_sent(rows: tuple[TransmissionRow, ...]) -> bool:
    for row in reversed(rows):
        if row.kind == "consult" and row.ended_at is not None:
            return False
        if row.kind == "authorize" and row.ended_at is None:
            return True
    return False


def end_transmission(
    conn: Connection,
    document: str,
    seq: int,
    *,
    outcome: str,
    cstat: str | None,
    reason: str | None,
    answer: bytes | None,
    at: int,
) -> None:
    """Write down what came of it, once. Raises InvariantBroken for a request that does not exist or has already ended."""
    statement = (
        update(table)
        .where(table.c.document == document, table.c.seq == seq, table.c.ended_at.is_(None))
        .values(ended_at=at, outcome=outcome, cstat=cstat, reason=reason[:MAX_REASON_CHARS] if reason else None, answer=answer)
    )
    if conn.execute(statement).rowcount != 1:
        raise InvariantBroken(f"O envio {seq} do documento {document} não existe ou já tinha terminado.")
    touch(conn, f"document:{document}")


def transmissions(conn: Connection, document: str) -> tuple[TransmissionRow, ...]:
    """Every request of the document, oldest first."""
    statement = select(table).where(table.c.document == document).order_by(table.c.seq)
    return tuple(TransmissionRow(**row) for row in conn.execute(statement).mappings())


def sends_of(conn: Connection, document: str, version: int) -> int:
    """How many requests may have carried this version of the signed bytes."""
    return conn.execute(
        select(func.count()).where(table.c.document == document, table.c.kind == "authorize", table.c.signed_version == version)
    ).scalar_one()
