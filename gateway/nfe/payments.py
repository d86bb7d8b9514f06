"""Group YA: how a note is paid, and its change."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from gateway.core.money import NOTHING
from gateway.core.taxid import Cnpj
from gateway.core.text import clean_text
from gateway.nfe import municipios
from gateway.nfe.amounts import optional_text, reais
from gateway.nfe.findings import Findings
from gateway.nfe.layout.payment import Card, DetPag, Pag
from gateway.nfe.parties import tax_id
from gateway.nfe.sale import Payment, Sale
from gateway.nfe.tables import Means, brand_code, means_of_payment


def pag(sale: Sale, total: Decimal | None, findings: Findings, mod: str = "55", day: date = date.max) -> Pag:
    """The group for a note worth `total`, issued on `day`; total None when the items have faults and sums say nothing.

    Sums: what is paid covers vNF (865); only cash gives change (866). `pagamento_posterior` counts in the sum, and is
    written with vPag 0.00 as IT 2024.002 wants.
    """
    if not sale.payments:
        findings.add("NFCE-PAY-01" if mod == "65" else "NFE-PAY-01", "$.payments")
        return Pag(detPag=())
    table = means_of_payment()
    details: list[DetPag] = []
    paid = cash = NOTHING
    told = len(findings.faults)
    for i, payment in enumerate(sale.payments):
        path = f"$.payments[{i}]"
        means = table[payment.method]
        before = len(findings.faults)
        amount = reais(payment.amount, "O valor do pagamento", f"{path}.amount", findings)
        if mod == "65" and means.nfce:
            findings.add(means.nfce, f"{path}.method")
        elif day < means.since:
            findings.add("NFE-PAY-10", f"{path}.method", method=payment.method, since=f"{means.since:%d/%m/%Y}")
        elif len(findings.faults) > before:
            pass  # the amount is told already; what follows would only repeat it
        elif means.code == "90" and (amount or len(sale.payments) > 1):
            findings.add("NFE-PAY-04", path)
        elif means.code != "90" and not amount and total:
            findings.add("NFE-PAY-09", f"{path}.amount", method=payment.method)
        paid += amount
        cash += amount if means.change else NOTHING
        details.append(_detail(payment, means, amount, path, findings))
    change = None
    if total is not None and len(findings.faults) == told and table[sale.payments[0].method].code != "90":
        change = _change(paid, cash, total, findings)
    return Pag(detPag=tuple(details), vTroco=change)


def _change(paid: Decimal, cash: Decimal, total: Decimal, findings: Findings) -> Decimal | None:
    excess = paid - total
    if excess < 0:
        findings.add("NFE-PAY-02", "$.payments", paid=paid, total=total)
    elif excess > cash:
        findings.add("NFE-PAY-03", "$.payments", paid=paid, total=total, change=excess)
    return excess if excess > 0 else None


def _detail(payment: Payment, means: Means, amount: Decimal, path: str, findings: Findings) -> DetPag:
    text = optional_text(payment.description, 60)
    if means.code == "99" and (text is None or len(text) < 2):
        findings.add("NFE-PAY-05", f"{path}.description")
    processor, where = _processor(payment, path, findings)
    term = payment.term or payment.due is not None
    return DetPag(
        indPag=None if means.zero else ("1" if term else "0"),
        tPag=means.code,
        xPag=text if means.code == "99" else None,
        vPag=NOTHING if means.zero else amount,
        dPag=None if payment.paid_on is None else payment.paid_on.isoformat(),
        CNPJPag=processor,
        UFPag=where,
        card=_card(payment, means, path, findings),
    )


def _processor(payment: Payment, path: str, findings: Findings) -> tuple[Cnpj | None, str | None]:
    """CNPJPag and UFPag: both or none."""
    if not payment.processed_by and not payment.processed_in:
        return None, None
    cnpj, uf = tax_id(payment.processed_by), municipios.uf_sigla(payment.processed_in)
    if not isinstance(cnpj, Cnpj) or uf is None:
        findings.add("NFE-PAY-11", f"{path}.processed_by", value=f"{payment.processed_by} {payment.processed_in}".strip())
        return None, None
    return cnpj, uf


def _card(payment: Payment, means: Means, path: str, findings: Findings) -> Card | None:
    """Group card: compulsory for cards and dynamic PIX (391, 392), tpIntegra 2 unless integrated with the terminal."""
    card = payment.card
    if card is None:
        return Card(tpIntegra="2") if means.card == "required" else None
    if means.card == "forbidden":
        findings.add("NFE-PAY-08", f"{path}.card", method=payment.method)
        return None
    acquirer = tax_id(card.acquirer_cnpj) if card.acquirer_cnpj else None
    if card.acquirer_cnpj and not isinstance(acquirer, Cnpj):
        findings.add("NFE-PAY-07", f"{path}.card.acquirer_cnpj", value=card.acquirer_cnpj)
    beneficiary = tax_id(card.beneficiary_cnpj) if card.beneficiary_cnpj else None
    if card.beneficiary_cnpj and not isinstance(beneficiary, Cnpj):
        findings.add("NFE-PAY-12", f"{path}.card.beneficiary_cnpj", value=card.beneficiary_cnpj)
    authorization = clean_text(card.authorization, 128)
    if card.integrated and not (card.acquirer_cnpj and authorization):
        findings.add("NFE-PAY-06", f"{path}.card")
    return Card(
        tpIntegra="1" if card.integrated else "2",
        CNPJ=acquirer,
        tBand=brand_code(card.brand) if means.brand else None,
        cAut=authorization or None,
        CNPJReceb=beneficiary,
        idTermPag=optional_text(card.terminal, 40),
    )
