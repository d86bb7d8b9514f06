"""The janitor: documents that nothing carries get their job again, once."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from sqlalchemy import insert, update

from gateway.jobs.janitor import Janitor
from gateway.store import documents, jobs
from gateway.store.database import Database
from gateway.store.documents import NewDocument
from gateway.store.tables import branches
from gateway.store.tables import jobs as table

NEW = NewDocument(
    ref="r1",
    body_hash=b"a" * 32,
    branch="11222333000181",
    model="55",
    environment=2,
    series=1,
    origin="api",
    origin_ref=None,
    request="{}",
    total=Decimal("1.00"),
    customer_name=None,
    customer_tax_id=None,
)


async def orphan(db: Database) -> str:
    """A document whose job was put away."""

    def unit(conn) -> str:
        conn.execute(insert(branches).values(cnpj=NEW.branch, config="{}", created_at=1, updated_at=1))
        doc, _ = documents.accept(conn, NEW, at=1000)
        conn.execute(update(table).values(state="discarded"))
        return doc.id

    return await db.write(unit)


async def test_an_orphan_gets_its_job_again_once(db: Database) -> None:
    document = await orphan(db)
    janitors = [Janitor(db, idle=0.0) for _ in range(3)]

    revived = await asyncio.gather(*[janitor.tidy() for janitor in janitors])

    (job,) = await db.read(lambda conn: jobs.live_for(conn, document))
    assert (job.kind, job.queue, job.state, job.key) == ("nfe.issue", "sefaz", "ready", f"document:{document}")
    assert sum(revived) >= 1
    assert await janitors[0].tidy() == 0


async def test_a_document_on_its_way_or_just_touched_is_left_alone(db: Database) -> None:
    document = await orphan(db)
    await db.write(lambda conn: documents.add_event(conn, document, "note", "x", None, 1))

    assert await Janitor(db, idle=10**10).tidy() == 0
    assert await db.read(lambda conn: jobs.live_for(conn, document)) == ()


async def test_it_goes_on_until_it_is_stopped(db: Database) -> None:
    document = await orphan(db)
    seen = asyncio.Event()
    db.add_listener(lambda topics: seen.set() if any(topic.startswith("job:") for topic in topics) else None)
    janitor = Janitor(db, every=0.01, idle=0.0)
    task = asyncio.create_task(janitor.run())

    async with asyncio.timeout(10):
        await seen.wait()
    janitor.stop()
    await task

    assert len(await db.read(lambda conn: jobs.live_for(conn, document))) == 1
