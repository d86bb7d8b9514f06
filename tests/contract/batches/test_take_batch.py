"""The work behind a batch, on both engines: resumed after a crash, a window at a time, true to its documents."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import Any

import pytest

from gateway import demo_data
from gateway.core.clock import SystemClock
from gateway.core.errors import IdempotencyConflict, InvariantBroken, StorageFull
from gateway.jobs.handlers.batch import TakeBatch
from gateway.jobs.results import Done, WaitFor
from gateway.jobs.worker import Job
from gateway.nfe.request import decode_request
from gateway.store import batch_lines, batches, documents, intake, jobs, setup
from gateway.store.batch_lines import NewLine
from gateway.store.database import Database

CLOCK = SystemClock()
BATCH = "lote"


@pytest.fixture
async def db(db: Database) -> Database:
    def write(conn: Any) -> None:
        setup.put_branch(conn, demo_data.branch(), 1)
        for product in demo_data.PRODUCTS:
            setup.put_product(conn, product, 1)
        batches.open_batch(conn, BATCH, owner="k", branches_of=(), at=CLOCK.epoch_ms())

    await db.write(write)
    return db


def line(number: int, ref: str, **changes: Any) -> NewLine:
    text = json.dumps(demo_data.sale(ref) | changes)
    return NewLine(number, ref, hashlib.sha256(text.encode()).digest(), "nfe", text, ())


async def batch_id(db: Database) -> str:
    found = await db.read(lambda conn: batches.get(conn, BATCH))
    assert found is not None
    return found.id


async def add(db: Database, *lines: NewLine, whole: bool = True, **more: Any) -> batch_lines.Taken:
    batch = await batch_id(db)
    taken = await db.write(lambda conn: batches.add_lines(conn, batch, lines, at=CLOCK.epoch_ms(), **more))
    if whole:
        await db.write(lambda conn: batches.received(conn, batch, CLOCK.epoch_ms()))
    return taken


async def run(db: Database, **more: Any) -> Any:
    batch = await batch_id(db)
    return await TakeBatch(db, CLOCK, **more)(Job("j", batches.BATCH_KIND, None, batch, {}, 1, 0, 0))


async def statuses(db: Database) -> list[tuple[str, str]]:
    batch = await batch_id(db)
    return [(one.ref, one.status) for one in await db.read(lambda conn: batch_lines.list_lines(conn, batch))]


async def move(db: Database, ref: str, event: str, **more: Any) -> None:
    def write(conn: Any) -> None:
        doc = documents.by_ref(conn, ref)
        assert doc is not None
        documents.take_number(conn, doc.id, at=2, cnf=lambda _: "10000004")
        if event == "authorize":
            chave = f"{doc.id[-8:].encode().hex()}".ljust(44, "1")[:44]
            documents.store_signed(conn, doc.id, chave=chave, digest="d", xml=ref.encode(), at=2)
            more.update(protocol="1", cstat="100", authorized_at=3)
        documents.move(conn, doc.id, event, at=3, text="x", **more)

    await db.write(write)


async def test_lines_follow_their_documents_to_the_end(db: Database) -> None:
    await add(db, line(1, "a"), line(2, "b"), line(3, "c", items=[{"sku": "NAO-HA", "quantity": 1}]), whole=False)
    result = await run(db)
    assert isinstance(result, WaitFor) and result.code == "BATCH-ANSWERS"
    assert await statuses(db) == [("a", "accepted"), ("b", "accepted"), ("c", "refused")]
    await move(db, "a", "authorize")
    await move(db, "b", "reject", cstat="805", reason="NCM")
    assert await statuses(db) == [("a", "authorized"), ("b", "rejected"), ("c", "refused")]
    assert isinstance(await run(db), Done)
    assert (await progress(db)).row.state == "receiving", "no post has arrived whole"
    batch = await batch_id(db)
    await db.write(lambda conn: batches.received(conn, batch, CLOCK.epoch_ms()))
    assert isinstance(await run(db), Done)
    found = await progress(db)
    assert (found.row.state, found.pending, found.ended, found.total) == ("finished", 0, 3, 3)
    # A person tries the rejected note again: the line is on its way with it.
    await db.write(lambda conn: documents.take_number(conn, documents.by_ref(conn, "b").id, at=9, cnf=str))  # type: ignore[union-attr]
    assert (await statuses(db))[1] == ("b", "accepted")


async def progress(db: Database) -> batches.Progress:
    found = await db.read(lambda conn: batches.progress(conn, BATCH))
    assert found is not None
    return found


async def test_a_crash_before_the_answer_is_written_makes_no_second_note(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await add(db, *(line(n, f"r-{n}") for n in range(5)))

    def full(*_: Any, **__: Any) -> None:
        raise StorageFull("cheio")

    with monkeypatch.context() as broken:
        broken.setattr(batches, "answer", full)
        with pytest.raises(StorageFull):
            await run(db)
    assert [status for _, status in await statuses(db)] == ["taken"] * 5
    first = [await db.read(lambda conn, n=n: documents.by_ref(conn, f"r-{n}")) for n in range(5)]  # type: ignore[misc]
    assert all(first), "accepted, though the batch does not know it yet"
    await run(db)
    assert [status for _, status in await statuses(db)] == ["accepted"] * 5
    again = [await db.read(lambda conn, n=n: documents.by_ref(conn, f"r-{n}")) for n in range(5)]  # type: ignore[misc]
    assert [one.id for one in again if one] == [one.id for one in first if one]


async def test_a_note_posted_elsewhere_is_adopted_as_it_is(db: Database) -> None:
    sale = decode_request(json.dumps(demo_data.sale("a")))
    await intake.accept_sale(db, CLOCK, sale)
    await move(db, "a", "authorize")
    await add(db, line(1, "a"), line(2, "b"))
    await intake.accept_sale(db, CLOCK, decode_request(json.dumps(demo_data.sale("b") | {"notes": "outra"})))
    await run(db)
    assert await statuses(db) == [("a", "authorized"), ("b", "conflict")]


async def test_only_a_window_of_documents_is_on_its_way(db: Database) -> None:
    await add(db, *(line(n, f"w-{n}") for n in range(7)))
    result = await run(db, window=3)
    assert isinstance(result, WaitFor) and result.code == "BATCH-WINDOW"
    assert [status for _, status in await statuses(db)] == ["accepted"] * 3 + ["taken"] * 4
    await move(db, "w-0", "authorize")
    await run(db, window=3)
    assert [status for _, status in await statuses(db)] == ["authorized"] + ["accepted"] * 3 + ["taken"] * 3


async def test_cancelling_stops_what_nobody_is_numbering(db: Database) -> None:
    await add(db, *(line(n, f"x-{n}") for n in range(6)))
    await run(db, window=3)
    await move(db, "x-0", "authorize")
    batch = await batch_id(db)

    def running(conn: Any) -> None:
        doc = documents.by_ref(conn, "x-1")
        assert doc is not None
        # Another worker has the job of x-1 in its hands.
        (job,) = jobs.live_for(conn, doc.id)
        assert jobs.claim(conn, worker="w", queues=["sefaz"], kinds=["nfe.issue"], lease=60.0, limit=1, only=job.id)

    await db.write(running)
    await db.write(lambda conn: batches.cancel(conn, batch, CLOCK.epoch_ms()))
    result = await run(db, window=3)
    assert isinstance(result, WaitFor)
    assert await statuses(db) == [
        ("x-0", "authorized"),
        ("x-1", "accepted"),
        ("x-2", "cancelled"),
        ("x-3", "cancelled"),
        ("x-4", "cancelled"),
        ("x-5", "cancelled"),
    ]
    stopped = await db.read(lambda conn: documents.by_ref(conn, "x-2"))
    assert stopped is not None and (stopped.status, stopped.number) == ("rejected", None)
    assert await db.read(lambda conn: documents.by_ref(conn, "x-3")) is None
    await move(db, "x-1", "authorize")
    assert isinstance(await run(db), Done)
    assert (await progress(db)).row.state == "cancelled"


async def test_two_posts_at_once_take_a_line_once(db: Database) -> None:
    lines = [line(n, f"t-{n}") for n in range(50)]
    took = await asyncio.gather(*(add(db, *lines) for _ in range(4)))
    assert sum(one.new for one in took) == 50
    assert sum(one.replayed for one in took) == 150
    assert (await progress(db)).counts["taken"] == 50


async def test_a_defect_is_the_lines_own_and_a_broken_invariant_is_everybodys(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(db, line(1, "a"), line(2, "b"))
    real = intake.accept_sale

    async def accept(db: Any, clock: Any, sale: Any, **more: Any) -> Any:
        if sale.ref == "a":
            raise failing[0]
        return await real(db, clock, sale, **more)

    failing: list[Exception] = [InvariantBroken("quebrou")]
    monkeypatch.setattr(intake, "accept_sale", accept)
    with pytest.raises(InvariantBroken):
        await run(db)
    assert ("a", "taken") in await statuses(db)
    failing[0] = ZeroDivisionError()
    await run(db)
    assert await statuses(db) == [("a", "refused"), ("b", "accepted")]
    batch = await batch_id(db)
    (bad, _) = await db.read(lambda conn: batch_lines.list_lines(conn, batch))
    assert [one.code for one in bad.faults] == ["GW-DEFECT"]


async def test_a_ref_of_a_batch_belongs_to_a_key(db: Database) -> None:
    with pytest.raises(IdempotencyConflict):
        await db.write(lambda conn: batches.open_batch(conn, BATCH, owner="other", branches_of=("1",), at=1))
