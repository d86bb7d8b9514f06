"""Invoices and tracking over HTTP: types, values, repeats, traps, and the status they lead to."""

from __future__ import annotations

import pytest

ID = "v900001lojax-01"
ONE = f"/api/oms/pvt/orders/{ID}"


async def statuses(http, times: int) -> list[str]:
    seen = []
    for _ in range(times):
        async with http.get(ONE) as answer:
            seen.append((await answer.json())["status"])
    return seen


async def test_whole_invoice_passes_through_invoice_to_invoiced(sim, http, make_order, make_invoice):
    sim.load_order("lojax", make_order(), status="handling")
    async with http.post(ONE + "/invoice", json=make_invoice()) as answer:
        assert answer.status == 200
        receipt = await answer.json()
    assert (receipt["orderId"], len(receipt["receipt"])) == (ID, 32)
    assert await statuses(http, 3) == ["invoice", "invoiced", "invoiced"]
    async with http.get(ONE) as answer:
        body = await answer.json()
    assert body["packageAttachment"]["packages"] == [
        {
            "items": [
                {"itemIndex": 0, "quantity": 2, "price": 5000, "description": "001", "unitMultiplier": 1.0},
                {"itemIndex": 1, "quantity": 1, "price": 1250, "description": "002", "unitMultiplier": 1.0},
            ],
            "courier": None,
            "invoiceNumber": "123",
            "invoiceValue": 12000,
            "invoiceUrl": "https://loja.example/danfe.pdf",
            "issuanceDate": "2026-11-20T15:00:00.0000001+00:00",
            "trackingNumber": None,
            "invoiceKey": "35261111222333000181550010000001231000001230",
            "trackingUrl": None,
            "embeddedInvoice": "<nfeProc/>",
            "type": "Output",
            "courierStatus": None,
            "cfop": None,
            "restitutions": {},
            "volumes": None,
            "EnableInferItems": False,
        }
    ]
    assert body["invoicedDate"] is not None


@pytest.mark.parametrize(
    "change",
    [
        {"type": "output"},
        {"type": ...},
        {"issuanceDate": ...},
        {"issuanceDate": "2026-11-20"},
        {"issuanceDate": "2026-11-20 12:00:00"},
        {"issuanceDate": "2026-13-20T12:00:00Z"},
        {"issuanceDate": 1763640000},
        {"invoiceNumber": ...},
        {"invoiceNumber": 123},
        {"invoiceNumber": " "},
        {"invoiceValue": ...},
        {"invoiceValue": 12000},
        {"invoiceValue": "120.00"},
        {"invoiceValue": "0"},
        {"invoiceValue": "-1"},
        {"invoiceValue": "١٢"},
        {"items": ...},
        {"items": []},
        {"items": {}},
        {"items": [{"id": 100, "price": 5000, "quantity": 2}]},
        {"items": [{"id": "100", "price": 50.5, "quantity": 2}]},
        {"items": [{"id": "100", "price": "5000", "quantity": 2}]},
        {"items": [{"id": "100", "price": 5000}]},
        {"items": [{"id": "100", "price": 5000, "quantity": 0}]},
        {"courier": None},
        {"invoiceKey": 35},
        {"embeddedInvoice": {"xml": ""}},
    ],
)
async def test_wrong_shapes_are_refused_and_nothing_changes(sim, http, make_order, make_invoice, change):
    sim.load_order("lojax", make_order(), status="handling")
    async with http.post(ONE + "/invoice", json=make_invoice(**change)) as answer:
        assert answer.status == 400
        assert (await answer.json())["error"]["message"]
    order = sim.order(ID)
    assert (order.status, order.packages, sim.invoices.taken) == ("handling", [], [])


async def test_not_json_is_refused(sim, http, make_order):
    sim.load_order("lojax", make_order(), status="handling")
    for body in (b"", b"{", b"\xff", b"[]"):
        async with http.post(ONE + "/invoice", data=body) as answer:
            assert answer.status == 400


async def test_number_value_is_taken_when_the_switch_says_so(sim, http, make_order, make_invoice):
    sim.switch(invoice_value_number=True)
    sim.load_order("lojax", make_order(), status="handling")
    async with http.post(ONE + "/invoice", json=make_invoice(invoiceValue=12000)) as answer:
        assert answer.status == 200


