"""A note after it is authorised, seen from the outside: cancelled, corrected, lost and found, refused and retried."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

import xmlsec
from lxml import etree
from sqlalchemy import delete, update

from gateway import demo_data
from gateway.nfe.events.schema import check
from gateway.nfe.signature import DSIG, NFE
from gateway.setup_commands import make_test_branch
from gateway.sim.sefaz import Fault
from gateway.stage import Stage
from gateway.store import documents, fiscal_events, numbers
from gateway.store.custody_tables import ledger as ledger_table
from gateway.store.event_tables import fiscal_events as fiscal_events_table
from gateway.store.jobs import enqueue
from gateway.store.tables import documents as documents_table

LETTERS = "12ABC34501DE35"
WHY = "Cliente desistiu da compra no balcão"
FINAL = frozenset({"registered", "rejected"})
DAY_MS = 24 * 3600 * 1000


async def call(stage: Stage, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, Any]]:
    async with stage.http.request(method, path, json=body, headers=headers) as answer:
        return answer.status, await answer.json()


async def ended(stage: Stage, link: str, final: frozenset[str] = FINAL) -> dict[str, Any]:
    """The event or range at this link, once it is done."""
    return await stage._until(urlsplit(link).path, "status", final)


async def fetched(stage: Stage, link: str) -> bytes:
    async with stage.http.get(urlsplit(link).path) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.read()


async def document_of(stage: Stage, ref: str) -> documents.DocumentRow:
    found = await stage.gateway.db.read(lambda conn: documents.by_ref(conn, ref))
    assert found is not None
    return found


async def number_state(stage: Stage, ref: str) -> str | None:
    row = await document_of(stage, ref)
    return await stage.gateway.db.read(lambda conn: numbers.state_of(conn, row.id))


async def timeline(stage: Stage, ref: str) -> list[str]:
    row = await document_of(stage, ref)
    return [event.kind for event in await stage.gateway.db.read(lambda conn: documents.events(conn, row.id))]


async def aged(stage: Stage, ref: str, ms: int) -> None:
    """The note was authorised that long ago, as the gateway knows it."""
    row = await document_of(stage, ref)
    assert row.authorized_at is not None
    before = row.authorized_at - ms
    change = update(documents_table).where(documents_table.c.id == row.id).values(authorized_at=before)
    await stage.gateway.db.write(lambda conn: conn.execute(change) and None)


def sent(stage: Stage, service: str) -> list[str]:
    return [request.cStat for request in stage.sims.sefaz.ledger if request.service == service]


def verify_with_xmlsec(xml: bytes) -> None:
    root = etree.fromstring(xml)
    xmlsec.tree.add_ids(root, ["Id"])
    signature = root.find(f".//{{{DSIG}}}Signature")
    assert signature is not None
    der = signature.findtext(f".//{{{DSIG}}}X509Certificate")
    context = xmlsec.SignatureContext()
    pem = f"-----BEGIN CERTIFICATE-----\n{der}\n-----END CERTIFICATE-----\n".encode()
    context.key = xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatCertPem)
    context.verify(signature)


async def test_a_note_is_cancelled_and_everything_tells_it(stage: Stage) -> None:
    outcome = await stage.sell("venda")
    status, asked = await call(stage, "POST", "/v1/nfe/venda/cancel", {"reason": WHY})
    assert (status, asked["status"], asked["tpEvento"], asked["nSeqEvento"]) == (202, "requested", "110111", 1)
    event = await ended(stage, asked["links"]["self"])
    assert (event["status"], event["cStat"]) == ("registered", "135")
    note = await stage._call("GET", "/v1/nfe/venda")
    assert (note["status"], note["chave_acesso"]) == ("cancelled", outcome.chave_acesso)
    assert await number_state(stage, "venda") == "cancelled"
    assert [kind for kind in await timeline(stage, "venda") if kind in ("event_requested", "event_registered", "cancel")] == [
        "event_requested",
        "event_registered",
        "cancel",
    ]
    (known,) = stage.sims.sefaz._register.events
    proc = await fetched(stage, event["links"]["xml"])
    row = await stage.gateway.db.read(lambda conn: fiscal_events.get(conn, event["id"]))
    assert row is not None
    assert row.signed is not None
    assert row.answer is not None
    # The bytes as sent and as received, one after the other, and nothing written again.
    head = f'<?xml version="1.0" encoding="UTF-8"?><procEventoNFe versao="1.00" xmlns="{NFE}">'.encode()
    assert proc == head + row.signed + row.answer + b"</procEventoNFe>"
    assert event["protocolo"] == known.nProt
    assert check(proc, "procEventoNFe") == ()
    verify_with_xmlsec(row.signed)
    # The same request again is the same event, and asks SEFAZ nothing.
    again, repeated = await call(stage, "POST", "/v1/nfe/venda/cancel", {"reason": WHY})
    assert (again, repeated["id"]) == (200, event["id"])
    assert sent(stage, "NFeRecepcaoEvento4") == ["135"]


async def test_letters_in_the_cnpj_are_good_in_an_event(stage: Stage) -> None:
    gateway = stage.gateway
    await make_test_branch(gateway.db, gateway.vault, gateway.settings.data, cnpj=LETTERS, pki=stage.sims.pki)
    await stage._call("POST", "/v1/nfe", demo_data.sale("letras", LETTERS))
    note = await stage._until("/v1/nfe/letras", "status", frozenset({"authorized", "rejected"}))
    assert note["status"] == "authorized", note
    assert LETTERS in note["chave_acesso"]
    _, asked = await call(stage, "POST", "/v1/nfe/letras/cancel", {"reason": WHY})
    event = await ended(stage, asked["links"]["self"])
    assert (event["status"], event["cStat"]) == ("registered", "135")
    proc = await fetched(stage, event["links"]["xml"])
    assert f"<CNPJ>{LETTERS}</CNPJ>".encode() in proc
    assert check(proc, "procEventoNFe") == ()
    verify_with_xmlsec(proc)


async def test_a_late_cancel_is_sent_with_a_warning_and_the_state_takes_it(stage: Stage) -> None:
    await stage.sell("tarde")
    await aged(stage, "tarde", 2 * DAY_MS)
    stage.sims.sefaz.set_state(cancel_55_s=0.0, cancel_late={"SP": 480 * 3600.0})
    _, asked = await call(stage, "POST", "/v1/nfe/tarde/cancel", {"reason": WHY})
    event = await ended(stage, asked["links"]["self"])
    assert (event["status"], event["cStat"]) == ("registered", "155")
    assert (await stage._call("GET", "/v1/nfe/tarde"))["status"] == "cancelled"
    assert "event_late" in await timeline(stage, "tarde")


async def test_a_late_cancel_that_the_state_refuses_leaves_the_note_as_it_was(stage: Stage) -> None:
    await stage.sell("recusada")
    stage.sims.sefaz.set_state(cancel_55_s=0.0)
    _, asked = await call(stage, "POST", "/v1/nfe/recusada/cancel", {"reason": WHY})
    event = await ended(stage, asked["links"]["self"])
    assert (event["status"], event["cStat"]) == ("rejected", "501")
    assert (await stage._call("GET", "/v1/nfe/recusada"))["status"] == "authorized"
    assert await number_state(stage, "recusada") == "authorized"
    # The state changed its mind: the same event goes again, on the same sequence.
    stage.sims.sefaz.set_state(cancel_55_s=86_400.0)
    status, _ = await call(stage, "POST", f"/v1/nfe/recusada/events/{event['id']}/retry")
    assert status == 202
    event = await ended(stage, event["links"]["self"], frozenset({"registered"}))
    assert (event["status"], event["nSeqEvento"]) == ("registered", 1)
    assert (await stage._call("GET", "/v1/nfe/recusada"))["status"] == "cancelled"


async def test_after_a_refusal_another_request_takes_its_sequence(stage: Stage) -> None:
    await stage.sell("outra")
    stage.sims.sefaz.set_state(cancel_55_s=0.0)
    _, asked = await call(stage, "POST", "/v1/nfe/outra/cancel", {"reason": WHY})
    refused = await ended(stage, asked["links"]["self"])
    stage.sims.sefaz.set_state(cancel_55_s=86_400.0)
    _, asked = await call(stage, "POST", "/v1/nfe/outra/cancel", {"reason": WHY + " de novo"})
    event = await ended(stage, asked["links"]["self"])
    assert (event["status"], event["nSeqEvento"]) == ("registered", 1)
    status, problem = await call(stage, "POST", f"/v1/nfe/outra/events/{refused['id']}/retry")
    assert status == 409, problem
    found = await stage._call("GET", "/v1/nfe/outra/events")
    assert [one["status"] for one in found["items"]] == ["rejected", "registered"]


async def test_the_second_correction_carries_the_first(stage: Stage) -> None:
    await stage.sell("cartas")
    for n, text in enumerate(("Endereço de entrega: Rua Um, 10", "Transportadora: Exemplo Cargas"), 1):
        _, asked = await call(stage, "POST", "/v1/nfe/cartas/correction", {"text": text})
        event = await ended(stage, asked["links"]["self"])
        assert (event["status"], event["nSeqEvento"]) == ("registered", n), event
    assert event["detEvento"]["xCorrecao"] == "Endereço de entrega: Rua Um, 10 / Transportadora: Exemplo Cargas"
    first, second = stage.sims.sefaz._register.events
    assert (first.nSeqEvento, second.nSeqEvento) == (1, 2)
    assert (await stage._call("GET", "/v1/nfe/cartas"))["status"] == "authorized"


async def test_a_lost_answer_is_found_by_asking(stage: Stage) -> None:
    await stage.sell("perdida")
    stage.sims.sefaz.push_fault(Fault(action="drop", service="NFeRecepcaoEvento4", phase="after"))
    _, asked = await call(stage, "POST", "/v1/nfe/perdida/cancel", {"reason": WHY})
    event = await ended(stage, asked["links"]["self"])
    assert (event["status"], event["cStat"]) == ("registered", "135")
    assert sent(stage, "NFeRecepcaoEvento4") == ["135"]
    assert len(sent(stage, "NFeConsultaProtocolo4")) == 1
    (known,) = stage.sims.sefaz._register.events
    assert event["protocolo"] == known.nProt
    proc = await fetched(stage, event["links"]["xml"])
    assert check(proc, "procEventoNFe") == ()
    verify_with_xmlsec(proc)


async def test_a_request_that_never_arrived_is_sent_again_with_the_same_bytes(stage: Stage) -> None:
    await stage.sell("nunca")
    stage.sims.sefaz.push_fault(Fault(action="drop", service="NFeRecepcaoEvento4", phase="before"))
    _, asked = await call(stage, "POST", "/v1/nfe/nunca/cancel", {"reason": WHY})
    event = await ended(stage, asked["links"]["self"])
    assert event["status"] == "registered"
    sends = [request for request in stage.sims.sefaz.ledger if request.service == "NFeRecepcaoEvento4"]
    assert len(sends) == 2
    row = await stage.gateway.db.read(lambda conn: fiscal_events.get(conn, event["id"]))
    assert row is not None
    (known,) = stage.sims.sefaz._register.events
    assert row.signed == known.evento.encode()


async def test_an_event_that_sefaz_already_has_is_adopted_with_the_bytes_it_has(stage: Stage) -> None:
    await stage.sell("restaurada")
    _, asked = await call(stage, "POST", "/v1/nfe/restaurada/cancel", {"reason": WHY})
    event = await ended(stage, asked["links"]["self"])
    row = await document_of(stage, "restaurada")

    def restored(conn: Any) -> None:
        """The database as a backup from before the event left has it."""
        fields = dict.fromkeys(("signed", "answer", "proc", "protocol", "cstat", "reason", "registered_at"))
        conn.execute(
            update(fiscal_events_table).where(fiscal_events_table.c.id == event["id"]).values(status="requested", **fields)
        )
        conn.execute(delete(ledger_table).where(ledger_table.c.subject == event["id"]))
        conn.execute(update(documents_table).where(documents_table.c.id == row.id).values(status="authorized"))
        enqueue(conn, kind="event.send", queue="sefaz", subject=event["id"], payload={}, key=f"document:{row.id}")

    await stage.gateway.db.write(restored)
    found = await ended(stage, asked["links"]["self"])
    assert (found["status"], found["protocolo"]) == ("registered", event["protocolo"])
    assert sent(stage, "NFeRecepcaoEvento4") == ["135", "573"]
    (known,) = stage.sims.sefaz._register.events
    assert known.evento.encode() in await fetched(stage, found["links"]["xml"])
    assert (await stage._call("GET", "/v1/nfe/restaurada"))["status"] == "cancelled"


async def test_only_an_authorised_note_is_cancelled(stage: Stage) -> None:
    stage.sims.sefaz.push_fault(Fault(action="cstat", service="NFeAutorizacao4", cStat="805"))
    await stage._call("POST", "/v1/nfe", demo_data.sale("ruim"))
    await stage._until("/v1/nfe/ruim", "status", frozenset({"rejected"}))
    status, problem = await call(stage, "POST", "/v1/nfe/ruim/cancel", {"reason": WHY})
    assert status == 409, problem
    assert (await stage._call("GET", "/v1/nfe/ruim"))["status"] == "rejected"
    assert (await stage._call("GET", "/v1/nfe/ruim/events"))["items"] == []
    stage.sims.sefaz.set_state(status="108")
    await stage._call("POST", "/v1/nfe", demo_data.sale("andando"))
    status, problem = await call(stage, "POST", "/v1/nfe/andando/cancel", {"reason": WHY})
    assert status == 409, problem
    assert sent(stage, "NFeRecepcaoEvento4") == []


async def test_a_short_reason_is_refused_before_anything(stage: Stage) -> None:
    await stage.sell("curta")
    status, problem = await call(stage, "POST", "/v1/nfe/curta/cancel", {"reason": "curta"})
    assert (status, problem["faults"][0]["path"]) == (422, "$.reason")
    assert (await stage._call("GET", "/v1/nfe/curta/events"))["items"] == []


async def test_many_at_once_are_one_cancel(stage: Stage) -> None:
    await stage.sell("muitas")
    answers = await asyncio.gather(*(call(stage, "POST", "/v1/nfe/muitas/cancel", {"reason": WHY}) for _ in range(20)))
    assert {status for status, _ in answers} <= {200, 202}
    assert len({body["id"] for _, body in answers}) == 1
    await ended(stage, answers[0][1]["links"]["self"])
    assert sent(stage, "NFeRecepcaoEvento4") == ["135"]


async def test_the_order_of_a_cancelled_note_is_told(stage: Stage) -> None:
    order = demo_data.order("v90012345demo-01", stage.gateway.clock.now())
    outcome = await stage.take_order(order)
    assert outcome.status == "authorized", outcome
    row = await document_of(stage, outcome.ref)
    _, asked = await call(stage, "POST", f"/v1/nfe/{row.chave}/cancel", {"reason": WHY})
    await ended(stage, asked["links"]["self"])
    found = await stage._call("GET", "/v1/orders?search=v90012345demo-01")
    (shown,) = found["items"]
    assert (shown["state"], shown["hold_code"]) == ("divergent", "NFE-CANCELLED")
