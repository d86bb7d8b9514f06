"""A VTEX order, seen from both sides: notified any number of times, swept, parked, resumed, invoiced once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from gateway import demo_data
from gateway.nfe.product import TaxProfile
from gateway.sim.sefaz import Fault as SefazFault
from gateway.sim.vtex import Fault
from gateway.stage import HOOK_SECRET, Stage, plain_products
from gateway.store import jobs


def an_order(order_id: str = "v100e2e-01", **changes: Any) -> dict[str, Any]:
    return demo_data.order(order_id, datetime.now(UTC)) | changes


async def invoices(stage: Stage) -> int:
    """How many invoice calls the marketplace answered well."""
    return len(stage.sims.vtex.invoices.taken)


@pytest.mark.req("LX-45")
async def test_an_order_is_invoiced_at_its_own_value(stage: Stage) -> None:
    outcome = await stage.take_order(an_order())
    assert (outcome.status, outcome.total, outcome.vtex_status) == ("authorized", "134.80", "invoiced")
    (package,) = stage.sims.vtex.order("v100e2e-01").packages
    assert (package["invoiceKey"], package["invoiceValue"]) == (outcome.chave_acesso, 13480)


async def test_fifty_notifications_and_the_sweep_are_one_note_and_one_invoice(stage: Stage) -> None:
    order = an_order()
    for product in plain_products(order):
        await stage._call("PUT", f"/v1/products/{product.sku}", msgspec.to_builtins(product))
    stage.sims.vtex.load_order(demo_data.ACCOUNT, order)
    answers = await stage.sims.vtex.notify("v100e2e-01", times=50)
    assert set(answers) == {200}
    found = await stage._order("v100e2e-01")
    assert found is not None
    assert found["order"]["state"] == "invoiced"
    assert len(stage.sims.sefaz.authorized) == 1
    assert await invoices(stage) == 1


async def test_an_invoice_whose_answer_is_lost_is_not_sent_again(stage: Stage) -> None:
    stage.sims.vtex.faults.add(Fault(method="POST", path=".*/invoice$", phase="after", action="drop"))
    outcome = await stage.take_order(an_order())
    assert (outcome.status, outcome.vtex_status) == ("authorized", "invoiced")
    assert await invoices(stage) == 1


async def test_a_throttled_account_waits_and_goes_on(stage: Stage) -> None:
    stage.sims.vtex.faults.add(Fault(method="GET", path=".*/orders/v100e2e-01$", action="answer", status=429, retry_after="1"))
    outcome = await stage.take_order(an_order())
    assert (outcome.status, outcome.vtex_status) == ("authorized", "invoiced")


@pytest.mark.req("LX-47")
async def test_both_documents_wait_for_a_person(stage: Stage) -> None:
    order = an_order()
    order["clientProfileData"] |= {"corporateDocument": "11222333000181", "corporateName": "Bar Exemplo Ltda"}
    outcome = await stage.take_order(order)
    assert outcome.status == "parked"
    assert outcome.reason is not None
    assert "documento" in outcome.reason
    assert stage.sims.sefaz.authorized == []


async def test_masked_data_waits(stage: Stage) -> None:
    order = an_order()
    order["clientProfileData"] |= {"document": "***.***.***-**", "firstName": "B****"}
    outcome = await stage.take_order(order)
    assert (outcome.status, outcome.chave_acesso) == ("parked", None)


@pytest.mark.req("LX-46")
async def test_an_unknown_product_parks_the_order_which_goes_on_once_it_exists(stage: Stage) -> None:
    order = an_order()
    order["items"][0] |= {"refId": None, "ean": None}
    outcome = await stage.take_order(order, register_products=False)
    assert outcome.status == "parked"
    assert outcome.reason is not None
    assert "1001" in outcome.reason
    assert stage.sims.sefaz.authorized == []
    (product, *_) = plain_products(order)
    await stage._call("PUT", f"/v1/products/{product.sku}", msgspec.to_builtins(product))
    async with asyncio.timeout(30):
        while stage.sims.vtex.order("v100e2e-01").status != "invoiced":
            await asyncio.sleep(0.05)
    assert len(stage.sims.sefaz.authorized) == 1


async def test_an_undecided_classification_parks_the_order_which_goes_on_once_it_is_decided(stage: Stage) -> None:
    order = an_order()
    for product in plain_products(order):
        rice = msgspec.structs.replace(product, ncm="10063021", tax=TaxProfile())
        await stage._call("PUT", f"/v1/products/{product.sku}", msgspec.to_builtins(rice))
    outcome = await stage.take_order(order, register_products=False)
    assert outcome.status == "parked"
    assert outcome.reason is not None
    assert "não está decidida: podem ser 000001 (Tributação integral), 200003 (Cesta básica" in outcome.reason
    found = await stage._order("v100e2e-01")
    assert found is not None
    assert found["order"]["hold_code"] == "VTEX-PRODUCT-UNDECIDED"
    assert stage.sims.sefaz.authorized == []
    undecided = await stage._call("GET", "/v1/products?classification=undecided")
    for product in undecided["items"]:
        await stage._call("PUT", f"/v1/products/{product['sku']}/classification", {"cclasstrib": "200003", "reason": "Anexo I"})
    async with asyncio.timeout(30):
        while stage.sims.vtex.order("v100e2e-01").status != "invoiced":
            await asyncio.sleep(0.05)
    (note,) = stage.sims.sefaz.authorized
    async with stage.http.get(f"/v1/nfe/{note.chave}/xml") as answer:
        assert "<cClassTrib>200003</cClassTrib>" in await answer.text()


async def test_a_cancelled_order_gets_no_note(stage: Stage) -> None:
    order = an_order(status="canceled")
    outcome = await stage.take_order(order)
    assert outcome.status == "cancelled"
    assert stage.sims.sefaz.authorized == []


async def test_the_hook_wants_its_secret(stage: Stage) -> None:
    url = f"/webhooks/vtex/{demo_data.ACCOUNT}"
    body = {"Domain": "Marketplace", "OrderId": "v100e2e-01", "State": "ready-for-handling", "Origin": {"Account": "lojademo"}}
    async with stage.http.post(url, json={"hookConfig": "ping"}) as answer:
        assert answer.status == 200
    async with stage.http.post(url, json=body, headers={"X-Gateway-Secret": "outro"}) as answer:
        assert answer.status == 401
    async with stage.http.post(url, json=body, headers={"X-Gateway-Secret": HOOK_SECRET}) as answer:
        assert answer.status == 200
    async with stage.http.post("/webhooks/vtex/ninguem", json=body, headers={"X-Gateway-Secret": HOOK_SECRET}) as answer:
        assert answer.status == 404


async def rejected(stage: Stage, order: dict[str, Any]) -> dict[str, Any]:
    """An order whose note SEFAZ has refused once: what the gateway says of it then."""
    stage.sims.sefaz.push_fault(SefazFault(action="cstat", service="NFeAutorizacao4", cStat="805"))
    outcome = await stage.take_order(order)
    assert outcome.status == "parked"
    found = await stage._order(str(order["orderId"]))
    assert found is not None
    assert found["order"]["hold_code"] == "NFE-REJECTED"
    return found


async def settled(stage: Stage) -> None:
    """Until no job of an order is on its way."""

    def busy(conn: Any) -> bool:
        return any(row.kind == "vtex.order" and row.state != "needs_attention" for row in jobs.counts(conn))

    async with asyncio.timeout(20):
        while await stage.gateway.db.read(busy):
            await asyncio.sleep(0.02)


async def test_a_late_notification_does_not_hide_that_sefaz_refused_the_note(stage: Stage) -> None:
    before = await rejected(stage, an_order())
    await stage.sims.vtex.notify("v100e2e-01")
    await settled(stage)
    after = await stage._call("GET", f"/v1/orders/{before['order']['id']}")
    assert (after["order"]["state"], after["order"]["hold_code"]) == ("parked", "NFE-REJECTED")
    assert after["timeline"] == before["timeline"]
    assert stage.sims.sefaz.authorized == []


async def test_a_corrected_product_reaches_the_refused_note_of_the_order(stage: Stage) -> None:
    order = an_order()
    before = await rejected(stage, order)
    (product, *_) = plain_products(order)
    corrected = msgspec.structs.replace(product, description="Produto com o cadastro corrigido")
    await stage._call("PUT", f"/v1/products/{product.sku}", msgspec.to_builtins(corrected))
    await stage._call("POST", f"/v1/orders/{before['order']['id']}/retry")
    async with asyncio.timeout(30):
        while stage.sims.vtex.order("v100e2e-01").status != "invoiced":
            await asyncio.sleep(0.05)
    (note,) = stage.sims.sefaz.authorized
    async with stage.http.get(f"/v1/nfe/{note.chave}/xml") as answer:
        assert "Produto com o cadastro corrigido" in await answer.text()
    assert int(note.chave[25:34]) == 1


async def test_a_note_authorised_after_its_order_was_cancelled_is_kept_and_told(stage: Stage) -> None:
    before = await rejected(stage, an_order())
    stage.sims.vtex.set_status("v100e2e-01", "canceled")
    await stage._call("POST", f"/v1/orders/{before['order']['id']}/retry")
    await settled(stage)
    assert (await stage._call("GET", f"/v1/orders/{before['order']['id']}"))["order"]["state"] == "cancelled"
    ref = quote(before["document_ref"], safe="")
    async with stage.http.post(f"/v1/nfe/{ref}/retry") as refused:
        assert (refused.status, (await refused.json())["code"]) == (409, "NFE-ORDER-CANCELLED")
    await stage._call("POST", f"/v1/nfe/{ref}/retry?force=true")
    found = await stage._until(f"/v1/nfe/{ref}", "status", frozenset({"authorized"}))
    assert found["protocolo"] == stage.sims.sefaz.authorized[0].nProt
    async with asyncio.timeout(20):
        while (await stage._call("GET", f"/v1/orders/{before['order']['id']}"))["order"]["state"] != "divergent":
            await asyncio.sleep(0.05)
    assert await invoices(stage) == 0


async def test_an_order_past_handling_is_invoiced_without_starting_it(stage: Stage) -> None:
    outcome = await stage.take_order(an_order(status="ready-for-invoicing"))
    assert (outcome.status, outcome.vtex_status) == ("authorized", "invoiced")
    assert await invoices(stage) == 1
