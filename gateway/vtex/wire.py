"""The parts of an order's JSON that the gateway reads, in VTEX's own words.

Everything may be absent or null, unknown fields are ignored, ids are text even when a number comes. Keys are read with a
small first letter, because marketplaces write some of them as `Document`, `IsCorporate`. Amounts are whole centavos.
Source: Orders API, `GET /api/oms/pvt/orders/{orderId}`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from gateway.core.errors import ProtocolBroken
from gateway.core.money import ZERO, to_cents

MAX_BODY = 10 * 1024 * 1024
_MAX_CENTAVOS = 10**15
_MAX_DEPTH = 60

Text = str | int | None
Number = Decimal | None


class _Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of the wire structs: frozen, camelCase, tolerant of unknown fields."""


class Total(_Wire, frozen=True, kw_only=True):
    id: Text = None
    value: Number = None


class PriceTag(_Wire, frozen=True, kw_only=True):
    name: Text = None
    value: Number = None


class PriceDefinition(_Wire, frozen=True, kw_only=True):
    total: Number = None


class BundleItem(_Wire, frozen=True, kw_only=True):
    """A service sold with a row: engraving, warranty."""

    id: Text = None
    name: Text = None
    price: Number = None
    selling_price: Number = None
    quantity: Number = None
    price_definition: PriceDefinition | None = None


class Item(_Wire, frozen=True, kw_only=True):
    unique_id: Text = None
    id: Text = None
    ref_id: Text = None
    ean: Text = None
    name: Text = None
    quantity: Number = None
    price: Number = None
    list_price: Number = None
    selling_price: Number = None
    price_definition: PriceDefinition | None = None
    unit_multiplier: Number = None
    measurement_unit: Text = None
    bundle_items: tuple[BundleItem, ...] | None = None


class Profile(_Wire, frozen=True, kw_only=True):
    """clientProfileData."""

    email: Text = None
    first_name: Text = None
    last_name: Text = None
    document: Text = None
    phone: Text = None
    is_corporate: bool | None = None
    corporate_name: Text = None
    trade_name: Text = None
    corporate_document: Text = None
    state_inscription: Text = None
    corporate_phone: Text = None


class Place(_Wire, frozen=True, kw_only=True):
    """An address of the order: delivery, pickup or billing."""

    address_type: Text = None
    postal_code: Text = None
    city: Text = None
    state: Text = None
    country: Text = None
    street: Text = None
    number: Text = None
    neighborhood: Text = None
    complement: Text = None


class Logistics(_Wire, frozen=True, kw_only=True):
    """logisticsInfo: one per item, tied to it by `item_index`, in any order."""

    item_index: int | None = None
    selling_price: Number = None
    selected_delivery_channel: Text = None
    delivery_channel: Text = None


class Shipping(_Wire, frozen=True, kw_only=True):
    address: Place | None = None
    selected_addresses: tuple[Place, ...] | None = None
    available_addresses: tuple[Place, ...] | None = None
    logistics_info: tuple[Logistics, ...] | None = None


class OrderPayment(_Wire, frozen=True, kw_only=True):
    """`value` has the card's interest, `reference_value` has not."""

    group: Text = None
    payment_system_name: Text = None
    value: Number = None
    reference_value: Number = None
    installments: Number = None
    tid: Text = None
    connector_responses: dict[str, Any] | None = None


class Transaction(_Wire, frozen=True, kw_only=True):
    is_active: bool | None = None
    transaction_id: Text = None
    payments: tuple[OrderPayment, ...] | None = None


class PaymentData(_Wire, frozen=True, kw_only=True):
    transactions: tuple[Transaction, ...] | None = None


class InvoiceData(_Wire, frozen=True, kw_only=True):
    address: Place | None = None


class RegisteredInvoice(_Wire, frozen=True, kw_only=True):
    """packageAttachment.packages[]: an invoice VTEX already holds."""

    type: Text = None
    invoice_number: Text = None
    invoice_key: Text = None
    invoice_value: Number = None


class PackageAttachment(_Wire, frozen=True, kw_only=True):
    packages: tuple[RegisteredInvoice, ...] | None = None


