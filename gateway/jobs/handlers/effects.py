"""What a document's outcome asks for next: written in the outcome's own transaction, done by other jobs."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from gateway.nfe.contingency import EPEC, HANDED_OVER
from gateway.store import contingencies, documents, fiscal_events, orders, prints, reissues, setup
from gateway.store.documents import DocumentRow
from gateway.store.jobs import enqueue
from gateway.workflows.marketplace_order import ORDER
from gateway.workflows.ports import Hold


def after_outcome(conn: Any, document: str, at: int) -> None:
    """Ask for the effects of the state the document has just reached; runs inside that transaction."""
    doc = documents.get(conn, document)
    assert doc is not None  # the caller has just moved it
    if doc.origin == reissues.ATTEMPT:
        _tell_sale(conn, doc, at)
        return
    reissues.settle_attempts(conn, doc)
    if doc.status == "authorized":
        request_print(conn, doc)
    if doc.chave is not None and doc.chave[34] in HANDED_OVER:
        branch = setup.get_branch(conn, doc.branch)
        assert branch is not None  # documents.branch is a foreign key
        contingencies.count_again(conn, doc, ZoneInfo(branch.time_zone))
        _ask_for_protocol(conn, doc)
    if doc.origin == "vtex" and doc.origin_ref is not None:
        _tell_order(conn, doc, doc.origin_ref, at)


_FIRST = {
    "authorized": "a SEFAZ a tinha autorizado: será cancelada quando a nota da venda for autorizada",
    "rejected": "a SEFAZ não a tem: o número será inutilizado",
    "denied": "a SEFAZ a denegou: o número está consumido",
    "cancelled": "está cancelada",
    "voided": "o número está inutilizado",
}


def _tell_sale(conn: Any, attempt: DocumentRow, at: int) -> None:
    """A first attempt prints nothing and tells no order: its sale's timeline tells it, and its end is looked for."""
    data = {"attempt": attempt.id, "chave": attempt.chave, "number": attempt.number, "status": attempt.status}
    text = f"Primeira tentativa, nota {attempt.number}: {_FIRST[attempt.status]}."
    assert attempt.origin_ref is not None  # written with the attempt
    documents.add_event(conn, attempt.origin_ref, f"attempt_{attempt.status}", text, data, at)
    reissues.settle(conn, attempt.id)


def _ask_for_protocol(conn: Any, doc: DocumentRow) -> None:
    """An EPEC whose protocol nobody told: home lists it with the note it has just authorised."""
    if doc.chave is None or doc.chave[34] != EPEC:
        return
    epec = fiscal_events.epec_of(conn, doc.id)
    if epec is not None and epec.status != "registered":
        fiscal_events.ask_again(conn, epec)


def request_print(conn: Any, doc: DocumentRow) -> None:
    """Ask for the slip, once: a note issued off-line has already printed its own."""
    branch = setup.get_branch(conn, doc.branch)
    if branch is None or not branch.printer.address or prints.for_document(conn, doc.id, "slip") is not None:
        return
    enqueue(
        conn,
        kind="print.slip",
        queue="print",
        subject=doc.id,
        payload={"address": branch.printer.address},
        key=f"printer:{branch.printer.address}",
        unique_key=f"print.slip:{doc.id}",
    )


def _tell_order(conn: Any, doc: DocumentRow, order_id: str, at: int) -> None:
    order = orders.get(conn, order_id)
    if order is None:
        return
    if doc.status == "authorized":
        text = f"Nota {doc.number} autorizada: {doc.chave}."
        if "authorize" not in ORDER.events(order.state):
            # What SEFAZ authorised is written down whatever became of the order.
            orders.add_event(conn, order_id, "authorize", text, {"document": doc.id}, at)
            return
        orders.move(conn, order_id, "authorize", at=at, text=text, data={"document": doc.id})
        account = setup.get_vtex_account(conn, order.account)
        # Of a cancelled order the push is asked for too: it never pushes, it reads the order and tells a person.
        if account is None or account.config.auto_invoice or order.state == "cancelled":
            request_invoice(conn, order.account, order.external_id, order_id)
    elif doc.status in HOLDS:
        hold = hold_for(doc)
        # An order that went on by the note is told too: what the marketplace has is no longer true.
        event = next((event for event in ("hold", "diverge") if event in ORDER.events(order.state)), None)
        if event is None:
            orders.add_event(conn, order_id, "note", hold.message, {"document": doc.id}, at)
        else:
            orders.move(conn, order_id, event, at=at, text=hold.message, hold=hold, data={"document": doc.id})


HOLDS = {"rejected": "NFE-REJECTED", "denied": "NFE-DENIED", "cancelled": "NFE-CANCELLED", "voided": "NFE-VOIDED"}
"""Statuses of a document with which its order cannot go on, and the code that says so."""


def hold_for(doc: DocumentRow) -> Hold:
    """Why an order waits for a person when its note is in one of the statuses of `HOLDS`."""
    reason = doc.reason or "sem motivo informado"
    if doc.status == "cancelled":
        return Hold(
            HOLDS[doc.status],
            "A nota do pedido consta como cancelada na SEFAZ.",
            "Cancele o pedido no marketplace, ou emita outra nota para ele com outra ref.",
        )
    if doc.status == "voided":
        return Hold(
            HOLDS[doc.status],
            f"O número da nota do pedido ({doc.number}) foi inutilizado na SEFAZ.",
            "Cancele o pedido no marketplace, ou emita outra nota para ele com outra ref.",
        )
    return Hold(
        HOLDS[doc.status],
        f"A SEFAZ recusou a nota do pedido: {doc.cstat or ''} {reason}".replace("  ", " "),
        "Corrija o cadastro apontado e olhe o pedido de novo; sem nada a corrigir no cadastro, tente de novo a própria nota.",
    )


def request_invoice(conn: Any, account: str, external_id: str, order_id: str) -> str:
    """Ask for the invoice to be pushed; many asks while one waits are one job."""
    return enqueue(
        conn,
        kind="vtex.invoice",
        queue="marketplace",
        subject=order_id,
        payload={"account": account, "order_id": external_id},
        key=orders.order_key(account, external_id),
        unique_key=f"vtex.invoice:{order_id}",
    )
