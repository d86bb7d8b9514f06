"""Groups I, N and NA: products, ICMS and the share of the destination, item by item."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Final

from gateway.core.money import ZERO
from gateway.nfe.layout.icms import IcmsPart, IcmsSt
from gateway.nfe.layout.icms_cst import Icms00, Icms10, Icms20, Icms70
from gateway.nfe.rules.ibs_cbs_amounts import apart, plain
from gateway.nfe.rules.reading import Found, Reading
from gateway.nfe.rules.registry import check
from gateway.nfe.rules.rows import fact

_HUNDRED = Decimal(100)
_SIMPLES: Final = frozenset({"1", "4"})
_MONOPHASE: Final = frozenset({"02", "15", "53", "61"})
_NO_GTIN: Final = "SEM GTIN"
_GIVEN_BACK: Final = frozenset({"03", "04", "06"})
"""tpNFCredito of credit notes for goods that came back, or came for less."""
_CST, _CSOSN = 2, 3
"""Digits of the situation, which tell one table from the other."""


@lru_cache(maxsize=8192)
def gtin_valid(text: str) -> bool:
    """8, 12, 13 or 14 digits whose last is the check digit: weights 3 and 1 from the right, modulo 10."""
    if len(text) not in (8, 12, 13, 14) or not (text.isascii() and text.isdecimal()):
        return False
    body = text[-2::-1]
    return (3 * sum(map(int, body[::2])) + sum(map(int, body[1::2])) + int(text[-1])) % 10 == 0


@check("R-I03-10")
def gtin(r: Reading) -> Found:
    for item in r.items:
        if item.prod.cEAN and item.prod.cEAN != _NO_GTIN and not gtin_valid(item.prod.cEAN):
            yield f"{item.path}/prod/cEAN", {"value": item.prod.cEAN}


@check("R-I12-10")
def taxed_gtin(r: Reading) -> Found:
    for item in r.items:
        if item.prod.cEANTrib and item.prod.cEANTrib != _NO_GTIN and not gtin_valid(item.prod.cEANTrib):
            yield f"{item.path}/prod/cEANTrib", {"value": item.prod.cEANTrib}


@check("R-I11-10")
def gross_of_sold_unit(r: Reading) -> Found:
    """vProd = qCom x vUnCom, to the cent; normal notes only."""
    if r.ide.finNFe == "1":
        for item in r.items:
            prod = item.prod
            wanted = prod.qCom * prod.vUnCom
            if prod.vProd != wanted and apart(prod.vProd, wanted):
                yield f"{item.path}/prod/vProd", {"value": prod.vProd, "wanted": plain(wanted)}


@check("R-I11-20")
def gross_of_taxed_unit(r: Reading) -> Found:
    """vProd = qTrib x vUnTrib, to the cent; normal notes only."""
    if r.ide.finNFe == "1":
        for item in r.items:
            prod = item.prod
            wanted = prod.qTrib * prod.vUnTrib
            if prod.vProd != wanted and apart(prod.vProd, wanted):
                yield f"{item.path}/prod/vProd", {"value": prod.vProd, "wanted": plain(wanted)}


@check("R-518")
def entry_cfop_going_out(r: Reading) -> Found:
    if r.outgoing:
        for item in r.items:
            if item.prod.CFOP[:1] in ("1", "2", "3"):
                yield f"{item.path}/prod/CFOP", {"value": item.prod.CFOP}


@check("R-519")
def outgoing_cfop_coming_in(r: Reading) -> Found:
    if r.ide.tpNF == "0":
        for item in r.items:
            if item.prod.CFOP[:1] in ("5", "6", "7"):
                yield f"{item.path}/prod/CFOP", {"value": item.prod.CFOP}


@check("R-327")
def cfop_of_no_return(r: Reading) -> Found:
    """A return has CFOP of return; 1949 and 2949 pass in any (NT 2026.009)."""
    if r.ide.finNFe == "4":
        known = fact("R-328", "cfop")
        for item in r.items:
            if item.prod.CFOP not in known and item.prod.CFOP not in fact("R-327", "cfop"):
                yield f"{item.path}/prod/CFOP", {"value": item.prod.CFOP}


@check("R-328")
def return_cfop_elsewhere(r: Reading) -> Found:
    """CFOP of return only in returns, complements and the credit notes that give something back."""
    if r.ide.finNFe not in ("2", "4") and r.ide.tpNFCredito not in _GIVEN_BACK:
        known = fact("R-328", "cfop")
        for item in r.items:
            if item.prod.CFOP in known:
                yield f"{item.path}/prod/CFOP", {"value": item.prod.CFOP}


@check("R-590")
def cst_of_simples(r: Reading) -> Found:
    """Simples writes CSOSN, but for fuels taxed once and what is shared or passed on to other states."""
    if r.emit.CRT in _SIMPLES:
        for item in r.items:
            if len(item.situation) == _CST and item.situation not in _MONOPHASE and not isinstance(item.icms, IcmsPart | IcmsSt):
                yield f"{item.path}/imposto/ICMS", {"value": item.situation, "crt": r.emit.CRT}


@check("R-591")
def csosn_of_normal_regime(r: Reading) -> Found:
    if r.emit.CRT not in _SIMPLES:
        for item in r.items:
            if len(item.situation) == _CSOSN:
                yield f"{item.path}/imposto/ICMS", {"value": item.situation, "crt": r.emit.CRT}


@check("R-N12-80")
def suspended_to_exempt_contributor(r: Reading) -> Found:
    """CST 50 and 51 are no exempt contributor's, but for 50 of repairs and shows, and 51 inside the state."""
    if r.dest is None or r.dest.indIEDest != "2":
        return
    for item in r.items:
        suspended = item.situation == "50" and item.prod.CFOP[1:] not in ("912", "913", "915", "916")
        if suspended or (item.situation == "51" and r.ide.idDest != "1"):
            yield f"{item.path}/imposto/ICMS", {"value": item.situation}


