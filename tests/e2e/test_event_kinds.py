"""Every event that an issuer sends, from the API to the register of SEFAZ, by a company whose CNPJ has letters."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway import demo_data
from gateway.nfe.events.schema import check
from gateway.nfe.events.table import event_kinds
from gateway.nfe.signature import NFE
from gateway.setup_commands import make_test_branch
from gateway.sim.sefaz import Fault
from gateway.stage import Stage
from gateway.store import fiscal_events
from tests.e2e.test_events import LETTERS, WHY, call, ended, fetched, verify_with_xmlsec
from tests.unit.events.samples import DETAILS

UNDONE_BY = {"110131": "110130", "110193": "110192", "110751": "110750", "110001": "112110"}
"""Events that undo another, by the protocol of that one."""
ELSEWHERE = {"110110", "110111", "110112", "110140"}
"""The letter and the cancellations have tests of their own here and in test_events; EPEC comes before the note."""


@pytest.fixture
async def stage(sqlite_url: str, tmp_path: Path, authority: Path) -> AsyncIterator[Stage]:
    """On one database: what is stored of an event is tried on both in test_events."""
    await asyncio.to_thread((tmp_path / "stage").mkdir)
    (tmp_path / "stage" / "pki").symlink_to(authority / "pki", target_is_directory=True)
    opened = Stage(tmp_path / "stage", database_url=sqlite_url)
    await opened.open()
    gateway = opened.gateway
    await make_test_branch(gateway.db, gateway.vault, gateway.settings.data, cnpj=LETTERS, pki=opened.sims.pki)
    yield opened
    await opened.close()


async def sold(stage: Stage, path: str, body: dict[str, Any]) -> dict[str, Any]:
    await stage._call("POST", path, body)
    note = await stage._until(f"/v1/nfe/{body['ref']}", "status", frozenset({"authorized", "rejected"}))
    assert note["status"] == "authorized", note["answer"]
    return note


async def registered(stage: Stage, ref: str, tpEvento: str, detail: dict[str, Any]) -> dict[str, Any]:
    """Asked for, registered, and kept as it was sent and as it was answered."""
    status, asked = await call(stage, "POST", f"/v1/nfe/{ref}/events", {"event": tpEvento, "detEvento": msgspec.to_builtins(detail)})
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
    mine = sorted(kind.tpEvento for kind in event_kinds().values() if kind.author == "emitente" and kind.tpEvento not in ELSEWHERE)
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
