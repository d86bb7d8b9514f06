"""What each answer of SEFAZ leads to, seen from the outside: receipts, numbers of others, repeated refusals, blocked issuers."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import delete, select, update

from gateway import demo_data
from gateway.jobs.handlers.outcomes import CONSULT, guard_key
from gateway.sim.sefaz import Fault
from gateway.stage import Stage
from gateway.store import documents, guards, jobs
from gateway.store.contingency_tables import foreign_numbers, receipts
from gateway.store.tables import documents as documents_table
from gateway.store.tables import number_sequences, numbers

SEND = "NFeAutorizacao4"
ASK = "NFeConsultaProtocolo4"
RECEIPT = "NFeRetAutorizacao4"


async def post(stage: Stage, ref: str) -> None:
    async with stage.http.post("/v1/nfe", json=demo_data.sale(ref)) as answer:
        assert answer.status == 202, await answer.text()


async def call(stage: Stage, path: str) -> tuple[int, dict[str, Any]]:
    async with stage.http.post(path) as answer:
        return answer.status, await answer.json()


async def settled(stage: Stage, ref: str, *statuses: str) -> dict[str, Any]:
    """The document once it is in one of the statuses; whatever it waits for is asked for now."""

    def hurry(conn: Any) -> str:
        doc = documents.by_ref(conn, ref)
        assert doc is not None
        for job in jobs.live_for(conn, doc.id):
            if job.kind == "nfe.issue" and (job.state == "waiting" or job.failures):
                jobs.retry_now(conn, job.id)
        return doc.status

    async with asyncio.timeout(20):
        while await stage.gateway.db.write(hurry) not in statuses:
            await asyncio.sleep(0.03)
    found: dict[str, Any] = await stage._call("GET", f"/v1/nfe/{ref}")
    return found


async def stopped(stage: Stage, ref: str) -> Any:
    """The job of the document once it waits for a person."""
    async with asyncio.timeout(20):
        while True:
            live = await stage.gateway.db.read(
                lambda conn: jobs.live_for(conn, documents.by_ref(conn, ref).id)  # type: ignore[union-attr]
            )
            if live and live[0].state == "needs_attention":
                return live[0]
            await asyncio.sleep(0.02)


def services(stage: Stage) -> list[str]:
    return [row.service for row in stage.sims.sefaz.ledger]


async def test_a_receipt_is_asked_about_until_the_note_is_settled(stage: Stage) -> None:
    stage.sims.sefaz.push_fault(Fault(action="receipt", service=SEND, polls=2))
    await post(stage, "recibo")
    assert (await settled(stage, "recibo", "authorized"))["status"] == "authorized"
    # 103, then 105 twice, then the protocol: no consultation, and nothing sent twice.
    assert services(stage) == [SEND, RECEIPT, RECEIPT, RECEIPT]
    assert await stage.gateway.db.read(lambda conn: conn.execute(select(receipts)).all()) == []


async def test_a_receipt_that_sefaz_forgot_leaves_the_chave_to_ask_by(stage: Stage) -> None:
    stage.sims.sefaz.push_fault(Fault(action="receipt", service=SEND, polls=1))
    stage.sims.sefaz.push_fault(Fault(action="cstat", service=RECEIPT, cStat="106"))
    await post(stage, "recibo-perdido")
    assert (await settled(stage, "recibo-perdido", "authorized"))["status"] == "authorized"
    assert services(stage)[:3] == [SEND, RECEIPT, ASK]
    assert len(stage.sims.sefaz.authorized) == 1


async def test_a_blocked_consultation_does_not_stop_sending(stage: Stage) -> None:
    stage.sims.sefaz.push_fault(Fault(action="drop", service=SEND, phase="after"))
    stage.sims.sefaz.push_fault(Fault(action="cstat", service=ASK, cStat="656"))
    await post(stage, "perdida")

    def left(conn: Any) -> float | None:
        doc = documents.by_ref(conn, "perdida")
        assert doc is not None
        paused = guards.paused_for(conn, guard_key(doc, CONSULT))
        return None if paused is None else paused[0]

    async with asyncio.timeout(20):
        while (seconds := await stage.gateway.db.read(left)) is None:
            await asyncio.sleep(0.02)
    assert 3500 < seconds <= 3600
    assert (await stage.sell("outra")).status == "authorized"
    assert (await stage._call("GET", "/v1/nfe/perdida"))["status"] == "unknown"


async def test_a_consultation_refused_for_good_is_for_a_person_at_once(stage: Stage) -> None:
    stage.sims.sefaz.push_fault(Fault(action="drop", service=SEND, phase="after"))
    stage.sims.sefaz.push_fault(Fault(action="cstat", service=ASK, cStat="252", times=0))
    await post(stage, "recusada")
    job = await stopped(stage, "recusada")
    assert (job.error_code, services(stage)) == ("SEFAZ-252", [SEND, ASK])
    stage.sims.sefaz.clear_faults()
    await stage._call("POST", f"/v1/jobs/{job.id}/retry")
    assert (await settled(stage, "recusada", "authorized"))["status"] == "authorized"


async def test_the_same_content_refused_three_times_is_not_sent_again_by_itself(stage: Stage) -> None:
    stage.sims.sefaz.push_fault(Fault(action="cstat", service=SEND, cStat="805", times=0))
    await post(stage, "teimosa")
    for _ in range(2):
        await settled(stage, "teimosa", "rejected")
        assert (await call(stage, "/v1/nfe/teimosa/retry"))[0] == 202
    before = await settled(stage, "teimosa", "rejected")
    assert services(stage) == [SEND] * 3
    status, problem = await call(stage, "/v1/nfe/teimosa/retry")
    assert (status, problem["code"]) == (409, "NFE-REPEATED")
    after = await stage._call("GET", "/v1/nfe/teimosa")
    assert (after["status"], after["timeline"]) == ("rejected", before["timeline"])
    corrected = demo_data.sale("teimosa") | {"notes": "corrigida"}
    async with stage.http.post("/v1/nfe/teimosa/retry", json=corrected) as answer:
        assert answer.status == 202, await answer.text()
    await settled(stage, "teimosa", "rejected")
    stage.sims.sefaz.clear_faults()
    assert (await call(stage, "/v1/nfe/teimosa/retry?force=true"))[0] == 202
    assert (await settled(stage, "teimosa", "authorized"))["number"] == 1
    assert services(stage) == [SEND] * 5


async def test_a_refusal_of_the_date_does_not_bar_a_rebuild(stage: Stage) -> None:
    stage.sims.sefaz.push_fault(Fault(action="cstat", service=SEND, cStat="703", times=3))
    await post(stage, "atrasada")
    for _ in range(3):
        await settled(stage, "atrasada", "rejected")
        await asyncio.sleep(1.0)  # dhEmi is told in seconds: the next build has another
        assert (await call(stage, "/v1/nfe/atrasada/retry"))[0] == 202
    assert (await settled(stage, "atrasada", "authorized"))["status"] == "authorized"


async def _take_number_of_another(stage: Stage) -> str:
    """Number 1 is at SEFAZ under a key that this database no longer knows, as after a restored backup. Answers the key."""
    first = await stage.sell("de-outro")

    def forget(conn: Any) -> None:
        conn.execute(delete(numbers))
        conn.execute(update(number_sequences).values(next=1))

    await stage.gateway.db.write(forget)
    assert first.chave_acesso is not None
    return first.chave_acesso


async def test_a_number_of_another_note_is_given_up_by_a_person(stage: Stage) -> None:
    other = await _take_number_of_another(stage)
    await post(stage, "colidida")
    job = await stopped(stage, "colidida")
    assert job.error_code == "SEFAZ-539"
    status, problem = await call(stage, "/v1/nfe/colidida/adopt")
    assert (status, problem["code"]) == (409, "NFE-ADOPT-UNKNOWN")
    assert (await call(stage, "/v1/nfe/colidida/renumber"))[0] == 202
    found = await settled(stage, "colidida", "authorized")
    assert (found["number"], len(stage.sims.sefaz.authorized)) == (2, 2)
    kept = await stage.gateway.db.read(lambda conn: conn.execute(select(foreign_numbers)).one())
    assert (kept.number, kept.chave) == (1, other)
    status, problem = await call(stage, "/v1/nfe/colidida/renumber")
    assert (status, problem["code"]) == (409, "NFE-NUMBER-OURS")


async def test_an_older_build_of_the_same_sale_is_adopted(stage: Stage) -> None:
    await _take_number_of_another(stage)
    await post(stage, "reconstruida")
    await stopped(stage, "reconstruida")

    def older(conn: Any) -> str:
        mine, theirs = documents.by_ref(conn, "reconstruida"), documents.by_ref(conn, "de-outro")
        assert mine is not None
        assert theirs is not None
        assert theirs.chave is not None
        body = documents.artefact(conn, theirs.id, "signed")
        live = documents.artefact(conn, mine.id, "signed")
        assert body is not None
        assert live is not None
        documents.put_artefact(conn, mine.id, "signed", body, 1)
        documents.put_artefact(conn, mine.id, "signed", live, 2)
        chave = theirs.chave
        conn.execute(update(documents_table).where(documents_table.c.id == theirs.id).values(chave=None, status="unknown"))
        return chave

    chave = await stage.gateway.db.write(older)
    status, found = await call(stage, "/v1/nfe/reconstruida/adopt")
    assert (status, found["chave_acesso"]) == (202, chave)
    assert (await settled(stage, "reconstruida", "authorized"))["chave_acesso"] == chave
    assert len(stage.sims.sefaz.authorized) == 1
