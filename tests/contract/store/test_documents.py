"""Documents on both engines: one per ref, one number each, signed bytes before any send, refusals that change nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection, func, select, update

from gateway.core.errors import ConfigInvalid, IdempotencyConflict, InvariantBroken, NotFound, TransitionRefused
from gateway.store import documents, jobs
from gateway.store.database import Database
from gateway.store.documents import DocumentRow, NewDocument
from gateway.store.numbers import LAST, state_of
from gateway.store.tables import documents as documents_table
from gateway.store.tables import jobs as jobs_table
from gateway.store.tables import number_sequences, numbers

CHAVE = "35261111222333000181550010000000011123456789"
OTHER = "35261211222333000181550010000000011123456780"

Make = Callable[..., NewDocument]


def cnf(number: int) -> str:
    return f"{number + 10_000_000:08}"


async def accepted(db: Database, new: NewDocument) -> DocumentRow:
    doc, _ = await db.write(lambda conn: documents.accept(conn, new, at=1000))
    return doc


async def signed(db: Database, new: NewDocument) -> str:
    doc = await accepted(db, new)

    def unit(conn: Connection) -> str:
        documents.take_number(conn, doc.id, at=2000, cnf=cnf)
        documents.store_signed(conn, doc.id, chave=CHAVE, digest="d1", xml=b"<NFe/>", at=3000)
        return doc.id

    return await db.write(unit)


async def rejected(db: Database, new: NewDocument) -> str:
    document = await signed(db, new)

    def unit(conn: Connection) -> None:
        seq = documents.begin_transmission(conn, document, kind="authorize", at=4000)
        documents.end_transmission(
            conn, document, seq, outcome="rejected", cstat="225", reason="Falha no schema", answer=b"<ret/>", at=4100
        )
        documents.move(conn, document, "reject", at=4100, text="Rejeitada.", cstat="225", reason="Falha no schema")

    await db.write(unit)
    return document


async def whole(db: Database, document: str) -> tuple[Any, ...]:
    """Everything stored of a document, to compare before and after a refusal."""

    def unit(conn: Connection) -> tuple[Any, ...]:
        return (
            documents.get(conn, document),
            documents.events(conn, document),
            documents.transmissions(conn, document),
            documents.artefact(conn, document, "signed"),
            state_of(conn, document),
        )

    return await db.read(unit)


async def test_acceptance_stores_document_event_and_job_together(db: Database, branch: str, new_document: Make) -> None:
    heard: list[str] = []
    db.add_listener(heard.extend)

    doc, again = await db.write(lambda conn: documents.accept(conn, new_document(), at=1000))

    assert not again
    assert (doc.ref, doc.status, doc.number, doc.total, doc.created_at) == ("sale-1", "accepted", None, Decimal("123.40"), 1000)
    (event,) = await db.read(lambda conn: documents.events(conn, doc.id))
    assert (event.seq, event.kind, event.data, event.at) == (1, "accepted", {"origin": "api"}, 1000)
    (job,) = await db.read(lambda conn: jobs.live_for(conn, doc.id))
    assert (job.kind, job.queue, job.state, job.key, job.unique_key) == (
        "nfe.issue",
        "sefaz",
        "ready",
        f"document:{doc.id}",
        f"nfe.issue:{doc.id}",
    )
    assert set(heard) == {f"document:{doc.id}", f"job:{job.id}:sefaz", "jobs"}


async def test_the_same_body_again_gets_the_same_document_and_nothing_more(db: Database, branch: str, new_document: Make) -> None:
    first = await accepted(db, new_document())

    second, again = await db.write(lambda conn: documents.accept(conn, new_document(), at=9999))

    assert again
    assert second == first
    assert await db.read(lambda conn: conn.execute(select(func.count()).select_from(jobs_table)).scalar_one()) == 1


async def test_another_body_under_the_same_ref_is_refused(db: Database, branch: str, new_document: Make) -> None:
    first = await accepted(db, new_document())

    with pytest.raises(IdempotencyConflict) as refused:
        await db.write(lambda conn: documents.accept(conn, new_document(body=b"b" * 32), at=2000))

    assert "sale-1" in refused.value.detail
    assert await db.read(lambda conn: documents.by_ref(conn, "sale-1")) == first


async def test_fifty_twins_at_once_are_one_document(db: Database, branch: str, new_document: Make) -> None:
    results = await asyncio.gather(*[db.write(lambda conn: documents.accept(conn, new_document(), at=1000)) for _ in range(50)])

    assert len({doc.id for doc, _ in results}) == 1
    assert sorted(again for _, again in results) == [False] + [True] * 49
    count = await db.read(
        lambda conn: (
            conn.execute(select(func.count()).select_from(documents_table)).scalar_one(),
            conn.execute(select(func.count()).select_from(jobs_table)).scalar_one(),
        )
    )
    assert count == (1, 1)


async def test_two_hundred_at_once_take_two_hundred_numbers_in_a_row(db: Database, branch: str, new_document: Make) -> None:
    docs = await asyncio.gather(*[accepted(db, new_document(ref=f"s{i}")) for i in range(200)])

    numbered = await asyncio.gather(
        *[db.write(lambda conn, doc=doc: documents.take_number(conn, doc.id, at=2000, cnf=cnf)) for doc in docs]
    )

    assert sorted(doc.number or 0 for doc in numbered) == list(range(1, 201))
    assert all(doc.cnf == cnf(doc.number or 0) and doc.status == "processing" and doc.issued_at == 2000 for doc in numbered)
    owners = await db.read(lambda conn: conn.execute(select(numbers.c.document, numbers.c.state)).all())
    assert {row.document for row in owners} == {doc.id for doc in docs}
    assert {row.state for row in owners} == {"held"}


async def test_a_number_rolled_back_leaves_no_gap(db: Database, branch: str, new_document: Make) -> None:
    first, second = [await accepted(db, new_document(ref=ref)) for ref in ("a", "b")]

    def fails(conn: Connection) -> None:
        documents.take_number(conn, first.id, at=2000, cnf=cnf)
        raise LookupError

    with pytest.raises(LookupError):
        await db.write(fails)

    assert (await db.write(lambda conn: documents.take_number(conn, second.id, at=2000, cnf=cnf))).number == 1


async def test_series_count_apart(db: Database, branch: str, new_document: Make) -> None:
    docs = [await accepted(db, new_document(ref=f"{s}", series=s)) for s in (1, 2)]

    taken = [await db.write(lambda conn, doc=doc: documents.take_number(conn, doc.id, at=2000, cnf=cnf)) for doc in docs]

    assert [doc.number for doc in taken] == [1, 1]


async def test_a_taken_number_is_answered_again_as_it_is(db: Database, branch: str, new_document: Make) -> None:
    doc = await accepted(db, new_document())
    first = await db.write(lambda conn: documents.take_number(conn, doc.id, at=2000, cnf=cnf))

    assert await db.write(lambda conn: documents.take_number(conn, doc.id, at=5000, cnf=lambda n: "99999999")) == first


async def test_the_end_of_a_series_is_refused_and_nothing_changes(db: Database, branch: str, new_document: Make) -> None:
    last, beyond = [await accepted(db, new_document(ref=ref)) for ref in ("a", "b")]
    await db.write(
        lambda conn: conn.execute(
            number_sequences.insert().values(branch=branch, model="55", series=1, environment=2, next=LAST)
        ).close()
    )

    taken = await db.write(lambda conn: documents.take_number(conn, last.id, at=2000, cnf=lambda n: "12345678"))
    before = await whole(db, beyond.id)
    with pytest.raises(ConfigInvalid):
        await db.write(lambda conn: documents.take_number(conn, beyond.id, at=2000, cnf=cnf))

    assert taken.number == 999_999_999
    assert await whole(db, beyond.id) == before


async def test_signed_bytes_come_with_chave_and_digest(db: Database, branch: str, new_document: Make) -> None:
    document = await signed(db, new_document())

    doc = await db.read(lambda conn: documents.by_chave(conn, CHAVE))

    assert doc is not None
    assert (doc.id, doc.digest) == (document, "d1")
    assert await db.read(lambda conn: documents.artefact(conn, document, "signed")) == b"<NFe/>"


async def test_the_same_bytes_again_are_the_same_version(db: Database, branch: str, new_document: Make) -> None:
    document = await signed(db, new_document())
    before = await whole(db, document)

    version = await db.write(
        lambda conn: documents.store_signed(conn, document, chave=CHAVE, digest="d1", xml=b"<NFe/>", at=9000)
    )

    assert version == 1
    assert await whole(db, document) == before


async def test_other_bytes_are_refused_once_the_first_may_have_left(db: Database, branch: str, new_document: Make) -> None:
    document = await signed(db, new_document())
    await db.write(lambda conn: documents.store_signed(conn, document, chave=CHAVE, digest="d2", xml=b"<NFe>2</NFe>", at=3100))
    await db.write(lambda conn: documents.begin_transmission(conn, document, kind="authorize", at=4000))
    before = await whole(db, document)

    with pytest.raises(InvariantBroken):
        await db.write(lambda conn: documents.store_signed(conn, document, chave=CHAVE, digest="d3", xml=b"<x/>", at=5000))
    with pytest.raises(InvariantBroken):
        await db.write(lambda conn: documents.store_signed(conn, document, chave=OTHER, digest="d3", xml=b"<x/>", at=5000))

    assert await whole(db, document) == before
    assert before[3] == b"<NFe>2</NFe>"


async def test_a_retry_after_rejection_keeps_number_and_cnf_and_may_change_the_chave(
    db: Database, branch: str, new_document: Make
) -> None:
    document = await rejected(db, new_document())

    doc = await db.write(lambda conn: documents.take_number(conn, document, at=8000, cnf=lambda n: "99999999"))
    assert (doc.status, doc.number, doc.cnf, doc.issued_at) == ("processing", 1, cnf(1), 8000)
    assert (doc.chave, doc.digest, doc.cstat, doc.reason) == (None, None, None, None)

    version = await db.write(
        lambda conn: documents.store_signed(conn, document, chave=OTHER, digest="d2", xml=b"<NFe>2</NFe>", at=8100)
    )
    assert version == 2
    doc2 = await db.read(lambda conn: documents.get(conn, document))
    assert doc2 is not None
    assert (doc2.chave, doc2.digest) == (OTHER, "d2")
    assert await db.read(lambda conn: state_of(conn, document)) == "held"


async def test_what_was_maybe_sent_is_asked_about_before_it_is_sent_again(db: Database, branch: str, new_document: Make) -> None:
    document = await signed(db, new_document())
    first = await db.write(lambda conn: documents.begin_transmission(conn, document, kind="authorize", at=4000))
    before = await whole(db, document)

    with pytest.raises(TransitionRefused):
        await db.write(lambda conn: documents.begin_transmission(conn, document, kind="authorize", at=4500))
    assert await whole(db, document) == before

    def ask(conn: Connection) -> int:
        seq = documents.begin_transmission(conn, document, kind="consult", at=5000)
        documents.end_transmission(
            conn, document, seq, outcome="not_found", cstat="217", reason="NF-e nao consta", answer=None, at=5100
        )
        return documents.begin_transmission(conn, document, kind="authorize", at=5200)

    assert (first, await db.write(ask)) == (1, 3)
    rows = await db.read(lambda conn: documents.transmissions(conn, document))
    assert [(row.kind, row.outcome, row.signed_version) for row in rows] == [
        ("authorize", None, 1),
        ("consult", "not_found", None),
        ("authorize", None, 1),
    ]


async def test_a_transmission_ends_once(db: Database, branch: str, new_document: Make) -> None:
    document = await rejected(db, new_document())
    before = await whole(db, document)

    with pytest.raises(InvariantBroken):
        await db.write(
            lambda conn: documents.end_transmission(
                conn, document, 1, outcome="authorized", cstat="100", reason=None, answer=None, at=9000
            )
        )

    assert await whole(db, document) == before


async def test_nothing_is_sent_that_is_not_stored(db: Database, branch: str, new_document: Make) -> None:
    doc = await accepted(db, new_document())
    await db.write(lambda conn: documents.take_number(conn, doc.id, at=2000, cnf=cnf))

    with pytest.raises(InvariantBroken):
        await db.write(lambda conn: documents.begin_transmission(conn, doc.id, kind="authorize", at=3000))

    assert await db.read(lambda conn: documents.transmissions(conn, doc.id)) == ()


async def test_authorisation_ends_the_numbers_doubt(db: Database, branch: str, new_document: Make) -> None:
    document = await signed(db, new_document())
    heard: list[str] = []
    db.add_listener(heard.extend)

    doc = await db.write(
        lambda conn: documents.move(
            conn,
            document,
            "authorize",
            at=6000,
            text="Autorizada.",
            data={"nProt": "135"},
            protocol="135260000000001",
            cstat="100",
            reason="Autorizado o uso da NF-e",
            authorized_at=5990,
        )
    )

    assert (doc.status, doc.protocol, doc.cstat, doc.authorized_at, doc.updated_at) == (
        "authorized",
        "135260000000001",
        "100",
        5990,
        6000,
    )
    assert await db.read(lambda conn: state_of(conn, document)) == "authorized"
    assert (await db.read(lambda conn: documents.events(conn, document)))[-1].kind == "authorize"
    assert heard == [f"document:{document}"]


@pytest.mark.parametrize(("event", "state"), [("deny", "denied"), ("lose", "held"), ("reject", "held")])
async def test_what_each_outcome_does_to_the_number(
    db: Database, branch: str, new_document: Make, event: str, state: str
) -> None:
    document = await signed(db, new_document())

    await db.write(lambda conn: documents.move(conn, document, event, at=6000, text="x"))

    assert await db.read(lambda conn: state_of(conn, document)) == state


async def test_an_impossible_step_is_refused_and_changes_nothing(db: Database, branch: str, new_document: Make) -> None:
    document = await signed(db, new_document())
    before = await whole(db, document)

    with pytest.raises(TransitionRefused):
        await db.write(lambda conn: documents.move(conn, document, "cancel", at=6000, text="x", reason="y"))
    with pytest.raises(InvariantBroken):
        await db.write(lambda conn: documents.move(conn, document, "authorize", at=6000, text="sem protocolo"))
    with pytest.raises(NotFound):
        await db.write(lambda conn: documents.move(conn, "doc_none", "cancel", at=6000, text="x"))

    assert await whole(db, document) == before


async def test_events_of_many_writers_are_numbered_without_a_clash(db: Database, branch: str, new_document: Make) -> None:
    doc = await accepted(db, new_document())

    await asyncio.gather(
        *[db.write(lambda conn, i=i: documents.add_event(conn, doc.id, "note", f"{i}", None, i)) for i in range(20)]
    )

    rows = await db.read(lambda conn: documents.events(conn, doc.id))
    assert [row.seq for row in rows] == list(range(1, 22))
    assert {row.text for row in rows[1:]} == {str(i) for i in range(20)}


async def test_a_document_without_a_live_job_is_stuck(db: Database, branch: str, new_document: Make) -> None:
    doc = await accepted(db, new_document())
    other = await accepted(db, new_document(ref="b"))
    done = await signed(db, new_document(ref="c"))
    await db.write(lambda conn: documents.move(conn, done, "authorize", at=6000, text="x", protocol="135260000000001"))
    assert await db.read(lambda conn: documents.stuck(conn, 0)) == []

    await db.write(
        lambda conn: conn.execute(update(jobs_table).where(jobs_table.c.subject != other.id).values(state="done")).close()
    )
    assert await db.read(lambda conn: documents.stuck(conn, 0)) == [doc.id]

    now_ms = 10**15
    assert await db.read(lambda conn: documents.stuck(conn, now_ms)) == []
    assert await db.read(lambda conn: documents.get(conn, "doc_none")) is None
