"""Group Y: the bill of a sale on credit and its instalments (duplicatas), said by the sale or derived from its payments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

from gateway.core.money import NOTHING
from gateway.nfe.amounts import optional_text, reais
from gateway.nfe.branch import Branch
from gateway.nfe.findings import Findings
from gateway.nfe.layout.payment import Cobr, Dup, Fat, Pag
from gateway.nfe.sale import Sale

_BRASILIA = timezone(timedelta(hours=-3))
_YEARS = 10

Dues = Sequence[tuple[str, date, Decimal]]
"""Where the body says it, when it is due, and how much."""


def cobr(
    sale: Sale, branch: Branch, pag: Pag, total: Decimal | None, issued: datetime, zone: ZoneInfo, findings: Findings
) -> Cobr | None:
    """Group Y of the sale's bill, or of its payments with a due date when the branch derives it (`billing` `term`).

    `total`: vNF, None when the items have faults. `issued`: the instant of issue, aware. A sale that says no bill and pays
    nothing on credit has none. Instalments are numbered 001 on, in order of their dates, as the authorisers want.
    """
    bill = sale.billing
    if bill is None:
        return _derived(sale, issued, zone, findings) if branch.billing == "term" else None
    told = len(findings.faults)
    discount = reais(bill.discount, "O desconto da fatura", "$.billing.discount", findings)
    dues = _installments(sale, findings)
    due = sum((amount for _, _, amount in dues), NOTHING)
    if bill.original is not None:
        original = reais(bill.original, "O valor da fatura", "$.billing.original", findings)
    else:
        original = due + discount if dues else total or NOTHING
    if len(findings.faults) > told:
        return None
    if discount > original:
        findings.add("NFE-BILL-01", "$.billing.discount", discount=discount, original=original)
    elif dues and due != original - discount:
        findings.add("NFE-BILL-02", "$.billing.installments", sum=due, net=original - discount)
    _check_dates(dues, issued, zone, findings)
    if dues and pag.detPag and all(one.indPag == "0" for one in pag.detPag):
        findings.add("NFE-BILL-06", "$.billing.installments")
    return _group(_number(sale, bill.number), original, discount, dues)


def _installments(sale: Sale, findings: Findings) -> Dues:
    dues = []
    for i, one in enumerate(sale.billing.installments if sale.billing is not None else ()):
        path = f"$.billing.installments[{i}]"
        told = len(findings.faults)
        amount = reais(one.amount, "O valor da parcela", f"{path}.amount", findings)
        if not amount and len(findings.faults) == told:
            findings.add("NFE-BILL-08", f"{path}.amount")
        dues.append((f"{path}.due", one.due, amount))
    return dues


def _derived(sale: Sale, issued: datetime, zone: ZoneInfo, findings: Findings) -> Cobr | None:
    """An instalment for each payment with a due date, by date. Amounts with faults are told by the payments."""
    quiet = Findings()
    dues = [
        (f"$.payments[{i}].due", one.due, reais(one.amount, "", "", quiet))
        for i, one in enumerate(sale.payments)
        if one.due is not None
    ]
    dues = sorted((due for due in dues if due[2]), key=lambda due: due[1])
    if quiet.faults or not dues:
        return None
    _check_dates(dues, issued, zone, findings)
    return _group(_number(sale), sum((due[2] for due in dues), NOTHING), NOTHING, dues)


def _check_dates(dues: Dues, issued: datetime, zone: ZoneInfo, findings: Findings) -> None:
    """Each due date against the issue and the one before. A date only counts as the issue's when it is in every reading."""
    days = {issued.astimezone(place).date() for place in (zone, _BRASILIA, UTC)}
    first, last = min(days), max(days)
    limit = last.replace(day=min(last.day, 28), year=last.year + _YEARS) + timedelta(days=last.day - min(last.day, 28))
    before = date.min
    for path, due, _ in dues:
        if due < first:
            findings.add("NFE-BILL-03", path, due=f"{due:%d/%m/%Y}")
        elif due > limit:
            findings.add("NFE-BILL-05", path, due=f"{due:%d/%m/%Y}")
        elif due < before:
            findings.add("NFE-BILL-04", path, due=f"{due:%d/%m/%Y}")
        before = due
    if len(dues) == 1 and days == {dues[0][1]}:
        findings.add("NFE-BILL-07", dues[0][0])


def _number(sale: Sale, told: str = "") -> str | None:
    """nFat, without which the bill is refused (905): what the sale calls it, its order's number, or its `ref`."""
    return optional_text(told, 60) or optional_text(sale.order_number, 60) or optional_text(sale.ref, 60)


def _group(number: str | None, original: Decimal, discount: Decimal, dues: Dues) -> Cobr:
    return Cobr(
        fat=Fat(nFat=number, vOrig=original, vDesc=discount, vLiq=original - discount),
        dup=tuple(
            Dup(nDup=f"{number:03d}", dVenc=due.isoformat(), vDup=amount) for number, (_, due, amount) in enumerate(dues, start=1)
        ),
    )
