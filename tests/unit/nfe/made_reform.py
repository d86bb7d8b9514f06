"""Products, lines and scopes that the tests of IBS, CBS and IS vary."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from gateway.nfe.branch import Branch
from gateway.nfe.build import Built, build
from gateway.nfe.findings import Findings
from gateway.nfe.layout.ibs_cbs import IbsCbs
from gateway.nfe.operations import Operation, default
from gateway.nfe.product import Product
from gateway.nfe.reform.group import ibs_cbs
from gateway.nfe.reform.line import check_line
from gateway.nfe.reform.profile import ReformItem, ReformProfile
from gateway.nfe.reform.resolve import resolve_reform
from gateway.nfe.reform.rule import ReformRule
from gateway.nfe.sale import Sale
from gateway.nfe.scope import Scope
from tests.unit.nfe.made import BRANCH, composed, product, sale

D = Decimal
DAY = date(2026, 11, 20)
LATER = datetime(2027, 3, 10, 13, 30, tzinfo=UTC)
STATED = msgspec.structs.replace(BRANCH, overrides={"cbs": D("8.80")})
"""A branch that states the CBS of 2027, which nobody has published."""


def good(cclasstrib: str, **changes: Any) -> Product:
    """The shirt with this cClassTrib; keywords of ReformProfile make its profile."""
    reform = {name: changes.pop(name) for name in list(changes) if name in ReformProfile.__struct_fields__}
    return product(cclasstrib=cclasstrib, reform=ReformProfile(**reform), **changes)


def note(kind: str = "", *, debit: str = "", credit: str = "", finNFe: str = "1") -> Operation:
    """The sale's operation, or a debit or credit note of this kind."""
    return replace(default(kind or "venda", DAY), finNFe=finNFe, tpNFDebito=debit, tpNFCredito=credit)


def scope(**changes: Any) -> Scope:
    """A sale in São Paulo to a consumer, on a day of 2026."""
    fields: dict[str, Any] = {
        "day": DAY,
        "crt": "3",
        "regime": "nao_cumulativo",
        "from_uf": "SP",
        "to_uf": "SP",
        "interstate": False,
        "contributor": False,
        "final_consumer": True,
        "operation": note(),
        "overrides": {},
        "buyer": "person",
    }
    return Scope(**{**fields, **changes})


def resolved(of: Product, within: Scope | None = None, *, donation: bool = False) -> tuple[ReformRule | None, list[str]]:
    """The rule of a product and the codes of its faults."""
    findings = Findings()
    rule = resolve_reform(of, within or scope(), "$.items[0].sku", findings, donation=donation)
    return rule, [fault.code for fault in findings.faults]


def group(of: Product, base: str, within: Scope | None = None, line: ReformItem | None = None, quantity: str = "1") -> IbsCbs:
    """The group of one item over `base`; the product and its line must have no fault."""
    circumstances = within or scope()
    rule, faults = resolved(of, circumstances, donation=line is not None and line.donation)
    assert rule is not None, faults
    assert faults == []
    assert line_faults(rule, line, circumstances) == []
    return ibs_cbs(rule, D(base), D(quantity), line)


def line_faults(rule: ReformRule, line: ReformItem | None, within: Scope | None = None, gross: str = "100.00") -> list[str]:
    """Codes of the faults of what a line states."""
    circumstances = within or scope()
    findings = Findings()
    check_line(rule, line, D(gross), circumstances.operation, circumstances.day, "$.items[0]", findings)
    return [fault.code for fault in findings.faults]


def made(of: Sale, branch: Branch, *products: Product, at: datetime) -> Built:
    """As `made.built`, on another day."""
    return build(composed(of, branch, *products, at=at), number=1234, cNF="87654321", dhEmi=at)


def taxed(of: Product, branch: Branch = BRANCH, *, at: datetime, **changes: Any) -> Built:
    """A note of one product on another day."""
    return made(sale(**changes), branch, of, at=at)
