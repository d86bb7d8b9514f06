"""What notes take of earlier items, on both engines: claimed once, counted while the note may be good, free when it is not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal

import pytest
from sqlalchemy import Connection, func, select

from gateway.core.chave import ChaveAcesso
from gateway.core.errors import ValidationFailed
from gateway.nfe.claims import NewClaim
from gateway.store import documents, returned
from gateway.store.database import Database
from gateway.store.documents import NewDocument
from gateway.store.tables import returned_items
from tests.contract.store.conftest import BRANCH
from tests.contract.store.test_documents import rejected, signed

D = Decimal
SOLD = ChaveAcesso("35261112ABC34501DE35550010000012341876543215")
Make = Callable[..., NewDocument]

pytestmark = pytest.mark.usefixtures("branch")


def claim(size: str, line: int = 1, whole: str | None = "3") -> NewClaim:
    return NewClaim(SOLD, 1, "quantity", D(size), None if whole is None else D(whole), line)


async def accepted(db: Database, new: NewDocument, *claims: NewClaim, at: int = 1000) -> str:
    def unit(conn: Connection) -> str:
        doc, _ = documents.accept(conn, new, at=at)
        returned.claim(conn, doc.id, claims, at)
        return doc.id

    return await db.write(unit)


async def sizes(db: Database, document: str | None = None) -> list[Decimal]:
    kept = await db.read(lambda conn: returned.kept(conn, (SOLD,), BRANCH, 2, document))
    return [one.size for one in kept[SOLD].claims]


async def test_claims_are_counted_in_the_order_of_their_notes(db: Database, new_document: Make) -> None:
    first = await accepted(db, new_document("a", b"a" * 32), claim("1"))
    second = await accepted(db, new_document("b", b"b" * 32), claim("0.5"), claim("1.5", 2), at=2000)
    assert await sizes(db) == [D(1), D("0.5"), D("1.5")]
    assert await sizes(db, second) == [D(1)]
    assert await sizes(db, first) == []


async def test_more_than_is_left_is_refused_and_nothing_is_stored(db: Database, new_document: Make) -> None:
    await accepted(db, new_document("a", b"a" * 32), claim("2"))
    with pytest.raises(ValidationFailed) as caught:
        await accepted(db, new_document("b", b"b" * 32), claim("1.0001"))
    assert [(fault.code, fault.path) for fault in caught.value.faults] == [("NFE-RET-08", "$.returns[0]")]
    assert await db.read(lambda conn: documents.by_ref(conn, "b")) is None
    assert await sizes(db) == [D(2)]
    await accepted(db, new_document("b", b"b" * 32), claim("1"))


async def test_of_many_at_once_only_what_fits_is_accepted(db: Database, new_document: Make) -> None:
    async def tried(n: int) -> bool:
        try:
            await accepted(db, new_document(f"r{n}", bytes([n]) * 32), claim("1"))
        except ValidationFailed:
            return False
        return True

    assert sum(await asyncio.gather(*(tried(n) for n in range(8)))) == 3
    assert await sizes(db) == [D(1), D(1), D(1)]


async def test_a_refused_note_takes_nothing_and_its_retry_takes_again(db: Database, new_document: Make) -> None:
    new = new_document("a", b"a" * 32)
    document = await rejected(db, new)
    await db.write(lambda conn: returned.claim(conn, document, (claim("3"),), 5000))
    assert await sizes(db) == []
    other = await accepted(db, new_document("b", b"b" * 32), claim("2"))
    with pytest.raises(ValidationFailed):
        await db.write(lambda conn: returned.claim(conn, document, (claim("2"),), 6000))
    stored = await db.read(lambda conn: conn.execute(select(func.count()).select_from(returned_items)).scalar_one())
    assert stored == 2
    await db.write(lambda conn: returned.claim(conn, document, (claim("1"),), 6000))
    assert await sizes(db, other) == []


async def test_signed_bytes_come_with_the_claim(db: Database, new_document: Make) -> None:
    document = await signed(db, new_document("a", b"a" * 32))
    await db.write(lambda conn: returned.claim(conn, document, (claim("1", whole=None),), 5000))
    kept = await db.read(lambda conn: returned.kept(conn, (SOLD,), BRANCH, 2))
    (one,) = kept[SOLD].claims
    assert (one.note, one.line, kept[SOLD].xml) == (b"<NFe/>", 1, None)


async def test_only_the_companys_own_notes_of_the_environment_are_read(db: Database, new_document: Make) -> None:
    await signed(db, new_document("a", b"a" * 32))
    chave = "35261111222333000181550010000000011123456789"
    for branch, environment, xml in ((BRANCH, 2, b"<NFe/>"), (BRANCH, 1, None), ("12ABC34501DE35", 2, None)):
        kept = await db.read(lambda conn, b=branch, e=environment: returned.kept(conn, (chave,), b, e))  # type: ignore[misc]
        assert (kept[chave].xml, kept[chave].status) == (xml, "processing" if xml else None)
