"""Authorised notes, as the worker leaves them: what verification and export read."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, insert

from gateway.core.clock import to_epoch_ms
from gateway.store import documents
from gateway.store.database import Database
from gateway.store.documents import NewDocument
from gateway.store.tables import branches

BRANCH = "11222333000181"


def put_branch(conn: Connection, cnpj: str = BRANCH) -> None:
    conn.execute(insert(branches).values(cnpj=cnpj, config="{}", created_at=1, updated_at=1))


def body_of(n: int) -> bytes:
    return f"<nfeProc>{n}</nfeProc>".encode()


def chave_of(n: int, model: str = "55") -> str:
    return f"352611{BRANCH}{model}001{n:09d}1000000040"[:44]


async def authorize(db: Database, n: int, at: Any, *, model: str = "55", branch: str = BRANCH, total: str = "123.40") -> str:
    """Store note number n, authorised at the instant `at` (aware); answers the document's id."""
    ms = to_epoch_ms(at)

    def write(conn: Connection) -> str:
        new = NewDocument(
            ref=f"{model}-{branch}-{n}",
            body_hash=b"a" * 32,
            branch=branch,
            model=model,
            environment=2,
            series=1,
            origin="api",
            origin_ref=None,
            request="{}",
            total=Decimal(total),
            customer_name=None,
            customer_tax_id=None,
        )
        doc, _ = documents.accept(conn, new, at=ms)
        documents.take_number(conn, doc.id, at=ms, cnf=lambda _: "10000004")
        documents.store_signed(conn, doc.id, chave=chave_of(n, model), digest="abc", xml=b"<NFe/>", at=ms)
        documents.put_artefact(conn, doc.id, "proc", body_of(n), ms)
        documents.move(
            conn, doc.id, "authorize", at=ms, text="Autorizada.", protocol="135260000000001", cstat="100", authorized_at=ms
        )
        return doc.id

    return await db.write(write)
