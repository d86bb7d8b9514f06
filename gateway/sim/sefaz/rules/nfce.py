"""What a NFC-e (model 65) may not carry. Source: MOC 7.0 annex I, NT 2015.002, NT 2025.001."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from gateway.sim.sefaz.document import Note, find, text
from gateway.sim.sefaz.messages import Refusal
from gateway.sim.sefaz.rules.conditions import Conditions

HOMOLOGACAO_ITEM = "NOTA FISCAL EMITIDA EM AMBIENTE DE HOMOLOGACAO - SEM VALOR FISCAL"
DEST_REQUIRED_ABOVE = Decimal("10000.00")

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
)


def rules(note: Note, _: Conditions) -> Iterator[Refusal]:
    """Only for model 65."""
    if note.mod != "65":
        return
    for field, allowed, cStat in _FIXED:
        if text(note.ide, field) not in allowed:
            yield Refusal(cStat)
    for path, cStat in _FORBIDDEN:
        if find(note.inf, path) is not None:
            yield Refusal(cStat)
    if not note.qrCode:
        yield Refusal("394")
    elif note.qrCode.partition("?p=")[2].partition("|")[0] != note.key.text:
        yield Refusal("397", "[Param: chAcesso]")
    delivery = text(note.ide, "indPres") == "4"
    if delivery and note.dest is None:
        yield Refusal("787")
    if not delivery and text(note.inf, "transp/modFrete") != "9":
        yield Refusal("753")
    if note.dest is not None and text(note.dest, "indIEDest") != "9":
        yield Refusal("789")
    if note.dest is None and note.vNF > DEST_REQUIRED_ABOVE:
        yield Refusal("750")
    if note.homologacao and text(note.items[0], "prod/xProd") != HOMOLOGACAO_ITEM:
        yield Refusal("373")
