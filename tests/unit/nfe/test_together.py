"""A refusal tells everything at once: faults of the body and of the document, and nothing that only follows from them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from gateway.core.errors import ValidationFailed
from gateway.core.faults import Fault
from gateway.nfe import request as requests
from gateway.nfe.branch import Branch
from gateway.nfe.draft import Draft
from gateway.nfe.item_details import ItemDetails
from gateway.nfe.product import Product
from gateway.nfe.request import Request
from tests.unit.nfe import test_nfce_rules, test_raw, test_rules
from tests.unit.nfe.commerce_pairs import PAIRS as COMMERCE
from tests.unit.nfe.made import AT, BRANCH, CONSUMER, SHIRT, SP, item, pays, sale
from tests.unit.nfe.made_document import put
from tests.unit.nfe.made_raw import BOOK, WINE, raw

replace = msgspec.structs.replace
NFE = [*test_rules.PAIRS, *COMMERCE]


def faults(asked: Request, *goods: Product, branch: Branch = BRANCH, mod: str = "55") -> list[Fault]:
    """All that is told of a body that is refused."""
    with pytest.raises(ValidationFailed) as caught:
        known = {one.sku: one for one in goods or (SHIRT,)}
        requests.dry_run(requests.attempt(asked, branch, known, at=AT, mod=mod), AT)
    return list(caught.value.faults)


def told(asked: Request, *goods: Product, branch: Branch = BRANCH, mod: str = "55") -> list[tuple[str, str]]:
    return [(fault.code, fault.path) for fault in faults(asked, *goods, branch=branch, mod=mod)]


@pytest.mark.parametrize("pair", NFE, ids=lambda pair: f"{pair.code} {pair.path}")
def test_one_fault_of_a_sale_brings_no_other(pair: Any) -> None:
    goods = (pair.bad_product,) if pair.bad_product else ()
    found = told(pair.bad, *goods, branch=pair.bad_branch)
    assert found[0] == (pair.code, pair.path)
    assert {path for _, path in found} == {pair.path}


@pytest.mark.parametrize("pair", test_nfce_rules.PAIRS, ids=lambda pair: f"{pair.code} {pair.path}")
def test_one_fault_of_a_consumers_note_brings_no_other(pair: Any) -> None:
    assert told(pair.bad, branch=pair.bad_branch, mod="65") == [(pair.code, pair.path)]


@pytest.mark.parametrize("pair", test_raw.PAIRS, ids=lambda pair: f"{pair[0]} {pair[1]}")
def test_one_fault_of_a_raw_note_brings_no_other(pair: tuple[str, str, dict[str, Any], dict[str, Any]]) -> None:
    code, path, bad, _ = pair
    changes = dict(bad)
    goods = test_raw.vary(WINE, *changes.pop("item")) if "item" in changes else WINE
    assert told(raw(goods, **changes)) == [(code, path)]


RECOPI = item(details=ItemDetails(nRECOPI="123"))
"""What only the schema of the document refuses: twenty digits are expected."""


def test_a_sale_is_told_of_body_and_document_at_once() -> None:
    asked = sale(
        items=(RECOPI,),
        customer=replace(CONSUMER, tax_id="52998224726", address=replace(SP, uf="XX")),
        references=("123",),
    )
    assert told(asked) == [
        ("NFE-DEST-02", "$.customer.tax_id"),
        ("NFE-ADDRESS-01", "$.customer.address.uf"),
        ("NFE-SALE-01", "$.references[0]"),
        ("NFE-XSD-PATTERN", "$.items[0].details.nRECOPI"),
    ]
    assert told(sale(items=(RECOPI,))) == [("NFE-XSD-PATTERN", "$.items[0].details.nRECOPI")]


def test_a_rule_over_the_document_is_told_beside_the_body() -> None:
    """328 promoted to refuse, and a branch whose sale has the CFOP of a return."""
    with pytest.raises(ValidationFailed) as caught:
        asked = sale(references=("123",), customer=replace(CONSUMER, tax_id="1"))
        draft = requests.attempt(asked, BRANCH, {SHIRT.sku: SHIRT}, at=AT)
        assert isinstance(draft, Draft)
        requests.dry_run(replace(draft, det=(put(draft.det[0], "prod.CFOP", "5202"),)), AT, {"R-328": "refuse"})
    assert [(fault.code, fault.path) for fault in caught.value.faults] == [
        ("NFE-DEST-02", "$.customer.tax_id"),
        ("NFE-SALE-01", "$.references[0]"),
        ("R-328", "$.items[0]"),
    ]


def test_what_is_wrong_with_the_product_of_a_line_without_quantity_is_told_too() -> None:
    bad = replace(SHIRT, ncm="6109", description="")
    asked = sale(items=(item("0"), item("1", sku="NADA"), item("1", product=replace(bad, sku="OUTRA"), sku="OUTRA")))
    assert told(asked, bad) == [
        ("NFE-ITEM-02", "$.items[0].quantity"),
        ("NFE-PRODUCT-01", "$.items[1].sku"),
        ("NFE-PRODUCT-12", "$.items[0].sku"),
        ("NFE-PRODUCT-02", "$.items[0].sku"),
        ("NFE-PRODUCT-12", "$.items[2].product"),
        ("NFE-PRODUCT-02", "$.items[2].product"),
    ]


def test_a_product_sold_twice_is_told_once() -> None:
    twice = sale(items=(item(), item()), payments=(pays("pix", "200.00"),))
    assert told(twice, replace(SHIRT, ncm="6109")) == [("NFE-PRODUCT-02", "$.items[0].sku")]


def test_a_document_rule_points_at_the_item_of_the_sale_though_another_has_no_product() -> None:
    """The second item of the sale is the first of the document, for the product of the first is not known."""
    assert told(sale(items=(item(sku="NADA"), RECOPI))) == [
        ("NFE-PRODUCT-01", "$.items[0].sku"),
        ("NFE-XSD-PATTERN", "$.items[1].details.nRECOPI"),
    ]


def test_a_raw_note_is_told_of_body_and_document_at_once() -> None:
    book: dict[str, Any] = {**BOOK, "prod": {**BOOK["prod"], "NCM": "490", "vProd": 60}}
    asked = raw(WINE, book, paid="166.20", ide__serie="890", ide__tpEmis="6", emit__IE="isento!", ide__natOp="VENDA\x00")
    assert told(asked) == [
        ("NFE-RAW-01", "$.infNFe.ide.natOp"),
        ("NFE-RAW-03", "$.infNFe.ide.serie"),
        ("NFE-RAW-08", "$.infNFe.ide.tpEmis"),
        ("R-I11-10", "$.infNFe.det[1].prod.vProd"),
        ("R-I11-20", "$.infNFe.det[1].prod.vProd"),
    ]


def test_nothing_is_guessed_of_a_sale_whose_operation_is_another() -> None:
    asked = sale(items=(RECOPI,), operation="servico", customer=replace(CONSUMER, tax_id="1"))
    assert told(asked) == [("NFE-OP-02", "$.operation"), ("NFE-DEST-02", "$.customer.tax_id")]


def test_a_fault_of_an_amount_leaves_totals_unsaid() -> None:
    """Without the quantity of one item nobody knows the total, nor whether 1.00 pays it."""
    asked = sale(items=(item("-1"), RECOPI), payments=(pays("pix", "1.00"),))
    assert told(asked) == [("NFE-ITEM-02", "$.items[0].quantity"), ("NFE-XSD-PATTERN", "$.items[1].details.nRECOPI")]
