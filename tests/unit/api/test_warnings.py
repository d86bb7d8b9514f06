"""Rules over the document that do not refuse: told in the answer, kept in the timeline, and forgotten once corrected."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from gateway.core.errors import ValidationFailed
from gateway.store.intake import accept_sale, preview_sale, retry_sale
from gateway.store.tables import document_events, documents
from tests.unit.api.house import CNPJ, FakeClock, House
from tests.unit.nfe.made_raw import WINE, raw

Client = TestClient[Any, Any]


BARE = {**WINE, "prod": {name: value for name, value in WINE["prod"].items() if name != "CEST"}}
NOTE = raw(BARE, emit__CNPJ=CNPJ)
"""Wine taxed by substitution, without its CEST: of that the gateway only warns."""
WHOLE = raw(WINE, emit__CNPJ=CNPJ)


async def shown(client: Client, house: House, ref: str) -> Any:
    return await (await client.get(f"/v1/nfe/{ref}", headers=await house.key())).json()


async def test_a_warning_is_in_the_answer_and_in_the_timeline(client: Client, house: House) -> None:
    doc, _ = await accept_sale(house.db, FakeClock(), NOTE)
    body = await shown(client, house, doc.ref)
    assert [(one["code"], one["path"]) for one in body["warnings"]] == [("R-N12-84", "$.infNFe.det[0].prod.CEST")]
    assert body["warnings"][0]["fix"] and body["warnings"][0]["source"]
    assert [(entry["kind"], entry["text"]) for entry in body["timeline"]] == [
        ("accepted", "Pedido de emissão aceito."),
        ("warned", "A SEFAZ pode recusar a nota: Item 1: O item com substituição tributária (situação 10) não tem CEST."),
    ]


async def test_a_clean_note_has_no_warnings(client: Client, house: House) -> None:
    doc, _ = await accept_sale(house.db, FakeClock(), WHOLE)
    body = await shown(client, house, doc.ref)
    assert (body["warnings"], [entry["kind"] for entry in body["timeline"]]) == ([], ["accepted"])


async def test_a_correction_takes_the_warning_away(client: Client, house: House) -> None:
    doc, _ = await accept_sale(house.db, FakeClock(), NOTE)
    await house.reject(doc.ref)
    await retry_sale(house.db, FakeClock(), doc.id, WHOLE)
    body = await shown(client, house, doc.ref)
    assert body["warnings"] == []
    assert "warned" in [entry["kind"] for entry in body["timeline"]]


async def test_a_preview_warns_too(house: House, client: Client) -> None:
    _, _, warnings = await preview_sale(house.db, FakeClock(), NOTE)
    assert [one.code for one in warnings] == ["R-N12-84"]


async def test_a_note_refused_by_a_rule_is_not_stored(house: House, client: Client) -> None:
    note = raw(emit__CNPJ=CNPJ, ide__indFinal="0")
    with pytest.raises(ValidationFailed) as caught:
        await accept_sale(house.db, FakeClock(), note)
    assert ("R-E16a-40", "$.infNFe.ide.indFinal") in [(fault.code, fault.path) for fault in caught.value.faults]
    assert (await house.rows(documents), await house.rows(document_events)) == (0, 0)
