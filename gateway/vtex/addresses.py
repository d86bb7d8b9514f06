"""The address of the note: the billing one when it is complete, else where the goods go, never the store's counter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.core.text import clean_text
from gateway.nfe.address import Address
from gateway.nfe.municipios import city_code, city_name, uf_sigla
from gateway.vtex.customers import MASKED
from gateway.vtex.wire import Order, Place, text
from gateway.workflows.ports import Hold

_STORE = frozenset({"pickup", "instore", "in-store", "pickup-in-point", "giftregistry"})
_BRAZIL = frozenset({"", "BRA", "BR", "BRASIL", "BRAZIL"})


@dataclass(frozen=True, slots=True)
class Found:
    """An address, or why there is none."""

    address: Address | None
    hold: Hold | None = None


def address(order: Order) -> Found:
    """The first complete address; when none is, the reason the first one failed."""
    first: Hold | None = None
    for place in _places(order):
        found = _read(place)
        if found.address is not None:
            return found
        first = first or found.hold
    return Found(None, first or _hold("O pedido não traz o endereço do comprador."))


def _places(order: Order) -> Iterator[Place]:
    if order.invoice_data is not None and order.invoice_data.address is not None and text(order.invoice_data.address.street):
        yield order.invoice_data.address
    shipping = order.shipping_data
    if shipping is None:
        return
    homes = [shipping.address] if shipping.address is not None else []
    homes += [*(shipping.selected_addresses or ()), *(shipping.available_addresses or ())]
    yield from (place for place in homes if text(place.address_type).lower() not in _STORE)


def _read(place: Place) -> Found:
    fields = (place.street, place.number, place.neighborhood, place.city, place.state, place.postal_code)
    if any("*" in text(field) for field in fields):
        return Found(None, MASKED)
    if text(place.country).upper() not in _BRAZIL:
        return Found(None, _hold(f"O endereço do comprador fica fora do Brasil ({text(place.country)[:20]})."))
    street, city = clean_text(text(place.street), 255), clean_text(text(place.city), 60)
    postal_code = "".join(char for char in text(place.postal_code) if char in "0123456789")
    missing = [
        name
        for name, absent in (
            ("rua", len(street) < 2),
            ("cidade", not city),
            ("UF", not text(place.state)),
            ("CEP", len(postal_code) != 8),
        )
        if absent
    ]
    if missing:
        return Found(None, _hold(f"O endereço do comprador está incompleto: falta {', '.join(missing)}."))
    uf = uf_sigla(text(place.state))
    code = city_code(city, uf) if uf is not None else None
    if uf is None or code is None:
        return Found(None, _hold(f"O município {city!r} não existe em {text(place.state)[:30]} na tabela do IBGE."))
    return Found(
        Address(
            street=street,
            number=clean_text(text(place.number), 60) or "SN",
            complement=clean_text(text(place.complement), 60),
            district=_district(place),
            city=city_name(code) or city,
            uf=uf,
            postal_code=postal_code,
            city_code=code,
        )
    )


def _district(place: Place) -> str:
    """Towns with a single CEP have no district at VTEX, and the layout requires two letters of it."""
    district = clean_text(text(place.neighborhood), 60)
    return district if len(district) >= 2 else "Não informado"


def _hold(message: str) -> Hold:
    return Hold("VTEX-ADDRESS", message, "Corrija o endereço do comprador e leia o pedido de novo.")
