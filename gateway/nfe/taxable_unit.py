"""What a product has of its own beyond its label: the unit it is taxed in, when it is not the one sold, and its FCI."""

from __future__ import annotations

import re
from decimal import Decimal

import msgspec

from gateway.core.money import CENT
from gateway.core.text import clean_text
from gateway.nfe.amounts import has_places, plain
from gateway.nfe.findings import Findings
from gateway.nfe.goods import NO_GTIN, gtin
from gateway.nfe.layout.item import Prod
from gateway.nfe.product import Product

_QUANTITY = Decimal("0.0001")
_PRICE = Decimal("1E-10")
_LARGEST = Decimal(10) ** 11
_FCI = re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")


def in_taxable_unit(prod: Prod, product: Product, path: str, findings: Findings) -> Prod:
    """The group with uTrib, qTrib, vUnTrib and cEANTrib of the inner unit, and nFCI.

    qTrib is the quantity times `taxable_factor`; vUnTrib, the price of ten decimals that gives back vProd within a cent (630).
    """
    changes: dict[str, object] = {}
    if product.fci:
        code = product.fci.strip().upper()
        if not _FCI.fullmatch(code):
            findings.add("NFE-PRODUCT-16", path, sku=product.sku, value=product.fci)
        changes["nFCI"] = code
    unit = clean_text(product.taxable_unit, 6)
    if unit:
        factor = product.taxable_factor
        if not factor.is_finite() or not 0 < factor < _LARGEST or not has_places(factor, 4):
            findings.add("NFE-PRODUCT-13", path, sku=product.sku)
            return prod
        count = (prod.qCom * factor).quantize(_QUANTITY)
        price = (prod.vProd / count).quantize(_PRICE) if count else Decimal(0)
        if not 0 < count < _LARGEST or abs(count * price - prod.vProd) > CENT:
            findings.add("NFE-PRODUCT-14", path, sku=product.sku, quantity=prod.qCom)
            return prod
        short = count.normalize()
        changes |= {
            "uTrib": unit,
            "qTrib": short if short.as_tuple().exponent <= 0 else short.quantize(Decimal(1)),  # type: ignore[operator]
            "vUnTrib": plain(price),
        }
        inner = gtin(product.taxable_gtin) if product.taxable_gtin else NO_GTIN
        changes["cEANTrib"] = prod.cEAN if inner == NO_GTIN else inner
    return msgspec.structs.replace(prod, **changes)
