"""A branch's own rows over the table of operations. They are replaced as a whole, so that what counts is always one import."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, delete, insert, select

from gateway.core.errors import NotFound
from gateway.nfe.operations import BranchOperation
from gateway.store.tables import branch_operations, branches


def put_operations(conn: Connection, branch: str, rows: Sequence[BranchOperation], at: int) -> None:
    """Make these the branch's rows, in place of all it had. No two of the same operation and day. Raises NotFound."""
    if conn.execute(select(branches.c.cnpj).where(branches.c.cnpj == branch).with_for_update()).scalar() is None:
        raise NotFound(f"A filial {branch} não está cadastrada.", fix="Cadastre a filial em PUT /v1/branches/{cnpj}.")
    conn.execute(delete(branch_operations).where(branch_operations.c.branch == branch))
    values = [
        {
            "branch": branch,
            "operation": row.operation,
            "since": row.since.isoformat(),
            "data": msgspec.json.encode(row).decode(),
            "updated_at": at,
        }
        for row in rows
    ]
    if values:
        conn.execute(insert(branch_operations), values)


def operations_of(conn: Connection, branch: str) -> tuple[BranchOperation, ...]:
    """The branch's rows, by operation and day; none when it follows the defaults."""
    query = (
        select(branch_operations.c.data)
        .where(branch_operations.c.branch == branch)
        .order_by(branch_operations.c.operation, branch_operations.c.since)
    )
    return tuple(msgspec.json.decode(data, type=BranchOperation) for data in conn.execute(query).scalars())
