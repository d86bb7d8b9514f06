"""The items of a sale as amounts: gross, discount, freight and other charges of each line, adding up to the sale's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from operator import attrgetter

import msgspec

from gateway.core.money import CENT, MAX_REAIS, NOTHING, ZERO, split, to_cents
from gateway.nfe.amounts import is_count, is_price, plain, quantity, reais, unit_price
from gateway.nfe.findings import Findings
from gateway.nfe.product import Product
from gateway.nfe.sale import Sale, SaleItem

_FREIGHT, _INSURANCE = attrgetter("freight"), attrgetter("insurance")
_UNIT = Decimal("1E-10")


class Line(msgspec.Struct, gc=False):
    """One item. Amounts in reais with two decimals; `path` is where the product's faults are told."""

    item: SaleItem
    product: Product
    path: str
    quantity: Decimal
    unit_price: Decimal
    gross: Decimal
    discount: Decimal
    freight: Decimal = NOTHING
    other: Decimal = NOTHING
    insurance: Decimal | None = None

    @property
    def amount(self) -> Decimal:
        """What the buyer pays for the line, and the base of its taxes."""
        amount = self.gross - self.discount + self.freight + self.other
        return amount if self.insurance is None else amount + self.insurance


def lines(sale: Sale, products: Mapping[str, Product], findings: Findings) -> list[Line]:
    """Every item, with the sale's discount, freight and other charges shared out. Only good when no fault was added."""
    told = len(findings.faults)
    found = [_line(i, item, products, findings) for i, item in enumerate(sale.items)]
    good = [line for line in found if line is not None]
    discount = reais(sale.discount, "O desconto da venda", "$.discount", findings)
    other = reais(sale.other, "O valor de outras despesas", "$.other", findings)
    freights = _freights(sale, findings)
    insurances = _insurances(sale, findings)
    if len(findings.faults) > told:
        return good
    if discount:
        net = [line.gross - line.discount for line in good]
        if discount > sum(net):
            findings.add("NFE-SALE-08", "$.discount", discount=discount, total=sum(net))
            return good
        for line, part in zip(good, split(discount, net), strict=True):
            line.discount += part
    if other:
        for line, part in zip(good, split(other, [line.gross for line in good]), strict=True):
            line.other = part
    if freights:
        for line, part in zip(good, _shares(freights, good), strict=True):
            line.freight = part
    if insurances:
        for line, part in zip(good, _shares(insurances, good), strict=True):
            line.insurance = part
    return good


def _shares(amount: Decimal | Sequence[Decimal], good: Sequence[Line]) -> Sequence[Decimal]:
    """The items' own parts, or an amount in parts by their gross."""
    if not isinstance(amount, Decimal):
        return amount
    return split(amount, [line.gross for line in good])


def _freights(sale: Sale, findings: Findings) -> Decimal | Sequence[Decimal]:
    """The sale's freight to be shared out, or each item's own when any item says its."""
    amount = reais(sale.freight.amount, "O frete da venda", "$.freight.amount", findings)
    if [*map(_FREIGHT, sale.items)].count(None) == len(sale.items):
        return amount
    own = [reais(item.freight or ZERO, "O frete do item", f"$.items[{i}].freight", findings) for i, item in enumerate(sale.items)]
    if amount and sum(own) != amount:
        findings.add("NFE-FREIGHT-01", "$.freight.amount", items=sum(own), sale=amount)
    return own


def _insurances(sale: Sale, findings: Findings) -> Decimal | Sequence[Decimal]:
    """As the freight: shared out, or each item's own."""
    amount = reais(sale.insurance, "O seguro da venda", "$.insurance", findings)
    if [*map(_INSURANCE, sale.items)].count(None) == len(sale.items):
        return amount
    own = [
        reais(item.insurance or ZERO, "O seguro do item", f"$.items[{i}].insurance", findings)
        for i, item in enumerate(sale.items)
    ]
    if amount and sum(own) != amount:
        findings.add("NFE-FREIGHT-09", "$.insurance", items=sum(own), sale=amount)
    return own


def _line(i: int, item: SaleItem, products: Mapping[str, Product], findings: Findings) -> Line | None:
    count, price = item.quantity, item.unit_price
    if price is not None and item.total is None and not item.discount and is_count(count) and is_price(price):
        # So many units of a price: what nearly every item is, with nothing to say of it.
        gross, known = to_cents(count * price) or NOTHING, item.product or products.get(item.sku)
        if known is not None and gross <= MAX_REAIS:
            where = f"$.items[{i}].sku" if item.product is None else f"$.items[{i}].product"
            return Line(item, known, where, count, price, gross, NOTHING)
    return _checked_line(i, item, products, findings)


def _checked_line(i: int, item: SaleItem, products: Mapping[str, Product], findings: Findings) -> Line | None:
    path = f"$.items[{i}]"
    told = len(findings.faults)
    product = item.product or products.get(item.sku)
    if product is None:
        findings.add("NFE-PRODUCT-01", f"{path}.sku", sku=item.sku)
    count = quantity(item.quantity, f"{path}.quantity", findings)
    discount = reais(item.discount, "O desconto do item", f"{path}.discount", findings)
    price = item.unit_price
    if price is not None:
        price = unit_price(price, f"{path}.unit_price", findings)
    elif item.total is None:
        findings.add("NFE-ITEM-04", path)
    gross = None if item.total is None else reais(item.total, "O total do item", f"{path}.total", findings)
    if product is None or count is None or len(findings.faults) > told:
        return None
    if gross is None:
        gross = reais(to_cents(count * price), "O total do item", path, findings) if price is not None else NOTHING
    elif price is None or abs(count * price - gross) > CENT:
        price = plain((gross / count).quantize(_UNIT))
        # Ten decimals of price are not enough for very large quantities (629).
        if abs(count * price - gross) > CENT:
            findings.add("NFE-ITEM-07", f"{path}.total", gross=gross)
    if discount > gross:
        findings.add("NFE-ITEM-06", f"{path}.discount", discount=discount, gross=gross)
    if price is None or len(findings.faults) > told:
        return None
    where = f"{path}.product" if item.product is not None else f"{path}.sku"
    return Line(item, product, where, count, price, gross, discount)
