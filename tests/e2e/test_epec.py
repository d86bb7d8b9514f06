"""NF-e by EPEC: registered at the Ambiente Nacional while home and SVC are down, handed over, transmitted when home is back."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from lxml import etree
from sqlalchemy import delete, update

from gateway import demo_data
from gateway.nfe.events.schema import check
from gateway.nfe.signature import verify
from gateway.sim.sefaz import Fault
from gateway.stage import Stage
from gateway.store import contingencies, documents, fiscal_events, jobs
from gateway.store.fiscal_events import FiscalEvent
from gateway.store.tables import number_sequences
from gateway.store.tables import numbers as numbers_table
from tests.e2e.test_events import verify_with_xmlsec
from tests.e2e.test_offline import eventually, policy, until


@pytest.fixture
def db_url(sqlite_url: str) -> str:
    """One engine: what these stories write is tried on both elsewhere (`tests/contract/store`, `tests/e2e/test_offline`)."""
    return sqlite_url


NS = {"n": "http://www.portalfiscal.inf.br/nfe"}
EVENTS = "NFeRecepcaoEvento4"
WHY = "SEFAZ de origem e SVC sem resposta"
HERE = f"/v1/contingency/{demo_data.TEST_CNPJ}"


async def down(stage: Stage) -> None:
    stage.sims.sefaz.set_state(status="109", svc="114")
    began = await stage._call("POST", HERE, {"model": "55", "mode": "epec", "reason": WHY})
    assert (began["mode"], began["pending"]) == ("epec", 0)


async def sell(stage: Stage, ref: str) -> None:
    await stage._call("POST", "/v1/nfe", demo_data.sale(ref))


async def epec_of(stage: Stage, ref: str) -> FiscalEvent:
    def read(conn: Any) -> FiscalEvent | None:
        doc = documents.by_ref(conn, ref)
        assert doc is not None
        return fiscal_events.epec_of(conn, doc.id)

    found = await stage.gateway.db.read(read)
    assert found is not None
    return found


async def waits_with(stage: Stage, ref: str, code: str) -> None:
    def waits(conn: Any) -> bool:
        doc = documents.by_ref(conn, ref)
        assert doc is not None
        return any(job.error_code == code for job in jobs.live_for(conn, doc.id))

    await eventually(stage, waits)


def sent(stage: Stage, service: str) -> list[str]:
    return [row.cStat or "" for row in stage.sims.sefaz.ledger if row.service == service]


async def test_a_note_is_handed_over_by_epec_and_follows_with_the_same_bytes(stage: Stage) -> None:
    await down(stage)
    await sell(stage, "epec-1")
    found = await until(stage, "epec-1", "contingency")
    assert (found["chave_acesso"][34], found["number"], found["protocolo"]) == ("4", 1, None)
    async with stage.http.get("/v1/nfe/epec-1/xml") as answer:
        given = await answer.read()
    verify(given)
    root = etree.fromstring(given)
    assert (root.findtext(".//n:tpEmis", None, NS), root.findtext(".//n:xJust", None, NS)) == ("4", WHY)

    (registered,) = stage.sims.sefaz._register.events
    event = await epec_of(stage, "epec-1")
    assert (event.status, event.protocol, event.cstat) == ("registered", registered.nProt, "136")
    assert event.signed is not None
    verify_with_xmlsec(event.signed)
    assert check(event.signed, "evento") == ()
    detail = etree.fromstring(event.signed).find(".//n:detEvento", NS)
    assert detail is not None
    told = [(etree.QName(each).localname, each.text) for each in detail.iter() if len(each) == 0]
    # 2 x 24,90 - 4,80 + 39,90 + 400,00 = 484,90. ICMS 18 % of the mug: 7,18; the coffee's 45,00 x 18 % = 8,10; the tyre is ST.
    assert told == [
        ("descEvento", "EPEC"),
        ("cOrgaoAutor", "35"),
        ("tpAutor", "1"),
        ("verAplic", told[3][1]),
        ("dhEmi", root.findtext(".//n:dhEmi", None, NS)),
        ("tpNF", "1"),
        ("IE", root.findtext(".//n:emit/n:IE", None, NS)),
        ("UF", "SP"),
        ("CPF", "52998224725"),
        ("vNF", "484.90"),
        ("vICMS", "15.28"),
        ("vST", "0.00"),
    ]
    (receipt,) = await stage.sims.printer.wait_receipts(1)
    assert "EMITIDA EM CONTINGÊNCIA (EPEC)" in receipt.text
    assert (await stage._call("GET", HERE))["items"][0]["pending"] == 1

    stage.sims.sefaz.set_state(status="107")
    after = await until(stage, "epec-1", "authorized")
    assert (after["chave_acesso"], after["number"]) == (found["chave_acesso"], 1)
    async with stage.http.get("/v1/nfe/epec-1/xml") as answer:
        assert given in await answer.read()
    kinds = [line["kind"] for line in after["timeline"]]
    wanted = ("event_requested", "event_registered", "issue_epec", "transmit", "authorize")
    assert [kind for kind in kinds if kind in wanted] == list(wanted)
    assert len(stage.sims.printer.receipts) == 1
    assert sent(stage, EVENTS) == ["136"]
    await sell(stage, "epec-2")
    normal = await until(stage, "epec-2", "authorized")
    assert (normal["chave_acesso"][34], normal["number"]) == ("1", 2)


async def test_home_that_has_not_heard_of_the_epec_is_asked_again_and_its_circuit_stays_closed(stage: Stage) -> None:
    stage.sims.sefaz.set_state(epec_sync_s=2.5)
    await policy(stage, failures=1)
    await down(stage)
    await sell(stage, "sinc-1")
    await until(stage, "sinc-1", "contingency")
    stage.sims.sefaz.set_state(status="107")
    found = await until(stage, "sinc-1", "authorized")
    answers = sent(stage, "NFeAutorizacao4")
    assert answers[0] == "468"
    assert answers[-1] == "100"
    assert found["chave_acesso"][34] == "4"


async def test_a_lost_answer_to_the_epec_is_told_by_sending_the_same_event(stage: Stage) -> None:
    await down(stage)
    stage.sims.sefaz.push_fault(Fault(action="drop", service=EVENTS, phase="after"))
    await sell(stage, "perdido-1")
    await until(stage, "perdido-1", "contingency")
    assert len(stage.sims.sefaz._register.events) == 1
    assert sent(stage, EVENTS) == ["136", "573"]
    event = await epec_of(stage, "perdido-1")
    assert (event.status, event.cstat, event.protocol) == ("unknown", "573", None)
    stage.sims.sefaz.set_state(status="107")
    await until(stage, "perdido-1", "authorized")

    # Home lists the event with the note it has just authorised, and so its protocol is known after all.
    async with asyncio.timeout(20):
        while (event := await epec_of(stage, "perdido-1")).status != "registered":
            await asyncio.sleep(0.05)
    (known,) = stage.sims.sefaz._register.events
    assert event.protocol == known.nProt
    assert event.proc is not None and event.signed is not None and event.signed in event.proc


async def test_an_epec_refused_rejects_the_note_which_is_corrected_on_its_number(stage: Stage) -> None:
    await down(stage)
    stage.sims.sefaz.push_fault(Fault(action="cstat", service=EVENTS, cStat="489"))
    await sell(stage, "recusa-1")
    found = await until(stage, "recusa-1", "rejected")
    assert (found["number"], found["answer"]["cStat"]) == (1, "489")
    assert stage.sims.sefaz._register.events == []
    # At once, within the same second: the very same bytes, and yet another EPEC.
    await stage._call("POST", "/v1/nfe/recusa-1/retry")
    again = await until(stage, "recusa-1", "contingency")
    assert (again["number"], again["chave_acesso"][34]) == (1, "4")
    assert len(stage.sims.sefaz._register.events) == 1


async def test_without_the_ambiente_nacional_the_note_waits_and_goes_home_on_the_same_number(stage: Stage) -> None:
    stage.sims.sefaz.set_state(an="108")
    await down(stage)
    await sell(stage, "sem-an")
    await waits_with(stage, "sem-an", "SEFAZ-108")
    stage.sims.sefaz.set_state(status="107")
    found = await until(stage, "sem-an", "authorized")
    assert (found["chave_acesso"][34], found["number"]) == ("1", 1)
    assert stage.sims.sefaz._register.events == []


async def test_a_number_that_another_note_has_at_the_ambiente_nacional_stops_and_takes_another(stage: Stage) -> None:
    await down(stage)
    await sell(stage, "antes")
    await until(stage, "antes", "contingency")
    await stage.sims.printer.wait_receipts(1)

    def restored(conn: Any) -> None:
        """The database of before that sale: its number is given out again."""
        conn.execute(delete(numbers_table))
        conn.execute(update(number_sequences).values(next=1))

    await stage.gateway.db.write(restored)
    await sell(stage, "depois")
    await waits_with(stage, "depois", "SEFAZ-485")
    stopped = await stage._call("GET", "/v1/nfe/depois")
    assert (stopped["status"], stopped["number"]) == ("processing", 1)
    assert "com outra chave" in stopped["timeline"][-1]["text"]
    assert len(stage.sims.printer.receipts) == 1
    await stage._call("POST", "/v1/nfe/depois/renumber")
    moved = await until(stage, "depois", "contingency")
    assert (moved["number"], moved["chave_acesso"][34]) == (2, "4")
    assert len(stage.sims.sefaz._register.events) == 2


async def test_an_overdue_epec_blocks_the_next_until_its_note_is_taken(stage: Stage) -> None:
    await down(stage)
    await sell(stage, "velho")
    first = await until(stage, "velho", "contingency")
    stage.sims.sefaz.set_state(epec_deadline_s=0.001)
    await sell(stage, "novo")
    await waits_with(stage, "novo", "SEFAZ-142")
    assert len(stage.sims.sefaz._register.events) == 1
    stage.sims.sefaz.set_state(status="107", epec_deadline_s=604_800)
    assert (await until(stage, "velho", "authorized"))["chave_acesso"] == first["chave_acesso"]
    follows = await until(stage, "novo", "authorized")
    assert (follows["number"], follows["chave_acesso"][34]) == (2, "1")


async def test_a_rejected_note_of_an_epec_says_what_the_epec_said(stage: Stage) -> None:
    await down(stage)
    await sell(stage, "igual")
    first = await until(stage, "igual", "contingency")
    stage.sims.sefaz.push_fault(Fault(action="cstat", service="NFeAutorizacao4", cStat="805"))
    stage.sims.sefaz.set_state(status="107")
    await until(stage, "igual", "rejected")
    dear = demo_data.sale("igual")
    dear["items"][1]["unit_price"] = "49.90"
    dear["payments"] = [{"method": "dinheiro", "amount": "494.90"}]
    async with stage.http.post("/v1/nfe/igual/retry", json=dear) as answer:
        problem = await answer.json()
    assert (answer.status, [fault["code"] for fault in problem["faults"]]) == (422, ["NFE-EPEC-01"])
    assert "o valor da nota (vNF), o valor do ICMS (vICMS)." in problem["faults"][0]["message"]
    await stage._call("POST", "/v1/nfe/igual/retry", demo_data.sale("igual") | {"notes": "cadastro corrigido"})
    fixed = await until(stage, "igual", "authorized")
    assert (fixed["chave_acesso"], fixed["number"]) == (first["chave_acesso"], 1)
    assert sent(stage, EVENTS) == ["136"]


async def test_the_deadline_of_an_epec_is_told_to_a_person(stage: Stage) -> None:
    await down(stage)
    await sell(stage, "prazo")
    await until(stage, "prazo", "contingency")
    (job,) = (await stage._call("GET", "/v1/jobs?kind=contingency.deadline"))["items"]
    await stage._call("POST", f"/v1/jobs/{job['id']}/retry")
    async with asyncio.timeout(20):
        while (told := await stage._call("GET", f"/v1/jobs/{job['id']}"))["job"]["state"] != "needs_attention":
            await asyncio.sleep(0.05)
    assert told["job"]["error_code"] == "NFE-EPEC-DUE"
    due = datetime.now(ZoneInfo("America/Sao_Paulo")) + timedelta(hours=168)
    assert f"termina até {due:%d/%m/%Y}" in str(told["job"])


async def test_the_policy_enters_epec_by_itself_only_when_the_svc_was_asked(stage: Stage) -> None:
    await policy(stage, nfe="automatic", epec="automatic", failures=1)
    stage.sims.sefaz.set_state(status="109", svc="114")
    await sell(stage, "auto-1")
    (entered,) = await eventually(stage, contingencies.active)
    assert (entered.mode, entered.model, entered.entered_by) == ("epec", "55", "gateway")
    await sell(stage, "auto-2")
    found = await until(stage, "auto-2", "contingency")
    assert found["chave_acesso"][34] == "4"
    # The first had been answered 109 in normal emission: its number is not used again in contingency.
    first = await stage._call("GET", "/v1/nfe/auto-1")
    assert (first["status"], first["chave_acesso"][34], first["number"]) == ("processing", "1", 1)


async def test_a_branch_may_bar_epec(stage: Stage) -> None:
    await policy(stage, epec="off")
    async with stage.http.post(HERE, json={"model": "55", "mode": "epec", "reason": WHY}) as answer:
        assert (answer.status, (await answer.json())["code"]) == (409, "CONTINGENCY-MODE")