@check("R-N12-84")
def substitution_without_cest(r: Reading) -> Found:
    always, with_st = fact("R-N12-84", "situations"), fact("R-N12-84", "with_st")
    for item in r.items:
        if item.prod.CEST is not None or isinstance(item.icms, IcmsPart):
            continue
        if item.situation in always or (item.situation in with_st and getattr(item.icms, "vICMSST", None)):
            yield f"{item.path}/prod/CEST", {"value": item.situation}


@check("R-N17-10")
def icms_of_its_base(r: Reading) -> Found:
    """vICMS = vBC x pICMS, to the cent, where the CST taxes in full or on a reduced base."""
    if r.ide.finNFe != "1":
        return
    for item in r.items:
        icms = item.icms
        if isinstance(icms, Icms00 | Icms10 | Icms20 | Icms70) or (isinstance(icms, IcmsPart) and icms.CST == "10"):
            wanted = icms.vBC * icms.pICMS / _HUNDRED
            if apart(icms.vICMS, wanted):
                yield f"{item.path}/imposto/ICMS", {"value": icms.vICMS, "wanted": plain(wanted)}


@check("R-NA01-20")
def destination_share_missing(r: Reading) -> Found:
    """An interstate sale to a consumer who is no contributor shares its ICMS, when it is taxed."""
    if r.ide.idDest != "2" or r.ide.indFinal != "1" or r.ide.finNFe != "1" or not r.outgoing or r.emit.CRT in _SIMPLES:
        return
    if r.dest is None or r.dest.indIEDest != "9":
        return
    for item in r.items:
        if item.situation in ("00", "20") and item.tax.ICMSUFDest is None:
            yield f"{item.path}/imposto", {}


@check("R-NA15-10")
def destination_share(r: Reading) -> Found:
    """vICMSUFDest = vBCUFDest x (pICMSUFDest - pICMSInter): the single base; states of double base compute otherwise."""
    for item in r.items:
        share = item.tax.ICMSUFDest
        if share is not None:
            try:
                between = Decimal(share.pICMSInter)
            except ArithmeticError:
                continue
            wanted = share.vBCUFDest * max(share.pICMSUFDest - between, ZERO) / _HUNDRED
            if apart(share.vICMSUFDest, wanted):
                facts = {"value": share.vICMSUFDest, "wanted": plain(wanted)}
                yield f"{item.path}/imposto/ICMSUFDest/vICMSUFDest", facts
