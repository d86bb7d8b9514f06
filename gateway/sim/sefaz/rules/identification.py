"""Group B and the key: who, which number, when, in which environment.

Source: MOC 7.0 annex I A and B, NT 2019.001, NT 2020.006, NT 2025.001, NT 2026.001.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from gateway.sim.sefaz.chave import TRIVIAL_CNF, key_digit
from gateway.sim.sefaz.document import Note, find, text
from gateway.sim.sefaz.messages import Refusal
from gateway.sim.sefaz.rules.conditions import Conditions

CLOCK_TOLERANCE = timedelta(minutes=5)
TOO_LATE = timedelta(days=30)
_EXEMPT_FROM_DELAY = frozenset({"2", "4", "5", "9"})
_REMOTE = frozenset({"2", "3", "4", "9"})
_SVC = frozenset({"6", "7"})


def rules(note: Note, conditions: Conditions) -> Iterator[Refusal]:
    """Environment, authoriser, key, cNF, series, dates, contingency, presence, intermediary."""
    if note.tpAmb != conditions.tpAmb:
        yield Refusal("252", rule="B24-10")
    if note.issuer_uf not in conditions.ufs:
        yield Refusal("226", rule="B02-10")
    if text(note.emit, "enderEmit/UF") != note.issuer_uf:
        yield Refusal("247", rule="C12-10")
    yield from _key(note)
    yield from _series(note)
    yield from _dates(note, conditions.now)
    yield from _contingency(note, conditions)
    yield from _presence(note)
    if note.mod == "55":
        if text(note.ide, "tpImp") in ("4", "5"):
            yield Refusal("710", rule="B21-20")
        if note.qrCode and text(note.ide, "tpImp") != "6":
            yield Refusal("393", rule="ZX01-10")


def _key(note: Note) -> Iterator[Refusal]:
    tax_id = note.issuer.rjust(14, "0")
    cNF = text(note.ide, "cNF")
    composed = f"{note.cUF}{note.dhEmi:%y%m}{tax_id}{note.mod}{note.serie:03d}{note.nNF:09d}{note.tpEmis}{cNF}"
    if note.key.text[:43] != composed:
        yield Refusal("502", rule="A03-10")
    digit = key_digit(composed)
    if note.key.text[43] != digit or text(note.ide, "cDV") != digit:
        yield Refusal("253", rule="B23-10")
    if cNF in TRIVIAL_CNF or int(cNF) == note.nNF:
        yield Refusal("897", rule="B03-10")


def _series(note: Note) -> Iterator[Refusal]:
    """0 to 889 is the issuer's own, 920 to 969 who issues with a CPF; the rest belongs to the fisco."""
    serie = note.serie
    if text(note.emit, "CPF"):
        if not 920 <= serie <= 969:
            yield Refusal("495", rule="C02a-10")
            yield Refusal("503", rule="C02-30")
        return
    if 890 <= serie < 900:
        yield Refusal("266", rule="I02a")
    if serie >= 890:
        yield Refusal("503", rule="C02-30")
        if not 920 <= serie <= 969:
            yield Refusal("244", rule="B26-10")


def _dates(note: Note, now: datetime) -> Iterator[Refusal]:
    if note.dhEmi > now + CLOCK_TOLERANCE:
        yield Refusal("703" if note.mod == "65" else "212", rule="B09-10")
    if now - note.dhEmi > TOO_LATE and note.tpEmis not in _EXEMPT_FROM_DELAY:
        yield Refusal("228", rule="B09-20")
    dhSaiEnt = text(note.ide, "dhSaiEnt")
    if note.mod == "55" and dhSaiEnt:
        moved = datetime.fromisoformat(dhSaiEnt)
        if moved - now > TOO_LATE:
            yield Refusal("504", rule="B10-20")
        if now - moved > TOO_LATE and note.tpEmis not in _EXEMPT_FROM_DELAY:
            yield Refusal("505", rule="B10-30")
        if note.tpNF == "1" and moved < note.dhEmi:
            yield Refusal("506", rule="B10-40")


def _contingency(note: Note, conditions: Conditions) -> Iterator[Refusal]:
    dhCont = text(note.ide, "dhCont")
    if note.tpEmis == "1" and dhCont:
        yield Refusal("556", rule="B28-10")
    if note.tpEmis != "1" and not dhCont:
        yield Refusal("557", rule="B28-20")
    if dhCont:
        entered = datetime.fromisoformat(dhCont)
        if entered > conditions.now + CLOCK_TOLERANCE or entered > note.dhEmi:
            yield Refusal("558", rule="B28-30")
        if note.dhEmi - entered > TOO_LATE:
            yield Refusal("569", rule="B28-40")
    if note.mod == "55":
        if note.tpEmis == "9" and text(note.ide, "tpImp") != "6":
            yield Refusal("711", rule="B22-10")
        return
    if note.tpEmis in _SVC:
        yield Refusal("783", rule="B22-70")
    elif note.tpEmis in ("2", "5") or (note.tpEmis == "4" and note.issuer_uf != "SP"):
        yield Refusal("714", rule="B22-34")
    elif note.tpEmis == "9" and note.issuer_uf in conditions.taxpayers.refuses_offline:
        yield Refusal("712", rule="B22-20")


def _presence(note: Note) -> Iterator[Refusal]:
    """indPres against the model, and B25c-10, B25c-20, YB01 (NT 2020.006): who stands between buyer and seller."""
    if note.mod == "55":
        if note.indPres == "4":
            yield Refusal("794", rule="B25b-10")
        if note.indPres == "5" and not note.references and find(note.ide, "NFref/refNF") is None:
            yield Refusal("864", rule="B25b-40")
    indIntermed = text(note.ide, "indIntermed")
    remote = note.indPres in _REMOTE
    if remote and not indIntermed:
        yield Refusal("434", rule="B25c-10")
    if indIntermed and not remote:
        yield Refusal("435", rule="B25c-20")
    named = find(note.inf, "infIntermed") is not None
    if indIntermed == "1" and not named:
        yield Refusal("438", rule="YB01-10")
    if indIntermed != "1" and named:
        yield Refusal("439", rule="YB01-20")
