"""A sale from the counter, seen from the outside: posted, authorised, drawn; repeated, refused, lost and found."""

from __future__ import annotations

import asyncio
import io
import json
from typing import Any

import msgspec
import pytest
from lxml import etree
from sqlalchemy import func, select

from gateway import demo_data
from gateway.nfe.signature import verify
from gateway.sim.sefaz import Fault
from gateway.stage import FINAL_DOCUMENT, Stage
from gateway.store import documents, jobs, prints, setup
from gateway.store.tables import documents as documents_table
from gateway.store.tables import number_sequences

NS = {"n": "http://www.portalfiscal.inf.br/nfe"}


async def final(stage: Stage, ref: str) -> dict[str, Any]:
    return await stage._until(f"/v1/nfe/{ref}", "status", FINAL_DOCUMENT)


async def post(stage: Stage, body: Any, **kwargs: Any) -> tuple[int, dict[str, Any]]:
    async with stage.http.post("/v1/nfe", json=body, **kwargs) as answer:
        return answer.status, await answer.json()


async def counts(stage: Stage) -> tuple[int, int]:
    """How many documents are stored, and how many series have given a number."""

    def unit(conn: Any) -> tuple[int, int]:
        stored = conn.execute(select(func.count()).select_from(documents_table)).scalar_one()
        series = conn.execute(select(func.count()).select_from(number_sequences)).scalar_one()
        return stored, series

    return await stage.gateway.db.read(unit)


async def test_a_sale_becomes_an_authorised_drawn_note(stage: Stage) -> None:
    outcome = await stage.sell("venda-1")
    assert (outcome.status, outcome.total) == ("authorized", "484.90")
    (note,) = stage.sims.sefaz.authorized
    assert (note.chave, note.nProt) == (outcome.chave_acesso, outcome.protocolo)
    async with stage.http.get("/v1/nfe/venda-1/xml") as answer:
        proc = await answer.read()
    root = etree.fromstring(proc)
    assert root.tag == "{http://www.portalfiscal.inf.br/nfe}nfeProc"
    assert root.findtext(".//n:protNFe/n:infProt/n:digVal", namespaces=NS) == note.digVal
    start, end = proc.index(b"<NFe"), proc.index(b"</NFe>") + len(b"</NFe>")
    verify(proc[start:end])
    signed = await stage.gateway.db.read(
        lambda conn: documents.artefact(conn, documents.by_ref(conn, "venda-1").id, "signed")  # type: ignore[union-attr]
    )
    assert signed == proc[start:end]
    (receipt,) = await stage.sims.printer.wait_receipts(1)
    assert receipt.problems == []
    assert outcome.chave_acesso in receipt.text.replace(" ", "").replace("\n", "")


async def test_the_same_sale_fifty_times_at_once_is_one_note(stage: Stage) -> None:
    body = demo_data.sale("venda-50")
    answers = await asyncio.gather(*(post(stage, body) for _ in range(50)))
    assert {status for status, _ in answers} == {202}
    assert (await final(stage, "venda-50"))["status"] == "authorized"
    assert len(stage.sims.sefaz.authorized) == 1
    assert await counts(stage) == (1, 1)


async def test_another_body_under_the_same_ref_is_refused(stage: Stage) -> None:
    await stage.sell("venda-1")
    other = demo_data.sale("venda-1") | {"notes": "outra"}
    status, problem = await post(stage, other)
    assert (status, problem["code"]) == (409, "GW-IDEMPOTENCY")
    assert len(stage.sims.sefaz.authorized) == 1


async def test_an_answer_lost_after_authorisation_is_found_by_asking(stage: Stage) -> None:
    stage.sims.sefaz.push_fault(Fault(action="drop", service="NFeAutorizacao4", phase="after"))
    await post(stage, demo_data.sale("perdida"))
    found = await final(stage, "perdida")
    assert found["status"] == "authorized"
    assert "unknown" not in (found["status"],)
    assert [request.service for request in stage.sims.sefaz.ledger if request.chave == found["chave_acesso"]] == [
        "NFeAutorizacao4",
        "NFeConsultaProtocolo4",
    ]
    assert len(stage.sims.sefaz.authorized) == 1


