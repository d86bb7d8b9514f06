"""Documents as structs of the layout that the tests of the rules mutate, path by path."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, get_type_hints

import msgspec

from gateway.core.chave import check_digit
from gateway.nfe.build import build
from gateway.nfe.layout.document import InfNFe
from gateway.nfe.layout.fields import Group
from gateway.nfe.raw_totals import item_value, total
from gateway.nfe.reader import read_unchecked
from tests.unit.nfe import made_nfce
from tests.unit.nfe.made import AT, built, sale

Changes = Mapping[str, Any]


def put(group: Any, path: str, value: Any) -> Any:
    """`group` with `value` at a dotted path; numbers are places of a tuple, dicts become groups."""
    name, _, rest = path.partition(".")
    kind = get_type_hints(type(group), include_extras=True)[name]
    old = getattr(group, name)
    if rest and rest.split(".")[0].isdigit():
        index, _, inner = rest.partition(".")
        items = list(old)
        items[int(index)] = put(items[int(index)], inner, value)
        return msgspec.structs.replace(group, **{name: tuple(items)})
    if rest:
        if old is None:
            raise ValueError(f"{name} não está no documento")
        return msgspec.structs.replace(group, **{name: put(old, rest, value)})
    converted = value if value is None or isinstance(value, Group) else msgspec.convert(value, kind, strict=False)
    return msgspec.structs.replace(group, **{name: converted})


def changed(inf: InfNFe, changes: Changes) -> InfNFe:
    """The document with every change; key, item values, totals and payment follow them, unless they are changed themselves.

    `det.second` is a copy of the first item with that IBSCBS.
    """
    items = any(path.startswith("det.") for path in changes)
    for path, value in changes.items():
        if path == "det.second":
            other = put(inf.det[0], "imposto.IBSCBS", value)
            inf = msgspec.structs.replace(inf, det=(*inf.det, msgspec.structs.replace(other, nItem="2")))
        elif not (items and path.startswith("total")):
            inf = put(inf, path, value)
    if items:
        inf = summed(inf, changes)
    if not any(path in changes for path in ("Id", "ide.cDV")):
        inf = keyed(inf)
    return inf


def summed(inf: InfNFe, changes: Changes) -> InfNFe:
    """Totals of the items as they are."""
    det = tuple(
        msgspec.structs.replace(each, vItem=None if each.imposto.IBSCBS is None else item_value(each)) for each in inf.det
    )
    added = total(det, "2026-11-20")
    pag = inf.pag
    if not any(path.startswith("pag") for path in changes) and pag.detPag[0].tPag != "90":
        one = msgspec.structs.replace(pag.detPag[0], vPag=added.ICMSTot.vNF)
        pag = msgspec.structs.replace(pag, detPag=(one,), vTroco=None)
    inf = msgspec.structs.replace(inf, det=det, total=added, pag=pag)
    for path, value in changes.items():
        if path.startswith("total"):
            inf = put(inf, path, value)
    return inf


def keyed(inf: InfNFe) -> InfNFe:
    """Id and cDV of the fields as they are."""
    ide = inf.ide
    tax_id = inf.emit.CNPJ or inf.emit.CPF or ""
    moment = datetime.fromisoformat(ide.dhEmi)
    first = f"{ide.cUF}{moment:%y%m}{tax_id:0>14}{ide.mod}{int(ide.serie):03d}{int(ide.nNF):09d}{ide.tpEmis}{ide.cNF}"
    digit = check_digit(first)
    return msgspec.structs.replace(inf, Id=f"NFe{first}{digit}", ide=msgspec.structs.replace(ide, cDV=digit))


@cache
def nfe() -> InfNFe:
    """A shirt of R$ 100.00 sold in the state of São Paulo to a consumer, by PIX, in homologação."""
    return read_unchecked(built(sale()).xml).infNFe


@cache
def nfce() -> InfNFe:
    """The same over the counter to nobody in particular, in cash: a NFC-e."""
    return read_unchecked(build(made_nfce.composed(made_nfce.nfce()), number=1234, cNF="87654321", dhEmi=AT).xml).infNFe


@cache
def delivered() -> InfNFe:
    """A NFC-e delivered at home."""
    return read_unchecked(build(made_nfce.composed(made_nfce.delivered()), number=1234, cNF="87654321", dhEmi=AT).xml).infNFe
