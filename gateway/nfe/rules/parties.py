"""Groups C to G and ZD: who issues, who receives, and where each of them is."""

from __future__ import annotations

import re
from typing import Final, Literal

from gateway.core.taxid import Cnpj, Cpf
from gateway.nfe import state_registration
from gateway.nfe.municipios import uf_code, uf_of
from gateway.nfe.parties import HOMOLOGACAO_NAME
from gateway.nfe.rules.reading import Found, Reading
from gateway.nfe.rules.registry import check
from gateway.nfe.rules.rows import fact
from gateway.nfe.technical_contact import demanded

_DEST: Final = "/infNFe/dest"
_BRASIL: Final = "1058"
_ABROAD: Final = "EX"
_NO_CITY: Final = "9999999"
_FOREIGN_ID = re.compile(r"[0-9A-Za-z:.+\-/()]*")
_SUFRAMA: Final = frozenset({"AC", "AM", "RO", "RR"})
_AP_CITIES: Final = frozenset({"1600303", "1600600"})


def valid(kind: type[Cnpj] | type[Cpf], text: str) -> bool:
    """Whether a text is a tax id whose check digits are right."""
    try:
        kind(text)
    except ValueError:
        return False
    return True


@check("R-C02-10")
def issuer_cnpj(r: Reading) -> Found:
    if r.emit.CNPJ is not None and not valid(Cnpj, r.emit.CNPJ):
        yield "/infNFe/emit/CNPJ", {"value": r.emit.CNPJ}


@check("R-C02a-20")
def issuer_cpf(r: Reading) -> Found:
    if r.emit.CPF is not None and not valid(Cpf, r.emit.CPF):
        yield "/infNFe/emit/CPF", {"value": r.emit.CPF}


@check("R-C10-20")
def issuer_city_elsewhere(r: Reading) -> Found:
    if r.emit.enderEmit.cMun[:2] != r.ide.cUF:
        yield "/infNFe/emit/enderEmit/cMun", {"value": r.emit.enderEmit.cMun}


@check("R-B12-20")
def taxed_city_elsewhere(r: Reading) -> Found:
    if r.ide.cMunFG[:2] != r.ide.cUF:
        yield "/infNFe/ide/cMunFG", {"value": r.ide.cMunFG}


@check("R-C12-10")
def issuer_state_elsewhere(r: Reading) -> Found:
    if uf_of(r.ide.cUF) != r.emit.enderEmit.UF:
        yield "/infNFe/emit/enderEmit/UF", {"value": r.emit.enderEmit.UF}


@check("R-C18-14")
def substitute_at_home(r: Reading) -> Found:
    if r.emit.IEST is not None and r.ide.idDest != "2":
        yield "/infNFe/emit/IEST", {}


@check("R-E02-10")
def buyer_cnpj(r: Reading) -> Found:
    if r.dest is not None and r.dest.CNPJ is not None and not valid(Cnpj, r.dest.CNPJ):
        yield f"{_DEST}/CNPJ", {"value": r.dest.CNPJ}


@check("R-E03-10")
def buyer_cpf(r: Reading) -> Found:
    if r.dest is not None and r.dest.CPF is not None and not valid(Cpf, r.dest.CPF):
        yield f"{_DEST}/CPF", {"value": r.dest.CPF}


@check("R-X04-10")
def carrier_cnpj(r: Reading) -> Found:
    carrier = r.inf.transp.transporta
    if carrier is not None and carrier.CNPJ is not None and not valid(Cnpj, carrier.CNPJ):
        yield "/infNFe/transp/transporta/CNPJ", {"value": carrier.CNPJ}


@check("R-C17-42")
def nfce_without_registration(r: Reading) -> Found:
    if r.emit.IE is None:
        yield "/infNFe/emit", {}


@check("R-C17-43")
def neither_registration_nor_cnpj(r: Reading) -> Found:
    if r.emit.IE is None and r.emit.CNPJ is None:
        yield "/infNFe/emit", {}


@check("R-C18-50")
def substitute_without_registration(r: Reading) -> Found:
    if r.emit.IE is None and r.emit.IEST is not None:
        yield "/infNFe/emit/IEST", {}


@check("R-N01-10")
def icms_without_registration(r: Reading) -> Found:
    """Who has no IE owes no ICMS; returns and credit notes 03 carry that of the original."""
    if r.emit.IE is None and r.ide.finNFe != "4" and r.ide.tpNFCredito != "03":
        for item in r.items:
            if item.tax.ICMS is not None or item.tax.ICMSUFDest is not None:
                yield f"{item.path}/imposto/{'ICMS' if item.tax.ICMS is not None else 'ICMSUFDest'}", {}


