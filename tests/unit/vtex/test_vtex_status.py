"""VTEX's word decides whether an order is billed now, later, or by a person."""

from __future__ import annotations

from typing import Any

import pytest
from vtex_order_files import codes, load, read

from gateway.core.chave import check_digit

OURS = "35261011222333000181550010000000011000000017"
THEIRS = "35261012345678000195550010000000011000000010"


def _key(first: str) -> str:
    return first[:43] + check_digit(first[:43])


@pytest.mark.parametrize("word", ["ready-for-handling", "start-handling", "handling", "invoice", "ready-for-invoicing"])
def test_billable(word: str) -> None:
    assert codes(read(load("kit") | {"status": word})) == []


@pytest.mark.parametrize("word", ["", None, "order-created", "payment-approved", "window-to-cancel"])
def test_too_early_looks_again_by_itself(word: str | None) -> None:
    order = read(load("kit") | {"status": word})
    assert [(hold.code, hold.by_itself) for hold in order.holds] == [("VTEX-STATUS", True)]
    assert order.status == (word or "")


def test_an_unknown_word_waits_for_a_person() -> None:
    order = read(load("kit") | {"status": "brand-new-status"})
    assert [(hold.code, hold.by_itself) for hold in order.holds] == [("VTEX-STATUS", False)]
    assert "brand-new-status" in order.holds[0].message


@pytest.mark.parametrize("word", ["cancel", "canceled", "cancellation-requested", "request-cancel", "replaced"])
def test_cancelled(word: str) -> None:
    order = read(load("kit") | {"status": word})
    assert [(hold.code, hold.by_itself) for hold in order.holds] == [("VTEX-CANCELLED", False)]


@pytest.mark.parametrize(
    ("status", "packages", "words"),
    [
        ("invoiced", [], "não é desta filial"),
        ("handling", [{"type": "Output", "invoiceNumber": "7", "invoiceKey": _key(THEIRS), "invoiceValue": 100}], "não é desta"),
        ("invoiced", [{"type": "Output", "invoiceNumber": "7", "invoiceKey": _key(OURS), "invoiceValue": 100}], "nota 7"),
    ],
)
def test_an_order_with_an_invoice_is_not_billed_again(status: str, packages: list[dict[str, Any]], words: str) -> None:
    order = read(load("kit") | {"status": status, "packageAttachment": {"packages": packages}})
    assert codes(order) == ["VTEX-INVOICED"]
    assert words in order.holds[0].message
    assert [(p.type, p.number) for p in order.packages] == [("Output", "7")] * len(packages)


def test_a_return_invoice_alone_does_not_stop_billing() -> None:
    package = {"Type": "Input", "InvoiceNumber": "9", "InvoiceKey": None, "InvoiceValue": 100}
    order = read(load("kit") | {"packageAttachment": {"packages": [package]}})
    assert codes(order) == []
    assert order.packages[0].type == "Input"


@pytest.mark.parametrize(
    ("field", "value", "code"), [("isCompleted", False, "VTEX-INCOMPLETE"), ("workflowIsInError", True, "VTEX-WORKFLOW")]
)
def test_a_broken_workflow_looks_again_by_itself(field: str, value: bool, code: str) -> None:
    order = read(load("kit") | {field: value})
    assert [(hold.code, hold.by_itself) for hold in order.holds] == [(code, True)]
