"""A first attempt parted from its sale, on both engines; and how each pair of attempts ends, whatever is run twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, func, select

from gateway import demo_data
from gateway.core.chave import ChaveAcesso, check_digit
from gateway.core.clock import to_epoch_ms
from gateway.core.errors import TransitionRefused
from gateway.jobs.handlers.effects import after_outcome
from gateway.jobs.handlers.reissue import SettleAttempt
from gateway.jobs.results import Done, NeedsAttention, Result, WaitFor
from gateway.jobs.worker import Job
from gateway.nfe.branch import ContingencySettings
from gateway.store import documents, fiscal_events, jobs, number_gaps, reissues, setup, voidings
from gateway.store.database import Database
from gateway.store.documents import DocumentRow, NewDocument
from gateway.store.number_gaps import Series
from gateway.store.numbers import state_of
from gateway.store.tables import documents as documents_table
from tests.contract.store.conftest import BRANCH

NOON = datetime(2026, 11, 23, 15, tzinfo=UTC)
AT = to_epoch_ms(NOON)
Make = Callable[..., NewDocument]


class Watch:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at

    def epoch_ms(self) -> int:
        return to_epoch_ms(self.at)


def chave(number: int, tpEmis: str, model: str = "65") -> str:
    first = f"352611{BRANCH}{model}001{number:09}{tpEmis}{number + 10_000_000:08}"
    return str(ChaveAcesso(first + check_digit(first)))


def number_and_sign(conn: Connection, document: str, tpEmis: str, model: str = "65") -> None:
    doc = documents.take_number(conn, document, at=AT, cnf=lambda n: f"{n + 10_000_000:08}")
    assert doc.number is not None
    documents.store_signed(conn, document, chave=chave(doc.number, tpEmis, model), digest=f"d{doc.number}", xml=b"<NFe/>", at=AT)
    documents.begin_transmission(conn, document, kind="authorize", at=AT)


def authorize(conn: Connection, document: str, at: int = AT) -> None:
    documents.move(conn, document, "authorize", at=at, text="Autorizada.", protocol="135260000000001", authorized_at=at)
    after_outcome(conn, document, at)


@pytest.fixture
async def sale(db: Database, new_document: Make) -> str:
    """A NFC-e whose normal send got no answer."""

    def unit(conn: Connection) -> str:
        setup.put_branch(conn, demo_data.branch(), AT)
        doc, _ = documents.accept(conn, replace(new_document(), model="65"), at=AT)
        number_and_sign(conn, doc.id, "1")
        documents.end_transmission(conn, doc.id, 1, outcome="unknown", cstat=None, reason="sem resposta", answer=None, at=AT)
        documents.move(conn, doc.id, "lose", at=AT, text="Sem resposta.")
        return doc.id

    return await db.write(unit)


async def parted(db: Database, sale: str) -> DocumentRow:
    return await db.write(lambda conn: reissues.reissue(conn, sale, at=AT, text="Emitida de novo."))


async def policy(db: Database, **settings: Any) -> None:
    changed = msgspec.structs.replace(demo_data.branch(), contingency=ContingencySettings(**settings))
    await db.write(lambda conn: setup.put_branch(conn, changed, AT))


async def both_authorised(db: Database, sale: str) -> DocumentRow:
    first = await parted(db, sale)

    def unit(conn: Connection) -> None:
        number_and_sign(conn, sale, "9")
        authorize(conn, sale)
        authorize(conn, first.id)

    await db.write(unit)
    return first


async def settled(db: Database, attempt: str, watch: Watch | None = None) -> Result:
    (job,) = [one for one in await db.read(lambda conn: jobs.live_for(conn, attempt)) if one.kind == reissues.SETTLE_KIND]
    running = Job(job.id, job.kind, None, attempt, {}, 1, 0, AT)
    result = await SettleAttempt(db, watch or Watch())(running)
    if result.write is not None:
        await db.write(result.write)
    return result


async def events_of(db: Database, document: str) -> list[tuple[str, str, object]]:
    found = await db.read(lambda conn: fiscal_events.of_document(conn, document))
    return [(one.tp_evento, one.status, one.values.get("chNFeRef")) for one in found]


async def test_the_first_attempt_keeps_its_number_bytes_and_sends_and_the_sale_begins_again(db: Database, sale: str) -> None:
    before = await db.read(lambda conn: documents.get(conn, sale))
    assert before is not None
    first = await parted(db, sale)

    def read(conn: Connection) -> tuple[Any, ...]:
        after = documents.get(conn, sale)
        assert after is not None
        return (
            (after.status, after.number, after.chave, after.digest, after.ref),
            [row.outcome for row in documents.transmissions(conn, sale)],
            [row.outcome for row in documents.transmissions(conn, first.id)],
            documents.artefact(conn, first.id, "signed"),
            (state_of(conn, sale), state_of(conn, first.id)),
            [job.kind for job in jobs.live_for(conn, first.id)],
            reissues.attempts_of(conn, sale),
            reissues.sale_of(conn, first),
        )

    told, sends, first_sends, signed, states, carried, attempts, owner = await db.read(read)
    assert told == ("accepted", None, None, None, before.ref)
    assert (sends, first_sends, signed) == ([], ["unknown"], b"<NFe/>")
    assert states == (None, "held")
    assert carried == ["nfe.issue"]
    assert (first.status, first.number, first.chave) == ("unknown", 1, before.chave)
    assert [one.id for one in attempts] == [first.id]
    assert owner is not None
    assert owner.id == sale
    await db.write(lambda conn: number_and_sign(conn, sale, "9"))
    assert (await db.read(lambda conn: documents.get(conn, sale))).number == 2  # type: ignore[union-attr]


async def test_only_a_note_whose_fate_nobody_knows_is_issued_again(db: Database, sale: str) -> None:
    await db.write(lambda conn: authorize(conn, sale))
    with pytest.raises(TransitionRefused):
        await parted(db, sale)
    assert await db.read(lambda conn: conn.execute(select(func.count()).select_from(documents_table)).scalar_one()) == 1


async def test_both_authorised_the_first_is_cancelled_and_asked_for_once(db: Database, sale: str) -> None:
    first = await both_authorised(db, sale)
    assert isinstance(await settled(db, first.id), WaitFor)
    assert isinstance(await settled(db, first.id), WaitFor)
    assert await events_of(db, first.id) == [("110111", "requested", None)]
    assert await events_of(db, sale) == []
    kinds = [event.kind for event in await db.read(lambda conn: documents.events(conn, sale))]
    assert kinds[-3:] == ["signed", "authorize", "attempt_authorized"]


async def test_the_first_is_not_cancelled_while_the_sale_has_no_other_note(db: Database, sale: str) -> None:
    first = await parted(db, sale)
    await db.write(lambda conn: authorize(conn, first.id))
    waits = await settled(db, first.id)
    # A NFC-e is cancelled within 30 minutes of its authorisation, at noon.
    assert (isinstance(waits, WaitFor), getattr(waits, "seconds", None)) == (True, 1800.0)
    assert await events_of(db, first.id) == []

    def refuse(conn: Connection) -> None:
        number_and_sign(conn, sale, "9")
        documents.move(conn, sale, "reject", at=AT, text="Rejeitada.", cstat="805", reason="Recusada")
        after_outcome(conn, sale, AT)

    await db.write(refuse)
    alone = await settled(db, first.id)
    assert isinstance(alone, NeedsAttention)
    assert (alone.code, "A segunda foi recusada." in alone.reason) == ("REISSUE-ALONE", True)
    assert await events_of(db, first.id) == []


@pytest.mark.parametrize(
    ("substitution", "hours", "expected"),
    [
        ("off", 1, "REISSUE-LATE"),
        ("on", 1, [("110112", "requested", chave(2, "9"))]),
        ("on", 169, "REISSUE-LATE"),
    ],
)
async def test_past_thirty_minutes_a_nfce_is_substituted_where_asked(
    db: Database, sale: str, substitution: str, hours: int, expected: Any
) -> None:
    await policy(db, substitution=substitution)
    first = await both_authorised(db, sale)
    watch = Watch()
    watch.at += timedelta(hours=hours)
    result = await settled(db, first.id, watch)
    if isinstance(expected, str):
        assert isinstance(result, NeedsAttention)
        assert (result.code, await events_of(db, first.id)) == (expected, [])
    else:
        assert await events_of(db, first.id) == expected


async def test_a_refused_cancellation_is_told_to_a_person(db: Database, sale: str) -> None:
    first = await both_authorised(db, sale)
    await settled(db, first.id)

    def refuse(conn: Connection) -> None:
        (event,) = fiscal_events.of_document(conn, first.id)
        fiscal_events.move(conn, event.id, "reject", at=AT, cstat="219", reason="Circulação registrada")

    await db.write(refuse)
    told = await settled(db, first.id)
    assert isinstance(told, NeedsAttention)
    assert (told.code, "219 Circulação registrada" in told.reason) == ("REISSUE-CANCEL-REFUSED", True)
    assert len(await events_of(db, first.id)) == 1


@pytest.mark.parametrize("void", ["propose", "automatic"])
async def test_a_first_attempt_that_never_arrived_leaves_a_number_to_void(db: Database, sale: str, void: str) -> None:
    await policy(db, void=void)
    first = await parted(db, sale)

    def absent(conn: Connection) -> None:
        documents.move(conn, first.id, "reject", at=AT, text="Não está lá.", cstat="217")
        after_outcome(conn, first.id, AT)

    await db.write(absent)
    assert isinstance(await settled(db, first.id), Done)
    assert isinstance(await settled(db, first.id), Done)
    asked = await db.read(lambda conn: voidings.recent(conn, None, limit=10))
    branch = demo_data.branch()
    gaps = await db.read(lambda conn: number_gaps.proposals(conn, branch, Series(BRANCH, "65", 1, 2)))
    if void == "automatic":
        assert [(one.first, one.last, one.year, one.status) for one in asked] == [(1, 1, 2026, "requested")]
        assert gaps == ()
    else:
        assert asked == ()
        assert [(one.first, one.last, one.ref) for one in gaps] == [(1, 1, first.ref)]
    # Denied, cancelled and voided attempts are over: nothing is asked for.
    with pytest.raises(TransitionRefused, match="já foi emitida de novo"):
        reissues.refuse_attempt(first)
