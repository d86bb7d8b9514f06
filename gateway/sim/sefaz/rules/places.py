"""Groups F, G and X: places of collection and delivery, and the carrier. Source: MOC 7.0 annex I F, G, X; NT 2016.002."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.sim.sefaz.chave import CUF, valid_cnpj, valid_cpf
from gateway.sim.sefaz.document import Note, find, text
from gateway.sim.sefaz.messages import Refusal
from gateway.sim.sefaz.rules.conditions import Conditions
from gateway.sim.sefaz.rules.parties import ABROAD

_PLACES = (
    ("retirada", "512", "540", "513", "277", "F"),
    ("entrega", "514", "541", "515", "279", "G"),
)


def rules(note: Note, _: Conditions) -> Iterator[Refusal]:
    """Tax ids and municipalities of each place, then who carries."""
    for tag, bad_cnpj, bad_cpf, abroad, other_uf, group in _PLACES:
        place = find(note.inf, tag)
        if place is None:
            continue
        cnpj, cpf, uf, cMun = text(place, "CNPJ"), text(place, "CPF"), text(place, "UF"), text(place, "cMun")
        if cnpj and not valid_cnpj(cnpj):
            yield Refusal(bad_cnpj, rule=f"{group}02-10")
        if cpf and not valid_cpf(cpf):
            yield Refusal(bad_cpf, rule=f"{group}02a-10")
        if uf == "EX":
            if cMun != ABROAD:
                yield Refusal(abroad, rule=f"{group}07-10")
        elif cMun[:2] != CUF[uf]:
            yield Refusal(other_uf, rule=f"{group}07-30")
    yield from _carrier(note)


def _carrier(note: Note) -> Iterator[Refusal]:
    transp = find(note.inf, "transp")
    if transp is None:
        return
    carrier = find(transp, "transporta")
    if carrier is not None:
        if text(carrier, "CNPJ") and not valid_cnpj(text(carrier, "CNPJ")):
            yield Refusal("542", rule="X04-20")
        if text(carrier, "CPF") and not valid_cpf(text(carrier, "CPF")):
            yield Refusal("543", rule="X05-10")
        if text(carrier, "IE") and not text(carrier, "UF"):
            yield Refusal("559", rule="X07-10")
    if note.mod == "55" and note.idDest == "2" and (find(transp, "veicTransp") or find(transp, "reboque")):
        yield Refusal("868", rule="X02-20")
