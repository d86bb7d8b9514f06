"""Units of work over the CSC of a branch: the secret behind version 2 of the NFC-e's QR code. It is sealed by the vault."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from gateway.core.errors import NotFound
from gateway.nfe.qrcode import Csc
from gateway.store.tables import branch_csc, branches
from gateway.store.vault import Vault


@dataclass(frozen=True, slots=True)
class CscRow:
    """What may be shown of a CSC. environment: 1 produção, 2 homologação; updated_at in milliseconds."""

    branch: str
    environment: int
    csc_id: str
    updated_at: int


def put_csc(conn: Connection, vault: Vault, branch: str, environment: int, csc: Csc, at: int) -> CscRow:
    """Make this the CSC of the branch in the environment. Raises NotFound for an unknown branch."""
    if conn.execute(select(branches.c.cnpj).where(branches.c.cnpj == branch)).scalar() is None:
        raise NotFound(f"A filial {branch} não está cadastrada.", fix="Cadastre a filial em PUT /v1/branches/{cnpj}.")
    values: dict[str, Any] = {"csc_id": csc.id, "csc": vault.seal(csc.secret), "updated_at": at}
    change = update(branch_csc).where(branch_csc.c.branch == branch, branch_csc.c.environment == environment).values(**values)
    if not conn.execute(change).rowcount:
        try:
            with conn.begin_nested():
                conn.execute(insert(branch_csc).values(branch=branch, environment=environment, **values))
        except IntegrityError:
            # A twin inserted it in between: on PostgreSQL both may be here at once.
            conn.execute(change)
    return CscRow(branch, environment, csc.id, at)


def branch_csc_rows(conn: Connection, branch: str) -> tuple[CscRow, ...]:
    """The CSC of a branch, one for each environment that has one, without their secrets."""
    columns = (branch_csc.c.branch, branch_csc.c.environment, branch_csc.c.csc_id, branch_csc.c.updated_at)
    query = select(*columns).where(branch_csc.c.branch == branch).order_by(branch_csc.c.environment)
    return tuple(CscRow(*row) for row in conn.execute(query))


def has_csc(conn: Connection, branch: str, environment: int) -> bool:
    """Whether the branch has one in the environment."""
    return any(row.environment == environment for row in branch_csc_rows(conn, branch))


def open_csc(conn: Connection, vault: Vault, branch: str, environment: int) -> Csc | None:
    """The CSC with its secret opened. Raises ConfigInvalid when the vault's key does not fit."""
    query = select(branch_csc.c.csc_id, branch_csc.c.csc).where(
        branch_csc.c.branch == branch, branch_csc.c.environment == environment
    )
    found = conn.execute(query).one_or_none()
    return None if found is None else Csc(found.csc_id, vault.open(found.csc).decode())
