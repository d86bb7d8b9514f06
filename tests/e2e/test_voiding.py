"""Numbers that never become a note, seen from the outside: asked for, lost and recovered, refused, and nobody's to take."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from lxml import etree

from gateway import demo_data
from gateway.core.clock import from_epoch_ms
from gateway.jobs.number_watch import NumberWatch
from gateway.nfe.signature import NFE
from gateway.sim.sefaz import Fault
from gateway.stage import Stage
from gateway.store import jobs, number_gaps, voidings
from tests.e2e.test_events import call, document_of, ended, fetched, number_state, sent, timeline, verify_with_xmlsec

WHY = "Numeros pulados por falha do sistema da loja"


def request(first: int, last: int, ref: str = "inut-1", **other: Any) -> dict[str, Any]:
    return {"ref": ref, "branch": demo_data.TEST_CNPJ, "series": 1, "first": first, "last": last, "reason": WHY} | other


async def series(stage: Stage) -> dict[str, Any]:
    found: dict[str, Any] = await stage._call("GET", f"/v1/numbers/{demo_data.TEST_CNPJ}/55/1")
    return found


async def refused_sale(stage: Stage, ref: str) -> None:
    stage.sims.sefaz.push_fault(Fault(action="cstat", service="NFeAutorizacao4", cStat="805"))
    await stage._call("POST", "/v1/nfe", demo_data.sale(ref))
    await stage._until(f"/v1/nfe/{ref}", "status", frozenset({"rejected"}))


async def test_a_range_is_voided_and_nobody_gets_its_numbers(stage: Stage) -> None:
    await stage.sell("um")
    status, asked = await call(stage, "POST", "/v1/inutilizacoes", request(2, 4))
    assert (status, asked["status"]) == (202, "requested")
    done = await ended(stage, asked["links"]["self"])
    assert (done["status"], done["cStat"], done["year"]) == ("registered", "102", stage.gateway.clock.now().year)
    (known,) = stage.sims.sefaz._register.voided
    assert (known.first, known.last, known.nProt) == (2, 4, done["protocolo"])
    row = await stage.gateway.db.read(lambda conn: voidings.get(conn, asked["id"]))
    assert row is not None
    assert row.signed is not None
    assert row.answer is not None
    proc = await fetched(stage, done["links"]["xml"])
    head = f'<?xml version="1.0" encoding="UTF-8"?><procInutNFe versao="4.00" xmlns="{NFE}">'.encode()
    assert proc == head + row.signed + row.answer + b"</procInutNFe>"
    verify_with_xmlsec(row.signed)
    assert etree.fromstring(proc).findtext(f".//{{{NFE}}}xJust") == WHY
    # The next note takes the number after the range: 5.
    await stage.sell("dois")
    assert (await document_of(stage, "dois")).number == 5
    assert (await series(stage))["gaps"] == []
    again, repeated = await call(stage, "POST", "/v1/inutilizacoes", request(2, 4))
    assert (again, repeated["id"]) == (200, asked["id"])
    other, problem = await call(stage, "POST", "/v1/inutilizacoes", request(2, 3))
    assert (other, problem["code"]) == (409, "GW-IDEMPOTENCY")
    assert sent(stage, "NFeInutilizacao4") == ["102"]


async def test_the_number_of_a_rejected_note_is_proposed_and_voided_with_it(stage: Stage) -> None:
    await refused_sale(stage, "ruim")
    row = await document_of(stage, "ruim")
    today = from_epoch_ms(row.created_at).date()
    (gap,) = (await series(stage))["gaps"]
    assert (gap["first"], gap["last"], gap["ref"]) == (1, 1, "ruim")
    assert gap["deadline"] == number_gaps.deadline(today).isoformat()
    stage.sims.sefaz.push_fault(Fault(action="cstat", service="NFeInutilizacao4", cStat="108"))
    _, asked = await call(stage, "POST", "/v1/inutilizacoes", request(1, 1))
    # Asked for is enough: the note can no longer be sent, although SEFAZ has not answered yet.
    status, problem = await call(stage, "POST", "/v1/nfe/ruim/retry")
    assert (status, problem["code"]) == (409, "GW-TRANSITION"), problem
    assert (await document_of(stage, "ruim")).status == "rejected"
    await _hurry(stage, asked["id"])
    done = await ended(stage, asked["links"]["self"])
    assert (done["status"], done["cStat"]) == ("registered", "102")
    assert (await stage._call("GET", "/v1/nfe/ruim"))["status"] == "voided"
    assert await number_state(stage, "ruim") == "voided"
    assert "void" in await timeline(stage, "ruim")
    status, _ = await call(stage, "POST", "/v1/nfe/ruim/retry")
    assert status == 409
    assert (await document_of(stage, "ruim")).status == "voided"
    assert (await series(stage))["gaps"] == []


async def test_a_lost_answer_is_recovered_by_the_protocol_of_the_duplicate(stage: Stage) -> None:
    await stage.sell("um")
    stage.sims.sefaz.push_fault(Fault(action="drop", service="NFeInutilizacao4", phase="after"))
    _, asked = await call(stage, "POST", "/v1/inutilizacoes", request(2, 2))
    await _hurry(stage, asked["id"])
    done = await ended(stage, asked["links"]["self"])
    (known,) = stage.sims.sefaz._register.voided
    assert (done["status"], done["cStat"], done["protocolo"]) == ("registered", "563", known.nProt)
    assert sent(stage, "NFeInutilizacao4") == ["102", "563"]


async def test_a_refused_range_leaves_its_numbers_free(stage: Stage) -> None:
    await stage.sell("um")
    stage.sims.sefaz.push_fault(Fault(action="cstat", service="NFeInutilizacao4", cStat="241"))
    _, asked = await call(stage, "POST", "/v1/inutilizacoes", request(2, 3))
    done = await ended(stage, asked["links"]["self"])
    assert (done["status"], done["cStat"]) == ("rejected", "241")
    assert stage.sims.sefaz._register.voided == []
    gaps = (await series(stage))["gaps"]
    assert [(gap["first"], gap["last"]) for gap in gaps] == [(2, 3)]
    _, asked = await call(stage, "POST", "/v1/inutilizacoes", request(2, 3, ref="inut-2"))
    assert (await ended(stage, asked["links"]["self"]))["status"] == "registered"


async def test_numbers_of_living_notes_and_numbers_far_ahead_are_refused(stage: Stage) -> None:
    await stage.sell("um")
    before = await series(stage)
    for body, code in ((request(1, 3), "INUT-USED"), (request(50, 60), "INUT-AHEAD")):
        status, problem = await call(stage, "POST", "/v1/inutilizacoes", body)
        assert (status, problem["faults"][0]["code"]) == (422, code)
    assert await series(stage) == before
    assert sent(stage, "NFeInutilizacao4") == []


async def test_notes_and_ranges_asked_for_at_once_never_share_a_number(stage: Stage) -> None:
    async def void(n: int) -> tuple[int, dict[str, Any]]:
        return await call(stage, "POST", "/v1/inutilizacoes", request(n, n, ref=f"inut-{n}"))

    async def sell(n: int) -> None:
        await stage._call("POST", "/v1/nfe", demo_data.sale(f"venda-{n}"))

    answers, _ = await asyncio.gather(
        asyncio.gather(*(void(n) for n in range(1, 13))), asyncio.gather(*(sell(n) for n in range(12)))
    )
    for n in range(12):
        await stage._until(f"/v1/nfe/venda-{n}", "status", frozenset({"authorized", "rejected", "denied"}))
    taken = [body["first"] for status, body in answers if status == 202]
    for _, body in (answer for answer in answers if answer[0] == 202):
        await ended(stage, body["links"]["self"])
    used = {note.nNF for note in stage.sims.sefaz.authorized}
    voided = {one.first for one in stage.sims.sefaz._register.voided}
    assert len(used) == 12
    assert used & voided == set()
    assert voided == set(taken)


async def test_a_gap_near_its_deadline_is_told_to_a_person(stage: Stage) -> None:
    await refused_sale(stage, "ruim")
    gateway = stage.gateway
    row = await document_of(stage, "ruim")
    day = from_epoch_ms(row.created_at).date()
    limit = number_gaps.deadline(day)
    await NumberWatch(gateway.db).look()
    series = number_gaps.Series(demo_data.TEST_CNPJ, "55", 1, 2)
    told = await gateway.db.read(lambda conn: number_gaps.pressing(conn, limit - timedelta(days=10)))
    assert told == (number_gaps.Pressing(series, 1, limit),)
    assert await gateway.db.read(lambda conn: number_gaps.pressing(conn, limit - timedelta(days=11))) == ()


async def _hurry(stage: Stage, voiding: str) -> None:
    """Do not wait for the schedule: the job of the range runs now, once it has failed."""
    async with asyncio.timeout(20):
        while True:
            found = await stage.gateway.db.read(lambda conn: jobs.live_for(conn, voiding))
            if found and found[0].failures > 0:
                break
            await asyncio.sleep(0.02)
    await stage._call("POST", f"/v1/jobs/{found[0].id}/retry", {})
