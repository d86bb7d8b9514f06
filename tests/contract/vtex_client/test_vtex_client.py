"""The client on the wire: each request as documented, each answer as a value or one error of the tree, nothing sent twice."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import LogCapture
from vtex_server import Answer, VtexServer, answer_json, breaks, contract

from gateway.core.errors import ConfigInvalid, EdgeError, NotSent, OutcomeUnknown, ProtocolBroken, Refused, Throttled
from gateway.vtex import transport
from gateway.vtex.client import VtexClient
from gateway.vtex.hook_config import STATUSES, HookConfig
from gateway.workflows.order_policy import OrderPolicy
from gateway.workflows.ports import Invoice, InvoiceLine, Marketplace, MarketplaceAccess

ORDER = Path(__file__).parents[2] / "unit" / "vtex" / "orders" / "card_installments.json"
BOTH_DOCUMENTS = ORDER.with_name("company_with_contact_cpf.json")
ORDER_ID = "v900003tst-01"
BRANCH = "11222333000181"
INVOICE = Invoice(
    number="123",
    chave="35261011222333000181550010000000011000000017",
    issued_at=datetime(2026, 10, 9, 16, 30, tzinfo=timezone(timedelta(hours=-3))),
    value=Decimal("112.80"),
    lines=(InvoiceLine("3", 1, Decimal("99.90"), "Produto 3"),),
    xml="<nfeProc/>",
)


def test_it_is_a_marketplace() -> None:
    marketplace: Marketplace = VtexClient()
    assert isinstance(marketplace, VtexClient)


async def test_fetch(vtex: VtexServer, client: VtexClient, access: MarketplaceAccess) -> None:
    vtex.script = [Answer(200, ORDER.read_bytes())]
    order = await client.fetch(access, ORDER_ID, branch=BRANCH)
    assert (order.order_id, order.value, order.holds, order.raw) == (ORDER_ID, Decimal("112.80"), (), ORDER.read_bytes())
    assert order.draft is not None and order.draft.branch == BRANCH
    (seen,) = vtex.seen
    assert breaks(seen, "get_order") == []
    assert seen.path == f"/api/oms/pvt/orders/{ORDER_ID}"
    assert (seen.headers["X-VTEX-API-AppKey"], seen.headers["X-VTEX-API-AppToken"]) == (access.app_key, access.app_token)


async def test_fetch_uses_the_policy_of_the_access(vtex: VtexServer, client: VtexClient, access: MarketplaceAccess) -> None:
    body = BOTH_DOCUMENTS.read_bytes()
    vtex.script = [Answer(200, body), Answer(200, body)]
    order_id = str(json.loads(body)["orderId"])
    plain = await client.fetch(access, order_id, branch=BRANCH)
    always = await client.fetch(replace(access, policy=OrderPolicy(both_documents="ask_always")), order_id, branch=BRANCH)
    assert (plain.holds, [hold.code for hold in always.holds]) == ((), ["VTEX-BOTH-DOCUMENTS"])


async def test_another_orders_body_is_not_taken_for_ours(vtex: VtexServer, client: VtexClient, access: MarketplaceAccess) -> None:
    vtex.script = [Answer(200, ORDER.read_bytes())]
    with pytest.raises(ProtocolBroken) as caught:
        await client.fetch(access, "v1-01", branch=BRANCH)
    assert caught.value.code == "VTEX-OTHER-ORDER"


async def test_start_handling(vtex: VtexServer, client: VtexClient, access: MarketplaceAccess) -> None:
    vtex.script = [Answer(204)]
    await client.start_handling(access, ORDER_ID)
    assert [breaks(seen, "start_handling") for seen in vtex.seen] == [[]]


@pytest.mark.parametrize(
    ("answer", "receipt"),
    [
        (answer_json({"date": "2026-10-09", "orderId": ORDER_ID, "receipt": "38e0"}), "38e0"),
        (Answer(200), ""),
        (Answer(201, b"ok"), ""),
        (answer_json([1]), ""),
    ],
)
@pytest.mark.req("LX-52")
async def test_push_invoice(
    vtex: VtexServer, client: VtexClient, access: MarketplaceAccess, answer: Answer, receipt: str
) -> None:
    vtex.script = [answer]
    assert await client.push_invoice(access, ORDER_ID, INVOICE) == receipt
    assert [breaks(seen, "invoice") for seen in vtex.seen] == [[]]


async def test_a_large_xml_travels_whole(vtex: VtexServer, client: VtexClient, access: MarketplaceAccess) -> None:
    vtex.script = [answer_json({"receipt": "r"})]
    await client.push_invoice(access, ORDER_ID, replace(INVOICE, xml="<x>" + "a" * 3_000_000))
    assert len(vtex.seen[0].body) > 3_000_000
    assert breaks(vtex.seen[0], "invoice") == []


async def test_an_invoice_that_vtex_would_not_survive_never_leaves(
    vtex: VtexServer, client: VtexClient, access: MarketplaceAccess
) -> None:
    with pytest.raises(Refused):
        await client.push_invoice(access, ORDER_ID, replace(INVOICE, number="1/2"))
    assert vtex.seen == []


@pytest.mark.parametrize("order_id", ["", "../x", "a/b", "a b", "a%2Fb", "é", "v" * 81])
async def test_a_strange_order_id_never_leaves(
    vtex: VtexServer, client: VtexClient, access: MarketplaceAccess, order_id: str
) -> None:
    for call in (client.fetch(access, order_id, branch=BRANCH), client.start_handling(access, order_id)):
        with pytest.raises(Refused) as caught:
            await call
        assert caught.value.code == "VTEX-ORDER-ID"
    assert vtex.seen == []


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (answer_json({"error": {"code": "1", "message": "Unauthorized access"}}, 401), Refused, "VTEX-401"),
        (answer_json({}, 403), Refused, "VTEX-403"),
        (answer_json({"error": {"code": "OMS003", "message": "wrong status"}}, 409), Refused, "VTEX-409"),
        (Answer(404), Refused, "VTEX-404"),
        (Answer(500, b"<html>"), OutcomeUnknown, "VTEX-5XX"),
        (Answer(302, headers={"Location": "http://127.0.0.1:9/"}), ProtocolBroken, "VTEX-HTTP"),
        (Answer(drop=True), OutcomeUnknown, "VTEX-LOST"),
        (Answer(hang=True), OutcomeUnknown, "VTEX-LOST"),
    ],
)
async def test_a_write_that_fails_is_sent_once(
    vtex: VtexServer, client: VtexClient, access: MarketplaceAccess, answer: Answer, kind: type[EdgeError], code: str
) -> None:
    vtex.script = [answer]
    with pytest.raises(EdgeError) as caught:
        await client.push_invoice(access, ORDER_ID, INVOICE)
    assert type(caught.value) is kind
    assert caught.value.code == code
    assert len(vtex.seen) == 1


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (Answer(503), NotSent, "VTEX-5XX"),
        (Answer(hang=True), NotSent, "VTEX-LOST"),
        (Answer(200, b"{" + b" " * (10 * 1024 * 1024)), ProtocolBroken, "VTEX-TOO-LARGE"),
        (Answer(200, b"<html>"), ProtocolBroken, "VTEX-BODY"),
        (Answer(200), ProtocolBroken, "VTEX-BODY"),
    ],
)
async def test_a_read_that_fails_may_be_repeated_or_is_broken(
    vtex: VtexServer, client: VtexClient, access: MarketplaceAccess, answer: Answer, kind: type[EdgeError], code: str
) -> None:
    vtex.script = [answer]
    with pytest.raises(EdgeError) as caught:
        await client.fetch(access, ORDER_ID, branch=BRANCH)
    assert type(caught.value) is kind
    assert caught.value.code == code


async def test_a_huge_answer_to_a_write_leaves_its_outcome_unknown(
    vtex: VtexServer, client: VtexClient, access: MarketplaceAccess
) -> None:
    vtex.script = [Answer(200, b" " * (10 * 1024 * 1024 + 1))]
    with pytest.raises(OutcomeUnknown):
        await client.start_handling(access, ORDER_ID)


@pytest.mark.parametrize(("headers", "after"), [({"Retry-After": "7"}, 7.0), ({}, 60.0)])
async def test_429_says_how_long(
    vtex: VtexServer, client: VtexClient, access: MarketplaceAccess, headers: dict[str, str], after: float
) -> None:
    vtex.script = [Answer(429, b"", headers)]
    with pytest.raises(Throttled) as caught:
        await client.fetch(access, ORDER_ID, branch=BRANCH)
    assert caught.value.after == after


async def test_nobody_listening_means_nothing_was_sent(client: VtexClient, access: MarketplaceAccess) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    for call in (client.fetch, client.push_invoice):
        argument: Any = {"branch": BRANCH} if call == client.fetch else {"invoice": INVOICE}
        with pytest.raises(NotSent) as caught:
            await call(replace(access, base_url=f"http://127.0.0.1:{port}"), ORDER_ID, **argument)
        assert caught.value.code == "VTEX-CONNECT"


async def test_a_write_to_a_server_that_speaks_no_tls_is_refused(
    vtex: VtexServer, client: VtexClient, access: MarketplaceAccess
) -> None:
    with pytest.raises(Refused) as caught:
        await client.start_handling(replace(access, base_url=vtex.url.replace("http:", "https:")), ORDER_ID)
    assert caught.value.code == "VTEX-TLS"
    assert vtex.seen == []


@pytest.mark.parametrize(
    ("account", "url"), [("loja/..", ""), ("", ""), ("loja.evil.com#", ""), ("loja", "ftp://x"), ("loja", "nada")]
)
async def test_a_malformed_account_or_address_goes_nowhere(client: VtexClient, account: str, url: str) -> None:
    with pytest.raises(ConfigInvalid):
        await client.start_handling(MarketplaceAccess(account, url, "k", "t"), ORDER_ID)


async def test_feed(vtex: VtexServer, client: VtexClient, access: MarketplaceAccess) -> None:
    event = {"eventId": "E", "handle": "h1", "domain": "Fulfillment", "state": "ready-for-handling", "orderId": "v1-01"}
    vtex.script = [
        answer_json([event, event | {"handle": "h2", "orderId": None}, event | {"handle": ""}, 3]),
        Answer(200),
        answer_json([]),
        answer_json({"error": {"code": "X", "message": "no config"}}, 404),
        answer_json({"unexpected": 1}),
    ]
    assert await client.feed(access) == (("h1", "v1-01"), ("h2", ""))
    assert await client.feed(access) == ()
    assert await client.feed(access) == ()
    with pytest.raises(Refused) as caught:
        await client.feed(access)
    assert caught.value.code == "VTEX-404"
    with pytest.raises(ProtocolBroken):
        await client.feed(access)
    assert [breaks(seen, "feed") for seen in vtex.seen] == [[]] * 5


async def test_commit_feed_goes_ten_at_a_time_and_nothing_means_no_call(
    vtex: VtexServer, client: VtexClient, access: MarketplaceAccess
) -> None:
    await client.commit_feed(access, ())
    assert vtex.seen == []
    vtex.script = [Answer(200), Answer(200)]
    await client.commit_feed(access, tuple(f"h{i}" for i in range(12)))
    assert [breaks(seen, "feed_commit") for seen in vtex.seen] == [[], []]
    assert [seen.body for seen in vtex.seen] == [
        b'{"handles":["h0","h1","h2","h3","h4","h5","h6","h7","h8","h9"]}',
        b'{"handles":["h10","h11"]}',
    ]


def _page(*ids: str, pages: int = 1) -> Answer:
    return answer_json({"list": [{"orderId": x, "status": "ready-for-handling"} for x in ids], "paging": {"pages": pages}})


async def test_list_ready_reads_every_page(vtex: VtexServer, client: VtexClient, access: MarketplaceAccess) -> None:
    vtex.script = [_page("a-1", "b-1", pages=2), _page("b-1", "c-1", "../x", pages=2)]
    until = datetime(2026, 10, 9, 12, tzinfo=UTC)
    assert await client.list_ready(access, until - timedelta(hours=1), until) == ("a-1", "b-1", "c-1")
    assert [breaks(seen, "list_orders") for seen in vtex.seen] == [[], []]
    assert vtex.seen[0].query["f_creationDate"] == "creationDate:[2026-10-09T11:00:00.000Z TO 2026-10-09T12:00:00.000Z]"
    assert [seen.query["page"] for seen in vtex.seen] == ["1", "2"]


async def test_list_ready_halves_a_window_past_thirty_pages(
    vtex: VtexServer, client: VtexClient, access: MarketplaceAccess
) -> None:
    vtex.script = [_page("a-1", pages=31), _page("a-1", pages=1), _page("b-1", pages=1)]
    until = datetime(2026, 10, 9, 12, tzinfo=UTC)
    assert await client.list_ready(access, until - timedelta(hours=2), until) == ("a-1", "b-1")
    assert [seen.query["f_creationDate"][14:38] for seen in vtex.seen] == [
        "2026-10-09T10:00:00.000Z",
        "2026-10-09T10:00:00.000Z",
        "2026-10-09T11:00:00.000Z",
    ]


async def test_list_ready_without_a_list_or_an_offset(vtex: VtexServer, client: VtexClient, access: MarketplaceAccess) -> None:
    vtex.script = [answer_json({"message": "?"})]
    until = datetime(2026, 10, 9, 12, tzinfo=UTC)
    with pytest.raises(ProtocolBroken):
        await client.list_ready(access, until, until)
    with pytest.raises(ValueError, match="fuso"):
        await client.list_ready(access, until.replace(tzinfo=None), until)


async def test_hook(vtex: VtexServer, client: VtexClient, access: MarketplaceAccess) -> None:
    url = "https://gw.example/webhooks/vtex/lojateste"
    vtex.script = [
        Answer(404),
        Answer(200),
        answer_json({"filter": {"status": list(STATUSES)}, "hook": {"url": url}}),
        Answer(403),
    ]
    assert await client.hook(access) is None
    await client.configure_hook(access, url=url, headers={"key": "segredo"})
    assert await client.hook(access) == HookConfig(url, STATUSES)
    with pytest.raises(Refused) as caught:
        await client.hook(access)
    assert "Feed v3 and Hook Admin" in caught.value.fix
    names = ["get_hook", "hook_config", "get_hook", "get_hook"]
    assert [breaks(seen, name) for seen, name in zip(vtex.seen, names, strict=True)] == [[]] * 4


async def test_one_log_line_a_call_and_no_secret_anywhere(
    vtex: VtexServer, client: VtexClient, access: MarketplaceAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    capture = LogCapture()
    monkeypatch.setattr(transport, "log", structlog.wrap_logger(None, processors=[capture]))
    vtex.script = [Answer(204), answer_json({"message": f"bad token {access.app_token} of {access.app_key}"}, 401)]
    await client.start_handling(access, ORDER_ID)
    with pytest.raises(Refused) as caught:
        await client.start_handling(access, ORDER_ID)
    lines = capture.entries
    assert [(line["event"], line["call"], line["account"], line["order_id"], line["outcome"]) for line in lines] == [
        ("vtex.call", "start-handling", "lojateste", ORDER_ID, 204),
        ("vtex.call", "start-handling", "lojateste", ORDER_ID, "VTEX-401"),
    ]
    everything = f"{lines} {caught.value.detail} {caught.value} {access!r}"
    assert access.app_token not in everything
    assert access.app_key not in everything


async def test_a_closed_client_opens_again(vtex: VtexServer, client: VtexClient, access: MarketplaceAccess) -> None:
    vtex.script = [Answer(204), Answer(204)]
    await client.start_handling(access, ORDER_ID)
    await client.close()
    await client.start_handling(access, ORDER_ID)
    assert len(vtex.seen) == 2


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("invoice", {"invoiceValue": 11280}),
        ("invoice", {"invoiceNumber": "1-2"}),
        ("invoice", {"courier": None}),
        ("invoice", {"extra": 1}),
        ("invoice", {"items": [{"id": 3, "price": 1, "quantity": 1}]}),
    ],
)
async def test_the_checker_itself_can_fail(
    vtex: VtexServer, client: VtexClient, access: MarketplaceAccess, name: str, change: dict[str, Any]
) -> None:
    vtex.script = [Answer(200)]
    await client.push_invoice(access, ORDER_ID, INVOICE)
    seen = vtex.seen[0]
    assert breaks(replace(seen, body=json.dumps(json.loads(seen.body) | change).encode()), name) != []
    assert contract(name)["x-method"] == "POST"
