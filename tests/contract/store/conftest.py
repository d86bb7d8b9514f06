"""What the store's tests begin with: a branch to issue from, and documents to accept."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from sqlalchemy import Connection, insert

from gateway.store.database import Database
from gateway.store.documents import NewDocument
from gateway.store.tables import branches

BRANCH = "11222333000181"


def put_branch(conn: Connection) -> None:
    conn.execute(insert(branches).values(cnpj=BRANCH, config="{}", created_at=1, updated_at=1))


@pytest.fixture
async def branch(db: Database) -> str:
    """The CNPJ of a stored branch."""
    await db.write(put_branch)
    return BRANCH


@pytest.fixture
def new_document() -> Callable[..., NewDocument]:
    """Makes a document to accept; `ref`, `body` and `series` may be chosen."""

    def make(ref: str = "sale-1", body: bytes = b"a" * 32, series: int = 1) -> NewDocument:
        return NewDocument(
            ref=ref,
            body_hash=body,
            branch=BRANCH,
            model="55",
            environment=2,
            series=series,
            origin="api",
            origin_ref=None,
            request='{"ref": "sale-1"}',
            total=Decimal("123.40"),
            customer_name="Fulana de Teste",
            customer_tax_id="52998224725",
        )

    return make
