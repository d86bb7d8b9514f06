"""Findings said to a caller: at the path of the body he sent, beside the faults he was told already."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gateway.core.errors import ValidationFailed
from gateway.core.faults import Fault
from gateway.nfe.findings import rules as business_rules
from gateway.nfe.layout.document import InfNFe
from gateway.nfe.rules.judgement import Finding, Judgement, judge
from gateway.nfe.rules.rows import Mode

_INDEX = re.compile(r"\[(\d+)\]")
_PLACES: Final = tuple(
    (re.compile(pattern), path)
    for pattern, path in (
        (r"^/infNFe/det\[(\d+)\]/(?:imposto|prod/(?:cEAN|NCM|CEST|cBenef))", "$.items[{0}].{product}"),
        (r"^/infNFe/det\[(\d+)\]", "$.items[{0}]"),
        (r"^/infNFe/dest/(?:CNPJ|CPF|idEstrangeiro)$", "$.customer.tax_id"),
        (r"^/infNFe/dest/(?:IE|indIEDest)$", "$.customer.state_registration"),
        (r"^/infNFe/dest/xNome$", "$.customer.name"),
        (r"^/infNFe/dest/enderDest", "$.customer.address"),
        (r"^/infNFe/dest", "$.customer"),
        (r"^/infNFe/(?:emit|infRespTec)", "$.branch"),
        (r"^/infNFe/pag/detPag\[(\d+)\]", "$.payments[{0}]"),
        (r"^/infNFe/pag", "$.payments"),
        (r"^/infNFe/transp", "$.freight"),
        (r"^/infNFe/infIntermed", "$.intermediary"),
        (r"^/infNFe/ide/NFref\[(\d+)\]", "$.references[{0}]"),
        (r"^/infNFe/ide/dhEmi$", "$.issued_at"),
        (r"^/infNFe/ide/ind(?:Pres|Intermed)$", "$.presence"),
    )
)
"""Where a sale says what an element of the document shows."""
_GROUPS: Final = {
    "ide": "Identificação da nota",
    "total": "Totais da nota",
    "cobr": "Cobrança",
    "infAdic": "Informações adicionais",
    "entrega": "Local de entrega",
    "retirada": "Local de retirada",
}


CLEAN: Final = Judgement()


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What the rules say of a document that is not refused: what its caller is warned of, and the whole judgement."""

    warnings: tuple[Fault, ...] = ()
    judgement: Judgement = CLEAN


NOTHING: Final = Foreseen()


def foresee(
    body: InfNFe,
    known: Sequence[Fault],
    *,
    environment: int,
    at: datetime,
    modes: Mapping[str, Mode],
    tell: Callable[[Finding], Fault],
) -> Foreseen:
    """Judge a document beside the faults that are known of it. `tell`: a finding in its caller's words; the rest as `judge`.

    Raises ValidationFailed with the faults known and all that is refused.
    """
    judgement = judge(body, environment=environment, at=at, modes=modes)
    refused = [*known, *beside(known, ((finding, tell(finding)) for finding in judgement.refused))]
    if refused:
        raise ValidationFailed(refused)
    return Foreseen(tuple(tell(finding) for finding in judgement.warned), judgement)


def json_path(path: str) -> str:
    """`/infNFe/det[2]/prod/CFOP` as the path of a body by official tags: `$.infNFe.det[1].prod.CFOP`."""
    zero_based = _INDEX.sub(lambda found: f"[{int(found.group(1)) - 1}]", path)
    return "$" + zero_based.replace("/@", "/").replace("/", ".")


def of_tags(finding: Finding) -> Fault:
    """A finding for who sent the note by its official tags."""
    return _fault(finding, json_path(finding.path), finding.message)


def of_sale(finding: Finding, own_products: Sequence[bool]) -> Fault:
    """A finding for who sent a sale. `own_products`: whether each item of it brings its product.

    Where the sale says nothing of the element, the path is the document's and the sentence begins by the part of the note.
    """
    for pattern, path in _PLACES:
        found = pattern.match(finding.path)
        if found is not None:
            index = int(found.group(1)) - 1 if pattern.groups else 0
            own = index < len(own_products) and own_products[index]
            return _fault(finding, path.format(index, product="product" if own else "sku"), finding.message)
    group = _GROUPS.get(finding.path.split("/")[2].partition("[")[0] if finding.path.count("/") > 1 else "")
    return _fault(finding, json_path(finding.path), f"{group}: {finding.message}" if group else finding.message)


def _fault(finding: Finding, path: str, message: str) -> Fault:
    return Fault(code=finding.code, path=path, message=message, fix=finding.fix, source=finding.source)


def beside(known: Sequence[Fault], found: Iterable[tuple[Finding, Fault]]) -> list[Fault]:
    """The faults of the findings that `known` does not tell already.

    None at a path (or below one) that has its own fault, none of a refusal that a business rule tells there.
    """
    paths = {fault.path for fault in known}
    refusals = {(row.cStat, fault.path) for fault in known if (row := business_rules().get(fault.code)) is not None}
    told: list[Fault] = []
    for finding, fault in found:
        covered = any(fault.path == path or fault.path.startswith((f"{path}.", f"{path}[")) for path in paths if path != "$")
        if not covered and not any((cStat, fault.path) in refusals for cStat in finding.cStat.split(",")):
            told.append(fault)
    return told
