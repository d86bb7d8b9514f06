"""What a sale may say beside items and payments: bill, places, readers, export, purchase, carriage and extra information.

Bodies of the API, in the trade's words; money is reais with two decimals, weights are kilograms with three.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.nfe.address import Address, Text60

TaxId = Annotated[str, Meta(max_length=18, description="CPF or CNPJ, with or without punctuation")]


class Installment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A duplicata: `amount` (reais, above zero) due on `due`. Its number, 001 on, is the gateway's."""

    due: date
    amount: Decimal


class Billing(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The bill (cobr) of a sale on credit.

    number: by default the order's, or else the sale's `ref`. original less discount is what the instalments add up to; by
    default original is their sum plus the discount, or the note's total when there are none.
    """

    number: Text60 = ""
    original: Decimal | None = None
    discount: Decimal = Decimal(0)
    installments: Annotated[tuple[Installment, ...], Meta(max_length=120)] = ()


class Place(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where goods are fetched or delivered when it is not the issuer's or the buyer's address. Without `tax_id`: theirs."""

    address: Address
    tax_id: TaxId = ""
    name: Annotated[str, Meta(max_length=255)] = ""
    state_registration: Annotated[str, Meta(max_length=20)] = ""
    email: Annotated[str, Meta(max_length=254)] = ""


class Export(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the goods leave the country: the state and place of boarding or border, and of dispatch."""

    uf: Annotated[str, Meta(min_length=2, max_length=2)]
    place: Annotated[str, Meta(min_length=1, max_length=60)]
    dispatch: Text60 = ""


class Purchase(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the buyer calls the purchase: nota de empenho (public buyers) and contract. The order is `order_number`."""

    commitment: Annotated[str, Meta(max_length=22)] = ""
    contract: Text60 = ""


class Vehicle(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A vehicle or trailer. `rntc`: register of the carrier at ANTT."""

    plate: Annotated[str, Meta(min_length=7, max_length=8)]
    uf: Annotated[str, Meta(max_length=2)] = ""
    rntc: Annotated[str, Meta(max_length=20)] = ""


class Volume(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line of volumes: how many of which kind, marked and numbered how, weighing what, under which seals."""

    quantity: Annotated[int, Meta(ge=0, le=999_999)] = 0
    kind: Text60 = ""
    brand: Text60 = ""
    numbering: Text60 = ""
    net_weight: Decimal | None = None
    gross_weight: Decimal | None = None
    seals: Annotated[tuple[Text60, ...], Meta(max_length=500)] = ()


class Observation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A named text (obsCont, obsFisco)."""

    field: Annotated[str, Meta(min_length=1, max_length=20)]
    text: Annotated[str, Meta(min_length=1, max_length=60)]


class Process(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A lawsuit or administrative act the note rests on (procRef). origin: sefaz, federal, estadual, secex, confaz, outros."""

    number: Annotated[str, Meta(min_length=1, max_length=60)]
    origin: Literal["sefaz", "justica_federal", "justica_estadual", "secex", "confaz", "outros"]
    act: Literal["", "08", "10", "12", "14", "15"] = ""


class Information(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Additional information (infAdic) beside `notes`: for the fisco, named texts, and processes."""

    fisco: Annotated[str, Meta(max_length=2000)] = ""
    observations: Annotated[tuple[Observation, ...], Meta(max_length=10)] = ()
    fisco_observations: Annotated[tuple[Observation, ...], Meta(max_length=10)] = ()
    processes: Annotated[tuple[Process, ...], Meta(max_length=100)] = ()
