"""Rows, freight and residue of an order, so that they add up to its value exactly.

`value = sum(gross - discount + freight) + other`, to the centavo, whatever VTEX rounded. Card interest is in no total and
never enters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal
from itertools import chain

from gateway.core.money import CENT, ZERO, split
from gateway.vtex.rows import RowAmounts, read_rows
from gateway.vtex.wire import Order, reais, text
from gateway.workflows.order_policy import OrderPolicy
from gateway.workflows.ports import Hold


@dataclass(frozen=True, slots=True)
class Amounts:
    """The order in reais. With holds, the parts are as read and need not add up."""

    value: Decimal
    rows: tuple[RowAmounts, ...]
    freight: Decimal
    other: Decimal
    holds: tuple[Hold, ...] = ()


def amounts(order: Order, policy: OrderPolicy) -> Amounts:
    """The amounts, and why they cannot be billed when they cannot. Raises ProtocolBroken for what is not whole centavos."""
    totals = {text(total.id): ZERO for total in order.totals or ()}
    for i, total in enumerate(order.totals or ()):
        totals[text(total.id)] += reais(total.value, f"$.totals[{i}].value")
    summed = sum(totals.values(), ZERO)
    value = reais(order.value, "$.value") if order.value is not None else summed
    rows = read_rows(order, totals.get("Items"))
    charged = _freight_charged(order, rows)
    shipping = totals.get("Shipping", sum(charged, ZERO))
    holds = [*_value_holds(order, value, summed), *_row_holds(rows, policy)]
    if holds or not rows:
        return Amounts(value, rows, shipping, ZERO, tuple(holds))

    goods = sum((row.net for row in rows), ZERO)
    residue = value - goods - shipping
    if residue and value == goods + sum(charged, ZERO):
        # the freight promotion is inside Discounts and Shipping is the list price: what each row charges is the truth
        shipping, residue = sum(charged, ZERO), ZERO
    if shipping < 0:
        residue, shipping = residue + shipping, ZERO
    slack = _rounding(order, policy, rows)
    hold = _unexplained(totals, goods, residue, slack)
    if hold is not None:
        return Amounts(value, rows, shipping, ZERO, (hold,))
    beyond = max(-residue - goods, ZERO)  # a discount larger than the goods is on the freight too
    shipping, residue = shipping - beyond, residue + beyond
    rows, other = _spread(rows, residue, positive_is_named=residue > slack)
    parts = charged if sum(charged, ZERO) == shipping else split(shipping, _weights(charged, rows))
    rows = tuple(replace(row, freight=part) for row, part in zip(rows, parts, strict=True))
    return Amounts(value, rows, shipping, other)


def _freight_charged(order: Order, rows: Sequence[RowAmounts]) -> tuple[Decimal, ...]:
    by_row: dict[int, Decimal] = {}
    shipping = order.shipping_data
    for i, info in enumerate((shipping.logistics_info if shipping is not None else None) or ()):
        if info.item_index is not None:
            price = reais(info.selling_price, f"$.shippingData.logisticsInfo[{i}].sellingPrice")
            by_row[info.item_index] = by_row.get(info.item_index, ZERO) + max(price, ZERO)
    return tuple(by_row.get(row.index, ZERO) for row in rows)


def _weights(charged: Sequence[Decimal], rows: Sequence[RowAmounts]) -> list[Decimal]:
    return list(charged) if any(charged) else [row.net for row in rows]


def _value_holds(order: Order, value: Decimal, summed: Decimal) -> list[Hold]:
    holds = []
    if value != summed:
        holds.append(
            Hold(
                "VTEX-VALUE-MISMATCH",
                f"O valor do pedido ({_br(value)}) não é a soma dos seus totais ({_br(summed)}).",
                "Confira o pedido na VTEX; a nota só pode ser emitida quando os dois forem iguais.",
            )
        )
    elif value <= 0:
        holds.append(_hold(f"O pedido não tem valor a faturar ({_br(value)})."))
    changes = (order.changes_attachment.changes_data if order.changes_attachment is not None else None) or ()
    if any(change.items_added or change.items_removed for change in changes):
        holds.append(
            Hold(
                "VTEX-CHANGED",
                "O pedido teve itens incluídos ou retirados depois da compra, e a lista de itens da VTEX não mostra a alteração.",
                "Confira as quantidades no pedido e emita a nota desta venda pela tela.",
            )
        )
    return holds


def _row_holds(rows: Sequence[RowAmounts], policy: OrderPolicy) -> list[Hold]:
    if not rows:
        return [_hold("O pedido não tem itens com quantidade.")]
    if len(rows) > 990:
        return [_hold(f"O pedido tem {len(rows)} linhas e uma NF-e aceita 990.")]
    holds = []
    worthless = [row for row in rows if row.gross == 0]
    if worthless:
        names = ", ".join(text(row.item.name) or text(row.item.id) for row in worthless[:3])
        holds.append(_hold(f"Há item sem preço nenhum no pedido: {names}."))
    if any(row.discount < 0 or row.net < 0 for row in rows):
        holds.append(_hold("Há item com valor negativo no pedido."))
    if policy.services == "ask" and any(row.services for row in rows):
        names = ", ".join(dict.fromkeys(chain.from_iterable(row.services for row in rows)))
        holds.append(
            Hold(
                "VTEX-SERVICE",
                f"O pedido tem serviço cobrado junto com a mercadoria: {names}.",
                "Decida se o serviço entra na NF-e ou vai em nota de serviço, e emita a venda pela tela.",
            )
        )
    return holds


def _rounding(order: Order, policy: OrderPolicy, rows: Sequence[RowAmounts]) -> Decimal:
    """How many reais may be put down to rounding: VTEX's own roundingError, some centavos a row, half a centavo for each unit
    of a row that only has `sellingPrice`."""
    allowed = abs(reais(order.rounding_error, "$.roundingError")) + policy.rounding_centavos * CENT * len(rows)
    for row in rows:
        if row.item.price_definition is None or row.item.price_definition.total is None:
            allowed += (row.quantity / 2).to_integral_value(ROUND_CEILING) * CENT
    return allowed


def _unexplained(totals: dict[str, Decimal], goods: Decimal, residue: Decimal, slack: Decimal) -> Hold | None:
    """None when the totals themselves account for the residue: order-level discounts, Tax, Change and unknown ids."""
    beside = [amount for name, amount in totals.items() if name not in ("Items", "Shipping")]
    lowest = sum((amount for amount in beside if amount < 0), -slack)
    highest = sum((amount for amount in beside if amount > 0), slack)
    if lowest <= residue <= highest:
        return None
    return _hold(
        f"As linhas do pedido somam {_br(goods)} e os totais deixam {_br(residue)} sem explicação para chegar ao valor do pedido."
    )


def _spread(rows: tuple[RowAmounts, ...], residue: Decimal, *, positive_is_named: bool) -> tuple[tuple[RowAmounts, ...], Decimal]:
    """Negative: discount over the rows. Positive: other expenses when a total names it, the rows' price when it is rounding."""
    if residue < 0:
        parts = split(-residue, [row.net for row in rows])
        return tuple(replace(row, discount=row.discount + part) for row, part in zip(rows, parts, strict=True)), ZERO
    if positive_is_named:
        return rows, residue
    parts = split(residue, [row.gross for row in rows])
    return tuple(replace(row, gross=row.gross + part) for row, part in zip(rows, parts, strict=True)), ZERO


def _hold(message: str) -> Hold:
    return Hold("VTEX-AMOUNTS", message, "Confira o pedido na VTEX e emita a nota desta venda pela tela, se for o caso.")


def _br(value: Decimal) -> str:
    return f"R$ {value:,.2f}".replace(",", "_").replace(".", ",").replace("_", ".")
