"""ide/gCompraGov of a sale to the public administration (LC 214/2025 art. 473)."""

from __future__ import annotations

from gateway.nfe.amounts import percent
from gateway.nfe.findings import Findings
from gateway.nfe.layout.ide import CompraGov
from gateway.nfe.reform.profile import GovernmentPurchase

_AFTER = frozenset({"2", "3"})


def government_group(purchase: GovernmentPurchase | None, model: str, findings: Findings) -> CompraGov | None:
    """The group, checked; None when the buyer is not the government or there are faults."""
    if purchase is None:
        return None
    told = len(findings.faults)
    if model == "65":
        findings.add("NFE-RTC-50", "$.government")
    if not percent(purchase.reducer):
        findings.add("NFE-RTC-51", "$.government.reducer", value=purchase.reducer)
    if (purchase.operation in _AFTER) != bool(purchase.references):
        need = "exige" if purchase.operation in _AFTER else "não aceita"
        findings.add("NFE-RTC-52", "$.government.references", kind=purchase.operation, need=need)
    if len(findings.faults) > told:
        return None
    return CompraGov(
        tpEnteGov=purchase.entity,
        pRedutor=purchase.reducer,
        tpOperGov=purchase.operation,
        refDFeAnt=tuple("".join(one.split()) for one in purchase.references),
    )