async def test_partial_invoices_add_up_to_the_cent(sim, http, make_order, make_invoice):
    sim.load_order("lojax", make_order(), status="handling")
    async with http.post(ONE + "/invoice", json=make_invoice(invoiceValue="11999")) as answer:
        assert answer.status == 200
    assert await statuses(http, 3) == ["handling"] * 3
    assert sim.order(ID).packages[0]["items"][0]["description"] == "Camiseta"
    async with http.post(ONE + "/cancel", json={"reason": "x"}) as answer:
        assert answer.status == 400
    async with http.post(ONE + "/invoice", json=make_invoice(invoiceNumber="124", invoiceValue="2")) as answer:
        assert answer.status == 400
    async with http.post(ONE + "/invoice", json=make_invoice(invoiceNumber="124", invoiceValue="1")) as answer:
        assert answer.status == 200
    assert await statuses(http, 2) == ["invoice", "invoiced"]
    assert [package["invoiceValue"] for package in sim.order(ID).packages] == [11999, 1]


async def test_over_invoicing_is_taken_when_the_switch_says_so(sim, http, make_order, make_invoice):
    sim.switch(invoice_over_value=True)
    sim.load_order("lojax", make_order(), status="handling")
    async with http.post(ONE + "/invoice", json=make_invoice(invoiceValue="99999")) as answer:
        assert answer.status == 200
    assert sim.order(ID).output_total == 99999


async def test_same_number_again_only_gives_a_new_receipt(sim, http, make_order, make_invoice):
    sim.load_order("lojax", make_order(), status="handling")
    receipts = []
    for value in ("12000", "5"):
        async with http.post(ONE + "/invoice", json=make_invoice(invoiceValue=value)) as answer:
            assert answer.status == 200
            receipts.append((await answer.json())["receipt"])
    assert receipts[0] != receipts[1]
    assert [package["invoiceValue"] for package in sim.order(ID).packages] == [12000]
    assert [(entry["outcome"], entry["receipt"]) for entry in sim.invoices.taken] == [
        ("new", receipts[0]),
        ("repeated", receipts[1]),
    ]


async def test_same_number_again_alters_or_is_refused_by_switch(sim, http, make_order, make_invoice):
    sim.switch(invoice_repeat="alter")
    sim.load_order("lojax", make_order(), status="handling")
    for value in ("500", "12000"):
        async with http.post(ONE + "/invoice", json=make_invoice(invoiceValue=value)) as answer:
            assert answer.status == 200
    assert [package["invoiceValue"] for package in sim.order(ID).packages] == [12000]
    assert await statuses(http, 2) == ["invoice", "invoiced"]
    sim.switch(invoice_repeat="refuse")
    async with http.post(ONE + "/invoice", json=make_invoice()) as answer:
        assert answer.status == 400


@pytest.mark.parametrize("status", ["canceled", "cancel", "replaced", "payment-pending", "invoiced", ""])
async def test_output_is_refused_in_these_statuses(sim, http, make_order, make_invoice, status):
    sim.load_order("lojax", make_order(), status=status)
    async with http.post(ONE + "/invoice", json=make_invoice()) as answer:
        assert answer.status == 400
    assert sim.order(ID).packages == []


@pytest.mark.parametrize("status", ["payment-approved", "request-cancel", "cancellation-requested"])
async def test_output_at_the_wrong_moment_is_stored_and_the_order_never_moves(sim, http, make_order, make_invoice, status):
    sim.load_order("lojax", make_order(), status=status)
    async with http.post(ONE + "/invoice", json=make_invoice()) as answer:
        assert answer.status == 200
    assert await statuses(http, 4) == [status] * 4
    assert len(sim.order(ID).packages) == 1


@pytest.mark.parametrize("number", ["12 3", "12#3", "12/3", "12_3"])
async def test_unsafe_numbers_are_taken_and_the_order_is_lost(sim, http, make_order, make_invoice, number):
    sim.load_order("lojax", make_order(), status="handling")
    async with http.post(ONE + "/invoice", json=make_invoice(invoiceNumber=number)) as answer:
        assert answer.status == 200
    assert await statuses(http, 4) == ["handling"] * 4


async def test_space_in_the_number_breaks_tracking_and_by_switch_the_answer(sim, http, make_order, make_invoice):
    sim.load_order("lojax", make_order(), status="handling")
    await http.post(ONE + "/invoice", json=make_invoice(invoiceNumber="12 3"))
    patch = {"trackingNumber": "BR1", "trackingUrl": None, "courier": "Correios", "dispatchedDate": None}
    async with http.patch(ONE + "/invoice/12%203", json=patch) as answer:
        assert answer.status == 500
    sim.switch(invoice_space_500=True)
    sim.load_order("lojax", make_order(), status="handling")
    async with http.post(ONE + "/invoice", json=make_invoice(invoiceNumber="12 3")) as answer:
        assert answer.status == 500
    assert len(sim.order(ID).packages) == 1


