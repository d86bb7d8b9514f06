"""A product's cClassTrib: explained, decided, kept with its story, and noticed when the table changes."""

from __future__ import annotations

from typing import Any

from aiohttp.test_utils import TestClient
from sqlalchemy import select, update

from gateway.store.tables import audit, product_classifications
from tests.unit.api.house import House

Client = TestClient[Any, Any]
SHIRT = {"sku": "CAM", "description": "Camisa", "ncm": "61091000"}
RICE = {"sku": "ARROZ", "description": "Arroz tipo 1", "ncm": "10063021"}


async def explained(client: Client, key: dict[str, str], sku: str) -> Any:
    answer = await client.get(f"/v1/products/{sku}/classification", headers=key)
    assert answer.status == 200
    return await answer.json()


async def listed(client: Client, key: dict[str, str], kind: str, more: str = "") -> tuple[list[str], str | None]:
    body = await (await client.get(f"/v1/products?classification={kind}{more}", headers=key)).json()
    return [one["sku"] for one in body["items"]], body["next"]


async def test_a_product_of_no_special_treatment_is_chosen_by_the_facts(client: Client, house: House) -> None:
    key = await house.key("setup")
    await client.put("/v1/products/CAM", json=SHIRT, headers=key)
    told = await explained(client, key, "CAM")
    assert (told["state"], told["cclasstrib"], told["decision"]) == ("chosen", "000001", None)
    assert [one["cclasstrib"] for one in told["candidates"]] == ["000001"]
    reasons = {one["cclasstrib"]: one["reason"] for one in told["excluded"]}
    assert reasons["200003"] == "o NCM 61091000 não está nas posições deste tratamento"
    assert reasons["410001"] == "só na operação de bonificação"
    assert reasons["410004"] == "o comprador não é do exterior"
    assert reasons["000002"] == "é de outro documento fiscal, não de NF-e nem NFC-e"
    # 164 codes in the table: one candidate, all the others with a reason.
    assert len(reasons) == 163
    assert all(one["source"] for one in told["excluded"])


async def test_a_person_decides_what_the_facts_do_not(client: Client, house: House) -> None:
    key = await house.key("setup")
    await client.put("/v1/products/ARROZ", json=RICE, headers=key)
    await client.put("/v1/products/CAM", json=SHIRT, headers=key)
    told = await explained(client, key, "ARROZ")
    assert (told["state"], told["cclasstrib"]) == ("undecided", None)
    assert {"000001", "200003"} <= {one["cclasstrib"] for one in told["candidates"]}
    assert await listed(client, key, "undecided") == (["ARROZ"], None)
    path = "/v1/products/ARROZ/classification"
    for code, fault in (("999999", "PRODUCT-CLASS-01"), ("000002", "PRODUCT-CLASS-02"), ("800001", "PRODUCT-CLASS-03")):
        answer = await client.put(path, json={"cclasstrib": code}, headers=key)
        assert (answer.status, (await answer.json())["faults"][0]["code"]) == (422, fault)
    assert await house.rows(product_classifications) == 0
    answer = await client.put(path, json={"cclasstrib": "200003", "reason": "Anexo I, item 1"}, headers=key)
    told = await answer.json()
    assert (told["state"], told["cclasstrib"], told["name"]) == ("decided", "200003", "Cesta básica nacional, Anexo I")
    assert told["decision"]["origin"] == "person"
    assert (told["decision"]["reason"], told["decision"]["version"]) == ("Anexo I, item 1", "2026-06-22")
    assert (told["decision"]["changed"], len(told["decision"]["row_hash"])) == ([], 16)
    assert await listed(client, key, "undecided") == ([], None)
    # The product says it too, and a body that says nothing of it keeps what the person decided.
    changed = await client.put("/v1/products/ARROZ", json={**RICE, "description": "Arroz branco"}, headers=key)
    body = await changed.json()
    assert (body["description"], body["tax"]["cclasstrib"], body["tax"]["ibs_cbs_cst"]) == ("Arroz branco", "200003", "200")
    # A code that the facts exclude is hers to give, and she is told what they say.
    assert told["why"] == "Decidido no cadastro do produto."
    other = await (await client.put(path, json={"cclasstrib": "200009"}, headers=key)).json()
    assert (other["state"], other["cclasstrib"]) == ("decided", "200009")
    assert other["why"].startswith("Decidido no cadastro do produto. Os fatos do cadastro o excluíam: ")
    # Taken back, it waits again.
    taken_back = await client.put(path, json={"cclasstrib": ""}, headers=key)
    assert (await taken_back.json())["state"] == "undecided"
    assert await house.rows(product_classifications) == 0