async def test_a_request_lost_before_sefaz_saw_it_is_sent_again_with_the_same_bytes(stage: Stage) -> None:
    stage.sims.sefaz.push_fault(Fault(action="drop", service="NFeAutorizacao4", phase="before"))
    await post(stage, demo_data.sale("nunca-chegou"))
    found = await final(stage, "nunca-chegou")
    assert found["status"] == "authorized"
    sends = [r for r in stage.sims.sefaz.ledger if r.service == "NFeAutorizacao4"]
    consults = [r for r in stage.sims.sefaz.ledger if r.service == "NFeConsultaProtocolo4"]
    assert len(sends) == 2
    assert len(consults) == 2
    assert [row.cStat for row in consults] == ["217", "217"]
    assert len(stage.sims.sefaz.authorized) == 1


@pytest.mark.parametrize("action", ["garbage", "http_status", "truncate", "reset"])
async def test_an_unclear_answer_is_never_taken_for_one(stage: Stage, action: Any) -> None:
    stage.sims.sefaz.push_fault(Fault(action=action, service="NFeAutorizacao4", phase="after"))
    await post(stage, demo_data.sale("confusa"))
    assert (await final(stage, "confusa"))["status"] == "authorized"
    assert len(stage.sims.sefaz.authorized) == 1


async def test_a_rejection_is_told_and_its_number_used_by_the_correction(stage: Stage) -> None:
    stage.sims.sefaz.push_fault(Fault(action="cstat", service="NFeAutorizacao4", cStat="805"))
    await post(stage, demo_data.sale("corrigir"))
    refused = await final(stage, "corrigir")
    assert (refused["status"], refused["answer"]["cStat"], refused["number"]) == ("rejected", "805", 1)
    corrected = demo_data.sale("corrigir") | {"notes": "corrigida"}
    async with stage.http.post("/v1/nfe/corrigir/retry", json=corrected) as answer:
        assert answer.status == 202, await answer.text()
    found = await stage._until("/v1/nfe/corrigir", "status", frozenset({"authorized"}))
    assert (found["status"], found["number"]) == ("authorized", 1)


async def test_a_note_stays_in_the_environment_it_was_accepted_in(stage: Stage) -> None:
    stage.sims.sefaz.push_fault(Fault(action="cstat", service="NFeAutorizacao4", cStat="805"))
    await post(stage, demo_data.sale("homologada"))
    assert (await final(stage, "homologada"))["status"] == "rejected"

    def to_production(conn: Any) -> None:
        branch = setup.get_branch(conn, demo_data.TEST_CNPJ)
        assert branch is not None
        setup.put_branch(conn, msgspec.structs.replace(branch, environment=1), stage.gateway.clock.epoch_ms())

    await stage.gateway.db.write(to_production)
    async with stage.http.post("/v1/nfe/homologada/retry") as answer:
        assert answer.status == 202, await answer.text()
    found = await stage._until("/v1/nfe/homologada", "status", frozenset({"authorized"}))
    assert (found["status"], found["environment"]) == ("authorized", 2)
    async with stage.http.get("/v1/nfe/homologada/xml") as answer:
        assert "<tpAmb>2</tpAmb>" in await answer.text()


async def test_a_slip_that_may_not_have_come_out_is_printed_again_when_a_person_asks(stage: Stage) -> None:
    stage.sims.printer.state = "offline"
    await post(stage, demo_data.sale("cupom"))
    await final(stage, "cupom")
    await _live_jobs(stage, "cupom", until=lambda job: job.kind == "print.slip" and job.error_code == "PRINTER-NOT-READY")

    def interrupted(conn: Any) -> None:
        found = documents.by_ref(conn, "cupom")
        assert found is not None
        row = prints.for_document(conn, found.id, "slip")
        assert row is not None
        prints.set_state(conn, row.id, "sending", None, stage.gateway.clock.epoch_ms())
        (job,) = jobs.live_for(conn, found.id)
        jobs.retry_now(conn, job.id)

    await stage.gateway.db.write(interrupted)
    (job,) = await _live_jobs(stage, "cupom", until=lambda job: job.state == "needs_attention")
    assert (job.error_code, len(stage.sims.printer.receipts)) == ("PRINT-UNCERTAIN", 0)
    stage.sims.printer.state = "ok"
    async with stage.http.post(f"/v1/jobs/{job.id}/retry", json={}) as answer:
        assert answer.status < 300
    (receipt,) = await stage.sims.printer.wait_receipts(1)
    assert receipt.problems == []


