"""The corrected body that a rejection allows to compute, by family of codes. Pure: what a person has to decide is not guessed.

A function answers None when nothing can be computed from what it knows; the body it answers keeps ref and branch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from msgspec.structs import replace

from gateway.nfe.layout.document import InfNFe
from gateway.nfe.parties import HOMOLOGACAO_NAME
from gateway.nfe.product import Product
from gateway.nfe.raw import RawNote
from gateway.nfe.rejections import rejection
from gateway.nfe.request import Request
from gateway.nfe.sale import Sale

NO_GTIN: Final = "SEM GTIN"


@dataclass(frozen=True, slots=True)
class Case:
    """What is known of a rejected document. item: the index SEFAZ named, None when it named none. note: as it was signed."""

    request: Request
    note: InfNFe | None
    item: int | None
    products: Mapping[str, Product]
    environment: int


Correction = Callable[[Case], Request | None]


def correct(cStat: str, case: Case) -> Request | None:
    """The corrected body, None when the code has no computable correction, or it would change nothing."""
    known = rejection(cStat)
    rule = _BY_CODE.get(cStat)
    if rule is None and known is not None and known.fields and known.fields[0].startswith("total/"):
        rule = _sum_again
    made = None if rule is None else rule(case)
    return None if made is None or made == case.request else made


def _raw(case: Case, **changes: Any) -> Request | None:
    note = case.request
    return replace(note, infNFe=replace(note.infNFe, **changes)) if isinstance(note, RawNote) else None


def _ide(**changes: Any) -> Correction:
    def made(case: Case) -> Request | None:
        note = case.request
        return _raw(case, ide=replace(note.infNFe.ide, **changes)) if isinstance(note, RawNote) else None

    return made


def _without(*path: str) -> Correction:
    """Takes a tag, or a group, out of a raw note."""

    def made(case: Case) -> Request | None:
        note = case.request
        if not isinstance(note, RawNote):
            return None
        if len(path) == 1:
            return _raw(case, **{path[0]: None})
        group = getattr(note.infNFe, path[0])
        if group is None:
            return None
        empty: Any = () if isinstance(getattr(group, path[1]), tuple) else None
        return _raw(case, **{path[0]: replace(group, **{path[1]: empty})})

    return made


def _sum_again(case: Case) -> Request | None:
    """Totals that the caller gave are left to the gateway, which sums the items."""
    return _raw(case, total=None)


def _no_gtin(case: Case) -> Request | None:
    """The item SEFAZ named, or the only one with a bar code, goes without it."""
    if case.note is None:
        return None
    marked = [index for index, det in enumerate(case.note.det) if det.prod.cEAN != NO_GTIN or det.prod.cEANTrib != NO_GTIN]
    index = case.item if case.item is not None else marked[0] if len(marked) == 1 else None
    if index is None or index not in marked:
        return None
    request = case.request
    if isinstance(request, RawNote):
        det = list(request.infNFe.det)
        det[index] = replace(det[index], prod=replace(det[index].prod, cEAN=NO_GTIN, cEANTrib=NO_GTIN))
        return _raw(case, det=tuple(det))
    if index >= len(request.items):
        return None
    item = request.items[index]
    product = item.product or case.products.get(item.sku)
    if product is None:
        return None
    items = list(request.items)
    items[index] = replace(item, product=replace(product, gtin="", taxable_gtin=""))
    return replace(request, items=tuple(items))


def _toward(idDest: str, first: Mapping[str, str]) -> Correction:
    """Both the destination and the first digit of each CFOP."""

    def made(case: Case) -> Request | None:
        note = case.request
        if not isinstance(note, RawNote):
            return None
        det = tuple(
            replace(one, prod=replace(one.prod, CFOP=first.get(one.prod.CFOP[:1], one.prod.CFOP[:1]) + one.prod.CFOP[1:]))
            for one in note.infNFe.det
        )
        return _raw(case, ide=replace(note.infNFe.ide, idDest=idDest), det=det)

    return made


def _customer(**changes: Any) -> Correction:
    """Of a sale's buyer."""

    def made(case: Case) -> Request | None:
        sale = case.request
        if not isinstance(sale, Sale) or sale.customer is None:
            return None
        return replace(sale, customer=replace(sale.customer, **changes))

    return made


def _buyer(sale: Mapping[str, Any], raw: Mapping[str, Any], final: bool = False) -> Correction:
    """Of the buyer, in either body. final: the raw note becomes one for a final consumer."""

    def made(case: Case) -> Request | None:
        note = case.request
        if isinstance(note, Sale):
            return _customer(**sale)(case)
        if note.infNFe.dest is None:
            return None
        ide = replace(note.infNFe.ide, indFinal="1") if final else note.infNFe.ide
        return _raw(case, ide=ide, dest=replace(note.infNFe.dest, **raw))

    return made


