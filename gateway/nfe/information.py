"""Group Z: what the note says in words, to the buyer and to the fisco, and ZB: what the buyer calls the purchase."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from gateway.core.text import clean_text
from gateway.nfe.amounts import optional_text, text
from gateway.nfe.branch import Branch
from gateway.nfe.findings import Findings
from gateway.nfe.layout.document import Compra, InfAdic, Obs, ProcRef
from gateway.nfe.sale import Sale
from gateway.nfe.trade import Information, Observation

_LIMIT = 5000
_UNSAID = Information()
_ORIGIN = {"sefaz": "0", "justica_federal": "1", "justica_estadual": "2", "secex": "3", "confaz": "4", "outros": "9"}


def inf_adic(sale: Sale, branch: Branch, day: date, parts: Sequence[str], mod: str, findings: Findings) -> InfAdic | None:
    """Group Z: infCpl of `parts` (operation, taxes, the sale's notes) and of the branch's texts that count on `day`.

    What does not fit in 5,000 characters is cut from the end, where the branch's texts are. None when there is nothing to say.
    """
    extra = sale.information
    if extra == _UNSAID and not branch.texts and not any(parts):
        return None
    own = []
    for one in branch.texts:
        cleaned = clean_text(one.text, _LIMIT)
        if not cleaned:
            findings.add("NFE-BRANCH-11", "$.branch")
        elif one.since <= day <= (one.until or date.max) and mod in one.models:
            own.append(cleaned)
    words = optional_text(" ".join(part for part in (*parts, *own) if part), _LIMIT)
    fisco = optional_text(extra.fisco, 2000)
    named = _observations(extra.observations, "observations", findings)
    to_fisco = _observations(extra.fisco_observations, "fisco_observations", findings)
    processes = tuple(
        ProcRef(
            nProc=text(one.number, 60, "o número do processo", f"$.information.processes[{i}].number", findings),
            indProc=_ORIGIN[one.origin],
            tpAto=one.act or None,
        )
        for i, one in enumerate(extra.processes)
    )
    if words is None and fisco is None and not (named or to_fisco or processes):
        return None
    return InfAdic(infAdFisco=fisco, infCpl=words, obsCont=named, obsFisco=to_fisco, procRef=processes)


def _observations(given: Sequence[Observation], kind: str, findings: Findings) -> tuple[Obs, ...]:
    return tuple(
        Obs(
            xCampo=text(one.field, 20, "o nome do campo", f"$.information.{kind}[{i}].field", findings),
            xTexto=text(one.text, 60, "o texto do campo", f"$.information.{kind}[{i}].text", findings),
        )
        for i, one in enumerate(given)
    )


def compra(sale: Sale, mod: str, findings: Findings) -> Compra | None:
    """Group ZB, which a NFC-e does not have (762): there the order's number is told in words."""
    commitment, contract = optional_text(sale.purchase.commitment, 22), optional_text(sale.purchase.contract, 60)
    if mod == "65":
        if commitment or contract:
            findings.add("NFCE-PURCHASE-01", "$.purchase")
        return None
    order = optional_text(sale.order_number, 60)
    return Compra(xNEmp=commitment, xPed=order, xCont=contract) if order or commitment or contract else None
