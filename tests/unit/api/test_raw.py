"""`/v1/nfe/raw` at the door, and a raw note on its page."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
from aiohttp.test_utils import TestClient

from gateway.nfe.raw import RawNote
from gateway.store import documents as stored
from gateway.store.documents import NewDocument
from gateway.store.tables import documents, jobs
from tests.unit.api.house import CNPJ, OTHER, House
from tests.unit.api.test_console import browser, enter
from tests.unit.nfe.made_raw import BOOK, WINE, body

Client = TestClient[Any, Any]
__all__ = ["browser"]


async def test_a_key_of_another_branch_may_not_issue(client: Client, house: House) -> None:
    key = await house.key("nfe:write", branches=(OTHER,))
    for path in ("/v1/nfe/raw", "/v1/nfe/raw/preview"):
        answer = await client.post(path, json=body(emit__CNPJ=CNPJ), headers=key)
        assert (answer.status, (await answer.json())["code"]) == (403, "GW-BRANCH")
        nobody = await client.post(path, json=body(emit__CNPJ=None), headers=key)
        assert nobody.status == 403
    assert await house.rows(documents) == 0


async def test_every_wrong_tag_is_told_with_its_path(client: Client, house: House) -> None:
    wine = {**WINE, "prod": {**WINE["prod"], "qCom": "dois", "cor": "tinto", "NVE": "AA0001"}}
    sent = body(wine, ide__finNFe=None, pag={"detPag": {"tPag": "01"}}, infNFeSupl={})
    answer = await client.post("/v1/nfe/raw", json=sent, headers=await house.key())
    told = {(fault["code"], fault["path"]) for fault in (await answer.json())["faults"]}
    assert answer.status == 422
    assert told == {
        ("GW-NUMBER", "$.infNFe.det[0].prod.qCom"),
        ("GW-UNKNOWN-FIELD", "$.infNFe.det[0].prod.cor"),
        ("GW-TYPE", "$.infNFe.det[0].prod.NVE"),
        ("GW-REQUIRED", "$.infNFe.ide.finNFe"),
        ("GW-TYPE", "$.infNFe.pag.detPag"),
        ("GW-UNKNOWN-FIELD", "$.infNFe.infNFeSupl"),
    }
    assert (await house.rows(documents), await house.rows(jobs)) == (0, 0)


async def test_the_layout_is_in_the_openapi_document(client: Client) -> None:
    document = await (await client.get("/openapi.json")).json()
    described = document["paths"]["/v1/nfe/raw"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert described == {"$ref": "#/components/schemas/RawNote"}
    components = document["components"]["schemas"]
    assert components["RawNote"]["required"] == ["ref", "infNFe"]
    assert components["Icms51"]["properties"].keys() >= {"pDif", "vICMSDif", "vFCPEfet"}
    assert "nNF" not in components["RawIde"]["required"]


async def test_its_page_lists_its_items(browser: Client, house: House) -> None:
    await house.user()
    await enter(browser)
    note = msgspec.json.decode(msgspec.json.encode(body(WINE, BOOK, emit__CNPJ=CNPJ)), type=RawNote)
    new = NewDocument(
        ref=note.ref,
        body_hash=b"1" * 32,
        branch=CNPJ,
        model="55",
        environment=2,
        series=1,
        origin="api",
        origin_ref=None,
        request=msgspec.json.encode(note).decode(),
        total=Decimal("156.20"),
        customer_name=None,
        customer_tax_id=None,
    )
    row, _ = await house.db.write(lambda conn: stored.accept(conn, new, at=house.clock.epoch_ms()))
    page = await (await browser.get(f"/console/notas/{row.id}")).text()
    assert "Vinho tinto 750 ml" in page
    assert "MATERIAL-1" in page
