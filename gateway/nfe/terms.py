"""What an operation asks of a sale: model, references, payment and the text it prints. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import msgspec

from gateway.core.chave import ChaveAcesso
from gateway.core.money import NOTHING, ZERO
from gateway.nfe import operations
from gateway.nfe.branch import Branch
from gateway.nfe.findings import Findings
from gateway.nfe.operations import BranchOperation, Operation
from gateway.nfe.reform.rates import emitted
from gateway.nfe.sale import Payment, Sale


def chosen(sale: Sale, day: date, rows: Sequence[BranchOperation], mod: str, findings: Findings) -> Operation:
    """The operation of the sale. One that is no NF-e is a fault; `venda` then stands in so that other faults are told.

    Raises ValidationFailed when the tables say nothing of that day.
    """
    try:
        found = operations.operation(sale.operation, day, rows)
        stand_in = operations.default("venda", day)
    except LookupError:
        findings.add("NFE-OP-01", "$.operation", name=sale.operation, day=day)
        findings.raise_any()
        raise
    if found.by == "outside":
        findings.add("NFE-OP-02", "$.operation", name=sale.operation)
        return stand_in
    if mod not in found.model:
        findings.add("NFE-OP-04", "$.operation", name=sale.operation)
        return stand_in
    return found


def check_content(sale: Sale, operation: Operation, branch: Branch, day: date, findings: Findings) -> None:
    """Whether the operation is made of what the sale brings: items, or lines of earlier documents."""
    if operation.reform_only and not emitted(branch.crt, branch.ibs_cbs_since, day):
        findings.add("NFE-CREDIT-03", "$.operation", day=day)
    if sale.returns:
        if not operation.returns:
            findings.add("NFE-RET-17", "$.returns", name=operation.name)
        if sale.discount or sale.other or sale.freight.amount:
            findings.add("NFE-RET-20", "$")
    elif operation.by == "returns":
        findings.add("NFE-RET-01", "$.returns", name=operation.name)
    elif not sale.items:
        findings.add("NFE-SALE-11", "$.items")


def check_references(sale: Sale, operation: Operation, chaves: Sequence[str], findings: Findings) -> None:
    """Whether the operation takes the documents that the sale refers to. `chaves` are the good ones."""
    if operation.references == "required" and not (sale.references or sale.returns or operation.by == "returns"):
        findings.add("NFE-OP-05", "$.references", name=operation.name)
    elif operation.references == "none" and sale.references:
        findings.add("NFE-OP-06", "$.references", name=operation.name)
    elif operation.tpNF == "1" and operation.finNFe != "2":
        given = [(f"$.references[{i}]", chave) for i, chave in enumerate(chaves)]
        given += [(f"$.returns[{i}].chave_acesso", line.chave_acesso) for i, line in enumerate(sale.returns)]
        for path, chave in given:
            if chave[20:22] == "65":
                findings.add("NFE-OP-07", path, chave=chave)


def settled(sale: Sale, operation: Operation, total: Decimal | None, findings: Findings) -> Sale:
    """The sale paid as the operation wants it. `total` is vNF, None when the items have faults."""
    if operation.payment == "real":
        return sale
    if operation.payment == "sem_pagamento":
        if any(payment.method != "sem_pagamento" for payment in sale.payments):
            findings.add("NFE-OP-08", "$.payments", name=operation.name)
        elif sale.payments:
            return sale
        return _paid(sale, Payment(method="sem_pagamento", amount=ZERO))
    if sale.payments:
        return sale
    return _paid(sale, Payment(method="credito_loja", amount=total or NOTHING))


def _paid(sale: Sale, payment: Payment) -> Sale:
    return msgspec.structs.replace(sale, payments=(payment,))


def printed(sale: Sale, operation: Operation, chaves: Sequence[ChaveAcesso], day: date) -> str:
    """infCpl: the operation's text with its names filled in, and then the sale's own notes."""
    if not operation.infCpl:
        return sale.notes
    # NF-e 1234/1: number and series are inside the key.
    told = ", ".join(
        f"{'NFC-e' if chave.mod == '65' else 'NF-e'} {int(chave[25:34])}/{int(chave[22:25])} chave {chave}" for chave in chaves
    )
    text = operation.infCpl.replace("{ref}", sale.ref).replace("{references}", told)
    if operation.deadline_days is not None:
        text = text.replace("{deadline}", f"{day + timedelta(days=operation.deadline_days):%d/%m/%Y}")
    return f"{text} {sale.notes}" if sale.notes else text