class Change(_Wire, frozen=True, kw_only=True):
    items_added: tuple[Any, ...] | None = None
    items_removed: tuple[Any, ...] | None = None


class Changes(_Wire, frozen=True, kw_only=True):
    changes_data: tuple[Change, ...] | None = None


class CustomApp(_Wire, frozen=True, kw_only=True):
    id: Text = None
    fields: dict[str, Any] | None = None


class CustomData(_Wire, frozen=True, kw_only=True):
    custom_apps: tuple[CustomApp, ...] | None = None


class Order(_Wire, frozen=True, kw_only=True):
    """An order as `GET` answers it."""

    order_id: Text = None
    order_group: Text = None
    origin: Text = None
    affiliate_id: Text = None
    status: Text = None
    value: Number = None
    creation_date: Text = None
    last_change: Text = None
    is_completed: bool | None = None
    workflow_is_in_error: bool | None = None
    rounding_error: Number = None
    totals: tuple[Total, ...] | None = None
    items: tuple[Item, ...] | None = None
    client_profile_data: Profile | None = None
    shipping_data: Shipping | None = None
    payment_data: PaymentData | None = None
    invoice_data: InvoiceData | None = None
    package_attachment: PackageAttachment | None = None
    changes_attachment: Changes | None = None
    custom_data: CustomData | None = None


_JSON = msgspec.json.Decoder(float_hook=Decimal)


def decode_json(raw: bytes) -> Any:
    """JSON with decimals read as `Decimal` and keys with a small first letter. Raises ProtocolBroken (VTEX-BODY)."""
    if len(raw) > MAX_BODY:
        raise _broken("passa de 10 MiB")
    try:
        return _small_keys(_JSON.decode(raw), 0)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _broken(f"não é JSON ({error})") from error
    except RecursionError as error:
        raise _broken("é aninhada demais") from error


def decode_order(raw: bytes) -> Order:
    """The order. Raises ProtocolBroken (VTEX-BODY) naming the field that does not fit."""
    try:
        return msgspec.convert(decode_json(raw), Order, strict=False)
    except msgspec.ValidationError as error:
        raise _broken(f"não tem a forma de um pedido ({error})") from error


def _small_keys(value: Any, depth: int) -> Any:
    if depth > _MAX_DEPTH:
        raise RecursionError
    if isinstance(value, dict):
        # a key already in camelCase wins over its PascalCase twin
        ordered = sorted(value.items(), key=lambda pair: pair[0][:1].islower())
        return {key[:1].lower() + key[1:]: _small_keys(item, depth + 1) for key, item in ordered}
    if isinstance(value, list):
        return [_small_keys(item, depth + 1) for item in value]
    return value


def text(value: Text) -> str:
    """The text without blanks around it; empty for null."""
    return "" if value is None else str(value).strip()


def reais(centavos: Number, path: str) -> Decimal:
    """Whole centavos as reais with two decimals; null is zero. Raises ProtocolBroken (VTEX-BODY) for a fraction."""
    if centavos is None:
        return ZERO
    if not centavos.is_finite() or abs(centavos) > _MAX_CENTAVOS or centavos != centavos.to_integral_value():
        raise _broken(f"traz em {path} um valor que não é um número inteiro de centavos ({str(centavos)[:30]})")
    return to_cents(centavos.scaleb(-2))


def measure(value: Number, path: str) -> Decimal:
    """A quantity or multiplier, 1 when null. Raises ProtocolBroken (VTEX-BODY) when negative or out of any scale."""
    if value is None:
        return Decimal(1)
    if not value.is_finite() or value < 0 or value > 10**9:
        raise _broken(f"traz em {path} uma quantidade impossível ({str(value)[:30]})")
    return value


def _broken(why: str) -> ProtocolBroken:
    return ProtocolBroken(
        f"A resposta da VTEX {why}.",
        code="VTEX-BODY",
        fix="Abra o pedido na VTEX; se ele estiver íntegro lá, avise o suporte com o JSON guardado.",
    )
