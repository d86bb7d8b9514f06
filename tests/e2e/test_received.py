"""A note of another company, seen from the outside: received, made known, downloaded whole, answered, cancelled by its issuer."""

from __future__ import annotations

import asyncio
import hashlib
import re
from typing import Any

import pytest
from sqlalchemy import select, update

from gateway import demo_data
from gateway.core.clock import SystemClock
from gateway.setup_commands import make_test_branch
from gateway.sim.pki import TestPki
from gateway.stage import Stage
from gateway.store import access, distribution, jobs, setup
from gateway.store.received_tables import distribution_cursors, received_documents

BUYER = "45543915000181"
SUPPLIER = demo_data.TEST_CNPJ


async def call(stage: Stage, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    async with stage.http.request(method, path, json=body, headers=headers) as answer:
        return answer.status, await answer.json()


async def buyer(stage: Stage, awareness: str = "automatic") -> None:
    """A second company, which buys from the first and receives."""
    gateway = stage.gateway
    stage.sims.sefaz.set_state(distribution_wait_s=0)
    pki = await asyncio.to_thread(TestPki, stage.directory / "pki")
    await make_test_branch(gateway.db, gateway.vault, gateway.settings.data, cnpj=BUYER, pki=pki)
    status, branch = await call(stage, "GET", f"/v1/branches/{BUYER}")
    assert status == 200
    told = branch.get("branch", branch) | {"receive": "on", "awareness": awareness}
    status, answer = await call(stage, "PUT", f"/v1/branches/{BUYER}", told)
    assert status == 200, answer


async def sell_to_buyer(stage: Stage, ref: str) -> str:
    sale = demo_data.sale(ref)
    state_registration = demo_data.branch(BUYER).state_registration
    sale["customer"] = {
        "tax_id": BUYER,
        "name": "Comprador Exemplo Ltda",
        "state_registration": state_registration,
        "address": sale["customer"]["address"],
    }
    await call(stage, "POST", "/v1/nfe", sale)
    found = await stage._until(f"/v1/nfe/{ref}", "status", frozenset({"authorized", "rejected", "denied"}))
    assert found["status"] == "authorized", found["answer"]
    chave: str = found["chave_acesso"]
    return chave


async def fetch(stage: Stage) -> None:
    """The hour has passed: the queue is read once more, to its end."""
    db, started = stage.gateway.db, SystemClock().epoch_ms()
    await db.write(lambda conn: conn.execute(update(distribution_cursors).values(next_at=0)) and None)
    await db.write(lambda conn: distribution.request_fetch(conn, BUYER))
    async with asyncio.timeout(20):
        while True:
            cursor = await db.read(lambda conn: distribution.cursor_of(conn, BUYER[:8], 2))
            # Its job too: while that still runs, a new request is the same job, which has read already.
            if (
                cursor.asked_at >= started
                and cursor.next_at > started
                and not await db.read(lambda conn: jobs.live_for(conn, BUYER))
            ):
                return
            await asyncio.sleep(0.05)


async def received(stage: Stage, chave: str, **until: str) -> dict[str, Any]:
    """The note, once its fields are so."""
    async with asyncio.timeout(20):
        while True:
            status, note = await call(stage, "GET", f"/v1/received/{chave}")
            if status == 200 and all(note[name] == value for name, value in until.items()):
                return dict(note)
            await asyncio.sleep(0.05)


async def test_a_note_of_another_issuer_is_made_known_downloaded_whole_and_confirmed(stage: Stage) -> None:
    await buyer(stage)
    chave = await sell_to_buyer(stage, "venda-1")

    await fetch(stage)
    note = await received(stage, chave, status="ciente")

    assert (note["issuer"], note["branch"], note["situation"], note["verdict"]) == (SUPPLIER, BUYER, "authorized", None)
    assert [(one["tpEvento"], one["status"], one["nSeqEvento"]) for one in note["manifestations"]] == [
        ("210210", "registered", 1)
    ]
    assert note["content"] is None
    async with stage.http.get(f"/v1/received/{chave}/xml") as answer:
        assert answer.status == 409
        assert (await answer.json())["code"] == "RECEIVED-NO-XML"

    await fetch(stage)
    note = await received(stage, chave, status="completo")

    assert (note["verdict"], note["role"]) == ("ok", "destinatario")
    # The supplier's A1 is of the test authority, the only one that the stage believes.
    assert (note["chain"]["status"], len(note["chain"]["path"])) == ("trusted", 2)
    assert note["content"]["dest"] == BUYER
    assert note["content"]["total"] == note["value"]
    assert [item["code"] for item in note["content"]["items"]] == [item["sku"] for item in demo_data.sale("x")["items"]]
    async with stage.http.get(f"/v1/received/{chave}/xml") as answer:
        body = await answer.read()
    async with stage.http.get(f"/v1/nfe/{chave}/xml") as answer:
        ours = await answer.read()
    # The supplier is a branch of this very gateway: what came back is, but for its frame, what it had signed.
    signed = re.search(rb"<infNFe .*</infNFe>", ours, re.DOTALL)
    assert signed is not None
    assert signed[0] in body
    async with stage.http.get(f"/v1/received/{chave}/danfe.pdf") as answer:
        assert (await answer.read())[:5] == b"%PDF-"
    stored = await stage.gateway.db.read(
        lambda conn: conn.execute(select(received_documents.c.xml, received_documents.c.sha256)).all()
    )
    assert all(hashlib.sha256(row.xml).digest() == row.sha256 for row in stored)

    status, answer = await call(stage, "POST", f"/v1/received/{chave}/manifestation", {"event": "confirmacao"}, Prefer="wait=20")
    assert (status, answer["status"], answer["nSeqEvento"]) == (200, "registered", 1)
    note = await received(stage, chave, status="manifestado")
    assert note["manifestation"] == "confirmacao"
    status, again = await call(stage, "POST", f"/v1/received/{chave}/manifestation", {"event": "confirmacao"})
    assert (status, again["id"]) == (200, answer["id"])
    status, refused = await call(stage, "POST", f"/v1/received/{chave}/manifestation", {"event": "ciencia"})
    assert (status, refused["code"]) == (409, "GW-TRANSITION")
    assert "655" in refused["detail"]


async def test_the_last_answer_counts_two_of_each_and_a_third_is_refused(stage: Stage) -> None:
    await buyer(stage, awareness="manual")
    chave = await sell_to_buyer(stage, "venda-2")
    await fetch(stage)
    assert (await received(stage, chave))["manifestations"] == []
    body = {"event": "nao_realizada", "reason": "Mercadoria recusada na entrega: avaria"}

    answers = []
    for told in (body, {"event": "desconhecimento"}, body, {"event": "desconhecimento"}):
        status, answer = await call(stage, "POST", f"/v1/received/{chave}/manifestation", told, Prefer="wait=20")
        answers.append((status, answer["tpEvento"], answer["nSeqEvento"], answer["status"]))

    assert answers == [
        (200, "210240", 1, "registered"),
        (200, "210220", 1, "registered"),
        (200, "210240", 2, "registered"),
        (200, "210220", 2, "registered"),
    ]
    note = await received(stage, chave, status="manifestado")
    assert note["manifestation"] == "desconhecimento"
    status, refused = await call(stage, "POST", f"/v1/received/{chave}/manifestation", body)
    assert status == 409
    assert refused["detail"].startswith("A nota já tem 2 eventos de operação não realizada")
    assert len((await received(stage, chave))["manifestations"]) == 4


async def test_a_note_cancelled_by_its_issuer_is_told(stage: Stage) -> None:
    await buyer(stage, awareness="manual")
    chave = await sell_to_buyer(stage, "venda-3")
    await fetch(stage)
    await call(stage, "POST", "/v1/nfe/venda-3/cancel", {"reason": "Pedido digitado em duplicidade"}, Prefer="wait=20")
    await stage._until("/v1/nfe/venda-3", "status", frozenset({"cancelled"}))

    await fetch(stage)

    note = await received(stage, chave, situation="cancelled")
    assert note["status"] == "resumo"
    status, refused = await call(stage, "POST", f"/v1/received/{chave}/manifestation", {"event": "ciencia"})
    assert status == 409
    assert "650" in refused["detail"]


async def test_asked_too_soon_the_queue_rests_for_an_hour(stage: Stage) -> None:
    await buyer(stage)
    stage.sims.sefaz.set_state(distribution_wait_s=3600)
    await fetch(stage)
    await fetch(stage)  # the gateway's own hour was cut short above: SEFAZ's was not

    status, queues = await call(stage, "GET", "/v1/received/queues")

    assert status == 200
    (queue,) = queues["items"]
    assert (queue["queue"], queue["last_nsu"]) == (BUYER[:8], 0)
    assert queue["reason"].startswith("656 ")


async def test_the_supplier_does_not_receive_its_own_note(stage: Stage) -> None:
    await buyer(stage)
    chave = await sell_to_buyer(stage, "venda-4")
    await fetch(stage)
    await received(stage, chave)

    _, found = await call(stage, "GET", f"/v1/received?branch={SUPPLIER}")

    assert found["items"] == []


@pytest.mark.parametrize("path", ["/v1/received", "/v1/received/queues"])
async def test_what_is_received_needs_its_scope(stage: Stage, path: str) -> None:
    at = SystemClock().epoch_ms()
    token = await stage.gateway.db.write(
        lambda conn: access.new_key(conn, environment="test", name="sem", scopes=("nfe:read",), at=at)[1]
    )
    async with stage.http.get(path, headers={"Authorization": f"Bearer {token}"}) as answer:
        assert answer.status == 403


async def test_a_customer_is_completed_by_the_state_s_register(stage: Stage) -> None:
    registration = demo_data.branch(BUYER).state_registration
    row = {"UF": "SP", "IE": registration, "CNPJ": BUYER, "xNome": "COMPRADOR EXEMPLO LTDA", "dIniAtiv": "2015-03-01"}
    stage.sims.sefaz.set_state(registrations=[row])

    status, answer = await call(stage, "GET", f"/v1/taxpayers/SP/{BUYER}?branch={SUPPLIER}")
    assert status == 200, answer
    assert (answer["cStat"], answer["registrations"][0]["ie"], answer["registrations"][0]["active"]) == (
        "111",
        registration,
        True,
    )
    assert answer["registrations"][0]["since"] == "2015-03-01"
    stage.sims.sefaz.set_state(registrations=[])
    _, same = await call(stage, "GET", f"/v1/taxpayers/SP/{BUYER}?branch={SUPPLIER}")
    assert same == answer  # kept for a day: nothing was asked again

    status, customer = await call(stage, "POST", f"/v1/customers/{BUYER}/complete?uf=SP&branch={SUPPLIER}")
    assert status == 200, customer
    stored = await stage.gateway.db.read(lambda conn: setup.get_customer(conn, BUYER))
    assert stored is not None
    assert (stored.customer.name, stored.customer.state_registration, stored.customer.taxpayer, stored.origin) == (
        "COMPRADOR EXEMPLO LTDA",
        registration,
        True,
        "cadastro",
    )


async def test_an_event_of_the_addressee_is_registered_undone_and_leaves_the_answer_alone(stage: Stage) -> None:
    await buyer(stage)
    chave = await sell_to_buyer(stage, "venda-rtc")
    path = f"/v1/received/{chave}/events"
    accept = {"event": "211128", "detEvento": {"indAceitacao": "1"}}
    await fetch(stage)
    await received(stage, chave, status="ciente")
    status, refused = await call(stage, "POST", path, accept)  # who the addressee is stands in the XML
    assert (status, refused["code"]) == (409, "GW-TRANSITION")
    await fetch(stage)
    await received(stage, chave, status="completo")

    status, event = await call(stage, "POST", path, accept, Prefer="wait=20")
    assert (status, event["status"], event["cStat"], event["nSeqEvento"]) == (200, "registered", "135", 1), event
    status, again = await call(stage, "POST", path, accept)
    assert (status, again["id"]) == (200, event["id"])
    undo = {"event": "110001", "detEvento": {"tpEventoAut": "211128", "nProtEvento": event["protocolo"]}}
    status, undone = await call(stage, "POST", path, undo, Prefer="wait=20")
    assert (status, undone["status"], undone["cStat"]) == (200, "registered", "135"), undone
    note = await received(stage, chave, status="completo")
    assert [(one["tpEvento"], one["status"]) for one in note["events"]] == [("211128", "registered"), ("110001", "registered")]
    assert note["events"][0]["detEvento"] == {"indAceitacao": "1"}
    assert [one["tpEvento"] for one in note["manifestations"]] == ["210210"]
    for wanted in ("210200", "110111", "nada"):
        status, problem = await call(stage, "POST", path, {"event": wanted})
        assert (status, problem["faults"][0]["code"]) == (422, "EVENT-KIND")
