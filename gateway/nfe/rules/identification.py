"""Groups A, B and BA: key, dates, kind of emission, intermediary and the documents a note refers to."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from gateway.core.chave import ChaveAcesso, check_digit, cnf_allowed
from gateway.nfe.rules.reading import Found, Reading, instant
from gateway.nfe.rules.registry import check
from gateway.nfe.rules.rows import fact

_IDE: Final = "/infNFe/ide"
_SP: Final = "35"
_TOLERANCE = timedelta(minutes=5)
_LATE = timedelta(days=30)
_PAPER: Final = frozenset({"2", "4", "5"})
"""Kinds of contingency that may be sent late."""
_KEY = 44


def _composed(r: Reading) -> str | None:
    """The key of the note's own fields, less its check digit; None while one of them is not written as it should."""
    ide = r.ide
    tax_id = r.emit.CNPJ or r.emit.CPF or ""
    if r.moment is None or not (ide.serie.isdecimal() and ide.nNF.isdecimal()):
        return None
    return f"{ide.cUF}{r.moment:%y%m}{tax_id:0>14}{ide.mod}{int(ide.serie):03d}{int(ide.nNF):09d}{ide.tpEmis}{ide.cNF}"


@check("R-A03-10")
def key_of_other_fields(r: Reading) -> Found:
    """Id is `NFe` and the key of the note's own fields."""
    first = _composed(r)
    if first is not None and r.inf.Id[:-1] != f"NFe{first}":
        yield "/infNFe/@Id", {"value": r.inf.Id}


@check("R-B23-10")
def key_digit(r: Reading) -> Found:
    """The key ends by the check digit of the note's own fields, and cDV repeats it."""
    first = _composed(r)
    if first is not None and len(first) == _KEY - 1 and first.isascii() and first.isalnum():
        digit = check_digit(first)
        if r.inf.Id[-1:] != digit or r.ide.cDV != digit:
            yield f"{_IDE}/cDV", {"value": r.ide.cDV, "wanted": digit}


@check("R-B03-10")
def random_code(r: Reading) -> Found:
    if r.ide.nNF.isdecimal() and not cnf_allowed(r.ide.cNF, int(r.ide.nNF)):
        yield f"{_IDE}/cNF", {"value": r.ide.cNF}


@check("R-C02-30")
def series_of_issuer(r: Reading) -> Found:
    """Series 0 to 889 of a CNPJ, 920 to 969 of a CPF. The fisco's own (avulsa) are not an issuer's."""
    if r.inf.avulsa is not None or r.ide.procEmi != "0" or not r.ide.serie.isdecimal():
        return
    serie = int(r.ide.serie)
    first, last = (0, 889) if r.emit.CNPJ is not None else (920, 969)
    if not first <= serie <= last:
        yield f"{_IDE}/serie", {"value": serie, "first": first, "last": last}


@check("R-B09-10")
def issued_in_the_future(r: Reading) -> Found:
    if r.moment is not None and r.moment > r.at + _TOLERANCE:
        yield f"{_IDE}/dhEmi", {"value": r.ide.dhEmi}


@check("R-B09-20")
def issued_long_ago(r: Reading) -> Found:
    """More than 30 days; contingency on paper and EPEC are exempt."""
    if r.moment is not None and r.ide.tpEmis not in _PAPER and r.moment < r.at - _LATE:
        yield f"{_IDE}/dhEmi", {"value": r.ide.dhEmi}


@check("R-B21-20")
def slip_of_a_nfce(r: Reading) -> Found:
    if r.ide.tpImp in ("4", "5"):
        yield f"{_IDE}/tpImp", {"value": r.ide.tpImp}


@check("R-B22-10")
def offline_emission(r: Reading) -> Found:
    """A NF-e is issued off-line only with the simplified DANFE, type 2."""
    if r.ide.tpEmis == "9" and r.ide.tpImp != "6":
        yield f"{_IDE}/tpEmis", {}


@check("R-B22-70")
def nfce_in_svc(r: Reading) -> Found:
    if r.ide.tpEmis in ("6", "7"):
        yield f"{_IDE}/tpEmis", {"value": r.ide.tpEmis}


@check("R-B28-10")
def contingency_told_in_normal_emission(r: Reading) -> Found:
    if r.ide.tpEmis == "1" and (r.ide.dhCont is not None or r.ide.xJust is not None):
        yield f"{_IDE}/{'dhCont' if r.ide.dhCont is not None else 'xJust'}", {}


@check("R-B28-20")
def contingency_not_told(r: Reading) -> Found:
    """In contingency: since when, and why in 15 to 256 characters."""
    if r.ide.tpEmis == "1":
        return
    if r.ide.dhCont is None:
        yield f"{_IDE}/dhCont", {}
    if r.ide.xJust is None or not 15 <= len(r.ide.xJust) <= 256:
        yield f"{_IDE}/xJust", {}


@check("R-B28-30")
def contingency_in_the_future(r: Reading) -> Found:
    since = instant(r.ide.dhCont)
    if since is not None and since > r.at + _TOLERANCE:
        yield f"{_IDE}/dhCont", {"value": r.ide.dhCont}


