"""Groups C, E and GA: issuer, recipient, and who else may download.

Source: MOC 7.0 annex I C, E, GA; NT 2019.001, NT 2025.001, NT 2026.007.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.sim.sefaz import tables
from gateway.sim.sefaz.chave import CUF, valid_cnpj, valid_cpf
from gateway.sim.sefaz.document import Node, Note, find, find_all, text
from gateway.sim.sefaz.inscricao import valid_ie
from gateway.sim.sefaz.messages import Refusal
from gateway.sim.sefaz.rules.conditions import Conditions

HOMOLOGACAO_NAME = "NF-E EMITIDA EM AMBIENTE DE HOMOLOGACAO - SEM VALOR FISCAL"
ABROAD = "9999999"
_FOREIGN_ID = re.compile(r"[0-9A-Za-z:.+\-/() ]*")
_SUFRAMA = frozenset({"AC", "AM", "RO", "RR"})
_SUFRAMA_OF_AP = frozenset({"1600303", "1600600"})
_EXEMPT_CST = frozenset({"40", "41", "103", "300", "400"})


def rules(note: Note, conditions: Conditions) -> Iterator[Refusal]:
    """Tax ids, registrations, municipalities, and where the goods go."""
    yield from _issuer(note)
    if note.dest is None:
        if note.mod == "55":
            yield Refusal("719", rule="E01-10")
        return
    yield from _identity(note, note.dest)
    yield from _place(note, note.dest)
    yield from _registration(note, note.dest)
    yield from _exempt(note, conditions)
    yield from _destination(note, note.dest)
    yield from _downloads(note, note.dest)


def _issuer(note: Note) -> Iterator[Refusal]:
    cnpj, cpf, ie = text(note.emit, "CNPJ"), text(note.emit, "CPF"), text(note.emit, "IE")
    if cnpj and not valid_cnpj(cnpj):
        yield Refusal("207", rule="C02-10")
    if cpf and note.mod == "65":
        yield Refusal("337", rule="C02a-04")
    if cpf and not valid_cpf(cpf):
        yield Refusal("401", rule="C02a-20")
    if text(note.emit, "enderEmit/cMun")[:2] != note.cUF:
        yield Refusal("273", rule="C10-20")
    if text(note.ide, "cMunFG")[:2] != note.cUF:
        yield Refusal("271", rule="B12-20")
    if ie:
        if ie != "ISENTO" and note.issuer_uf and not valid_ie(ie, note.issuer_uf):
            yield Refusal("209", rule="C17-20")
    elif note.mod == "65":
        yield Refusal("156", rule="C17-42")
    elif not cnpj:
        yield Refusal("157", rule="C17-43")
    IEST = text(note.emit, "IEST")
    if IEST and note.mod == "55":
        if not ie:
            yield Refusal("158", rule="C18-50")
        if note.idDest != "2":
            yield Refusal("347", rule="C18-14")


def _identity(note: Note, dest: Node) -> Iterator[Refusal]:
    cnpj, cpf, foreign = text(dest, "CNPJ"), text(dest, "CPF"), find(dest, "idEstrangeiro")
    if cnpj and not valid_cnpj(cnpj):
        yield Refusal("208", rule="E02-10")
    if cpf and not valid_cpf(cpf):
        yield Refusal("237", rule="E03-10")
    if foreign is not None:
        if text(dest, "IE"):
            yield Refusal("925", rule="E03a-30")
        if not _FOREIGN_ID.fullmatch(foreign.text):
            yield Refusal("372", rule="E03a-60")
    if note.mod != "55":
        return
    if note.idDest == "3" and foreign is None:
        yield Refusal("720", rule="E03a-10")
    if note.idDest != "3" and foreign is not None and note.indFinal != "1":
        yield Refusal("721", rule="E03a-20")
    if note.homologacao and text(dest, "xNome") != HOMOLOGACAO_NAME:
        yield Refusal("598", rule="E04-20")
    if not note.homologacao and not text(dest, "xNome"):
        yield Refusal("724", rule="E04-10")
    if find(dest, "enderDest") is None:
        yield Refusal("726", rule="E05-10")


def _place(note: Note, dest: Node) -> Iterator[Refusal]:
    uf, cMun = note.dest_uf, text(dest, "enderDest/cMun")
    if not uf:
        return
    if uf == "EX":
        if cMun != ABROAD:
            yield Refusal("509", rule="E10-30")
    elif cMun[:2] != CUF[uf]:
        yield Refusal("275", rule="E10-20")
    if (uf == "EX" or note.idDest == "3") and text(dest, "enderDest/cPais").lstrip("0") == "1058":
        yield Refusal("926", rule="E14-30")
    if note.idDest == "3" and uf != "EX" and find(note.inf, "entrega") is None:
        yield Refusal("727", rule="E12-10")
    isuf = text(dest, "ISUF")
    if isuf and uf not in _SUFRAMA and not (uf == "AP" and cMun in _SUFRAMA_OF_AP):
        yield Refusal("251", rule="E18-30")


def _registration(note: Note, dest: Node) -> Iterator[Refusal]:
    ie = text(dest, "IE")
    if note.indIEDest == "9" and note.indFinal != "1" and note.idDest != "3":
        yield Refusal("696", rule="E16a-40")
    if note.mod != "55":
        return
    if note.idDest == "3" and note.indIEDest != "9":
        yield Refusal("790", rule="E16a-20")
    if note.indIEDest == "1" and not ie:
        yield Refusal("728", rule="E17-20")
    if note.indIEDest == "2" and ie:
        yield Refusal("791", rule="E17-30")
    if ie and (note.dest_uf == "EX" or note.idDest == "3"):
        yield Refusal("792", rule="E17-40")
    elif ie and note.dest_uf and not valid_ie(ie, note.dest_uf):
        yield Refusal("210", rule="E17-50")


def _exempt(note: Note, conditions: Conditions) -> Iterator[Refusal]:
    """E16a-30: UFs that know no contributor exempt of IE, unless the item bears ST or no tax at all."""
    if note.mod != "55" or note.indIEDest != "2" or note.idDest != "2":
        return
    if note.dest_uf not in tables.ufs("refuses_exempt_buyer", conditions.now.date()):
        return
    for icms in find_all(note.inf, "det/imposto/ICMS/*"):
        if find(icms, "vICMSST") or find(icms, "vICMSSTRet") or (text(icms, "CST") or text(icms, "CSOSN")) in _EXEMPT_CST:
            return
    yield Refusal("805", rule="E16a-30")


def _destination(note: Note, dest: Node) -> Iterator[Refusal]:
    """E12-30 to E12-60: idDest against the UFs of who sends and who receives, or of the places that replace them."""
    uf, home = note.dest_uf, text(note.emit, "enderEmit/UF")
    if not uf or note.mod != "55":
        return
    taken, given = text(note.inf, "retirada/UF"), text(note.inf, "entrega/UF")
    outgoing = note.tpNF == "1"
    start, end = (taken or home, given or uf) if outgoing else (taken or uf, given or home)
    consumed = {node.text for node in find_all(note.inf, "det/prod/comb/UFCons")}
    itself = text(dest, "CNPJ") == note.issuer
    if note.idDest == "2" and uf == home and start == end and not consumed - {home} and not itself:
        yield Refusal("772", rule="E12-30" if outgoing else "E12-50")
    if note.idDest == "1" and uf != home and start != end and note.indFinal != "1" and home not in consumed:
        yield Refusal("773", rule="E12-40" if outgoing else "E12-60")


def _downloads(note: Note, dest: Node) -> Iterator[Refusal]:
    """GA: who may download the XML has a valid tax id, and is not the recipient, who may already."""
    for person in find_all(note.inf, "autXML"):
        cnpj, cpf = text(person, "CNPJ"), text(person, "CPF")
        if cnpj:
            if not valid_cnpj(cnpj):
                yield Refusal("323", rule="GA02-10")
            if cnpj == text(dest, "CNPJ"):
                yield Refusal("324", rule="GA02-20")
        else:
            if not valid_cpf(cpf):
                yield Refusal("325", rule="GA03-10")
            if cpf == text(dest, "CPF"):
                yield Refusal("326", rule="GA03-20")
