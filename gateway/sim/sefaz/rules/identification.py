"""Group B and the key: who, which number, when, in which environment. Source: MOC 7.0 annex I B, NT 2019.001, NT 2020.006."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from gateway.sim.sefaz.chave import TRIVIAL_CNF, key_digit
from gateway.sim.sefaz.document import Note, find, text
from gateway.sim.sefaz.messages import Refusal
from gateway.sim.sefaz.rules.conditions import Conditions

CLOCK_TOLERANCE = timedelta(minutes=5)
TOO_LATE = timedelta(days=30)
_EXEMPT_FROM_DELAY = frozenset({"2", "4", "5"})
_REMOTE = frozenset({"2", "3", "4", "9"})


def rules(note: Note, conditions: Conditions) -> Iterator[Refusal]:
    """Environment, authoriser, key, cNF, series, dates, contingency, intermediary."""
    if note.tpAmb != conditions.tpAmb:
        yield Refusal("252")
    if note.issuer_uf not in conditions.ufs:
        yield Refusal("226")
    if text(note.emit, "enderEmit/UF") != note.issuer_uf:
        yield Refusal("247")
    yield from _key(note)
    if note.serie >= 890:
        yield Refusal("266" if note.serie < 900 else "503")
    yield from _dates(note, conditions.now)
    yield from _contingency(note, conditions.now)
    yield from _intermediary(note)
    if note.mod == "55":
        if text(note.ide, "tpImp") in ("4", "5"):
            yield Refusal("710")
        if note.qrCode and text(note.ide, "tpImp") != "6":
            yield Refusal("393")
    if note.finNFe == "4" and find(note.ide, "NFref") is None and find(note.inf, "det/DFeReferenciado") is None:
        yield Refusal("321")


def _key(note: Note) -> Iterator[Refusal]:
    tax_id = note.issuer.rjust(14, "0")
    cNF = text(note.ide, "cNF")
    composed = f"{note.cUF}{note.dhEmi:%y%m}{tax_id}{note.mod}{note.serie:03d}{note.nNF:09d}{note.tpEmis}{cNF}"
    if note.key.text[:43] != composed:
        yield Refusal("502")
    digit = key_digit(composed)
    if note.key.text[43] != digit or text(note.ide, "cDV") != digit:
        yield Refusal("253")
    if cNF in TRIVIAL_CNF or int(cNF) == note.nNF:
        yield Refusal("897")


def _dates(note: Note, now: datetime) -> Iterator[Refusal]:
    if note.dhEmi > now + CLOCK_TOLERANCE:
        yield Refusal("703" if note.mod == "65" else "212")
    if now - note.dhEmi > TOO_LATE and note.tpEmis not in _EXEMPT_FROM_DELAY:
        yield Refusal("228")


def _contingency(note: Note, now: datetime) -> Iterator[Refusal]:
    dhCont = text(note.ide, "dhCont")
    if note.tpEmis == "1" and dhCont:
        yield Refusal("556")
    if note.tpEmis != "1" and not dhCont:
        yield Refusal("557")
    if dhCont and datetime.fromisoformat(dhCont) > now + CLOCK_TOLERANCE:
        yield Refusal("558")
    if note.tpEmis == "9" and note.mod == "55" and text(note.ide, "tpImp") != "6":
        yield Refusal("711")


def _intermediary(note: Note) -> Iterator[Refusal]:
    """B25c-10 and B25c-20 (NT 2020.006)."""
    indIntermed = text(note.ide, "indIntermed")
    remote = text(note.ide, "indPres") in _REMOTE
    if remote and not indIntermed and text(note.ide, "tpNF") == "1" and note.finNFe == "1":
        yield Refusal("434")
    if indIntermed == "1" and not remote and text(note.ide, "indPres") != "1":
        yield Refusal("435")
