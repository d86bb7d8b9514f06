"""A store without its authoriser: NFC-e issued off-line, printed, transmitted when it is back, one refused and put right."""

from __future__ import annotations

import asyncio
import io
from datetime import datetime
from typing import Any

import msgspec
import zxingcpp
from lxml import etree
from PIL import Image
from sqlalchemy import select

from gateway import demo_data
from gateway.nfe.branch import ContingencySettings
from gateway.nfe.signature import verify
from gateway.nfe.xsd import validate
from gateway.sim.sefaz import Fault
from gateway.sim.sefaz.faults import Match
from gateway.stage import Stage
from gateway.store import authorizers, contingencies, documents, jobs
from gateway.store.authorizers import Authorizer
from gateway.store.contingency_tables import contingency_documents

NS = {"n": "http://www.portalfiscal.inf.br/nfe"}
SEND = "NFeAutorizacao4"
WHY = "Queda da conexão da loja com a SEFAZ"
HERE = f"/v1/contingency/{demo_data.TEST_CNPJ}"


async def policy(stage: Stage, **settings: Any) -> None:
    branch = demo_data.branch(printer=f"tcp://127.0.0.1:{stage.sims.printer.port}")
    changed = msgspec.structs.replace(branch, contingency=ContingencySettings(**settings))
    await stage._call("PUT", f"/v1/branches/{branch.cnpj}", msgspec.to_builtins(changed))


async def sell(stage: Stage, ref: str, **changes: Any) -> None:
    await stage._call("POST", "/v1/nfce", demo_data.nfce(ref) | changes)


async def until(stage: Stage, ref: str, *statuses: str) -> dict[str, Any]:
    found = await stage._until(f"/v1/nfe/{ref}", "status", frozenset(statuses))
    assert found["status"] in statuses, found
    return found


async def eventually(stage: Stage, unit: Any) -> Any:
    async with asyncio.timeout(20):
        while not (found := await stage.gateway.db.read(unit)):
            await asyncio.sleep(0.05)
    return found


def sends(stage: Stage) -> list[str | None]:
    return [row.chave for row in stage.sims.sefaz.ledger if row.service == SEND]


async def test_a_store_loses_its_connection_for_a_day(stage: Stage) -> None:
    stage.sims.sefaz.set_state(status="109")
    began = await stage._call("POST", HERE, {"model": "65", "reason": WHY})
    assert (began["mode"], began["left_at"], began["pending"]) == ("offline", None, 0)
    for ref in ("dia-1", "dia-2", "dia-3"):
        await sell(stage, ref)
        await until(stage, ref, "contingency")
    # The buyers leave with paper that says so, and whose QR code has the off-line form.
    receipts = await stage.sims.printer.wait_receipts(3)
    assert all("EMITIDA EM CONTINGÊNCIA" in one.text for one in receipts)
    (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(receipts[0].png)).convert("L"))
    async with stage.http.get("/v1/nfe/dia-1/xml") as answer:
        given = await answer.read()
    root = etree.fromstring(given)
    verify(given)
    assert validate(given) == ()
    assert (root.findtext(".//n:tpEmis", None, NS), root.findtext(".//n:xJust", None, NS)) == ("9", WHY)
    assert code.text == root.findtext(".//n:qrCode", None, NS)
    since = datetime.fromisoformat(root.findtext(".//n:dhCont", "", NS))
    assert since <= datetime.fromisoformat(root.findtext(".//n:dhEmi", "", NS))
    assert sends(stage) == []
    assert (await stage._call("GET", HERE))["items"][0]["pending"] == 3

    # One of them will be refused; then SEFAZ is back, and nobody has to say so.
    second = await stage._call("GET", "/v1/nfe/dia-2")
    stage.sims.sefaz.push_fault(Fault(action="cstat", cStat="805", match=Match(chave=second["chave_acesso"])))
    stage.sims.sefaz.set_state(status="107")
    first = await until(stage, "dia-1", "authorized")
    await until(stage, "dia-3", "authorized")
    await until(stage, "dia-2", "rejected")
    ended = (await stage._call("GET", HERE))["items"][0]
    assert (ended["left_by"], ended["pending"]) == ("gateway", 0)
    async with stage.http.get("/v1/nfe/dia-1/xml") as answer:
        assert given in await answer.read()  # the very bytes the buyer was given
    kinds = [line["kind"] for line in first["timeline"]]
    assert [kind for kind in kinds if kind in ("issue_offline", "transmit", "authorize")] == [
        "issue_offline",
        "transmit",
        "authorize",
    ]

    # Put right on the same number, key and date; not with another value.
    dear = demo_data.nfce("dia-2")
    dear["items"][0]["unit_price"] = "1.00"
    dear["payments"] = [{"method": "dinheiro", "amount": "1000.00"}]
    async with stage.http.post("/v1/nfe/dia-2/retry", json=dear) as answer:
        problem = await answer.json()
    assert (answer.status, [fault["code"] for fault in problem["faults"]]) == (422, ["NFCE-OFFLINE-01"])
    await stage._call("POST", "/v1/nfe/dia-2/retry", demo_data.nfce("dia-2") | {"notes": "cadastro corrigido"})
    fixed = await until(stage, "dia-2", "authorized")
    assert (fixed["chave_acesso"], fixed["number"]) == (second["chave_acesso"], second["number"])
    assert [note.chave[34] for note in stage.sims.sefaz.authorized] == ["9", "9", "9"]
    assert len(stage.sims.printer.receipts) == 3
    await sell(stage, "dia-4")
    normal = await until(stage, "dia-4", "authorized")
    assert (normal["number"], normal["chave_acesso"][34]) == (4, "1")


