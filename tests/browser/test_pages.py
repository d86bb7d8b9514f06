"""Every page of the console, on phone and desktop, light and dark: opens, is accessible, fits; the browser has nothing to say."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from gateway import demo_data
from gateway.api.console.routes import ROUTES
from gateway.sim.sefaz import Fault
from gateway.stage import FINAL_DOCUMENT, Stage
from tests.browser.conftest import Open, faults, picture
from tests.e2e.test_batches import body, ended, post
from tests.e2e.test_received import buyer, fetch, received, sell_to_buyer

NOT_PAGES = ("/xml", ".pdf", ".png", ".csv", ".xlsx", ".zip", "/stream", "/login")
HOLE = re.compile(r"\{\w+(:[^}]*)?\}")
PAGES = {path for method, path, _ in ROUTES if method == "GET" and not path.endswith(NOT_PAGES)}


async def a_day(stage: Stage) -> None:
    """A sale, a refused one, an order that waits for a person, a batch, a note received."""
    await stage.sell("balcao-1001")
    stage.sims.sefaz.push_fault(Fault(action="cstat", service="NFeAutorizacao4", cStat="778"))
    await stage._call("POST", "/v1/nfe", demo_data.sale("balcao-1002"))
    await stage._until("/v1/nfe/balcao-1002", "status", FINAL_DOCUMENT)
    order = demo_data.order("v100201-01", datetime.now(UTC))
    order["items"][0] |= {"id": "7003", "refId": None}
    await stage.take_order(order, register_products=False)
    await post(
        stage, "lote-1", body(demo_data.sale("l-1"), demo_data.sale("l-2") | {"items": [{"sku": "NAO-HA", "quantity": 1}]})
    )
    await ended(stage, "lote-1")
    await buyer(stage)
    chave = await sell_to_buyer(stage, "venda-ao-comprador")
    await fetch(stage)
    await received(stage, chave)


def page_of(address: str) -> str:
    """The route an address belongs to, as ROUTES writes it; empty for none."""
    path = address.partition("?")[0].partition("#")[0]
    for route in PAGES:
        if re.fullmatch(HOLE.sub("[^/]+", route), path):
            return route
    return ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["phone", "desktop"])
async def test_every_page(stage: Stage, signed_in: Open, size: str, scheme: str) -> None:
    await a_day(stage)
    page = await signed_in(size, scheme)
    found: list[str] = []
    seen: set[str] = set()
    waiting = ["/console"]
    while waiting:
        address = waiting.pop()
        answer = await page.goto(address, wait_until="domcontentloaded")
        assert answer is not None and answer.status == 200, address
        seen.add(page_of(address))
        found += [f"{address}: {fault}" for fault in await faults(page)]
        name = HOLE.sub("uma", page_of(address)).removeprefix("/console").strip("/").replace("/", "-") or "agora"
        await picture(page, f"{size}-{scheme}-{name}")
        links = await page.eval_on_selector_all("a[href^='/console']", "all => all.map(one => one.getAttribute('href'))")
        for link in links:
            if page_of(link) and page_of(link) not in seen | {page_of(one) for one in waiting}:
                waiting.append(link)
    assert not found, "\n".join(found)
    assert seen == PAGES
