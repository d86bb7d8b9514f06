"""What the notes of taxes have in common: issuers, buyers, and a note of one product.

Unless a case says otherwise: an issuer of São Paulo, one unit of R$ 100,00, PIS 1.65% and COFINS 7.6% on the price less the
ICMS told. Buyers who sell again are `SHOP` (São Paulo) and `INDUSTRY` (Minas Gerais, whose internal rate is 18%).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from gateway.nfe.branch import Branch, SimplesCredit
from gateway.nfe.build import Built
from gateway.nfe.sale import Customer
from gateway.nfe.tax_profile import StTerms
from tests.golden.nfe.cases import Case
from tests.unit.nfe.made import BRANCH, SIMPLES, SP, built, item, pays, product, sale

D = Decimal
replace = msgspec.structs.replace
CEST = "2803800"
SHOP = Customer(tax_id="11.222.333/0001-81", name="Loja Revendedora Ltda", address=SP, state_registration="110042490114")
CREDIT = replace(
    SIMPLES,
    simples_credit=(SimplesCredit(since=date(2026, 1, 1), rate=D("1.36")), SimplesCredit(since=date(2026, 11, 1), rate=D("2.5"))),
)
TOWN = replace(BRANCH, municipal_registration="1.234.567-8", iss_regime="1")

Facts = dict[str, str | None]


def case(
    name: str,
    facts: Facts,
    paid: str = "100.00",
    branch: Branch = BRANCH,
    customer: Customer | None = None,
    quantity: str = "1",
    unit_price: str = "100.00",
    sold: dict[str, Any] | None = None,
    **profile: Any,
) -> Case:
    """A note of one product with this profile, paid by PIX."""
    goods = product(**({"cest": CEST} | profile))

    def make() -> Built:
        changes: dict[str, Any] = {"items": (item(quantity, unit_price),), "payments": (pays("pix", paid),)}
        if customer is not None:
            changes["customer"] = customer
        return built(sale(**{**changes, **(sold or {})}), branch, goods)

    return Case(f"tax_{name}", make, {"total/ICMSTot/vNF": paid, **facts})


ICMS = "det/imposto/ICMS/"
W = "total/ICMSTot/"
SP40 = StTerms(uf="SP", mva=D("40"))
MG40 = StTerms(uf="MG", mva=D("40"))
