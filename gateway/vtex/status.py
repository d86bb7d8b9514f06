"""Whether VTEX's own word for the order lets it be billed. An unknown word is parked, never guessed.

Source: Order flow and status; List of accepted statuses of the hook (Orders API).
"""

from __future__ import annotations

from gateway.core.chave import ChaveAcesso
from gateway.vtex.wire import Order, text
from gateway.workflows.ports import Hold, Package

BILLABLE = frozenset(
    {"ready-for-handling", "start-handling", "handling", "invoice", "ready-for-invoicing", "invoice-after-cancellation-deny"}
)
CANCELLING = frozenset(
    {"cancel", "canceled", "cancellation-requested", "request-cancel", "waiting-for-seller-decision", "replaced"}
)
EARLY = frozenset(
    {
        "order-created",
        "order-accepted",
        "on-order-completed",
        "on-order-completed-ffm",
        "payment-pending",
        "waiting-for-order-authorization",
        "approve-payment",
        "payment-approved",
        "waiting-ffmt-authorization",
        "waiting-for-authorization",
        "waiting-for-manual-authorization",
        "authorize-fulfillment",
        "window-to-cancel",
        "window-to-change-seller",
        "window-to-change-payment",
        "waiting-for-mkt-authorization",
        "waiting-seller-handling",
        "waiting-for-fulfillment",
    }
)


def holds(order: Order, packages: tuple[Package, ...], branch: str) -> tuple[Hold, ...]:
    """What the order's situation objects to, the strongest objection first."""
    word = text(order.status)
    found = []
    if word in CANCELLING:
        found.append(
            Hold(
                "VTEX-CANCELLED",
                f"O pedido está cancelado ou em cancelamento na VTEX ({word}).",
                "Não fature; confirme o cancelamento na VTEX.",
            )
        )
    outputs = tuple(package for package in packages if package.type == "Output")
    if word == "invoiced" or outputs:
        found.append(_invoiced(outputs, branch))
    elif word in EARLY or not word:
        name = f"em {word!r}" if word else "sem situação (a VTEX ainda não o completou)"
        found.append(
            Hold(
                "VTEX-STATUS",
                f"O pedido está {name} e ainda não pode ser faturado.",
                "O pedido será lido de novo.",
                by_itself=True,
            )
        )
    elif word not in BILLABLE and word not in CANCELLING:
        found.append(
            Hold(
                "VTEX-STATUS",
                f"A VTEX diz {word[:60]!r}, situação que este gateway não conhece.",
                "Confira o pedido na VTEX antes de faturar.",
            )
        )
    if order.is_completed is False:
        found.append(
            Hold(
                "VTEX-INCOMPLETE",
                "A VTEX ainda não completou o pedido (isCompleted falso).",
                "O pedido será lido de novo.",
                by_itself=True,
            )
        )
    if order.workflow_is_in_error:
        found.append(
            Hold(
                "VTEX-WORKFLOW",
                "O fluxo do pedido está com erro na VTEX.",
                "Abra o pedido na VTEX e repita o passo com erro.",
                by_itself=True,
            )
        )
    return tuple(found)


def _invoiced(outputs: tuple[Package, ...], branch: str) -> Hold:
    mine = [package.number for package in outputs if _issued_by(package.chave, branch)]
    if mine:
        message = f"O pedido já tem fatura desta filial na VTEX (nota {', '.join(mine)})."
        fix = "Confira se a nota foi emitida por outro sistema; uma segunda nota não será emitida sozinha."
    else:
        message = "O pedido já está faturado na VTEX por uma nota que não é desta filial."
        fix = "Confira na VTEX quem faturou o pedido; se foi engano, trate o pedido manualmente."
    return Hold("VTEX-INVOICED", message, fix)


def _issued_by(chave: str | None, branch: str) -> bool:
    try:
        return chave is not None and ChaveAcesso(chave).tax_id == branch
    except ValueError:
        return False
