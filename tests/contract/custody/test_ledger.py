"""The chain of hashes: what is stored enters it once; whatever is changed, taken out or put in afterwards is named."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import delete, insert, select, update

from gateway.core.errors import InvariantBroken
from gateway.store import ledger_check
from gateway.store.custody_tables import ledger
from gateway.store.database import Database
from gateway.store.documents import put_artefact
from gateway.store.ledger import GENESIS, Link, append, append_proof, head
from gateway.store.tables import artefacts
from tests.contract.custody.house import authorize, body_of, chave_of, put_branch

START = datetime(2026, 11, 3, 13, 0, tzinfo=UTC)


@pytest.fixture
async def ids(db: Database) -> list[str]:
    """Four authorised notes, a day apart."""
    await db.write(put_branch)
    return [await authorize(db, n, START + timedelta(days=n)) for n in range(1, 5)]


async def check(db: Database, since: int | None = None, until: int | None = None) -> list[tuple[str, int, str]]:
    cursor = await db.read(lambda conn: ledger_check.begin(conn, since))
    found = []
    while True:
        page = await db.read(partial(ledger_check.walk, cursor=cursor, until=until))
        found += page.findings
        cursor = page.cursor
        if page.ended:
            break
    if since is None and until is None:
        found += await db.read(ledger_check.unchained)
    return [(one.damage, one.seq, one.label) for one in found]


async def test_each_note_is_a_link_over_its_bytes_and_the_link_before(db, ids):
    rows = await db.read(lambda conn: conn.execute(select(ledger).order_by(ledger.c.seq)).all())
    assert [(row.seq, row.kind, row.subject) for row in rows] == [(n, "artefact", f"{ids[n - 1]}:1") for n in (1, 2, 3, 4)]
    first = rows[0]
    digest = hashlib.sha256(body_of(1)).digest()
    text = f"1\n{first.at}\nartefact\n{ids[0]}:1\n".encode()
    assert bytes(first.previous) == GENESIS
    assert bytes(first.hash) == hashlib.sha256(text + digest + bytes(32)).digest()
    assert bytes(rows[1].previous) == bytes(first.hash)
    assert await check(db) == []


async def test_the_same_bytes_again_add_nothing(db, ids):
    await db.write(lambda conn: put_artefact(conn, ids[0], "proc", body_of(1), 99))
    assert (await db.read(head)).seq == 4


async def test_a_proof_is_never_replaced(db, ids):
    with pytest.raises(InvariantBroken):
        await db.write(lambda conn: append(conn, "artefact", f"{ids[0]}:1", b"x" * 32, 9))
    assert (await db.read(head)).seq == 4


async def test_what_did_not_commit_is_in_no_link(db, ids):
    def write(conn):
        append_proof(conn, "event", "evt-1", b"<procEventoNFe/>", 9)
        raise KeyError

    with pytest.raises(KeyError):
        await db.write(write)
    assert (await db.read(head)).seq == 4
    link = await db.write(lambda conn: append_proof(conn, "event", "evt-1", b"<procEventoNFe/>", 9))
    assert (link.seq, link.sha256) == (5, hashlib.sha256(b"<procEventoNFe/>").digest())


async def test_altered_bytes_are_named_even_with_their_own_hash_rewritten(db, ids):
    other = b"<nfeProc>9</nfeProc>"
    change = update(artefacts).where(artefacts.c.document == ids[1], artefacts.c.kind == "proc")
    await db.write(lambda conn: conn.execute(change.values(body=other, sha256=hashlib.sha256(other).digest())))
    assert await check(db) == [("altered", 2, chave_of(2))]


async def test_a_document_taken_out_is_named(db, ids):
    gone = delete(artefacts).where(artefacts.c.document == ids[2], artefacts.c.kind == "proc")
    await db.write(lambda conn: conn.execute(gone))
    assert await check(db) == [("missing", 3, f"{ids[2]}:1")]


async def test_a_link_taken_out_leaves_a_gap_and_an_unknown_document(db, ids):
    await db.write(lambda conn: conn.execute(delete(ledger).where(ledger.c.seq == 2)))
    assert await check(db) == [("order", 3, chave_of(3)), ("unchained", 0, chave_of(2))]


async def test_the_end_cut_off_shows_as_a_document_without_link_and_as_a_lost_head(db, ids):
    noted = await db.read(head)
    await db.write(lambda conn: conn.execute(delete(ledger).where(ledger.c.seq == 4)))
    assert await check(db) == [("unchained", 0, chave_of(4))]
    lost = await db.read(lambda conn: ledger_check.against_head(conn, (4, noted.hash.hex())))
    assert [one.damage for one in lost] == ["head"]


async def test_links_that_change_places_are_out_of_order(db, ids):
    def swap(conn):
        a, b = conn.execute(select(ledger).where(ledger.c.seq.in_((2, 3))).order_by(ledger.c.seq)).all()
        conn.execute(delete(ledger).where(ledger.c.seq.in_((2, 3))))
        for seq, row in ((3, a), (2, b)):
            values = dict(row._mapping) | {"seq": seq}
            conn.execute(insert(ledger).values(values))

    await db.write(swap)
    found = await check(db)
    assert ("order", 2, chave_of(3)) in found
    assert ("link", 2, chave_of(3)) in found


async def test_a_rewritten_link_breaks_the_next_and_a_chain_made_anew_loses_the_noted_head(db, ids):
    noted = await db.read(head)
    assert await db.read(lambda conn: ledger_check.against_head(conn, (4, noted.hash.hex()))) == []
    other = b"<nfeProc>9</nfeProc>"

    def forge(conn, *, onwards: bool) -> None:
        conn.execute(update(artefacts).where(artefacts.c.document == ids[1], artefacts.c.kind == "proc").values(body=other))
        previous = None
        for row in conn.execute(select(ledger).where(ledger.c.seq >= 2).order_by(ledger.c.seq)).all():
            if row.seq > 2 and not onwards:
                break
            sha = hashlib.sha256(other).digest() if row.seq == 2 else bytes(row.sha256)
            link = Link(row.seq, row.at, row.kind, row.subject, sha, previous or bytes(row.previous), b"")
            previous = link.computed()
            change = update(ledger).where(ledger.c.seq == row.seq)
            conn.execute(change.values(sha256=sha, previous=link.previous, hash=previous))

    await db.write(lambda conn: forge(conn, onwards=False))
    assert await check(db) == [("order", 3, chave_of(3))]
    await db.write(lambda conn: forge(conn, onwards=True))
    assert await check(db) == []
    lost = await db.read(lambda conn: ledger_check.against_head(conn, (4, noted.hash.hex())))
    assert [(one.damage, one.seq) for one in lost] == [("head", 4)]


async def test_a_period_reads_only_its_own_links(db, ids):
    change = update(artefacts).where(artefacts.c.document == ids[0], artefacts.c.kind == "proc")
    await db.write(lambda conn: conn.execute(change.values(body=b"x")))
    day = lambda n: int((START + timedelta(days=n)).timestamp() * 1000)  # noqa: E731
    assert await check(db, since=day(2)) == []
    assert await check(db, until=day(2)) == [("altered", 1, chave_of(1))]
    assert await check(db, since=day(9)) == []


@pytest.mark.parametrize("page", [1, 2, 4])
async def test_pages_join(db, ids, monkeypatch, page):
    monkeypatch.setattr(ledger_check, "PAGE", page)
    await db.write(lambda conn: conn.execute(delete(ledger).where(ledger.c.seq == 3)))
    assert await check(db) == [("order", 4, chave_of(4)), ("unchained", 0, chave_of(3))]
