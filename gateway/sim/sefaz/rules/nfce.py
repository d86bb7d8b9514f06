"""What a NFC-e (model 65) may not carry. Source: MOC 7.0 annex I, NT 2015.002, NT 2025.001."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from gateway.sim.sefaz.document import Note, find, text
from gateway.sim.sefaz.messages import Refusal
from gateway.sim.sefaz.rules import qrcode
from gateway.sim.sefaz.rules.conditions import Conditions

HOMOLOGACAO_ITEM = "NOTA FISCAL EMITIDA EM AMBIENTE DE HOMOLOGACAO - SEM VALOR FISCAL"
DEST_REQUIRED_ABOVE = Decimal("10000.00")
MOST = Decimal("200000.00")

_FIXED = (
    ("tpNF", ("1",), "706"),
    ("idDest", ("1",), "707"),
    ("tpImp", ("4", "5"), "709"),
    ("finNFe", ("1",), "715"),
    ("indFinal", ("1",), "716"),
    ("indPres", ("1", "4", "5"), "717"),
)
_FORBIDDEN = (
    ("ide/dhSaiEnt", "705"),
    ("ide/NFref", "708"),
    ("det/imposto/IPI", "742"),
    ("det/imposto/II", "743"),
    ("det/imposto/PISST", "746"),
    ("det/imposto/COFINSST", "749"),
    ("det/imposto/ICMSUFDest", "807"),
    ("cobr", "760"),
    ("exporta", "814"),
    ("compra", "762"),
    ("cana", "763"),
    ("emit/IEST", "718"),
    ("dest/ISUF", "730"),
)


def rules(note: Note, conditions: Conditions) -> Iterator[Refusal]:
    """Only for model 65."""
    if note.mod != "65":
        return
    for field, allowed, cStat in _FIXED:
        if text(note.ide, field) not in allowed:
            yield Refusal(cStat)
    for path, cStat in _FORBIDDEN:
        if find(note.inf, path) is not None:
            yield Refusal(cStat)
    yield from qrcode.rules(note, conditions)
    yield from _delivery(note)
    if note.dest is not None and text(note.dest, "indIEDest") != "9":
        yield Refusal("789")
    if note.dest is not None and text(note.dest, "CNPJ") == note.issuer:
        yield Refusal("220")
    if note.vNF > MOST:
        yield Refusal("780", f"[Limite: {MOST}]")
    if note.dest is None and note.vNF > DEST_REQUIRED_ABOVE:
        yield Refusal("750")
    if note.homologacao and text(note.items[0], "prod/xProd") != HOMOLOGACAO_ITEM:
        yield Refusal("373")


def _delivery(note: Note) -> Iterator[Refusal]:
    """Delivered at home: buyer, address and carrier are compulsory. Otherwise: neither freight nor carrier."""
    carrier = find(note.inf, "transp/transporta")
    if text(note.ide, "indPres") != "4":
        if text(note.inf, "transp/modFrete") != "9":
            yield Refusal("753")
        if carrier is not None:
            yield Refusal("754")
        return
    if note.dest is None:
        yield Refusal("787")
    elif find(note.dest, "enderDest") is None:
        yield Refusal("788")
    if carrier is None:
        yield Refusal("786")