async def test_silence_opens_the_circuit_and_the_policy_enters_by_itself(stage: Stage) -> None:
    await policy(stage, nfce="automatic", failures=2)
    stage.sims.sefaz.set_state(status="108")

    def fail(conn: Any) -> None:
        key = Authorizer("SP", "65", 2)
        authorizers.failed(conn, key, "sem resposta", limit=2, within_ms=300_000)
        assert authorizers.failed(conn, key, "sem resposta", limit=2, within_ms=300_000)

    await stage.gateway.db.write(fail)
    (entered,) = await eventually(stage, contingencies.active)
    assert (entered.mode, entered.model, entered.entered_by) == ("offline", "65", "gateway")
    assert entered.reason == "Autorizador da SEFAZ sem resposta: Servico Paralisado Momentaneamente (curto prazo)"
    await sell(stage, "fila-1")
    await until(stage, "fila-1", "contingency")
    stage.sims.sefaz.set_state(status="107")
    await until(stage, "fila-1", "authorized")
    assert await stage.gateway.db.read(contingencies.active) == ()
    row = await stage.gateway.db.read(lambda conn: authorizers.known(conn, Authorizer("SP", "65", 2)))
    assert row is not None
    assert (row.state, row.cstat, row.failures) == ("up", "107", 0)


async def test_a_manual_policy_waits_and_the_circuit_spares_the_authoriser(stage: Stage) -> None:
    await policy(stage, failures=1)
    stage.sims.sefaz.set_state(status="108")
    await sell(stage, "espera-1")
    await eventually(stage, lambda conn: authorizers.known(conn, Authorizer("SP", "65", 2)))
    await eventually(stage, lambda conn: (row := authorizers.known(conn, Authorizer("SP", "65", 2))) and row.probed_at)
    await sell(stage, "espera-2")

    def waits(conn: Any) -> bool:
        doc = documents.by_ref(conn, "espera-2")
        assert doc is not None
        return [job.error_code for job in jobs.live_for(conn, doc.id)] == ["SEFAZ-DOWN"]

    await eventually(stage, waits)
    assert len(sends(stage)) == 1  # the one that opened it
    assert await stage.gateway.db.read(contingencies.active) == ()
    found = await stage._call("GET", "/v1/nfe/espera-2")
    assert (found["status"], found["number"]) == ("accepted", None)


async def test_a_note_that_never_left_is_issued_offline_on_its_own_number(stage: Stage) -> None:
    await policy(stage, failures=100)
    address = stage.sims.sefaz
    await address.stop()  # nobody listens: no byte can leave
    await sell(stage, "nao-saiu")

    def tried(conn: Any) -> bool:
        doc = documents.by_ref(conn, "nao-saiu")
        assert doc is not None
        return any(row.outcome == "not_sent" for row in documents.transmissions(conn, doc.id))

    await eventually(stage, tried)
    await stage._call("POST", HERE, {"model": "65", "reason": WHY})
    found = await until(stage, "nao-saiu", "contingency")
    assert (found["number"], found["chave_acesso"][34]) == (1, "9")


async def test_entering_twice_is_one_contingency_and_leaving_needs_one(stage: Stage) -> None:
    stage.sims.sefaz.set_state(status="109")
    first = await stage._call("POST", HERE, {"model": "65", "reason": WHY})
    async with stage.http.post(HERE, json={"model": "65", "reason": "Outra justificativa qualquer"}) as answer:
        again = await answer.json()
    assert (answer.status, again["id"], again["reason"]) == (200, first["id"], WHY)
    async with stage.http.delete(f"{HERE}?model=55") as answer:
        assert answer.status == 404
    async with stage.http.post(HERE, json={"model": "65", "mode": "svc", "reason": WHY}) as answer:
        assert (answer.status, (await answer.json())["code"]) == (409, "CONTINGENCY-MODE")
    left = await stage._call("DELETE", f"{HERE}?model=65")
    assert left["left_at"] is not None


async def test_the_deadline_is_told_to_a_person_before_it_ends(stage: Stage) -> None:
    stage.sims.sefaz.set_state(status="109")
    await stage._call("POST", HERE, {"model": "65", "reason": WHY})
    await sell(stage, "prazo")
    await until(stage, "prazo", "contingency")
    due_at = await stage.gateway.db.read(lambda conn: conn.execute(select(contingency_documents.c.due_at)).scalar_one())
    found = await stage._call("GET", "/v1/jobs?kind=contingency.deadline")
    (job,) = found["items"]
    await stage._call("POST", f"/v1/jobs/{job['id']}/retry")
    async with asyncio.timeout(20):
        while (told := await stage._call("GET", f"/v1/jobs/{job['id']}"))["job"]["state"] != "needs_attention":
            await asyncio.sleep(0.05)
    assert told["job"]["error_code"] == "NFCE-OFFLINE-DUE"
    assert due_at > stage.gateway.clock.epoch_ms()
