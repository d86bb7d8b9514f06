"""A sale that a rule refuses, and the neighbour, as like it as can be, that it lets pass."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.nfe.branch import Branch
from gateway.nfe.product import Product
from gateway.nfe.sale import Sale
from tests.unit.nfe.made import BRANCH, sale


@dataclass(frozen=True)
class Pair:
    """`bad` breaks exactly the rule `code` at `path`; `good` breaks nothing."""

    code: str
    path: str
    bad: Sale
    good: Sale = field(default_factory=sale)
    bad_branch: Branch = BRANCH
    good_branch: Branch = BRANCH
    bad_product: Product | None = None
    good_product: Product | None = None