@check("R-E01-10")
def buyer_missing(r: Reading) -> Found:
    if r.dest is None:
        yield _DEST, {}


@check("R-E03a-10")
def foreigner_unnamed(r: Reading) -> Found:
    """Abroad the buyer has idEstrangeiro, be it empty."""
    if r.ide.idDest == "3" and r.dest is not None and r.dest.idEstrangeiro is None:
        yield f"{_DEST}/idEstrangeiro", {}


@check("R-E03a-20")
def foreigner_as_reseller(r: Reading) -> Found:
    if r.ide.idDest != "3" and r.dest is not None and r.dest.idEstrangeiro is not None and r.ide.indFinal != "1":
        yield f"{_DEST}/idEstrangeiro", {}


@check("R-E03a-30")
def foreigner_registered(r: Reading) -> Found:
    if r.dest is not None and r.dest.idEstrangeiro is not None and r.dest.IE is not None:
        yield f"{_DEST}/IE", {"value": r.dest.IE}


@check("R-E03a-60")
def foreigner_written_wrong(r: Reading) -> Found:
    if r.dest is not None and r.dest.idEstrangeiro and not _FOREIGN_ID.fullmatch(r.dest.idEstrangeiro):
        yield f"{_DEST}/idEstrangeiro", {"value": r.dest.idEstrangeiro}


@check("R-E04-10")
def buyer_nameless(r: Reading) -> Found:
    if r.environment == 1 and r.dest is not None and r.dest.xNome is None:
        yield f"{_DEST}/xNome", {}


@check("R-598")
def buyer_named_in_test(r: Reading) -> Found:
    """In homologação the note names nobody."""
    if r.environment == 2 and r.dest is not None and r.dest.xNome != HOMOLOGACAO_NAME:
        yield f"{_DEST}/xNome", {"value": r.dest.xNome or "vazio", "wanted": HOMOLOGACAO_NAME}


@check("R-E05-10")
def buyer_without_address(r: Reading) -> Found:
    if r.dest is not None and r.dest.enderDest is None:
        yield f"{_DEST}/enderDest", {}


@check("R-E10-20")
def city_of_another_state(r: Reading) -> Found:
    address = None if r.dest is None else r.dest.enderDest
    if address is not None and address.UF != _ABROAD:
        code = uf_code(address.UF)
        if code is not None and address.cMun[:2] != code:
            yield f"{_DEST}/enderDest/cMun", {"value": address.cMun, "uf": address.UF}


@check("R-E10-30")
def city_of_who_is_abroad(r: Reading) -> Found:
    address = None if r.dest is None else r.dest.enderDest
    if address is not None and address.UF == _ABROAD and address.cMun != _NO_CITY:
        yield f"{_DEST}/enderDest/cMun", {"value": address.cMun}


def _buyer_uf(r: Reading) -> str:
    address = None if r.dest is None else r.dest.enderDest
    return "" if address is None else address.UF


def _moved(r: Reading) -> bool:
    """Whether the goods cross a border of states: places of collection and delivery stand for the addresses of the parties."""
    home, there = r.emit.enderEmit.UF, _buyer_uf(r)
    sends, gets = (home, there) if r.outgoing else (there, home)
    start = sends if r.inf.retirada is None else r.inf.retirada.UF
    end = gets if r.inf.entrega is None else r.inf.entrega.UF
    return start != end


def _consumed(r: Reading) -> set[str]:
    """States in which fuels of the note are consumed."""
    return {item.prod.comb.UFCons for item in r.items if item.prod.comb is not None}


@check("R-E12-30")
def interstate_at_home(r: Reading) -> Found:
    """An interstate operation with the same state: not to the issuer itself, nor of fuel consumed in another."""
    home = r.emit.enderEmit.UF
    itself = r.dest is not None and r.dest.CNPJ is not None and r.dest.CNPJ == r.emit.CNPJ
    if r.ide.idDest == "2" and _buyer_uf(r) == home and not _moved(r) and not _consumed(r) - {home} and not itself:
        yield "/infNFe/ide/idDest", {"uf": home}


@check("R-E12-40")
def internal_abroad(r: Reading) -> Found:
    """An internal operation with another state is a consumer's, who takes the goods away."""
    uf, home = _buyer_uf(r), r.emit.enderEmit.UF
    if r.ide.idDest == "1" and uf not in ("", home) and r.ide.indFinal != "1" and _moved(r) and home not in _consumed(r):
        yield "/infNFe/ide/idDest", {"uf": uf}


