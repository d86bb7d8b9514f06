"""A received note as its row says, and how it is found."""

from __future__ import annotations

from dataclasses import dataclass, fields

from sqlalchemy import Connection, select

from gateway.core.errors import NotFound
from gateway.nfe.distributed import Situation
from gateway.nfe.received import Role, Status, Verdict
from gateway.store.received_tables import received_notes as table


@dataclass(frozen=True, slots=True)
class ReceivedNote:
    """A row of `received_notes`. Times in ms, value in reais as text, `manifestation` a tpEvento."""

    id: str
    queue: str
    environment: int
    chave: str
    branch: str
    issuer: str
    issuer_name: str
    issuer_ie: str
    issued_at: int
    authorized_at: int | None
    tp_nf: str
    value: str
    protocol: str
    digest: str | None
    situation: Situation
    status: Status
    role: Role | None
    manifestation: str | None
    xml_nsu: int | None
    verdict: Verdict | None
    verdict_text: str | None
    aware_until: int | None
    conclude_until: int | None
    created_at: int
    updated_at: int


COLUMNS = tuple(table.c[field.name] for field in fields(ReceivedNote))


def by_chave(conn: Connection, chave: str, branches: frozenset[str] | None = None) -> ReceivedNote | None:
    """The note of this key; of several queues that hold it, the first one that `branches` (None: all) may see."""
    rows = conn.execute(select(*COLUMNS).where(table.c.chave == chave).order_by(table.c.created_at, table.c.id)).mappings()
    found = (ReceivedNote(**row) for row in rows)
    return next((note for note in found if not branches or note.branch in branches), None)


def locked(conn: Connection, note: str) -> ReceivedNote:
    """The note, held until the transaction ends. Raises NotFound."""
    row = conn.execute(select(*COLUMNS).where(table.c.id == note).with_for_update()).mappings().first()
    if row is None:
        raise NotFound(f"A nota recebida {note} não existe.")
    return ReceivedNote(**row)
