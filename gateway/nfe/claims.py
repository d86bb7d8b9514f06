"""What notes take of the items of earlier ones: remembered, so that nothing is given back twice."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from gateway.core.chave import ChaveAcesso

Basis = Literal["quantity", "amount"]
"""What a claim is measured in: the item's unit, or reais (reductions of value)."""


@dataclass(frozen=True, slots=True)
class NewClaim:
    """What a line of a note takes of an item: `size` of `whole`. line: nItem in the note that takes.

    A whole of None is not checked: who brings a raw note answers for its balance.
    """

    chave: ChaveAcesso
    item: int
    basis: Basis
    size: Decimal
    whole: Decimal | None
    line: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim as the store remembers it. note: the note that made it as signed, None while it has no bytes.

    Notes that were refused, denied, cancelled or voided claim nothing.
    """

    item: int
    basis: Basis
    size: Decimal
    line: int
    note: bytes | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """What the store has of a chave: the note as signed and its status (None: it has no such note), and its claims in order.

    customer_name: the real one, also in homologação.
    """

    xml: bytes | None = None
    status: str | None = None
    customer_name: str | None = None
    claims: tuple[Claim, ...] = ()
