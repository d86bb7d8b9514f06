"""What each merchant decides about its orders; the defaults suit a plain own store."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.nfe.sale import Intermediary


class OrderPolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How an order becomes a sale. `docs/reference/vtex.md` explains each choice.

    both_documents: with CPF and CNPJ filled, `ask_unless_corporate` bills the company when VTEX says the purchase is
    corporate, `ask_always` waits for a person. state_registration: `checked` makes the company an ICMS contributor by the
    registration it typed when its digits are good in the state of the address, `as_given` by whatever it typed (and the order
    waits when the digits are wrong), `ignore` treats every buyer as not one. services: `in_item` adds priced services to the
    row they came with, `ask` parks the order. no_payment: an order paid through another of the same purchase becomes `outros`,
    or is parked. unknown_affiliate: an order of an external marketplace without a known CNPJ is parked, or billed as own store.
    stand_in_cpf: a CPF that takes the place of a document with wrong check digits, so that example orders can be shown; only
    for branches in homologação, and the note says so. rounding_centavos: unexplained difference tolerated, for each row.
    intermediaries: by VTEX affiliate id. acquirers: CNPJ by acquirer name in small letters.
    """

    both_documents: Literal["ask_unless_corporate", "ask_always"] = "ask_unless_corporate"
    state_registration: Literal["checked", "as_given", "ignore"] = "checked"
    services: Literal["in_item", "ask"] = "in_item"
    no_payment: Literal["outros", "ask"] = "outros"
    unknown_affiliate: Literal["ask", "own_store"] = "ask"
    stand_in_cpf: Annotated[str, Meta(max_length=14)] = ""
    rounding_centavos: Annotated[int, Meta(ge=0, le=100)] = 2
    intermediaries: dict[str, Intermediary] = {}
    acquirers: dict[str, str] = {}
