"""A refused sale is told everything in one answer, and nothing of it is kept."""

from __future__ import annotations

from typing import Any

import pytest

from gateway import demo_data
from gateway.stage import Stage
from tests.e2e.test_batches import answers, body, ended
from tests.e2e.test_batches import post as post_batch
from tests.e2e.test_raw import post
from tests.e2e.test_sale import counts

BOTH = [
    ("NFE-DEST-02", "$.customer.tax_id"),
    ("NFE-SALE-01", "$.references[0]"),
    ("NFE-XSD-PATTERN", "$.items[0].details.med"),
]
"""Two of the business body, and one that only the schema of the composed document knows."""


def wrong(sale: dict[str, Any]) -> dict[str, Any]:
    first = sale["items"][0] | {"details": {"med": {"cProdANVISA": "abc", "vPMC": "10.00"}}}
    customer = (sale.get("customer") or {}) | {"tax_id": "52998224726"}
    return sale | {"items": [first, *sale["items"][1:]], "customer": customer, "references": ["123"]}


def told(problem: Any) -> list[tuple[str, str]]:
    return [(fault["code"], fault["path"]) for fault in problem["faults"]]


@pytest.mark.parametrize("path", ["/v1/nfe", "/v1/nfe/preview"])
async def test_a_sale_is_refused_once_with_everything(stage: Stage, path: str) -> None:
    status, problem = await post(stage, wrong(demo_data.sale("tudo-1")), path)
    assert (status, told(problem)) == (422, BOTH)
    assert all(fault["message"] and fault["fix"] and fault["source"] for fault in problem["faults"])
    assert await counts(stage) == (0, 0)
    async with stage.http.get("/v1/nfe/tudo-1") as answer:
        assert answer.status == 404


async def test_a_consumers_note_is_refused_once_with_everything(stage: Stage) -> None:
    status, problem = await post(stage, wrong(demo_data.nfce("tudo-2")), "/v1/nfce")
    assert status == 422
    assert told(problem) == [
        ("NFCE-SALE-02", "$.references"),
        ("NFE-DEST-02", "$.customer.tax_id"),
        ("NFE-SALE-01", "$.references[0]"),
        ("NFE-XSD-PATTERN", "$.items[0].details.med"),
    ]
    assert await counts(stage) == (0, 0)


async def test_what_cannot_be_read_is_told_beside_what_can(stage: Stage) -> None:
    unread = wrong(demo_data.sale("tudo-3")) | {"inventado": 1, "discount": "abc"}
    status, problem = await post(stage, unread, "/v1/nfe")
    assert status == 422
    assert told(problem)[0][1] == "$.inventado"
    assert {path for _, path in told(problem)} == {"$.inventado", "$.discount", *(path for _, path in BOTH)}
    assert await counts(stage) == (0, 0)


async def test_a_group_or_a_number_that_cannot_be_read_hides_nothing_else(stage: Stage) -> None:
    """The address lacks its city, a quantity is a word: the rest of the sale is looked at without either."""
    sale = wrong(demo_data.sale("tudo-6"))
    address = {name: value for name, value in sale["customer"]["address"].items() if name not in ("city", "uf")}
    sale["customer"] |= {"address": address}
    sale["items"] = [sale["items"][0] | {"quantity": "dois"}, *sale["items"][1:]]
    status, problem = await post(stage, sale, "/v1/nfe")
    assert (status, told(problem)) == (
        422,
        [
            ("GW-REQUIRED", "$.customer.address.city"),
            ("GW-REQUIRED", "$.customer.address.uf"),
            ("GW-NUMBER", "$.items[0].quantity"),
            *BOTH,
        ],
    )
    assert await counts(stage) == (0, 0)


async def test_a_line_of_a_batch_is_refused_once_with_everything(stage: Stage) -> None:
    unread = wrong(demo_data.nfce("tudo-5")) | {"inventado": 1, "kind": "nfce"}
    lines = body(wrong(demo_data.sale("tudo-4")), demo_data.sale("boa-4"), unread)
    assert (await post_batch(stage, "lote-tudo", lines))[0] == 202
    await ended(stage, "lote-tudo")
    first, second, third = await answers(stage, "lote-tudo")
    assert told(first) == BOTH
    assert told(third) == [
        ("GW-UNKNOWN-FIELD", "$.inventado"),
        ("NFCE-SALE-02", "$.references"),
        ("NFE-DEST-02", "$.customer.tax_id"),
        ("NFE-SALE-01", "$.references[0]"),
        ("NFE-XSD-PATTERN", "$.items[0].details.med"),
    ]
    assert second["status"] == "authorized"
    assert await counts(stage) == (1, 1)
