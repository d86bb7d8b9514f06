"""Two attempts at one sale: the first got no answer, the second left in contingency; only one of them stays."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import pytest

from gateway import demo_data
from gateway.sim.sefaz import Fault
from gateway.stage import Stage
from gateway.store import documents, numbers
from gateway.store.documents import DocumentRow
from tests.e2e.test_offline import eventually, policy, until

SEND, EVENTS, VOID = "NFeAutorizacao4", "NFeRecepcaoEvento4", "NFeInutilizacao4"
HERE = f"/v1/contingency/{demo_data.TEST_CNPJ}"
WHY = "Queda da conexão da loja com a SEFAZ"


@pytest.fixture
def db_url(sqlite_url: str) -> str:
    """One engine: the units of work are tried on both in `tests/contract/store/test_reissues.py`."""
    return sqlite_url


async def lost(stage: Stage, ref: str, phase: Literal["before", "after"], model: str = "65") -> None:
    """A sale whose normal send gets no answer: SEFAZ has it (`after`) or has not (`before`), and says nothing of anything."""
    stage.sims.sefaz.push_fault(Fault(action="drop", service=SEND, phase=phase))
    stage.sims.sefaz.push_fault(Fault(action="drop", face="root", times=0))
    path, body = ("/v1/nfce", demo_data.nfce(ref)) if model == "65" else ("/v1/nfe", demo_data.sale(ref))
    await stage._call("POST", path, body)
    await until(stage, ref, "unknown")


def back(stage: Stage) -> None:
    stage.sims.sefaz.clear_faults()


async def first_of(stage: Stage, ref: str) -> DocumentRow:
    def read(conn: Any) -> DocumentRow | None:
        sale = documents.by_ref(conn, ref)
        assert sale is not None
        told = next((event for event in documents.events(conn, sale.id) if event.kind == "reissue"), None)
        return None if told is None else documents.get(conn, told.data["attempt"])

    found: DocumentRow = await eventually(stage, read)
    return found


async def first_until(stage: Stage, ref: str, status: str) -> DocumentRow:
    async with asyncio.timeout(20):
        while (found := await first_of(stage, ref)).status != status:
            await asyncio.sleep(0.05)
    return found


async def told(stage: Stage, ref: str) -> list[str]:
    wanted = ("reissue", "attempt", "issue_offline", "authorize")
    timeline = (await stage._call("GET", f"/v1/nfe/{ref}"))["timeline"]
    return [line["kind"] for line in timeline if line["kind"].startswith(wanted)]


def sent(stage: Stage, service: str) -> list[str | None]:
    return [row.cStat for row in stage.sims.sefaz.ledger if row.service == service]


async def state_of(stage: Stage, document: str) -> str | None:
    return await stage.gateway.db.read(lambda conn: numbers.state_of(conn, document))


async def test_the_first_one_was_authorised_and_is_cancelled_when_the_second_is(stage: Stage) -> None:
    await policy(stage, reissue="reissue")
    await lost(stage, "dupla", "after")
    normal = (await stage._call("GET", "/v1/nfe/dupla"))["chave_acesso"]
    assert normal[34] == "1"
    await stage._call("POST", HERE, {"model": "65", "reason": WHY})
    second = await until(stage, "dupla", "contingency")
    assert (second["number"], second["chave_acesso"][34]) == (2, "9")
    first = await first_of(stage, "dupla")
    assert (first.status, first.number, first.chave) == ("unknown", 1, normal)
    (slip,) = await stage.sims.printer.wait_receipts(1)
    assert "EMITIDA EM CONTINGÊNCIA" in slip.text
    # The same sale again is the same sale, whatever its number became.
    again = await stage._call("POST", "/v1/nfce", demo_data.nfce("dupla"))
    assert (again["ref"], again["number"]) == ("dupla", 2)

    back(stage)
    assert (await until(stage, "dupla", "authorized"))["chave_acesso"] == second["chave_acesso"]
    first = await first_until(stage, "dupla", "cancelled")
    assert first.chave == normal
    register = stage.sims.sefaz._register
    assert register.cancellation(normal) is not None
    assert register.cancellation(second["chave_acesso"]) is None
    sale = await stage._call("GET", "/v1/nfe/dupla")
    assert await told(stage, "dupla") in (
        ["reissue", "issue_offline", "attempt_authorized", "authorize", "attempt_cancelled"],
        ["reissue", "issue_offline", "authorize", "attempt_authorized", "attempt_cancelled"],
    )
    other = {"ref": first.ref, "status": "cancelled", "number": 1, "chave_acesso": normal}
    assert (sale["attempts"], sale["sale"]) == ([other], None)
    shown = await stage._call("GET", f"/v1/nfe/{first.ref}")
    assert (shown["origin"], shown["sale"]["ref"], shown["sale"]["number"]) == ("attempt", "dupla", 2)
    assert await state_of(stage, first.id) == "cancelled"
    # The abandoned one printed nothing, and no byte of it left twice.
    assert len(stage.sims.printer.receipts) == 1
    assert [row.chave for row in stage.sims.sefaz.ledger if row.service == SEND].count(normal) == 1


async def test_the_first_one_never_arrived_and_its_number_is_voided(stage: Stage) -> None:
    await policy(stage, reissue="reissue", void="automatic")
    await lost(stage, "sumida", "before")
    await stage._call("POST", HERE, {"model": "65", "reason": WHY})
    await until(stage, "sumida", "contingency")
    back(stage)
    second = await until(stage, "sumida", "authorized")
    assert (second["number"], second["chave_acesso"][34]) == (2, "9")
    first = await first_until(stage, "sumida", "voided")
    assert (first.number, await state_of(stage, first.id)) == (1, "voided")
    assert sent(stage, VOID) == ["102"]
    assert (await told(stage, "sumida"))[-1] == "attempt_voided"
    async with stage.http.post(f"/v1/nfe/{first.ref}/retry") as answer:
        assert (answer.status, (await answer.json())["code"]) == (409, "NFE-REISSUED")


async def test_by_default_the_number_is_proposed_and_a_nfe_goes_to_the_svc(stage: Stage) -> None:
    await policy(stage, reissue="reissue")
    await lost(stage, "pela-svc", "before", "55")
    stage.sims.sefaz.set_state(svc="107")
    await stage._call("POST", HERE, {"model": "55", "reason": WHY})
    second = await until(stage, "pela-svc", "authorized")
    assert (second["number"], second["chave_acesso"][34]) == (2, "6")
    assert (await first_of(stage, "pela-svc")).status == "unknown"
    back(stage)
    first = await first_until(stage, "pela-svc", "rejected")
    gaps = f"/v1/numbers/{demo_data.TEST_CNPJ}/55/1"
    proposed = (await stage._call("GET", gaps))["gaps"]
    assert [(gap["first"], gap["last"], gap["ref"]) for gap in proposed] == [(1, 1, first.ref)]
    assert sent(stage, VOID) == []


async def test_a_branch_that_waits_issues_no_second_note(stage: Stage) -> None:
    await lost(stage, "espera", "after")
    await stage._call("POST", HERE, {"model": "65", "reason": WHY})
    back(stage)
    found = await until(stage, "espera", "authorized")
    assert (found["number"], found["chave_acesso"][34]) == (1, "1")