@check("R-B28-40")
def contingency_after_emission(r: Reading) -> Found:
    since = instant(r.ide.dhCont)
    if since is not None and r.moment is not None and since > r.moment:
        yield f"{_IDE}/dhCont", {"value": r.ide.dhCont}


@check("R-B10-40")
def gone_before_issue(r: Reading) -> Found:
    left = instant(r.ide.dhSaiEnt)
    if r.outgoing and left is not None and r.moment is not None and left < r.moment:
        yield f"{_IDE}/dhSaiEnt", {"value": r.ide.dhSaiEnt}


@check("R-B25b-10")
def home_delivery(r: Reading) -> Found:
    if r.ide.indPres == "4":
        yield f"{_IDE}/indPres", {}


@check("R-B22-34")
def nfce_contingency(r: Reading) -> Found:
    """FS-DA and EPEC are no NFC-e's, but for the EPEC of São Paulo."""
    if r.ide.tpEmis in ("2", "5") or (r.ide.tpEmis == "4" and r.ide.cUF != _SP):
        yield f"{_IDE}/tpEmis", {"value": r.ide.tpEmis}


def _remote(r: Reading) -> bool:
    """Whether the presence is one that tells of an intermediary."""
    return r.ide.indPres in fact("R-B25c-10", f"presence_{r.ide.mod}")


@check("R-B25c-10")
def intermediary_not_told(r: Reading) -> Found:
    if _remote(r) and r.ide.indIntermed is None:
        yield f"{_IDE}/indIntermed", {"value": r.ide.indPres}


@check("R-B25c-20")
def intermediary_of_a_store_sale(r: Reading) -> Found:
    if not _remote(r) and r.ide.indIntermed is not None:
        yield f"{_IDE}/indIntermed", {"value": r.ide.indPres}


@check("R-B25b-40")
def outside_the_store_without_its_note(r: Reading) -> Found:
    """What is sold outside the store refers to the note that the goods left with."""
    if r.ide.indPres == "5" and all(reference.refNFe is None and reference.refNF is None for reference in r.ide.NFref):
        yield f"{_IDE}/NFref", {}


@check("R-438")
def intermediary_unnamed(r: Reading) -> Found:
    if r.ide.indIntermed == "1" and r.inf.infIntermed is None:
        yield "/infNFe/infIntermed", {}


@check("R-439")
def intermediary_named_for_nothing(r: Reading) -> Found:
    if r.ide.indIntermed != "1" and r.inf.infIntermed is not None:
        yield "/infNFe/infIntermed", {}


@check("R-321")
def return_of_nothing(r: Reading) -> Found:
    """A return refers to what it returns, in the header or in its items."""
    if r.ide.finNFe == "4" and not r.ide.NFref and all(item.det.DFeReferenciado is None for item in r.items):
        yield f"{_IDE}/NFref", {}


@check("R-BA02-10", when="references")
def reference_wrong(r: Reading) -> Found:
    """Keys of the notes referred to have their check digit right."""
    for number, reference in enumerate(r.ide.NFref, 1):
        if reference.refNFe is not None:
            try:
                ChaveAcesso(reference.refNFe)
            except ValueError:
                yield f"{_IDE}/NFref[{number}]/refNFe", {"value": reference.refNFe}


@check("R-BA02-60", when="references")
def reference_twice(r: Reading) -> Found:
    seen: set[str] = set()
    for number, reference in enumerate(r.ide.NFref, 1):
        if reference.refNFe is not None:
            if reference.refNFe in seen:
                yield f"{_IDE}/NFref[{number}]/refNFe", {"value": reference.refNFe}
            seen.add(reference.refNFe)


@check("R-BA02-34", when="references")
def reference_to_another_model(r: Reading) -> Found:
    """What is referred to is a NF-e, a NFC-e or a CF-e SAT."""
    for number, reference in enumerate(r.ide.NFref, 1):
        model = (reference.refNFe or "")[20:22]
        if model and model not in fact("R-BA02-34", "models"):
            yield f"{_IDE}/NFref[{number}]/refNFe", {"value": reference.refNFe}


def _to_nfce(r: Reading) -> Found:
    for number, reference in enumerate(r.ide.NFref, 1):
        if (reference.refNFe or "")[20:22] == "65":
            yield f"{_IDE}/NFref[{number}]/refNFe", {"value": reference.refNFe}


@check("R-BA02-35", when="references")
def outgoing_note_of_a_nfce(r: Reading) -> Found:
    """An outgoing note refers to no NFC-e, but to complement it."""
    if r.outgoing and r.ide.finNFe != "2":
        yield from _to_nfce(r)


@check("R-I08-180", when="references")
def slip_turned_into_note(r: Reading) -> Found:
    """CFOP 5929 no longer turns a NFC-e into a NF-e."""
    if r.outgoing and any(True for _ in _to_nfce(r)):
        for item in r.items:
            if item.prod.CFOP == "5929":
                yield f"{item.path}/prod/CFOP", {}


@check("R-VC02-14", when="references")
def return_by_header(r: Reading) -> Found:
    """With IBS/CBS a return refers to what it returns item by item."""
    if r.ide.finNFe == "4" and any(reference.refNFe is not None for reference in r.ide.NFref):
        for item in r.reform:
            if item.det.DFeReferenciado is None:
                yield f"{item.path}/DFeReferenciado", {}