def _standard_name(case: Case) -> Request | None:
    note = case.request
    if case.environment != 2 or not isinstance(note, RawNote) or note.infNFe.dest is None:
        return None
    return _raw(case, dest=replace(note.infNFe.dest, xNome=HOMOLOGACAO_NAME))


def _intermediary(case: Case) -> Request | None:
    note = case.request
    return _ide(indIntermed="0" if note.infNFe.infIntermed is None else "1")(case) if isinstance(note, RawNote) else None


def _balanced(case: Case) -> Request | None:
    """What was paid is the total: the change is what is left over; a payment alone becomes the total."""
    if case.note is None:
        return None
    request, total = case.request, case.note.total.ICMSTot.vNF
    if isinstance(request, Sale):
        if len(request.payments) != 1:
            return None
        return replace(request, payments=(replace(request.payments[0], amount=total),))
    pag = request.infNFe.pag
    paid = sum((one.vPag for one in pag.detPag), Decimal(0))
    if paid >= total:
        return _raw(case, pag=replace(pag, vTroco=paid - total if paid > total else None))
    if len(pag.detPag) != 1:
        return None
    return _raw(case, pag=replace(pag, detPag=(replace(pag.detPag[0], vPag=total),), vTroco=None))


def _unpaid(case: Case) -> Request | None:
    request = case.request
    if isinstance(request, Sale):
        free = ("sem_pagamento", "pagamento_posterior")
        made = tuple(replace(one, amount=Decimal(0)) if one.method in free else one for one in request.payments)
        return replace(request, payments=made)
    pag = request.infNFe.pag
    return _raw(
        case,
        pag=replace(
            pag, detPag=tuple(replace(one, vPag=Decimal("0.00")) if one.tPag in ("90", "91") else one for one in pag.detPag)
        ),
    )


def _dated_now(case: Case) -> Request | None:
    """The date of issue goes back to the moment of numbering."""
    if isinstance(case.request, Sale):
        return replace(case.request, issued_at=None)
    return _ide(dhEmi=None)(case)


def _referred_once(case: Case) -> Request | None:
    request = case.request
    if isinstance(request, Sale):
        return replace(request, references=tuple(dict.fromkeys(request.references)))
    kept: list[Any] = []
    for ref in request.infNFe.ide.NFref:
        if ref not in kept:
            kept.append(ref)
    return _ide(NFref=tuple(kept))(case)


_NO_IE = _buyer({"state_registration": ""}, {"IE": None})
_BY_CODE: Final[Mapping[str, Correction]] = {
    **dict.fromkeys(("611", "612", "885", "886", "888"), _no_gtin),
    **dict.fromkeys(("865", "866", "869", "767"), _balanced),
    **dict.fromkeys(("212", "228", "315", "703", "704"), _dated_now),
    **dict.fromkeys(("504", "505", "506", "705"), _without("ide", "dhSaiEnt")),
    **dict.fromkeys(("791", "792", "925"), _NO_IE),
    "434": _intermediary,
    "435": _ide(indIntermed=None),
    "439": _ide(indIntermed="1"),
    "598": _standard_name,
    "680": _referred_once,
    "696": _buyer({"final_consumer": True}, {}, final=True),
    "706": _ide(tpNF="1"),
    "708": _without("ide", "NFref"),
    "709": _ide(tpImp="4"),
    "710": _ide(tpImp="1"),
    "715": _ide(finNFe="1"),
    "716": _ide(indFinal="1"),
    "718": _without("emit", "IEST"),
    "730": _without("dest", "ISUF"),
    "755": _without("transp", "retTransp"),
    "756": _without("transp", "veicTransp"),
    "757": _without("transp", "reboque"),
    "760": _without("cobr"),
    "762": _without("compra"),
    "763": _without("cana"),
    "772": _toward("1", {"6": "5", "2": "1"}),
    "773": _toward("2", {"5": "6", "1": "2"}),
    "805": _buyer({"state_registration": "", "taxpayer": False, "final_consumer": True}, {"indIEDest": "9", "IE": None}, True),
    "814": _without("exporta"),
    "904": _unpaid,
    "1000": _without("ide", "cMunFGIBS"),
    "1006": _without("ide", "gCompraGov"),
    "1153": _without("ide", "dPrevEntrega"),
}
