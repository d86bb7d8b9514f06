"""A product as the note names it, resolved once per note however many lines sell it."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import msgspec

from gateway.core.text import clean_text
from gateway.nfe.amounts import digits
from gateway.nfe.findings import Findings
from gateway.nfe.layout.item import Det, Prod
from gateway.nfe.layout.special_goods import Comb
from gateway.nfe.lines import Line
from gateway.nfe.operations import Operation
from gateway.nfe.product import Product, TaxProfile
from gateway.nfe.reform.group import added
from gateway.nfe.reform.line import check_line, silent
from gateway.nfe.scope import Scope
from gateway.nfe.tax_profile import Fuel
from gateway.nfe.taxes.compute import compute
from gateway.nfe.taxes.rule import TaxRule, resolve
from gateway.nfe.taxes.sums import Sums

NO_GTIN = "SEM GTIN"
SERVICE_NCM = "00"
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
    comb: Comb | None
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


_Rules = dict[tuple[TaxProfile, str, str, bool], TaxRule]
_Known = dict[tuple[int, bool], tuple[Product, Goods]]
_kept: dict[tuple[object, ...], tuple[Operation, _Rules, _Known]] = {}
_MAX_SCOPES = 64
_MAX_GOODS = 8192


def _kept_for(scope: Scope) -> tuple[Operation, _Rules, _Known]:
    """Tax rules and goods already resolved in circumstances like these: resolving takes longer than writing the item.

    They are values that nothing changes, so notes and threads share them; only those without faults are kept. What the keys name
    by identity, the operation and the products, is kept beside them.
    """
    key = scope.key
    known = _kept.get(key)
    if known is not None and len(known[2]) < _MAX_GOODS:
        return known
    while len(_kept) >= _MAX_SCOPES:
        _kept.pop(next(iter(_kept)), None)
    rules: _Rules = {}
    goods: _Known = {}
    _kept[key] = (scope.operation, rules, goods)
    return scope.operation, rules, goods


class Shelf:
    """The goods of one note: products and tax profiles met before, in this note or another, are not resolved again."""

    __slots__ = ("_faulty", "_known", "_rules", "_same", "_scope")

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        _, self._rules, self._known = _kept_for(scope)
        self._faulty: dict[tuple[int, bool], Goods] = {}
        self._same: dict[tuple[int, str, str, bool], TaxRule] = {}

    def goods(self, line: Line, findings: Findings) -> Goods:
        """The goods of the line's product; faults are told once, at the first line that sells it."""
        stated = line.item.reform
        product = line.product
        key = (id(product), stated is not None and stated.donation)
        known = self._known.get(key)
        if known is not None:
            return known[1]
        faulty = self._faulty.get(key)
        if faulty is not None:
            return faulty
        told = len(findings.faults)
        goods = resolve_goods(product, self, self._scope, line.path, findings, key[1])
        if len(findings.faults) > told:
            self._faulty[key] = goods
        else:
            self._known[key] = (product, goods)
        return goods

    def check(self, line: Line, goods: Goods, findings: Findings) -> None:
        """Faults of what the line states of IBS, CBS and IS."""
        rule, stated = goods.rule.reform, line.item.reform
        if rule is not None and not silent(rule, stated):
            scope = self._scope
            check_line(rule, stated, line.gross, scope.operation, scope.day, f"$.items[{line.place}]", findings)

    def rule(self, product: Product, path: str, findings: Findings, donation: bool = False) -> TaxRule:
        """The tax rule of `product`; one without faults serves every product of the same profile, origin and NCM."""
        # A profile has many fields to compare: products that share the very same one need not.
        same = (id(product.tax), product.origin, product.ncm, donation)
        rule = self._same.get(same)
        if rule is not None:
            return rule
        key = (product.tax, product.origin, product.ncm, donation)
        try:
            rule = self._rules.get(key)
        except TypeError:
            # A signalling NaN has no hash; `resolve` tells it.
            return resolve(product, self._scope, path, findings, donation=donation)
        if rule is None:
            told = len(findings.faults)
            rule = resolve(product, self._scope, path, findings, donation=donation)
            if len(findings.faults) > told:
                return rule
            self._rules[key] = rule
        self._same[same] = rule
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
    sku, tax = product.sku, product.tax
    cProd, xProd, unit, ncm, cest, cEAN = label(sku, product.description, product.unit, product.ncm, product.cest, product.gtin)
    for cleaned, name in ((cProd, "o código"), (xProd, "a descrição"), (unit, "a unidade")):
        if not cleaned:
            findings.add("NFE-PRODUCT-12", path, name=name, sku=sku)
    rule = shelf.rule(product, path, findings, donation)
    if rule.issqn is not None:
        ncm, cEAN, cest = SERVICE_NCM, NO_GTIN, ""
    elif len(ncm) != 8:
        findings.add("NFE-PRODUCT-02", path, value=product.ncm, sku=sku)
    if rule.issqn is None and product.cest and len(cest) != 7:
        findings.add("NFE-PRODUCT-04", path, value=product.cest, sku=sku)
    elif rule.cest and not cest:
        findings.add("NFE-PRODUCT-03", path, sku=sku)
    benefit = tax.cbenef
    if benefit:
        # A fixed situation is the operation's, not the benefit of the product's sale.
        benefit = "" if scope.csosn or scope.operation.icms == "fixed" else benefit.strip().upper()
    if benefit and benefit != "SEM CBENEF" and not benefit_code(benefit):
        findings.add("NFE-PRODUCT-09", path, value=benefit, sku=sku)
    if tax.cbenef_rbc and not benefit_code(tax.cbenef_rbc.strip()):
        findings.add("NFE-TAX-27", path, value=tax.cbenef_rbc, sku=sku)
    own = getattr(scope.operation, rule.kind)
    table = own if scope.place in own else scope.operation.cfop
    return Goods(
        cProd=cProd,
        cEAN=cEAN,
        xProd=xProd,
        NCM=ncm,
        CEST=cest or None,
        cBenef=benefit or None,
        CFOP=table[scope.place],
        unit=unit,
        comb=None if tax.fuel is None else _comb(tax.fuel, product, scope, path, findings),
        rule=rule,
    )


