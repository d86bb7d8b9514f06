"""NFC-e that the tests vary, on the branches and products of `made`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from gateway.nfe.branch import Branch, NfceSettings
from gateway.nfe.build import Built, build
from gateway.nfe.certificate import Certificate
from gateway.nfe.compose import attempt, compose
from gateway.nfe.draft import Draft
from gateway.nfe.product import Product
from gateway.nfe.qrcode import Csc
from gateway.nfe.sale import Customer, Freight, Sale
from gateway.nfe.supplement import supplemented
from tests.unit.nfe.made import AT, BRANCH, CONSUMER, SHIRT, pays, sale

CSC = Csc("1", "CODIGO-DE-TESTE-DO-CONTRIBUINTE-0001")
"""Made up."""
REASON = "Sem comunicação com a SEFAZ autorizadora"
CARRIER = Freight(mode="emitente", carrier_tax_id="11222333000181", carrier_name="Entregas Exemplo")
CPF_ONLY = Customer(tax_id=CONSUMER.tax_id)


def settled(branch: Branch = BRANCH, **changes: Any) -> Branch:
    """The branch with other NFC-e settings."""
    return msgspec.structs.replace(branch, nfce=NfceSettings(**changes))


def nfce(**changes: Any) -> Sale:
    """A counter sale to nobody in particular, paid in cash."""
    return sale(**{"customer": None, "payments": (pays("dinheiro", "100.00"),), **changes})


def delivered(**changes: Any) -> Sale:
    """The same, delivered at home by a carrier."""
    return nfce(**{"presence": "entrega", "customer": CONSUMER, "freight": CARRIER, **changes})


def composed(of: Sale, branch: Branch = BRANCH, *products: Product, at: datetime = AT) -> Draft:
    return compose(of, branch, {one.sku: one for one in products or (SHIRT,)}, at=at, mod="65")


def made(
    of: Sale, branch: Branch = BRANCH, *products: Product, certificate: Certificate, csc: Csc | None = None, offline: bool = False
) -> Built:
    """The whole unsigned document, QR code included; also of a sale with faults, as far as it goes."""
    draft = attempt(of, branch, {one.sku: one for one in products or (SHIRT,)}, at=AT, mod="65")
    contingency: dict[str, Any] = {"tpEmis": "9", "dhCont": AT, "xJust": REASON} if offline else {}
    plain = build(draft, number=1234, cNF="87654321", dhEmi=AT, **contingency)
    return supplemented(plain, draft, dhEmi=AT, csc=csc, sign=certificate.sign_sha1)
