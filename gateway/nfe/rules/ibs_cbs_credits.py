"""Group UB of credits: transferred, adjusted, reversed, presumed; and the notes that may carry each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, timedelta
from typing import Literal

from gateway.core.money import ZERO
from gateway.nfe.layout.ibs_cbs import CredPres, CredPresOper
from gateway.nfe.rules.codes import classification, credits_, situation
from gateway.nfe.rules.reading import Found, Item, Reading
from gateway.nfe.rules.registry import check

_LATEST = timedelta(hours=14)
"""The furthest any clock on earth is ahead of UTC: a month not begun there has begun nowhere."""
_SUCCESSION = "05"
_USED_GOODS = 4
"""cCredPres 4: used goods bought from who is no taxpayer, whose credit waits for the sale."""


@check("R-UB106-30", when="credits")
def transfer_outside_debit_note(r: Reading) -> Found:
    """gTransfCred is of a debit note (finNFe 6)."""
    if r.ide.finNFe != "6" and r.ide.tpNFCredito != _SUCCESSION:
        yield from _transfers(r)


@check("R-UB106-30-05", when="credits")
def transfer_in_succession_note(r: Reading) -> Found:
    """The credit note whose kind demands what this rule refuses."""
    if r.ide.finNFe != "6" and r.ide.tpNFCredito == _SUCCESSION:
        yield from _transfers(r)


def _transfers(r: Reading) -> Found:
    for shape in r.shapes:
        if shape.group.gTransfCred is not None:
            yield from shape.at("/gTransfCred")


@check("R-UB106-31", when="credits")
def transfer_outside_its_debit_notes(r: Reading) -> Found:
    """Of a debit note 01 or 05."""
    if r.ide.finNFe == "6" and r.ide.tpNFDebito not in ("01", "05"):
        yield from _transfers(r)


@check("R-UB106-40", when="credits")
def transfer_of_nothing(r: Reading) -> Found:
    for item in r.reform:
        group = item.reform and item.reform.gTransfCred
        if group and not group.vIBS and not group.vCBS:
            yield f"{item.path}/imposto/IBSCBS/gTransfCred", {}


@check("R-UB112-10", when="credits")
def adjustment_forbidden(r: Reading) -> Found:
    """gAjusteCompet only with a CST of adjustment."""
    for shape in r.shapes:
        kind = situation(shape.group.CST)
        if shape.group.gAjusteCompet is not None and kind is not None and "gAjusteCompet" not in kind.groups:
            yield from shape.at("/gAjusteCompet")


@check("R-UB112-20", when="reform")
def adjustment_required(r: Reading) -> Found:
    for shape in r.shapes:
        kind = situation(shape.group.CST)
        if shape.group.gAjusteCompet is None and kind is not None and "gAjusteCompet" in kind.groups:
            yield from shape.at("")


@check("R-UB112-30", when="credits")
def adjustment_of_nothing(r: Reading) -> Found:
    for item in r.reform:
        group = item.reform and item.reform.gAjusteCompet
        if group and not group.vIBS and not group.vCBS:
            yield f"{item.path}/imposto/IBSCBS/gAjusteCompet", {}


@check("R-UB116-10", when="credits")
def reversal_forbidden(r: Reading) -> Found:
    """gEstornoCred only where the cClassTrib has it."""
    for shape in r.shapes:
        kind = classification(shape.group.cClassTrib)
        if shape.group.gEstornoCred is not None and kind is not None and "gEstornoCred" not in kind.groups:
            yield from shape.at("/gEstornoCred")


@check("R-UB116-20", when="reform")
def reversal_required(r: Reading) -> Found:
    for shape in r.shapes:
        kind = classification(shape.group.cClassTrib)
        if shape.group.gEstornoCred is None and kind is not None and "gEstornoCred" in kind.groups:
            yield from shape.at("")


@check("R-UB116-30", when="credits")
def reversal_of_nothing(r: Reading) -> Found:
    for item in r.reform:
        group = item.reform and item.reform.gEstornoCred
        if group and not group.vIBSEstCred and not group.vCBSEstCred:
            yield f"{item.path}/imposto/IBSCBS/gEstornoCred", {}


@check("R-UB120-10", when="credits")
def presumed_credit_in_nfce(r: Reading) -> Found:
    for shape in r.shapes:
        if shape.group.gCredPresOper is not None:
            yield from shape.at("/gCredPresOper")


@check("R-UB120-20", when="credits")
def presumed_credit_forbidden(r: Reading) -> Found:
    """gCredPresOper only where the cClassTrib allows it."""
    for shape in r.shapes:
        kind = classification(shape.group.cClassTrib)
        if shape.group.gCredPresOper is not None and kind is not None and "gCredPresOper" not in kind.groups:
            yield from shape.at("/gCredPresOper")


def _presumed(r: Reading) -> Iterator[tuple[Item, str, CredPresOper]]:
    for item in r.reform:
        if item.reform is not None and item.reform.gCredPresOper is not None:
            yield item, f"{item.path}/imposto/IBSCBS/gCredPresOper", item.reform.gCredPresOper


def _of_tax(r: Reading, tax: Literal["ibs", "cbs"], *, wanted: bool) -> Found:
    """The credit of a tax that cCredPres does not give, or the absence of one that it does."""
    tag = "gIBSCredPres" if tax == "ibs" else "gCBSCredPres"
    for _, path, group in _presumed(r):
        credit = credits_().get(group.cCredPres)
        there = getattr(group, tag) is not None
        if credit is not None and there != wanted and getattr(credit, tax) == wanted:
            yield (path if wanted else f"{path}/{tag}"), {"value": group.cCredPres}


@check("R-UB123-10", when="credits")
def presumed_ibs_forbidden(r: Reading) -> Found:
    return _of_tax(r, "ibs", wanted=False)


@check("R-UB123-20", when="credits")
def presumed_ibs_required(r: Reading) -> Found:
    return _of_tax(r, "ibs", wanted=True)


@check("R-UB127-10", when="credits")
def presumed_cbs_forbidden(r: Reading) -> Found:
    return _of_tax(r, "cbs", wanted=False)


@check("R-UB127-20", when="credits")
def presumed_cbs_required(r: Reading) -> Found:
    return _of_tax(r, "cbs", wanted=True)


def _used_goods(group: CredPresOper) -> bool:
    return group.cCredPres.isdecimal() and int(group.cCredPres) == _USED_GOODS


def _above_goods(r: Reading, tag: str) -> Found:
    """The credit of used goods is at most their value."""
    for item, path, group in _presumed(r):
        credit: CredPres | None = getattr(group, tag)
        if credit is not None and _used_goods(group) and (credit.vCredPres or ZERO) > item.prod.vProd:
            yield f"{path}/{tag}/vCredPres", {"value": credit.vCredPres, "wanted": item.prod.vProd}


@check("R-UB125-10", when="credits")
def presumed_ibs_above_goods(r: Reading) -> Found:
    return _above_goods(r, "gIBSCredPres")


@check("R-UB129-10", when="credits")
def presumed_cbs_above_goods(r: Reading) -> Found:
    return _above_goods(r, "gCBSCredPres")


def _suspended(r: Reading, tag: str, year: int) -> Found:
    """A credit under a suspensive condition: of used goods only, and only from a year on."""
    for _, path, group in _presumed(r):
        credit: CredPres | None = getattr(group, tag)
        if credit is not None and credit.vCredPresCondSus:
            early = r.day is not None and r.day.year < year
            if early or not _used_goods(group):
                yield f"{path}/{tag}/vCredPresCondSus", {"value": credit.vCredPresCondSus}


@check("R-UB126-10", when="credits")
def suspended_ibs(r: Reading) -> Found:
    return _suspended(r, "gIBSCredPres", 2033)


@check("R-UB130-10", when="credits")
def suspended_cbs(r: Reading) -> Found:
    return _suspended(r, "gCBSCredPres", 2027)


@check("R-UB131-10", when="credits")
def zona_franca_in_nfce(r: Reading) -> Found:
    for shape in r.shapes:
        if shape.group.gCredPresIBSZFM is not None:
            yield from shape.at("/gCredPresIBSZFM")


@check("R-UB131-20", when="credits")
def zona_franca_forbidden(r: Reading) -> Found:
    """gCredPresIBSZFM only with its CST."""
    for shape in r.shapes:
        kind = situation(shape.group.CST)
        if shape.group.gCredPresIBSZFM is not None and kind is not None and "gCredPresIBSZFM" not in kind.groups:
            yield from shape.at("/gCredPresIBSZFM")


@check("R-UB131-30", when="reform")
def zona_franca_required(r: Reading) -> Found:
    for shape in r.shapes:
        kind = situation(shape.group.CST)
        if shape.group.gCredPresIBSZFM is None and kind is not None and "gCredPresIBSZFM" in kind.groups:
            yield from shape.at("")


@check("R-UB131-40", when="credits")
def zona_franca_outside_credit_note(r: Reading) -> Found:
    """It is of a credit note 02."""
    if r.ide.tpNFCredito != "02":
        for shape in r.shapes:
            if shape.group.gCredPresIBSZFM is not None:
                yield from shape.at("/gCredPresIBSZFM")


@check("R-UB131-50")
def credit_note_without_zona_franca(r: Reading) -> Found:
    """A credit note 02 has it in its items."""
    if r.ide.tpNFCredito == "02":
        for item in r.items:
            if item.reform is None or item.reform.gCredPresIBSZFM is None:
                yield f"{item.path}/imposto", {}


@check("R-UB132-10", when="credits")
def month_not_begun(r: Reading) -> Found:
    """competApur is no month to come, wherever one is on earth."""
    month = f"{r.at.astimezone(UTC) + _LATEST:%Y-%m}"
    for item in r.reform:
        group = item.reform and item.reform.gCredPresIBSZFM
        if group and group.competApur > month:
            yield f"{item.path}/imposto/IBSCBS/gCredPresIBSZFM/competApur", {"value": group.competApur}


@check("R-UB133-10", when="credits")
def zona_franca_kind_repeated(r: Reading) -> Found:
    """Each tpCredPresIBSZFM once a note."""
    seen: set[tuple[str, str]] = set()
    for item in r.reform:
        group = item.reform and item.reform.gCredPresIBSZFM
        if group:
            key = (group.competApur, group.tpCredPresIBSZFM)
            if key in seen:
                yield f"{item.path}/imposto/IBSCBS/gCredPresIBSZFM/tpCredPresIBSZFM", {"value": group.tpCredPresIBSZFM}
            seen.add(key)