async def test_what_a_body_states_is_a_decision_by_its_caller(client: Client, house: House) -> None:
    key = await house.key("setup")
    await client.put("/v1/products/ARROZ", json={**RICE, "tax": {"cclasstrib": "000001"}}, headers=key)
    told = await explained(client, key, "ARROZ")
    assert (told["state"], told["decision"]["origin"], told["decision"]["cclasstrib"]) == ("decided", "product", "000001")
    await client.put("/v1/products/ARROZ", json=RICE, headers=key)
    told = await explained(client, key, "ARROZ")
    assert (told["state"], told["decision"]) == ("undecided", None)


async def test_a_changed_table_lists_the_products_it_affects(client: Client, house: House) -> None:
    key = await house.key("setup")
    for sku in ("A", "B", "C"):
        await client.put(f"/v1/products/{sku}", json={**RICE, "sku": sku, "tax": {"cclasstrib": "200003"}}, headers=key)
    assert await listed(client, key, "affected") == ([], None)
    # As if B had been decided by an older publication, in which the reduction was of 60%.
    old = '{"code":"200003","cst":"200","reduction":{"ibs":"60.0000","cbs":"60.0000"}}'
    change = update(product_classifications).where(product_classifications.c.sku == "B")
    await house.services.db.write(lambda conn: conn.execute(change.values(row=old, row_hash="0" * 16)) and None)
    assert await listed(client, key, "affected") == (["B"], None)
    assert await listed(client, key, "affected", "&cursor=B") == ([], None)
    told = await explained(client, key, "B")
    assert (told["state"], told["cclasstrib"]) == ("affected", "200003")
    fields = {one["field"]: (one["before"], one["after"]) for one in told["decision"]["changed"]}
    assert fields["reduction"] == ({"ibs": "60.0000", "cbs": "60.0000"}, {"ibs": "100.0000", "cbs": "100.0000"})
    # Deciding again settles it.
    await client.put("/v1/products/B/classification", json={"cclasstrib": "200003"}, headers=key)
    assert await listed(client, key, "affected") == ([], None)


async def test_pages_of_the_undecided_go_on_where_they_stopped(client: Client, house: House) -> None:
    key = await house.key("setup")
    for sku in ("A", "B", "C"):
        await client.put(f"/v1/products/{sku}", json={**RICE, "sku": sku}, headers=key)
    assert await listed(client, key, "undecided", "&limit=2") == (["A", "B"], "B")
    assert await listed(client, key, "undecided", "&limit=2&cursor=B") == (["C"], None)
    assert (await client.get("/v1/products?classification=all", headers=key)).status == 422


async def test_who_may_and_what_is_told(client: Client, house: House) -> None:
    key = await house.key("setup")
    assert (await client.get("/v1/products/X/classification", headers=key)).status == 404
    assert (await client.put("/v1/products/X/classification", json={"cclasstrib": "000001"}, headers=key)).status == 404
    reader = await house.key("nfe:read")
    assert (await client.get("/v1/products/X/classification", headers=reader)).status == 403
    await client.put("/v1/products/CAM", json=SHIRT, headers=key)
    await client.put("/v1/products/CAM/classification", json={"cclasstrib": "000001"}, headers=key)
    actions = await house.services.db.read(lambda conn: conn.execute(select(audit.c.action)).scalars().all())
    assert list(actions)[-1] == "product.classify"
