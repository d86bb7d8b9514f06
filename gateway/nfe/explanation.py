"""What a rejection means against one document: the fields, their values, the cause, the fix and a corrected body. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from gateway.nfe.corrections import Case, correct
from gateway.nfe.field_changes import Change, between
from gateway.nfe.layout.document import InfNFe, NFe
from gateway.nfe.product import Product
from gateway.nfe.raw import RawNote
from gateway.nfe.rejections import Rejection, codes_of, described
from gateway.nfe.request import Request
from gateway.nfe.rules import Mode, judge, rows
from gateway.nfe.rules.judgement import Finding
from gateway.nfe.rules.told import of_sale, of_tags

MAX_FIELDS: Final = 20
_ITEM: Final = re.compile(r"\[nItem: ?0*(\d{1,3})\]")
_STEP: Final = re.compile(r"([^/\[]+)(?:\[(\d+)\])?")
_PRODUCT: Final = {"NCM": "ncm", "CEST": "cest", "cEAN": "gtin", "cEANTrib": "taxable_gtin"}


@dataclass(frozen=True, slots=True)
class FieldSeen:
    """A field to look at. path: in the caller's body. layout: in the note (`/infNFe/det[2]/prod/NCM`). value None: not there."""

    path: str
    layout: str
    value: str | None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A rejection of one document. cause, fix: of the document rule that sees it in the note, or else the catalogue's.

    draft: the corrected body, to be sent on the same number; None when a person has to decide. changes: what it changes.
    """

    rejection: Rejection
    xMotivo: str
    fields: tuple[FieldSeen, ...]
    cause: str
    fix: str
    draft: Request | None
    changes: tuple[Change, ...]


def explain(
    cStat: str,
    xMotivo: str,
    request: Request,
    note: NFe | None,
    *,
    environment: int,
    at: datetime,
    products: Mapping[str, Product],
) -> Explanation:
    """`note`: as last signed, None when it was not. `at`: aware, when it was issued. `products`: of a sale's items, by sku."""
    known = described(cStat, xMotivo)
    named = _ITEM.search(xMotivo)
    item = int(named.group(1)) - 1 if named is not None else None
    inf = None if note is None else note.infNFe
    if item is not None and (inf is None or item not in range(len(inf.det))):
        item = None
    findings = () if note is None else _findings(cStat, note, environment, at)
    if item is not None:
        findings = tuple(one for one in findings if f"/det[{item + 1}]" in one.path) or findings
    fields = _seen(findings, inf, request, products)
    if not fields and inf is not None:
        fields = _seen(_suspects(known, inf, item), inf, request, products)
    draft = correct(cStat, Case(request, inf, item, products, environment))
    return Explanation(
        rejection=known,
        xMotivo=xMotivo,
        fields=fields,
        cause=findings[0].message if findings else known.cause,
        fix=findings[0].fix if findings else known.fix,
        draft=draft,
        changes=() if draft is None else between(request, draft),
    )


def _findings(cStat: str, note: NFe, environment: int, at: datetime) -> tuple[Finding, ...]:
    """What the rules that name the code find in the note, whatever their mode."""
    modes: dict[str, Mode] = {rule.code: "shadow" if cStat in codes_of(rule.cStat) else "off" for rule in rows()}
    if "shadow" not in modes.values():
        return ()
    return judge(note.infNFe, environment=environment, at=at, modes=modes, supplement=note.infNFeSupl).shadow


def _suspects(known: Rejection, inf: InfNFe, item: int | None) -> tuple[Finding, ...]:
    """The places that the catalogue says to look at: those of the item SEFAZ named, or of each."""
    items = range(len(inf.det)) if item is None else (item,)
    paths: list[str] = []
    for field in known.fields:
        if field.startswith("det/"):
            paths += [f"/infNFe/det[{index + 1}]/{field[4:]}" for index in items[:MAX_FIELDS]]
        else:
            paths.append(f"/infNFe/{field}")
    return tuple(Finding("", "", known.cStat, path, "", "", "") for path in paths)


def _seen(
    findings: tuple[Finding, ...], inf: InfNFe | None, request: Request, products: Mapping[str, Product]
) -> tuple[FieldSeen, ...]:
    if isinstance(request, RawNote):
        told = [of_tags(one) for one in findings[:MAX_FIELDS]]
        return tuple(
            FieldSeen(fault.path, one.path, value_at(inf, one.path), one.message)
            for fault, one in zip(told, findings, strict=False)
        )
    own = [item.product is not None for item in request.items]
    seen = []
    for one in findings[:MAX_FIELDS]:
        path = of_sale(one, own).path
        name = _PRODUCT.get(one.path.rpartition("/")[2])
        if name is not None and path.endswith(".product"):
            path = f"{path}.{name}"
        seen.append(FieldSeen(path, one.path, value_at(inf, one.path), one.message))
    return tuple(seen)


def value_at(inf: InfNFe | None, path: str) -> str | None:
    """The text at a path of the note (`/infNFe/det[2]/prod/NCM`); None for what is not there, or is a group."""
    values: list[Any] = [] if inf is None else [inf]
    for name, index in _steps(path.removeprefix("/infNFe/")):
        found = [value for one in values if (value := getattr(one, name, None)) is not None]
        values = [each for value in found for each in (value if isinstance(value, tuple) else (value,))]
        if index is not None:
            values = values[index : index + 1]
    texts = [str(value) for value in values if not hasattr(value, "__struct_fields__")]
    return ", ".join(texts[:MAX_FIELDS]) or None


def _steps(path: str) -> Iterator[tuple[str, int | None]]:
    for step in path.split("/"):
        found = _STEP.fullmatch(step)
        if found is not None:
            yield found.group(1), None if found.group(2) is None else int(found.group(2)) - 1
