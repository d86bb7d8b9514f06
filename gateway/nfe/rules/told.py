"""Findings said to a caller: at the path of the body he sent, beside the faults he was told already."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from gateway.core.errors import ValidationFailed
from gateway.core.faults import Fault
from gateway.nfe.findings import rules as business_rules
from gateway.nfe.layout.document import InfNFe
from gateway.nfe.rules.consequences import Known
from gateway.nfe.rules.judgement import Finding, Judgement, judge
from gateway.nfe.rules.rows import Mode

_INDEX = re.compile(r"\[(\d+)\]")
_PLACES: Final = tuple(
    (re.compile(pattern), path)
    for pattern, path in (
        (r"^/infNFe/det\[(\d+)\]/(?:imposto|prod/(?:cEAN|NCM|CEST|cBenef))", "$.items[{0}].{product}"),
        (r"^/infNFe/det\[(\d+)\]/prod/rastro", "$.items[{0}].details.batches"),
        (r"^/infNFe/det\[(\d+)\]/prod/(veicProd|med|arma|nRECOPI)\b", "$.items[{0}].details.{tag}"),
        (r"^/infNFe/det\[(\d+)\]", "$.items[{0}]"),
        (r"^/infNFe/dest/(?:CNPJ|CPF)$", "$.customer.tax_id"),
        (r"^/infNFe/dest/idEstrangeiro$", "$.customer.foreign_id"),
        (r"^/infNFe/dest/(?:IE|indIEDest)$", "$.customer.state_registration"),
        (r"^/infNFe/dest/xNome$", "$.customer.name"),
        (r"^/infNFe/dest/enderDest", "$.customer.address"),
        (r"^/infNFe/(?:dest|ide/idDest$)", "$.customer"),
        (r"^/infNFe/(?:emit|infRespTec)", "$.branch"),
        (r"^/infNFe/pag/detPag\[(\d+)\]/vPag$", "$.payments[{0}].amount"),
        (r"^/infNFe/pag/detPag\[(\d+)\]", "$.payments[{0}]"),
        (r"^/infNFe/pag", "$.payments"),
        (r"^/infNFe/transp", "$.freight"),
        (r"^/infNFe/infIntermed", "$.intermediary"),
        (r"^/infNFe/cobr/dup\[(\d+)\]/dVenc$", "$.billing.installments[{0}].due"),
        (r"^/infNFe/cobr/dup\[(\d+)\]", "$.billing.installments[{0}]"),
        (r"^/infNFe/cobr", "$.billing"),
        (r"^/infNFe/retirada", "$.pickup"),
        (r"^/infNFe/entrega", "$.delivery"),
        (r"^/infNFe/autXML\[(\d+)\]", "$.readers[{0}]"),
        (r"^/infNFe/exporta", "$.export"),
        (r"^/infNFe/compra", "$.purchase"),
        (r"^/infNFe/ide/NFref\[(\d+)\]", "$.references[{0}]"),
        (r"^/infNFe/ide/NFref$", "$.references"),
        (r"^/infNFe/ide/dhEmi$", "$.issued_at"),
        (r"^/infNFe/ide/indFinal$", "$.customer.final_consumer"),
        (r"^/infNFe/ide/(?:natOp|tpNF|finNFe|tpNFDebito|tpNFCredito)$", "$.operation"),
        (r"^/infNFe/ide/ind(?:Pres|Intermed)$", "$.presence"),
    )
)
"""Where a sale says what an element of the document shows."""
_GROUPS: Final = {
    "ide": "Identificação da nota",
    "total": "Totais da nota",
    "infAdic": "Informações adicionais",
}


_OUT_OF_PLACE: Final = frozenset({"NFE-XSD-UNEXPECTED"})

CLEAN: Final = Judgement()


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What the rules say of a document that is not refused: what its caller is warned of, and the whole judgement."""

    warnings: tuple[Fault, ...] = ()
    judgement: Judgement = CLEAN


NOTHING: Final = Foreseen()