async def test_invoice_lasts_seconds_or_for_ever_by_switch(sim, http, make_order, make_invoice):
    sim.switch(invoice_seconds=30)
    sim.load_order("lojax", make_order(), status="handling")
    await http.post(ONE + "/invoice", json=make_invoice())
    assert await statuses(http, 3) == ["invoice"] * 3
    sim.advance(30)
    assert await statuses(http, 1) == ["invoiced"]
    sim.switch(invoice_stuck=True)
    sim.load_order("lojax", make_order(), status="handling")
    await http.post(ONE + "/invoice", json=make_invoice())
    sim.advance(86400)
    assert await statuses(http, 3) == ["invoice"] * 3


async def test_return_refunds_only_after_the_whole_was_invoiced(sim, http, make_order, make_invoice):
    sim.load_order("lojax", make_order(), status="handling")
    await http.post(ONE + "/invoice", json=make_invoice(invoiceValue="5000"))
    async with http.post(ONE + "/invoice", json=make_invoice(type="Input", invoiceNumber="9", invoiceValue="5001")) as answer:
        assert answer.status == 400
    async with http.post(ONE + "/invoice", json=make_invoice(type="Input", invoiceNumber="9", invoiceValue="1000")) as answer:
        assert answer.status == 200
    assert sim.order(ID).packages[1]["restitutions"] == {}
    assert sim.order(ID).interactions == []
    await http.post(ONE + "/invoice", json=make_invoice(invoiceNumber="124", invoiceValue="7000"))
    assert await statuses(http, 2) == ["invoice", "invoiced"]
    async with http.post(ONE + "/invoice", json=make_invoice(type="Input", invoiceNumber="124", invoiceValue="1")) as answer:
        assert answer.status == 400
    async with http.post(ONE + "/invoice", json=make_invoice(type="Input", invoiceNumber="10", invoiceValue="2000")) as answer:
        assert answer.status == 200
    assert sim.order(ID).packages[-1]["restitutions"]["Refund"]["value"] == 2000
    assert sim.order(ID).interactions[0]["message"] == "Refund Payment: 2000"
    assert sim.order(ID).status == "invoiced"


async def test_return_needs_its_own_permission(sim, http, make_order, make_invoice):
    sim.add_account("lojax", "vtexappkey-lojax-AAAAAA", "segredo-inventado", {"View order", "Notify invoice"})
    sim.load_order("lojax", make_order(), status="handling")
    await http.post(ONE + "/invoice", json=make_invoice())
    async with http.post(ONE + "/invoice", json=make_invoice(type="Input", invoiceNumber="9", invoiceValue="1")) as answer:
        assert answer.status == 403
    assert len(sim.order(ID).packages) == 1


async def test_tracking_patch_needs_all_four_keys(sim, http, make_order, make_invoice):
    sim.load_order("lojax", make_order(), status="handling")
    await http.post(ONE + "/invoice", json=make_invoice())
    whole = {"trackingNumber": "BR1", "trackingUrl": None, "courier": "Correios", "dispatchedDate": None}
    for missing in whole:
        async with http.patch(ONE + "/invoice/123", json={k: v for k, v in whole.items() if k != missing}) as answer:
            assert answer.status == 400
    async with http.patch(ONE + "/invoice/999", json=whole) as answer:
        assert answer.status == 404
        assert (await answer.json())["error"]["message"] == "Invoice Not Found"
    assert sim.order(ID).packages[0]["trackingNumber"] is None
    async with http.patch(ONE + "/invoice/123", json=whole) as answer:
        assert answer.status == 200
        assert set(await answer.json()) == {"date", "orderId", "receipt"}
    assert sim.order(ID).packages[0]["trackingNumber"] == "BR1"


async def test_tracking_events_come_after_a_tracking_number(sim, http, make_order, make_invoice):
    sim.load_order("lojax", make_order(), status="handling")
    await http.post(ONE + "/invoice", json=make_invoice())
    event = {"city": "Santos", "state": "SP", "description": "Entregue", "date": "2026-11-21"}
    body = {"isDelivered": True, "deliveredDate": "2026-11-21 10:00", "events": [event]}
    async with http.put(ONE + "/invoice/123/tracking", json=body) as answer:
        assert answer.status == 400
    await http.patch(
        ONE + "/invoice/123", json={"trackingNumber": "BR1", "trackingUrl": None, "courier": "Correios", "dispatchedDate": None}
    )
    async with http.put(ONE + "/invoice/123/tracking", json={**body, "deliveredDate": "21/11/2026"}) as answer:
        assert answer.status == 400
    assert sim.order(ID).packages[0]["courierStatus"] is None
    async with http.put(ONE + "/invoice/123/tracking", json=body) as answer:
        assert answer.status == 200
    status = sim.order(ID).packages[0]["courierStatus"]
    assert (status["finished"], status["deliveredDate"], status["data"][0]["city"]) == (True, "2026-11-21 10:00", "Santos")
