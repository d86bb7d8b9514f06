"""Group Y: invoice and instalments of a NF-e. Source: MOC 7.0 annex I Y; NT 2016.002; NT 2025.001 v1.03 (Y09-40)."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.sim.sefaz.document import Node, Note, amount, find, find_all, text, total
from gateway.sim.sefaz.messages import Refusal
from gateway.sim.sefaz.rules.conditions import Conditions

_YEARS_AHEAD = 10


def rules(note: Note, _: Conditions) -> Iterator[Refusal]:
    """Model 55 only: a NFC-e has none (Y01-10)."""
    cobr = find(note.inf, "cobr")
    if note.mod != "55" or cobr is None:
        return
    invoice, instalments = find(cobr, "fat"), find_all(cobr, "dup")
    if invoice is None or not all(text(invoice, tag) for tag in ("nFat", "vOrig", "vLiq")):
        yield Refusal("905", rule="Y01-20")
    if invoice is not None:
        yield from _invoice(invoice)
    if instalments:
        details = find_all(note.inf, "pag/detPag")
        on_emission = len(instalments) == 1 and text(instalments[0], "dVenc") == f"{note.dhEmi:%Y-%m-%d}"
        if on_emission or all(text(detail, "indPag") == "0" for detail in details):
            yield Refusal("853", rule="Y09-40")
        yield from _instalments(note, instalments)
        if invoice is not None and find(invoice, "vLiq") and total(instalments, "vDup") != amount(invoice, "vLiq"):
            yield Refusal("851", rule="Y10-10")


def _invoice(invoice: Node) -> Iterator[Refusal]:
    vOrig, vDesc = amount(invoice, "vOrig"), amount(invoice, "vDesc")
    if vDesc > vOrig:
        yield Refusal("901", rule="Y05-10")
    if find(invoice, "vLiq") and find(invoice, "vOrig") and amount(invoice, "vLiq") != vOrig - vDesc:
        yield Refusal("902", rule="Y06-10")


def _instalments(note: Note, instalments: list[Node]) -> Iterator[Refusal]:
    """Numbered 001, 002, ...; each due from the emission on, in order, within ten years."""
    emitted = f"{note.dhEmi:%Y-%m-%d}"
    latest = f"{note.dhEmi.year + _YEARS_AHEAD:04d}{emitted[4:]}"
    before = ""
    for n, instalment in enumerate(instalments, 1):
        where, dVenc = f"[nOcor:{n}]", text(instalment, "dVenc")
        if text(instalment, "nDup") != f"{n:03d}":
            yield Refusal("852", where, "Y08-10")
        if dVenc < emitted:
            yield Refusal("900", where, "Y09-20")
        if dVenc < before:
            yield Refusal("850", where, "Y09-30")
        if dVenc > latest:
            yield Refusal("797", where, "Y09-50")
        before = dVenc
