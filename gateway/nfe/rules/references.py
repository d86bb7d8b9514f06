"""Groups B25, BA and VC: the notes referred to, and what credit and debit notes say of themselves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, timedelta
from typing import Final

from gateway.core.taxid import Cnpj, Cpf
from gateway.nfe.municipios import uf_of
from gateway.nfe.rules.parties import valid
from gateway.nfe.rules.reading import Found, Reading
from gateway.nfe.rules.registry import check

_NFREF: Final = "/infNFe/ide/NFref"
_FIRST_YEAR: Final = 6
"""NF-e began in 2006."""
_ONE_ORIGIN: Final = frozenset({"01", "03", "04"})
"""tpNFCredito of credit notes over one earlier note."""
_LATEST = timedelta(hours=14)


def _keys(r: Reading) -> Iterator[tuple[str, str]]:
    """Path and key of every electronic document referred to in the header, CT-e included, when it has the form of one."""
    for number, reference in enumerate(r.ide.NFref, 1):
        for tag in ("refNFe", "refCTe"):
            key = getattr(reference, tag)
            if key is not None and len(key) == 44:
                yield f"{_NFREF}[{number}]/{tag}", key


@check("R-BA02-14", when="references")
def reference_of_no_state(r: Reading) -> Found:
    return ((path, {"value": key}) for path, key in _keys(r) if uf_of(key[:2]) is None)


@check("R-BA02-20", when="references")
def reference_of_no_month(r: Reading) -> Found:
    """From 2006 to this year, wherever on earth it already is the next."""
    latest = (r.at.astimezone(UTC) + _LATEST).year % 100
    for path, key in _keys(r):
        if not "01" <= key[4:6] <= "12" or not key[2:4].isdecimal() or not _FIRST_YEAR <= int(key[2:4]) <= latest:
            yield path, {"value": key}


@check("R-BA02-30", when="references")
def reference_of_nobody(r: Reading) -> Found:
    """Whoever issued it has a tax id; a CPF in the series of who issues with one."""
    for path, key in _keys(r):
        series, document = key[22:25], key[6:20]
        farmer = series.isdecimal() and 910 <= int(series) <= 969
        if not (valid(Cpf, document[3:]) if farmer else valid(Cnpj, document)):
            yield path, {"value": key}


@check("R-BA02-40", when="references")
def reference_of_number_zero(r: Reading) -> Found:
    return ((path, {"value": key}) for path, key in _keys(r) if key[25:34] == "000000000")


@check("R-BA02-50", when="references")
def reference_to_itself(r: Reading) -> Found:
    return ((path, {}) for path, key in _keys(r) if f"NFe{key}" == r.inf.Id)


@check("R-BA20-20", when="references")
def paper_across_the_border(r: Reading) -> Found:
    """Notes on paper and slips of a fiscal printer are of operations inside a state."""
    if r.ide.idDest == "1":
        return
    for number, reference in enumerate(r.ide.NFref, 1):
        for tag in ("refECF", "refNF"):
            if getattr(reference, tag) is not None:
                yield f"{_NFREF}[{number}]/{tag}", {"value": tag}


@check("R-B25-40", when="references")
def many_origins(r: Reading) -> Found:
    if r.ide.finNFe == "2" or r.ide.tpNFCredito in _ONE_ORIGIN:
        count = sum(any((each.refNFe, each.refNFeSig, each.refNF)) for each in r.ide.NFref)
        if count > 1:
            yield _NFREF, {"value": count}


@check("R-B25.1-10")
def debit_kind_elsewhere(r: Reading) -> Found:
    if r.ide.tpNFDebito is not None and r.ide.finNFe != "6":
        yield "/infNFe/ide/tpNFDebito", {}


@check("R-B25.1-20")
def debit_of_no_kind(r: Reading) -> Found:
    if r.ide.tpNFDebito is None and r.ide.finNFe == "6":
        yield "/infNFe/ide/tpNFDebito", {}


@check("R-B25.2-10")
def credit_kind_elsewhere(r: Reading) -> Found:
    if r.ide.tpNFCredito is not None and r.ide.finNFe != "5":
        yield "/infNFe/ide/tpNFCredito", {}


@check("R-B25.2-20")
def credit_of_no_kind(r: Reading) -> Found:
    if r.ide.tpNFCredito is None and r.ide.finNFe == "5":
        yield "/infNFe/ide/tpNFCredito", {}


@check("R-B25-110")
def credit_note_going_out(r: Reading) -> Found:
    if r.ide.finNFe == "5" and r.ide.tpNF != "0":
        yield "/infNFe/ide/tpNF", {}


@check("R-B25-120")
def debit_note_coming_in(r: Reading) -> Found:
    if r.ide.finNFe == "6" and r.ide.tpNF != "1":
        yield "/infNFe/ide/tpNF", {}


@check("R-VC02-20")
def item_referred_to_twice(r: Reading) -> Found:
    seen: set[tuple[str, str]] = set()
    for item in r.items:
        referred = item.det.DFeReferenciado
        if referred is None or referred.nItem is None:
            continue
        if (referred.chaveAcesso, referred.nItem) in seen:
            yield f"{item.path}/DFeReferenciado", {"value": referred.chaveAcesso, "item": referred.nItem}
        seen.add((referred.chaveAcesso, referred.nItem))
