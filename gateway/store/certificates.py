"""A1 certificates at rest: sealed by the vault, one active for each owner, which is a branch or a whole root CNPJ.

An owner of 14 characters is a branch; of 8, the root shared by all branches of a company. A branch without a certificate of
its own signs with its root's. What is replaced stays stored, inactive: who put it there and when is never lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection, Table, insert, select, update

from gateway.core.clock import to_epoch_ms
from gateway.core.errors import NotFound
from gateway.core.ids import new_id
from gateway.nfe.ports import Pfx
from gateway.store.custody_tables import root_certificates
from gateway.store.tables import branches, certificates
from gateway.store.vault import Vault

ROOT = 8
"""Characters of a root CNPJ."""


class CertificateInfo(Protocol):
    """What is shown of a certificate: nothing of it is secret."""

    @property
    def tax_id(self) -> str | None: ...
    @property
    def subject(self) -> str: ...
    @property
    def serial(self) -> int: ...
    @property
    def not_before(self) -> datetime: ...
    @property
    def not_after(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class CertificateRow:
    """A stored certificate without its secrets; times in milliseconds. `owner`: a branch (14) or a root (8)."""

    id: str
    owner: str
    subject: str
    tax_id: str
    serial: str
    not_before: int
    not_after: int
    active: bool
    created_at: int
    actor: str


_SHOWN = ("id", "subject", "tax_id", "serial", "not_before", "not_after", "active", "created_at", "actor")


def _table(owner: str) -> tuple[Table, Any]:
    return (root_certificates, root_certificates.c.root) if len(owner) == ROOT else (certificates, certificates.c.branch)


def put_certificate(
    conn: Connection, vault: Vault, owner: str, *, pfx: bytes, password: str, info: CertificateInfo, at: int, actor: str = ""
) -> CertificateRow:
    """Make this the owner's one active certificate; earlier ones stay, inactive. Raises NotFound when no branch would use it."""
    mine = select(branches.c.cnpj).where(branches.c.cnpj.startswith(owner, autoescape=True)).order_by(branches.c.cnpj)
    if not conn.execute(mine.with_for_update()).first():
        whose = f"Nenhuma filial da raiz {owner}" if len(owner) == ROOT else f"A filial {owner} não"
        raise NotFound(f"{whose} está cadastrada.", fix="Cadastre a filial em PUT /v1/branches/{cnpj}.")
    table, column = _table(owner)
    conn.execute(update(table).where(column == owner, table.c.active.is_(True)).values(active=False))
    row = CertificateRow(
        id=new_id("crt"),
        owner=owner,
        subject=info.subject,
        tax_id=info.tax_id or "",
        serial=f"{info.serial:x}"[:64],
        not_before=to_epoch_ms(info.not_before),
        not_after=to_epoch_ms(info.not_after),
        active=True,
        created_at=at,
        actor=actor[:120],
    )
    values = {name: getattr(row, name) for name in _SHOWN} | {column.name: owner}
    conn.execute(insert(table).values(pfx=vault.seal(pfx), password=vault.seal(password), **values))
    return row


def active_certificate(conn: Connection, owner: str) -> CertificateRow | None:
    """What the active certificate of this owner says of itself; a branch is not answered with its root's."""
    table, column = _table(owner)
    found = _rows(conn, table, column, column == owner, table.c.active.is_(True))
    return found[0] if found else None


def certificate_in_use(conn: Connection, branch: str) -> CertificateRow | None:
    """What the branch signs with: its own certificate, or else its root's."""
    return active_certificate(conn, branch) or active_certificate(conn, branch[:ROOT])


def active_pfx(conn: Connection, vault: Vault, branch: str) -> Pfx | None:
    """What the branch signs with, opened. Raises ConfigInvalid when the vault's key does not fit."""
    for owner in (branch, branch[:ROOT]):
        table, column = _table(owner)
        query = select(table.c.pfx, table.c.password).where(column == owner, table.c.active.is_(True))
        found = conn.execute(query).one_or_none()
        if found is not None:
            return Pfx(vault.open(found.pfx), vault.open(found.password).decode())
    return None


def list_certificates(conn: Connection, *, history: bool = False) -> list[CertificateRow]:
    """Every active certificate, the soonest to end first; with `history` the replaced ones too. At most 2,000."""
    rows: list[CertificateRow] = []
    for owner in ("0" * 14, "0" * ROOT):
        table, column = _table(owner)
        rows += _rows(conn, table, column, *(() if history else (table.c.active.is_(True),)))
    return sorted(rows, key=lambda row: (row.not_after, row.owner, row.id))


def _rows(conn: Connection, table: Table, column: Any, *where: Any) -> list[CertificateRow]:
    query = select(column.label("owner"), *(table.c[name] for name in _SHOWN)).where(*where)
    return [CertificateRow(**row) for row in conn.execute(query.order_by(table.c.not_after, table.c.id).limit(1000)).mappings()]