@check("R-E14-30")
def export_to_brasil(r: Reading) -> Found:
    address = None if r.dest is None else r.dest.enderDest
    if address is not None and (r.ide.idDest == "3" or address.UF == _ABROAD) and address.cPais == _BRASIL:
        yield f"{_DEST}/enderDest/cPais", {}


@check("R-E16a-20")
def export_to_contributor(r: Reading) -> Found:
    if r.ide.idDest == "3" and r.dest is not None and r.dest.indIEDest in ("1", "2"):
        yield f"{_DEST}/indIEDest", {"value": r.dest.indIEDest}


@check("R-E16a-30")
def exempt_contributor(r: Reading) -> Found:
    """Most states have no contributor exempt from registration (805), but for items with ST or without tax."""
    if r.ide.idDest != "2" or r.dest is None or r.dest.indIEDest != "2" or _buyer_uf(r) not in fact("R-E16a-30", "ufs"):
        return
    untaxed = fact("R-E16a-30", "situations")
    if not any(
        item.situation in untaxed
        or getattr(item.icms, "vICMSST", None) is not None
        or getattr(item.icms, "vICMSSTRet", None) is not None
        for item in r.items
    ):
        yield f"{_DEST}/indIEDest", {"uf": _buyer_uf(r)}


@check("R-E16a-40")
def reseller_unregistered(r: Reading) -> Found:
    if r.dest is not None and r.dest.indIEDest == "9" and r.ide.indFinal != "1" and r.ide.idDest != "3":
        yield "/infNFe/ide/indFinal", {}


@check("R-E17-20")
def contributor_unregistered(r: Reading) -> Found:
    if r.dest is not None and r.dest.indIEDest == "1" and r.dest.IE is None:
        yield f"{_DEST}/IE", {}


@check("R-E17-30")
def exempt_registered(r: Reading) -> Found:
    if r.dest is not None and r.dest.indIEDest == "2" and r.dest.IE is not None:
        yield f"{_DEST}/IE", {"value": r.dest.IE}


@check("R-E17-40")
def export_registered(r: Reading) -> Found:
    if r.dest is not None and r.dest.IE is not None and (r.ide.idDest == "3" or _buyer_uf(r) == _ABROAD):
        yield f"{_DEST}/IE", {"value": r.dest.IE}


def _wrong(registration: str | None, uf: str) -> bool:
    return registration is not None and registration.isdecimal() and not state_registration.valid(registration, uf)


@check("R-E17-50")
def buyer_registration(r: Reading) -> Found:
    """The check digits of the buyer's registration, by its state."""
    uf = _buyer_uf(r)
    if r.dest is not None and r.ide.idDest != "3" and uf not in ("", _ABROAD) and _wrong(r.dest.IE, uf):
        yield f"{_DEST}/IE", {"value": r.dest.IE, "uf": uf}


@check("R-C17-20")
def issuer_registration(r: Reading) -> Found:
    """And those of the issuer's, by the state that authorises the note."""
    uf = uf_of(r.ide.cUF)
    if uf is not None and _wrong(r.emit.IE, uf):
        yield "/infNFe/emit/IE", {"value": r.emit.IE, "uf": uf}


@check("R-E18-30")
def suframa_elsewhere(r: Reading) -> Found:
    """Registration at Suframa is of AC, AM, RO, RR, and of Macapá and Santana in AP."""
    if r.dest is None or r.dest.ISUF is None or r.dest.enderDest is None:
        return
    uf, city = r.dest.enderDest.UF, r.dest.enderDest.cMun
    if uf not in _SUFRAMA and not (uf == "AP" and city in _AP_CITIES):
        yield f"{_DEST}/ISUF", {"value": r.dest.ISUF, "uf": uf}


def _demanded(r: Reading, kind: Literal["contact", "csrt"]) -> bool:
    return r.day is not None and demanded(kind, r.environment, r.emit.enderEmit.UF, r.day, r.ide.mod)


@check("R-ZD01-10")
def technical_contact_missing(r: Reading) -> Found:
    """States that want to know who answers for the software."""
    if r.inf.infRespTec is None and _demanded(r, "contact"):
        yield "/infNFe/infRespTec", {"uf": r.emit.enderEmit.UF}


@check("R-ZD07-10")
def technical_code_missing(r: Reading) -> Found:
    """And its CSRT."""
    contact = r.inf.infRespTec
    if contact is not None and contact.hashCSRT is None and _demanded(r, "csrt"):
        yield "/infNFe/infRespTec", {"uf": r.emit.enderEmit.UF}
