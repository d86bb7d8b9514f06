"""The groups IS and IBSCBS of one item, from its rule and its amounts."""

from __future__ import annotations

from decimal import Decimal

from gateway.core.money import NOTHING, ZERO
from gateway.nfe.layout.ibs_cbs import AjusteCompet, CredPresIbsZfm, EstornoCred, IbsCbs, TransfCred
from gateway.nfe.layout.selective import Is
from gateway.nfe.reform.mono import monophase
from gateway.nfe.reform.profile import ReformItem
from gateway.nfe.reform.rounding import money
from gateway.nfe.reform.rule import ReformRule
from gateway.nfe.reform.selective import selective
from gateway.nfe.reform.values import plain, presumed, values

_UNSTATED = ReformItem()


def selective_tax(rule: ReformRule, amount: Decimal, quantity: Decimal, stated: ReformItem | None) -> Is | None:
    """Group IS of a line worth `amount`; None when the product has none. The caller's base wins."""
    if rule.selective is None:
        return None
    given = None if stated is None else stated.selective_base
    return selective(rule.selective, amount if given is None else money(given), quantity)


def ibs_cbs(rule: ReformRule, base: Decimal, quantity: Decimal, stated: ReformItem | None) -> IbsCbs:
    """Group IBSCBS of a line whose base is `base` (UB16-10), unless the line states its own. Amounts in cents."""
    group = rule.group
    if rule.kind == "plain" and stated is None:
        return IbsCbs(CST=group.CST, cClassTrib=group.cClassTrib, gIBSCBS=plain(rule, max(base, NOTHING)))
    line = stated or _UNSTATED
    vBC = max(base, NOTHING) if line.base is None else money(line.base)
    reversal = line.reversal
    credit = None
    if rule.credit is not None:
        credit = presumed(rule.credit, vBC if line.credit_base is None else money(line.credit_base))
    return IbsCbs(
        CST=group.CST,
        cClassTrib=group.cClassTrib,
        indDoacao="1" if line.donation else None,
        gIBSCBS=values(rule, vBC, credit) if rule.kind in ("plain", "values") else None,
        gIBSCBSMono=monophase(rule, vBC, quantity, line) if rule.kind == "mono" else None,
        gTransfCred=_transfer(line) if rule.kind == "transfer" else None,
        gAjusteCompet=_adjustment(line) if rule.kind == "adjustment" else None,
        gEstornoCred=None if reversal is None else EstornoCred(vIBSEstCred=money(reversal.ibs), vCBSEstCred=money(reversal.cbs)),
        gCredPresOper=credit,
        gCredPresIBSZFM=_zfm(line) if rule.kind == "zfm" else None,
    )


def added(group: IbsCbs | None, tax: Is | None) -> Decimal:
    """vIBS + vCBS + vIS and the monophase: what is charged on top of the item when the law adds it (VB01-10)."""
    value = ZERO if tax is None else tax.vIS or ZERO
    if group is not None and group.gIBSCBS is not None:
        value += group.gIBSCBS.vIBS + group.gIBSCBS.gCBS.vCBS
    if group is not None and group.gIBSCBSMono is not None:
        value += group.gIBSCBSMono.vTotIBSMonoItem + group.gIBSCBSMono.vTotCBSMonoItem
    return value


def _transfer(line: ReformItem) -> TransfCred | None:
    return None if line.transfer is None else TransfCred(vIBS=money(line.transfer.ibs), vCBS=money(line.transfer.cbs))


def _adjustment(line: ReformItem) -> AjusteCompet | None:
    told = line.adjustment
    return None if told is None else AjusteCompet(competApur=told.month, vIBS=money(told.ibs), vCBS=money(told.cbs))


def _zfm(line: ReformItem) -> CredPresIbsZfm | None:
    told = line.zfm_credit
    if told is None:
        return None
    return CredPresIbsZfm(competApur=told.month, tpCredPresIBSZFM=told.kind, vCredPresIBSZFM=money(told.amount))
