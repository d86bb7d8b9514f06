"""Branches, products and sales that the tests vary; every document number is made up and has right check digits."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from gateway.nfe.address import Address
from gateway.nfe.branch import Branch
from gateway.nfe.build import Built, build
from gateway.nfe.compose import compose
from gateway.nfe.draft import Draft
from gateway.nfe.product import Product, TaxProfile
from gateway.nfe.sale import Customer, Payment, Sale, SaleItem

D = Decimal
AT = datetime(2026, 11, 20, 13, 30, tzinfo=UTC)
CNPJ = "12ABC34501DE35"
CPF = "52998224725"
SP = Address(street="Rua das Flores", number="100", district="Centro", city="São Paulo", uf="SP", postal_code="01001-000")
RJ = Address(street="Av. Atlântica", number="500", district="Copacabana", city="Rio de Janeiro", uf="RJ", postal_code="22010000")
MG = Address(street="Rua da Bahia", number="9", district="Centro", city="Belo Horizonte", uf="MG", postal_code="30160010")
BRANCH = Branch(cnpj=CNPJ, name="Loja Exemplo Ltda", state_registration="110.042.490.114", address=SP, crt="3")
SIMPLES = msgspec.structs.replace(BRANCH, crt="1")
CONSUMER = Customer(tax_id="529.982.247-25", name="Maria Exemplo", address=SP)
ABROAD = Address(
    street="Calle Ejemplo", number="5", district="Centro", city="Montevideo", uf="EX", country_code="8451", country="Uruguai"
)
FOREIGNER = Customer(foreign_id="AB123456", name="Juan Ejemplo", address=ABROAD)
SHIRT = Product(sku="CAM-1", description="Camiseta básica", ncm="6109.10.00", gtin="7891000315507")


def product(sku: str = "CAM-1", **changes: Any) -> Product:
    tax = {key: changes.pop(key) for key in list(changes) if key in TaxProfile.__struct_fields__}
    return msgspec.structs.replace(SHIRT, sku=sku, tax=TaxProfile(**tax), **changes)


def item(quantity: str = "1", unit_price: str | None = "100.00", **changes: Any) -> SaleItem:
    fields: dict[str, Any] = {"sku": "CAM-1", "quantity": D(quantity)}
    if unit_price is not None:
        fields["unit_price"] = D(unit_price)
    return SaleItem(**{**fields, **changes})


def pays(method: str, amount: str, **changes: Any) -> Payment:
    return Payment(method=method, amount=D(amount), **changes)  # type: ignore[arg-type]


def sale(**changes: Any) -> Sale:
    fields: dict[str, Any] = {
        "ref": "teste-1",
        "branch": CNPJ,
        "customer": CONSUMER,
        "items": (item(),),
        "payments": (pays("pix", "100.00"),),
    }
    return Sale(**{**fields, **changes})


def composed(of: Sale, branch: Branch = BRANCH, *products: Product, at: datetime = AT) -> Draft:
    known = {one.sku: one for one in products or (SHIRT,)}
    return compose(of, branch, known, at=at)


def built(of: Sale, branch: Branch = BRANCH, *products: Product) -> Built:
    return build(composed(of, branch, *products), number=1234, cNF="87654321", dhEmi=AT)