def benefit_code(code: str) -> bool:
    """Whether `code` has the form of a cBenef."""
    return len(code) in (8, 10) and code.isalnum() and code.isascii()


def _comb(fuel: Fuel, product: Product, scope: Scope, path: str, findings: Findings) -> Comb | None:
    """LA01 of a fuel known by the ANP's code; UFCons is the buyer's state."""
    if not (fuel.anp_code or fuel.anp_description):
        return None
    description = clean_text(fuel.anp_description, 95)
    if not fuel.anp_code or len(description) < 2:
        findings.add("NFE-TAX-28", path, sku=product.sku)
    return Comb(cProdANP=fuel.anp_code, descANP=description, UFCons=scope.to_uf)


def det(number: int, line: Line, goods: Goods, order: str | None, sums: Sums) -> Det:
    """Group H of one line, its amounts and taxes added to `sums`. vItem goes with the reform's groups (1094)."""
    item = line.item
    amount = line.amount
    reform = goods.rule.reform
    imposto, value = compute(goods.rule, amount, line.quantity, sums, item.reform)
    vItem = value + added(imposto.IBSCBS, imposto.IS) if reform is not None and reform.adds else value
    if goods.rule.issqn is None:
        sums.vProd += line.gross
    else:
        sums.vServ += line.gross
    sums.vDesc += line.discount
    sums.vFrete += line.freight
    sums.vOutro += line.other
    sums.vItem += vItem
    if line.insurance is not None:
        sums.vSeg += line.insurance
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
    if line.insurance is not None or goods.comb is not None:
        prod = msgspec.structs.replace(prod, vSeg=line.insurance, comb=goods.comb)
    return Det(
        nItem=str(number),
        prod=prod,
        imposto=imposto,
        infAdProd=(clean_text(item.note, 500) or None) if item.note else None,
        vItem=vItem if reform is not None else None,
    )
