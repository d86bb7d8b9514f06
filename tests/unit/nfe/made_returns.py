"""Earlier documents and the sales that take items of them, for the tests to vary."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from gateway.nfe.branch import Branch
from gateway.nfe.build import Built, build
from gateway.nfe.claims import Claim, Kept
from gateway.nfe.compose import compose
from gateway.nfe.draft import Draft
from gateway.nfe.layout.item import Det
from gateway.nfe.originals import opened
from gateway.nfe.product import Product
from gateway.nfe.reform.profile import Adjustment, Amounts, ReformItem, ZfmCredit
from gateway.nfe.sale import Customer, ReturnedLine, Sale
from gateway.nfe.signature import with_placeholder
from tests.unit.nfe.made import AT, BRANCH, RJ, SHIRT, SP, composed, item, pays, sale

D = Decimal
SUPPLIER = msgspec.structs.replace(BRANCH, cnpj="11222333000181", name="Fornecedor Exemplo SA", state_registration="110042490114")
US = Customer(tax_id=BRANCH.cnpj, name=BRANCH.name, address=SP, state_registration="110042490114")
CARIOCA = Customer(tax_id="529.982.247-25", name="Maria Exemplo", address=RJ)


def sold(
    quantity: str = "3",
    unit_price: str = "33.33",
    *,
    branch: Branch = BRANCH,
    product: Product = SHIRT,
    mod: str = "55",
    number: int = 1234,
    **changes: Any,
) -> Built:
    """An earlier note of one item: three shirts of R$ 33,33 (R$ 99,99) unless told otherwise."""
    total = (D(quantity) * D(unit_price)).quantize(D("0.01"))
    fields: dict[str, Any] = {
        "items": (item(quantity, unit_price),),
        "payments": (pays("pix", str(total)),),
        "branch": branch.cnpj,
    }
    asked = sale(**{**fields, **changes})
    draft = compose(asked, branch, {"CAM-1": product}, at=AT, mod=mod)
    return build(draft, number=number, cNF="87654321", dhEmi=AT)


def kept(of: Built, *claims: Claim, status: str = "authorized", customer_name: str | None = None) -> dict[str, Kept]:
    """The document as the store has it."""
    return {of.chave: Kept(with_placeholder(of.xml), status, customer_name, claims)}


def taking(operation: str, of: Built, **line: Any) -> Sale:
    """A sale of one line of the document's first item. Numbers of `line` may be texts."""
    numbers = ("quantity", "amount", "icms_base", "icms_rate")
    told = {name: D(value) if name in numbers and value is not None else value for name, value in line.items()}
    return sale(
        operation=operation,
        items=(),
        customer=None,
        payments=(),
        returns=(ReturnedLine(**{"chave_acesso": of.chave, "item": 1, **told}),),
    )


def given_back(asked: Sale, store: dict[str, Kept], branch: Branch = BRANCH, at: datetime = AT) -> Draft:
    return compose(asked, branch, {"CAM-1": SHIRT}, at=at, originals=opened(asked, store))


def noted(draft: Draft, number: int = 55, at: datetime = AT) -> Built:
    return build(draft, number=number, cNF="87654321", dhEmi=at)


def only(draft: Draft) -> Det:
    (det,) = draft.det
    return det


_ADJUSTED = frozenset({"anulacao_credito", "debito_nao_apurado", "desenquadramento_simples"})


def with_credit(operation: str, ibs: str = "0.10", cbs: str = "0.90", month: str = "2026-10", **changes: Any) -> Sale:
    """A credit or debit note of one item worth R$ 100,00, with the amounts in the group that the operation asks for."""
    amounts = {"ibs": D(ibs), "cbs": D(cbs)}
    if operation in _ADJUSTED:
        line = ReformItem(adjustment=Adjustment(month=month, **amounts))
    elif operation == "perda_estoque":
        line = ReformItem(reversal=Amounts(**amounts))
    elif operation == "credito_presumido_zfm":
        line = ReformItem(zfm_credit=ZfmCredit(month=month, kind="1", amount=amounts["ibs"]))
    else:
        line = ReformItem(transfer=Amounts(**amounts))
    return sale(**{"operation": operation, "items": (item(reform=line),), "payments": (), **changes})


__all__ = [
    "AT",
    "BRANCH",
    "CARIOCA",
    "SUPPLIER",
    "US",
    "Draft",
    "composed",
    "given_back",
    "kept",
    "noted",
    "only",
    "sold",
    "taking",
    "with_credit",
]
