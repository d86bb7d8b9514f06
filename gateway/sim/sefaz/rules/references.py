"""Groups BA and VC, and what each purpose of emission demands of them: complements, returns, credit and debit notes.

Source: MOC 7.0 annex I B25 and BA; NT 2025.002 v1.52 B25 and VC; NT 2026.002 v1.11.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from gateway.sim.sefaz.chave import UF_OF, Key, key_digit, valid_cnpj, valid_cpf
from gateway.sim.sefaz.document import Note, amount, find, find_all, text
from gateway.sim.sefaz.messages import Refusal
from gateway.sim.sefaz.rules.conditions import Conditions

_KNOWN_MODELS = frozenset({"55", "59", "65"})
_RETURN_TOLERANCE = Decimal("1.00")
_ONLY_REFORM = ("ICMS", "ISSQN", "IPI", "II", "PIS", "PISST", "COFINS", "COFINSST", "ICMSUFDest")


def rules(note: Note, conditions: Conditions) -> Iterator[Refusal]:
    """References of model 55; model 65 has none (BA01-10)."""
    if note.mod != "55":
        return
    yield from _keys(note, conditions)
    yield from _complement(note)
    yield from _return(note, conditions)
    yield from _credit_and_debit(note)
    yield from _items(note)
    if note.idDest != "1" and (find(note.ide, "NFref/refECF") or find(note.ide, "NFref/refNF")):
        yield Refusal("923", rule="BA20-20")


def _keys(note: Note, conditions: Conditions) -> Iterator[Refusal]:
    """BA02: each key referred to is a possible one, of another note, and comes once."""
    seen: set[str] = set()
    keys = note.references + [node.text for node in find_all(note.ide, "NFref/refCTe")]
    for n, chave in enumerate(keys, 1):
        where, key = f"[nOcor:{n}]", Key(chave)
        if chave[43] != key_digit(chave[:43]):
            yield Refusal("547", where, "BA02-10")
        if key.cUF not in UF_OF:
            yield Refusal("522", where, "BA02-14")
        if not "01" <= chave[4:6] <= "12" or not 6 <= int(chave[2:4]) <= conditions.now.year % 100:
            yield Refusal("524", where, "BA02-20")
        if not (valid_cpf(key.tax_id[3:]) if 910 <= key.serie <= 969 else valid_cnpj(key.tax_id)):
            yield Refusal("552", where, "BA02-30")
        if key.mod not in _KNOWN_MODELS and key.mod != "57":
            yield Refusal("679", where, "BA02-34")
        if key.mod == "65" and note.tpNF == "1" and note.finNFe != "2":
            yield Refusal("679", where, "BA02-35")
        if key.nNF == 0:
            yield Refusal("683", where, "BA02-40")
        if chave in seen:
            yield Refusal("680", where, "BA02-44")
        if chave == note.key.text:
            yield Refusal("316", where, "BA02-50")
        seen.add(chave)


def _complement(note: Note) -> Iterator[Refusal]:
    """B25-30 to B25-60: a complement, and the credit notes 01, 03 and 04, refer to one note of the same issuer and UF."""
    if note.finNFe != "2" and note.tpNFCredito not in ("01", "03", "04"):
        return
    notes = note.references + [node.text for node in find_all(note.ide, "NFref/refNFeSig")]
    others = len(find_all(note.ide, "NFref/refNF"))
    if not notes and not others:
        yield Refusal("254", rule="B25-30")
    if len(notes) + others > 1:
        yield Refusal("255", rule="B25-40")
    for chave in notes:
        if note.tpNFCredito == "01":
            continue
        if Key(chave).tax_id != note.issuer.rjust(14, "0"):
            yield Refusal("269", rule="B25-50")
        if chave[:2] != note.cUF:
            yield Refusal("678", rule="B25-60")


def _return(note: Note, conditions: Conditions) -> Iterator[Refusal]:
    """B25-70 and VC02-14: what a return returns; W16: no more of it than was sold, if the base has every note."""
    if note.finNFe != "4":
        return
    by_item = [find(det, "DFeReferenciado") is not None for det in note.items]
    if find(note.ide, "NFref") is None and not any(by_item):
        yield Refusal("321", rule="B25-70")
    elif not any(by_item):
        yield Refusal("321", rule="VC02-14")
    else:
        for det, referred in zip(note.items, by_item, strict=True):
            if not referred:
                yield Refusal("321", f"[nItem:{det.nItem}]", "VC02-14")
    keys = set(note.references) | {node.text for node in find_all(note.inf, "det/DFeReferenciado/chaveAcesso")}
    stored = [conditions.stored(key) for key in keys if key[20:22] == "55"]
    if not stored or len(stored) != len(keys) or any(record is None for record in stored):
        return
    known = [record for record in stored if record is not None]
    if note.vNF > sum(Decimal(record.vNF) for record in known) + _RETURN_TOLERANCE:
        yield Refusal("545", rule="W16-80")
    if all(record.vICMS for record in known):
        sold = sum(Decimal(record.vICMS) for record in known)
        if amount(note.inf, "total/ICMSTot/vICMS") > sold + _RETURN_TOLERANCE:
            yield Refusal("546", rule="W04-30")


def _credit_and_debit(note: Note) -> Iterator[Refusal]:
    """finNFe 5 and 6: their kind, their direction, and no tax but IBS and CBS in most of them."""
    credit, debit = note.tpNFCredito, note.tpNFDebito
    if note.finNFe == "5" and note.tpNF != "0":
        yield Refusal("1161", rule="B25-110")
    if note.finNFe == "6" and note.tpNF != "1":
        yield Refusal("1162", rule="B25-120")
    if debit and note.finNFe != "6":
        yield Refusal("1139", rule="B25.1-10")
    if note.finNFe == "6" and not debit:
        yield Refusal("1009", rule="B25.1-20")
    if credit and note.finNFe != "5":
        yield Refusal("1163", rule="B25.2-10")
    if note.finNFe == "5" and not credit:
        yield Refusal("1164", rule="B25.2-20")
    if credit == "02" and note.dhEmi.year < 2029:
        yield Refusal("1145", rule="B25.2-30")
    if credit == "03" and note.tpNF != "0":
        yield Refusal("1152", rule="B25.2-40")
    if credit == "02" and find(note.ide, "NFref") is not None:
        yield Refusal("1027", rule="B25-65")
    if note.finNFe == "5":
        models = {"55", "65"} if credit == "03" else {"55"}
        if any(chave[20:22] not in models for chave in note.references):
            yield Refusal("1003", rule="B25-100")
    if note.finNFe in ("5", "6") and credit not in ("03", "04", "06") and debit != "07":
        yield from _other_taxes(note)


def _other_taxes(note: Note) -> Iterator[Refusal]:
    allowed: set[str] = set()
    if note.tpNFDebito == "06":
        allowed = {"IPI", "PIS", "PISST", "COFINS", "COFINSST"} if note.dhEmi.year == 2026 else {"IPI"}
    for det in note.items:
        taxes = {tag for tag in _ONLY_REFORM if find(det, f"imposto/{tag}") is not None} - allowed
        if taxes or find(det, "impostoDevol") is not None:
            yield Refusal("1001", f"[nItem:{det.nItem}]", "B25-80")


def _items(note: Note) -> Iterator[Refusal]:
    """VC02: references by item exclude those of the header, and a credit note has none."""
    referred = find_all(note.inf, "det/DFeReferenciado")
    if not referred:
        return
    if find(note.ide, "NFref/refNFe") is not None:
        yield Refusal("1010", rule="VC02-05")
    if note.finNFe == "5":
        yield Refusal("1042", rule="VC02-07")
    items = [(text(node, "chaveAcesso"), text(node, "nItem")) for node in referred if find(node, "nItem") is not None]
    if len(set(items)) < len(items):
        yield Refusal("1072", rule="VC02-20")
    if note.finNFe == "4" and len({Key(text(node, "chaveAcesso")).tax_id for node in referred}) > 1:
        yield Refusal("1193", rule="VC02-40")