async def test_sefaz_paralysed_delays_and_loses_nothing(stage: Stage) -> None:
    stage.sims.sefaz.set_state(status="108")
    await post(stage, demo_data.sale("paralisada"))
    (job,) = await _live_jobs(stage, "paralisada", until=lambda job: job.failures > 0)
    assert job.error_code == "SEFAZ-108"
    stage.sims.sefaz.set_state(status="107")
    async with stage.http.post(f"/v1/jobs/{job.id}/retry", json={}) as answer:
        assert answer.status in (200, 202, 409)
    assert (await final(stage, "paralisada"))["status"] == "authorized"


async def _live_jobs(stage: Stage, ref: str, *, until: Any) -> tuple[Any, ...]:
    async with asyncio.timeout(20):
        while True:
            found = await stage.gateway.db.read(
                lambda conn: jobs.live_for(conn, documents.by_ref(conn, ref).id)  # type: ignore[union-attr]
            )
            if found and until(found[0]):
                return found
            await asyncio.sleep(0.02)


async def test_consumo_indevido_stops_the_issuer_and_burns_nothing(stage: Stage) -> None:
    stage.sims.sefaz.push_fault(Fault(action="cstat", service="NFeAutorizacao4", cStat="656"))
    await post(stage, demo_data.sale("primeira"))
    (job,) = await _live_jobs(stage, "primeira", until=lambda job: job.state == "waiting")
    assert (job.error_code, job.failures) == ("SEFAZ-656", 0)
    await post(stage, demo_data.sale("segunda"))
    (other,) = await _live_jobs(stage, "segunda", until=lambda job: job.state == "waiting")
    assert other.error_code == "SEFAZ-656"
    assert len([r for r in stage.sims.sefaz.ledger if r.service == "NFeAutorizacao4"]) == 1


async def test_an_authorisation_without_digval_is_not_adopted(stage: Stage) -> None:
    stage.sims.sefaz.push_fault(Fault(action="no_digval", service="NFeAutorizacao4", times=0))
    await post(stage, demo_data.sale("sem-prova"))
    (job,) = await _live_jobs(stage, "sem-prova", until=lambda job: job.state == "needs_attention")
    assert job.error_code == "SEFAZ-UNPROVED"
    async with stage.http.get("/v1/nfe/sem-prova") as answer:
        assert (await answer.json())["status"] == "unknown"


BAD = [
    ({"surpresa": 1}, "$.surpresa"),
    ({"branch": "11222333000180"}, "$.branch"),
    ({"customer": {"tax_id": "52998224726", "name": "Ana Exemplo"}}, "$.customer.tax_id"),
    ({"items": [{"sku": "CANECA", "quantity": 1, "unit_price": "NaN"}]}, "$.items[0].unit_price"),
    ({"items": [{"sku": "CANECA", "quantity": -1, "unit_price": "10.00"}]}, "$.items[0].quantity"),
    ({"items": [{"sku": "NAO-EXISTE", "quantity": 1, "unit_price": "10.00"}]}, "$.items[0].sku"),
    (
        {
            "items": [
                {"sku": "A", "quantity": 1, "unit_price": 9, "product": {"sku": "A", "description": "Arroz", "ncm": "10063021"}}
            ]
        },
        "$.items[0].product",
    ),
    ({"payments": [{"method": "pix", "amount": "1E+400"}]}, "$.payments[0].amount"),
]


@pytest.mark.parametrize(("change", "path"), BAD, ids=[path for _, path in BAD])
async def test_bad_input_is_explained_and_changes_nothing(stage: Stage, change: dict[str, Any], path: str) -> None:
    status, problem = await post(stage, demo_data.sale("ruim") | change)
    assert status == 422, problem
    fault = next(fault for fault in problem["faults"] if fault["path"] == path)
    assert fault["code"]
    assert fault["message"]
    assert fault["fix"]
    assert await counts(stage) == (0, 0)


async def test_a_body_of_twenty_megabytes_is_refused(stage: Stage) -> None:
    body = json.dumps(demo_data.sale("enorme") | {"notes": "x" * 20_000_000}).encode()
    async with stage.http.post("/v1/nfe", data=io.BytesIO(body), headers={"Content-Type": "application/json"}) as answer:
        problem = await answer.json()
    assert (answer.status, problem["code"]) == (413, "GW-TOO-LARGE")
    assert await counts(stage) == (0, 0)
