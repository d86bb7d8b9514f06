"""What a NFC-e (model 65) may not carry. Source: MOC 7.0 annex I, NT 2015.002, NT 2025.001, NT 2025.002."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from gateway.sim.sefaz import tables
from gateway.sim.sefaz.document import Node, Note, find, text
from gateway.sim.sefaz.messages import Refusal
from gateway.sim.sefaz.rules import qrcode
from gateway.sim.sefaz.rules.conditions import Conditions

HOMOLOGACAO_ITEM = "NOTA FISCAL EMITIDA EM AMBIENTE DE HOMOLOGACAO - SEM VALOR FISCAL"
DEST_REQUIRED_ABOVE = Decimal("10000.00")
MOST = Decimal("200000.00")

_FIXED = (
    ("tpNF", ("1",), "706", "B11-10"),
    ("idDest", ("1",), "707", "B11a-10"),
    ("tpImp", ("4", "5"), "709", "B21-10"),
    ("finNFe", ("1",), "715", "B25-20"),
    ("indFinal", ("1",), "716", "B25a-10"),
    ("indPres", ("1", "4", "5"), "717", "B25b-20"),
)
_FORBIDDEN = (
    ("ide/dhSaiEnt", "705", "B10-10"),
    ("ide/dPrevEntrega", "1153", "B10a-10"),
    ("ide/NFref", "708", "BA01-10"),
    ("ide/gCompraGov", "1006", "BB01-10"),
    ("cobr", "760", "Y01-10"),
    ("exporta", "814", "ZA01-30"),
    ("compra", "762", "ZB01-10"),
    ("cana", "763", "ZC01-10"),
    ("emit/IEST", "718", "C18-10"),
    ("dest/ISUF", "730", "E18-10"),
    ("transp/retTransp", "755", "X11-10"),
    ("transp/veicTransp", "756", "X18-10"),
    ("transp/reboque", "757", "X22-10"),
    ("transp/vagao", "758", "X25a-10"),
    ("transp/balsa", "759", "X25b-10"),
)
_FORBIDDEN_IN_ITEM = (
    ("prod/veicProd", "736", "J01-10"),
    ("prod/arma", "738", "L01-10"),
    ("prod/nRECOPI", "348", "LB01-10"),
    ("prod/tpCredPresIBSZFM", "1165", "I05k-10"),
    ("imposto/ICMS/ICMSPart", "741", "N12-50"),
    ("imposto/ICMS/ICMSST", "740", "N12-60"),
    ("imposto/ICMS/ICMSSN900/modBCST", "385", "N12a-34"),
    ("imposto/ICMSUFDest", "807", "NA01-10"),
    ("imposto/IPI", "742", "O01-10"),
    ("imposto/II", "743", "P01-10"),
    ("imposto/PISST", "746", "R01-10"),
    ("imposto/COFINSST", "749", "T01-10"),
    ("impostoDevol", "390", "UA01-20"),
)
_ST_CFOP = frozenset({"5405", "5656", "5667"})
_OWN_CFOP = frozenset({"5101", "5102", "5103", "5104", "5115"})
_FUEL = frozenset({"02", "15", "53", "61"})


def rules(note: Note, conditions: Conditions) -> Iterator[Refusal]:
    """Only for model 65."""
    if note.mod != "65":
        return
    for field, allowed, cStat, rule in _FIXED:
        if text(note.ide, field) not in allowed:
            yield Refusal(cStat, rule=rule)
    for path, cStat, rule in _FORBIDDEN:
        if find(note.inf, path) is not None:
            yield Refusal(cStat, rule=rule)
    city = find(note.ide, "cMunFGIBS") is not None
    if city != (note.indPres == "5"):
        yield Refusal("1000", rule="B25b-60") if city else Refusal("1005", rule="B25b-70")
    for det in note.items:
        for rule, cStat in _of_item(det):
            yield Refusal(cStat, f"[nItem:{det.nItem}]", rule)
    yield from qrcode.rules(note, conditions)
    yield from _delivery(note)
    if note.dest is not None:
        if note.indIEDest != "9":
            yield Refusal("789", rule="E16a-10")
        if text(note.dest, "CNPJ") == note.issuer:
            yield Refusal("220", rule="E02-20")
    yield from _amount(note)
    if note.homologacao and text(note.items[0], "prod/xProd") != HOMOLOGACAO_ITEM:
        yield Refusal("373", rule="I04-10")


def _amount(note: Note) -> Iterator[Refusal]:
    if note.vNF > MOST:
        yield Refusal("780", f"[Limite: {MOST}]", "W16-30")
    if note.vNF > DEST_REQUIRED_ABOVE and not _identified(note.dest):
        yield Refusal("750", rule="W16-40")


def _identified(dest: Node | None) -> bool:
    return dest is not None and any(find(dest, tag) is not None for tag in ("CNPJ", "CPF", "idEstrangeiro"))


def _of_item(det: Node) -> Iterator[tuple[str, str]]:
    for path, cStat, rule in _FORBIDDEN_IN_ITEM:
        if find(det, path) is not None:
            yield rule, cStat
    cfop, service = text(det, "prod/CFOP"), find(det, "imposto/ISSQN") is not None
    if cfop not in tables.cfops("nfce") and cfop[0] == "5":
        yield "I08-150", "725"
    if (cfop == "5933") != service:
        yield ("I08-170" if service else "I08-160"), "374"
    if text(det, "prod/indTot") == "0":
        yield "I17b-10", "774"
    cst, csosn = text(det, "imposto/ICMS/*/CST"), text(det, "imposto/ICMS/*/CSOSN")
    if cst and cst not in ("00", "20", "40", "41", "60", "90") and cst not in _FUEL:
        yield "N12-30", "766"
    if cst == "90" and find(det, "imposto/ICMS/*/modBCST") is not None:
        yield "N12-34", "381"
    if csosn and csosn not in ("102", "103", "300", "400", "500", "900"):
        yield "N12a-20", "383"
    if cst or csosn:
        right = _ST_CFOP if cst == "60" or csosn == "500" else _OWN_CFOP
        if cfop in _ST_CFOP | _OWN_CFOP and cfop not in right and cst not in _FUEL:
            yield ("N12-40", "382") if cst else ("N12a-40", "386")


def _delivery(note: Note) -> Iterator[Refusal]:
    """Delivered at home: buyer, address and carrier are compulsory. Otherwise: neither freight nor carrier."""
    carrier = find(note.inf, "transp/transporta")
    if note.indPres != "4":
        if text(note.inf, "transp/modFrete") != "9":
            yield Refusal("753", rule="X02-10")
        if carrier is not None:
            yield Refusal("754", rule="X03-10")
        return
    if note.dest is None:
        yield Refusal("787", rule="E01-20")
    elif find(note.dest, "enderDest") is None:
        yield Refusal("788", rule="E05-20")
    if carrier is None:
        yield Refusal("786", rule="X03-20")
