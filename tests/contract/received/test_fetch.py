"""The queue is read in order and once, whatever dies, and nobody asks before the hour is over."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from gateway.core.errors import NotSent
from gateway.jobs.results import Done, NeedsAttention
from gateway.nfe.event_answers import AfterNsu, OneNsu
from gateway.store import distribution, received_rows
from gateway.store.event_tables import fiscal_events
from gateway.store.received_tables import distribution_holes, received_documents, received_notes
from gateway.store.tables import jobs
from tests.contract.received.conftest import THEM, US, House, chave, res_evento, res_nfe


async def nsus(house: House) -> list[int]:
    return await house.db.read(
        lambda conn: list(conn.execute(select(received_documents.c.nsu).order_by(received_documents.c.nsu)).scalars())
    )


async def note(house: House, number: int) -> Any:
    return await house.db.read(lambda conn: received_rows.by_chave(conn, chave(number)))


async def test_a_summary_becomes_a_note_with_its_deadlines_and_asks_for_its_ciencia(house: House) -> None:
    house.national.put(res_nfe(1))

    assert await house.fetch() == Done()

    found = await note(house, 1)
    assert (found.issuer, found.issuer_name, found.value, found.status) == (THEM, "Fornecedor & Filhos", "190.00", "resumo")
    # dhRecbto 20/11 10:00 -03:00; 10 and 90 days later, in milliseconds.
    authorized = 1_795_179_600_000
    assert (found.authorized_at, found.aware_until, found.conclude_until) == (
        authorized,
        authorized + 10 * 86_400_000,
        authorized + 90 * 86_400_000,
    )
    events = await house.db.read(lambda conn: conn.execute(select(fiscal_events)).all())
    assert [(row.tp_evento, row.n_seq, row.status, row.document, row.chave) for row in events] == [
        ("210210", 1, "requested", None, chave(1))
    ]
    queued = await house.db.read(lambda conn: conn.execute(select(jobs.c.kind, jobs.c.key, jobs.c.subject)).all())
    assert [tuple(row) for row in queued] == [("event.send", f"received:{found.id}", events[0].id)]


async def test_without_the_policy_no_ciencia_is_asked_for(house: House, count: Any) -> None:
    await house.put_branch(awareness="manual")
    house.national.put(res_nfe(1))

    await house.fetch()

    assert await count(received_notes) == 1
    assert await count(fiscal_events) == 0


async def test_a_queue_is_read_to_its_end_in_order_and_then_rests_for_an_hour(house: House) -> None:
    house.national.size = 2
    house.national.put(*[res_nfe(number) for number in range(1, 6)])

    await house.fetch()

    assert [query.nsu for query in house.national.asked if isinstance(query, AfterNsu)] == [0, 2, 4]
    assert await nsus(house) == [1, 2, 3, 4, 5]
    cursor = await house.cursor()
    assert (cursor.last_nsu, cursor.max_nsu, cursor.next_at) == (5, 5, house.clock.epoch_ms() + 3_600_000)
    house.national.put(res_nfe(6))
    house.clock.go(minutes=59)
    await house.fetch()
    assert await nsus(house) == [1, 2, 3, 4, 5]
    house.clock.go(minutes=1)
    await house.fetch()
    assert await nsus(house) == [1, 2, 3, 4, 5, 6]


async def test_no_document_means_an_hour_of_rest_too(house: House) -> None:
    await house.fetch()

    assert (await house.cursor()).next_at == house.clock.epoch_ms() + 3_600_000
    assert len(house.national.asked) == 1


async def test_asked_too_soon_it_waits_an_hour_and_keeps_its_place(house: House, count: Any) -> None:
    house.national.put(res_nfe(1))
    house.national.instead = [house.national.answer("656", 0, 0)]

    assert await house.fetch() == Done()

    cursor = await house.cursor()
    assert (cursor.last_nsu, cursor.next_at, cursor.reason) == (0, house.clock.epoch_ms() + 3_600_000, "656 motivo")
    assert await count(received_documents) == 0
    await house.fetch()
    assert len(house.national.asked) == 1
    house.clock.go(hours=1)
    await house.fetch()
    assert await nsus(house) == [1]


async def test_a_crash_between_fetch_and_store_loses_nothing_and_repeats_nothing(
    house: House, count: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.national.size = 2
    house.national.put(*[res_nfe(number) for number in range(1, 5)])
    real, calls = distribution.store, []

    def dies_late(conn: Any, *rest: Any) -> bool:
        """The second answer: everything was written, and the process dies before COMMIT."""
        stored = real(conn, *rest)
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("killed")
        return stored

    monkeypatch.setattr(distribution, "store", dies_late)
    with pytest.raises(RuntimeError):
        await house.fetch()
    assert await nsus(house) == [1, 2]
    assert (await house.cursor()).last_nsu == 2

    await house.fetch()

    assert [query.nsu for query in house.national.asked if isinstance(query, AfterNsu)] == [0, 2, 2]
    assert await nsus(house) == [1, 2, 3, 4]
    assert await count(received_notes) == 4
    assert await count(fiscal_events) == 4


async def test_a_worker_that_comes_late_stores_nothing(house: House, count: Any) -> None:
    house.national.put(res_nfe(1))
    seen = await house.cursor()
    await house.fetch()
    branch = await house.put_branch()
    late = distribution.prepare([document async for document in _batch(house)], US[:8])
    answer = house.national.answer("138", 1, 1)

    stored = await house.db.write(lambda conn: distribution.store(conn, seen, answer, late, branch, house.clock.epoch_ms()))

    assert stored is False
    assert await count(received_notes) == 1


async def _batch(house: House) -> Any:
    answer = await house.national.distribute(None, US, AfterNsu(0))
    for document in answer.documents:
        yield document


async def test_a_skipped_number_is_asked_for_by_itself_once_and_twenty_an_hour(house: House) -> None:
    house.national.put(res_nfe(1))
    house.national.put(res_nfe(2), at=25)  # 2 to 24 are missing: 23 holes

    await house.fetch()

    asked = [query.nsu for query in house.national.asked if isinstance(query, OneNsu)]
    assert asked == list(range(2, 22))  # twenty
    house.national.put(res_nfe(3), at=23)
    house.clock.go(hours=1, seconds=1)
    await house.fetch()
    asked = [query.nsu for query in house.national.asked if isinstance(query, OneNsu)]
    assert asked == list(range(2, 25))
    rows = await house.db.read(lambda conn: conn.execute(select(distribution_holes.c.nsu, distribution_holes.c.state)).all())
    assert {row.nsu for row in rows if row.state == "found"} == {23}
    assert {row.state for row in rows} == {"found", "absent"}
    assert await nsus(house) == [1, 23, 25]
    assert (await note(house, 3)).status == "resumo"


async def test_our_own_notes_are_kept_as_they_came_and_are_no_received_notes(house: House, count: Any) -> None:
    house.national.put(res_nfe(1, issuer=US))

    await house.fetch()

    assert await count(received_documents) == 1
    assert await count(received_notes) == 0
    assert await count(fiscal_events) == 0


async def test_an_event_that_comes_before_its_note_counts_all_the_same(house: House) -> None:
    house.national.put(res_evento(1), res_nfe(1))

    await house.fetch()

    assert (await note(house, 1)).situation == "cancelled"


async def test_a_cancelled_note_is_told_and_gets_no_ciencia(house: House, count: Any) -> None:
    house.national.put(res_nfe(1, situation=3))

    await house.fetch()

    assert (await note(house, 1)).situation == "cancelled"
    assert await count(fiscal_events) == 0


async def test_a_summary_past_its_ten_days_gets_no_ciencia(house: House, count: Any) -> None:
    house.national.put(res_nfe(1, at="2026-11-01T10:00:00-03:00"))

    await house.fetch()

    assert (await note(house, 1)).status == "resumo"
    assert await count(fiscal_events) == 0


async def test_a_document_that_cannot_be_read_is_kept_with_the_reason_and_stops_nobody(house: House) -> None:
    house.national.put(("resNFe_v1.01.xsd", b"<resNFe>"), ("resCTe_v1.00.xsd", b"<resCTe/>"), res_nfe(1))

    await house.fetch()

    rows = await house.db.read(
        lambda conn: conn.execute(
            select(received_documents.c.kind, received_documents.c.xml, received_documents.c.problem).order_by(
                received_documents.c.nsu
            )
        ).all()
    )
    assert [(row.kind, bytes(row.xml)) for row in rows][:2] == [("resNFe", b"<resNFe>"), ("other", b"<resCTe/>")]
    assert rows[0].problem == "O documento do NSU 1 (resNFe_v1.01.xsd) não pôde ser lido."
    assert rows[1].problem == "O tipo 'resCTe_v1.00.xsd' não é conhecido."
    assert rows[2].problem is None
    assert (await note(house, 1)).status == "resumo"


async def test_a_refusal_waits_for_a_person_and_changes_nothing(house: House) -> None:
    refused = house.national.answer("593", 0, 0)
    house.national.instead = [refused]

    result = await house.fetch()

    assert isinstance(result, NeedsAttention)
    assert result.code == "SEFAZ-593"
    assert (await house.cursor()).asked_at == 0


async def test_a_lost_answer_is_an_error_of_the_edge_and_changes_nothing(house: House) -> None:
    house.national.instead = [NotSent("caiu")]

    with pytest.raises(NotSent):
        await house.fetch()

    assert (await house.cursor()).asked_at == 0


async def test_a_branch_that_does_not_receive_asks_nothing(house: House) -> None:
    await house.put_branch(receive="off")

    await house.fetch()

    assert house.national.asked == []


async def test_one_branch_of_a_queue_is_asked_for_and_only_when_its_hour_has_come(house: House) -> None:
    def due(conn: Any) -> tuple[str, ...]:
        return distribution.due(conn, house.clock.epoch_ms())

    assert await house.db.read(due) == ()  # no certificate yet
    await house.db.write(lambda conn: _certificate(conn, house.clock.epoch_ms()))
    assert await house.db.read(due) == (US,)
    await house.fetch()
    assert await house.db.read(due) == ()
    house.clock.go(hours=1)
    assert await house.db.read(due) == (US,)


def _certificate(conn: Any, at: int) -> None:
    from sqlalchemy import insert  # noqa: PLC0415

    from gateway.store.tables import certificates  # noqa: PLC0415

    values = {"subject": "s", "tax_id": US, "serial": "1", "not_before": 0, "not_after": at, "active": True, "created_at": at}
    conn.execute(insert(certificates).values(id="crt_1", branch=US, pfx=b"x", password=b"x", **values))


async def test_the_same_note_by_another_queue_gets_no_second_ciencia(house: House, count: Any) -> None:
    house.national.put(res_nfe(1))
    await house.fetch()
    await house.put_branch(distribution_queue="cnpj")

    await house.fetch()

    assert await count(received_notes) == 2
    assert await count(fiscal_events) == 1
