"""What a line must state, may state, and must not, by the rule of its product."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from gateway.core.money import MAX_REAIS, ZERO
from gateway.nfe.amounts import reais
from gateway.nfe.findings import Findings
from gateway.nfe.operations import Operation
from gateway.nfe.reform.profile import ReformItem
from gateway.nfe.reform.rounding import fraction, money
from gateway.nfe.reform.rule import ReformRule

_UNSTATED = ReformItem()
_MONTH = re.compile(r"^20(2[5-9]|[3-9]\d)-(0[1-9]|1[0-2])$")
_GROUPS = (
    ("transfer", "transfer", "gTransfCred"),
    ("adjustment", "adjustment", "gAjusteCompet"),
    ("zfm", "zfm_credit", "gCredPresIBSZFM"),
)
_TRANSFERS = frozenset({"01", "05"})


def silent(rule: ReformRule, stated: ReformItem | None) -> bool:
    """Whether the line has nothing to state and states nothing: there is nothing to check."""
    return stated is None and rule.kind in ("plain", "values", "none") and not rule.reversal


def check_line(
    rule: ReformRule, stated: ReformItem | None, gross: Decimal, operation: Operation, day: date, path: str, findings: Findings
) -> None:
    """Adds the faults of what the line at `path` states. `gross` is vProd in reais."""
    if silent(rule, stated):
        return
    line = stated or _UNSTATED
    told = len(findings.faults)
    _amounts(line, f"{path}.reform", findings)
    if len(findings.faults) > told:
        return
    cst = rule.group.CST
    for kind, name, group in _GROUPS:
        value = getattr(line, name)
        where = f"{path}.reform.{name}"
        if rule.kind == kind and (value is None or _empty(value)):
            findings.add("NFE-RTC-40", where, cst=cst, group=group, field=f"reform.{name}")
        if rule.kind != kind and value is not None:
            findings.add("NFE-RTC-41", where, cst=cst, group=group, field=f"reform.{name}")
    if rule.reversal and (line.reversal is None or not line.reversal.ibs + line.reversal.cbs):
        findings.add("NFE-RTC-42", f"{path}.reform.reversal", value=rule.group.cClassTrib)
    if not rule.reversal and line.reversal is not None:
        findings.add("NFE-RTC-43", f"{path}.reform.reversal", value=rule.group.cClassTrib)
    _check_note(rule, operation, path, findings)
    month = day.strftime("%Y-%m")
    for group_ in (line.adjustment, line.zfm_credit):
        if group_ is not None and (not _MONTH.match(group_.month) or group_.month > month):
            findings.add("NFE-RTC-46", f"{path}.reform", value=group_.month)
    if rule.kind == "mono" and "blend" in rule.mono_parts and line.blend is None:
        findings.add("NFE-RTC-32", f"{path}.reform.blend")
    if rule.credit is not None and rule.credit.code == "04":
        _check_credit(rule, line, gross, path, findings)


def _check_note(rule: ReformRule, operation: Operation, path: str, findings: Findings) -> None:
    if rule.kind == "transfer" and (operation.finNFe != "6" or operation.tpNFDebito not in _TRANSFERS):
        # Succession also goes by a credit note of kind 05 (UB14-80); the transfer itself is of the debit note.
        findings.add("NFE-RTC-44", path)
    if (rule.kind == "zfm") != (operation.tpNFCredito == "02"):
        findings.add("NFE-RTC-45", path)


def _check_credit(rule: ReformRule, line: ReformItem, gross: Decimal, path: str, findings: Findings) -> None:
    """UB125-10 and UB129-10: the credit of used goods is never more than their value."""
    if rule.credit is None or line.credit_base is None:
        return
    for rate in (rule.credit.ibs, rule.credit.cbs):
        amount = money(line.credit_base * fraction(rate or ZERO))
        if amount > gross:
            findings.add("NFE-RTC-26", f"{path}.reform.credit_base", amount=amount, gross=gross)


def _amounts(line: ReformItem, path: str, findings: Findings) -> None:
    for name in ("base", "credit_base", "selective_base"):
        value = getattr(line, name)
        if value is not None:
            reais(value, "O valor", f"{path}.{name}", findings)
    for name in ("transfer", "adjustment", "reversal", "withheld", "blend"):
        group = getattr(line, name)
        if group is not None:
            reais(group.ibs, "O valor de IBS", f"{path}.{name}.ibs", findings)
            reais(group.cbs, "O valor de CBS", f"{path}.{name}.cbs", findings)
    if line.zfm_credit is not None:
        reais(line.zfm_credit.amount, "O crédito", f"{path}.zfm_credit.amount", findings)
    if line.blend is not None and not (line.blend.quantity.is_finite() and 0 <= line.blend.quantity <= MAX_REAIS / 100):
        findings.add("NFE-AMOUNT-01", f"{path}.blend.quantity", name="A quantidade", value=line.blend.quantity)


def _empty(group: object) -> bool:
    """Whether every amount of the group is zero (UB106-40, UB112-30)."""
    return not any(getattr(group, name, ZERO) for name in ("ibs", "cbs", "amount"))