def foresee(
    body: InfNFe,
    schema: Sequence[Fault],
    known: Known,
    *,
    environment: int,
    at: datetime,
    modes: Mapping[str, Mode],
    tell: Callable[[Finding], Fault],
    place: Callable[[str], str] = str,
) -> Foreseen:
    """Judge a document beside what the schema says of it and the faults known of its body.

    `tell`: a finding in its caller's words; `place`: the path of the caller's body for one by official tags; the rest as `judge`.
    Raises ValidationFailed with all together: the faults known, and of the others those that do not follow from them.
    """
    judgement = judge(body, environment=environment, at=at, modes=modes)
    schema = [fault for fault in schema if known.allows(place(_spot(fault)))]
    found = [(finding, tell(finding)) for finding in judgement.refused]
    rest = beside([*known.faults, *schema], [(finding, fault) for finding, fault in found if known.allows(fault.path)])
    refused = [*known.faults, *(msgspec.structs.replace(fault, path=place(fault.path)) for fault in schema), *rest]
    if refused:
        raise ValidationFailed(refused)
    return Foreseen(tuple(tell(finding) for finding in judgement.warned), judgement)


def _spot(fault: Fault) -> str:
    """What a fault of the schema is about: of an element out of its place, the group that it is in."""
    return fault.path.rpartition(".")[0] or fault.path if fault.code in _OUT_OF_PLACE else fault.path


def json_path(path: str) -> str:
    """`/infNFe/det[2]/prod/CFOP` as the path of a body by official tags: `$.infNFe.det[1].prod.CFOP`."""
    zero_based = _INDEX.sub(lambda found: f"[{int(found.group(1)) - 1}]", path)
    return "$" + zero_based.replace("/@", "/").replace("/", ".")


def of_tags(finding: Finding) -> Fault:
    """A finding for who sent the note by its official tags."""
    return _fault(finding, json_path(finding.path), finding.message)


def of_sale(finding: Finding, own_products: Sequence[bool], places: Sequence[int] = ()) -> Fault:
    """A finding for who sent a sale. `own_products`: whether each item of it brings its product; `places`: see `Draft`.

    Where the sale says nothing of the element, the path is the document's and the sentence begins by the part of the note.
    """
    path = _in_sale(finding.path, own_products, places)
    if path is not None:
        return _fault(finding, path, finding.message)
    group = _GROUPS.get(finding.path.split("/")[2].partition("[")[0] if finding.path.count("/") > 1 else "")
    return _fault(finding, json_path(finding.path), f"{group}: {finding.message}" if group else finding.message)


def sale_path(path: str, own_products: Sequence[bool], places: Sequence[int] = ()) -> str:
    """Where a sale says what is at `path` of the document (`$.infNFe.det[1].prod.NCM`); as it is when nowhere."""
    one_based = _INDEX.sub(lambda found: f"[{int(found.group(1)) + 1}]", path)
    return _in_sale(one_based.replace("$.", "/", 1).replace(".", "/"), own_products, places) or path


def _in_sale(path: str, own_products: Sequence[bool], places: Sequence[int]) -> str | None:
    for pattern, of_sale in _PLACES:
        found = pattern.match(path)
        if found is not None:
            index = int(found.group(1)) - 1 if pattern.groups else 0
            if places and of_sale.startswith("$.items") and index < len(places):
                index = places[index]
            own = index < len(own_products) and own_products[index]
            tag = found.group(2) if pattern.groups > 1 else ""
            return of_sale.format(index, product="product" if own else "sku", tag=tag)
    return None


def _fault(finding: Finding, path: str, message: str) -> Fault:
    return Fault(code=finding.code, path=path, message=message, fix=finding.fix, source=finding.source)


def beside(known: Sequence[Fault], found: Iterable[tuple[Finding, Fault]]) -> list[Fault]:
    """The faults of the findings that `known` does not tell already.

    None at a path (or below one) that has its own fault, none of a refusal that a business rule tells in that part of the body.
    """
    paths = {fault.path for fault in known}
    refusals = {(row.cStat, _part(fault.path)) for fault in known if (row := business_rules().get(fault.code)) is not None}
    told: list[Fault] = []
    for finding, fault in found:
        covered = any(fault.path == path or fault.path.startswith((f"{path}.", f"{path}[")) for path in paths if path != "$")
        if not covered and not any((cStat, _part(fault.path)) in refusals for cStat in finding.cStat.split(",")):
            told.append(fault)
    return told


def _part(path: str) -> str:
    """`$.customer` of `$.customer.address.uf`, `$.infNFe.det[0]` of what is below it."""
    return ".".join(path.split(".")[: 3 if path.startswith("$.infNFe.") else 2])
