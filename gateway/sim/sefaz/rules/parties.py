"""Groups C and E: issuer and recipient. Source: MOC 7.0 annex I C, E; NT 2025.001."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.sim.sefaz.chave import CUF, valid_cnpj, valid_cpf
from gateway.sim.sefaz.document import Node, Note, find, text
from gateway.sim.sefaz.messages import Refusal
from gateway.sim.sefaz.rules.conditions import Conditions

HOMOLOGACAO_NAME = "NF-E EMITIDA EM AMBIENTE DE HOMOLOGACAO - SEM VALOR FISCAL"


def rules(note: Note, _: Conditions) -> Iterator[Refusal]:
    """Tax ids, registrations, municipalities, and where the goods go."""
    cnpj = text(note.emit, "CNPJ")
    if cnpj and not valid_cnpj(cnpj):
        yield Refusal("207")
    if not text(note.emit, "IE"):
        yield Refusal("229")
    if text(note.emit, "enderEmit/cMun")[:2] != note.cUF:
        yield Refusal("273")
    if text(note.ide, "cMunFG")[:2] != note.cUF:
        yield Refusal("271")
    if note.dest is None:
        if note.mod == "55":
            yield Refusal("719")
        return
    yield from _identity(note, note.dest)
    yield from _registration(note, note.dest)
    yield from _destination(note)


def _identity(note: Note, dest: Node) -> Iterator[Refusal]:
    cnpj, cpf = text(dest, "CNPJ"), text(dest, "CPF")
    if cnpj and not valid_cnpj(cnpj):
        yield Refusal("208")
    if cpf and not valid_cpf(cpf):
        yield Refusal("237")
    if note.mod == "55":
        if note.homologacao and text(dest, "xNome") != HOMOLOGACAO_NAME:
            yield Refusal("598")
        if not text(dest, "xNome"):
            yield Refusal("724")
        if find(dest, "enderDest") is None:
            yield Refusal("726")
    uf = note.dest_uf
    if uf and uf != "EX" and text(dest, "enderDest/cMun")[:2] != CUF[uf]:
        yield Refusal("275")


def _registration(note: Note, dest: Node) -> Iterator[Refusal]:
    indIEDest = text(dest, "indIEDest")
    if indIEDest == "9" and text(note.ide, "indFinal") != "1" and note.idDest != "3":
        yield Refusal("696")
    if indIEDest == "1" and not text(dest, "IE"):
        yield Refusal("728")
    if indIEDest == "2" and text(dest, "IE"):
        yield Refusal("791")


def _destination(note: Note) -> Iterator[Refusal]:
    """E12-30 to E12-60: idDest against the UFs; a place of delivery or collection lifts both rules."""
    uf = note.dest_uf
    if not uf or find(note.inf, "entrega") is not None or find(note.inf, "retirada") is not None:
        return
    if note.idDest == "2" and uf == note.issuer_uf:
        yield Refusal("772")
    if note.idDest == "1" and uf != note.issuer_uf and text(note.ide, "indFinal") != "1":
        yield Refusal("773")
