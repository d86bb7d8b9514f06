"""A product as the note names it, resolved once per note however many lines sell it."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import msgspec

from gateway.core.text import clean_text
from gateway.nfe.amounts import digits
from gateway.nfe.findings import Findings
from gateway.nfe.layout.item import Det, Prod
from gateway.nfe.lines import Line
from gateway.nfe.product import Product, TaxProfile
from gateway.nfe.reform.group import added
from gateway.nfe.reform.line import check_line
from gateway.nfe.scope import Scope
from gateway.nfe.taxes.compute import compute
from gateway.nfe.taxes.rule import TaxRule, resolve
from gateway.nfe.taxes.sums import Sums

NO_GTIN = "SEM GTIN"
_RESTRICTED = ("02", "04", "05", "2", "98", "99")
"""GS1 prefixes that name no trade item: in-store codes and coupons (nfe-rules 11)."""


class Goods(msgspec.Struct, frozen=True, gc=False):
    """Group I's constants of a product, and its tax rule. A struct: a note of 990 items makes as many."""

    cProd: str
    cEAN: str
    xProd: str
    NCM: str
    CEST: str | None
    cBenef: str | None
    CFOP: str
    unit: str
    rule: TaxRule


def gtin(value: str) -> str:
    """`value` when it is a GTIN of a trade item with the right check digit, or `SEM GTIN` (611, 612)."""
    code = value.strip()
    if len(code) not in (8, 12, 13, 14) or not code.isdigit() or not code.isascii():
        return NO_GTIN
    total = sum(int(char) * (3 if i % 2 == 0 else 1) for i, char in enumerate(reversed(code[:-1])))
    if (10 - total % 10) % 10 != int(code[-1]) or not code.strip("0"):
        return NO_GTIN
    thirteen = code.zfill(14)[1:]
    return NO_GTIN if len(code) != 8 and thirteen.startswith(_RESTRICTED) else code


class Shelf:
    """The goods of one note: products and tax profiles met before are not resolved again."""

    __slots__ = ("_goods", "_rules", "_scope")

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._goods: dict[tuple[int, bool], Goods] = {}
        self._rules: dict[tuple[TaxProfile, str, str, bool], TaxRule] = {}

    def goods(self, line: Line, findings: Findings) -> Goods:
        """The goods of the line's product; faults are told once, at the first line that sells it."""
        stated = line.item.reform
        donation = stated is not None and stated.donation
        key = (id(line.product), donation)
        known = self._goods.get(key)
        if known is None:
            known = self._goods[key] = resolve_goods(line.product, self, self._scope, line.path, findings, donation)
        return known

    def check(self, line: Line, goods: Goods, path: str, findings: Findings) -> None:
        """Faults of what the line at `path` states of IBS, CBS and IS."""
        if goods.rule.reform is not None:
            scope = self._scope
            check_line(goods.rule.reform, line.item.reform, line.gross, scope.operation, scope.day, path, findings)

    def rule(self, product: Product, path: str, findings: Findings, donation: bool = False) -> TaxRule:
        """The tax rule of `product`; one without faults serves every product of the same profile, origin and NCM."""
        key = (product.tax, product.origin, product.ncm, donation)
        rule = self._rules.get(key)
        if rule is None:
            told = len(findings.faults)
            rule = resolve(product, self._scope, path, findings, donation=donation)
            if len(findings.faults) == told:
                self._rules[key] = rule
        return rule


class Label(NamedTuple):
    """What a product's own words become in any note: texts cleaned, codes reduced to digits, not yet checked."""

    cProd: str
    xProd: str
    unit: str
    NCM: str
    CEST: str
    cEAN: str


@lru_cache(maxsize=8192)
def label(sku: str, description: str, unit: str, ncm: str, cest: str, code: str) -> Label:
    """The label of a product's fields; the same products are sold note after note, so the last ones are kept."""
    return Label(
        cProd=clean_text(sku, 60),
        xProd=clean_text(description, 120),
        unit=clean_text(unit, 6),
        NCM=digits(ncm),
        CEST=digits(cest),
        cEAN=gtin(code) if code else NO_GTIN,
    )


def resolve_goods(product: Product, shelf: Shelf, scope: Scope, path: str, findings: Findings, donation: bool = False) -> Goods:
    """Texts and codes of `product`, checked; faults are told at `path`, where the body names the product."""
    sku = product.sku
    cProd, xProd, unit, ncm, cest, cEAN = label(sku, product.description, product.unit, product.ncm, product.cest, product.gtin)
    for cleaned, name in ((cProd, "o código"), (xProd, "a descrição"), (unit, "a unidade")):
        if not cleaned:
            findings.add("NFE-PRODUCT-12", path, name=name, sku=sku)
    if len(ncm) != 8:
        findings.add("NFE-PRODUCT-02", path, value=product.ncm, sku=sku)
    st = product.tax.situation == "st"
    if product.cest and len(cest) != 7:
        findings.add("NFE-PRODUCT-04", path, value=product.cest, sku=sku)
    elif st and not cest:
        findings.add("NFE-PRODUCT-03", path, sku=sku)
    benefit = product.tax.cbenef
    if benefit:
        # A fixed situation is the operation's, not the benefit of the product's sale.
        benefit = "" if scope.csosn or scope.operation.icms == "fixed" else benefit.strip().upper()
    if benefit and benefit != "SEM CBENEF" and (len(benefit) not in (8, 10) or not benefit.isalnum() or not benefit.isascii()):
        findings.add("NFE-PRODUCT-09", path, value=benefit, sku=sku)
    table = scope.operation.cfop_st if st and scope.place in scope.operation.cfop_st else scope.operation.cfop
    return Goods(
        cProd=cProd,
        cEAN=cEAN,
        xProd=xProd,
        NCM=ncm,
        CEST=cest or None,
        cBenef=benefit or None,
        CFOP=table[scope.place],
        unit=unit,
        rule=shelf.rule(product, path, findings, donation),
    )


def det(number: int, line: Line, goods: Goods, order: str | None, sums: Sums) -> Det:
    """Group H of one line, its amounts and taxes added to `sums`. vItem goes with the reform's groups (1094)."""
    item = line.item
    amount = line.amount
    reform = goods.rule.reform
    imposto = compute(goods.rule, amount, line.quantity, sums, item.reform)
    vItem = amount + added(imposto.IBSCBS, imposto.IS) if reform is not None and reform.adds else amount
    sums.vProd += line.gross
    sums.vDesc += line.discount
    sums.vFrete += line.freight
    sums.vOutro += line.other
    sums.vItem += vItem
    prod = Prod(
        cProd=goods.cProd,
        cEAN=goods.cEAN,
        xProd=(clean_text(item.description, 120) or goods.xProd) if item.description else goods.xProd,
        NCM=goods.NCM,
        CEST=goods.CEST,
        cBenef=goods.cBenef,
        CFOP=goods.CFOP,
        uCom=goods.unit,
        qCom=line.quantity,
        vUnCom=line.unit_price,
        vProd=line.gross,
        cEANTrib=goods.cEAN,
        uTrib=goods.unit,
        qTrib=line.quantity,
        vUnTrib=line.unit_price,
        vFrete=line.freight,
        vDesc=line.discount,
        vOutro=line.other,
        indTot="1",
        xPed=order,
    )
    return Det(
        nItem=str(number),
        prod=prod,
        imposto=imposto,
        infAdProd=(clean_text(item.note, 500) or None) if item.note else None,
        vItem=vItem if reform is not None else None,
    )
