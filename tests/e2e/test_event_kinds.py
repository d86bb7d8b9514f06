"""Every event that an issuer sends, from the API to the register of SEFAZ, by a company whose CNPJ has letters."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import update

from gateway import demo_data
from gateway.nfe.events.schema import check
from gateway.nfe.events.table import event_kinds
from gateway.nfe.signature import NFE
from gateway.setup_commands import make_test_branch
from gateway.stage import Stage
from gateway.store import fiscal_events
from gateway.store.event_tables import fiscal_events as fiscal_events_table
from tests.e2e.test_events import LETTERS, WHY, call, ended, fetched, verify_with_xmlsec
from tests.unit.events.samples import DETAILS

UNDONE_BY = {"110131": "110130", "110193": "110192", "110751": "110750", "110001": "112110"}
"""Events that undo another, by the protocol of that one."""
ELSEWHERE = {"110110", "110111", "110112", "110140"}
"""The letter and the cancellations have tests of their own here and in test_events; EPEC comes before the note."""


@pytest.fixture
def db_url(sqlite_url: str) -> str:
    """One database: what is stored of an event is tried on both in test_events."""
    return sqlite_url


@pytest.fixture(autouse=True)
async def letters(stage: Stage) -> None:
    """A branch whose CNPJ has letters."""
    gateway = stage.gateway
    await make_test_branch(gateway.db, gateway.vault, gateway.settings.data, cnpj=LETTERS, pki=stage.sims.pki)


async def sold(stage: Stage, path: str, body: dict[str, Any]) -> dict[str, Any]:
    await stage._call("POST", path, body)
    note = await stage._until(f"/v1/nfe/{body['ref']}", "status", frozenset({"authorized", "rejected"}))
    assert note["status"] == "authorized", note["answer"]
    return note


async def registered(stage: Stage, ref: str, tpEvento: str, detail: dict[str, Any]) -> dict[str, Any]:
    """Asked for, registered, and kept as it was sent and as it was answered."""
    status, asked = await call(
        stage, "POST", f"/v1/nfe/{ref}/events", {"event": tpEvento, "detEvento": msgspec.to_builtins(detail)}
    )
    assert status == 202, asked
    event = await ended(stage, asked["links"]["self"])
    assert (event["tpEvento"], event["status"], event["cStat"]) == (tpEvento, "registered", "135"), event["xMotivo"]
    proc = await fetched(stage, event["links"]["xml"])
    row = await stage.gateway.db.read(lambda conn: fiscal_events.get(conn, event["id"]))
    assert row is not None
    assert row.signed is not None
    assert row.answer is not None
    head = f'<?xml version="1.0" encoding="UTF-8"?><procEventoNFe versao="1.00" xmlns="{NFE}">'.encode()
    assert proc == head + row.signed + row.answer + b"</procEventoNFe>"
    assert f"<CNPJ>{LETTERS}</CNPJ>".encode() in row.signed
    assert check(proc, "procEventoNFe") == ()
    verify_with_xmlsec(proc)
    known = next(one for one in stage.sims.sefaz._register.events if one.nProt == event["protocolo"])
    assert known.evento.encode() == row.signed
    return event


async def test_every_event_of_an_issuer_is_registered_and_kept_as_it_was(stage: Stage) -> None:
    note = await sold(stage, "/v1/nfe", demo_data.sale("venda", LETTERS))
    soon = (stage.gateway.clock.now() - timedelta(minutes=1)).astimezone().isoformat(timespec="seconds")
    mine = sorted(
        kind.tpEvento for kind in event_kinds().values() if kind.author == "emitente" and kind.tpEvento not in ELSEWHERE
    )
    protocols: dict[str, str] = {}
    for tpEvento in sorted(mine, key=lambda one: (one in UNDONE_BY, one)):
        detail = dict(DETAILS[tpEvento])
        for tag in ("dhEntrega", "dhTentativaEntrega"):
            if tag in detail:
                detail[tag] = soon
        if tpEvento in UNDONE_BY:
            detail["nProtEvento"] = protocols[UNDONE_BY[tpEvento]]
        if tpEvento == "110150":
            detail["autXML"] = {"CNPJ": demo_data.TEST_CNPJ}  # whoever carries the goods; the issuer needs no leave (421)
        if "nProt" in detail:
            detail["nProt"] = note["protocolo"]
        event = await registered(stage, "venda", tpEvento, detail)
        protocols[tpEvento] = event["protocolo"]
    assert len(protocols) == len(mine)
    assert (await stage._call("GET", "/v1/nfe/venda"))["status"] == "authorized"
    told = await stage._call("GET", "/v1/nfe/venda/why")
    assert sum(line["kind"] == "event_registered" for line in told["lines"]) == len(mine)


async def test_an_event_of_the_addressee_is_not_asked_for_of_our_own_note(stage: Stage) -> None:
    await sold(stage, "/v1/nfe", demo_data.sale("venda", LETTERS))
    status, problem = await call(stage, "POST", "/v1/nfe/venda/events", {"event": "211128", "detEvento": {"indAceitacao": "1"}})
    assert (status, problem["faults"][0]["code"], problem["faults"][0]["path"]) == (422, "EVENT-AUTHOR", "$.event")
    assert (await stage._call("GET", "/v1/nfe/venda/events"))["items"] == []


async def test_twenty_letters_each_with_the_ones_before_and_no_more(stage: Stage) -> None:
    await sold(stage, "/v1/nfe", demo_data.sale("cartas", LETTERS))
    first = await letter(stage, "Endereço de entrega: Rua Um, 10")
    # Eighteen later, as if each had been registered after the other: the last one carries them all.
    skipped = update(fiscal_events_table).where(fiscal_events_table.c.id == first["id"]).values(n_seq=19)
    await stage.gateway.db.write(lambda conn: conn.execute(skipped) and None)
    last = await letter(stage, "Transportadora: Exemplo Cargas")
    assert (last["nSeqEvento"], last["status"], last["cStat"]) == (20, "registered", "135")
    assert last["detEvento"]["xCorrecao"] == "Endereço de entrega: Rua Um, 10 / Transportadora: Exemplo Cargas"
    status, problem = await call(stage, "POST", "/v1/nfe/cartas/correction", {"text": "Volume: caixa de papelão"})
    assert (status, problem["faults"][0]["code"]) == (422, "EVENT-SEQUENCE")
    assert problem["faults"][0]["message"] == "A nota já tem os 20 eventos de Carta de correção que a SEFAZ aceita."
    assert len(stage.sims.sefaz._register.events) == 2
    told = await stage._call("GET", "/v1/nfe/cartas/why")
    assert sum(line["kind"] == "event_registered" for line in told["lines"]) == 2


async def test_letters_that_together_do_not_fit_are_refused_with_what_is_left(stage: Stage) -> None:
    await sold(stage, "/v1/nfe", demo_data.sale("cartas", LETTERS))
    await letter(stage, "A" * 990)
    status, problem = await call(stage, "POST", "/v1/nfe/cartas/correction", {"text": "B" * 20})
    (fault,) = problem["faults"]
    # 990 of the first, 3 of " / ", and 20: 1013, of which 1000 fit.
    assert (status, fault["code"]) == (422, "EVENT-LETTERS")
    assert "1013 caracteres" in fault["message"]
    whole = "Volume: caixa de papelão, no lugar do que dizia a carta anterior"
    event = await letter(stage, whole, whole=True)
    assert (event["detEvento"]["xCorrecao"], event["nSeqEvento"]) == (whole, 2)


async def letter(stage: Stage, text: str, **more: Any) -> dict[str, Any]:
    status, asked = await call(stage, "POST", "/v1/nfe/cartas/correction", {"text": text, **more})
    assert status == 202, asked
    event = await ended(stage, asked["links"]["self"])
    assert event["status"] == "registered", event
    return event


async def test_a_nfce_gives_way_to_the_off_line_one_of_the_same_sale(stage: Stage) -> None:
    twice = await sold(stage, "/v1/nfce", demo_data.nfce("balcao", LETTERS))
    stage.sims.sefaz.set_state(status="109")
    await stage._call("POST", f"/v1/contingency/{LETTERS}", {"model": "65", "reason": "Queda da conexão da loja com a SEFAZ"})
    await stage._call("POST", "/v1/nfce", demo_data.nfce("balcao-2", LETTERS))
    await stage._until("/v1/nfe/balcao-2", "status", frozenset({"contingency"}))
    stage.sims.sefaz.set_state(status="107")
    stays = await stage._until("/v1/nfe/balcao-2", "status", frozenset({"authorized", "rejected"}))
    assert (stays["status"], stays["chave_acesso"][34]) == ("authorized", "9")
    # Not the other way round: who is cancelled is the one issued in normal emission (920).
    _, asked = await call(stage, "POST", "/v1/nfe/balcao-2/cancel", {"reason": WHY, "substitute": twice["chave_acesso"]})
    assert (await ended(stage, asked["links"]["self"]))["cStat"] == "920"
    _, asked = await call(stage, "POST", "/v1/nfe/balcao/cancel", {"reason": WHY, "substitute": stays["chave_acesso"]})
    event = await ended(stage, asked["links"]["self"])
    assert (event["tpEvento"], event["status"], event["cStat"]) == ("110112", "registered", "135")
    verify_with_xmlsec(await fetched(stage, event["links"]["xml"]))
    told = await stage._call("GET", "/v1/nfe/balcao/why")
    (asked_line,) = [line["text"] for line in told["lines"] if line["kind"] == "event_requested"]
    assert asked_line.endswith(f"Justificativa: “{WHY}”. Nota substituta: “{stays['chave_acesso']}”.")
    assert (told["headline"].split(": ")[1].split(",")[0], told["now"]) == ("cancelada", [])
    assert (await stage._call("GET", "/v1/nfe/balcao-2"))["status"] == "authorized"
