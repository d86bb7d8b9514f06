"""How the order was paid, in parts that add up to its value.

A payment's `value` may be of the whole purchase (several sellers), may carry card interest, or may be absent (split order
paid elsewhere): none of that is the note's. Gift cards are payments, not discounts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import Any

from gateway.core.money import ZERO, split
from gateway.core.taxid import Cnpj
from gateway.core.text import clean_text
from gateway.nfe.sale import Card, Payment, PaymentMethod
from gateway.vtex.wire import Order, OrderPayment, Transaction, reais, text
from gateway.workflows.order_policy import OrderPolicy
from gateway.workflows.ports import Hold

_METHODS: dict[str, PaymentMethod] = {
    "creditcard": "cartao_credito",
    "debitcard": "cartao_debito",
    "bankinvoice": "boleto",
    "instantpayment": "pix",
    "giftcard": "vale_presente",
    "cash": "dinheiro",
}
_CARDS = frozenset({"cartao_credito", "cartao_debito"})
_SUFFIX = re.compile(r"paymentgroup$")
_FROM_MARKETPLACE = "integration-marketplace"
_MARKETPLACE_WORDS: tuple[tuple[str, PaymentMethod], ...] = (
    ("debit", "cartao_debito"),
    ("débit", "cartao_debito"),
    ("credit", "cartao_credito"),
    ("crédit", "cartao_credito"),
    ("pix", "pix"),
    ("boleto", "boleto"),
    ("bankslip", "boleto"),
    ("ticket", "boleto"),
)


@dataclass(frozen=True, slots=True)
class Paid:
    """The payments of the note, or why a person must say them."""

    payments: tuple[Payment, ...]
    hold: Hold | None = None


def payments(order: Order, value: Decimal, policy: OrderPolicy) -> Paid:
    """Payments that add up to `value` (reais) exactly. Inactive transactions do not count."""
    data = order.payment_data
    active = [t for t in (data.transactions if data is not None else None) or () if t.is_active is not False]
    made = [(payment, _base(payment)) for t in active for payment in t.payments or ()]
    made = [(payment, base) for payment, base in made if base > 0]
    if made:
        return Paid(tuple(_scaled(made, value, order, policy)))
    if any(text(t.transaction_id).upper() == "NO-PAYMENT" for t in active) and policy.no_payment == "outros":
        return Paid((_other(value, f"Pago em outro pedido da compra {text(order.order_group)}"),))
    if any(_by_affiliate(t) for t in active):
        return Paid((_marketplace(order, value, policy),))
    return Paid((), _no_payment())


def _no_payment() -> Hold:
    return Hold(
        "VTEX-PAYMENT",
        "O pedido não traz nenhum pagamento ativo.",
        "Confira na VTEX como a compra foi paga e emita a nota desta venda pela tela, com o pagamento.",
    )


def _base(payment: OrderPayment) -> Decimal:
    """Without the card's interest when VTEX tells it apart."""
    reference = reais(payment.reference_value, "$.paymentData.referenceValue")
    value = reais(payment.value, "$.paymentData.value")
    return min(reference, value) if reference > 0 and value > 0 else max(reference, value)


def _scaled(made: list[tuple[OrderPayment, Decimal]], value: Decimal, order: Order, policy: OrderPolicy) -> list[Payment]:
    """More than the order: this order's share of each. Less: the rest is said to be paid outside it."""
    total = sum((base for _, base in made), ZERO)
    parts = split(value, [base for _, base in made]) if total >= value else tuple(base for _, base in made)
    paid = [_payment(payment, part, order, policy) for (payment, _), part in zip(made, parts, strict=True) if part]
    if total < value:
        paid.append(_other(value - total, "Restante pago fora deste pedido"))
    return paid


def _payment(payment: OrderPayment, amount: Decimal, order: Order, policy: OrderPolicy) -> Payment:
    name = text(payment.payment_system_name)
    group = _SUFFIX.sub("", text(payment.group).lower())
    if "assumed value by affiliate" in name.lower():
        return _marketplace(order, amount, policy)
    method: PaymentMethod = "crediario" if group.startswith("customprivate") else _METHODS.get(group, "outros")
    if method == "outros":
        return _other(amount, name or text(payment.group) or "Pagamento da VTEX")
    return Payment(method=method, amount=amount, card=_card(payment, method, policy))


