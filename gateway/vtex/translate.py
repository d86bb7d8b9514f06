"""An order's JSON as a sale: pure, deterministic, and silent about nothing it could not understand.

What stops billing is a `Hold` of the answer; only a body that is not an order at all raises.
"""

from __future__ import annotations

from datetime import UTC, datetime

from gateway.core.errors import ProtocolBroken
from gateway.core.taxid import strip_punctuation
from gateway.core.text import clean_text
from gateway.nfe.sale import Freight, Intermediary, Payment, Sale, SaleItem
from gateway.vtex.addresses import address
from gateway.vtex.amounts import Amounts, amounts
from gateway.vtex.customers import Buyer, decide_buyer
from gateway.vtex.payments import payments
from gateway.vtex.rows import RowAmounts
from gateway.vtex.status import holds as status_holds
from gateway.vtex.wire import Order, PackageAttachment, decode_order, reais, text
from gateway.workflows.order_policy import OrderPolicy
from gateway.workflows.ports import Hold, MarketplaceOrder, OrderItem, Package

STAND_IN_NOTE = ". O CPF informado no pedido não é válido; foi usado um CPF de teste"


def order_ref(account: str, order_id: str) -> str:
    """The caller's key of an order's sale: the same whoever saw the order first."""
    return f"vtex:{account}:{order_id}"


def translate(raw: bytes, *, account: str, branch: str, policy: OrderPolicy) -> MarketplaceOrder:
    """The order of `raw` for the issuing `branch` (CNPJ).

    `draft` adds up to `value` to the centavo and is None when amounts or payments are not understood. Raises ProtocolBroken
    (VTEX-BODY) for a body that is not an order.
    """
    order = decode_order(raw)
    if not text(order.order_id):
        raise ProtocolBroken("A resposta da VTEX não é um pedido (falta orderId).", code="VTEX-BODY")
    branch = strip_punctuation(branch)
    packages = _packages(order.package_attachment)
    worth = amounts(order, policy)
    place = address(order)
    who = decide_buyer(order.client_profile_data, place.address, policy)
    paid = payments(order, worth.value, policy) if worth.value > 0 else None
    intermediary, affiliate_hold = _intermediary(order, policy)
    holds = [
        *status_holds(order, packages, branch),
        *who.holds,
        *((place.hold,) if place.hold is not None else ()),
        *worth.holds,
        *((paid.hold,) if paid is not None and paid.hold is not None else ()),
        *((affiliate_hold,) if affiliate_hold is not None else ()),
    ]
    items = tuple(_item(row) for row in worth.rows)
    draft = None
    if not worth.holds and paid is not None and paid.hold is None:
        draft = _draft(
            order,
            account=account,
            branch=branch,
            worth=worth,
            paid=paid.payments,
            buyer=who,
            intermediary=intermediary,
        )
    return MarketplaceOrder(
        account=account,
        order_id=text(order.order_id),
        group=text(order.order_group) or None,
        status=text(order.status),
        value=worth.value,
        created_at=_instant(text(order.creation_date)),
        last_change=_instant(text(order.last_change)),
        customer=who.customer,
        customer_candidates=who.candidates,
        items=items,
        packages=packages,
        draft=draft,
        holds=tuple(dict.fromkeys(holds)),
        raw=raw,
    )


def _item(row: RowAmounts) -> OrderItem:
    item = row.item
    return OrderItem(
        row=row.index,
        sku=text(item.id),
        reference=text(item.ref_id) or None,
        gtin=text(item.ean) or None,
        name=text(item.name) or text(item.id),
        units=int(item.quantity or 0),
        quantity=row.quantity,
        unit=clean_text(text(item.measurement_unit), 6).upper() or "UN",
        gross=row.gross,
        discount=row.discount,
        freight=row.freight,
    )


def _draft(
    order: Order,
    *,
    account: str,
    branch: str,
    worth: Amounts,
    paid: tuple[Payment, ...],
    buyer: Buyer,
    intermediary: Intermediary | None,
) -> Sale:
    order_id = text(order.order_id)
    pickup = _all_pickup(order)
    items = tuple(
        SaleItem(
            sku=text(row.item.id),
            quantity=row.quantity,
            total=row.gross,
            discount=row.discount,
            freight=row.freight,
            note=clean_text(f"Inclui: {', '.join(row.services)}", 500) if row.services else "",
        )
        for row in worth.rows
    )
    return Sale(
        ref=order_ref(account, order_id),
        branch=branch,
        customer=buyer.customer,
        items=items,
        payments=paid,
        freight=Freight(mode="sem_frete" if pickup and not worth.freight else "emitente", amount=worth.freight),
        other=worth.other,
        presence="internet",
        intermediary=intermediary,
        notes=clean_text(f"Pedido VTEX {order_id}{STAND_IN_NOTE if buyer.stand_in else ''}", 2000),
        order_number=clean_text(order_id, 60),
    )


def _all_pickup(order: Order) -> bool:
    infos = (order.shipping_data.logistics_info if order.shipping_data is not None else None) or ()
    channels = [text(info.selected_delivery_channel) or text(info.delivery_channel) for info in infos]
    return bool(channels) and all(channel == "pickup-in-point" for channel in channels)


def _intermediary(order: Order, policy: OrderPolicy) -> tuple[Intermediary | None, Hold | None]:
    """An order born in another marketplace (origin Fulfillment, with an affiliate) names it in the note."""
    affiliate = text(order.affiliate_id)
    known = policy.intermediaries.get(affiliate)
    if known is not None or not affiliate or text(order.origin) != "Fulfillment" or policy.unknown_affiliate == "own_store":
        return known, None
    return None, Hold(
        "VTEX-INTERMEDIARY",
        f"O pedido veio do marketplace {affiliate!r}, que não tem CNPJ cadastrado como intermediador.",
        "Cadastre o CNPJ do marketplace para este afiliado, ou diga na conta VTEX que ele é da própria loja.",
    )


def _packages(attachment: PackageAttachment | None) -> tuple[Package, ...]:
    registered = (attachment.packages if attachment is not None else None) or ()
    return tuple(
        Package(
            type="Input" if text(package.type).lower() == "input" else "Output",
            number=text(package.invoice_number),
            chave=text(package.invoice_key) or None,
            value=reais(package.invoice_value, f"$.packageAttachment.packages[{i}].invoiceValue"),
        )
        for i, package in enumerate(registered)
    )


def _instant(written: str) -> datetime | None:
    """Seven fractional digits are cut to six; no offset means UTC; anything else is unknown."""
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
