"""An address as a caller gives it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

Text60 = Annotated[str, Meta(max_length=60)]


class Address(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A Brazilian address, or one abroad when `uf` is `EX`.

    `city_code` is IBGE's 7 digits; when absent it is found by `city` and `uf`. Abroad there is neither CEP nor city code:
    `country_code` (4 digits of the Banco Central's table) and `country` say where; `city` goes before the district.
    """

    street: Annotated[str, Meta(max_length=255)]
    number: Text60 = "SN"
    complement: Text60 = ""
    district: Text60
    city: Text60
    uf: Annotated[str, Meta(min_length=2, max_length=2)]
    postal_code: Annotated[str, Meta(max_length=10)] = ""
    city_code: Annotated[str, Meta(max_length=7)] | None = None
    phone: Annotated[str, Meta(max_length=20)] = ""
    country_code: Annotated[str, Meta(pattern=r"^([0-9]{1,4})?$")] = ""
    country: Text60 = ""