def _card(payment: OrderPayment, method: PaymentMethod, policy: OrderPolicy) -> Card | None:
    answers = {
        key.lower(): text(answer) for key, answer in (payment.connector_responses or {}).items() if isinstance(answer, str | int)
    }
    names = ("authid", "authorizationid", "nsu", "tid")
    authorization = next((answers[name] for name in names if answers.get(name)), "") or text(payment.tid)
    if method == "pix":
        return Card(authorization=clean_text(authorization, 128)) if authorization else None
    if method not in _CARDS:
        return None
    acquirer = _cnpj(answers.get("acquirercnpj", "")) or _cnpj(policy.acquirers.get(answers.get("acquirer", "").lower(), ""))
    brand = _brand(text(payment.payment_system_name))
    return Card(
        brand=brand,
        authorization=clean_text(authorization, 128),
        acquirer_cnpj=acquirer,
        # e-commerce counts as integrated (tpIntegra 1), which asks for all three
        integrated=bool(acquirer and authorization and brand),
    )


def _brand(name: str) -> str:
    """`Visa`, `Mastercard Débito`, `American Express`: the brand's own name in small letters."""
    small = name.lower()
    for known in (
        "american express",
        "mastercard",
        "visa",
        "elo",
        "hipercard",
        "diners",
        "discover",
        "jcb",
        "aura",
        "hiper",
        "cabal",
    ):
        if known in small:
            return "amex" if known == "american express" else known
    return clean_text(small, 30)


def _cnpj(value: str) -> str:
    try:
        return str(Cnpj(value)) if value else ""
    except ValueError:
        return ""


def _by_affiliate(transaction: Transaction) -> bool:
    return text(transaction.transaction_id).upper() == "PAYMENT-FROM-AFFILIATE"


def _marketplace(order: Order, amount: Decimal, policy: OrderPolicy) -> Payment:
    """Paid at an external marketplace: what NT 2025.001 fields say when they name a single method, else their own words."""
    fields = _marketplace_fields(order)
    said = _said(fields, "marketplacepaymentmethods", "marketplacepaymentmethod")
    place = text(order.affiliate_id)
    if len(said) != 1:
        return _other(amount, " + ".join(said) or f"Pago no marketplace {place}".strip())
    word = said[0].lower()
    method = next((found for part, found in _MARKETPLACE_WORDS if part in word), None)
    if method is None:
        return _other(amount, said[0])
    if method not in _CARDS:
        return Payment(method=method, amount=amount)
    brand = _brand(" ".join(_said(fields, "marketplacepaymentcreditcardbrands", "marketplacepaymentcreditcardbrand")))
    authorization = " ".join(_said(fields, "marketplacepaymentauthorizationcodes", "marketplacepaymentauthorizationcode"))
    acquirer = _cnpj("".join(_said(fields, "marketplacepaymentcnpjacquirers", "marketplacepaymentcnpjacquirer")))
    card = Card(
        brand=brand,
        authorization=clean_text(authorization, 128),
        acquirer_cnpj=acquirer,
        integrated=bool(acquirer and authorization and brand),
    )
    return Payment(method=method, amount=amount, card=card)


def _marketplace_fields(order: Order) -> Mapping[str, Any]:
    apps = (order.custom_data.custom_apps if order.custom_data is not None else None) or ()
    found = (app.fields or {} for app in apps if text(app.id).lower().startswith(_FROM_MARKETPLACE))
    return {key.lower(): answer for key, answer in chain.from_iterable(fields.items() for fields in found)}


def _said(fields: Mapping[str, Any], *names: str) -> list[str]:
    """Several payments come in one text, parted by ` | `."""
    answer = next((fields[name] for name in names if isinstance(fields.get(name), str)), "")
    return [part.strip() for part in answer.split("|") if part.strip()]


def _other(amount: Decimal, description: str) -> Payment:
    words = clean_text(description, 60)
    return Payment(method="outros", amount=amount, description=words if len(words) >= 2 else "Pagamento da VTEX")
